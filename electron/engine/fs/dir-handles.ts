import fs from 'node:fs';
import { fail } from '../../../shared/errors.ts';
import { type ByteString, joinPath } from '../../../shared/model/path.ts';
import { errnoOf, fsError } from './fs-error.ts';
import { native } from './native-path.ts';

/**
 * A folder below the root, ready for calls on its entries: `prefix` + name reaches an entry, and where `fd` is not
 * null, (`fd`, name) does too. Valid until the next call on its `DirHandles`, unless pinned.
 */
export interface DirHandle {
  readonly prefix: ByteString;
  readonly fd: number | null;
}

/** How parents are reached without following a symlink below the root (faults.md H5). */
export interface DirHandles {
  /** The folder at `rel` ('' = the root); null if a component is missing, a symlink or no folder. `rel` is checked before. */
  open(rel: ByteString): DirHandle | null;
  /** Keeps a handle valid across other calls, until `unpin`. */
  pin(handle: DirHandle): void;
  unpin(handle: DirHandle): void;
  /** Drops what is held at and below `rel`, after it was removed or replaced. */
  forget(rel: ByteString): void;
  close(): void;
}

/** Open folders kept at most, so that the descriptor count stays bounded however wide and deep the tree is (D21). */
const MAX_OPEN = 64;

// Linux: a descriptor that only names the folder. It needs no read permission on it, as rsync's chdir needs none.
const O_PATH = 0x200000;
const HOLD = O_PATH | (fs.constants.O_DIRECTORY ?? 0);

/** Where `/proc/self/fd/N/name` works. Containers may run without /proc. */
export function canHold(): boolean {
  return process.platform === 'linux' && fs.existsSync('/proc/self/fd');
}

interface HeldDir extends DirHandle {
  readonly rel: ByteString;
  readonly fd: number;
  used: number;
  pins: number;
  /** Forgotten or evicted while pinned: closed by the last unpin. */
  dropped: boolean;
}

/**
 * Linux: each folder is opened inside its already opened parent with O_DIRECTORY|O_NOFOLLOW, and entries are reached
 * through the descriptor. A parent swapped for a symlink afterwards changes nothing: the descriptor is the old folder.
 */
export class HeldDirs implements DirHandles {
  readonly #open = new Map<ByteString, HeldDir>();
  readonly #root: HeldDir;
  readonly #rootPath: ByteString;
  readonly #follow: boolean;
  #clock = 0;
  #closed = false;

  /**
   * @param root may itself be reached through symlinks
   * @param follow whether a symlink to a folder below the root stands for that folder (`--keep-dirlinks`)
   * @param at another path to it, which is the one that is opened
   * @throws fs if it is missing or no folder
   */
  constructor(root: ByteString, follow = false, at = root) {
    this.#rootPath = root;
    this.#follow = follow;
    try {
      this.#root = held('', fs.openSync(native(at), HOLD));
    } catch (error) {
      throw fsError(error, 'open the folder', root);
    }
  }

