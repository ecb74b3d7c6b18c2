import type { ByteString } from '../../../shared/model/path.ts';
import { joinPath } from '../../../shared/model/path.ts';
import type { PlanCounts, PlanReason } from '../../../shared/model/preview.ts';
import { PlanWriter, type PlanItem, type PlanItemSide } from '../../../shared/plan-codec.ts';
import { FilterChain } from '../filter/chain.ts';
import { EntryFlag, entryName, type FileEntry } from '../flist/entry.ts';
import { compareEntries } from '../flist/sort.ts';
import type { Stat } from '../fs/fs.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import { ItemFlag, isDevice, isDir, isLink, isReg } from '../wire/constants.ts';
import { decide, type Decision, type ReceiverAbilities } from './decide.ts';

/** One side of a comparison: its entries in list order, and the list sum of a file where `--checksum` asks for it. */
export interface Listing {
  entries: readonly FileEntry[];
  sum(entry: FileEntry): ByteString | null;
}

export interface Plan {
  /** In list order; deletions last, contents before their folder. */
  rows: PlanWriter;
  counts: PlanCounts;
}

/**
 * Compares two listings and says what a run would do, by the same decision the generator takes (design §5).
 * @param source sorted, names from the transfer root
 * @param destination sorted, names from the same root
 * @param deletes whether what the source lacks is listed as a deletion
 */
export function makePlan(
  source: Listing,
  destination: Listing,
  options: TransferOptions,
  abilities: ReceiverAbilities,
  deletes: boolean,
): Plan {
  const { partners, left } = pairUp(source.entries, destination.entries);
  const counts: PlanCounts = {
    create: 0,
    update: 0,
    attributes: 0,
    delete: 0,
    unchanged: 0,
    destinationTotal: destination.entries.reduce((sum, { base }) => (base === '.' ? sum : sum + 1), 0),
    sourceTotal: 0,
    transferSize: 0,
    deleteSize: 0,
    replacesNewer: 0,
    keptByFilter: 0,
  };
  const rows = new PlanWriter();
  const contentDirs = new Set<ByteString>();
  source.entries.forEach((entry, i) => {
    if (entry.flags & EntryFlag.INACTIVE) return;
    if (entry.base !== '.') counts.sourceTotal++;
    const name = entryName(entry);
    const at = partners[i] ?? left.get(name) ?? null;
    if (isDir(entry.mode)) {
      if (entry.flags & EntryFlag.CONTENT_DIR) contentDirs.add(name === '.' ? '' : name);
    } else if (at && isDir(at.mode)) contentDirs.add(name); // emptied, so that the new item can take its place
    if (left.size > 0) left.delete(name);
    const view = at && { stat: statOf(at), link: () => at.extra?.link ?? '', sum: () => destination.sum(at) };
    const wanted = options.checksum && isReg(entry.mode) ? withSum(entry, source, at) : entry;
    const decision = decide(wanted, view, options, abilities);
    if (decision.action === 'none' || decision.action === 'skip') {
      counts.unchanged++;
      return;
    }
    const item = planItem(entry, at, decision);
    counts[item.action as 'create' | 'update' | 'attributes']++;
    if (decision.action === 'transfer') counts.transferSize += entry.size;
    if (item.action === 'update' && isReg(entry.mode) && at !== null && at.mtime > entry.mtime) counts.replacesNewer++;
    rows.add(item);
  });
  if (deletes) planDeletions(left, contentDirs, options, counts, rows);
  return { rows, counts };
}

/**
 * Finds each source entry's counterpart by walking both lists at once, which costs no name. Entries of one name and
 * different kinds stand at different places: they are among those left, by name.
 */
function pairUp(
  source: readonly FileEntry[],
  destination: readonly FileEntry[],
): { partners: (FileEntry | undefined)[]; left: Map<ByteString, FileEntry> } {
  const partners = new Array<FileEntry | undefined>(source.length);
  const left = new Map<ByteString, FileEntry>();
  let i = 0;
  for (const entry of destination) {
    let order = -1;
    while (i < source.length && (order = compareEntries(source[i]!, entry)) < 0) i++;
    if (i >= source.length || order !== 0) {
      left.set(entryName(entry), entry);
      continue;
    }
    // Duplicates of the source stand together, and one of them counts; of folders that were pruned none does.
    while (
      source[i]!.flags & EntryFlag.INACTIVE &&
      i + 1 < source.length &&
      compareEntries(source[i + 1]!, entry) === 0
    )
      i++;
    if (source[i]!.flags & EntryFlag.INACTIVE) left.set(entryName(entry), entry);
    else partners[i] = entry;
  }
  return { partners, left };
}

/** Sums are taken only of pairs that the sizes leave open. */
function withSum(entry: FileEntry, source: Listing, at: FileEntry | null): FileEntry {
  if (entry.extra?.sum !== undefined || at === null || !isReg(at.mode) || at.size !== entry.size) return entry;
  const sum = source.sum(entry);
  return sum === null ? entry : { ...entry, extra: { ...entry.extra, sum } };
}

