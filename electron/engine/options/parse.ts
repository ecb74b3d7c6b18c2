import type { ByteString } from '../../../shared/model/path.ts';
import { fail } from '../../../shared/errors.ts';
import { lexWords, refuse } from './lex.ts';
import { type OptionState, type ReadListFile, shown } from './option-row.ts';
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

/** Reads `words` into `state`, option by option in their order; returns the words that are no options. */
function readWords(words: readonly ByteString[], state: OptionState): ByteString[] {
  const args: ByteString[] = [];
  for (const lexed of lexWords(words, state.server)) {
    if (lexed.kind === 'wrong') throw lexed.error;
    if (lexed.kind === 'argument') args.push(lexed.word);
    else if (lexed.negated) lexed.row.negate?.(state);
    else lexed.row.apply?.(state, lexed.value);
  }
  return args;
}

function newState(server: boolean, readRuleFile: ReadListFile): OptionState {
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
    oldArgs: null,
    secludedArgs: null,
    remoteOptions: [],
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
 * @param env RSYNC_PARTIAL_DIR, RSYNC_MAX_ALLOC, RSYNC_ICONV, RSYNC_OLD_ARGS and RSYNC_PROTECT_ARGS stand in for options
 * @param more further options, which count as the last ones
 * @throws usage, with rsync's exit code
 */
export function parseClientWords(
  words: readonly ByteString[],
  readRuleFile: ReadListFile,
  env: Readonly<Record<string, string | undefined>> = {},
  more: readonly ByteString[] = [],
): ParsedWords {
  const state = newState(false, readRuleFile);
  if (env.RSYNC_ICONV) state.options.iconv = Buffer.from(env.RSYNC_ICONV).toString('latin1');
  const args = readWords(words, state);
  const [argument] = readWords(more, state);
  if (argument !== undefined)
    throw fail('usage', 'bad-value', `--remote-option=${shown(argument)} is no option`, {
      hint: 'Give each option its own -M, its value with it: -M--suffix=.old.',
    });
  return { options: settle(state, env), args, request: state.request };
}

/**
 * The words of a server with `--server` first; null for those of a client. Only options may stand before it, as
 * `--rsync-path='rsync --fake-super'` puts them there.
 */
export function serverWords(words: readonly ByteString[]): readonly ByteString[] | null {
  const at = words.indexOf('--server');
  if (at <= 0) return at === 0 ? words : null;
  const before = [...lexWords(words.slice(0, at + 1), true)];
  const last = before.pop();
  if (last?.kind !== 'option' || last.row.long !== 'server') return null; // the value of an option
  if (before.some(({ kind }) => kind === 'argument')) return null;
  return ['--server', ...words.slice(0, at), ...words.slice(at + 1)];
}

/**
 * Parses the words a stock client starts its server with, from `--server` on (reference §1).
 * @param secluded the words that came over the connection, where `options.secludedArgs` tells that they do; null while
 *   they are still to come: then the result has no `args`
 * @throws usage; exit 4 for an option this version does not have
 */
export function parseServerWords(
  words: readonly ByteString[],
  secluded: readonly ByteString[] | null = null,
): ServerRequest {
  const state = newState(true, () => {
    throw refuse('reading rule files', true);
  });
  if (words[0] !== '--server') throw fail('usage', 'not-a-server', 'A server command line begins with --server');
  const args = readWords([...words, ...(secluded ?? [])], state);
  if (state.filters.length > 0) throw refuse('a filter option', true);
  const toCome = state.secludedArgs === true && secluded === null;
  if (args.length === 0 && !toCome) throw fail('usage', 'missing-path', 'The server command line names no path');
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
