import fs from 'node:fs';
import { fail } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import { majorOf, minorOf } from './device-number.ts';
import type { DirHandle } from './dir-handles.ts';
import { deviceSize } from './device-size.ts';
import { NO_FOLDER, openEntry } from './entry-calls.ts';
import type { ReadFile, ReadHow, SourceFs, Stat } from './fs.ts';
import { errnoError, errnoOf, fsError, isMissing } from './fs-error.ts';
import { kernelAcls } from './acl.ts';
import { native } from './native-path.ts';
import { fasterCalls, type Posix } from './posix.ts';
import { openXattrs } from './xattr.ts';

const { S_IFMT, S_IFREG, S_IFBLK, S_IFCHR, O_RDONLY } = fs.constants;
// Windows has neither flag; its reparse points are refused by the type check after opening.
const O_NOFOLLOW = fs.constants.O_NOFOLLOW ?? 0;
const O_NONBLOCK = fs.constants.O_NONBLOCK ?? 0;
// Linux only.
const O_NOATIME = fs.constants.O_NOATIME ?? 0;

const BIG = { bigint: true, throwIfNoEntry: false } as const;
/** libuv names: one char per byte. */
export const BYTES = { encoding: 'latin1' } as const;

/** How the system is to reach what lies at a path. Null: nothing lies there any more. */
export interface Reach {
  /** A folder, and what the entry is called in it. Good until the next call. */
  place(path: ByteString): { readonly dir: DirHandle; readonly name: ByteString } | null;
  /** The path of a folder that is to be listed. */
  folder(path: ByteString): ByteString | null;
}

/** The source side on node:fs. Nanoseconds need bigint stats, which cost no more than the inexact number form. */
export function sourceOnNode(reach: Reach): SourceFs {
  const at = <T>(reached: T | null, action: string, path: ByteString): T => {
    if (reached === null) throw errnoError('ENOENT', action, path);
    return reached;
  };
  const entry = (action: string, path: ByteString): ByteString => {
    const { dir, name } = at(reach.place(path), action, path);
    return dir.prefix + name;
  };
  return {
    lstat(path) {
      const place = reach.place(path);
      return place && lstatEntry(place.dir, place.name, fasterCalls(), path);
    },
    stat(path) {
      const place = reach.place(path);
      return place && statOrNull(fs.statSync, place.dir.prefix + place.name, path);
    },
    readdir(path) {
      try {
        return fs.readdirSync(native(at(reach.folder(path), 'list', path)), BYTES);
      } catch (error) {
        throw fsError(error, 'list', path);
      }
    },
    readlink(path) {
      try {
        return fs.readlinkSync(native(entry('read the link', path)), BYTES);
      } catch (error) {
        throw fsError(error, 'read the link', path);
      }
    },
    realpath(path) {
      try {
        return fs.realpathSync.native(native(entry('look at', path)), BYTES);
      } catch (error) {
        throw fsError(error, 'look at', path);
      }
    },
    openRead(path, how) {
      const { dir, name } = at(reach.place(path), 'open', path);
      return openRegular(dir, name, path, how);
    },
    deviceSize,
    unlink(path) {
      try {
        fs.unlinkSync(native(entry('remove', path)));
      } catch (error) {
        throw fsError(error, 'remove', path);
      }
    },
    xattrs: (path) => openXattrs(entry('reach the attributes of', path), path),
    acls: kernelAcls,
  };
}

/** The source side with paths as they are. */
export const nodeSourceFs: SourceFs = sourceOnNode({
  place: (path) => ({ dir: NO_FOLDER, name: path }),
  folder: (path) => path,
});

/**
 * @param posix calls that are faster, or null
 * @param shown the entry's path in messages
 * @returns null if there is nothing of that name
 */
export function lstatEntry(dir: DirHandle, name: ByteString, posix: Posix | null, shown: ByteString): Stat | null {
  const call = posix?.lstat;
  if (!call) return statOrNull(fs.lstatSync, dir.prefix + name, shown);
  const found = emptyStat();
  const errno = dir.fd === null ? call(null, dir.prefix + name, found) : call(dir.fd, name, found);
  if (errno === '') return found;
  if (isMissing(errno)) return null;
  throw errnoError(errno, 'look at', shown);
}

type BigStatCall = (path: string | Buffer, options: typeof BIG) => fs.BigIntStats | undefined;

/**
 * @param call fs.lstatSync or fs.statSync
 * @param shown the path's name in messages
 * @returns null if there is nothing at `path`
 */
