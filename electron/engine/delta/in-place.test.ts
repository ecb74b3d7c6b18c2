import { beforeAll, describe, expect, it } from 'vitest';
import { edited, randomBytes } from '../../../test/support/trees.ts';
import { createBlockSum, createFileSum, loadChecksums } from '../checksum/strong.ts';
import { Applier } from './apply.ts';
import { Matcher } from './match.ts';
import { type BlockReader, SignatureTable, SignatureWriter } from './signature.ts';
import { chooseSumHead, NO_BASIS } from './sum-head.ts';
import type { UpdateMode } from './update-mode.ts';

beforeAll(() => loadChecksums(['xxh64']));

const readerOf = (data: Buffer): BlockReader => ({
  read: (into, offset, length, position) => data.copy(into, offset, position, position + length),
});

/** Basis and target in one, as the receiver's file is. */
class SharedFile {
  data: Buffer;
  passed = 0;
  written = 0;
  #position: number;

  constructor(basis: Buffer, from = 0) {
    this.data = Buffer.from(basis);
    this.#position = from;
  }

  readonly reader: BlockReader = {
    read: (into, offset, length, position) => this.data.copy(into, offset, position, position + length),
  };

  write(from: Uint8Array, offset: number, length: number): void {
    const end = this.#position + length;
    if (end > this.data.length) this.data = Buffer.concat([this.data], end);
    this.data.set(from.subarray(offset, offset + length), this.#position);
    this.#position = end;
    this.written += length;
  }

  pass(from: Uint8Array, offset: number, length: number): void {
    const here = this.data.subarray(this.#position, this.#position + length);
    expect(here.equals(from.subarray(offset, offset + length))).toBe(true);
    this.#position += length;
    this.passed += length;
  }

  get result(): Buffer {
    return this.data.subarray(0, this.#position);
  }
}

/** Both sides in one: the sender's tokens applied at once to the file they were made of. */
function update(basis: Buffer, source: Buffer, mode: UpdateMode, blockSize = 0) {
  const block = createBlockSum('xxh64', 5, { seedFirst: true });
  const head =
    mode.from === undefined ? chooseSumHead(basis.length, { blockSize, checksumLength: 8, redo: true }) : NO_BASIS;
  const file = new SharedFile(basis, mode.from);
  let table: SignatureTable | null = null;
  if (head.count > 0) {
    table = new SignatureTable(head);
    const writer = new SignatureWriter(block);
    writer.begin(head, file.reader);
    for (let sums = writer.next(); sums !== null; sums = writer.next()) table.add(sums, 0, sums.length);
  }
  const applier = new Applier();
  const ours = createFileSum('xxh64');
  const theirs = createFileSum('xxh64');
  applier.begin(head, file.reader, file, ours, mode);
  while (applier.prefix(1000));
  const matcher = new Matcher(
    {
      literal: (data, offset, length) => applier.literal(data, offset, length),
      match: (index) => applier.block(index),
    },
    block,
  );
  matcher.begin(readerOf(source), source.length, table, theirs, mode);
  while (matcher.step(50_000));
  const sums = [Buffer.from(applier.finish()).toString('hex'), Buffer.from(theirs.digest()).toString('hex')];
  return { file, sums, literal: matcher.literalBytes, matched: matcher.matchedBytes };
}

const basis = randomBytes(1_200_000, 1);
const part = (from: number, to: number): Buffer => basis.subarray(from, to);
const cases: [name: string, source: Buffer][] = [
  ['nothing changed', basis],
  ['stretches written over', edited(basis, 20, 3000, 9)],
  ['bytes inserted at the front', Buffer.concat([randomBytes(777, 2), basis])],
  ['bytes removed at the front', part(777, basis.length)],
  ['halves swapped', Buffer.concat([part(600_000, 1_200_000), part(0, 600_000)])],
  ['the end first', Buffer.concat([part(1_000_000, 1_200_000), basis])],
  ['the first block again and again', Buffer.concat([part(0, 400_000), part(0, 8_000), part(0, 400_000)])],
  ['shorter', part(0, 500_123)],
  ['longer', Buffer.concat([basis, randomBytes(300_000, 3)])],
  ['empty', Buffer.alloc(0)],
  [
    'backwards in large blocks',
    Buffer.concat([9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((n) => part(n * 120_000, (n + 1) * 120_000))),
  ],
];

describe('an update in place', () => {
  for (const blockSize of [0, 500, 131_072]) {
    it.each(cases)(`makes the file out of itself: %s (blocks of ${blockSize || 'the usual size'})`, (_name, source) => {
      const { file, sums } = update(basis, source, { inPlace: true }, blockSize);
      expect(file.result.equals(source)).toBe(true);
      expect(sums[0]).toBe(sums[1]);
    });
  }

  it('writes nothing where nothing changed', () => {
    const { file, literal } = update(basis, edited(basis, 3, 100, 4), { inPlace: true });
    expect(literal).toBeLessThan(3 * 2 * 1200);
    expect(file.written).toBe(literal);
    expect(file.passed).toBe(basis.length - literal);
  });

  it('uses blocks ahead, and none behind that have been written over', () => {
    const ahead = update(basis, part(700_000, 1_200_000), { inPlace: true });
    expect(ahead.literal).toBeLessThan(3000);
    const behind = update(basis, Buffer.concat([randomBytes(200_000, 8), part(0, 1_000_000)]), { inPlace: true });
    expect(behind.literal).toBe(1_200_000);
  });

  it('uses blocks behind that stand where they stood', () => {
    const { matched } = update(basis, Buffer.concat([part(0, 600_000), part(0, 600_000)]), { inPlace: true });
    expect(matched).toBeGreaterThan(1_190_000);
  });
});

describe('an update that appends', () => {
  const source = Buffer.concat([part(0, 500_000), randomBytes(400_000, 6)]);
  it.each([{ sumsPrefix: false }, { sumsPrefix: true }])('sends only what follows (%o)', (mode) => {
    const { file, sums, literal } = update(part(0, 500_000), source, { ...mode, from: 500_000 });
    expect(file.result.equals(source)).toBe(true);
    expect(literal).toBe(400_000);
    expect(sums[0]).toBe(sums[1]);
  });

  it('sees another beginning only when that is summed', () => {
    const other = edited(part(0, 500_000), 1, 10, 3);
    const blind = update(other, source, { from: 500_000 });
    expect(blind.sums[0]).toBe(blind.sums[1]);
    const careful = update(other, source, { from: 500_000, sumsPrefix: true });
    expect(careful.sums[0]).not.toBe(careful.sums[1]);
  });

  it('appends to nothing', () => {
    const { file, sums } = update(Buffer.alloc(0), source, { from: 0, sumsPrefix: true });
    expect(file.result.equals(source)).toBe(true);
    expect(sums[0]).toBe(sums[1]);
  });
});
