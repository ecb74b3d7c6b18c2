import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import type { ByteString } from '../../../shared/model/path.ts';
import { makeDevice } from './device-number.ts';
import type { Stat } from './fs.ts';
import { errnoName } from './fs-error.ts';

/**
 * Calls Node has no door to, through the optional package koffi. `dirFd` is an open folder in which `path` is looked
 * up, or null when `path` stands for itself. Every function answers '' or the errno's name (`EPERM`); none throws.
 */
export interface Posix {
  /**
   * Sets the modification time exactly and the access time to a whole second, never through a final symlink; null leaves
   * one of them alone. utimensat(2)
   */
  setTimes(dirFd: number | null, path: ByteString, mtime: number | null, nsec: number, atime?: number | null): string;
  /** The same for an open file. futimens(3) */
  setFileTimes(fd: number, mtime: number | null, nsec: number, atime?: number | null): string;
  /** mknodat(2): `mode` holds type and permission bits. Null where the C library has no such call. */
  mknod: ((dirFd: number | null, path: ByteString, mode: number, major: number, minor: number) => string) | null;
  /** statx(2) without following a final symlink: four times as fast as a path through /proc. Linux only, else null. */
  lstat: ((dirFd: number | null, path: ByteString, into: Stat) => string) | null;
  /** The same for an open file. */
  fstat: ((fd: number, into: Stat) => string) | null;
  /** openat(2), close-on-exec, for a new file with `mode`. Linux only, else null. @returns the descriptor, or the errno's name */
  openAt: ((dirFd: number | null, path: ByteString, flags: number, mode: number) => number | string) | null;
  /** renameat(2) within one folder. Linux only, else null. */
  renameAt: ((dirFd: number, from: ByteString, to: ByteString) => string) | null;
  /** fallocate(2): reserves space or punches a hole, by the bits of `mode`. Linux only, else null. */
  fallocate: ((fd: number, mode: number, offset: number, length: number) => string) | null;
  /**
   * copy_file_range(2): copies between two open files at these positions. Linux only, else null.
   * @returns the bytes copied, 0 at the end of the source, or -1 where it failed, for whatever reason
   */
  copyRange: ((from: number, fromAt: number, to: number, toAt: number, length: number) => number) | null;
}

/** The part of koffi used here; its own types answer `any`. */
interface Koffi {
  load(path: null): { func(definition: string): unknown };
  errno(): number;
}

let cached: Posix | null | undefined;

/** The calls, or null where koffi or the platform has none. Loaded at the first call (about 12 ms), then kept. */
export function loadPosix(): Posix | null {
  if (cached === undefined) cached = load();
  return cached;
}

/** Loading takes as long as this many calls that have a slower way take longer. */
const CALLS_WORTH_LOADING = 4000;
let calls = 0;

/** The same for a call that Node has a slower door to: null until there were enough of those, unless they are loaded. */
export function fasterCalls(): Posix | null {
  if (cached === undefined && ++calls < CALLS_WORTH_LOADING) return null;
  return loadPosix();
}

/** The structures below are those of 64-bit little-endian systems; 32-bit ones differ in time_t. */
const ARCHITECTURES = new Set(['x64', 'arm64', 'riscv64', 'loong64']);

const LINUX = { AT_FDCWD: -100, AT_SYMLINK_NOFOLLOW: 0x100, UTIME_OMIT: 0x3ffffffe };
const AT_EMPTY_PATH = 0x1000;
/** Node sets it itself, and does not name it. */
const O_CLOEXEC = 0x80000;
const DARWIN = { AT_FDCWD: -2, AT_SYMLINK_NOFOLLOW: 0x20, UTIME_OMIT: -2 };
const STATX_BASIC_STATS = 0x7ff;

function load(): Posix | null {
  const constants = process.platform === 'linux' ? LINUX : process.platform === 'darwin' ? DARWIN : null;
  if (constants === null || !ARCHITECTURES.has(process.arch) || endianness() !== 'LE') return null;
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    return bind(koffi, constants);
  } catch {
    return null;
  }
}

