import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { ByteString } from '../../../shared/model/path.ts';

/** Path bytes as node:fs takes them without decoding. */
export const native = (bytes: ByteString): Buffer => Buffer.from(bytes, 'latin1');

/** The real path, also of something that does not exist yet: links are resolved as far as it exists. */
export async function realPathOfNew(path: ByteString): Promise<ByteString> {
  const absolute = resolve(path);
  try {
    return await realpath(native(absolute), { encoding: 'latin1' as BufferEncoding });
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(await realPathOfNew(parent), basename(absolute));
  }
}

/** Device and inode, or null for what is not there or a file system that numbers nothing. */
export async function fileId(path: ByteString): Promise<string | null> {
  try {
    const { dev, ino } = await stat(native(path), { bigint: true });
    return ino === 0n ? null : `${dev}:${ino}`;
  } catch {
    return null;
  }
}

/** Real path with device and inode: what a plan was made for. */
export async function identityOf(path: ByteString): Promise<string> {
  const real = await realPathOfNew(path);
  return `${real}\0${(await fileId(real)) ?? 'absent'}`;
}

/** Whether `inner` is `outer` or below it, by real path and by device and inode (bind mounts, case folding). */
export async function isSameOrInside(inner: ByteString, outer: ByteString): Promise<boolean> {
  const wanted = await fileId(outer);
  for (let at = inner; ; at = dirname(at)) {
    if (at === outer || (wanted !== null && wanted === (await fileId(at)))) return true;
    if (dirname(at) === at) return false;
  }
}
