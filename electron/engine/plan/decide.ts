import type { ByteString } from '../../../shared/model/path.ts';
import { entryName, type FileEntry } from '../flist/entry.ts';
import { isUnsafeLink } from '../flist/unsafe-link.ts';
import type { Stat, XattrDoor } from '../fs/fs.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import {
  ItemFlag,
  Mode,
  SIGNIFICANT_ITEM_FLAGS,
  isDevice,
  isDir,
  isLink,
  isReg,
  isSpecial,
} from '../wire/constants.ts';

/**
 * The decision: what must happen to one path, and why, from the source's entry, what is at the destination and the
 * options. Pure: the generator asks it while receiving, the planner asks it for previews of every direction.
 */
export interface Decision {
  /**
   * `none` nothing; `attributes` set metadata only; `create` make a directory, link, device or special; `transfer` send
   * content; `skip` left alone by an option or unsupported kind.
   */
  action: 'none' | 'attributes' | 'create' | 'transfer' | 'skip';
  /** Item flags (reference §7.2); 0 when unchanged. */
  iflags: number;
  /** Something of another kind is in the way and must be removed first. */
  makeWay: boolean;
  /** Which rule leaves the entry alone; only with `skip`. */
  why?: SkipReason;
}

export type SkipReason =
  'not-existing' | 'exists' | 'over-size' | 'under-size' | 'newer' | 'as-long' | 'kind' | 'unsafe-link';

/**
 * How alike a source's entry and something that exists are: another kind, the same kind, the same content (as far as
 * the options look), the same attributes too.
 */
export type Likeness = 'other' | 'kind' | 'content' | 'attributes';

/** What stands at the destination; contents are looked at only when the decision needs them. */
export interface DestinationView {
  stat: Stat;
  /** Target of a symlink. */
  link(): ByteString;
  /** List sum of a regular file (`--checksum`), or null when it cannot be read. */
  sum(): ByteString | null;
  /** Its extended attributes; absent where those are not looked at. */
  xattrs?(): XattrDoor;
}

/** `-A` and `-X`: what entries carry beside their own fields. */
export interface ExtendedRules {
  /**
   * Adds the item flags for what differs.
   * @param flags those of everything else
   * @param rewritten content is sent or made anew
   */
  differences(entry: FileEntry, stat: Stat, at: XattrDoor, flags: number, rewritten: boolean): number;
  /** Sets it all; what is refused is reported. @param mode the file is to have, or null for a symlink */
  set(at: XattrDoor, entry: FileEntry, mode: number | null): void;
  /**
   * Gives a copy of something here what that has, as far as it is preserved.
   * @param mode of what is copied, with its type
   */
  copy(from: XattrDoor, at: XattrDoor, mode: number): void;
}

/** Facts about the receiving side that the decision depends on. */
export interface ReceiverAbilities {
  /** Whether owners (and devices) can be set. */
  isRoot: boolean;
  /** Local ids to set for an entry; null = leave alone (not preserved, or not permitted). */
  uidFor(entry: FileEntry): number | null;
  gidFor(entry: FileEntry): number | null;
  /** Permissions that the default ACL of an entry's folder allows what is new, or null where the umask counts. */
  defaultMode?(entry: FileEntry): number | null;
  /** Absent without `-A` and `-X`. */
  extended?: ExtendedRules;
}

const NONE: Decision = Object.freeze({ action: 'none', iflags: 0, makeWay: false });
const SKIP = Object.fromEntries(
  (['not-existing', 'exists', 'over-size', 'under-size', 'newer', 'as-long', 'kind', 'unsafe-link'] as const).map(
    (why) => [why, Object.freeze({ action: 'skip', iflags: 0, makeWay: false, why })],
  ),
) as Readonly<Record<SkipReason, Decision>>;

/**
 * @param entry the source's entry, active
 * @param dest what is at its name, or null
 * @param again second attempt after a failed verification: every rule that would skip is ignored (§7.13)
 */
export function decide(
  entry: FileEntry,
  dest: DestinationView | null,
  options: TransferOptions,
  abilities: ReceiverAbilities,
  again = false,
): Decision {
  if (!again) {
    if (dest === null && options.existing) return SKIP['not-existing'];
    if (dest !== null && options.ignoreExisting && !(isDir(entry.mode) && isDir(dest.stat.mode))) return SKIP.exists;
  }
  if (isReg(entry.mode)) return decideRegular(entry, dest, options, abilities, again);
  if (isDir(entry.mode)) return decideDirectory(entry, dest, options, abilities);
  if (isLink(entry.mode)) return decideLink(entry, dest, options, abilities);
  return decideNode(entry, dest, options, abilities);
}

