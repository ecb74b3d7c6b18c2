import { fail } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import { isDir } from '../wire/constants.ts';
import { EntryFlag, entryName, type FileEntry } from './entry.ts';
import { markDuplicates, sortEntries } from './sort.ts';

/** One list of the connection: the whole tree, the top level, or the contents of one directory. */
export interface FileList {
  /** Number of the first entry; `ndxStart - 1` stands for the directory itself (§6.13). */
  readonly ndxStart: number;
  /** In sorted order: entry i has the number `ndxStart + i`, also when it is INACTIVE. */
  readonly entries: FileEntry[];
  /** Entries in the lists before this one. */
  readonly before: number;
  /** Index in `allDirs` of the directory it lists, -1 for the first list. */
  readonly dirIndex: number;
  /** The directory it lists: `allDirs[dirIndex]`, for the first incremental list the root `.` if it has one, else null. */
  readonly parent: FileEntry | null;
}

/**
 * The lists of one connection with the numbering both sides share (§6.13). Lists are added at the end and released from
 * the front; directories stay for the whole connection, since later lists refer to them.
 */
export class FileLists {
  /** Every directory in the order that numbers them, duplicates and `.` included. */
  readonly allDirs: FileEntry[] = [];
  /** Entries in all lists added so far. */
  totalEntries = 0;

  readonly #incRecurse: boolean;
  readonly #receiving: boolean;
  readonly #treeOrder: boolean;
  #lists: FileList[] = [];
  #head = 0;
  #releasedEntries = 0;
  #nextStart: number;
  /** Per directory index: its list was added. */
  #listed: boolean[] = [];
  #hint: FileList | null = null;

  /**
   * @param incRecurse whether incremental recursion was agreed on
   * @param receiving whether the lists come from a peer: then each is checked (R16) and duplicates pool their flags
   * @param treeOrder false for peers that sort whole names (`Dialect.treeOrder`)
   */
  constructor(incRecurse: boolean, receiving = true, treeOrder = true) {
    this.#incRecurse = incRecurse;
    this.#receiving = receiving;
    this.#treeOrder = treeOrder;
    this.#nextStart = incRecurse ? 1 : 0;
  }

  /** Entries in lists not yet released. */
  get liveEntries(): number {
    return this.totalEntries - this.#releasedEntries;
  }

  /** Oldest list not yet released. */
  get first(): FileList | null {
    return this.#lists[this.#head] ?? null;
  }

  /** Newest list not yet released. */
  get last(): FileList | null {
    return this.#head < this.#lists.length ? this.#lists[this.#lists.length - 1]! : null;
  }

  /** Lists not yet released. */
  get count(): number {
    return this.#lists.length - this.#head;
  }

  /** Lists not yet released, oldest first. */
  live(): FileList[] {
    return this.#lists.slice(this.#head);
  }

