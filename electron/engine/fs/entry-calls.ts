import fs from 'node:fs';
import type { ByteString } from '../../../shared/model/path.ts';
import type { DirHandle } from './dir-handles.ts';
import { native } from './native-path.ts';
import { fasterCalls } from './posix.ts';

/**
 * Calls on an entry of a folder, by the folder's descriptor where that is worth it: the same through `/proc/self/fd`,
 * which is all Node can do, takes twice the time. What fails throws an error with the errno's name as its code.
 */

/** Stands for no folder at all: names are paths. */
export const NO_FOLDER: DirHandle = { prefix: '', fd: null };

/** open(2); the descriptor is not inherited by programs that are started. */
export function openEntry(dir: DirHandle, name: ByteString, flags: number, mode = 0): number {
  const call = fasterCalls()?.openAt;
  if (!call) return fs.openSync(native(dir.prefix + name), flags, mode);
  const opened = dir.fd === null ? call(null, dir.prefix + name, flags, mode) : call(dir.fd, name, flags, mode);
  if (typeof opened === 'string') throw errnoThrown(opened);
  return opened;
}

/** rename(2) within one folder. */
export function renameEntry(dir: DirHandle, from: ByteString, to: ByteString): void {
  const call = dir.fd === null ? null : fasterCalls()?.renameAt;
  if (!call) return fs.renameSync(native(dir.prefix + from), native(dir.prefix + to));
  const errno = call(dir.fd!, from, to);
  if (errno !== '') throw errnoThrown(errno);
}

const errnoThrown = (errno: string): Error => Object.assign(new Error(errno), { code: errno });
