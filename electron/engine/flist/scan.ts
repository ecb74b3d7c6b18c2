import { type ByteString, joinPath, folderOf } from '../../../shared/model/path.ts';
import type { EngineIssue } from '../events.ts';
import type { SourceFs, Stat } from '../fs/fs.ts';
import { infoLevel } from '../options/info-words.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import { isDir, isReg, Limit } from '../wire/constants.ts';
import { EntryFlag, entryName, type FileEntry } from './entry.ts';
import { ImpliedDirs } from './implied-dirs.ts';
import { ScanReports } from './scan-reports.ts';
import { type SourceArgument, splitArgument, splitRelativeArgument } from './source-argument.ts';
import { type Look, SourceLook } from './source-look.ts';
import { toEntry } from './source-entry.ts';
import { errnoOf } from './source-notices.ts';

/** Where the entries of one source argument are found. */
export interface ScanRoot {
  /** Local directory: an entry lies at `join(base, entryName)`; '' = the working directory. */
  readonly base: ByteString;
  /** File system of the argument (`-x`). */
  dev: Stat['dev'] | null;
}

/** `incRecurse` here is what the handshake agreed on, not what was offered. */
export type ScanOptions = TransferOptions;

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
  /** What a directory holds, if it was listed a moment ago (`ScanAhead`). */
  listed?: ((dir: FileEntry) => FileEntry[] | undefined) | undefined;
}

const BATCH = 1000;

const ARGUMENT = EntryFlag.TOP_DIR | EntryFlag.CONTENT_DIR;

/** `--delete-missing-args`: an argument that is not there. */
const MISSING: Stat = {
  ...{ mode: 0, size: 0, mtime: 0, nsec: 0, atime: 0, uid: 0, gid: 0 },
  ...{ dev: 0, ino: 0, nlink: 0, rdevMajor: 0, rdevMinor: 0 },
};

/** The rest of a `-R` argument below an implied directory, which goes into the sub-list of that directory. */
interface Pending {
  readonly argument: SourceArgument;
  readonly root: number;
  /** Where the rest starts in the argument's name. */
  readonly from: number;
}

/** Parents of an argument; `complete` if the argument itself comes next. */
interface Parents {
  readonly list: FileEntry[];
  readonly complete: boolean;
}

/** Lists the source (§6.16). Names are in sending order, not sorted. */
export class SourceScan {
  /** One per source argument; `FileEntry.root` is an index into it. */
  readonly roots: ScanRoot[] = [];
  readonly #fs: SourceFs;
  readonly #args: readonly ByteString[];
  readonly #options: ScanOptions;
  readonly #filter: (name: ByteString, isDir: boolean, root: number) => boolean;
  readonly #hooks: ScanHooks;
  readonly #look: SourceLook;
  readonly #reports: ScanReports;
  readonly #batch: number;
  /** Incremental `-R`: what is to come below implied directories. */
  readonly #pending = new Map<FileEntry, Pending[]>();
  #rootImplied = false;

  /**
   * @param args source arguments as given
   * @param filter true for names to leave out; asked with names relative to the transfer root
   * @param batch entries gathered before the caller gets a turn
   */
  constructor(
    fs: SourceFs,
    args: readonly ByteString[],
    options: ScanOptions,
    filter: (name: ByteString, isDir: boolean, root: number) => boolean,
    hooks: ScanHooks,
    batch = BATCH,
  ) {
    this.#fs = fs;
    this.#batch = batch;
    this.#args = args;
    this.#options = options;
    this.#filter = filter;
    this.#hooks = hooks;
    this.#reports = new ScanReports((issue) => hooks.issue(issue));
    this.#look = new SourceLook(fs, options, (text) => hooks.message(text));
  }

  /** Bits of §4.6 to send at the end of the next list. */
  get ioError(): number {
    return this.#reports.ioError;
  }

