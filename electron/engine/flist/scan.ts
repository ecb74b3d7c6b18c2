import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { DriftlineError } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath, joinPath, textToBytes } from '../../../shared/model/path.ts';
import type { EngineIssue } from '../events.ts';
import type { SourceFs, Stat } from '../fs/fs.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import { IoError, isDevice, isDir, isLink, isReg, isSpecial, Limit } from '../wire/constants.ts';
import { type EntryExtra, EntryFlag, entryName, type FileEntry } from './entry.ts';

/** Where the entries of one source argument are found. */
export interface ScanRoot {
  /** Local directory: an entry lies at `join(base, entryName)`; '' = the working directory. */
  readonly base: ByteString;
}

/** `incRecurse` here is what the handshake agreed on, not what was offered. */
export type ScanOptions = Pick<TransferOptions, 'recursive' | 'dirs' | 'links' | 'incRecurse' | 'hardLinks' | 'atimes'>;

export interface ScanHooks {
  /** Trouble with one name. Its `ioError` decides the exit code; what goes to the peer is `SourceScan.ioError`. */
  issue(issue: EngineIssue): void;
  /** A notice in rsync's words, without a line feed. */
  message(text: ByteString): void;
  /** Sum of a regular file for `--checksum`; zeros if it cannot be read (the hook reports that itself). */
  sum?(entry: FileEntry, localPath: ByteString): ByteString;
  /** Adds ACLs and extended attributes; throws `fs` what cannot be read. */
  attach?: ((entry: FileEntry, localPath: ByteString) => void) | undefined;
  /** A directory's names are about to be filtered: its own rule files count from now on. */
  entering?(dir: ByteString, root: number): void;
}

/** Entries gathered before the caller gets a turn. */
const BATCH = 1000;

/** Lists the source (§6.16): arguments without `-R`, `-L`, `-k` and `-x`. Names are in sending order, not sorted. */
export class SourceScan {
  /** One per source argument; `FileEntry.root` is an index into it. */
  readonly roots: ScanRoot[] = [];
  /** Bits of §4.6 to send at the end of the next list. */
  ioError = 0;

  readonly #fs: SourceFs;
  readonly #args: readonly ByteString[];
  readonly #options: ScanOptions;
  readonly #filter: (name: ByteString, isDir: boolean, root: number) => boolean;
  readonly #hooks: ScanHooks;

  /**
   * @param args source arguments as given
   * @param filter true for names to leave out; asked with names relative to the transfer root
   */
  constructor(
    fs: SourceFs,
    args: readonly ByteString[],
    options: ScanOptions,
    filter: (name: ByteString, isDir: boolean, root: number) => boolean,
    hooks: ScanHooks,
  ) {
    this.#fs = fs;
    this.#args = args;
    this.#options = options;
    this.#filter = filter;
    this.#hooks = hooks;
  }

  /** The first list: everything without incremental recursion, else the arguments and what `dir/` arguments contain. */
  scanArguments(): FileEntry[] {
    const all: FileEntry[] = [];
    for (const batch of this.scanAll()) for (const entry of batch) all.push(entry);
    return all;
  }

  /** The same in pieces, so that the caller can do other work between them. */
  *scanAll(): Generator<FileEntry[]> {
    for (const arg of this.#args) {
      const entry = this.#argument(arg);
      if (!entry) continue;
      yield [entry];
      if (!(entry.flags & EntryFlag.CONTENT_DIR)) continue;
      if (!this.#options.incRecurse) yield* this.#tree(entry);
      else if (entry.base === '.') yield* this.scanDirBatches(entry);
    }
  }

  /** What one directory contains: a sub-list of incremental recursion. Empty where contents are not sent. */
  scanDir(entry: FileEntry): FileEntry[] {
    const all: FileEntry[] = [];
    for (const batch of this.scanDirBatches(entry)) for (const found of batch) all.push(found);
    return all;
  }

  /** `scanDir` in pieces. */
  *scanDirBatches(dir: FileEntry): Generator<FileEntry[]> {
    if (!(dir.flags & EntryFlag.CONTENT_DIR)) return;
    const dirPath = this.localPath(dir);
    let names: ByteString[];
    try {
      names = this.#fs.readdir(dirPath);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') this.#vanished('directory', entryName(dir), dirPath);
      else this.#failed('opendir', entryName(dir), dirPath, error);
      return;
    }
    this.#hooks.entering?.(entryName(dir), dir.root);
    const isRoot = dir.base === '.';
    const prefix = isRoot ? '' : entryName(dir);
    const parent = isRoot ? this.#base(dir) : dirPath;
    let batch: FileEntry[] = [];
    for (const base of names) {
      const entry = this.#child(dir, prefix, base, joinPath(parent, base));
      if (!entry) continue;
      batch.push(entry);
      if (batch.length >= BATCH) {
        yield batch;
        batch = [];
      }
    }
    if (batch.length > 0) yield batch;
  }

  /** Local path of an entry of this scan. */
  localPath(entry: FileEntry): ByteString {
    const base = this.#base(entry);
    return entry.base === '.' && base !== '' ? base : joinPath(base, entryName(entry));
  }

  #base(entry: FileEntry): ByteString {
    return this.roots[entry.root]?.base ?? '';
  }

