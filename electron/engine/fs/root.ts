import fs from 'node:fs';
import { fail } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath, joinPath } from '../../../shared/model/path.ts';
import { defaultMode } from './acl.ts';
import { canHold, type DirHandle, type DirHandles, HeldDirs, WalkedDirs } from './dir-handles.ts';
import { type FakeStat, formatFakeStat, readFakeStat, readTarget, setFakeAttributes } from './fake-super.ts';
import { errnoError, errnoOf, fsError, isMissing } from './fs-error.ts';
import type {
  DestinationDir,
  DestinationRoot,
  InPlaceOptions,
  NewAttributes,
  OutputFile,
  ReadFile,
  Stat,
  TempFile,
  TempOptions,
  XattrDoor,
} from './fs.ts';
import { type Journal, NO_JOURNAL, type TempKind } from './journal.ts';
import { atNamed, type Trust } from './named-path.ts';
import { checkName, checkRel, native } from './native-path.ts';
import { BYTES, lstatEntry, openRegular } from './node-fs.ts';
import { loadPosix } from './posix.ts';
import { chmodNoFollow, nodeTimes } from './file-attributes.ts';
import { openInPlace } from './in-place-file.ts';
import { makeTemporary, openTemp, TEMP_FLAGS, type TempPlace } from './temp-file.ts';
import { hasXattrs, openXattrs } from './xattr.ts';
import { FakeXattr } from '../flist/xattr.ts';
import { isDir, isReg, Mode } from '../wire/constants.ts';

const { S_IFMT, S_IFLNK, S_IFREG } = fs.constants;

export interface RootOptions {
  /** Where temporary entries are recorded. Default: nowhere. */
  journal?: Journal;
  /** Hold parents open (Linux) or look at them before each use. Default: hold where the system can. */
  hold?: boolean;
  /** Whether a symlink to a folder below the root stands for that folder (`--keep-dirlinks`). Default: none does. */
  follow?: boolean;
  /** `--fake-super`: files stand for what their attributes say. */
  fakeSuper?: boolean;
  /** Whether reading leaves access times alone (`--open-noatime`). */
  noatime?: boolean;
  /** Which links lead to the root itself. Default: all. */
  trust?: Trust;
}

/**
 * Opens a destination. The root itself may be reached through symlinks, as with rsync; below it none is followed.
 * @param path an existing folder, absolute or relative to the working directory
 * @throws fs `enoent`, `enotdir`, `eacces` …
 */
export function openRoot(path: ByteString, options: RootOptions = {}): DestinationRoot {
  const Dirs = (options.hold ?? canHold()) ? HeldDirs : WalkedDirs;
  let real: ByteString;
  let dirs: DirHandles;
  try {
    [real, dirs] = atNamed(path, options.trust ?? { insecureLinks: true }, (at) => {
      const found = fs.realpathSync.native(native(at), BYTES);
      return [found, new Dirs(found, options.follow, at)];
    });
  } catch (error) {
    throw fsError(error, 'open the folder', path);
  }
  return new OpenRoot(real, dirs, options.journal ?? NO_JOURNAL, options);
}

class OpenRoot implements DestinationRoot {
  readonly path: ByteString;
  readonly #dirs: DirHandles;
  readonly #journal: Journal;
  readonly #fakeSuper: boolean;
  readonly #noatime: boolean;
  #closed = false;

  constructor(path: ByteString, dirs: DirHandles, journal: Journal, options: RootOptions) {
    this.path = path;
    this.#dirs = dirs;
    this.#journal = journal;
    this.#fakeSuper = options.fakeSuper ?? false;
    this.#noatime = options.noatime ?? false;
  }