  /** The first list: everything without incremental recursion, else the arguments and what `dir/` arguments contain. */
  scanArguments(): FileEntry[] {
    const all: FileEntry[] = [];
    for (const batch of this.scanAll()) for (const entry of batch) all.push(entry);
    return all;
  }

  /** The same in pieces, so that the caller can do other work between them. */
  *scanAll(): Generator<FileEntry[]> {
    const { relative, incRecurse } = this.#options;
    const implied = new ImpliedDirs();
    for (const arg of this.#args) {
      const argument = relative ? splitRelativeArgument(arg) : splitArgument(arg);
      const root = this.roots.push({ base: argument.base, dev: null }) - 1;
      const found = this.#lookUp(argument, root);
      if (!found || this.#isLeftOut(argument, root, found)) continue;
      if (argument.impliesRoot && !this.#rootImplied) {
        this.#rootImplied = true;
        const top = this.#impliedDir(argument, root, 0);
        if (top) yield [top];
      }
      if (relative) {
        const parents = incRecurse
          ? this.#below(implied, argument, root, 0)
          : this.#parents(implied, argument, root, found);
        if (parents.list.length > 0) yield parents.list;
        if (!parents.complete) continue;
      }
      const entry = this.#argument(argument, root, found);
      if (entry) yield [entry];
      if (!entry || !(entry.flags & EntryFlag.CONTENT_DIR)) continue;
      if (!incRecurse) yield* this.#tree(entry);
      else if (entry.base === '.') yield* this.scanDirBatches(entry);
    }
  }

  /**
   * What directories of one name contain: a sub-list of incremental recursion. Several arguments may have brought them;
   * contents of the same folder are listed once.
   */
  scanDirs(dirs: readonly FileEntry[]): FileEntry[] {
    const all: FileEntry[] = [];
    const scanned: ByteString[] = [];
    for (const dir of dirs) {
      const base = this.#base(dir);
      if (dir.flags & EntryFlag.CONTENT_DIR && !scanned.includes(base)) {
        scanned.push(base);
        for (const batch of this.scanDirBatches(dir)) for (const found of batch) all.push(found);
      }
      const pending = this.#pending.get(dir);
      if (!pending) continue;
      this.#pending.delete(dir);
      const implied = new ImpliedDirs();
      for (const { argument, root, from } of pending) {
        const { list, complete } = this.#below(implied, argument, root, from);
        for (const entry of list) all.push(entry);
        if (!complete) continue;
        const found = this.#lookUp(argument, root);
        if (!found || this.#excludes(argument, root, found)) continue;
        const entry = this.#argument(argument, root, found);
        if (entry) all.push(entry);
      }
    }
    return all;
  }

  /** What one directory contains, in pieces. Empty where contents are not sent. */
  *scanDirBatches(dir: FileEntry): Generator<FileEntry[]> {
    if (!(dir.flags & EntryFlag.CONTENT_DIR)) return;
    const listed = this.#hooks.listed?.(dir);
    if (listed !== undefined) return yield listed;
    const dirPath = this.localPath(dir);
    let names: ByteString[];
    try {
      names = this.#fs.readdir(dirPath);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') this.#reports.vanished('directory', entryName(dir), dirPath);
      else this.#reports.failed('opendir', entryName(dir), dirPath, error);
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
      if (batch.length >= this.#batch) {
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

  /**
   * All implied parents of an argument that the one before did not bring. One that is to be deleted because it is
   * missing may miss its parents as well.
   */
  #parents(implied: ImpliedDirs, argument: SourceArgument, root: number, { stat }: Look): Parents {
    const list: FileEntry[] = [];
    const { name } = argument;
    for (let slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1)) {
      if (implied.has(argument, slash)) continue;
      const dir = this.#impliedDir(argument, root, slash);
      if (dir !== null) list.push(dir);
      else if (stat !== MISSING) return { list, complete: false };
    }
    if (name.includes('/')) implied.remember(argument, name.lastIndexOf('/'));
    return { list, complete: true };
  }

  /** Incremental: the next implied parent of an argument; the rest is left for the list of what is in there. */
  #below(implied: ImpliedDirs, argument: SourceArgument, root: number, from: number): Parents {
    const slash = argument.name.indexOf('/', from);
    if (slash < 0) return { list: [], complete: true };
    const rest: Pending = { argument, root, from: slash + 1 };
    const known = implied.entryOf(argument, slash);
    if (known) {
      this.#pending.get(known)!.push(rest);
      return { list: [], complete: false };
    }
    const dir = this.#impliedDir(argument, root, slash);
    if (dir === null) return { list: [], complete: false };
    this.#pending.set(dir, [rest]);
    implied.remember(argument, slash, dir);
    return { list: [dir], complete: false };
  }

  /** A parent that a `-R` argument names, so that it can be made with its attributes; rules do not apply to it. */
  #impliedDir({ base, name, absolute }: SourceArgument, root: number, end: number): FileEntry | null {
    const own = end === 0 ? '.' : name.slice(0, end);
    const path = end === 0 ? base || '.' : joinPath(base, own);
    try {
      const stat = this.#fs.stat(path);
      if (stat === null) this.#gone(own, path);
      if (stat === null || !isDir(stat.mode)) return null;
      return this.#named(own, stat, null, root, EntryFlag.TOP_DIR | (absolute ? EntryFlag.ABSOLUTE : 0), path);
    } catch (error) {
      this.#reports.failed('link_stat', own, path, error);
      return null;
    }
  }

  /** @returns null if there is nothing to send, which has been told */
  #lookUp({ kind, base, name }: SourceArgument, root: number): Look | null {
    const path = kind === 'root' ? base || '.' : joinPath(base, name);
    let found: Look | null;
    try {
      found = this.#look.at(path, name, kind !== 'plain');
    } catch (error) {
      this.#reports.failed('link_stat', name, path, error);
      return null;
    }
    if (found && (kind !== 'root' || isDir(found.stat.mode))) {
      this.roots[root]!.dev = found.stat.dev;
      return found;
    }
    // Where the folder of an argument cannot be entered, what it holds is not known: then nothing may be deleted.
    const start = kind === 'root' ? base || '.' : base;
    const folder = start.replace(/(.)\/+$/, '$1');
    const fault = this.#look.noFolder(folder);
    if (fault !== null) {
      this.#reports.failed('change_dir', name, folder, fault);
      return null;
    }
    if (this.#look.noFolder(folderOf(path)) === 'ENOTDIR') {
      this.#reports.failed('link_stat', name, path, 'ENOTDIR');
      return null;
    }
    const { copyLinks, copyUnsafeLinks, missingArgs } = this.#options;
    // The argument is there; what it leads to is not.
    if (copyUnsafeLinks && !copyLinks && kind === 'plain' && this.#fs.lstat(path) !== null) {
      if (!this.#excludedEitherWay(name, root)) this.#gone(name, path);
      return null;
    }
    if (missingArgs === 'delete') return { stat: MISSING, link: null };
    if (missingArgs === 'error') this.#reports.missingArgument(name, path);
    return null;
  }

  /** Whether an argument stays at home, and with it the parents it names. */
  #isLeftOut(argument: SourceArgument, root: number, found: Look): boolean {
    const { name, absolute } = argument;
    const { recursive, dirs } = this.#options;
    // As in rsync: whether what is to be deleted may go is for the rules of the receiving side to say, unless a list of
    // what is in its folder is sent (`scanDirs`).
    if (found.stat === MISSING) return false;
    const directory = isDir(found.stat.mode);
    if (this.#excludes(argument, root, found)) return true;
    if (!directory || recursive || dirs) return false;
    this.#hooks.message(`skipping directory ${absolute ? '/' : ''}${name}`);
    return true;
  }

  #excludes({ kind, name }: SourceArgument, root: number, { stat }: Look): boolean {
    return kind !== 'root' && this.#filter(name, isDir(stat.mode), root);
  }

