import type { ByteString } from '../../../shared/model/path.ts';
import type { FileEntry } from '../flist/entry.ts';
import type { Stat } from '../fs/fs.ts';
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
}

/** What stands at the destination; contents are looked at only when the decision needs them. */
export interface DestinationView {
  stat: Stat;
  /** Target of a symlink. */
  link(): ByteString;
  /** List sum of a regular file (`--checksum`), or null when it cannot be read. */
  sum(): ByteString | null;
}

/** Facts about the receiving side that the decision depends on. */
export interface ReceiverAbilities {
  /** Whether owners (and devices) can be set. */
  isRoot: boolean;
  /** Local ids to set for an entry; null = leave alone (not preserved, or not permitted). */
  uidFor(entry: FileEntry): number | null;
  gidFor(entry: FileEntry): number | null;
}

const NONE: Decision = Object.freeze({ action: 'none', iflags: 0, makeWay: false });
const SKIP: Decision = Object.freeze({ action: 'skip', iflags: 0, makeWay: false });

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
  const changed = options.checksum ? ItemFlag.REPORT_CHANGE : 0;
  if (dest === null || !isReg(dest.stat.mode)) {
    return { action: 'transfer', iflags: ItemFlag.TRANSFER | ItemFlag.IS_NEW | changed, makeWay: dest !== null };
  }
  if (!again) {
    if (options.update && dest.stat.mtime > entry.mtime) return SKIP;
    if (sameContent(entry, dest, options)) return attributes(entry, dest.stat, options, abilities, 0);
  }
  const iflags = ItemFlag.TRANSFER | changed | differences(entry, dest.stat, options, abilities, true);
  return { action: 'transfer', iflags, makeWay: false };
}

/** rsync's quick check (§7.4). */
function sameContent(entry: FileEntry, dest: DestinationView, options: TransferOptions): boolean {
  if (entry.size !== dest.stat.size) return false;
  if (options.checksum) return entry.extra?.sum !== undefined && entry.extra.sum === dest.sum();
  if (options.sizeOnly) return true;
  return !options.ignoreTimes && entry.mtime === dest.stat.mtime;
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
  return attributes(entry, dest.stat, options, abilities, 0);
}

function decideLink(
  entry: FileEntry,
  dest: DestinationView | null,
  options: TransferOptions,
  abilities: ReceiverAbilities,
): Decision {
  if (!options.links || entry.extra?.link === undefined) return SKIP;
  return decideMade(entry, dest, options, abilities, (at) => isLink(at.stat.mode) && at.link() === entry.extra!.link);
}

function decideNode(
  entry: FileEntry,
  dest: DestinationView | null,
  options: TransferOptions,
  abilities: ReceiverAbilities,
): Decision {
  const wanted = isDevice(entry.mode) ? options.devices && abilities.isRoot : isSpecial(entry.mode) && options.specials;
  if (!wanted) return SKIP;
  return decideMade(entry, dest, options, abilities, (at) => {
    if ((at.stat.mode & Mode.TYPE) !== (entry.mode & Mode.TYPE)) return false;
    return (
      isSpecial(entry.mode) ||
      (at.stat.rdevMajor === (entry.extra?.rdevMajor ?? 0) && at.stat.rdevMinor === (entry.extra?.rdevMinor ?? 0))
    );
  });
}

/** Links, devices and specials: the same thing is kept, one of the same kind replaced, anything else made way for. */
function decideMade(
  entry: FileEntry,
  dest: DestinationView | null,
  options: TransferOptions,
  abilities: ReceiverAbilities,
  same: (dest: DestinationView) => boolean,
): Decision {
  const made = ItemFlag.LOCAL_CHANGE | ItemFlag.REPORT_CHANGE;
  if (dest !== null && same(dest)) return attributes(entry, dest.stat, options, abilities, 0);
  const sameKind =
    dest !== null &&
    (isLink(entry.mode)
      ? isLink(dest.stat.mode)
      : isDevice(entry.mode)
        ? isDevice(dest.stat.mode)
        : isSpecial(dest.stat.mode));
  if (dest === null || !sameKind) return { action: 'create', iflags: made | ItemFlag.IS_NEW, makeWay: dest !== null };
  return { action: 'create', iflags: made | differences(entry, dest.stat, options, abilities, true), makeWay: false };
}

function attributes(
  entry: FileEntry,
  stat: Stat,
  options: TransferOptions,
  abilities: ReceiverAbilities,
  base: number,
): Decision {
  const iflags = base | differences(entry, stat, options, abilities, false);
  return (iflags & SIGNIFICANT_ITEM_FLAGS) === 0 ? NONE : { action: 'attributes', iflags, makeWay: false };
}

/**
 * The REPORT bits for an entry that exists at the destination.
 * @param rewritten content is sent or made anew, so that without `-t` the time becomes "now"
 */
function differences(
  entry: FileEntry,
  stat: Stat,
  options: TransferOptions,
  abilities: ReceiverAbilities,
  rewritten: boolean,
): number {
  let flags = 0;
  if (isReg(entry.mode) && entry.size !== stat.size) flags |= ItemFlag.REPORT_SIZE;
  if (options.times ? entry.mtime !== stat.mtime : rewritten) flags |= ItemFlag.REPORT_TIME;
  if (options.perms && !isLink(entry.mode) && (entry.mode & Mode.PERMS) !== (stat.mode & Mode.PERMS)) {
    flags |= ItemFlag.REPORT_PERMS;
  }
  const uid = abilities.uidFor(entry);
  if (uid !== null && uid !== stat.uid) flags |= ItemFlag.REPORT_OWNER;
  const gid = abilities.gidFor(entry);
  if (gid !== null && gid !== stat.gid) flags |= ItemFlag.REPORT_GROUP;
  return flags;
}
