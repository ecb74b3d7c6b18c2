import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as v from 'valibot';
import { bytesToText, displayPath, textToBytes } from '../../../shared/model/path.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import { PathTextSchema } from '../../../shared/model/common.ts';
import { native } from './local-path.ts';

/** The file system a folder is on, by what survives a reboot: device numbers do not. */
export const Volume = v.strictObject({
  mountPoint: PathTextSchema,
  /** `ext4`, `nfs4`; null where the system does not say. */
  type: v.nullable(v.string()),
  /** What is mounted there: `/dev/sdb1`, `nas:/share`. */
  source: v.nullable(v.string()),
  /** From `/dev/disk/by-uuid`. */
  uuid: v.nullable(v.string()),
});
export type Volume = v.InferOutput<typeof Volume>;

const UUIDS = '/dev/disk/by-uuid';

/** @param real real path of something that exists, or whose nearest existing parent counts */
export async function volumeOf(real: ByteString): Promise<Volume> {
  const mounts = await readFile('/proc/self/mountinfo', 'latin1').catch(() => null);
  const mount = mounts === null ? null : mountOf(real, mounts);
  if (mount === null) return { mountPoint: bytesToText(await deviceTop(real)), type: null, source: null, uuid: null };
  const { mountPoint, type, source } = mount;
  return { mountPoint: bytesToText(mountPoint), type, source, uuid: await uuidOf(source) };
}

/** Whether a folder that was on one is now on another. */
export function isOtherVolume(before: Volume, now: Volume): boolean {
  if (before.mountPoint !== now.mountPoint) return true;
  if (before.uuid !== null && now.uuid !== null) return before.uuid !== now.uuid;
  return before.type !== now.type || before.source !== now.source;
}

/** `/media/usb (ext4, /dev/sdb1)`. */
export function volumeWords({ mountPoint, type, source }: Volume): string {
  const about = [type, source].filter((each) => each !== null).join(', ');
  return displayPath(about === '' ? mountPoint : bytesToText(`${textToBytes(mountPoint)} (${about})`));
}

/** The mount a path is on: of mounts on one folder the last one covers the others (proc_pid_mountinfo(5)). */
export function mountOf(
  path: ByteString,
  mountinfo: ByteString,
): { mountPoint: ByteString; type: string; source: string } | null {
  let best: { mountPoint: ByteString; type: string; source: string } | null = null;
  for (const line of mountinfo.split('\n')) {
    const [head = '', tail] = line.split(' - ');
    const mountPoint = unescape(head.split(' ')[4] ?? '');
    if (tail === undefined || mountPoint === '') continue;
    const inside = mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
    if (!inside || (best !== null && mountPoint.length < best.mountPoint.length)) continue;
    const [type = '', source = ''] = tail.split(' ');
    best = { mountPoint, type, source: unescape(source) };
  }
  return best;
}

const unescape = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));

/** The topmost folder on the same device. */
async function deviceTop(real: ByteString): Promise<ByteString> {
  const device = async (path: ByteString) => (await stat(native(path)).catch(() => null))?.dev ?? null;
  let at = real;
  while ((await device(at)) === null && dirname(at) !== at) at = dirname(at);
  const own = await device(at);
  while (dirname(at) !== at && (await device(dirname(at))) === own) at = dirname(at);
  return at;
}

async function uuidOf(source: string): Promise<string | null> {
  if (!source.startsWith('/dev/')) return null;
  try {
    const device = await realpath(source);
    for (const uuid of await readdir(UUIDS)) {
      if ((await realpath(`${UUIDS}/${uuid}`)) === device) return uuid;
    }
  } catch {
    // No udev here: the device's name has to do.
  }
  return null;
}
