import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BlockSum, createBlockSum, createFileSum, type FileSum, loadChecksums } from '../checksum/strong.ts';
import { Applier } from './apply.ts';
import { MAX_LITERAL, Matcher } from './match.ts';
import { type BlockReader, SignatureTable, SignatureWriter } from './signature.ts';
import { chooseSumHead, NO_BASIS, type SumHead } from './sum-head.ts';

const BUDGET = 65536;

type Token = Uint8Array | number;

const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex');
const md5 = (data: Uint8Array): string => createHash('md5').update(data).digest('hex');
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** Reads at most `most` bytes a call, as a file system may. */
function readerOf(data: Uint8Array, most = Infinity): BlockReader {
  return {
    read(into, offset, length, position) {
      const piece = data.subarray(position, position + Math.min(length, most));
      into.set(piece, offset);
      return piece.length;
    },
  };
}

/** A small generator of reproducible bytes (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

function randomBytes(next: () => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, next);
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

class CountingSum implements BlockSum {
  readonly name;
  readonly length;
  readonly inner: BlockSum;
  calls = 0;

  constructor(inner: BlockSum) {
    this.inner = inner;
    this.name = inner.name;
    this.length = inner.length;
  }

  sum(data: Uint8Array, offset: number, length: number, out: Uint8Array, outOffset: number): void {
    this.calls++;
    this.inner.sum(data, offset, length, out, outOffset);
  }
}

/** No memory for WebAssembly: plain TypeScript does it. */
const plainly = (): null => null;

/** The same from WebAssembly and from plain TypeScript. */
function signatureBytes(basis: Uint8Array, head: SumHead, sum: BlockSum): Uint8Array {
  const bytes = signatureBy(new SignatureWriter(sum), basis, head);
  const uncounted = sum instanceof CountingSum ? sum.inner : sum;
  expect(hex(bytes)).toBe(hex(signatureBy(new SignatureWriter(uncounted, plainly), basis, head)));
  return bytes;
}

function signatureBy(writer: SignatureWriter, basis: Uint8Array, head: SumHead, slice = 10_000): Uint8Array {
  writer.begin(head, readerOf(basis));
  const parts: Uint8Array[] = [];
  for (let part = writer.next(slice); part !== null; part = writer.next(slice)) parts.push(part);
  return concat(...parts);
}

function tableOf(head: SumHead, wire: Uint8Array): SignatureTable {
  const table = new SignatureTable(head);
  let at = 0;
  while (table.missing > 0) at += table.add(wire, at, Math.min(wire.length - at, 1000));
  expect(at).toBe(wire.length);
  expect(table.missing).toBe(0);
  return table;
}

interface Found {
  tokens: Token[];
  sum: Uint8Array;
  literal: number;
  matched: number;
}

/** The same from WebAssembly and from plain TypeScript. */
function search(
  source: Uint8Array,
  table: SignatureTable | null,
  block: BlockSum,
  file: FileSum,
  most?: number,
): Found {
  const uncounted = block instanceof CountingSum ? block.inner : block;
  const plain = searchBy(plainly, source, table, uncounted, createFileSum(file.name), most);
  const found = searchBy(undefined, source, table, block, file, most);
  expect(wire(found.tokens)).toBe(wire(plain.tokens));
  expect(hex(found.sum)).toBe(hex(plain.sum));
  return found;
}

function searchBy(
  open: (() => null) | undefined,
  source: Uint8Array,
  table: SignatureTable | null,
  block: BlockSum,
  file: FileSum,
  most?: number,
): Found {
  const tokens: Token[] = [];
  const matcher = new Matcher(
    {
      literal: (data, offset, length) => {
        expect(length).toBeGreaterThan(0);
        expect(length).toBeLessThanOrEqual(MAX_LITERAL);
        tokens.push(data.slice(offset, offset + length));
      },
      match: (index) => tokens.push(index),
    },
    block,
    open,
  );
  matcher.begin(readerOf(source, most), source.length, table, file);
  while (matcher.step(BUDGET));
  expect(matcher.bytesRead).toBe(source.length);
  expect(matcher.literalBytes + matcher.matchedBytes).toBe(source.length);
  return { tokens, sum: file.digest(), literal: matcher.literalBytes, matched: matcher.matchedBytes };
}

