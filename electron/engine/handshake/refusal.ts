import { type DriftlineError, fail } from '../../../shared/errors.ts';
import { bytesToText, type ByteString, displayPath } from '../../../shared/model/path.ts';
import type { EngineEvent, MessageEvent } from '../events.ts';
import { OPTION_TABLE } from '../options/option-table.ts';

/** An option that is not known, in the words of stock rsync, and of getopt as glibc, the BSDs, macOS and musl have it. */
const SAID = [
  /: (-.+): unknown option\b/,
  /: (?:unrecognized|invalid|illegal|unknown) option(?: --|:)? [`'"]?(.+?)['"]?$/,
];
/** What openrsync shows behind such words, which may be in any language. */
const USAGE = /^usage: \S+ \[-/;

/**
 * The option that a line of a server's standard error says is not known, as it was sent; '' where it shows no more than
 * how it is called; null for every other line.
 */
export function refusedOption(line: ByteString): ByteString | null {
  const text = line.trimEnd();
  for (const said of SAID) {
    const word = said.exec(text)?.[1];
    if (word !== undefined) return word.startsWith('-') ? word : `${word.length === 1 ? '-' : '--'}${word}`;
  }
  return USAGE.test(text) ? '' : null;
}

/**
 * Hears what a server says before it greets. From the line on that refuses an option its words are held back: they are
 * no news where it is asked again with fewer words.
 */
export class RefusalWatch {
  /** See `refusedOption`. */
  refused: ByteString | null = null;
  readonly #next: (event: EngineEvent) => void;
  #held: MessageEvent[] | null = [];

  constructor(next: (event: EngineEvent) => void) {
    this.#next = next;
  }

  readonly onEvent = (event: EngineEvent): void => {
    if (this.#held === null || event.type !== 'message' || event.from !== 'remote') return this.#next(event);
    this.refused ??= refusedOption(event.text);
    if (this.refused === null) this.#next(event);
    else this.#held.push(event);
  };

  /** The server goes on, or is not asked again: what it said is told, but for a screen behind the name of the option. */
  tell(): void {
    const held = this.#held ?? [];
    this.#held = null;
    const screen = this.refused === '' ? -1 : held.findIndex(({ text }) => USAGE.test(text));
    for (const event of screen < 0 ? held : held.slice(0, screen)) this.#next(event);
  }
}

/** Whether words of a command line have the option that was refused. */
export function stillAsksFor(words: readonly ByteString[], refused: ByteString): boolean {
  if (refused.startsWith('--')) return words.includes(refused);
  return refused.length === 2 && words.some((word) => /^-[^-]/.test(word) && word.includes(refused[1]!));
}

/**
 * @param exit what the end of the program was taken for
 * @param where `Transport.description`
 */
export function unknownOption(exit: DriftlineError, refused: ByteString, program: ByteString, where: string): Error {
  const [word] = /^[^=]{0,80}/.exec(refused)!;
  const row = word.length === 2 ? OPTION_TABLE.find(({ short }) => short === word[1]) : undefined;
  const name = row === undefined ? displayPath(bytesToText(word)) : `--${row.long} (${word})`;
  const what = word === '' ? 'an option it was given' : name;
  const { exitCode } = exit.data;
  const message = `${displayPath(bytesToText(program))} on ${displayPath(where)} does not know ${what}.`;
  return fail('remote', 'unknown-option', message, {
    exitCode,
    hint: 'Leave the option out, or install rsync 3 on the server: openrsync and older versions have fewer options.',
  });
}
