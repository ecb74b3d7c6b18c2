import type { ByteString } from '../../../shared/model/path.ts';
import { fail } from '../../../shared/errors.ts';
import { type OptionRow, shown } from './option-row.ts';
import { OPTION_TABLE } from './option-table.ts';

/** One element of a command line. */
export type LexedWord =
  | { readonly kind: 'argument'; readonly word: ByteString }
  | { readonly kind: 'option'; readonly row: OptionRow; readonly negated: boolean; readonly value: ByteString }
  /** A word that cannot be read as what it looks like. */
  | { readonly kind: 'wrong'; readonly word: ByteString; readonly error: Error };

const BY_LONG = new Map<string, OptionRow>();
const BY_SHORT = new Map<string, OptionRow>();
for (const row of OPTION_TABLE) {
  for (const name of [row.long, ...(row.aliases ?? [])]) if (name.length > 1) BY_LONG.set(name, row);
  if (row.short !== undefined) BY_SHORT.set(row.short, row);
}

/** Number of single-letter edits between two words, as far as `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
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

/** The known long option nearest to a mistyped one, or null if none is near. */
export function nearestOption(name: string): string | null {
  const limit = Math.max(1, Math.min(3, Math.floor(name.length / 3)));
  let best: string | null = null;
  let bestDistance = limit + 1;
  for (const [long, row] of BY_LONG) {
    if (row.serverOnly === true) continue;
    const prefix = name.length >= 3 && long.startsWith(name);
    const edits = prefix ? 1 : distance(name, long, limit);
    if (edits < bestDistance) [best, bestDistance] = [long, edits];
  }
  return best;
}

export function refuse(word: string, server: boolean): Error {
  return fail('usage', 'not-supported', `${word} is not supported by this version of Driftline`, {
    hint: 'driftline rsync --help lists the options that work.',
    ...(server && { exitCode: 4 }),
  });
}

function unknown(word: ByteString, name: string | null, server: boolean): Error {
  const nearest = name === null ? null : nearestOption(name);
  return fail('usage', 'unknown-option', `${shown(word)}: unknown option`, {
    ...(nearest !== null && { hint: `Did you mean --${nearest}?` }),
    ...(server && { exitCode: 4 }),
  });
}

/**
 * Tells options from arguments, one by one, without doing anything about them.
 * @param server whether the words come from a client that starts us as its server
 */
export function* lexWords(words: readonly ByteString[], server: boolean): Generator<LexedWord> {
  const usable = (row: OptionRow | undefined): row is OptionRow =>
    row !== undefined && (server || row.serverOnly !== true);
  const option = (row: OptionRow, value: ByteString = '', negated = false): LexedWord => ({
    ...{ kind: 'option', row, value, negated },
  });
  const wrong = (word: ByteString, error: Error): LexedWord => ({ kind: 'wrong', word, error });
  const missing = (word: ByteString, name: string) =>
    wrong(word, fail('usage', 'missing-value', `${name}: missing argument`));

  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === '--') {
      // rrsync puts it before the `.` of a server.
      const rest = words.slice(server && words[i + 1] === '.' ? i + 2 : i + 1);
      for (const argument of rest) yield { kind: 'argument', word: argument };
      return;
    }
    if (word.length < 2 || word[0] !== '-') {
      if (!server) {
        yield { kind: 'argument', word };
        continue;
      }
      // Behind its `.` a server has paths only, whatever they look like.
      for (const path of words.slice(word === '.' ? i + 1 : i)) yield { kind: 'argument', word: path };
      return;
    }
    if (word.startsWith('--')) {
      const equals = word.indexOf('=');
      const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
      const row = BY_LONG.get(name);
      const positive = name.startsWith('no-') ? name.slice(3) : null;
      const negated = positive === null ? undefined : (BY_LONG.get(positive) ?? BY_SHORT.get(positive));
      if (usable(row)) {
        if (!row.implemented) {
          yield wrong(word, refuse(`--${name}`, server));
          if (row.arity === 'value' && equals < 0) i++; // its value is no argument
        } else if (row.arity === 'flag') {
          yield equals < 0
            ? option(row)
            : wrong(word, fail('usage', 'unexpected-value', `${shown(word)}: option does not take an argument`));
        } else {
          const value = equals < 0 ? words[++i] : word.slice(equals + 1);
          yield value === undefined ? missing(word, word) : option(row, value);
        }
      } else if (usable(negated) && !negated.implemented && negated.negate === undefined)
        yield wrong(word, refuse(`--${name}`, server));
      else if (usable(negated) && negated.negate !== undefined && equals < 0) yield option(negated, '', true);
      else yield wrong(word, unknown(word, name, server));
      continue;
    }
    for (let at = 1; at < word.length; at++) {
      const letter = word[at]!;
      const row = BY_SHORT.get(letter);
      if (!usable(row)) {
        yield wrong(word, unknown(word, null, server));
        break;
      }
      if (!row.implemented) {
        yield wrong(word, refuse(row.long.length === 1 ? `-${letter}` : `--${row.long} (-${letter})`, server));
        if (row.arity === 'flag') continue;
        if (at === word.length - 1) i++;
        break;
      }
      if (row.arity === 'flag') yield option(row);
      else {
        const rest = word.slice(at + 1);
        const value = rest === '' ? words[++i] : rest[0] === '=' ? rest.slice(1) : rest;
        yield value === undefined ? missing(word, `-${letter}`) : option(row, value);
        break;
      }
    }
  }
}
