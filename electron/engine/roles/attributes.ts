import type { FileEntry } from '../flist/entry.ts';
import type { DestinationDir, NewAttributes, Stat } from '../fs/fs.ts';
import type { IdMapper } from '../flist/id-map.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import { keepsTime, keptMode, type ReceiverAbilities } from '../plan/decide.ts';
import { Mode, isDir, isLink } from '../wire/constants.ts';

/** Whether this process tries what only the administrator may. What it cannot give a file, `--fake-super` keeps. */
export const actsAsRoot = ({ fakeSuper, superUser }: TransferOptions): boolean =>
  fakeSuper || (superUser ?? process.getuid?.() === 0);

/** What this process may do as a receiving side. */
export function localAbilities(options: TransferOptions, ids: () => IdMapper): ReceiverAbilities {
  const isRoot = actsAsRoot(options);
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
  const keepsMtime = keepsTime(entry.mode, options);
  const { extended } = abilities;
  let mode: number | null;
  if (isLink(entry.mode)) mode = null;
  else if (options.perms) mode = entry.mode & Mode.PERMS;
  else if (existing) mode = keptMode(entry.mode, existing.mode, options.executability);
  else mode = entry.mode & 0o777 & (abilities.defaultMode?.(entry) ?? ~umask);
  const wanted: NewAttributes = {
    mode,
    uid: abilities.uidFor(entry),
    gid: abilities.gidFor(entry),
    mtime: keepsMtime ? entry.mtime : null,
    nsec: keepsMtime ? entry.nsec : 0,
    atime: options.atimes > 0 && !isDir(entry.mode) ? (entry.extra?.atime ?? null) : null,
  };
  if (extended) wanted.extended = (at) => extended.set(at, entry, wanted.mode);
  return wanted;
}

/**
 * What of `wanted` differs from what stands there, so that nothing is asked of the system that it may refuse for no
 * reason: a folder of somebody else, for one, takes no new mode, not even its own.
 */
export function changedAttributes(wanted: NewAttributes, stat: Stat): NewAttributes {
  const uid = wanted.uid === stat.uid ? null : wanted.uid;
  const gid = wanted.gid === stat.gid ? null : wanted.gid;
  const sameTime = wanted.mtime === stat.mtime && wanted.nsec === stat.nsec;
  // A new owner clears the set-id bits, so the mode is then set again.
  const sameMode = uid === null && gid === null && wanted.mode === (stat.mode & Mode.PERMS);
  return {
    uid,
    gid,
    mode: sameMode ? null : wanted.mode,
    mtime: sameTime ? null : wanted.mtime,
    nsec: wanted.nsec,
    atime: wanted.atime === stat.atime ? null : wanted.atime,
    extended: wanted.extended,
  };
}

/**
 * What is worth another try after `refused` was refused: first without the owner (set-id bits mean nothing for another
 * one), then without the mode, then without anything. Null when nothing was left to refuse.
 */
export function lesserAttributes(refused: NewAttributes): NewAttributes | null {
  const { uid, gid, mode, mtime, atime } = refused;
  if (uid !== null || gid !== null) return { ...refused, uid: null, gid: null, mode: mode && mode & ~0o6000 };
  if (mode !== null) return { ...refused, mode: null };
  return mtime === null && atime === null ? null : { ...refused, mtime: null, atime: null };
}

/**
 * Sets what can be set on an existing entry: an owner that is refused (file systems without owners, servers that map
 * root) keeps neither mode nor time from being set.
 * @returns what was refused first, or null
 */
export function setWhatCanBe(dir: DestinationDir, name: string, wanted: NewAttributes, isSymlink: boolean): unknown {
  let first: unknown = null;
  for (let attributes: NewAttributes | null = wanted; attributes; attributes = lesserAttributes(attributes)) {
    const { uid, gid, mode, mtime, atime, extended } = attributes;
    if (uid === null && gid === null && mode === null && mtime === null && atime === null && !extended) break;
    try {
      dir.setAttributes(name, attributes, isSymlink);
      return first;
    } catch (error) {
      first ??= error;
    }
  }
  return first;
}
