import type { SignatureTable } from './signature.ts';

/** Spreads a weak sum over 32 bits; the top bits index the bitmap and the buckets. */
export const HASH_FACTOR = 0x9e3779b1 | 0;
/** Candidates looked at per position before it counts as no match (reference R30). */
export const MAX_CANDIDATES = 1024;

const MIN_BITMAP_LOG2 = 13;
const MAX_BITMAP_LOG2 = 26;
/** 1 MiB, what a second-level cache holds beside the source. */
const CACHED_BITMAP_LOG2 = 23;

/** 64 bits per block while the bitmap is small, 16 beyond: false passes against cache misses. */
function bitmapLog2(count: number): number {
  const sparse = Math.min(CACHED_BITMAP_LOG2, log2Ceil(count * 64));
  return Math.min(MAX_BITMAP_LOG2, Math.max(MIN_BITMAP_LOG2, sparse, log2Ceil(count * 16)));
}

function bucketLog2(count: number): number {
  return Math.max(4, Math.min(26, log2Ceil(count)));
}

function log2Ceil(n: number): number {
  return Math.ceil(Math.log2(n));
}

/** Which blocks of a basis have a given weak sum: flat arrays, one behind the other. */
export class BlockIndex {
  /** Weak sums as signed 32 bits, by block. */
  readonly weak: Int32Array;
  /** Bit `hash >>> bitmapShift` is set if some block hashes there. */
  readonly bitmap: Int32Array;
  readonly bitmapShift: number;
  /** First block of bucket `hash >>> bucketShift`, or -1; further ones by `chain`, ascending. */
  readonly buckets: Int32Array;
  readonly bucketShift: number;
  readonly chain: Int32Array;

  /** Length of the array that the constructor wants for `count` blocks. */
  static words(count: number): number {
    return 2 ** (bitmapLog2(count) - 5) + 2 ** bucketLog2(count) + 2 * count;
  }

  /**
   * @param table the complete sums of a basis of at least one block
   * @param words where to put the arrays, at least `BlockIndex.words(count)` long
   */
  constructor(table: SignatureTable, words: Int32Array) {
    const { count } = table.head;
    let used = 0;
    const next = (length: number): Int32Array => words.subarray(used, (used += length));
    this.bitmapShift = 32 - bitmapLog2(count);
    this.bucketShift = 32 - bucketLog2(count);
    this.bitmap = next(2 ** (bitmapLog2(count) - 5)).fill(0);
    this.buckets = next(2 ** bucketLog2(count)).fill(-1);
    this.chain = next(count);
    this.weak = next(count);
    this.weak.set(table.weak.subarray(0, count));
    const { weak, bitmap, buckets, chain, bitmapShift, bucketShift } = this;
    // Backwards, so that chains ascend and the earliest of equal blocks is met first.
    for (let i = table.fullBlocks - 1; i >= 0; i--) {
      const hash = Math.imul(weak[i]!, HASH_FACTOR);
      const bit = hash >>> bitmapShift;
      bitmap[bit >>> 5]! |= 1 << bit;
      const bucket = hash >>> bucketShift;
      chain[i] = buckets[bucket]!;
      buckets[bucket] = i;
    }
  }
}
