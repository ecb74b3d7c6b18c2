import type { ByteString } from '../../../shared/model/path.ts';
import { idMapText } from '../options/id-map-rules.ts';
import { infoForServer } from '../options/info-words.ts';
import { formatHas } from '../options/format-escapes.ts';
import { DELAY_FOLDER } from '../options/settle.ts';
import { movesContent, type TransferOptions } from '../options/transfer-options.ts';
import { charsetOf } from '../wire/charset.ts';
import { dialectOf } from '../wire/dialect.ts';

/**
 * Whether this client allows the server to choose incremental recursion (reference §1.3, letter `i`).
 * @param serverSends whether the server is the sender (a pull); on a push the server judges its own conditions
 */
export function allowsIncRecurse(options: TransferOptions, serverSends: boolean): boolean {
  if (!options.incRecurse || !options.recursive || !dialectOf(options.protocol).compatFlags) return false;
  return !serverSends || !needsWholeList(options);
}

/** Whether the receiving side must have the whole list before it begins (reference §1.3). */
export function needsWholeList(options: TransferOptions): boolean {
  const { deleteMode, delayUpdates, pruneEmptyDirs } = options;
  return deleteMode === 'before' || deleteMode === 'after' || delayUpdates || pruneEmptyDirs;
}

/** The word of single letters, capabilities last where they are told (reference §1.2, §1.3); '' if there are none. */
function cluster(options: TransferOptions, serverSends: boolean, capable: boolean): string {
  const push = !serverSends;
  const deletes = push && options.deleteMode !== 'none';
  // What --files-from implies it implies on the other side as well.
  const dirs = !options.recursive && ((options.dirs && options.filesFrom === null) || options.listOnly || deletes);
  // A backup without a folder of its own leaves folder times out by itself.
  const omitDirTimes = options.omitDirTimes && !(options.backup && options.backupDir === null);
  const letters = [
    options.secludedArgs ? 's' : '',
    'v'.repeat(Math.min(options.verbose, 9)),
    options.quiet && options.stderr !== 'client' ? 'q' : '',
    options.backup ? 'b' : '',
    options.update ? 'u' : '',
    movesContent(options) ? '' : 'n',
    options.links ? 'l' : '',
    dirs ? 'd' : '',
    push && options.keepDirlinks ? 'K' : '',
    push && options.pruneEmptyDirs ? 'm' : '',
    push && omitDirTimes ? 'O' : '',
    push && options.omitLinkTimes ? 'J' : '',
    push && options.fuzzy > 0 ? (options.fuzzy > 1 && options.altDest !== null ? 'yy' : 'y') : '',
    serverSends && options.copyLinks ? 'L' : '',
    serverSends && options.copyDirlinks ? 'k' : '',
    options.wholeFile === true ? 'W' : '',
    options.hardLinks ? 'H' : '',
    options.owner ? 'o' : '',
    options.group ? 'g' : '',
    options.devices ? 'D' : '',
    options.times ? 't' : '',
    'U'.repeat(options.atimes),
    options.crtimes ? 'N' : '',
    options.perms ? 'p' : push && options.executability ? 'E' : '',
    options.acls ? 'A' : '',
    'X'.repeat(options.xattrs),
    options.recursive ? 'r' : '',
    options.checksum ? 'c' : '',
    options.cvsExclude ? 'C' : '',
    options.ignoreTimes ? 'I' : '',
    options.relative ? 'R' : '',
    'x'.repeat(options.oneFileSystem),
    options.sparse ? 'S' : '',
    options.compress === 'auto' || options.compress === 'zlib' ? 'z' : '',
    capable && dialectOf(options.protocol).compatFlags
      ? `e.${allowsIncRecurse(options, serverSends) ? 'i' : ''}LsfxCIvu`
      : '',
  ].join('');
  return letters === '' ? '' : `-${letters}`;
}

/**
 * What the server's generator is to report, by a format it never prints (reference §1.4, §7.3): with `%i` every
 * change, with `%I` also what is unchanged, with `%o` deletions, else transfers alone.
 */
function logFormat(options: TransferOptions): string | null {
  const format = options.outFormat ?? (options.itemize > 0 ? '%i' : null);
  if (format !== null && formatHas(format, 'i')) return options.itemize > 1 ? '%i%I' : '%i';
  if (format !== null && formatHas(format, 'o')) return '%o';
  const tells = format !== null || options.progress || (options.info.get('name') ?? 0) > 0;
  return tells && options.verbose === 0 ? 'X' : null;
}

