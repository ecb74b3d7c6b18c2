import type { ByteString } from '../../../shared/model/path.ts';
import type { FileEntry } from '../flist/entry.ts';
import type { DestinationDir, DestinationRoot, Stat } from '../fs/fs.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import { sameTime } from '../plan/decide.ts';
import { BasisType, isReg } from '../wire/constants.ts';
import type { Basis } from './basis.ts';
import type { Place } from './destination.ts';

/** One edit of a name; differing bytes count below it. */
const EDIT = 1 << 16;
/** Names further apart than this many edits have nothing to do with each other. */
const MAX_EDITS = 25;
/** How much more the ends of names weigh, which say what kind of file it is. */
const SUFFIX_WEIGHT = 10;

interface Candidate {
  readonly name: ByteString;
  readonly stat: Stat;
}

/** `--fuzzy`: a file of another name that the content of a missing one may be built from (reference §7.4). */
export class Fuzzy {
  readonly #options: TransferOptions;
  readonly #others: readonly { index: number; root: DestinationRoot }[];
  readonly #poll: () => void;
  #folder: ByteString | null = null;
  #lists: { type: number; dir: DestinationDir; files: Candidate[] }[] = [];
  /** Names in this folder that get new content in this run: the old one may be gone when it is read. */
  readonly #taken = new Set<ByteString>();

  /**
   * @param others alternate folders that are searched as well
   * @param poll called while a large folder is searched; may throw to give up
   */
  constructor(
    options: TransferOptions,
    others: readonly { index: number; root: DestinationRoot }[],
    poll: () => void = () => {},
  ) {
    this.#options = options;
    this.#others = others;
    this.#poll = poll;
  }

  /** Tells that a file gets new content. */
  take({ dir, name }: Place): void {
    this.#enter(dir);
    this.#taken.add(name);
  }

  find(entry: FileEntry, { dir, name }: Place): Basis | null {
    this.#enter(dir);
    if (this.#lists.length === 0) this.#list(dir);
    let best: Basis | null = null;
    let least = MAX_EDITS * EDIT;
    for (const { type, dir: at, files } of this.#lists) {
      for (const { name: other, stat } of files) {
        if (stat.size !== entry.size || !sameTime(entry, stat, this.#options) || this.#isTaken(type, other)) continue;
        return { type, xname: other, place: { dir: at, name: other }, stat };
      }
    }
    const suffix = suffixOf(name);
    let compared = 0;
    for (const { type, dir: at, files } of this.#lists) {
      for (const { name: other, stat } of files) {
        if (this.#isTaken(type, other)) continue;
        if ((++compared & 1023) === 0) this.#poll();
        let apart = nameDistance(other, name, least);
        if (apart > least) continue;
        apart += SUFFIX_WEIGHT * nameDistance(suffixOf(other), suffix, least);
        if (apart > least) continue;
        least = apart;
        best = { type, xname: other, place: { dir: at, name: other }, stat };
      }
    }
    return best;
  }

  #isTaken(type: number, name: ByteString): boolean {
    return type === BasisType.FUZZY && this.#taken.has(name);
  }

  #enter(dir: DestinationDir): void {
    if (this.#folder === dir.rel) return;
    this.#folder = dir.rel;
    this.#lists = [];
    this.#taken.clear();
  }

  #list(dir: DestinationDir): void {
    this.#lists.push({ type: BasisType.FUZZY, dir, files: filesOf(dir) });
    for (const { index, root } of this.#others) {
      const other = root.dir(dir.rel);
      if (other) this.#lists.push({ type: BasisType.FUZZY + 1 + index, dir: other, files: filesOf(other) });
    }
  }
}

/** Regular files with content, by name. */
function filesOf(dir: DestinationDir): Candidate[] {
  const files: Candidate[] = [];
  for (const name of dir.readdir().sort()) {
    const stat = dir.lstat(name);
    if (stat && isReg(stat.mode) && stat.size > 0) files.push({ name, stat });
  }
  return files;
}

/**
 * The end of a name from a dot on: the last one that tells what it is, not how old (`.bak`) or which one (`.3`); the
 * latter only where there is nothing better.
 */
function suffixOf(name: ByteString): ByteString {
  const bare = name.replace(/^\.+/, '');
  const plain = bare.replace(/(?<=.)~$/s, '');
  let found = '';
  for (let rest = plain, dot = rest.lastIndexOf('.'); dot > 0; dot = rest.lastIndexOf('.')) {
    const ending = rest.slice(dot + 1);
    rest = rest.slice(0, dot);
    if (ending === 'bak' || ending === 'old' || ending === 'orig') continue;
    if (plain !== bare && /^~\d/.test(ending)) continue;
    found = `.${ending}`;
    if (!/^\d+$/.test(ending)) break;
  }
  return found;
}

/**
 * Edit distance of two names in units of `EDIT`, plus how far replaced bytes are apart and what bytes cost that only one
 * of them has. At the edges of the table such bytes cost nothing, and each step tries only the cheaper of its two
 * neighbours: so it is in rsync, and it decides between names that are equally far away.
 * @param limit where it becomes larger, any larger value is returned
 */
export function nameDistance(a: ByteString, b: ByteString, limit: number): number {
  if (Math.abs(a.length - b.length) * EDIT > limit) return Infinity;
  if (a === '' || b === '') return [...(a || b)].reduce((sum, byte) => sum + EDIT + byte.charCodeAt(0), 0);
  let row = Array.from({ length: b.length + 1 }, (_, j) => j * EDIT);
  for (let i = 0; i < a.length; i++) {
    const byte = a.charCodeAt(i);
    const next = new Array<number>(b.length + 1);
    let least = (next[0] = (i + 1) * EDIT);
    for (let j = 0; j < b.length; j++) {
      const other = b.charCodeAt(j);
      const replaced = row[j]! + (byte === other ? 0 : EDIT + Math.abs(byte - other));
      const added = row[j + 1]! < next[j]! ? row[j + 1]! + EDIT + byte : next[j]! + EDIT + other;
      const value = Math.min(replaced, added);
      next[j + 1] = value;
      if (value < least) least = value;
    }
    if (least > limit) return Infinity;
    row = next;
  }
  return row[b.length]!;
}
