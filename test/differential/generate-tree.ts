import type { Random } from './random.ts';
import { type Entry, type Piece, pieceSize } from './tree.ts';

/** 2001-02-03 04:05:06 UTC; the times of generated trees lie around it. */
const THEN = 981_173_106;

const PLAIN_NAMES = [
  'a',
  'b',
  'c.txt',
  'd.jpg',
  'e.o',
  'f~',
  'notes.txt',
  'core',
  'x.gz',
  'README',
  'tags',
  'z1',
  'z10',
  'z2',
];
const ODD_NAMES = [
  ' lead',
  'trail ',
  'new\nline',
  'tab\there',
  'bad\xff\xfe',
  'caf\xc3\xa9',
  'cafe\xcc\x81',
  '-n',
  '*',
  '[a]?',
  'back\\slash',
  '\\#012',
  'quote\'"`$(x)',
  'a:b',
  '.hidden',
  '...',
  '#hash',
  ';semi',
  'x'.repeat(200),
];
const DIR_NAMES = ['sub', 'deep', 'dir.d', 'CVS', 'tmp', 'Sub', 's', 'sub.x', 'sub-', 'sub!'];

/** Block sizes of the delta algorithm begin at 700 and grow with the root of the size beyond 490,000 bytes. */
const EDGE_SIZES = [0, 1, 31, 32, 33, 255, 256, 699, 700, 701, 1399, 1400, 1401, 4095, 4096, 4097, 32767, 32768, 32769];
const LARGE_SIZES = [65_536, 100_000, 131_072, 131_073, 262_144, 489_999, 490_000, 490_001, 700_000];

export interface TreeWishes {
  hardLinks: boolean;
  xattrs: boolean;
  acls: boolean;
  /** Times with a fraction of a second. */
  fractions: boolean;
  depth: number;
  entries: number;
}

function size(random: Random): number {
  if (random.chance(0.55)) return random.int(0, 2000);
  if (random.chance(0.8)) return random.pick(EDGE_SIZES);
  return random.pick(LARGE_SIZES) + (random.chance(0.3) ? random.int(-3, 3) : 0);
}

export function content(random: Random): Piece[] {
  const left = size(random);
  if (left === 0) return [];
  const roll = random.next();
  if (roll < 0.1) return [{ zeros: left }];
  if (roll < 0.2 && left > 9000) {
    return [
      { random: 4096, seed: random.int(0, 999) },
      { zeros: left - 8192 },
      { random: 4096, seed: random.int(0, 999) },
    ];
  }
  if (roll < 0.3 && left < 3000)
    return [{ text: 'The same line again and again.\n'.repeat(Math.ceil(left / 31)).slice(0, left) }];
  return [{ random: left, seed: random.int(0, 999) }];
}

function time(random: Random, wishes: TreeWishes): number {
  const whole = random.weighted<number>([
    [8, THEN + random.int(-2, 2)],
    [4, THEN + random.int(-40_000_000, 400_000_000)],
    [1, random.int(0, 3)],
    [1, 4_102_444_800],
  ]);
  return wishes.fractions && random.chance(0.3) ? whole + random.int(1, 7) / 8 : whole;
}

const fileMode = (random: Random): number =>
  random.weighted<number>([
    [8, 0o644],
    [2, 0o600],
    [2, 0o755],
    [1, 0o444],
    [1, 0o4755],
    [1, 0o666],
    [1, 0o000],
    [1, 0o711],
  ]);
const dirMode = (random: Random): number =>
  random.weighted<number>([
    [8, 0o755],
    [2, 0o700],
    [1, 0o1777],
    [1, 0o2755],
    [1, 0o555],
  ]);

function owned(random: Random): { uid: number; gid: number } {
  return random.chance(0.12)
    ? { uid: random.pick([0, 1, 1234, 65534]), gid: random.pick([0, 1, 4321]) }
    : { uid: 0, gid: 0 };
}

function attributes(random: Random, wishes: TreeWishes, kind: Entry['kind']): Partial<Entry> {
  const more: Partial<Entry> = {};
  if (wishes.xattrs && (kind === 'file' || kind === 'dir') && random.chance(0.4)) {
    more.xattrs = { 'user.one': 'v'.repeat(random.pick([1, 31, 32, 33, 200])) };
    if (random.chance(0.4)) more.xattrs['user.two'] = `two ${random.int(0, 3)}`;
    if (random.chance(0.1)) more.xattrs['trusted.three'] = 'three';
  }
  if (wishes.acls && (kind === 'file' || kind === 'dir') && random.chance(0.3)) {
    more.acl = random.pick([
      'u:1:rw',
      'g:4:r',
      'u:1:rwx,g:4:-',
      ...(kind === 'dir' ? ['d:u:1:rx', 'u:2:r,d:g:4:w'] : []),
    ]);
  }
  return more;
}

function entryOf(random: Random, path: string, kind: Entry['kind'], wishes: TreeWishes): Entry {
  const entry: Entry = {
    path,
    kind,
    mode: kind === 'dir' ? dirMode(random) : fileMode(random),
    mtime: time(random, wishes),
    ...owned(random),
    ...attributes(random, wishes, kind),
  };
  if (kind === 'file') entry.pieces = content(random);
  return entry;
}