/** Scope, messages, limits of the connection, backups, checksums and compression: the same words in both directions. */
function sharedWords(options: TransferOptions, push: boolean): ByteString[] {
  const words: ByteString[] = [];
  if (options.listOnly) words.push('--list-only');
  if (push && options.deleteMode !== 'none' && !options.recursive) words.push('--no-r');
  if (options.compressLevel !== null) words.push(`--compress-level=${options.compressLevel}`);
  if (options.devices && !options.specials) words.push('--no-specials');
  if (options.specials && !options.devices) words.push('--specials');
  const format = push ? logFormat(options) : null;
  if (format !== null) words.push(`--log-format=${format}`);
  if (options.stderr !== 'errors') words.push(options.stderr === 'all' ? '--msgs2stderr' : '--no-msgs2stderr');
  if (options.blockSize > 0) words.push(`-B${options.blockSize}`);
  if (options.timeout > 0) words.push(`--timeout=${options.timeout}`);
  if (options.bwlimit > 0) words.push(`--bwlimit=${options.bwlimit}`);
  if (options.backupDir !== null) words.push('--backup-dir', options.backupDir);
  if (options.suffix !== null) words.push(`--suffix=${options.suffix}`);
  if (options.checksumChoice !== null) words.push(`--checksum-choice=${options.checksumChoice}`);
  if (options.compress === 'zlibx') words.push('--new-compress');
  else if (options.compress === 'zlib') words.push('--old-compress');
  else if (options.compress === 'zstd' || options.compress === 'lz4') {
    words.push(`--compress-choice=${options.compress}`);
  }
  return words;
}

/** For a receiving server: what it may delete and take. */
function limitWords(options: TransferOptions): ByteString[] {
  const words: ByteString[] = [];
  if (options.maxDelete !== null) words.push(`--max-delete=${options.maxDelete === 0 ? -1 : options.maxDelete}`);
  if (options.minSize !== null) words.push(`--min-size=${options.minSize}`);
  if (options.maxSize !== null) words.push(`--max-size=${options.maxSize}`);
  if (options.deleteMode !== 'none') {
    const untimed = options.deleteMode === 'default';
    if (!untimed) words.push(`--delete-${options.deleteMode}`);
    if (options.deleteExcluded) words.push('--delete-excluded');
    else if (untimed) words.push('--delete');
  }
  if (options.force) words.push('--force');
  if (options.batch?.kind === 'only-write') words.push('--only-write-batch=X');
  if (options.superUser === true) words.push('--super');
  if (options.sizeOnly) words.push('--size-only');
  if (options.stats) words.push('--stats');
  return words;
}

/** Memory, missing sources, times, seed, partial files, links and ids. */
function middleWords(options: TransferOptions, push: boolean): ByteString[] {
  const words: ByteString[] = [];
  if (!push && options.skipCompress !== null) words.push(`--skip-compress=${options.skipCompress}`);
  if (options.maxAlloc !== null) words.push(`--max-alloc=${options.maxAlloc === Infinity ? 0 : options.maxAlloc}`);
  if (options.missingArgs === 'delete') words.push('--delete-missing-args');
  else if (!push && options.missingArgs === 'ignore') words.push('--ignore-missing-args');
  if (push && options.modifyWindow > 0) words.push(`--modify-window=${options.modifyWindow}`);
  if (push && options.modifyWindow < 0) words.push(`-@${options.modifyWindow}`);
  if (options.checksumSeed !== 0) words.push(`--checksum-seed=${options.checksumSeed}`);
  if (push) {
    const own = options.partialDir !== null && !(options.delayUpdates && options.partialDir === DELAY_FOLDER);
    if (own) words.push('--partial-dir', options.partialDir!);
    if (options.delayUpdates) words.push('--delay-updates');
    else if (options.partial && !own) words.push('--partial');
  }
  if (options.ignoreErrors) words.push('--ignore-errors');
  if (options.copyUnsafeLinks) words.push('--copy-unsafe-links');
  if (options.safeLinks) words.push('--safe-links');
  if (options.numericIds) words.push('--numeric-ids');
  return words;
}

/** For a receiving server: ids, what exists, where it writes. */
function receiverWords(options: TransferOptions): ByteString[] {
  const words: ByteString[] = [];
  if (options.userMap.length > 0) words.push(`--usermap=${idMapText(options.userMap)}`);
  if (options.groupMap.length > 0) words.push(`--groupmap=${idMapText(options.groupMap)}`);
  if (options.ignoreExisting) words.push('--ignore-existing');
  if (options.existing) words.push('--existing');
  if (options.tempDir !== null) words.push('--temp-dir', options.tempDir);
  if (options.fsync) words.push('--fsync');
  for (const path of options.altDest?.paths ?? []) words.push(`--${options.altDest!.kind}-dest`, path);
  return words;
}

