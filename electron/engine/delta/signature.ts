import { fail } from '../../../shared/errors.ts';
import { weakSum } from '../checksum/rolling.ts';
import type { BlockSum } from '../checksum/strong.ts';
import { basisLengthOf, type SumHead } from './sum-head.ts';

/** What this folder needs of an open file; `ReadFile` of the file system fits. */
export interface BlockReader {
  /** Reads up to `length` bytes at `position` into `into`; returns the count, 0 at the end of the file. */
  read(into: Uint8Array, offset: number, length: number, position: number): number;
}

/** Reads until `length` bytes are there or the file ends. @returns the count. */
export function readFully(
  reader: BlockReader,
  into: Uint8Array,
  offset: number,
  length: number,
  position: number,
): number {
  let got = 0;
  while (got < length) {
    const n = reader.read(into, offset + got, length - got, position + got);
    if (n <= 0) break;
    got += n;
  }
  return got;
}

const READ_BYTES = 262144;
const WEAK_BYTES = 4;

/**
 * Receiving side: the block sums of a basis as wire bytes (`int weak`, then the strong sum's first bytes, per block:
 * reference §7.5), a slice at a time. One instance serves a whole transfer, since its buffers are worth keeping.
 *
 * Once the head is on the wire its sums must follow, so a basis that shrinks or fails under our hands is summed as if
 * zeros stood there; such a block never survives the whole-file check. {@link failure} keeps the error.
 */
export class SignatureWriter {
  readonly #blockSum: BlockSum;
  readonly #strong: Uint8Array;
  #buffer: Uint8Array = new Uint8Array(0);
  #head: SumHead | null = null;
  #reader: BlockReader | null = null;
  #next = 0;
  #failure: unknown = null;

  constructor(blockSum: BlockSum) {
    this.#blockSum = blockSum;
    this.#strong = new Uint8Array(blockSum.length);
  }

  /** What reading this basis failed with, or null. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Starts with the next basis. The reader stays the caller's to close. */
  begin(head: SumHead, reader: BlockReader): void {
    this.#head = head;
    this.#reader = reader;
    this.#next = 0;
    this.#failure = null;
  }

