import type { ByteString } from '../../../shared/model/path.ts';
import { isDir } from '../wire/constants.ts';
import { EntryFlag, entryName, givenName, type FileEntry } from './entry.ts';

const SLASH = 0x2f;

/** What the order of entries depends on. */
type Sortable = Pick<FileEntry, 'dir' | 'base' | 'mode'>;

/**
 * Order of two entries (§6.14, protocols 29 and later): at each level the non-directories, then the directories as if
 * their names ended in a slash, each followed by its contents; bytewise. The root `.` comes first.
 * @returns negative, 0 for the same name and kind, or positive
 */
export function compareEntries(a: Sortable, b: Sortable): number {
  if (a.dir === b.dir) return compareSiblings(a, b);
  const aDir = a.dir;
  const bDir = b.dir;
  const end = Math.min(aDir.length, bDir.length);
  let i = 0;
  while (i < end && aDir.charCodeAt(i) === bDir.charCodeAt(i)) i++;
  if (i === aDir.length && (i === 0 || bDir.charCodeAt(i) === SLASH))
    return compareWithDeeper(a, bDir, i === 0 ? 0 : i + 1);
  if (i === bDir.length && (i === 0 || aDir.charCodeAt(i) === SLASH))
    return -compareWithDeeper(b, aDir, i === 0 ? 0 : i + 1);
  return byteOrSlash(aDir, i) - byteOrSlash(bDir, i);
}

/** Entry `a` against something inside the directory that the component of `dir` at `start` names, beside `a`. */
function compareWithDeeper(a: Sortable, dir: ByteString, start: number): number {
  if (!isDir(a.mode) || a.base === '.') return -1;
  const slash = dir.indexOf('/', start);
  const component = slash < 0 ? dir.slice(start) : dir.slice(start, slash);
  return a.base === component ? -1 : compareDirNames(a.base, component);
}

function compareSiblings(a: Sortable, b: Sortable): number {
  const aIsDir = isDir(a.mode);
  const bIsDir = isDir(b.mode);
  const aBase = a.base;
  const bBase = b.base;
  if (!aIsDir && !bIsDir) return aBase < bBase ? -1 : aBase > bBase ? 1 : 0;
  const aIsRoot = aIsDir && aBase === '.';
  const bIsRoot = bIsDir && bBase === '.';
  if (aIsRoot || bIsRoot) return aIsRoot ? (bIsRoot ? 0 : -1) : 1;
  if (aIsDir !== bIsDir) return aIsDir ? 1 : -1;
  return compareDirNames(aBase, bBase);
}