  /** A directory's entries, then the same for each of its directories in turn. */
  *#tree(top: FileEntry): Generator<FileEntry[]> {
    const pending = [top];
    for (let dir = pending.pop(); dir; dir = pending.pop()) {
      const below: FileEntry[] = [];
      for (const batch of this.scanDirBatches(dir)) {
        for (const entry of batch) if (entry.flags & EntryFlag.CONTENT_DIR) below.push(entry);
        yield batch;
      }
      for (let i = below.length - 1; i >= 0; i--) pending.push(below[i]!);
    }
  }

  #argument(arg: ByteString): FileEntry | null {
    const { isContents, base, name } = splitArgument(arg);
    const root = this.roots.push({ base }) - 1;
    const path = isContents && base !== '' ? base : joinPath(base, name);
    let stat: Stat | null;
    try {
      stat = isContents ? this.#fs.stat(path) : this.#fs.lstat(path);
    } catch (error) {
      this.#failed('link_stat', name, path, error);
      return null;
    }
    if (!stat || (isContents && !isDir(stat.mode))) {
      // rsync deletes on the other side all the same, since nothing that exists was left out: no bit for the peer.
      this.#report(
        'list-failed',
        name,
        `link_stat ${quoted(path)} failed: ${systemError('ENOENT')}`,
        'ENOENT',
        IoError.GENERAL,
      );
      return null;
    }
    const directory = isDir(stat.mode);
    if (!isContents && this.#filter(name, directory, root)) return null;
    if (directory && !this.#options.recursive && !this.#options.dirs) {
      this.#hooks.message(`skipping directory ${name}`);
      return null;
    }
    const withContents = directory && (this.#options.recursive || isContents);
    return this.#entry('', name, stat, root, withContents ? EntryFlag.TOP_DIR | EntryFlag.CONTENT_DIR : 0, path);
  }

  #child(dir: FileEntry, prefix: ByteString, base: ByteString, path: ByteString): FileEntry | null {
    const name = prefix === '' ? base : `${prefix}/${base}`;
    let stat: Stat | null;
    try {
      stat = this.#fs.lstat(path);
    } catch (error) {
      if (!this.#excludedEitherWay(name, dir.root)) this.#failed('readlink_stat', name, path, error);
      return null;
    }
    if (!stat) {
      if (!this.#excludedEitherWay(name, dir.root)) this.#vanished('file', name, path);
      return null;
    }
    const directory = isDir(stat.mode);
    if (this.#filter(name, directory, dir.root)) return null;
    return this.#entry(
      prefix,
      base,
      stat,
      dir.root,
      directory && this.#options.recursive ? EntryFlag.CONTENT_DIR : 0,
      path,
    );
  }

  /** A name that cannot be examined is only worth a report if no rule leaves it out, whatever it is. */
  #excludedEitherWay(name: ByteString, root: number): boolean {
    return this.#filter(name, false, root) || this.#filter(name, true, root);
  }

  #entry(
    dir: ByteString,
    base: ByteString,
    stat: Stat,
    root: number,
    flags: number,
    path: ByteString,
  ): FileEntry | null {
    const { mode } = stat;
    const length = dir === '' ? base.length : dir.length + 1 + base.length;
    if (length >= Limit.PATH) {
      this.ioError |= IoError.GENERAL;
      const name = dir === '' ? base : `${dir}/${base}`;
      this.#report(
        'list-failed',
        name,
        `The name is too long to send (${length} bytes): ${quoted(path)}`,
        'ENAMETOOLONG',
        IoError.GENERAL,
      );
      return null;
    }
    let extra: EntryExtra | null = null;
    if (isDevice(mode)) extra = { rdevMajor: stat.rdevMajor, rdevMinor: stat.rdevMinor };
    else if (isLink(mode) && this.#options.links) {
      try {
        extra = { link: this.#fs.readlink(path) };
      } catch (error) {
        const name = dir === '' ? base : `${dir}/${base}`;
        if (errnoOf(error) === 'ENOENT') this.#vanished('file', name, path);
        else this.#failed('readlink_stat', name, path, error);
        return null;
      }
    }
    if (this.#options.hardLinks && stat.nlink > 1 && !isDir(mode)) {
      (extra ??= {}).hardLink = { dev: stat.dev, ino: stat.ino, first: -1 };
    }
    if (this.#options.atimes > 0 && !isDir(mode)) (extra ??= {}).atime = stat.atime;
    const entry: FileEntry = {
      dir,
      base,
      mode,
      size: isDevice(mode) || isSpecial(mode) ? 0 : stat.size,
      mtime: stat.mtime,
      nsec: stat.nsec,
      uid: stat.uid,
      gid: stat.gid,
      flags,
      root,
      extra,
    };
    if (this.#hooks.attach) {
      try {
        this.#hooks.attach(entry, path);
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') this.#vanished('file', entryName(entry), path);
        else this.#failed('reading attributes of', entryName(entry), path, error);
        return null;
      }
    }
    if (this.#hooks.sum && isReg(mode)) (entry.extra ??= {}).sum = this.#hooks.sum(entry, path);
    return entry;
  }

  #vanished(kind: 'file' | 'directory', name: ByteString, path: ByteString): void {
    this.ioError |= IoError.VANISHED;
    this.#report('vanished', name, `${kind} has vanished: ${quoted(path)}`, 'ENOENT', IoError.VANISHED);
  }

  #failed(call: string, name: ByteString, path: ByteString, error: unknown): void {
    const errno = errnoOf(error);
    if (errno === null) throw error;
    this.ioError |= IoError.GENERAL;
    this.#report('list-failed', name, `${call} ${quoted(path)} failed: ${systemError(errno)}`, errno, IoError.GENERAL);
  }

  #report(code: EngineIssue['code'], name: ByteString, message: string, errno: string, ioError: 1 | 2): void {
    this.#hooks.issue({ code, name, errno, message, ioError });
  }
}