/** A tree of some ten entries, parents first. */
export function generateTree(random: Random, wishes: TreeWishes): Entry[] {
  const entries: Entry[] = [];
  const taken = new Set<string>();
  const dirs: string[] = [''];
  const freePath = (names: readonly string[]): string | null => {
    const parent = random.pick(dirs);
    const path = parent === '' ? random.pick(names) : `${parent}/${random.pick(names)}`;
    if (taken.has(path) || path.length > 900) return null;
    taken.add(path);
    return path;
  };
  for (let n = 0; n < wishes.entries; n++) {
    const kind = random.weighted<Entry['kind']>([
      [10, 'file'],
      [4, 'dir'],
      [2, 'link'],
      [0.4, 'fifo'],
      [wishes.hardLinks ? 4 : 0, 'hard'],
    ]);
    const names = kind === 'dir' ? DIR_NAMES : random.chance(0.15) ? ODD_NAMES : PLAIN_NAMES;
    const path = freePath(names);
    if (path === null) continue;
    const entry = entryOf(random, path, kind, wishes);
    if (kind === 'dir') {
      if (path.split('/').length < wishes.depth) dirs.push(path);
    } else if (kind === 'link') {
      entry.target = linkTarget(random, entries);
    } else if (kind === 'hard') {
      const firsts = entries.filter((other) => other.kind === 'file' || other.kind === 'link');
      if (firsts.length === 0) continue;
      entry.target = random.pick(firsts).path;
    }
    entries.push(entry);
  }
  return entries;
}

function linkTarget(random: Random, entries: readonly Entry[]): string {
  const roll = random.next();
  if (roll < 0.5 && entries.length > 0) return random.pick(entries).path.split('/').at(-1)!;
  if (roll < 0.65) return '../a';
  if (roll < 0.75) return '../../outside';
  if (roll < 0.85) return '/no/where';
  return random.pick(['sub', 'b', 'nowhere', './a', 'sub/../b']);
}

/** What the destination may look like before: the source some edits ago, and things the source does not have. */
export function olderTree(random: Random, source: readonly Entry[], wishes: TreeWishes): Entry[] {
  const entries: Entry[] = [];
  const gone = new Set<string>();
  const parentGone = (path: string): boolean => [...gone].some((name) => path === name || path.startsWith(`${name}/`));
  for (const entry of source) {
    if (parentGone(entry.path)) continue;
    if (entry.kind === 'hard') {
      const first = entries.find(
        (other) => other.path === entry.target && (other.kind === 'file' || other.kind === 'link'),
      );
      if (first && random.chance(0.7)) entries.push({ ...entry });
      else if (random.chance(0.5)) entries.push(entryOf(random, entry.path, 'file', wishes));
      continue;
    }
    const roll = random.next();
    if (roll < 0.15) {
      gone.add(entry.path);
      continue;
    }
    const copy: Entry = { ...entry };
    if (roll < 0.45) {
      // unchanged
    } else if (roll < 0.6 && entry.kind === 'file') {
      copy.pieces = editedPieces(random, entry.pieces ?? []);
      if (random.chance(0.8)) copy.mtime = time(random, wishes);
    } else if (roll < 0.7) copy.mtime = time(random, wishes);
    else if (roll < 0.78) copy.mode = entry.kind === 'dir' ? dirMode(random) : fileMode(random);
    else if (roll < 0.83) Object.assign(copy, owned(random));
    else if (roll < 0.88 && entry.kind === 'link') copy.target = linkTarget(random, source);
    else if (roll < 0.94) {
      const kind = random.pick<Entry['kind']>(['file', 'dir', 'link', 'fifo']);
      if (kind !== 'dir') gone.add(`${entry.path}/`.slice(0, -1));
      const other = entryOf(random, entry.path, kind, wishes);
      if (kind === 'link') other.target = linkTarget(random, source);
      entries.push(other);
      if (kind !== 'dir' && entry.kind === 'dir') continue;
      gone.delete(entry.path);
      continue;
    } else if (wishes.xattrs || wishes.acls) {
      delete copy.xattrs;
      delete copy.acl;
      Object.assign(copy, attributes(random, wishes, entry.kind));
    }
    entries.push(copy);
  }
  const extras = generateTree(random, { ...wishes, entries: random.int(0, 6) });
  const known = new Map(entries.map((entry) => [entry.path, entry]));
  for (const extra of extras) {
    const parent = extra.path.includes('/') ? extra.path.slice(0, extra.path.lastIndexOf('/')) : null;
    if (known.has(extra.path) || (parent !== null && known.get(parent)?.kind !== 'dir')) continue;
    if (extra.kind === 'hard' && known.get(extra.target!)?.kind !== 'file') continue;
    known.set(extra.path, extra);
    entries.push(extra);
  }
  return entries;
}

function editedPieces(random: Random, pieces: readonly Piece[]): Piece[] {
  const result: Piece[] = [];
  for (const piece of pieces) {
    const length = pieceSize(piece);
    if (!('random' in piece) || length < 3) {
      result.push(piece);
      continue;
    }
    // Only a beginning of a random piece can be said again, so edits go in front, behind or over its end.
    const kept = random.int(0, length);
    if (kept > 0) result.push({ random: kept, seed: piece.seed });
    if (random.chance(0.7)) result.push({ random: random.pick([length - kept, 1, 700, 10]), seed: random.int(0, 999) });
  }
  if (random.chance(0.3)) result.unshift({ random: random.pick([1, 100, 700, 701]), seed: random.int(0, 999) });
  if (random.chance(0.2)) result.push({ zeros: random.pick([1, 700, 4096]) });
  return result.filter((piece) => pieceSize(piece) > 0);
}
