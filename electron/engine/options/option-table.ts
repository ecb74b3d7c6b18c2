import type { ByteString } from '../../../shared/model/path.ts';
import { fail } from '../../../shared/errors.ts';
import { SUPPORTED_CHECKSUMS } from '../checksum/strong.ts';
import { applyRule, parseFilterRule, parseOldRule, ruleFileLines } from '../filter/parse.ts';
import type { FilterRule } from '../filter/rule.ts';
import { UNSUPPORTED_OPTIONS } from './unsupported-options.ts';
import { parseInteger, parseSize } from './size.ts';
import { ARCHIVE, type DeleteMode, type TransferOptions } from './transfer-options.ts';

/** What the rows write into while a command line is read. */
export interface OptionState {
  readonly options: { -readonly [K in keyof TransferOptions]: TransferOptions[K] };
  readonly filters: FilterRule[];
  /** Delete timings named so far; more than one is an error. */
  readonly deleteTimings: Set<DeleteMode>;
  /** Whether the words come from a client starting us as its server. */
  readonly server: boolean;
  /** Server: we are to send. */
  sender: boolean;
  /** Server: letters behind `-e` and its `.`, or null if no `-e` was sent. */
  capabilities: string | null;
  /** Server: where the client wants our error text (reference §4.3). */
  messages: 'stderr' | 'frames';
  request: 'help' | 'version' | null;
  /** Reads the file of `--exclude-from`/`--include-from`; only a client has one. */
  readonly readRuleFile: (path: ByteString) => ByteString;
}

/** One option. The parser, `--help` and the refusals all come from these rows. */
export interface OptionRow {
  readonly long: string;
  readonly short?: string;
  readonly aliases?: readonly string[];
  /** `value` options take the rest of the word, or the next one. */
  readonly arity: 'flag' | 'value';
  /** Name of the value in the help text. */
  readonly metavar?: string;
  readonly help: string;
  /** False: an option rsync knows and this version refuses by name. */
  readonly implemented: boolean;
  /** Only a client may put this on a server's command line; not part of the help. */
  readonly serverOnly?: boolean;
  apply?(state: OptionState, value: ByteString): void;
  /** What `--no-LONG` does; absent where rsync has no such form. */
  negate?(state: OptionState): void;
}

type Toggle = { [K in keyof TransferOptions]: TransferOptions[K] extends boolean ? K : never }[keyof TransferOptions];

interface Names {
  short?: string;
  aliases?: readonly string[];
}

function flag(
  long: string,
  names: Names,
  help: string,
  apply: (s: OptionState) => void,
  negate?: (s: OptionState) => void,
): OptionRow {
  return { long, ...names, arity: 'flag', help, implemented: true, apply, ...(negate && { negate }) };
}

function toggle(long: string, short: string | undefined, key: Toggle, help: string, negatable: boolean): OptionRow {
  const set = (to: boolean) => (state: OptionState) => {
    state.options[key] = to;
  };
  return flag(long, short === undefined ? {} : { short }, help, set(true), negatable ? set(false) : undefined);
}

function value(
  long: string,
  names: Names & { metavar: string },
  help: string,
  apply: (state: OptionState, value: ByteString) => void,
  negate?: (state: OptionState) => void,
): OptionRow {
  return { long, ...names, arity: 'value', help, implemented: true, apply, ...(negate && { negate }) };
}

function serverFlag(long: string, apply: (state: OptionState) => void): OptionRow {
  return { long, arity: 'flag', help: '', implemented: true, serverOnly: true, apply };
}

function deletion(long: string, mode: DeleteMode, help: string, aliases: readonly string[] = []): OptionRow {
  return flag(long, { aliases }, help, (state) => {
    if (mode !== 'default') state.deleteTimings.add(mode);
    if (mode !== 'default' || state.options.deleteMode === 'none') state.options.deleteMode = mode;
  });
}

function integer(name: string, text: ByteString, low: number, high: number): number {
  const number = parseInteger(text);
  if (number === null) throw fail('usage', 'bad-value', `--${name}=${text}: invalid numeric value`);
  if (number < low || number > high) {
    throw fail('usage', 'bad-value', `--${name}=${text}: number too large or too small`, {
      hint: `The value must be from ${low} to ${high}.`,
    });
  }
  return number;
}

/** Longest block on protocol 30 and later, in bytes (reference §12.2). */
const MAX_BLOCK = 131072;