type UtimensatCall = (dirFd: number, path: string | Buffer, times: Buffer, flags: number) => number;
type FutimensCall = (fd: number, times: Buffer) => number;
type MknodatCall = (dirFd: number, path: string | Buffer, mode: number, device: number) => number;
type FallocateCall = (fd: number, mode: number, offset: number, length: number) => number;
type CopyRangeCall = (from: number, fromAt: Buffer, to: number, toAt: Buffer, length: number, flags: number) => number;
type OpenatCall = (dirFd: number, path: string | Buffer, flags: number, mode: number) => number;
type RenameatCall = (fromFd: number, from: string | Buffer, toFd: number, to: string | Buffer) => number;
type StatxCall = (dirFd: number, path: string | Buffer, flags: number, mask: number, into: Buffer) => number;

function bind(koffi: Koffi, { AT_FDCWD, AT_SYMLINK_NOFOLLOW, UTIME_OMIT }: typeof LINUX): Posix {
  const lib = koffi.load(null);
  const utimensat = lib.func('int utimensat(int, const char *, const void *, int)') as UtimensatCall;
  const futimens = lib.func('int futimens(int, const void *)') as FutimensCall;
  const linux = process.platform === 'linux';
  const mknodat = linux ? optional<MknodatCall>(lib, 'int mknodat(int, const char *, uint32_t, uint64_t)') : null;
  const statx = linux ? optional<StatxCall>(lib, 'int statx(int, const char *, int, uint32_t, void *)') : null;
  // The mode is one of a variable number of arguments, which these architectures pass like any other.
  const openat = linux ? optional<OpenatCall>(lib, 'int openat(int, const char *, int, uint32_t)') : null;
  const renameat = linux ? optional<RenameatCall>(lib, 'int renameat(int, const char *, int, const char *)') : null;
  const fallocate = linux ? optional<FallocateCall>(lib, 'int fallocate64(int, int, int64_t, int64_t)') : null;

  const copyFileRange = linux
    ? optional<CopyRangeCall>(lib, 'int64_t copy_file_range(int, const void *, int, const void *, size_t, uint32_t)')
    : null;

  /** Two int64_t. */
  const positions = [Buffer.alloc(8), Buffer.alloc(8)] as const;
  /** struct timespec[2]: access time, modification time. */
  const times = Buffer.alloc(32);
  const timesView = new DataView(times.buffer, times.byteOffset, times.byteLength);
  const statBuffer = Buffer.alloc(256);
  const view = new DataView(statBuffer.buffer, statBuffer.byteOffset, statBuffer.byteLength);

  const result = (value: number): string => (value === 0 ? '' : errnoName(koffi.errno()));
  /** An int64_t without a bigint, which would have to be collected. */
  const fill = (at: number, value: number): void => {
    timesView.setInt32(at, value | 0, true);
    timesView.setInt32(at + 4, Math.floor(value / 0x100000000), true);
  };
  const fillTime = (at: number, seconds: number | null, nsec: number): boolean => {
    if (seconds === null) {
      fill(at + 8, UTIME_OMIT);
      return true;
    }
    if (!Number.isSafeInteger(seconds) || !Number.isSafeInteger(nsec) || nsec < 0 || nsec > 999_999_999) return false;
    fill(at, seconds);
    fill(at + 8, nsec);
    return true;
  };

  return {
    setTimes(dirFd, path, mtime, nsec, atime = null) {
      if (!fillTime(0, atime, 0) || !fillTime(16, mtime, nsec)) return 'EINVAL';
      const bytes = cString(path);
      return bytes === null ? 'EINVAL' : result(utimensat(dirFd ?? AT_FDCWD, bytes, times, AT_SYMLINK_NOFOLLOW));
    },
    setFileTimes(fd, mtime, nsec, atime = null) {
      if (!fillTime(0, atime, 0) || !fillTime(16, mtime, nsec)) return 'EINVAL';
      return result(futimens(fd, times));
    },
    mknod:
      mknodat === null
        ? null
        : (dirFd, path, mode, major, minor) => {
            // makedev() keeps 32 bits of each; more would wrap into another device.
            if (!(major >= 0 && major <= 0xffffffff && minor >= 0 && minor <= 0xffffffff)) return 'EINVAL';
            const device = makeDevice(major, minor);
            const bytes = cString(path);
            if (bytes === null || !Number.isSafeInteger(device)) return 'EINVAL';
            return result(mknodat(dirFd ?? AT_FDCWD, bytes, mode, device));
          },
    lstat:
      statx === null
        ? null
        : (dirFd, path, into) => {
            const bytes = cString(path);
            if (bytes === null) return 'EINVAL';
            const errno = result(statx(dirFd ?? AT_FDCWD, bytes, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, statBuffer));
            if (errno === '') readStatx(view, into);
            return errno;
          },
    fstat:
      statx === null
        ? null
        : (fd, into) => {
            const errno = result(statx(fd, '', AT_EMPTY_PATH, STATX_BASIC_STATS, statBuffer));
            if (errno === '') readStatx(view, into);
            return errno;
          },
    openAt:
      openat === null
        ? null
        : (dirFd, path, flags, mode) => {
            const bytes = cString(path);
            if (bytes === null) return 'EINVAL';
            const fd = openat(dirFd ?? AT_FDCWD, bytes, flags | O_CLOEXEC, mode);
            return fd >= 0 ? fd : errnoName(koffi.errno());
          },
    renameAt:
      renameat === null
        ? null
        : (dirFd, from, to) => {
            const source = cString(from);
            const target = cString(to);
            return source === null || target === null ? 'EINVAL' : result(renameat(dirFd, source, dirFd, target));
          },
    copyRange:
      copyFileRange === null
        ? null
        : (from, fromAt, to, toAt, length) => {
            positions[0].writeBigInt64LE(BigInt(fromAt));
            positions[1].writeBigInt64LE(BigInt(toAt));
            return copyFileRange(from, positions[0], to, positions[1], length, 0);
          },
    fallocate: fallocate === null ? null : (fd, mode, offset, length) => result(fallocate(fd, mode, offset, length)),
  };
}