function decideRegular(
  entry: FileEntry,
  dest: DestinationView | null,
  options: TransferOptions,
  abilities: ReceiverAbilities,
  again: boolean,
): Decision {
  if (!again) {
    if (options.maxSize !== null && entry.size > options.maxSize) return SKIP['over-size'];
    if (options.minSize !== null && entry.size < options.minSize) return SKIP['under-size'];
  }
  const changed = options.checksum && !again ? ItemFlag.REPORT_CHANGE : 0;
  if (dest === null || !(isReg(dest.stat.mode) || (options.writeDevices && isDevice(dest.stat.mode)))) {
    return { action: 'transfer', iflags: ItemFlag.TRANSFER | ItemFlag.IS_NEW | changed, makeWay: dest !== null };
  }
  if (!again) {
    if (options.update && entry.mtime - dest.stat.mtime < options.modifyWindow) return SKIP.newer;
    if (sameContent(entry, dest, options)) return attributes(entry, dest, options, abilities, 0);
    if (options.append !== 'off' && dest.stat.size >= entry.size) return SKIP['as-long'];
  }
  const iflags = ItemFlag.TRANSFER | changed | differences(entry, dest, options, abilities, true);
  return { action: 'transfer', iflags, makeWay: false };
}

/** rsync's quick check (§7.4). */
function sameContent(entry: FileEntry, dest: DestinationView, options: TransferOptions): boolean {
  if (entry.size !== dest.stat.size) return false;
  if (options.checksum) return entry.extra?.sum !== undefined && entry.extra.sum === dest.sum();
  if (options.sizeOnly) return true;
  return !options.ignoreTimes && sameTime(entry, dest.stat, options);
}

/** Whether two modification times are taken for equal (`--modify-window`); below 0 the fraction of a second counts. */
export function sameTime(
  { mtime, nsec }: Pick<FileEntry, 'mtime' | 'nsec'>,
  stat: Pick<Stat, 'mtime' | 'nsec'>,
  { modifyWindow }: Pick<TransferOptions, 'modifyWindow'>,
): boolean {
  if (modifyWindow > 0) return Math.abs(mtime - stat.mtime) <= modifyWindow;
  return mtime === stat.mtime && (modifyWindow === 0 || nsec === stat.nsec);
}

/** Whether an entry's modification time is preserved. Backups beside their files change the times of folders anyway. */
export function keepsTime(mode: number, options: TransferOptions): boolean {
  if (!options.times) return false;
  if (isDir(mode)) return !options.omitDirTimes && !(options.backup && options.backupDir === null);
  return !(isLink(mode) && options.omitLinkTimes);
}

/**
 * Permissions of something that is there already, where the source's do not count.
 * @param executability `-E`: whether a file may be executed follows the source
 */
export function keptMode(source: number, present: number, executability: boolean): number {
  const mode = present & Mode.PERMS;
  if (!executability || !isReg(source)) return mode;
  if ((source & 0o111) === 0) return mode & ~0o111;
  return (present & 0o111) === 0 ? mode | ((mode & 0o444) >> 2) : mode;
}

/** How alike `entry` and what is at some place are. */
export function likeness(
  entry: FileEntry,
  at: DestinationView,
  options: TransferOptions,
  abilities: ReceiverAbilities,
): Likeness {
  if (!sameKind(entry.mode, at.stat.mode)) return 'other';
  const same = isReg(entry.mode) ? sameContent(entry, at, options) : isDir(entry.mode) || sameNode(entry, at);
  if (!same) return 'kind';
  // As rsync has it, the time of a folder counts here even where it is not kept.
  if (isDir(entry.mode) && options.times && !sameTime(entry, at.stat, options)) return 'content';
  return (differences(entry, at, options, abilities, false) & SIGNIFICANT_ITEM_FLAGS) === 0 ? 'attributes' : 'content';
}

/** Sockets and pipes count as one kind, as do character and block devices. */
const sameKind = (a: number, b: number): boolean =>
  isDevice(a) ? isDevice(b) : isSpecial(a) ? isSpecial(b) : (a & Mode.TYPE) === (b & Mode.TYPE);

/** Whether a link, device or special is the one that is wanted. */
function sameNode(entry: FileEntry, { stat, link }: DestinationView): boolean {
  if ((stat.mode & Mode.TYPE) !== (entry.mode & Mode.TYPE)) return false;
  if (isLink(entry.mode)) return link() === entry.extra?.link;
  return (
    isSpecial(entry.mode) ||
    (stat.rdevMajor === (entry.extra?.rdevMajor ?? 0) && stat.rdevMinor === (entry.extra?.rdevMinor ?? 0))
  );
}