function blockSize(text: ByteString): number {
  const size = parseSize(text);
  if (size === null) {
    throw fail('usage', 'bad-value', `--block-size=${text} is invalid`, { hint: 'Write bytes, or a number with K.' });
  }
  if (size < 0 || size > MAX_BLOCK) {
    throw fail('usage', 'bad-value', `--block-size=${text} is too large (max: 128.00K)`, {
      hint: 'The protocol allows blocks of up to 131072 bytes; leave the option out to let each file choose its own.',
    });
  }
  return size;
}

/** Names rsync knows and this version does not compute. `none` would leave transfers unverified. */
const REFUSED_CHECKSUMS = ['xxh128', 'xxh3', 'md4', 'none', 'auto'];

function checksumChoice(text: ByteString): string | null {
  const names = text
    .toLowerCase()
    .split(',')
    .map((name) => (name === 'xxhash' ? 'xxh64' : name));
  if (names.length === 1 && names[0] === 'auto') return null;
  for (const name of names) {
    const known = names.length <= 2 && REFUSED_CHECKSUMS.includes(name);
    if (!known && names.length <= 2 && SUPPORTED_CHECKSUMS.some((supported) => supported === name)) continue;
    throw fail(
      'usage',
      known ? 'not-supported' : 'bad-value',
      known ? `checksum ${name} is not supported by this version of Driftline` : `unknown checksum name: ${text}`,
      { exitCode: 4, hint: `Choose one of ${SUPPORTED_CHECKSUMS.join(', ')}, or leave the option out.` },
    );
  }
  return names.join(',');
}

function protocol(text: ByteString): number {
  const number = parseInteger(text);
  if (number === null) throw fail('usage', 'bad-value', `--protocol=${text}: invalid numeric value`);
  if (number < 30 || number > 32) {
    throw fail('usage', 'bad-value', `--protocol must be from 30 to 32, not ${number}`, { exitCode: 2 });
  }
  return number;
}

const setArchive = (state: OptionState): void => void Object.assign(state.options, ARCHIVE);
const setDevices = (to: boolean) => (state: OptionState) => {
  state.options.devices = to;
  state.options.specials = to;
};
const readRules = (include: boolean) => (state: OptionState, path: ByteString) => {
  for (const line of ruleFileLines(state.readRuleFile(path))) applyRule(state.filters, parseOldRule(line, include));
};
const setIncRecurse = (to: boolean) => (state: OptionState) => {
  state.options.incRecurse = to;
};

/** `--log-format` on a server's command line tells it which items to report, not how to print them (reference §1.4). */
function logFormat(state: OptionState, format: ByteString): void {
  state.options.itemize = format.includes('%i') ? (format.includes('%I') ? 2 : 1) : 0;
}