  /**
   * Sums up to `maxBytes` of the basis, at least one block.
   * @returns fresh wire bytes that the caller owns, or null after the last block.
   */
  next(maxBytes: number = READ_BYTES): Uint8Array | null {
    const head = this.#head;
    const reader = this.#reader;
    if (head === null || reader === null || this.#next >= head.count) return null;
    const { blockLength, strongLength } = head;
    const perSlice = Math.max(1, Math.floor(Math.min(maxBytes, READ_BYTES) / blockLength));
    const blocks = Math.min(perSlice, head.count - this.#next);
    const from = this.#next * blockLength;
    const bytes = Math.min(blocks * blockLength, basisLengthOf(head) - from);
    this.#fill(reader, bytes, from);

    const buffer = this.#buffer;
    const strong = this.#strong;
    const out = new Uint8Array(blocks * (WEAK_BYTES + strongLength));
    let at = 0;
    for (let offset = 0; offset < bytes; offset += blockLength) {
      const length = Math.min(blockLength, bytes - offset);
      const weak = weakSum(buffer, offset, length);
      out[at] = weak;
      out[at + 1] = weak >> 8;
      out[at + 2] = weak >> 16;
      out[at + 3] = weak >> 24;
      at += WEAK_BYTES;
      this.#blockSum.sum(buffer, offset, length, strong, 0);
      for (let i = 0; i < strongLength; i++) out[at++] = strong[i]!;
    }
    this.#next += blocks;
    return out;
  }

  #fill(reader: BlockReader, bytes: number, position: number): void {
    if (this.#buffer.length < bytes)
      this.#buffer = new Uint8Array(bytes <= 65536 ? 65536 : Math.max(bytes, READ_BYTES));
    let got = 0;
    if (this.#failure === null) {
      try {
        got = readFully(reader, this.#buffer, 0, bytes, position);
      } catch (error) {
        this.#failure = error;
      }
    }
    if (got < bytes) this.#buffer.fill(0, got, bytes);
  }
}

/** Blocks for which room is made before any sum arrived; more is allocated only as bytes really come. */
const FIRST_CAPACITY = 16384;
const MIN_BITMAP_LOG2 = 13;
const MAX_BITMAP_LOG2 = 26;
/** 32 KiB, the first-level cache: up to here a sparser bitmap costs nothing. */
const CACHED_BITMAP_LOG2 = 18;

/** 64 bits per block while the bitmap is small, 16 beyond: false passes against cache misses. */
function bitmapLog2(count: number): number {
  const sparse = Math.min(CACHED_BITMAP_LOG2, log2Ceil(count * 64));
  return Math.min(MAX_BITMAP_LOG2, Math.max(MIN_BITMAP_LOG2, sparse, log2Ceil(count * 16)));
}

function log2Ceil(n: number): number {
  return Math.ceil(Math.log2(n));
}

/** Spreads a weak sum over 32 bits; the top bits index the bitmap and the buckets. */
export const HASH_FACTOR = 0x9e3779b1 | 0;

/**
 * Sender side: the block sums of one basis, in flat arrays for the search of match.ts. Fed in any slices with
 * {@link add}, then finished with {@link build}. The head must have been validated.
 */
export class SignatureTable {
  readonly head: SumHead;
  /** Blocks of full length: the first ones. Only these are in the buckets; a shorter last one matches at the end alone. */
  readonly fullBlocks: number;
  /** Weak sums as signed 32 bits, by block. */
  weak: Int32Array;
  /** Strong sums, `head.strongLength` bytes each, by block. */
  strong: Uint8Array;
  /** Bit `hash >>> bitmapShift` is set if some block hashes there. */
  bitmap: Int32Array = new Int32Array(1);
  bitmapShift = 31;
  /** First block of bucket `hash >>> bucketShift`, or -1; further ones by `chain`, ascending. */
  buckets: Int32Array = new Int32Array(0);
  bucketShift = 31;
  chain: Int32Array = new Int32Array(0);
  #filled = 0;

  constructor(head: SumHead) {
    this.head = head;
    this.fullBlocks = head.remainder === 0 || head.remainder === head.blockLength ? head.count : head.count - 1;
    const capacity = Math.min(head.count, FIRST_CAPACITY);
    this.weak = new Int32Array(capacity);
    this.strong = new Uint8Array(capacity * head.strongLength);
  }

  /** Sums still missing. */
  get missing(): number {
    return this.head.count - this.#filled;
  }

  /** Bytes of one block's sums on the wire. */
  get entryLength(): number {
    return WEAK_BYTES + this.head.strongLength;
  }

  /**
   * Takes whole entries in wire form from `data[offset, offset + length)`, as many as are there and missing.
   * @returns the bytes taken; an incomplete entry at the end is left.
   */
  add(data: Uint8Array, offset: number, length: number): number {
    const { strongLength } = this.head;
    const entry = WEAK_BYTES + strongLength;
    const blocks = Math.min(Math.floor(length / entry), this.missing);
    this.#reserve(this.#filled + blocks);
    const { weak, strong } = this;
    let at = offset;
    let to = this.#filled * strongLength;
    for (let i = this.#filled, end = i + blocks; i < end; i++) {
      weak[i] = data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24);
      at += WEAK_BYTES;
      for (let j = 0; j < strongLength; j++) strong[to++] = data[at++]!;
    }
    this.#filled += blocks;
    return blocks * entry;
  }

  /** Makes the table searchable. @throws internal/signature-incomplete before the last sum was added. */
  build(): this {
    if (this.missing !== 0) {
      throw fail('internal', 'signature-incomplete', `${this.missing} block sums are missing from a signature.`);
    }
    const { count } = this.head;
    const bucketLog2 = Math.max(4, Math.min(26, log2Ceil(count)));
    const bitmapBits = bitmapLog2(count);
    this.bucketShift = 32 - bucketLog2;
    this.bitmapShift = 32 - bitmapBits;
    this.buckets = new Int32Array(2 ** bucketLog2).fill(-1);
    this.bitmap = new Int32Array(2 ** (bitmapBits - 5));
    this.chain = new Int32Array(count);
    const { weak, bitmap, buckets, chain, bitmapShift, bucketShift } = this;
    // Backwards, so that chains ascend and the earliest of equal blocks is met first.
    for (let i = this.fullBlocks - 1; i >= 0; i--) {
      const hash = Math.imul(weak[i]!, HASH_FACTOR);
      const bit = hash >>> bitmapShift;
      bitmap[bit >>> 5]! |= 1 << bit;
      const bucket = hash >>> bucketShift;
      chain[i] = buckets[bucket]!;
      buckets[bucket] = i;
    }
    return this;
  }

  #reserve(blocks: number): void {
    const capacity = this.weak.length;
    if (blocks <= capacity) return;
    const grown = Math.min(this.head.count, Math.max(blocks, capacity * 2));
    const weak = new Int32Array(grown);
    weak.set(this.weak);
    this.weak = weak;
    const strong = new Uint8Array(grown * this.head.strongLength);
    strong.set(this.strong);
    this.strong = strong;
  }
}