/** Bytewise order of two single components, each taken with a slash behind it. */
function compareDirNames(a: ByteString, b: ByteString): number {
  if (a === b) return 0;
  const end = Math.min(a.length, b.length);
  let i = 0;
  while (i < end && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  return byteOrSlash(a, i) - byteOrSlash(b, i);
}

const byteOrSlash = (text: ByteString, at: number): number => (at < text.length ? text.charCodeAt(at) : SLASH);

/**
 * Sorts a list in place; entries of equal name and kind keep their order.
 * @param treeOrder false for peers before protocol 29, who compare whole names byte by byte
 */
export function sortEntries(entries: FileEntry[], treeOrder = true): void {
  if (entries.length < 2) return;
  if (!treeOrder) return sortByName(entries);
  const lead = entries[0]!.flags & EntryFlag.ABSOLUTE;
  let mixed = false;
  for (let i = 1; i < entries.length && !mixed; i++) mixed = (entries[i]!.flags & EntryFlag.ABSOLUTE) !== lead;
  if (mixed) sortMixed(entries);
  else sortAlike(entries);
}

function sortByName(entries: FileEntry[]): void {
  const named = entries.map((entry) => ({ entry, name: givenName(entry) }));
  named.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (let i = 0; i < named.length; i++) entries[i] = named[i]!.entry;
}

/** Absolute names stand together, as what a directory of an empty name contains (§6.14). */
function sortMixed(entries: FileEntry[]): void {
  const absolute = entries.filter((entry) => entry.flags & EntryFlag.ABSOLUTE);
  const others = entries.filter((entry) => !(entry.flags & EntryFlag.ABSOLUTE));
  sortAlike(absolute);
  sortAlike(others);
  const behind = others.findIndex(
    (entry) => entry.dir === '' && isDir(entry.mode) && entry.base !== '.' && entry.base.charCodeAt(0) > SLASH,
  );
  others.splice(behind < 0 ? others.length : behind, 0, ...absolute);
  for (let i = 0; i < others.length; i++) entries[i] = others[i]!;
}

/** Entries whose names are all absolute or all relative. */
function sortAlike(entries: FileEntry[]): void {
  if (entries.length < 2) return;
  const dir = entries[0]!.dir;
  let single = true;
  for (let i = 1; i < entries.length && single; i++) single = entries[i]!.dir === dir;
  if (single) sortSiblings(entries);
  else if (!sortTree(entries)) entries.sort(compareEntries);
}

/** Entries of one directory: the two kinds apart, so that files are compared as plain strings. */
function sortSiblings(entries: FileEntry[]): void {
  const files: FileEntry[] = [];
  const dirs: FileEntry[] = [];
  let roots = 0;
  for (const entry of entries) {
    if (!isDir(entry.mode)) files.push(entry);
    else {
      if (entry.base === '.') roots++;
      dirs.push(entry);
    }
  }
  files.sort((a, b) => (a.base < b.base ? -1 : a.base > b.base ? 1 : 0));
  dirs.sort(compareSiblings);
  let at = 0;
  for (let i = 0; i < roots; i++) entries[at++] = dirs[i]!;
  for (const entry of files) entries[at++] = entry;
  for (let i = roots; i < dirs.length; i++) entries[at++] = dirs[i]!;
}

/**
 * A whole tree: each directory's entries are sorted among themselves and the groups strung together, which compares
 * far fewer and shorter strings than sorting full names.
 * @returns false, with nothing changed, if some entry's directory is not in the list
 */
function sortTree(entries: FileEntry[]): boolean {
  const groups = new Map<ByteString, FileEntry[]>();
  let group: FileEntry[] = [];
  let dir: ByteString | null = null;
  for (const entry of entries) {
    if (entry.dir !== dir) {
      dir = entry.dir;
      let found = groups.get(dir);
      if (!found) groups.set(dir, (found = []));
      group = found;
    }
    group.push(entry);
  }
  const top = groups.get('');
  if (!top) return false;

  const sorted: FileEntry[] = [];
  sortSiblings(top);
  groups.delete('');
  const stack: { group: FileEntry[]; next: number }[] = [{ group: top, next: 0 }];
  while (stack.length > 0) {
    const level = stack[stack.length - 1]!;
    const entry = level.group[level.next++];
    if (!entry) {
      stack.pop();
      continue;
    }
    sorted.push(entry);
    if (!isDir(entry.mode)) continue;
    // Directories of the same name stand together, before the contents they share.
    const twin = level.group[level.next];
    if (twin && isDir(twin.mode) && twin.base === entry.base) continue;
    const name = entryName(entry);
    const contents = groups.get(name);
    if (!contents) continue;
    groups.delete(name);
    sortSiblings(contents);
    stack.push({ group: contents, next: 0 });
  }
  if (sorted.length !== entries.length) return false;
  for (let i = 0; i < sorted.length; i++) entries[i] = sorted[i]!;
  return true;
}

/**
 * Resolves entries of the same name in a sorted list (§6.14): all but one become INACTIVE and keep their index. A
 * directory wins over anything else, otherwise the first one; directories pool their TOP_DIR and CONTENT_DIR flags.
 * @param treeOrder whether the list is in that order; else entries of one name stand together whatever they are
 */
export function markDuplicates(sorted: FileEntry[], treeOrder = true): void {
  let kept: FileEntry | null = null;
  for (const entry of sorted) {
    if (kept && kept.base === entry.base && kept.dir === entry.dir) {
      if (isDir(kept.mode) === isDir(entry.mode) || (!treeOrder && isDir(kept.mode))) {
        entry.flags |= EntryFlag.INACTIVE;
        if (isDir(entry.mode)) poolFlags(kept, entry);
        continue;
      }
      if (!treeOrder) kept.flags |= EntryFlag.INACTIVE;
    }
    kept = entry;
    if (!treeOrder || !isDir(entry.mode) || entry.base === '.') continue;
    const rival = firstNonDirNamed(sorted, entry);
    if (rival) rival.flags |= EntryFlag.INACTIVE;
  }
}

/** An implied directory (TOP_DIR without contents) stays one only if both are. */
function poolFlags(kept: FileEntry, dropped: FileEntry): void {
  const both = EntryFlag.TOP_DIR | EntryFlag.CONTENT_DIR;
  const pooled = (kept.flags | dropped.flags) & both;
  const implied = (entry: FileEntry): boolean => (entry.flags & both) === EntryFlag.TOP_DIR;
  const unlessImplied = pooled === EntryFlag.TOP_DIR && !(implied(kept) && implied(dropped)) ? 0 : pooled;
  kept.flags = (kept.flags & ~both) | unlessImplied;
}

function firstNonDirNamed(sorted: FileEntry[], dir: FileEntry): FileEntry | null {
  const probe: FileEntry = { ...dir, mode: 0 };
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareEntries(sorted[middle]!, probe) < 0) low = middle + 1;
    else high = middle;
  }
  const found = sorted[low];
  return found && compareEntries(found, probe) === 0 ? found : null;
}
