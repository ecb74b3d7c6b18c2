import type { ByteString } from '../../../shared/model/path.ts';
import type { TransferOptions } from '../options/transfer-options.ts';

/**
 * Whether this client allows the server to choose incremental recursion (reference §1.3, letter `i`).
 * @param serverSends whether the server is the sender (a pull); on a push the server judges its own conditions
 */
export function allowsIncRecurse(options: TransferOptions, serverSends: boolean): boolean {
  if (!options.incRecurse || !options.recursive) return false;
  return !(serverSends && (options.deleteMode === 'before' || options.deleteMode === 'after'));
}

/** The word of single letters, capabilities last (reference §1.2, §1.3). */
function cluster(options: TransferOptions, serverSends: boolean): string {
  const pushDeletes = !serverSends && options.deleteMode !== 'none';
  const dirs = !options.recursive && (options.dirs || options.listOnly || pushDeletes);
  return [
    '-',
    'v'.repeat(Math.min(options.verbose, 9)),
    options.quiet ? 'q' : '',
    options.update ? 'u' : '',
    options.dryRun ? 'n' : '',
    options.links ? 'l' : '',
    dirs ? 'd' : '',
    options.wholeFile === true ? 'W' : '',
    options.owner ? 'o' : '',
    options.group ? 'g' : '',
    options.devices ? 'D' : '',
    options.times ? 't' : '',
    options.perms ? 'p' : '',
    options.recursive ? 'r' : '',
    options.checksum ? 'c' : '',
    options.ignoreTimes ? 'I' : '',
    `e.${allowsIncRecurse(options, serverSends) ? 'i' : ''}LsfxCIvu`,
  ].join('');
}

/**
 * The words behind the remote program's name (reference §1.1–1.4), unquoted.
 * @param request.sender whether the server is the sender (a pull)
 * @param request.paths the remote paths: all sources for a pull, the one destination for a push; '' means the login folder
 */
export function buildServerArgs(
  options: TransferOptions,
  request: { sender: boolean; paths: readonly ByteString[] },
): ByteString[] {
  const { sender, paths } = request;
  const push = !sender;
  const words: ByteString[] = ['--server'];
  if (sender) words.push('--sender');
  words.push(cluster(options, sender));
  if (options.listOnly) words.push('--list-only');
  if (push && options.deleteMode !== 'none' && options.dirs && !options.recursive) words.push('--no-r');
  if (options.devices && !options.specials) words.push('--no-specials');
  if (options.specials && !options.devices) words.push('--specials');
  // The server's generator only reports what this format asks for; X makes it report transfers (reference §7.3).
  if (push && options.itemize > 0) words.push(options.itemize > 1 ? '--log-format=%i%I' : '--log-format=%i');
  else if (push && options.progress && options.verbose === 0) words.push('--log-format=X');
  if (options.blockSize > 0) words.push(`-B${options.blockSize}`);
  if (options.timeout > 0) words.push(`--timeout=${options.timeout}`);
  if (options.checksumChoice !== null) words.push(`--checksum-choice=${options.checksumChoice}`);
  if (push && options.deleteMode !== 'none') {
    words.push(options.deleteMode === 'default' ? '--delete' : `--delete-${options.deleteMode}`);
  }
  if (push && options.sizeOnly) words.push('--size-only');
  if (push && options.stats) words.push('--stats');
  if (options.checksumSeed !== 0) words.push(`--checksum-seed=${options.checksumSeed}`);
  if (options.numericIds) words.push('--numeric-ids');
  words.push('.', ...(paths.length === 0 ? [''] : paths).map((path) => (path === '' ? '.' : path)));
  return words;
}

/** Wraps a word for a POSIX shell so that it arrives unchanged, whatever bytes it has (NUL excepted). */
export function shellQuote(word: ByteString): ByteString {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Escapes a remote path for the remote shell, which still expands its wildcards and `~` (reference §1.6). */
function escapePath(path: ByteString, pull: boolean): ByteString {
  const guarded = path.startsWith('-') ? `./${path}` : path;
  const tilde = pull && guarded.startsWith('~') && !guarded.includes('/') ? '\\' : '';
  // A backslash before a newline would join the lines: only single quotes keep one.
  return tilde + guarded.replace(/[!#$&;|<>(){}"'` \t\r]|\\(?![*?[\]])|\n/g, (c) => (c === '\n' ? "'\n'" : `\\${c}`));
}

/**
 * The words for a remote-shell program, which hands them to the remote shell joined by spaces.
 * @param rsyncPath the remote program, verbatim: people put whole commands there
 * @param args words made by `buildServerArgs`; those behind the `.` are paths and keep their wildcards
 */
export function quoteRemoteWords(rsyncPath: ByteString, args: readonly ByteString[]): ByteString[] {
  const separator = args.indexOf('.');
  const pull = args[1] === '--sender';
  return [rsyncPath, ...args.map((word, i) => (separator >= 0 && i > separator ? escapePath(word, pull) : word))];
}

/** The command string for the remote shell; see `quoteRemoteWords`. */
export function quoteRemoteCommand(rsyncPath: ByteString, args: readonly ByteString[]): ByteString {
  return quoteRemoteWords(rsyncPath, args).join(' ');
}

/**
 * The command string for a saved path, which is a name and never a pattern: a folder called `Photos [2024]` must not
 * become `Photos 2` on a server that has one. Only a leading `~/` keeps its meaning.
 */
export function quoteLiteralCommand(rsyncPath: ByteString, args: readonly ByteString[]): ByteString {
  const separator = args.indexOf('.');
  const words = args.map((word, i) => {
    if (separator < 0 || i <= separator) return shellQuote(word);
    // A shell expands the tilde only where the slash behind it is not quoted (POSIX 2.6.1).
    if (word === '~' || word === '~/') return word;
    if (word.startsWith('~/')) return `~/${shellQuote(word.slice(2))}`;
    return shellQuote(word.startsWith('-') ? `./${word}` : word);
  });
  return [rsyncPath, ...words].join(' ');
}
