import { weakSum } from '../checksum/rolling.ts';
import type { BlockSum } from '../checksum/strong.ts';
import { SearchMemory } from './search-memory.ts';
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
  readonly #open: () => SearchMemory | null;
  #buffer: Uint8Array = new Uint8Array(0);
  /** Where the buffer lies, or null if it is an ordinary array. */
  #memory: SearchMemory | null = null;
  #head: SumHead | null = null;
  #reader: BlockReader | null = null;
  #next = 0;
  #failure: unknown = null;

  /** @param open where the memory for fast weak sums comes from */
  constructor(blockSum: BlockSum, open: () => SearchMemory | null = SearchMemory.open) {
    this.#blockSum = blockSum;
    this.#strong = new Uint8Array(blockSum.length);
    this.#open = open;
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
    const memory = this.#memory;
    const strong = this.#strong;
    const out = new Uint8Array(blocks * (WEAK_BYTES + strongLength));
    let at = 0;
    for (let offset = 0; offset < bytes; offset += blockLength) {
      const length = Math.min(blockLength, bytes - offset);
      const weak = memory === null ? weakSum(buffer, offset, length) : memory.weakSum(offset, length);
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

  #grow(bytes: number): void {
    this.#memory ??= this.#open();
    if (this.#memory?.reserve(bytes) !== true) this.#memory = null;
    this.#buffer = this.#memory === null ? new Uint8Array(bytes) : this.#memory.data;
  }

  #fill(reader: BlockReader, bytes: number, position: number): void {
    if (this.#buffer.length < bytes) this.#grow(bytes <= 65536 ? 65536 : Math.max(bytes, READ_BYTES));
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
/**
 * Sender side: the block sums of one basis, in flat arrays. Fed in any slices with {@link add} until none is missing,
 * then given to a `Matcher`. The head must have been validated.
 */
export class SignatureTable {
  readonly head: SumHead;
  /** Blocks of full length: the first ones. Only these are in an index; a shorter last one matches at the end alone. */
  readonly fullBlocks: number;
  /** Weak sums as signed 32 bits, by block. */
  weak: Int32Array;
  /** Strong sums, `head.strongLength` bytes each, by block. */
  strong: Uint8Array;
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