  dir(rel: ByteString): DestinationDir | null {
    checkRel(rel);
    if (this.#dirs.open(rel) === null) return null;
    const kept = { fakeSuper: this.#fakeSuper, noatime: this.#noatime };
    return new Dir({ dirs: this.#dirs, journal: this.#journal, root: this.path, rel, ...kept });
  }

  forget(rel: ByteString): void {
    this.#dirs.forget(rel);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#dirs.close();
  }
}

class Dir implements DestinationDir {
  readonly rel: ByteString;
  readonly #place: TempPlace;

  constructor(place: TempPlace) {
    this.rel = place.rel;
    this.#place = place;
  }

  lstat(name: ByteString): Stat | null {
    const real = this.#realStat(name);
    if (real === null || !this.#place.fakeSuper) return real;
    return readFakeStat(real, this.xattrs(name), this.#shown(name));
  }

  #realStat(name: ByteString): Stat | null {
    if (name !== '.') checkName(name);
    const dir = this.#place.dirs.open(this.rel);
    if (dir === null) return null;
    return lstatEntry(dir, name, loadPosix(), this.#shown(name));
  }

  readdir(): ByteString[] {
    const { prefix } = this.#dir();
    return this.#named('', 'list', () => fs.readdirSync(native(prefix), BYTES));
  }

  readlink(name: ByteString): ByteString {
    const path = this.#entry(name);
    if (this.#place.fakeSuper && isReg(this.#realStat(name)?.mode ?? 0)) return readTarget(this.openRead(name));
    return this.#named(name, 'read the link', () => fs.readlinkSync(native(path), BYTES));
  }

  openRead(name: ByteString, devices = false): ReadFile {
    checkName(name);
    return openRegular(this.#dir(), name, this.#shown(name), { devices, noatime: this.#place.noatime });
  }

  mkdir(name: ByteString, mode: number): void {
    const path = this.#entry(name);
    this.#named(name, 'create the folder', () => fs.mkdirSync(native(path), mode & 0o7777));
  }

  rmdir(name: ByteString): void {
    const path = this.#entry(name);
    this.#named(name, 'remove the folder', () => fs.rmdirSync(native(path)));
    this.#place.dirs.forget(joinPath(this.rel, name));
  }

  unlink(name: ByteString): void {
    const path = this.#entry(name);
    this.#named(name, 'remove', () => fs.unlinkSync(native(path)));
  }

  symlink(name: ByteString, target: ByteString): void {
    if (this.#place.fakeSuper) return this.#standIn(name, { ...newStandIn(), mode: Mode.LINK | 0o777 }, target);
    this.#replace(
      name,
      () => 'l',
      'create the link',
      (path) => fs.symlinkSync(native(target), native(path)),
    );
  }

  mknod(name: ByteString, mode: number, major: number, minor: number): void {
    if (this.#place.fakeSuper) {
      const stat = { ...newStandIn(), mode: mode & (S_IFMT | 0o600), rdevMajor: major, rdevMinor: minor };
      return this.#standIn(name, stat, '');
    }
    const call = loadPosix()?.mknod;
    if (!call) throw this.#notSupported(name);
    this.#replace(
      name,
      () => 'n',
      'create the special file',
      (path) => {
        // Open to nobody else until the caller sets owner and mode.
        const errno = call(null, path, mode & (S_IFMT | 0o600), major, minor);
        // A device needs privilege, which is the same to the person as a system that has none.
        if (errno === 'EPERM') throw this.#notSupported(name);
        if (errno !== '') throw Object.assign(new Error(errno), { code: errno });
      },
    );
  }

  /** Makes a plain file that stands for something else (`--fake-super`). */
  #standIn(name: ByteString, stat: FakeStat, content: ByteString): void {
    this.#replace(
      name,
      () => 'f',
      'create',
      (path) => {
        const fd = fs.openSync(native(path), TEMP_FLAGS, 0o600);
        try {
          fs.writeSync(fd, content, null, 'latin1');
          openXattrs(fd, this.#shown(name)).set(FakeXattr.STAT, Buffer.from(formatFakeStat(stat), 'latin1'));
        } catch (error) {
          fs.unlinkSync(native(path));
          throw error;
        } finally {
          fs.closeSync(fd);
        }
      },
    );
  }

  rename(name: ByteString, toDir: DestinationDir, toName: ByteString): void {
    this.#both(name, toDir, toName, (from, to) => {
      this.#named(name, 'move', () => fs.renameSync(native(from), native(to)));
    });
    // A folder moves with everything that is held below it.
    this.#place.dirs.forget(joinPath(this.rel, name));
  }

  link(name: ByteString, toDir: DestinationDir, toName: ByteString): void {
    this.#both(name, toDir, toName, (from, _, into) => {
      const kind = (): TempKind => {
        const type = (this.lstat(name)?.mode ?? 0) & S_IFMT;
        return type === S_IFLNK ? 'l' : type === S_IFREG ? 'f' : 'n';
      };
      into.#replace(toName, kind, 'create the hard link', (path) => fs.linkSync(native(from), native(path)));
    });
  }

  xattrs(name: ByteString): XattrDoor {
    if (name !== '.') checkName(name);
    return openXattrs(this.#dir().prefix + name, this.#shown(name));
  }

  defaultMode(): number | null {
    return hasXattrs() ? defaultMode(this.xattrs('.')) : null;
  }

  setAttributes(name: ByteString, wanted: NewAttributes, isSymlink: boolean): void {
    if (name !== '.') checkName(name);
    const dir = this.#dir();
    const path = dir.prefix + name;
    const attributes = this.#place.fakeSuper ? this.#setFake(name, dir, wanted) : wanted;
    const { uid, gid, mode, mtime, nsec, atime } = attributes;
    if (uid !== null || gid !== null) {
      this.#named(name, 'set the owner of', () => fs.lchownSync(native(path), uid ?? -1, gid ?? -1));
    }
    if (attributes.extended) this.#setExtended(name, dir, attributes.extended);
    if (mode !== null && !isSymlink) {
      this.#named(name, 'set the mode of', () => chmodNoFollow(dir, name, mode & 0o7777));
    }
    if (mtime === null && atime === null) return;
    const posix = loadPosix();
    if (posix === null) {
      this.#named(name, 'set the time of', () => {
        const times = nodeTimes(mtime, nsec, atime, () => fs.lstatSync(native(path), { bigint: true }));
        fs.lutimesSync(native(path), ...times);
      });
      return;
    }
    const errno =
      dir.fd === null
        ? posix.setTimes(null, path, mtime, nsec, atime)
        : posix.setTimes(dir.fd, name, mtime, nsec, atime);
    if (errno !== '') throw errnoError(errno, 'set the time of', this.#shown(name));
  }

  #setFake(name: ByteString, dir: DirHandle, wanted: NewAttributes): NewAttributes {
    const real = this.#realStat(name);
    if (real === null) throw errnoError('ENOENT', 'set the owner or mode of', this.#shown(name));
    const chmod = (mode: number): void =>
      this.#named(name, 'set the mode of', () => chmodNoFollow(dir, name, mode & 0o7777));
    return setFakeAttributes(wanted, real, this.xattrs(name), chmod, this.#shown(name));
  }

  /** Attributes of users take write permission, which our own file is given for the moment. */
  #setExtended(name: ByteString, dir: DirHandle, set: (at: XattrDoor) => void): void {
    const mode = process.getuid?.() === 0 ? 0o200 : (this.#realStat(name)?.mode ?? 0);
    const locked = (mode & 0o200) === 0 && (isReg(mode) || isDir(mode));
    try {
      if (locked) chmodNoFollow(dir, name, (mode & 0o7777) | 0o200);
    } catch {
      // Not ours: setting the attributes will say so.
    }
    try {
      set(this.xattrs(name));
    } finally {
      if (locked) this.#named(name, 'set the mode of', () => chmodNoFollow(dir, name, mode & 0o7777));
    }
  }

  createTemp(name: ByteString, options: TempOptions = {}): TempFile {
    checkName(name);
    return openTemp(this.#place, this, this.#dir(), name, options);
  }

  openInPlace(name: ByteString, options: InPlaceOptions): OutputFile {
    checkName(name);
    return openInPlace(this, this.#dir(), this.#place.dirs, name, this.#shown(name), options, this.#place.fakeSuper);
  }

  /** Makes an entry at once where the name is free, otherwise under a temporary name that is renamed over the old one. */
  #replace(name: ByteString, kind: () => TempKind, action: string, make: (path: ByteString) => void): void {
    checkName(name);
    const { prefix } = this.#dir();
    try {
      make(prefix + name);
      return;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw fsError(error, action, this.#shown(name));
    }
    const { temp } = makeTemporary(this.#place, name, kind(), (candidate) => make(prefix + candidate));
    try {
      fs.renameSync(native(prefix + temp), native(prefix + name));
    } catch (error) {
      this.#discard(prefix + temp);
      throw fsError(error, action, this.#shown(name));
    }
    // Renaming one name of a file over another one does nothing.
    this.#discard(prefix + temp);
  }

  /** If the removal fails too, the journal still names what is left. */
  #discard(temp: ByteString): void {
    try {
      fs.unlinkSync(native(temp));
    } catch (error) {
      if (!isMissing(errnoOf(error))) return;
    }
    this.#place.journal.done();
  }

  #dir(): DirHandle {
    const dir = this.#place.dirs.open(this.rel);
    if (dir === null) throw errnoError('ENOENT', 'enter', this.#shown(''));
    return dir;
  }

  /** A call on an entry here and one in another folder, with this folder held while the other one is opened. */
  #both(
    name: ByteString,
    toDir: DestinationDir,
    toName: ByteString,
    call: (from: ByteString, to: ByteString, into: Dir) => void,
  ): void {
    if (!(toDir instanceof Dir)) throw fail('internal', 'foreign-folder', 'Entries move between real folders only.');
    checkName(name);
    checkName(toName);
    const { dirs } = this.#place;
    const here = this.#dir();
    dirs.pin(here);
    try {
      call(here.prefix + name, toDir.#dir().prefix + toName, toDir);
    } finally {
      dirs.unpin(here);
    }
  }

  #entry(name: ByteString): ByteString {
    checkName(name);
    return this.#dir().prefix + name;
  }

  /** Runs a call and names the real path in its error instead of the one through /proc. */
  #named<T>(name: ByteString, action: string, call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw fsError(error, action, this.#shown(name));
    }
  }

  #shown(name: ByteString): ByteString {
    return joinPath(this.#place.root, name === '.' ? this.rel : joinPath(this.rel, name));
  }

  #notSupported(name: ByteString): Error {
    const text = bytesToText(this.#shown(name));
    return fail('fs', 'not-supported', `Cannot create the special file “${displayPath(text)}” on this system.`, {
      hint: 'Devices and named pipes need Linux, the optional package koffi, and for devices administrator rights.',
      path: text,
      details: { errno: 'ENOTSUP' },
    });
  }
}

const newStandIn = () => ({ rdevMajor: 0, rdevMinor: 0, uid: process.geteuid!(), gid: process.getegid!() });
