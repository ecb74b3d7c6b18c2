import type { FileEntry } from '../flist/entry.ts';
import type { NewAttributes, Stat } from '../fs/fs.ts';
import type { IdMapper } from '../flist/id-map.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import type { ReceiverAbilities } from '../plan/decide.ts';
import { Mode, isLink } from '../wire/constants.ts';

/** What this process may do as a receiving side. */
export function localAbilities(options: TransferOptions, ids: () => IdMapper): ReceiverAbilities {
  const isRoot = process.getuid?.() === 0;
  return {
    isRoot,
    uidFor: (entry) => (options.owner && isRoot ? ids().uid(entry.uid) : null),
    gidFor: (entry) => (options.group ? ids().gid(entry.gid) : null),
  };
}

/**
 * The attributes an entry gets at the destination.
 * @param existing what stood there before, or null for something new
 * @param umask of this process; applies where permissions are not preserved
 */
export function attributesFor(
  entry: FileEntry,
  existing: Stat | null,
  options: TransferOptions,
  abilities: ReceiverAbilities,
  umask: number,
): NewAttributes {
  let mode: number | null;
  if (isLink(entry.mode)) mode = null;
  else if (options.perms) mode = entry.mode & Mode.PERMS;
  else if (existing) mode = existing.mode & Mode.PERMS;
  else mode = entry.mode & 0o777 & ~umask;
  return {
    mode,
    uid: abilities.uidFor(entry),
    gid: abilities.gidFor(entry),
    mtime: options.times ? entry.mtime : null,
    nsec: options.times ? entry.nsec : 0,
  };
}
