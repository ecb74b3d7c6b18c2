import { fail } from '../../../shared/errors.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { Mode, Ndx, isDevice, isDir, isLink, isReg } from '../wire/constants.ts';

const MAX_COUNT = 2 ** 28; // R29

/** Deletions by kind, as NDX_DEL_STATS carries them (reference §7.12). */
export interface DeleteStats {
  /** regular, directories, symlinks, devices, specials */
  wire: [number, number, number, number, number];
}

export const noDeletions = (): DeleteStats => ({ wire: [0, 0, 0, 0, 0] });

/** Counts an entry by kind, as `--stats` shows it. */
export function countKind(
  kinds: { total: number; regular: number; dirs: number; links: number; devices: number; specials: number },
  mode: number,
): void {
  kinds.total++;
  if (isReg(mode)) kinds.regular++;
  else if (isDir(mode)) kinds.dirs++;
  else if (isLink(mode)) kinds.links++;
  else if (isDevice(mode)) kinds.devices++;
  else kinds.specials++;
}

/** Counts one deletion. */
export function countDeletion(stats: DeleteStats, mode: number): void {
  const slot = isDir(mode) ? 1 : isLink(mode) ? 2 : isDevice(mode) ? 3 : (mode & Mode.TYPE) === Mode.REG ? 0 : 4;
  stats.wire[slot]++;
}

/** The five counts behind NDX_DEL_STATS. */
export function readCounts(r: ByteReader): DeleteStats {
  const wire: DeleteStats['wire'] = [r.varint(), r.varint(), r.varint(), r.varint(), r.varint()];
  if (wire.some((count) => count < 0 || count > MAX_COUNT)) {
    throw fail('protocol', 'bad-delete-stats', 'The peer sent impossible deletion counts');
  }
  return { wire };
}

export function writeDeleteStats(data: ByteWriter, stats: DeleteStats): void {
  data.ndx(Ndx.DEL_STATS);
  for (const count of stats.wire) data.varint(count);
}
