import { readFileSync, rmSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { Count, PathTextSchema } from '../../../shared/model/common.ts';
import { bytesToText, textToBytes } from '../../../shared/model/path.ts';
import type { PathText } from '../../../shared/model/path.ts';
import type { Profile } from '../../../shared/model/profile.ts';
import { writeWhole } from '../store/whole-file.ts';
import { sourcePaths } from './ends.ts';
import { native, realPathOfNew } from './local-path.ts';
import { Volume, volumeOf } from './volume.ts';

/** One local end as it was at the last good run. */
export const SeenEnd = v.strictObject({
  /** As the profile names it: an edited profile has not been seen. */
  path: PathTextSchema,
  real: PathTextSchema,
  volume: Volume,
  /** Inode and time of birth, where the file system keeps both; null elsewhere. */
  folder: v.nullable(v.string()),
});
export type SeenEnd = v.InferOutput<typeof SeenEnd>;

/**
 * Where a profile's last good run found its ends. This is the destination's identity marker: kept here and not as a file
 * in the mirror, which would be one more thing that is neither in the source nor wanted there, lost to the first other
 * program that mirrors with deletion, and impossible to write to a server without a transfer of its own.
 */
export const Seen = v.strictObject({
  /** Local sources; empty when they are on a server. */
  sources: v.array(SeenEnd),
  /** Null when it is on a server. */
  destination: v.nullable(SeenEnd),
  /** Which destination the count belongs to. */
  destinationKey: v.string(),
  destinationEntries: Count,
});
export type Seen = v.InferOutput<typeof Seen>;

export interface SeenStore {
  /** Null before the first good run, and for a record that cannot be read. */
  of(profileId: string): Seen | null;
  /** @throws the system's error */
  keep(profileId: string, seen: Seen): void;
  forget(profileId: string): void;
}

const MAX_BYTES = 1024 * 1024;

/** @param folder holds one file a profile; the run that writes it holds the profile's lock */
export function createSeenStore(folder: string): SeenStore {
  const file = (profileId: string): string => join(folder, `${profileId}.json`);
  return {
    of(profileId) {
      try {
        if (statSync(file(profileId)).size > MAX_BYTES) return null;
        return v.parse(Seen, JSON.parse(readFileSync(file(profileId), 'utf8')));
      } catch {
        return null;
      }
    },
    keep: (profileId, seen) => writeWhole(file(profileId), JSON.stringify(seen)),
    forget: (profileId) => rmSync(file(profileId), { force: true }),
  };
}

/** Looks at the ends after a good run. @param entries how many the destination holds now */
export async function lookAfter(profile: Profile, destinationKey: string, entries: number): Promise<Seen> {
  const { source, destination } = profile;
  const sources = source.kind === 'local' ? await Promise.all(sourcePaths(profile).map((path) => seeEnd(path))) : [];
  return {
    sources,
    destination: destination.kind === 'local' ? await seeEnd(destination.path) : null,
    destinationKey,
    destinationEntries: entries,
  };
}

export async function seeEnd(path: PathText): Promise<SeenEnd> {
  const real = await realPathOfNew(textToBytes(path));
  const volume = await volumeOf(real);
  return { path, real: bytesToText(real), volume, folder: await folderOf(textToBytes(path), volume) };
}

/** File systems that keep a folder's inode and time of birth over a remount. */
const STEADY = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'f2fs', 'zfs', 'tmpfs', 'bcachefs']);

async function folderOf(path: string, { type }: Volume): Promise<string | null> {
  if (type === null || !STEADY.has(type)) return null;
  try {
    const { ino, birthtimeNs } = await stat(native(path), { bigint: true });
    return birthtimeNs === 0n ? null : `${ino}:${birthtimeNs}`;
  } catch {
    return null;
  }
}
