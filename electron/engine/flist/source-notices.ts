import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { DriftlineError } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath, joinPath, textToBytes } from '../../../shared/model/path.ts';

/** The system's code of a failed file-system call; null for anything that is not one. */
export function errnoOf(error: unknown): string | null {
  if (!(error instanceof DriftlineError) || error.data.kind !== 'fs') return null;
  const errno = error.data.details?.['errno'];
  return typeof errno === 'string' ? errno : '';
}

/** Absolute and escaped, between quotes, as rsync shows paths. */
export function quoted(path: ByteString): string {
  const full = path.startsWith('/') ? path : joinPath(textToBytes(process.cwd()), path);
  return `"${displayPath(bytesToText(full))}"`;
}

/** Where the C library's text differs from libuv's. */
const SYSTEM_TEXT: Record<string, string> = { EIO: 'Input/output error', ELOOP: 'Too many levels of symbolic links' };

/** `No such file or directory (2)` for `ENOENT`. */
export function systemError(errno: string): string {
  const number = (constants.errno as Record<string, number>)[errno];
  if (number === undefined) return errno === '' ? 'unknown error' : errno;
  const text = SYSTEM_TEXT[errno] ?? getSystemErrorMap().get(-number)?.[1] ?? errno;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)} (${number})`;
}
