import { fail } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import { isDir } from '../wire/constants.ts';
import { EntryFlag, entryName, type FileEntry } from './entry.ts';
import { badList } from './list-fault.ts';
import { markDuplicates, sortEntries } from './sort.ts';

/** One list of the connection: the whole tree, the top level, or the contents of one directory. */
export interface FileList {
  /** Number of the first entry; `ndxStart - 1` stands for the directory itself (§6.13). */
  readonly ndxStart: number;
  /** In sorted order, those that are INACTIVE among them; `FileLists.numberOf` says how each is numbered. */
  readonly entries: FileEntry[];
  /** Where names are converted: place in `entries` → place in sending order, and the other way round; else null. */
  readonly order: { readonly sent: Uint32Array; readonly sorted: Uint32Array } | null;
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
  /** Where names are converted: place among all folders as sorted, list by list → index in `allDirs`, and back. */
  readonly #dirOrder: { sent: number[]; sorted: number[] } | null;
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
   * @param sendingOrder with `--iconv` the two sides sort differently, so that places in sending order are the numbers
   */
  constructor(incRecurse: boolean, receiving = true, treeOrder = true, sendingOrder = false) {
    this.#incRecurse = incRecurse;
    this.#receiving = receiving;
    this.#treeOrder = treeOrder;
    this.#dirOrder = sendingOrder ? { sent: [], sorted: [] } : null;
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
    const asSent = this.#dirOrder === null ? null : [...entries];
    sortEntries(entries, this.#treeOrder);
    const head = entries.find((entry) => entry.base !== '');
    const root = head?.base === '.' && isDir(head.mode) ? head : null;
    const parent = parentDirIndex >= 0 ? (this.allDirs[parentDirIndex] ?? null) : this.#incRecurse ? root : null;
    if (this.#receiving) {
      markDuplicates(entries, this.#treeOrder);
      if (parentDirIndex >= 0) checkInside(entries, parent!.base === '' ? null : entryName(parent!));
      else if (this.#incRecurse) checkInside(entries, '');
      else checkTree(entries);
    } else hideDuplicates(entries, this.#treeOrder);

    const before = this.totalEntries;
    const order = asSent === null ? null : orderOf(entries, asSent);
    // A folder whose name could not be converted is not there.
    const there = parent?.base === '' ? null : parent;
    const list: FileList = {
      ndxStart: this.#nextStart,
      entries,
      order,
      before,
      dirIndex: parentDirIndex,
      parent: there,
    };
    this.#nextStart += entries.length + 1;
    if (this.#nextStart > 0x7fffffff)
      throw fail('protocol', 'flist-too-long', 'There are more entries than can be numbered');
    this.totalEntries += entries.length;
    this.#addDirs(list, asSent ?? entries);
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
    const entry = ndx < list.ndxStart ? list.parent : list.entries[placeOf(list, ndx)];
    return entry ? { list, entry } : null;
  }

  /** The number of the entry at a place of a list in sorted order. */
  numberOf({ ndxStart, order }: FileList, place: number): number {
    return ndxStart + (order === null ? place : order.sent[place]!);
  }

  /** Index in `allDirs` of a directory by its place among all of them as they are sorted, list by list. */
  dirIndexAt(place: number): number {
    return this.#dirOrder === null ? place : this.#dirOrder.sent[place]!;
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
    const place = this.#dirOrder === null ? dirIndex : this.#dirOrder.sorted[dirIndex]!;
    for (let i = place + 1; i < this.allDirs.length; i++) {
      const next = this.allDirs[this.dirIndexAt(i)]!;
      if (next.base !== first.base || next.dir !== first.dir) break;
      found.push(next);
    }
    return found;
  }

  /** Entries of all lists so far that come behind the one with this number. */
  behind(ndx: number): number {
    const list = this.#listOf(ndx);
    return list === null ? 0 : this.totalEntries - list.before - placeOf(list, ndx) - 1;
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

  #addDirs(list: FileList, asSent: readonly FileEntry[]): void {
    const first = this.allDirs.length;
    for (const entry of asSent) if (isDir(entry.mode)) this.allDirs.push(entry);
    if (this.#dirOrder === null || list.order === null) return;
    const { sent, sorted } = this.#dirOrder;
    const index = new Map<FileEntry, number>();
    for (let i = first; i < this.allDirs.length; i++) index.set(this.allDirs[i]!, i);
    for (const entry of list.entries) {
      const at = index.get(entry);
      if (at === undefined) continue;
      sorted[at] = sent.length;
      sent.push(at);
    }
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
    // What is in a folder whose name could not be converted has no names either.
    const inactive = dir.flags & EntryFlag.INACTIVE && dir.base !== '';
    if (inactive || dir.base === '.' || this.#listed[dirIndex]) {
      throw refused(`contents of ${shown(entryName(dir))} that do not belong there`);
    }
  }
}

const RELEASED: FileList = Object.freeze({
  ndxStart: -1,
  entries: [],
  order: null,
  before: 0,
  dirIndex: -2,
  parent: null,
});

function orderOf(entries: readonly FileEntry[], asSent: readonly FileEntry[]): NonNullable<FileList['order']> {
  const places = new Map(asSent.map((entry, i) => [entry, i]));
  const sent = new Uint32Array(entries.length);
  const sorted = new Uint32Array(entries.length);
  entries.forEach((entry, place) => {
    sent[place] = places.get(entry)!;
    sorted[sent[place]] = place;
  });
  return { sent, sorted };
}

/** Place in `entries` of a number of this list; -1 stands for the hole before it. */
const placeOf = ({ ndxStart, order }: FileList, ndx: number): number =>
  order === null || ndx < ndxStart ? ndx - ndxStart : order.sorted[ndx - ndxStart]!;

const holds = (list: FileList, ndx: number): boolean =>
  ndx >= list.ndxStart - 1 && ndx < list.ndxStart + list.entries.length;

/** An entry whose name could not be converted keeps its number and is nothing else. */
const isNameless = (entry: FileEntry): boolean => entry.base === '';

/** Incremental: every entry stands directly in the directory the list belongs to; null = one that has no name here. */
function checkInside(entries: readonly FileEntry[], dir: ByteString | null): void {
  for (const entry of entries) {
    if ((entry.mode === 0 && dir !== null) || isNameless(entry)) continue;
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
    if (entry.dir === checked || entry.mode === 0 || isNameless(entry)) continue;
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

const refused = (what: string): Error => badList('flist-structure', what);
