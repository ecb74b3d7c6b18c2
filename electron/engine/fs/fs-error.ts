import { statfsSync } from 'node:fs';
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { DriftlineError, fail } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import { native } from './native-path.ts';

/** What each errno means to a person. Codes not listed are shown by name. */
const REASON: Record<string, string> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOENT: 'it does not exist',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  EEXIST: 'it already exists',
  ENOTEMPTY: 'the folder is not empty',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EIO: 'the disk reported an input/output error',
  ENAMETOOLONG: 'the name is too long for this file system',
  ELOOP: 'it is a symbolic link, which is not followed here',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open on this computer',
  EBUSY: 'it is in use',
  ETXTBSY: 'it is a running program',
  EFBIG: 'the file is too large for this file system',
  EXDEV: 'it is on another file system',
  ENODEV: 'the device is gone',
  ESTALE: 'the network file system lost it',
  EINVAL: 'the file system does not accept the name or value',
  ENOTSUP: 'the file system does not support it',
};

/** The system's code (`ENOENT`) of something thrown by node:fs; `EINVAL` for arguments Node refused, '' for anything else. */
export function errnoOf(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return '';
  if (error.code.startsWith('ERR_')) return 'EINVAL';
  return error.code === 'UNKNOWN' && 'errno' in error ? errnoName(-Number(error.errno)) : error.code;
}

const names = new Map<number, string>();

/** The name of an errno; `UNKNOWN` where it has none. */
export function errnoName(errno: number): string {
  let name = names.get(errno);
  if (name === undefined) {
    name = getSystemErrorName(-errno);
    // libuv has no name for some that matter (EDQUOT, ESTALE), and makes a sentence of those.
    if (!/^E[A-Z0-9]+$/.test(name))
      name = Object.entries(constants.errno).find(([, value]) => value === errno)?.[0] ?? 'UNKNOWN';
    names.set(errno, name);
  }
  return name;
}

/** True for the two codes that mean "there is nothing at this path". */
export function isMissing(errno: string): boolean {
  return errno === 'ENOENT' || errno === 'ENOTDIR';
}

/**
 * Turns what node:fs threw into an error of kind `fs`: code is the errno in lower case, `details.errno` the errno.
 * @param action what was tried, to stand after "Cannot", e.g. `open`
 * @param path the entry concerned, for the message
 */
export function fsError(error: unknown, action: string, path: ByteString): DriftlineError {
  if (error instanceof DriftlineError) return error;
  return errnoError(errnoOf(error), action, path, error);
}

/** The same from a bare errno name; '' becomes code `failed`. */
export function errnoError(errno: string, action: string, path: ByteString, cause?: unknown): DriftlineError {
  const text = bytesToText(path);
  let reason = REASON[errno] ?? (errno || (cause instanceof Error ? cause.message : 'the call failed'));
  if (errno === 'ENOSPC' && outOfInodes(path)) reason = 'the disk can hold no more files (it is out of inodes)';
  return fail(
    'fs',
    errno === '' ? 'failed' : errno.toLowerCase(),
    `Cannot ${action} “${displayPath(text)}”: ${reason}.`,
    {
      path: text,
      details: { errno },
      cause,
    },
  );
}

/** ENOSPC names two faults; the file system's own counters tell them apart. */
function outOfInodes(path: ByteString): boolean {
  const slash = path.lastIndexOf('/');
  try {
    const stats = statfsSync(native(slash > 0 ? path.slice(0, slash) : slash === 0 ? '/' : '.'));
    return stats.files > 0 && stats.ffree === 0 && stats.bavail > 0;
  } catch {
    return false;
  }
}
