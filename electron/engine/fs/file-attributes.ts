import fs from 'node:fs';
import type { ByteString } from '../../../shared/model/path.ts';
import type { DirHandle } from './dir-handles.ts';
import { errnoError, fsError } from './fs-error.ts';
import { setFakeAttributes } from './fake-super.ts';
import type { NewAttributes } from './fs.ts';
import { native } from './native-path.ts';
import { toStat } from './node-fs.ts';
import { loadPosix } from './posix.ts';
import { openXattrs } from './xattr.ts';

const { S_IFMT, S_IFLNK } = fs.constants;
const O_PATH = 0x200000;

/**
 * Owner, mode and times of an open file.
 * @param shown its name in messages
 * @param fakeSuper whether an attribute keeps owner and mode
 */
export function setFileAttributes(fd: number, wanted: NewAttributes, shown: ByteString, fakeSuper: boolean): void {
  const attributes = fakeSuper ? setFakeFileAttributes(fd, wanted, shown) : wanted;
  const { uid, gid, mode, mtime, nsec, atime } = attributes;
  try {
    // chown clears the set-id bits, so the mode comes after the owner.
    if (uid !== null || gid !== null) fs.fchownSync(fd, uid ?? -1, gid ?? -1);
    attributes.extended?.(openXattrs(fd, shown));
    if (mode !== null) fs.fchmodSync(fd, mode & 0o7777);
  } catch (error) {
    throw fsError(error, 'set the owner or mode of', shown);
  }
  if (mtime !== null || atime !== null) setFileTimes(fd, mtime, nsec, atime, shown);
}

function setFakeFileAttributes(fd: number, attributes: NewAttributes, shown: ByteString): NewAttributes {
  const chmod = (mode: number): void => fs.fchmodSync(fd, mode);
  return setFakeAttributes(attributes, toStat(fs.fstatSync(fd, { bigint: true })), openXattrs(fd, shown), chmod, shown);
}

function setFileTimes(fd: number, mtime: number | null, nsec: number, atime: number | null, shown: ByteString): void {
  const posix = loadPosix();
  if (posix !== null) {
    const errno = posix.setFileTimes(fd, mtime, nsec, atime);
    if (errno !== '') throw errnoError(errno, 'set the time of', shown);
    return;
  }
  try {
    fs.futimesSync(fd, ...nodeTimes(mtime, nsec, atime, () => fs.fstatSync(fd, { bigint: true })));
  } catch (error) {
    throw fsError(error, 'set the time of', shown);
  }
}

/**
 * Access and modification time for node's utimes family, which sets both: one that is to stay is looked up, except the
 * access time where the modification time alone is set, which becomes now.
 */
export function nodeTimes(
  mtime: number | null,
  nsec: number,
  atime: number | null,
  look: () => fs.BigIntStats,
): [atime: string | Date, mtime: string] {
  if (mtime !== null) return [atime === null ? new Date() : nodeTime(atime, 0), nodeTime(mtime, nsec)];
  const stat = toStat(look());
  return [atime === null ? new Date() : nodeTime(atime, 0), nodeTime(stat.mtime, stat.nsec)];
}

/**
 * A time for node's utimes family without koffi: about a microsecond exact. It must be a string: a negative number
 * means "now" to Node. The fraction is cut to microseconds, since a double near .9999999999 rounds to the next second.
 */
export function nodeTime(seconds: number, nsec: number): string {
  return String(seconds + Math.floor(nsec / 1000) / 1_000_000);
}

/**
 * chmod(2) follows symlinks, so the entry itself is opened first and changed through the descriptor. On a symlink
 * Linux then answers ENOTSUP; its target is never reached.
 */
export function chmodNoFollow(dir: DirHandle, name: ByteString, mode: number): void {
  const path = native(dir.prefix + name);
  if (dir.fd === null) {
    if ((fs.lstatSync(path).mode & S_IFMT) === S_IFLNK) throw Object.assign(new Error('symlink'), { code: 'ELOOP' });
    fs.chmodSync(path, mode);
    return;
  }
  const fd = fs.openSync(path, O_PATH | fs.constants.O_NOFOLLOW);
  try {
    fs.chmodSync(`/proc/self/fd/${fd}`, mode);
  } finally {
    fs.closeSync(fd);
  }
}