  open(rel: ByteString): HeldDir | null {
    // A closed descriptor's number may already be another file's.
    if (this.#closed) throw fail('internal', 'root-closed', 'A destination was used after it was closed.');
    if (rel === '') return this.#root;
    const known = this.#open.get(rel);
    if (known === undefined) return this.#walk(rel);
    known.used = ++this.#clock;
    return known;
  }

  pin(handle: DirHandle): void {
    (handle as HeldDir).pins++;
  }

  unpin(handle: DirHandle): void {
    const dir = handle as HeldDir;
    if (--dir.pins === 0 && dir.dropped) fs.closeSync(dir.fd);
  }

  forget(rel: ByteString): void {
    const below = rel === '' ? '' : `${rel}/`;
    for (const dir of this.#open.values()) if (dir.rel === rel || dir.rel.startsWith(below)) this.#drop(dir);
  }

  close(): void {
    this.#closed = true;
    for (const dir of this.#open.values()) this.#drop(dir);
    this.#drop(this.#root);
  }

  /** Opens the missing components one by one, starting from the nearest folder that is still held. */
  #walk(rel: ByteString): HeldDir | null {
    let at = this.#root;
    let start = 0;
    for (let slash = rel.lastIndexOf('/'); slash > 0; slash = rel.lastIndexOf('/', slash - 1)) {
      const ancestor = this.#open.get(rel.slice(0, slash));
      if (ancestor === undefined) continue;
      at = ancestor;
      start = slash + 1;
      break;
    }
    while (start <= rel.length) {
      const slash = rel.indexOf('/', start);
      const end = slash < 0 ? rel.length : slash;
      const child = this.#openChild(at, rel.slice(start, end), rel.slice(0, end));
      if (child === null) return null;
      at = child;
      start = end + 1;
    }
    return at;
  }

  #openChild(parent: HeldDir, name: ByteString, rel: ByteString): HeldDir | null {
    let fd: number;
    try {
      fd = fs.openSync(native(parent.prefix + name), HOLD | fs.constants.O_NOFOLLOW);
    } catch (error) {
      const errno = errnoOf(error);
      // Linux says ENOTDIR of a symlink, others ELOOP.
      const followed = this.#follow && errno !== 'ENOENT' ? this.#openInside(parent.prefix + name) : null;
      if (followed === null) {
        if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP') return null;
        throw fsError(error, 'open the folder', joinPath(this.#rootPath, rel));
      }
      fd = followed;
    }
    const dir = held(rel, fd);
    dir.used = ++this.#clock;
    this.#open.set(rel, dir);
    if (this.#open.size > MAX_OPEN) this.#evict(dir);
    return dir;
  }

  /** Follows symlinks to a folder; what was reached is held, then looked at. @returns null unless it is below the root */
  #openInside(path: ByteString): number | null {
    let fd: number;
    try {
      fd = fs.openSync(native(path), HOLD);
    } catch {
      return null;
    }
    try {
      const reached = fs.readlinkSync(`/proc/self/fd/${fd}`, 'latin1');
      if (isInside(reached, this.#rootPath)) return fd;
    } catch {
      // Not known to be inside.
    }
    fs.closeSync(fd);
    return null;
  }

  #evict(newest: HeldDir): void {
    let oldest: HeldDir | null = null;
    for (const dir of this.#open.values())
      if (dir.pins === 0 && dir !== newest && (oldest === null || dir.used < oldest.used)) oldest = dir;
    if (oldest !== null) this.#drop(oldest);
  }

  #drop(dir: HeldDir): void {
    this.#open.delete(dir.rel);
    if (dir.pins === 0) fs.closeSync(dir.fd);
    else dir.dropped = true;
  }
}

function held(rel: ByteString, fd: number): HeldDir {
  return { rel, fd, prefix: `/proc/self/fd/${fd}/`, used: 0, pins: 0, dropped: false };
}

/**
 * Elsewhere: every component is looked at immediately before each use. Residual: a parent swapped between that look
 * and the call is followed; only a held descriptor can prevent it, and Node offers no openat(2).
 */
export class WalkedDirs implements DirHandles {
  readonly #rootPath: ByteString;
  readonly #follow: boolean;

  /** @param follow as above. @throws fs if the root is missing or no folder */
  constructor(root: ByteString, follow = false) {
    this.#rootPath = root;
    this.#follow = follow;
    try {
      if (!fs.statSync(native(root)).isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
    } catch (error) {
      throw fsError(error, 'open the folder', root);
    }
  }

  open(rel: ByteString): DirHandle | null {
    let end = 0;
    while (end < rel.length) {
      const slash = rel.indexOf('/', end + 1);
      end = slash < 0 ? rel.length : slash;
      const path = joinPath(this.#rootPath, rel.slice(0, end));
      try {
        const stat = fs.lstatSync(native(path), { throwIfNoEntry: false });
        if (!stat?.isDirectory() && !(stat?.isSymbolicLink() && this.#follow && this.#leadsInside(path))) return null;
      } catch (error) {
        if (errnoOf(error) === 'ENOTDIR') return null;
        throw fsError(error, 'look at', path);
      }
    }
    const dir = joinPath(this.#rootPath, rel);
    return { prefix: dir.endsWith('/') ? dir : `${dir}/`, fd: null };
  }

  #leadsInside(path: ByteString): boolean {
    try {
      const real = fs.realpathSync.native(native(path), 'latin1');
      return isInside(real, this.#rootPath) && fs.statSync(native(real)).isDirectory();
    } catch {
      return false;
    }
  }

  pin(): void {}
  unpin(): void {}
  forget(): void {}
  close(): void {}
}

const isInside = (path: ByteString, root: ByteString): boolean => root === '/' || path.startsWith(`${root}/`);