function decideDirectory(
  entry: FileEntry,
  dest: DestinationView | null,
  options: TransferOptions,
  abilities: ReceiverAbilities,
): Decision {
  if (dest === null || !isDir(dest.stat.mode)) {
    return { action: 'create', iflags: ItemFlag.LOCAL_CHANGE | ItemFlag.IS_NEW, makeWay: dest !== null };
  }
  return attributes(entry, dest, options, abilities, 0);
}

function decideLink(
  entry: FileEntry,
  dest: DestinationView | null,
  options: TransferOptions,
  abilities: ReceiverAbilities,
): Decision {
  if (!options.links || entry.extra?.link === undefined) return SKIP.kind;
  if (options.safeLinks && isUnsafeLink(entry.extra.link, entryName(entry))) return SKIP['unsafe-link'];
  return decideMade(entry, dest, options, abilities);
}

function decideNode(
  entry: FileEntry,
  dest: DestinationView | null,
  options: TransferOptions,
  abilities: ReceiverAbilities,
): Decision {
  const wanted = isDevice(entry.mode) ? options.devices && abilities.isRoot : isSpecial(entry.mode) && options.specials;
  if (!wanted || options.dropDevices) return SKIP.kind;
  return decideMade(entry, dest, options, abilities);
}

/** Links, devices and specials: the same thing is kept, one of the same kind replaced, anything else made way for. */
function decideMade(
  entry: FileEntry,
  dest: DestinationView | null,
  options: TransferOptions,
  abilities: ReceiverAbilities,
): Decision {
  const made = ItemFlag.LOCAL_CHANGE | ItemFlag.REPORT_CHANGE;
  if (dest !== null && sameNode(entry, dest)) return attributes(entry, dest, options, abilities, 0);
  if (dest === null || !sameKind(entry.mode, dest.stat.mode))
    return { action: 'create', iflags: made | ItemFlag.IS_NEW, makeWay: dest !== null };
  return { action: 'create', iflags: made | differences(entry, dest, options, abilities, true), makeWay: false };
}

function attributes(
  entry: FileEntry,
  dest: DestinationView,
  options: TransferOptions,
  abilities: ReceiverAbilities,
  base: number,
): Decision {
  const iflags = base | differences(entry, dest, options, abilities, false);
  return (iflags & SIGNIFICANT_ITEM_FLAGS) === 0 ? NONE : { action: 'attributes', iflags, makeWay: false };
}

/**
 * The REPORT bits for an entry that exists at the destination.
 * @param rewritten content is sent or made anew, so that without `-t` the time becomes "now"
 */
export function differences(
  entry: FileEntry,
  { stat, xattrs }: Pick<DestinationView, 'stat' | 'xattrs'>,
  options: TransferOptions,
  abilities: ReceiverAbilities,
  rewritten: boolean,
): number {
  let flags = 0;
  if (isReg(entry.mode) && entry.size !== stat.size) flags |= ItemFlag.REPORT_SIZE;
  if (keepsTime(entry.mode, options) ? !sameTime(entry, stat, options) : rewritten) flags |= ItemFlag.REPORT_TIME;
  if (options.atimes > 0 && !isDir(entry.mode) && !isLink(entry.mode) && entry.extra?.atime !== stat.atime)
    flags |= ItemFlag.REPORT_ATIME;
  // A symlink may be compared with the file it is about to be linked over (`-H`).
  if (!isLink(entry.mode) || (options.perms && !isLink(stat.mode))) {
    if (options.perms) {
      if ((entry.mode & Mode.PERMS) !== (stat.mode & Mode.PERMS)) flags |= ItemFlag.REPORT_PERMS;
    } else if (options.executability && keptMode(entry.mode, stat.mode, true) !== (stat.mode & Mode.PERMS))
      flags |= ItemFlag.REPORT_PERMS;
  }
  const uid = abilities.uidFor(entry);
  if (uid !== null && uid !== stat.uid) flags |= ItemFlag.REPORT_OWNER;
  const gid = abilities.gidFor(entry);
  if (gid !== null && gid !== stat.gid) flags |= ItemFlag.REPORT_GROUP;
  if (abilities.extended && xattrs) return abilities.extended.differences(entry, stat, xattrs(), flags, rewritten);
  return flags;
}