/**
 * What is left at the destination goes if it lies in a folder whose contents belong to the transfer (or in one that
 * goes itself) and no rule protects it. A folder that keeps something protected stays.
 */
function planDeletions(
  left: Map<ByteString, FileEntry>,
  contentDirs: Set<ByteString>,
  options: TransferOptions,
  counts: PlanCounts,
  rows: PlanWriter,
): void {
  const chain = new FilterChain(options.filters, 'receiver', '/', { deleteExcluded: options.deleteExcluded });
  const going = new Map<ByteString, FileEntry>();
  const kept: FileEntry[] = [];
  // Parents sort before what is inside them, so one pass decides both.
  for (const entry of [...left.values()].sort(compareEntries)) {
    const name = entryName(entry);
    const inGoing = going.has(entry.dir);
    const inContent = contentDirs.has(entry.dir) || inGoing;
    if (entry.base === '.' || !inContent) continue;
    if (!chain.isEmpty && chain.check(name, isDir(entry.mode), inGoing) === 'exclude') kept.push(entry);
    else going.set(name, entry);
  }
  if (options.deleteMode !== 'none') counts.keptByFilter = kept.length;
  for (const entry of kept) {
    for (let dir = entry.dir; dir !== '' && going.delete(dir); dir = parentOf(dir));
  }
  // Descendants of a protected folder were never candidates: their parent is not in `going`.
  for (const [name, entry] of [...going].reverse()) {
    counts.delete++;
    if (isReg(entry.mode)) counts.deleteSize += entry.size;
    rows.add({
      name,
      kind: kindOf(entry.mode),
      action: 'delete',
      reason: 'not-in-source',
      iflags: 0,
      source: null,
      destination: sideOf(entry),
    });
  }
}

function planItem(entry: FileEntry, at: FileEntry | null, decision: Decision): PlanItem {
  const isNew = (decision.iflags & ItemFlag.IS_NEW) !== 0;
  return {
    name: entryName(entry),
    kind: kindOf(entry.mode),
    action: decision.action === 'attributes' ? 'attributes' : isNew && !decision.makeWay ? 'create' : 'update',
    reason: reasonFor(entry, decision),
    iflags: decision.iflags,
    source: sideOf(entry),
    destination: at && sideOf(at),
  };
}

const sideOf = ({ size, mtime, mode, uid, gid, extra }: FileEntry): PlanItemSide => ({
  ...{ size, mtime, mode, uid, gid },
  link: extra?.link ?? null,
});

function reasonFor(entry: FileEntry, { iflags, makeWay }: Decision): PlanReason {
  if (iflags & ItemFlag.IS_NEW) return makeWay ? 'type' : 'missing';
  if (iflags & ItemFlag.REPORT_CHANGE && isLink(entry.mode)) return 'target';
  if (iflags & ItemFlag.REPORT_SIZE && isReg(entry.mode)) return 'size';
  if (iflags & ItemFlag.REPORT_TIME) return 'time';
  if (iflags & ItemFlag.REPORT_CHANGE) return isReg(entry.mode) ? 'checksum' : 'type';
  if (iflags & ItemFlag.REPORT_PERMS) return 'permissions';
  return iflags & (ItemFlag.REPORT_OWNER | ItemFlag.REPORT_GROUP) ? 'owner' : 'time';
}

export function kindOf(mode: number): PlanItem['kind'] {
  if (isReg(mode)) return 'file';
  if (isDir(mode)) return 'dir';
  if (isLink(mode)) return 'link';
  return isDevice(mode) ? 'device' : 'special';
}

function statOf(entry: FileEntry): Stat {
  return {
    mode: entry.mode,
    size: entry.size,
    mtime: entry.mtime,
    nsec: entry.nsec,
    atime: entry.extra?.atime ?? 0,
    uid: entry.uid,
    gid: entry.gid,
    dev: 0,
    ino: 0,
    nlink: 1,
    rdevMajor: entry.extra?.rdevMajor ?? 0,
    rdevMinor: entry.extra?.rdevMinor ?? 0,
  };
}

export function parentOf(name: ByteString): ByteString {
  const slash = name.lastIndexOf('/');
  return slash < 0 ? '' : name.slice(0, slash);
}

/** Moves a listing below a folder name, in place: '.' becomes the folder, `x` becomes `folder/x`. */
export function rebase(entries: FileEntry[], folder: ByteString): void {
  if (folder === '') return;
  let from: ByteString = '';
  let to = folder;
  for (const entry of entries) {
    if (entry.dir === '' && entry.base === '.') {
      entry.base = folder;
      continue;
    }
    // Directory names stay shared between the entries of a directory.
    if (entry.dir !== from) {
      from = entry.dir;
      to = joinPath(folder, from);
    }
    entry.dir = to;
  }
}