/** What is told, how files are written, where names come from. */
function lastWords(options: TransferOptions, push: boolean): ByteString[] {
  const words: ByteString[] = [];
  const info = infoForServer(options.info, !push);
  if (info !== null) words.push(`--info=${info}`);
  if (options.append !== 'off') words.push(...(options.append === 'verify' ? ['--append', '--append'] : ['--append']));
  else if (options.inplace) words.push('--inplace');
  const list = options.filesFrom;
  if (list?.at === 'remote') words.push('--files-from', list.path, ...(options.from0 ? ['--from0'] : []));
  else if (list !== null && !push) words.push('--files-from=-', '--from0');
  if (list !== null && (!push || list.at === 'remote') && !options.relative) words.push('--no-relative');
  if (options.relative && !options.impliedDirs) words.push('--no-implied-dirs');
  if (push && options.writeDevices) words.push('--write-devices');
  if (options.removeSourceFiles) words.push('--remove-source-files');
  if (!push && options.copyDevices) words.push('--copy-devices');
  if (push && options.preallocate) words.push('--preallocate');
  if (options.openNoatime && options.atimes < 2) words.push('--open-noatime');
  if (push && options.mkpath) words.push('--mkpath');
  return words;
}

/**
 * The words behind the remote program's name (reference §1.1–1.4), unquoted, in the order of stock rsync.
 * @param request.sender whether the server is the sender (a pull)
 * @param request.paths the remote paths: all sources for a pull, the one destination for a push; '' means the login folder
 * @param request.fewest without what changes nothing but what is told and how fast it goes, for servers with fewer options
 */
export function buildServerArgs(
  options: TransferOptions,
  request: { sender: boolean; paths: readonly ByteString[]; fewest?: boolean },
): ByteString[] {
  const { sender, paths, fewest = false } = request;
  const push = !sender;
  const letters = cluster(options, sender, !fewest);
  const words = [
    ...(letters === '' ? [] : [letters]),
    ...(options.iconv === null ? [] : [`--iconv=${options.iconv.slice(options.iconv.indexOf(',') + 1)}`]),
    ...sharedWords(options, push),
    ...(push ? limitWords(options) : []),
    ...middleWords(options, push),
    ...(push ? receiverWords(options) : []),
    ...lastWords(options, push),
  ];
  return [
    '--server',
    ...(sender ? ['--sender'] : []),
    ...(fewest ? withoutTheDispensable(words) : words),
    ...options.remoteOptions,
    '.',
    ...(paths.length === 0 ? [''] : paths).map((path) => (path === '' ? '.' : path)),
  ];
}

/** Without these, and without the capabilities, a server does the same with the same files. */
const DISPENSABLE = /^--(info=|(no-)?msgs2stderr$|list-only$|compress-level=|skip-compress=|max-alloc=|old-compress$)/;

function withoutTheDispensable(words: readonly ByteString[]): ByteString[] {
  const isValue = (i: number): boolean => i > 0 && TWO_WORDS.test(words[i - 1]!) && !isValue(i - 1);
  return words.filter((word, i) => isValue(i) || !DISPENSABLE.test(word));
}

/**
 * Further words for a server that is this process: of a local pair, what is the client's alone holds for both ends, as
 * in rsync, whose server is a copy of the client.
 */
export function localWords(options: TransferOptions): ByteString[] {
  const words: ByteString[] = [];
  if (options.mungeLinks) words.push('--munge-links');
  if (options.from0) words.push('--from0');
  if (options.fakeSuper) words.push('--fake-super');
  if (options.superUser === false) words.push('--no-super');
  if (options.insecureLinks) words.push('--insecure-links');
  if (options.confineRoot !== null) words.push(`--confine-root=${options.confineRoot}`);
  return words;
}