function apply(tokens: Token[], head: SumHead, basis: Uint8Array | null, file: FileSum, most?: number) {
  const parts: Uint8Array[] = [];
  const applier = new Applier();
  applier.begin(
    head,
    basis === null ? null : readerOf(basis, most),
    {
      write: (data, offset, length) => parts.push(data.slice(offset, offset + length)),
      pass: () => expect.unreachable(),
    },
    file,
  );
  for (const token of tokens) {
    if (typeof token === 'number') applier.block(token);
    else applier.literal(token, 0, token.length);
  }
  const sum = applier.finish();
  return { data: concat(...parts), sum, writes: parts.length, applier };
}

/** Signature, search and rebuilding in one; checks that source and sums come out. */
function roundTrip(
  basis: Uint8Array,
  source: Uint8Array,
  blockSize: number,
  name: 'xxh64' | 'md5',
  most?: number,
): Found {
  const block = createBlockSum(name, -77, { seedFirst: true });
  // Small blocks of few different bytes do collide in the two bytes of a first pass.
  const redo = blockSize > 0 && blockSize < 700;
  const head = chooseSumHead(basis.length, { blockSize, checksumLength: block.length, redo });
  const table = tableOf(head, signatureBytes(basis, head, block));
  const found = search(source, table, block, createFileSum(name), most);
  const made = apply(found.tokens, head, basis, createFileSum(name), most);
  expect(made.data.length).toBe(source.length);
  expect(md5(made.data)).toBe(md5(source));
  expect(hex(made.sum)).toBe(hex(found.sum));
  expect(made.applier.literalBytes).toBe(found.literal);
  expect(made.applier.matchedBytes).toBe(found.matched);
  return found;
}

function wire(tokens: Token[]): string {
  const parts: Uint8Array[] = [];
  for (const token of tokens) {
    const number = Buffer.alloc(4);
    number.writeInt32LE(typeof token === 'number' ? -(token + 1) : token.length);
    parts.push(number);
    if (typeof token !== 'number') parts.push(token);
  }
  return hex(concat(...parts, new Uint8Array(4)));
}

beforeAll(() => loadChecksums(['xxh64', 'md5']));

describe('tokens', () => {
  it('are those of the traced delta (reference §11.3)', () => {
    // The trace does not show the basis itself: any content with the same shape gives the same tokens.
    const head: SumHead = { count: 3, blockLength: 700, strongLength: 2, remainder: 16 };
    const next = random(113);
    const basis = randomBytes(next, 1416);
    const block = createBlockSum('md5', 1, { seedFirst: true });
    expect(chooseSumHead(1416, { blockSize: 0, checksumLength: 16, redo: false })).toEqual(head);
    const table = tableOf(head, signatureBytes(basis, head, block));
    const source = concat(basis.subarray(0, 700), latin1('INSERT'), basis.subarray(700, 1400), latin1('tail!'));
    const found = search(source, table, block, createFileSum('md5'));
    expect(wire(found.tokens)).toBe('ffffffff06000000494e53455254feffffff050000007461696c2100000000');
    expect(hex(found.sum)).toBe(md5(source));
  });

  it('of an empty source are none', () => {
    const found = search(new Uint8Array(0), null, createBlockSum('md5', 1, { seedFirst: true }), createFileSum('md5'));
    expect(wire(found.tokens)).toBe('00000000');
    expect(hex(found.sum)).toBe(md5(new Uint8Array(0)));
    expect(roundTrip(randomBytes(random(1), 5000), new Uint8Array(0), 0, 'md5').tokens).toEqual([]);
  });

  it('without a basis are literals of 32768 bytes', () => {
    const source = randomBytes(random(2), 600_000);
    const found = search(source, null, createBlockSum('md5', 1, { seedFirst: true }), createFileSum('md5'));
    expect(found.tokens.map((token) => (token as Uint8Array).length)).toEqual([
      ...Array<number>(18).fill(32768),
      600_000 - 18 * 32768,
    ]);
    const made = apply(found.tokens, NO_BASIS, null, createFileSum('md5'));
    expect(md5(made.data)).toBe(md5(source));
    expect(made.writes).toBeLessThanOrEqual(4);
  });

  it('of an unchanged file are all blocks in order, the shorter last one too', () => {
    const basis = randomBytes(random(3), 700 * 5 + 11);
    expect(roundTrip(basis, basis, 0, 'xxh64').tokens).toEqual([0, 1, 2, 3, 4, 5]);
    expect(roundTrip(basis.subarray(0, 11), basis.subarray(0, 11), 0, 'xxh64').tokens).toEqual([0]);
  });

  it('use the shorter last block only at the very end', () => {
    const next = random(4);
    const basis = randomBytes(next, 711);
    const last = basis.subarray(700);
    const extra = randomBytes(next, 50);
    expect(roundTrip(basis, concat(last, extra), 0, 'xxh64').matched).toBe(0);
    expect(roundTrip(basis, concat(extra, last), 0, 'xxh64').tokens).toEqual([extra, 1]);
    expect(roundTrip(basis, last, 0, 'xxh64').tokens).toEqual([1]);
    expect(roundTrip(basis, concat(basis, last), 0, 'xxh64').tokens).toEqual([0, last, 1]);
  });

  it('of equal blocks run on from the previous match', () => {
    expect(roundTrip(new Uint8Array(7000), new Uint8Array(7000), 0, 'xxh64').tokens).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
  });

  it('lose at most one block per edit', () => {
    const next = random(5);
    const basis = randomBytes(next, 2_000_000);
    const source = basis.slice();
    for (let edit = 0; edit < 20; edit++) source[edit * 100_000 + 50_000]! ^= 0x55;
    const head = chooseSumHead(basis.length, { blockSize: 0, checksumLength: 8, redo: false });
    expect(roundTrip(basis, source, 0, 'xxh64').literal).toBeLessThanOrEqual(20 * head.blockLength);
  });
});

