import { parseArgs } from 'node:util';
import { fail } from '../../../shared/errors.ts';
import { displayPath } from '../../../shared/model/path.ts';
import type { CommandSpec } from './spec.ts';

type Values<O extends CommandSpec['options']> = {
  -readonly [K in keyof O]?: O[K] extends { type: 'boolean' }
    ? boolean
    : O[K] extends { multiple: true }
      ? string[]
      : string;
};

/**
 * Splits a command's words into options and names, as its specification says.
 * @returns `given` has the options with values in their order
 * @throws usage `bad-option`, `missing-word`, `too-many-words`
 */
export function readWords<S extends CommandSpec>(
  words: readonly string[],
  spec: S,
): { values: Values<S['options']>; positionals: string[]; given: [name: string, value: string][] } {
  const { values, positionals, tokens } = parse(words, spec.options);
  const given = tokens.flatMap((token): [string, string][] =>
    token.kind === 'option' && token.value !== undefined ? [[token.name, token.value]] : [],
  );
  const missing = spec.args[positionals.length];
  if (missing !== undefined && missing.optional !== true) {
    throw fail('usage', 'missing-word', `${missing.what} is missing.`, { hint: SEE_HELP });
  }
  const extra = spec.args.at(-1)?.rest === true ? undefined : positionals[spec.args.length];
  if (extra !== undefined) {
    throw fail('usage', 'too-many-words', `“${displayPath(extra)}” is one word too many.`, { hint: SEE_HELP });
  }
  return { values: values as Values<S['options']>, positionals, given };
}

const SEE_HELP = 'Add --help for examples.';

function parse(words: readonly string[], options: CommandSpec['options']) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true, tokens: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const unknown = /^Unknown option '--([^']+)'/.exec(message)?.[1];
    const near = unknown === undefined ? null : nearest(unknown, Object.keys(options));
    // Node's second sentence is about words that begin with a dash.
    throw fail('usage', 'bad-option', displayPath(`${message.split(/\. |\n/, 1)[0]!.replace(/\.$/, '')}.`), {
      hint: near === null ? SEE_HELP : `Did you mean --${near}?`,
    });
  }
}

/** A whole number option. @throws usage `bad-number` */
export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw fail('usage', 'bad-number', `--${option} takes a number from ${min} to ${max}.`);
}

/** The name of `known` that `word` was probably meant to be, if one is near. */
export function nearest(word: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let least = Math.max(2, Math.ceil(word.length / 3)) + 1;
  for (const name of known) {
    const edits = distance(word.toLowerCase(), name.toLowerCase());
    if (edits < least) [best, least] = [name, edits];
  }
  return best;
}

/** Single-letter edits between two words (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let k = 1; k <= b.length; k++) {
      next.push(Math.min(row[k]! + 1, next[k - 1]! + 1, row[k - 1]! + (a[i - 1] === b[k - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
