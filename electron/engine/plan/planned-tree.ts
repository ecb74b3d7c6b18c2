import { bytesToText, displayPath, type ByteString } from '../../../shared/model/path.ts';
import type { PlanItem } from '../../../shared/plan-codec.ts';
import type { Connection } from '../connection.ts';
import { EntryFlag, entryName, type FileEntry } from '../flist/entry.ts';
import type { SourceFs, Stat } from '../fs/fs.ts';
import { readsQuietly } from '../options/transfer-options.ts';
import { PLAN_MASK } from '../roles/item-trouble.ts';
import type { SourceTree } from '../roles/list-sender.ts';
import { ItemFlag, Mode, isDevice, isDir } from '../wire/constants.ts';
import { folderNames, type MirrorJob } from './job.ts';
import { kindOf, parentOf } from './planner.ts';
import { SourcePlaces, type FoundEntry } from './source-places.ts';

/**
 * A source tree of planned items only, their parents as folders without content, so that nothing else can change
 * (design §5). What differs from the preview is left alone and reported.
 */
export function plannedTree(conn: Connection, fs: SourceFs, job: MirrorJob, items: readonly PlanItem[]): SourceTree {
  const { copyLinks, copyUnsafeLinks } = job.options;
  const how = { follow: copyLinks || copyUnsafeLinks, noatime: readsQuietly(job.options), devices: false };
  const places = new SourcePlaces(fs, job);
  const planned = new Map<ByteString, PlanItem>();
  const changed = (name: ByteString) =>
    conn.issue({
      code: 'changed-since-preview',
      name,
      message: `${displayPath(bytesToText(name))} changed since the preview and was left alone`,
      ioError: 0,
    });
  const entries: FileEntry[] = [];
  const listed = new Set<ByteString>();
  const paths = new Map<ByteString, ByteString>();
  // Where the destination is a folder's counterpart it is a parent like the others, which gets its time back after
  // something was made in it.
  const rootIsOurs = folderNames(job).includes('');
  const addParents = (dir: ByteString) => {
    const name = dir === '' ? '.' : dir;
    if (listed.has(name) || (dir === '' && !rootIsOurs)) return;
    if (dir !== '') addParents(parentOf(dir));
    const found = places.find(name);
    if (!found || !isDir(found.stat.mode)) return;
    listed.add(name);
    entries.push(entryOf(name, found, 0));
  };
  for (const item of items) {
    if (item.action === 'delete') continue;
    const found = places.find(item.name);
    if (found === null || !isAsListed(found, item)) {
      changed(item.name);
      continue;
    }
    planned.set(item.name, item);
    addParents(parentOf(item.name));
    if (parentOf(item.name) !== '' && !listed.has(parentOf(item.name))) continue;
    if (!listed.has(item.name)) entries.push(entryOf(item.name, found, 0));
    if (item.kind === 'file') paths.set(item.name, found.path);
    listed.add(item.name);
  }
  return {
    batches: () => [entries],
    children: () => [],
    open: (entry) => fs.openRead(paths.get(entryName(entry)) ?? '', how),
    ioError: 0,
    accepts(entry, iflags) {
      const item = planned.get(entryName(entry));
      if (item && (item.iflags & PLAN_MASK) === (iflags & PLAN_MASK)) return true;
      // Folders are made or changed by the receiving side itself; only content can be held back.
      if (iflags & ItemFlag.TRANSFER) changed(entryName(entry));
      return (iflags & ItemFlag.TRANSFER) === 0;
    },
  };
}

/** Whether an entry of the source is still what the preview showed. */
function isAsListed({ stat, link }: FoundEntry, { kind, source }: PlanItem): boolean {
  if (kindOf(stat.mode) !== kind) return false;
  if (kind === 'file') return stat.size === source?.size && stat.mtime === source.mtime;
  return kind !== 'link' || link === source?.link;
}

/** Folders only, for the deletion session: `content` ones may lose entries. */
export function folderTree(fs: SourceFs, job: MirrorJob, content: ReadonlySet<ByteString>): SourceTree {
  const places = new SourcePlaces(fs, job);
  const wanted = new Set<ByteString>();
  for (const dir of content) for (let at = dir; at !== ''; at = parentOf(at)) wanted.add(at);
  const entries: FileEntry[] = [];
  const root = content.has('') ? places.find('.') : null;
  if (root) entries.push(entryOf('.', root, EntryFlag.TOP_DIR | EntryFlag.CONTENT_DIR));
  for (const name of [...wanted].sort()) {
    const found = places.find(name);
    // A folder only the destination has (it keeps something protected): its time becomes "now", as deleting does anyway.
    const stat = found && isDir(found.stat.mode) ? found.stat : { ...NEW_FOLDER, mtime: Math.floor(Date.now() / 1000) };
    entries.push(entryOf(name, { stat, link: null }, content.has(name) ? EntryFlag.CONTENT_DIR : 0));
  }
  return {
    batches: () => [entries],
    children: () => [],
    open: () => {
      throw new Error('the deletion session sends no content');
    },
    accepts: () => true,
    ioError: 0,
  };
}

const NEW_FOLDER: Stat = {
  ...{ mode: Mode.DIR | 0o755, size: 0, mtime: 0, nsec: 0, atime: 0, uid: 0, gid: 0 },
  ...{ dev: 0, ino: 0, nlink: 1, rdevMajor: 0, rdevMinor: 0 },
};

function entryOf(name: ByteString, { stat, link }: Pick<FoundEntry, 'stat' | 'link'>, flags: number): FileEntry {
  const dir = parentOf(name);
  return {
    dir,
    base: dir === '' ? name : name.slice(dir.length + 1),
    mode: stat.mode,
    size: isDevice(stat.mode) ? 0 : stat.size,
    mtime: stat.mtime,
    nsec: stat.nsec,
    uid: stat.uid,
    gid: stat.gid,
    flags,
    root: 0,
    extra:
      link !== null ? { link } : isDevice(stat.mode) ? { rdevMajor: stat.rdevMajor, rdevMinor: stat.rdevMinor } : null,
  };
}