/** Cuts, moves, repeats, inserts and flips; never the same twice. */
function edited(basis: Uint8Array, next: () => number, edits: number): Uint8Array {
  let data = basis;
  const at = (limit: number): number => (limit > 0 ? next() % limit : 0);
  for (let i = 0; i < edits; i++) {
    const from = at(data.length);
    const to = from + at(Math.min(data.length - from, 5000));
    const cut = data.subarray(from, to);
    const rest = concat(data.subarray(0, from), data.subarray(to));
    const where = at(rest.length);
    switch (next() % 5) {
      case 0:
        data = rest;
        break;
      case 1:
        data = concat(rest.subarray(0, where), cut, rest.subarray(where));
        break;
      case 2:
        data = concat(data.subarray(0, to), cut, data.subarray(to));
        break;
      case 3:
        data = concat(data.subarray(0, from), randomBytes(next, 1 + at(2000)), data.subarray(from));
        break;
      default:
        data = data.slice();
        if (data.length > 0) data[from]! ^= 1 + at(255);
    }
  }
  return data;
}

describe('any basis and source', () => {
  const next = random(20240601);
  const lengths = [0, 1, 2, 15, 16, 17, 699, 700, 701, 1399, 1400, 1401, 9999, 65535, 65536, 65537, 300_000];

  it.each([1, 2, 3, 16, 17, 512, 700, 4096, 65536, 131072])('come out again with blocks of %i', (blockSize) => {
    for (const length of lengths) {
      if (blockSize < 16 && length > 10_000) continue;
      // A small alphabet makes false weak hits and repeated blocks; a large one makes true edits.
      const alphabet = next() % 2 === 0 ? 3 : 256;
      const basis = randomBytes(next, length).map((byte) => byte % alphabet);
      for (const source of [basis, edited(basis, next, 1), edited(basis, next, 8), randomBytes(next, length)]) {
        roundTrip(basis, source, blockSize, 'xxh64');
      }
    }
  });

  it('come out again with md5, short reads, and the protocol’s own block length', () => {
    for (const length of lengths) {
      const basis = randomBytes(next, length);
      roundTrip(basis, edited(basis, next, 5), 0, 'md5', 1 + (next() % 5000));
    }
  });

  it('come out again past the window, with matches across every refill', () => {
    const basis = randomBytes(next, 1_500_000);
    for (const blockSize of [700, 131072]) {
      const source = concat(basis.subarray(0, 400_001), randomBytes(next, 300_000), basis.subarray(400_001));
      const found = roundTrip(basis, source, blockSize, 'xxh64');
      expect(found.literal).toBeLessThan(300_000 + 2 * blockSize + blockSize);
    }
  });
});

