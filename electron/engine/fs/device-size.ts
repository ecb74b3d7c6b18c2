import fs from 'node:fs';
import type { Stat } from './fs.ts';

/** Sectors are counted in these units whatever the disk's own are. */
const SECTOR = 512;

/** Bytes a device holds: Linux tells it of block devices; 0 for all others, which just end where they end. */
export function deviceSize({ mode, rdevMajor, rdevMinor }: Stat): number {
  if ((mode & fs.constants.S_IFMT) !== fs.constants.S_IFBLK) return 0;
  try {
    return Number(fs.readFileSync(`/sys/dev/block/${rdevMajor}:${rdevMinor}/size`, 'latin1')) * SECTOR;
  } catch {
    return 0;
  }
}
