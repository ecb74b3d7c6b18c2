import type { ByteString } from '../../../shared/model/path.ts';
import { fail } from '../../../shared/errors.ts';
import { type OptionRow, type OptionState, shown } from './option-row.ts';
import { OPTION_TABLE } from './option-table.ts';
import { settle } from './settle.ts';
import { DEFAULT_OPTIONS, type TransferOptions } from './transfer-options.ts';

/** A command line split into options and the rest. */
export interface ParsedWords {
  readonly options: TransferOptions;
  readonly args: ByteString[];
  readonly request: OptionState['request'];
}

/** What a client asked of us on `rsync --server …`. */
export interface ServerRequest {
  readonly mode: 'server';
  /** Whether the server sends (a pull). */
  readonly sender: boolean;
  readonly options: TransferOptions;
  /** The paths behind the `.` separator: the sources for a sender, else the one destination. */
  readonly args: ByteString[];
  /** Letters behind `-e.`; '' if the client sent none. */
  readonly capabilities: string;
  /** Where the client wants error text (reference §4.3). */
  readonly messages: 'stderr' | 'frames';
}

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

function refuse(word: string, server: boolean): Error {
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

/** Reads `words` into `state`, option by option in their order; returns the words that are no options. */
function readWords(words: readonly ByteString[], state: OptionState): ByteString[] {
  const { server } = state;
  const args: ByteString[] = [];
  const usable = (row: OptionRow | undefined): row is OptionRow =>
    row !== undefined && (server || row.serverOnly !== true);
  const next = (at: number, word: string): ByteString => {
    const value = words[at];
    if (value === undefined) throw fail('usage', 'missing-value', `${word}: missing argument`);
    return value;
  };

  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === '--' && !server) {
      args.push(...words.slice(i + 1));
      break;
    }
    if (word.length < 2 || word[0] !== '-') {
      // Behind its `.` a server has paths only, whatever they look like.
      if (server) {
        args.push(...words.slice(word === '.' ? i + 1 : i));
        break;
      }
      args.push(word);
    } else if (word.startsWith('--')) {
      const equals = word.indexOf('=');
      const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
      const row = BY_LONG.get(name);
      if (usable(row)) {
        if (!row.implemented) throw refuse(`--${name}`, server);
        if (row.arity === 'value') row.apply?.(state, equals < 0 ? next(++i, word) : word.slice(equals + 1));
        else if (equals >= 0)
          throw fail('usage', 'unexpected-value', `${shown(word)}: option does not take an argument`);
        else row.apply?.(state, '');
        continue;
      }
      const positive = name.startsWith('no-') ? name.slice(3) : null;
      const negated = positive === null ? undefined : (BY_LONG.get(positive) ?? BY_SHORT.get(positive));
      if (usable(negated) && !negated.implemented && negated.negate === undefined) throw refuse(`--${name}`, server);
      if (!usable(negated) || negated.negate === undefined || equals >= 0) throw unknown(word, name, server);
      negated.negate(state);
    } else {
      for (let at = 1; at < word.length; at++) {
        const letter = word[at]!;
        const row = BY_SHORT.get(letter);
        if (!usable(row)) throw unknown(word, null, server);
        if (!row.implemented) throw refuse(row.long.length === 1 ? `-${letter}` : `--${row.long} (-${letter})`, server);
        if (row.arity === 'flag') {
          row.apply?.(state, '');
          continue;
        }
        const rest = word.slice(at + 1);
        row.apply?.(state, rest === '' ? next(++i, `-${letter}`) : rest[0] === '=' ? rest.slice(1) : rest);
        break;
      }
    }
  }
  return args;
}

function newState(server: boolean, readRuleFile: (path: ByteString) => ByteString): OptionState {
  return {
    options: { ...DEFAULT_OPTIONS },
    filters: [],
    deleteTimings: new Set(),
    altDest: [],
    given: new Map(),
    server,
    recursion: 'unset',
    dirs: 'unset',
    relative: null,
    compressCount: 0,
    compressChoice: null,
    perDirFilters: 0,
    sender: false,
    capabilities: null,
    request: null,
    readRuleFile,
  };
}

/**
 * Parses a client's words (without the program name).
 * @param readRuleFile reads the file named by `--exclude-from`/`--include-from`
 * @param env RSYNC_PARTIAL_DIR and RSYNC_MAX_ALLOC stand in for options
 * @throws usage, with rsync's exit code
 */
export function parseClientWords(
  words: readonly ByteString[],
  readRuleFile: (path: ByteString) => ByteString,
  env: Readonly<Record<string, string | undefined>> = {},
): ParsedWords {
  const state = newState(false, readRuleFile);
  const args = readWords(words, state);
  return { options: settle(state, env), args, request: state.request };
}

/**
 * Parses the words a stock client starts its server with, from `--server` on (reference §1).
 * @throws usage; exit 4 for an option this version does not have
 */
export function parseServerWords(words: readonly ByteString[]): ServerRequest {
  const state = newState(true, () => {
    throw refuse('reading rule files', true);
  });
  if (words[0] !== '--server') throw fail('usage', 'not-a-server', 'A server command line begins with --server');
  const args = readWords(words, state);
  if (state.filters.length > 0) throw refuse('a filter option', true);
  if (args.length === 0) throw fail('usage', 'missing-path', 'The server command line names no path');
  if (!state.sender && args.length > 1) {
    throw fail('usage', 'too-many-paths', 'The server command line names more than one destination');
  }
  // Without `-e` the client is older than these features (reference §1.3); only it may allow incremental recursion.
  const capabilities = state.capabilities ?? '';
  state.options.incRecurse = capabilities.includes('i');
  const options = settle(state, {});
  const messages = options.stderr === 'client' ? 'frames' : 'stderr';
  return { mode: 'server', sender: state.sender, options, args, capabilities, messages };
}