describe('work', () => {
  it('stays linear where many blocks share a weak sum', () => {
    // Swapping +1/-1 -1/+1 patterns keeps both halves of the weak sum while the content differs.
    const count = 4000;
    const basis = new Uint8Array(count * 64);
    for (let i = 0; i < count; i++) {
      for (let bit = 0; bit < 12; bit++) {
        basis.set((i >> bit) & 1 ? [1, 2, 2, 1] : [2, 1, 1, 2], i * 64 + bit * 4);
      }
    }
    const sum = new CountingSum(createBlockSum('xxh64', 1, { seedFirst: true }));
    const head = chooseSumHead(basis.length, { blockSize: 64, checksumLength: 8, redo: true });
    const table = tableOf(head, signatureBytes(basis, head, sum));
    expect(new Set(table.weak).size).toBe(1);
    // The last block's content is behind more candidates than are looked at, so it goes out as literals.
    const source = concat(basis.subarray(basis.length - 64), randomBytes(random(8), 100), basis.subarray(0, 64 * 100));
    sum.calls = 0;
    const found = search(source, table, sum, createFileSum('xxh64'));
    expect(sum.calls).toBeLessThanOrEqual(source.length);
    expect(found.matched).toBe(6400);
    expect(md5(apply(found.tokens, head, basis, createFileSum('xxh64')).data)).toBe(md5(source));
  });

  it('sums each unchanged block once', () => {
    const basis = randomBytes(random(9), 700 * 300);
    const sum = new CountingSum(createBlockSum('xxh64', 1, { seedFirst: true }));
    const head = chooseSumHead(basis.length, { blockSize: 700, checksumLength: 8, redo: false });
    const table = tableOf(head, signatureBytes(basis, head, sum));
    expect(sum.calls).toBe(300);
    search(basis, table, sum, createFileSum('xxh64'));
    expect(sum.calls).toBe(600);
  });

  it('goes in steps', () => {
    const basis = randomBytes(random(10), 700 * 100);
    const sum = createBlockSum('xxh64', 1, { seedFirst: true });
    const head = chooseSumHead(basis.length, { blockSize: 700, checksumLength: 8, redo: false });
    let matches = 0;
    const matcher = new Matcher({ literal: () => expect.unreachable(), match: () => matches++ }, sum);
    matcher.begin(
      readerOf(basis),
      basis.length,
      tableOf(head, signatureBytes(basis, head, sum)),
      createFileSum('xxh64'),
    );
    expect(matcher.step(700)).toBe(true);
    expect(matches).toBe(1);
    expect(matcher.step(1400)).toBe(true);
    expect(matches).toBe(3);
    while (matcher.step(7000));
    expect(matches).toBe(100);
  });

  it('copies neighbouring blocks in few reads and writes', () => {
    const basis = randomBytes(random(11), 700 * 1000);
    let reads = 0;
    const inner = readerOf(basis);
    let writes = 0;
    const applier = new Applier();
    applier.begin(
      { count: 1000, blockLength: 700, strongLength: 2, remainder: 0 },
      { read: (...args) => (reads++, inner.read(...args)) },
      { write: () => writes++, pass: () => expect.unreachable() },
      createFileSum('xxh64'),
    );
    for (let i = 0; i < 1000; i++) applier.block(i);
    applier.finish();
    expect(reads).toBeLessThan(12);
    expect(writes).toBeLessThan(12);
  });
});

describe('a source that changes while it is read', () => {
  it.each([
    ['grew', 5000, 3000],
    ['shrank', 3000, 5000],
  ])('and %s is sent and summed as far as it was read', (_, real, known) => {
    const data = randomBytes(random(12), real);
    for (const basis of [new Uint8Array(0), data]) {
      const block = createBlockSum('md5', 1, { seedFirst: true });
      const head = chooseSumHead(basis.length, { blockSize: 0, checksumLength: 16, redo: false });
      const table = tableOf(head, signatureBytes(basis, head, block));
      const tokens: Token[] = [];
      const sum = createFileSum('md5');
      const matcher = new Matcher(
        {
          literal: (buffer, offset, length) => tokens.push(buffer.slice(offset, offset + length)),
          match: (i) => tokens.push(i),
        },
        block,
      );
      matcher.begin(readerOf(data), known, table, sum);
      while (matcher.step(BUDGET));
      expect(matcher.bytesRead).toBe(3000);
      const sent = sum.digest();
      const made = apply(tokens, head, basis, createFileSum('md5'));
      expect(md5(made.data)).toBe(md5(data.subarray(0, 3000)));
      expect(hex(made.sum)).toBe(hex(sent));
    }
  });
});