export function statOrNull(call: BigStatCall, path: ByteString, shown: ByteString): Stat | null {
  try {
    const stats = call(native(path), BIG);
    return stats === undefined ? null : toStat(stats);
  } catch (error) {
    if (isMissing(errnoOf(error))) return null;
    throw fsError(error, 'look at', shown);
  }
}

export function toStat(stats: fs.BigIntStats): Stat {
  const mode = Number(stats.mode);
  let mtime = Number(stats.mtimeNs / 1_000_000_000n);
  let nsec = Number(stats.mtimeNs % 1_000_000_000n);
  if (nsec < 0) {
    // BigInt division rounds towards zero, a timespec towards minus infinity.
    nsec += 1_000_000_000;
    mtime -= 1;
  }
  let atime = Number(stats.atimeNs / 1_000_000_000n);
  if (stats.atimeNs < 0n && stats.atimeNs % 1_000_000_000n !== 0n) atime -= 1;
  const type = mode & S_IFMT;
  const rdev = type === S_IFBLK || type === S_IFCHR ? Number(stats.rdev) : 0;
  return {
    mode,
    size: Number(stats.size),
    mtime,
    nsec,
    atime,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    dev: exact(stats.dev),
    ino: exact(stats.ino),
    nlink: Number(stats.nlink),
    rdevMajor: majorOf(rdev),
    rdevMinor: minorOf(rdev),
  };
}

/** For a call that fills it in. */
const emptyStat = (): Stat => ({
  ...{ mode: 0, size: 0, mtime: 0, nsec: 0, atime: 0, uid: 0, gid: 0 },
  ...{ dev: 0, ino: 0, nlink: 0, rdevMajor: 0, rdevMinor: 0 },
});

function exact(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/**
 * Opens a regular file for reading. O_NOFOLLOW refuses a link planted at the last moment unless links are followed,
 * O_NONBLOCK keeps a FIFO from blocking the open; the type is then checked on the open file.
 * @param shown its path in messages
 * @throws fs with the errno's code; `not-regular` for anything else
 */
export function openRegular(
  dir: DirHandle,
  name: ByteString,
  shown: ByteString,
  { follow, noatime, devices }: ReadHow = {},
): ReadFile {
  const flags = O_RDONLY | (follow ? 0 : O_NOFOLLOW) | O_NONBLOCK;
  let fd: number;
  try {
    fd = noatime ? openQuietly(dir, name, flags) : openEntry(dir, name, flags);
  } catch (error) {
    // A socket cannot be opened at all.
    if (errnoOf(error) === 'ENXIO') throw notRegular(shown);
    throw fsError(error, 'open', shown);
  }
  try {
    const stat = statOfOpen(fd);
    const type = stat.mode & S_IFMT;
    if (devices && (type === S_IFBLK || type === S_IFCHR)) stat.size = deviceSize(stat);
    else if (type !== S_IFREG) throw notRegular(shown);
    return new OpenReadFile(fd, stat, shown);
  } catch (error) {
    fs.closeSync(fd);
    throw fsError(error, 'open', shown);
  }
}

function statOfOpen(fd: number): Stat {
  const found = emptyStat();
  return fasterCalls()?.fstat?.(fd, found) === '' ? found : toStat(fs.fstatSync(fd, BIG));
}

/** Only its owner may read a file without a trace; everyone else reads it as usual. */
function openQuietly(dir: DirHandle, name: ByteString, flags: number): number {
  try {
    return openEntry(dir, name, flags | O_NOATIME);
  } catch (error) {
    if (errnoOf(error) !== 'EPERM') throw error;
    return openEntry(dir, name, flags);
  }
}

function notRegular(shown: ByteString): Error {
  const text = bytesToText(shown);
  return fail('fs', 'not-regular', `Cannot read “${displayPath(text)}”: it is not a regular file.`, {
    path: text,
    details: { errno: '' },
  });
}

class OpenReadFile implements ReadFile {
  readonly size: number;
  readonly mtime: number;
  readonly nsec: number;
  #fd: number;
  readonly #isRegular: boolean;
  readonly #shown: ByteString;

  constructor(fd: number, stat: Stat, shown: ByteString) {
    this.#fd = fd;
    this.#isRegular = (stat.mode & S_IFMT) === S_IFREG;
    this.size = stat.size;
    this.mtime = stat.mtime;
    this.nsec = stat.nsec;
    this.#shown = shown;
  }

  get descriptor(): number | undefined {
    return this.#isRegular && this.#fd >= 0 ? this.#fd : undefined;
  }

  read(into: Uint8Array, offset: number, length: number, position: number): number {
    try {
      return fs.readSync(this.#fd, into, offset, length, position);
    } catch (error) {
      throw fsError(error, 'read', this.#shown);
    }
  }

  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    fs.closeSync(fd);
  }
}
