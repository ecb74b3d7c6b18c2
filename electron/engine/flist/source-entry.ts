import type { ByteString } from '../../../shared/model/path.ts';
import type { SourceFs, Stat } from '../fs/fs.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import { isDevice, isDir, isSpecial, Mode } from '../wire/constants.ts';
import type { EntryExtra, FileEntry } from './entry.ts';

/** The entry of what a look at the source found. @param link target of a link that is sent as one */
export function toEntry(
  dir: ByteString,
  base: ByteString,
  stat: Stat,
  link: ByteString | null,
  root: number,
  flags: number,
  options: TransferOptions,
  fs: SourceFs,
): FileEntry {
  let { mode } = stat;
  let { size, mtime, nsec } = stat;
  let extra: EntryExtra | null = link === null ? null : { link };
  if (isDevice(mode)) {
    if (options.copyDevices) {
      size = fs.deviceSize(stat);
      // The time of a device says nothing of its content.
      mtime = Math.floor(Date.now() / 1000);
      nsec = 0;
      mode = (mode & Mode.PERMS) | Mode.REG;
    } else {
      size = 0;
      extra = { rdevMajor: stat.rdevMajor, rdevMinor: stat.rdevMinor };
    }
  } else if (isSpecial(mode)) size = 0;
  if (options.hardLinks && stat.nlink > 1 && !isDir(mode)) {
    (extra ??= {}).hardLink = { dev: stat.dev, ino: stat.ino, first: -1 };
  }
  if (options.atimes > 0 && !isDir(mode)) (extra ??= {}).atime = stat.atime;
  return { dir, base, mode, size, mtime, nsec, uid: stat.uid, gid: stat.gid, flags, root, extra };
}