describe('what can go wrong is caught', () => {
  it('a collision of weak and shortened strong sum: the whole-file sum differs', () => {
    const block = createBlockSum('md5', 1, { seedFirst: true });
    const head: SumHead = { count: 1, blockLength: 64, strongLength: 2, remainder: 0 };
    // Blocks with one weak sum (see above); among 2^16 of them two share two bytes of md5.
    const seen = new Map<string, Uint8Array>();
    const out = new Uint8Array(16);
    let pair: [Uint8Array, Uint8Array] | null = null;
    for (let i = 0; pair === null && i < 65536; i++) {
      const data = new Uint8Array(64);
      for (let bit = 0; bit < 16; bit++) data.set((i >> bit) & 1 ? [1, 2, 2, 1] : [2, 1, 1, 2], bit * 4);
      block.sum(data, 0, 64, out, 0);
      const key = hex(out.subarray(0, 2));
      const twin = seen.get(key);
      if (twin === undefined) seen.set(key, data);
      else pair = [twin, data];
    }
    const [basis, source] = pair!;
    const table = tableOf(head, signatureBytes(basis, head, block));
    const found = search(source, table, block, createFileSum('md5'));
    expect(found.tokens).toEqual([0]);
    const made = apply(found.tokens, head, basis, createFileSum('md5'));
    expect(hex(made.data)).not.toBe(hex(source));
    expect(hex(made.sum)).not.toBe(hex(found.sum));
    // The redo's full sums tell them apart.
    const redo = { ...head, strongLength: 16 };
    expect(search(source, tableOf(redo, signatureBytes(basis, redo, block)), block, createFileSum('md5')).matched).toBe(
      0,
    );
  });

  it.each([-1, 3, 2 ** 31, NaN])('block %d of 3', (index) => {
    const head: SumHead = { count: 3, blockLength: 4, strongLength: 2, remainder: 1 };
    expect(() => apply([index], head, new Uint8Array(9), createFileSum('md5'))).toThrow(/referred to block/);
  });

  it('a block without a basis', () => {
    expect(() => apply([0], NO_BASIS, null, createFileSum('md5'))).toThrow(/no old copy/);
    expect(() => apply([0], NO_BASIS, new Uint8Array(9), createFileSum('md5'))).toThrow(/no old copy/);
  });

  it('a basis that shrank or fails while its sums are made: the sums still go out whole', () => {
    const block = createBlockSum('xxh64', 1, { seedFirst: true });
    const basis = randomBytes(random(13), 5000);
    const head = chooseSumHead(5000, { blockSize: 0, checksumLength: 8, redo: false });
    const zeros = signatureBytes(concat(basis.subarray(0, 1400), new Uint8Array(3600)), head, block);
    expect(hex(signatureBytes(basis.subarray(0, 1400), head, block))).toBe(hex(zeros));
    const writer = new SignatureWriter(block);
    writer.begin(head, {
      read() {
        throw new Error('disk');
      },
    });
    let length = 0;
    for (let part = writer.next(700); part !== null; part = writer.next(700)) length += part.length;
    expect(length).toBe(8 * 6);
    expect(writer.failure).toBeInstanceOf(Error);
  });

  it('a basis that shrank before it is copied: another sum', () => {
    const head: SumHead = { count: 3, blockLength: 4, strongLength: 2, remainder: 0 };
    const basis = latin1('abcdefghijkl');
    const made = apply([0, 1, 2], head, basis.subarray(0, 6), createFileSum('md5'));
    expect(made.data).toEqual(latin1('abcdef\0\0\0\0\0\0'));
    expect(hex(made.sum)).not.toBe(md5(basis));
  });

  it('sums that are missing, or memory asked for before sums came', () => {
    const head: SumHead = { count: 100_000_000, blockLength: 700, strongLength: 2, remainder: 0 };
    const table = new SignatureTable(head);
    expect(table.weak.byteLength).toBeLessThan(1_000_000);
    const matcher = new Matcher({ literal: () => {}, match: () => {} }, createBlockSum('md5', 1, { seedFirst: true }));
    expect(() => matcher.begin(readerOf(new Uint8Array(9)), 9, table, createFileSum('md5'))).toThrow(/missing/);
  });
});
