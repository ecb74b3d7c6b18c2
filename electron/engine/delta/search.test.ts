import { describe, expect, it } from 'vitest';
import { weakSum } from '../checksum/rolling.ts';
import { BlockIndex } from './block-index.ts';
import { PlainSearch, type Search, Searches } from './search.ts';
import { SearchMemory } from './search-memory.ts';
import { SignatureTable } from './signature.ts';

/** A small generator of reproducible numbers (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

/** WebAssembly with vectors: every machine the tests run on has it. */
function memory(): SearchMemory {
  const opened = SearchMemory.open();
  if (opened === null) throw new Error('no WebAssembly here');
  return opened;
}

/** A table that knows these weak sums. */
function tableOf(weak: readonly number[], blockLength: number, remainder = 0): SignatureTable {
  const table = new SignatureTable({ count: weak.length, blockLength, strongLength: 0, remainder });
  const wire = Buffer.alloc(4 * weak.length);
  weak.forEach((sum, i) => wire.writeInt32LE(sum, 4 * i));
  table.add(wire, 0, wire.length);
  return table;
}

/** Every stop of the window between `from` and `to`, and its weak sum there. */
function stops(search: Search, from: number, to: number, step: number, worthIt: (weak: number) => boolean): string[] {
  const found: string[] = [];
  search.place(from);
  for (let at = from; at < to;) {
    const stop = Math.min(to, at + step);
    at = search.scan(at, stop);
    if (at < stop) {
      if (worthIt(search.weak)) found.push(`${at}: ${search.weak}`);
      search.roll(at++);
    }
  }
  found.push(`end: ${search.weak}`);
  return found;
}

describe('weak sums in WebAssembly', () => {
  it('are those of TypeScript, for every length and place', () => {
    const next = random(1);
    const summed = memory();
    expect(summed.reserve(4096)).toBe(true);
    for (const value of [null, 0x80, 0x7f, 0xff]) {
      summed.data.forEach((_, i) => (summed.data[i] = value ?? next()));
      for (let length = 0; length < 100; length++) {
        for (const offset of [0, 1, 13]) {
          expect(summed.weakSum(offset, length)).toBe(weakSum(summed.data, offset, length));
        }
      }
    }
  });

  it.each([0x80, 0x7f, 0xff])('of the longest block of bytes %i lose no bits', (byte) => {
    const summed = memory();
    summed.reserve(2 ** 24);
    summed.data.fill(byte);
    for (const length of [131_071, 131_072, 2 ** 24]) {
      expect(summed.weakSum(0, length)).toBe(weakSum(summed.data, 0, length));
    }
  });
});

describe('the search in WebAssembly', () => {
  const bufferBytes = 20_000;

  it.each([
    ['few blocks', 3, 700, 256],
    ['many blocks', 3000, 700, 256],
    ['a block of one byte', 5, 1, 256],
    ['bytes few of which differ', 200, 17, 2],
    ['the longest window', 40, 16_384, 256],
  ])('stops where the plain one does: %s', (_name, count, length, alphabet) => {
    const next = random(count + length);
    const source = Uint8Array.from({ length: bufferBytes }, () => next() % alphabet);
    // Some blocks stand in the source, the others nowhere.
    const sums = Array.from({ length: count }, (_, i) =>
      i % 2 === 0 ? next() | 0 : weakSum(source, next() % (bufferBytes - length), length),
    );
    const extent = { table: tableOf(sums, length), bufferBytes };
    const fast = new Searches(SearchMemory.open).next(extent);
    const plain = new PlainSearch(extent);
    expect(fast).not.toBeInstanceOf(PlainSearch);
    fast.buffer.set(source);
    plain.buffer.set(source);
    const known = new Set(sums);
    for (const step of [bufferBytes, 1000, 9, 8, 7, 1]) {
      const expected = stops(plain, 0, bufferBytes - length, step, (weak) => known.has(weak));
      expect(expected.length).toBeGreaterThan(1);
      expect(stops(fast, 0, bufferBytes - length, step, () => true)).toEqual(expected);
    }
  });

  it('leaves it to the caller where more blocks share a bucket than are looked at', () => {
    // Multiples of the factor’s inverse hash to 0, 1, 2 …, so all their blocks are in one bucket.
    let inverse = 1;
    for (let i = 0; i < 5; i++) inverse = Math.imul(inverse, 2 - Math.imul(0x9e3779b1, inverse));
    const sums = Array.from({ length: 1500 }, (_, i) => Math.imul(i, inverse));
    const source = new Uint8Array(bufferBytes).fill(1);
    for (const [missed, stands] of [
      [1023, false],
      [1500, true],
    ] as const) {
      const table = tableOf(sums.slice(1, 1 + missed), 700);
      const search = new Searches(SearchMemory.open).next({ table, bufferBytes });
      search.buffer.set(source);
      search.place(0);
      expect(new Set(sums).has(search.weak)).toBe(false);
      const { index } = search;
      const at = index.buckets.findIndex((block) => block >= 0);
      expect(index.buckets.filter((block) => block >= 0)).toHaveLength(1);
      // The window’s own bucket is made to be theirs.
      const bucket = Math.imul(search.weak, 0x9e3779b1) >>> index.bucketShift;
      index.buckets[bucket] = index.buckets[at]!;
      index.bitmap.fill(-1);
      expect(search.scan(0, 5) < 5).toBe(stands);
    }
  });

  it('is done in ordinary arrays where there is no memory for it', () => {
    const extent = { table: tableOf([1, 2, 3], 700), bufferBytes };
    expect(new Searches(() => null).next(extent)).toBeInstanceOf(PlainSearch);
    const full = memory();
    full.reserve = () => false;
    expect(new Searches(() => full).next(extent)).toBeInstanceOf(PlainSearch);
  });

  it('is done in ordinary arrays where the index is too large, and takes no memory for that', () => {
    const taken = memory();
    const before = taken.data.length;
    expect(taken.reserve(4 * BlockIndex.words(2 ** 27))).toBe(false);
    expect(taken.data.length).toBe(before);
  });

  it('keeps a small memory for the next file and lets go of a large one', () => {
    let opened = 0;
    const searches = new Searches(() => {
      opened++;
      return SearchMemory.open();
    });
    const table = tableOf([1, 2, 3], 700);
    for (let i = 0; i < 5; i++) searches.next({ table, bufferBytes: 1_000_000 });
    expect(opened).toBe(1);
    searches.next({ table, bufferBytes: 50_000_000 });
    searches.next({ table, bufferBytes: 50_000_000 });
    expect(opened).toBe(1);
    searches.next({ table, bufferBytes: 1_000_000 });
    expect(opened).toBe(2);
  });
});