  /**
   * Takes over a complete list: sorts it in place, numbers it, appends its directories and marks duplicates.
   * @param entries in sending order
   * @param parentDirIndex index of the directory whose contents these are, -1 for the first list
   * @throws a `protocol` error if the directory or an entry's place in the tree is wrong (R16; receiving side)
   */
  add(entries: FileEntry[], parentDirIndex: number): FileList {
    if (this.#receiving) this.#checkParent(parentDirIndex);
    sortEntries(entries, this.#treeOrder);
    const head = entries[0];
    const root = head?.base === '.' && isDir(head.mode) ? head : null;
    const parent = parentDirIndex >= 0 ? (this.allDirs[parentDirIndex] ?? null) : this.#incRecurse ? root : null;
    if (this.#receiving) {
      markDuplicates(entries, this.#treeOrder);
      if (parentDirIndex >= 0) checkInside(entries, entryName(parent!));
      else if (this.#incRecurse) checkInside(entries, '');
      else checkTree(entries);
    } else hideDuplicates(entries, this.#treeOrder);

    const before = this.totalEntries;
    const list: FileList = { ndxStart: this.#nextStart, entries, before, dirIndex: parentDirIndex, parent };
    this.#nextStart += entries.length + 1;
    if (this.#nextStart > 0x7fffffff)
      throw fail('protocol', 'flist-too-long', 'There are more entries than can be numbered');
    this.totalEntries += entries.length;
    for (const entry of entries) if (isDir(entry.mode)) this.allDirs.push(entry);
    if (parentDirIndex >= 0) this.#listed[parentDirIndex] = true;
    this.#lists.push(list);
    return list;
  }

  /**
   * The entry a number stands for, or null if the number lies in no list that is still here. The hole before a list
   * stands for the directory it lists.
   */
  find(ndx: number): { list: FileList; entry: FileEntry } | null {
    const list = this.#listOf(ndx);
    if (!list) return null;
    const entry = ndx < list.ndxStart ? list.parent : list.entries[ndx - list.ndxStart];
    return entry ? { list, entry } : null;
  }

  /** The list of the directory with this index, if it is still here. */
  byDirIndex(dirIndex: number): FileList | null {
    for (let i = this.#head; i < this.#lists.length; i++) {
      if (this.#lists[i]!.dirIndex === dirIndex) return this.#lists[i]!;
    }
    return null;
  }

  /** Whether the directory's list has been added, released or not. */
  isListed(dirIndex: number): boolean {
    return this.#listed[dirIndex] === true;
  }

  /**
   * All directories that go by the name of the one at `dirIndex`, itself first. A sender sends the contents of all of
   * them as one list under the first one's index and none under the others, which are INACTIVE (§6.14).
   */
  sameNameDirs(dirIndex: number): FileEntry[] {
    const first = this.allDirs[dirIndex];
    if (!first) return [];
    const found = [first];
    for (let i = dirIndex + 1; i < this.allDirs.length; i++) {
      const next = this.allDirs[i]!;
      if (next.base !== first.base || next.dir !== first.dir) break;
      found.push(next);
    }
    return found;
  }

  /** Entries of all lists so far that come behind the one with this number. */
  behind(ndx: number): number {
    const list = this.#listOf(ndx);
    return list === null ? 0 : this.totalEntries - list.before - (ndx - list.ndxStart) - 1;
  }

  /** Releases the oldest list. Its numbers stand for nothing from here on. */
  dropFirst(): void {
    if (this.#head >= this.#lists.length) return;
    this.#releasedEntries += this.#lists[this.#head]!.entries.length;
    this.#head++;
    this.#hint = null;
    if (this.#head > 64 && this.#head * 2 > this.#lists.length) {
      this.#lists = this.#lists.slice(this.#head);
      this.#head = 0;
    } else this.#lists[this.#head - 1] = RELEASED;
  }

  #listOf(ndx: number): FileList | null {
    if (this.#hint && holds(this.#hint, ndx)) return this.#hint;
    let low = this.#head;
    let high = this.#lists.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const list = this.#lists[middle]!;
      if (holds(list, ndx)) return (this.#hint = list);
      if (ndx < list.ndxStart) high = middle - 1;
      else low = middle + 1;
    }
    return null;
  }

  #checkParent(dirIndex: number): void {
    if (dirIndex < 0) {
      if (this.#nextStart > 1) throw refused('a second first list');
      return;
    }
    const dir = this.allDirs[dirIndex];
    if (!this.#incRecurse || !dir) throw refused(`the contents of a folder that does not exist (number ${dirIndex})`);
    if (dir.flags & EntryFlag.INACTIVE || dir.base === '.' || this.#listed[dirIndex]) {
      throw refused(`contents of ${shown(entryName(dir))} that do not belong there`);
    }
  }
}

const RELEASED: FileList = Object.freeze({ ndxStart: -1, entries: [], before: 0, dirIndex: -2, parent: null });

const holds = (list: FileList, ndx: number): boolean =>
  ndx >= list.ndxStart - 1 && ndx < list.ndxStart + list.entries.length;

/** Incremental: every entry stands directly in the directory the list belongs to. */
function checkInside(entries: readonly FileEntry[], dir: ByteString): void {
  for (const entry of entries) {
    if (entry.mode === 0) continue;
    if (entry.dir !== dir || (dir !== '' && entry.base === '.'))
      throw refused(`${shown(entryName(entry))} in the wrong place`);
  }
}

/** Non-incremental: every entry's directory is an active directory of the list. */
function checkTree(entries: readonly FileEntry[]): void {
  const dirs = new Set<ByteString>(['']);
  for (const entry of entries) {
    if (isDir(entry.mode) && !(entry.flags & EntryFlag.INACTIVE)) dirs.add(entryName(entry));
  }
  let checked: ByteString = '';
  for (const entry of entries) {
    // An argument that is missing may be missing with its folder.
    if (entry.dir === checked || entry.mode === 0) continue;
    checked = entry.dir;
    if (!dirs.has(checked)) throw refused(`${shown(entryName(entry))} without the folder it is in`);
  }
}

/** A sender's duplicates keep their own flags, which say whether their contents are sent. */
function hideDuplicates(entries: FileEntry[], treeOrder: boolean): void {
  const flags = entries.map((entry) => entry.flags);
  markDuplicates(entries, treeOrder);
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i]!;
    entry.flags = flags[i]! | (entry.flags & EntryFlag.INACTIVE);
  }
}

const shown = (name: ByteString): string => `“${displayPath(bytesToText(name))}”`;

function refused(what: string): Error {
  return fail('protocol', 'flist-structure', `The peer’s file list contains ${what}`, {
    hint: 'Nothing was changed because of it. The server may be damaged or hostile.',
  });
}