  #argument({ kind, name, base, absolute }: SourceArgument, root: number, found: Look): FileEntry | null {
    const withContents = isDir(found.stat.mode) && (this.#options.recursive || kind !== 'plain');
    const flags = (withContents ? ARGUMENT : 0) | (absolute ? EntryFlag.ABSOLUTE : 0);
    return this.#named(name, found.stat, found.link, root, flags, kind === 'root' ? base || '.' : joinPath(base, name));
  }

  #named(
    name: ByteString,
    stat: Stat,
    link: ByteString | null,
    root: number,
    flags: number,
    path: ByteString,
  ): FileEntry | null {
    const slash = name.lastIndexOf('/');
    return this.#entry(name.slice(0, Math.max(0, slash)), name.slice(slash + 1), stat, link, root, flags, path);
  }

  #child(dir: FileEntry, prefix: ByteString, base: ByteString, path: ByteString): FileEntry | null {
    const name = prefix === '' ? base : `${prefix}/${base}`;
    let found: Look | null;
    try {
      found = this.#look.at(path, name, false);
    } catch (error) {
      if (this.#excludedEitherWay(name, dir.root)) return null;
      if (errnoOf(error) === 'ENOENT') this.#reports.vanished('file', name, path);
      else this.#reports.failed('readlink_stat', name, path, error);
      return null;
    }
    if (!found) {
      if (!this.#excludedEitherWay(name, dir.root)) this.#gone(name, path);
      return null;
    }
    const { stat, link } = found;
    const directory = isDir(stat.mode);
    if (this.#filter(name, directory, dir.root)) return null;
    let flags = dir.flags & EntryFlag.ABSOLUTE;
    if (directory && this.#options.recursive) {
      const isMount = this.#options.oneFileSystem > 0 && stat.dev !== this.roots[dir.root]!.dev;
      if (isMount && this.#options.oneFileSystem > 1) {
        if (infoLevel(this.#options, 'mount') > 0) this.#hooks.message(`[sender] skipping mount-point dir ${name}`);
        return null;
      }
      if (!isMount) flags |= EntryFlag.CONTENT_DIR;
    }
    return this.#entry(prefix, base, stat, link, dir.root, flags, path);
  }

  /** A name that cannot be examined is only worth a report if no rule leaves it out, whatever it is. */
  #excludedEitherWay(name: ByteString, root: number): boolean {
    return this.#filter(name, false, root) || this.#filter(name, true, root);
  }

  #entry(
    dir: ByteString,
    base: ByteString,
    stat: Stat,
    link: ByteString | null,
    root: number,
    flags: number,
    path: ByteString,
  ): FileEntry | null {
    const length = dir === '' ? base.length : dir.length + 1 + base.length;
    if (length >= Limit.PATH) {
      this.#reports.tooLong(dir === '' ? base : `${dir}/${base}`, path);
      return null;
    }
    const entry = toEntry(dir, base, stat, link, root, flags, this.#options, this.#fs);
    const { mode } = entry;
    if (mode === 0) return entry;
    if (this.#hooks.attach) {
      try {
        this.#hooks.attach(entry, path);
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') this.#reports.vanished('file', entryName(entry), path);
        else this.#reports.failed('reading attributes of', entryName(entry), path, error);
        return null;
      }
    }
    if (this.#hooks.sum && isReg(mode)) (entry.extra ??= {}).sum = this.#hooks.sum(entry, path);
    return entry;
  }

  /** There is nothing at a name that was listed, or nothing where it leads to. */
  #gone(name: ByteString, path: ByteString): void {
    if (this.#look.follows && this.#fs.lstat(path)) this.#reports.noReferent(name, path);
    else this.#reports.vanished('file', name, path);
  }
}
