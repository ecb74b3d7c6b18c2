/** Colours of a terminal, where the output is one and the person did not say otherwise (no-color.org). */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  warning(text: string): string;
  bad(text: string): string;
}

const plain = (text: string): string => text;
const code =
  (on: number, off: number) =>
  (text: string): string =>
    `\x1b[${on}m${text}\x1b[${off}m`;

export function styleFor(
  stream: { isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>> = process.env,
): Style {
  const coloured = stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  return coloured
    ? { bold: code(1, 22), dim: code(2, 22), good: code(32, 39), warning: code(33, 39), bad: code(31, 39) }
    : { bold: plain, dim: plain, good: plain, warning: plain, bad: plain };
}