/** Wraps a word for a POSIX shell so that it arrives unchanged, whatever bytes it has (NUL excepted). */
export function shellQuote(word: ByteString): ByteString {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** What decides how far the remote shell is kept from words. */
type Quoting = Pick<
  TransferOptions,
  'rsyncPath' | 'oldArgs' | 'trustSender' | 'relative' | 'filesFrom' | 'remoteOptions'
>;

/** A path that begins with a dash must not become an option. */
const guardDash = (path: ByteString): ByteString => (path.startsWith('-') ? `./${path}` : path);

/**
 * Escapes a remote path for the remote shell, which still expands its wildcards (reference §1.6), and a `~` unless the
 * name that comes of it could not be told from what was asked for.
 */
function escapePath(path: ByteString, pull: boolean, options: Quoting): ByteString {
  const guarded = guardDash(path);
  if (options.oldArgs > 0) return guarded;
  const named = options.relative ? !path.includes('/./') : !path.includes('/');
  const trusted = options.trustSender || options.filesFrom?.at === 'remote';
  const tilde = pull && path.startsWith('~') && named && !trusted ? '\\' : '';
  // A backslash before a newline would join the lines: only single quotes keep one.
  return tilde + guarded.replace(/[!#$&;|<>(){}"'` \t\r]|\\(?![*?[\]])|\n/g, (c) => (c === '\n' ? "'\n'" : `\\${c}`));
}

/** Escapes an option or its value, which nothing may expand but a leading `~/`. */
const escapeValue = (value: ByteString): ByteString =>
  value.replace(/[!#$&;|<>(){}"'` \t\r\\*?[\]]|\n/g, (c) => (c === '\n' ? "'\n'" : `\\${c}`));

/**
 * The words for a remote-shell program, which hands them to the remote shell joined by spaces.
 * @param args words made by `buildServerArgs` with the same options; those behind the `.` are paths and keep their
 *   wildcards
 */
export function quoteRemoteWords(options: Quoting, args: readonly ByteString[]): ByteString[] {
  const { rsyncPath, oldArgs, remoteOptions } = options;
  const separator = separatorOf(args);
  const pull = args[1] === '--sender';
  const words = args.map((word, i) => {
    if (i > separator) return escapePath(word, pull, options);
    const splits = oldArgs > 1 || (oldArgs > 0 && i >= separator - remoteOptions.length);
    return splits ? word : escapeValue(word);
  });
  return [rsyncPath, ...words];
}

/**
 * Divides the words of a client that asked for secluded arguments (reference §1.5).
 * @param iconv `--iconv` of this client: the words travel as UTF-8 then; null: as they are
 * @returns what stays in sight, up to the single letters and the charset, and what is sent over the connection before
 *   anything else
 */
export function secludeArgs(
  args: readonly ByteString[],
  iconv: ByteString | null,
): { inSight: ByteString[]; block: Buffer } {
  const letters = args.findIndex((word) => /^-[^-]/.test(word));
  const end = letters + (args[letters + 1]?.startsWith('--iconv=') === true ? 2 : 1);
  const separator = separatorOf(args);
  const hidden = args.slice(end).map((word, i) => (i + end > separator ? guardDash(word) : word));
  const charset = iconv === null ? null : charsetOf(iconv, false);
  const words = hidden.map((word) => (charset === null ? word : charset.textToWire(word)) || '.');
  const block = ['rsync', ...words, ''].map((word) => `${word}\0`).join('');
  return { inSight: args.slice(0, end), block: Buffer.from(block, 'latin1') };
}

/** Words of the server's command line that are followed by a value of their own. */
const TWO_WORDS = /^--(backup-dir|partial-dir|temp-dir|(compare|copy|link)-dest|files-from)$/;

/** Where the `.` stands that divides options from paths; a folder of an option may be called `.` as well. */
export function separatorOf(args: readonly ByteString[]): number {
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '.') return i;
    if (TWO_WORDS.test(args[i]!)) i++;
  }
  return args.length;
}

/** The command string for the remote shell, where `rsyncPath` is verbatim: people put whole commands there. */
export function quoteRemoteCommand(options: Quoting, args: readonly ByteString[]): ByteString {
  return quoteRemoteWords(options, args).join(' ');
}

/**
 * The command string for a saved path, which is a name and never a pattern: a folder called `Photos [2024]` must not
 * become `Photos 2` on a server that has one. Only a leading `~/` keeps its meaning.
 */
export function quoteLiteralCommand(rsyncPath: ByteString, args: readonly ByteString[]): ByteString {
  const separator = separatorOf(args);
  const words = args.map((word, i) => {
    if (i <= separator) return shellQuote(word);
    // A shell expands the tilde only where the slash behind it is not quoted (POSIX 2.6.1).
    if (word === '~' || word === '~/') return word;
    if (word.startsWith('~/')) return `~/${shellQuote(word.slice(2))}`;
    return shellQuote(word.startsWith('-') ? `./${word}` : word);
  });
  return [rsyncPath, ...words].join(' ');
}