/** Splits a source argument into where it lies and what it is called in the list (§6.16). */
function splitArgument(arg: ByteString): { isContents: boolean; base: ByteString; name: ByteString } {
  if (/(^|\/)\.{0,2}$/.test(arg)) return { isContents: true, base: arg, name: '.' };
  const slash = arg.lastIndexOf('/');
  return { isContents: false, base: slash === 0 ? '/' : arg.slice(0, Math.max(slash, 0)), name: arg.slice(slash + 1) };
}

/** The system's code of a failed file-system call; null for anything that is not one. */
function errnoOf(error: unknown): string | null {
  if (!(error instanceof DriftlineError) || error.data.kind !== 'fs') return null;
  const errno = error.data.details?.['errno'];
  return typeof errno === 'string' ? errno : '';
}

/** Absolute and escaped, between quotes, as rsync shows paths. */
function quoted(path: ByteString): string {
  const full = path.startsWith('/') ? path : joinPath(textToBytes(process.cwd()), path);
  return `"${displayPath(bytesToText(full))}"`;
}

/** Where the C library's text differs from libuv's. */
const SYSTEM_TEXT: Record<string, string> = { EIO: 'Input/output error', ELOOP: 'Too many levels of symbolic links' };

/** `No such file or directory (2)` for `ENOENT`. */
function systemError(errno: string): string {
  const number = (constants.errno as Record<string, number>)[errno];
  if (number === undefined) return errno === '' ? 'unknown error' : errno;
  const text = SYSTEM_TEXT[errno] ?? getSystemErrorMap().get(-number)?.[1] ?? errno;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)} (${number})`;
}