/** Every option rsync 3.5 has: first those that work, in the order of the help text, then the refused ones. */
export const OPTION_TABLE: readonly OptionRow[] = [
  flag(
    'verbose',
    { short: 'v' },
    'say more; repeat for more still',
    (s) => s.options.verbose++,
    (s) => (s.options.verbose = 0),
  ),
  toggle('quiet', 'q', 'quiet', 'print errors only', false),
  toggle('dry-run', 'n', 'dryRun', 'show what would happen, change nothing', false),
  flag(
    'itemize-changes',
    { short: 'i' },
    'one line per change, saying what changes; twice: also unchanged items',
    (s) => s.options.itemize++,
    (s) => (s.options.itemize = 0),
  ),
  toggle('stats', undefined, 'stats', 'print totals at the end', false),
  toggle('progress', undefined, 'progress', 'show progress of each file', true),
  flag(
    'human-readable',
    { short: 'h' },
    'numbers with units of 1000; twice: of 1024',
    (s) => s.options.humanReadable++,
    (s) => (s.options.humanReadable = 0),
  ),
  toggle('list-only', undefined, 'listOnly', 'list the source instead of copying it', false),
  flag('archive', { short: 'a' }, 'recursive, keeping everything: -rlptgoD', setArchive),
  toggle('recursive', 'r', 'recursive', 'descend into folders', true),
  toggle('dirs', 'd', 'dirs', 'transfer folders without descending', true),
  flag(
    'inc-recursive',
    { aliases: ['i-r'] },
    'list the tree while transferring (the default)',
    setIncRecurse(true),
    setIncRecurse(false),
  ),
  toggle('links', 'l', 'links', 'copy symbolic links as links', true),
  toggle('perms', 'p', 'perms', 'keep permissions', true),
  toggle('times', 't', 'times', 'keep modification times', true),
  toggle('owner', 'o', 'owner', 'keep the owner (needs root there)', true),
  toggle('group', 'g', 'group', 'keep the group', true),
  toggle('devices', undefined, 'devices', 'keep device files (needs root there)', true),
  toggle('specials', undefined, 'specials', 'keep sockets and named pipes', true),
  flag('D', { short: 'D' }, 'same as --devices --specials', setDevices(true), setDevices(false)),
  toggle('numeric-ids', undefined, 'numericIds', 'keep user and group numbers, not names', true),
  toggle('checksum', 'c', 'checksum', 'compare files by checksum, not size and time', true),
  toggle('update', 'u', 'update', 'keep files that are newer at the destination', false),
  toggle('ignore-times', 'I', 'ignoreTimes', 'transfer files even if size and time agree', false),
  toggle('size-only', undefined, 'sizeOnly', 'compare files by size alone', false),
  flag(
    'whole-file',
    { short: 'W' },
    'send files whole, without looking for matching blocks',
    (s) => (s.options.wholeFile = true),
    (s) => (s.options.wholeFile = false),
  ),
  deletion('delete', 'default', 'delete what the source does not have'),
  deletion('delete-before', 'before', 'delete before transferring'),
  deletion('delete-during', 'during', 'delete folder by folder while transferring', ['del']),
  deletion('delete-delay', 'delay', 'find deletions while transferring, delete afterwards'),
  deletion('delete-after', 'after', 'delete after transferring'),
  value('exclude', { metavar: 'PATTERN' }, 'leave out names that match', (s, text) =>
    applyRule(s.filters, parseOldRule(text, false)),
  ),
  value('include', { metavar: 'PATTERN' }, 'do not leave out names that match', (s, text) =>
    applyRule(s.filters, parseOldRule(text, true)),
  ),
  value('exclude-from', { metavar: 'FILE' }, 'read exclude patterns from a file', readRules(false)),
  value('include-from', { metavar: 'FILE' }, 'read include patterns from a file', readRules(true)),
  value('filter', { short: 'f', metavar: 'RULE' }, 'add a filter rule', (s, text) =>
    applyRule(s.filters, parseFilterRule(text)),
  ),
  value(
    'block-size',
    { short: 'B', metavar: 'SIZE' },
    'use one block size for all files',
    (s, text) => (s.options.blockSize = blockSize(text)),
  ),
  value(
    'checksum-choice',
    { aliases: ['cc'], metavar: 'NAME' },
    `use this checksum: ${SUPPORTED_CHECKSUMS.join(', ')}`,
    (s, text) => (s.options.checksumChoice = checksumChoice(text)),
  ),
  value(
    'checksum-seed',
    { metavar: 'NUM' },
    'use this seed for block checksums',
    (s, text) => (s.options.checksumSeed = integer('checksum-seed', text, -0x80000000, 0x7fffffff)),
  ),
  value(
    'timeout',
    { metavar: 'SECONDS' },
    'give up when nothing moves for so long',
    (s, text) => (s.options.timeout = integer('timeout', text, 0, 0x7fffffff)),
    (s) => (s.options.timeout = 0),
  ),
  value(
    'protocol',
    { metavar: 'NUM' },
    'speak no newer protocol than this (30 to 32)',
    (s, text) => (s.options.protocol = protocol(text)),
  ),
  value('rsh', { short: 'e', metavar: 'COMMAND' }, 'remote shell to use instead of the built-in ssh', (s, text) => {
    if (s.server) s.capabilities = text.replace(/^[^.]*\.?/, '');
    else s.options.rsh = text === '' ? null : text;
  }),
  value(
    'rsync-path',
    { metavar: 'PROGRAM' },
    'rsync to run on the remote machine',
    (s, text) => (s.options.rsyncPath = text),
  ),
  flag('version', { short: 'V' }, 'print the version', (s) => (s.request ??= 'version')),
  flag('help', {}, 'print this help (also -h on its own)', (s) => (s.request ??= 'help')),
  serverFlag('server', () => undefined),
  serverFlag('sender', (s) => (s.sender = true)),
  serverFlag('msgs2stderr', (s) => (s.messages = 'stderr')),
  serverFlag('no-msgs2stderr', (s) => (s.messages = 'frames')),
  { ...value('log-format', { metavar: 'FORMAT' }, '', logFormat), serverOnly: true },
  ...UNSUPPORTED_OPTIONS.map(([long, short, arity]): OptionRow => ({
    long,
    ...(short !== '' && { short }),
    arity: arity ?? 'flag',
    help: '',
    implemented: false,
  })),
];
