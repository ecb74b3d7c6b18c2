import { bytesToText, displayPath, joinPath, type ByteString } from '../../../shared/model/path.ts';
import type { PlanItem } from '../../../shared/plan-codec.ts';
import type { Connection } from '../connection.ts';
import { EntryFlag, entryName, type FileEntry } from '../flist/entry.ts';
import type { SourceFs, Stat } from '../fs/fs.ts';
import type { SourceTree } from '../roles/list-sender.ts';
import { PLAN_MASK } from '../roles/item-trouble.ts';
import { ItemFlag, Mode, isDevice, isDir, isLink } from '../wire/constants.ts';
import { kindOf, parentOf } from './planner.ts';

/**
 * A source tree of planned items only, their parents as folders without content, so that nothing else can change
 * (design §5). What differs from the preview is left alone and reported.
 * @param base local folder that names are below
 * @param contentsOnly whether the destination is the folder's counterpart: then it is a parent like the others, which
 *   gets its time back after something was made in it
 */
export function plannedTree(
  conn: Connection,
  fs: SourceFs,
  base: ByteString,
  contentsOnly: boolean,
  items: readonly PlanItem[],
): SourceTree {
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
  const addParents = (dir: ByteString) => {
    const name = dir === '' ? '.' : dir;
    if (listed.has(name) || (dir === '' && !contentsOnly)) return;
    if (dir !== '') addParents(parentOf(dir));
    const stat = lookAt(fs, dir === '' ? base : joinPath(base, dir));
    if (!stat || !isDir(stat.mode)) return;
    listed.add(name);
    entries.push(entryOf(fs, base, name, stat, 0));
  };
  for (const item of items) {
    if (item.action === 'delete') continue;
    const stat = lookAt(fs, item.name === '.' ? base : joinPath(base, item.name));
    const same =
      stat !== null &&
      kindOf(stat.mode) === item.kind &&
      (item.kind !== 'file' || (stat.size === item.source?.size && stat.mtime === item.source.mtime));
    if (!same) {
      changed(item.name);
      continue;
    }
    planned.set(item.name, item);
    addParents(parentOf(item.name));
    if (parentOf(item.name) !== '' && !listed.has(parentOf(item.name))) continue;
    if (!listed.has(item.name)) entries.push(entryOf(fs, base, item.name, stat, 0));
    listed.add(item.name);
  }
  return {
    batches: () => [entries],
    children: () => [],
    open: (entry) => fs.openRead(joinPath(base, entryName(entry))),
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

/** What cannot be looked at any more has changed like what went. */
function lookAt(fs: SourceFs, path: ByteString): Stat | null {
  try {
    return fs.lstat(path);
  } catch {
    return null;
  }
}

/** Folders only, for the deletion session: `content` ones may lose entries. */
export function folderTree(fs: SourceFs, base: ByteString, content: ReadonlySet<ByteString>): SourceTree {
  const wanted = new Set<ByteString>();
  for (const dir of content) for (let at = dir; at !== ''; at = parentOf(at)) wanted.add(at);
  const entries: FileEntry[] = [];
  const root = content.has('') ? fs.lstat(base) : null;
  if (root) entries.push(entryOf(fs, base, '.', root, EntryFlag.TOP_DIR | EntryFlag.CONTENT_DIR));
  for (const name of [...wanted].sort()) {
    const stat = fs.lstat(joinPath(base, name));
    // A folder only the destination has (it keeps something protected): its time becomes "now", as deleting does anyway.
    const folder = stat && isDir(stat.mode) ? stat : { ...NEW_FOLDER, mtime: Math.floor(Date.now() / 1000) };
    entries.push(entryOf(fs, base, name, folder, content.has(name) ? EntryFlag.CONTENT_DIR : 0));
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

function entryOf(fs: SourceFs, base: ByteString, name: ByteString, stat: Stat, flags: number): FileEntry {
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
    extra: isLink(stat.mode)
      ? { link: fs.readlink(joinPath(base, name)) }
      : isDevice(stat.mode)
        ? { rdevMajor: stat.rdevMajor, rdevMinor: stat.rdevMinor }
        : null,
  };
}