function optional<T>(lib: { func(definition: string): unknown }, definition: string): T | null {
  try {
    return lib.func(definition) as T;
  } catch {
    return null;
  }
}

/** koffi ends strings with NUL itself; bytes must bring their own. Null for a path that C would cut at a NUL. */
function cString(path: ByteString): string | Buffer | null {
  let isAscii = true;
  for (let i = 0; i < path.length; i++) {
    const char = path.charCodeAt(i);
    if (char === 0) return null;
    if (char > 0x7f) isAscii = false;
  }
  return isAscii ? path : Buffer.from(`${path}\0`, 'latin1');
}

/** struct statx, man 2 statx. */
function readStatx(view: DataView, into: Stat): void {
  into.nlink = view.getUint32(16, true);
  into.uid = view.getUint32(20, true);
  into.gid = view.getUint32(24, true);
  into.mode = view.getUint16(28, true);
  const inodeHigh = view.getUint32(36, true);
  into.ino = inodeHigh < 0x200000 ? wide(view.getUint32(32, true), inodeHigh) : view.getBigUint64(32, true);
  into.size = wide(view.getUint32(40, true), view.getUint32(44, true));
  into.atime = wide(view.getUint32(64, true), view.getInt32(68, true));
  into.mtime = wide(view.getUint32(112, true), view.getInt32(116, true));
  into.nsec = view.getUint32(120, true);
  into.rdevMajor = view.getUint32(128, true);
  into.rdevMinor = view.getUint32(132, true);
  into.dev = makeDevice(view.getUint32(136, true), view.getUint32(140, true));
}

/** 64 bits of which few are used. Arithmetic on large numbers would make an object of each, kept by a million entries. */
const wide = (low: number, high: number): number => (high === 0 ? low : low + high * 0x100000000);
