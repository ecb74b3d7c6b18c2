import { rollWeakSum, weakSum } from '../checksum/rolling.ts';
import { BlockIndex, HASH_FACTOR } from './block-index.ts';
import type { SearchMemory } from './search-memory.ts';
import type { SignatureTable } from './signature.ts';

/** A window of one block's length that slides over a buffer and stops where a block of the basis may stand. */
export interface Search {
  /** Bytes of the source, for the caller to fill. */
  readonly buffer: Uint8Array;
  readonly index: BlockIndex;
  /** Weak sum of the window where it stands. */
  readonly weak: number;
  /** Puts the window at position `at`. */
  place(at: number): void;
  /**
   * Slides the window on from `at`, where it stands.
   * @returns the first position below `stop` whose weak sum may be that of a block, or `stop`. The window stands there.
   */
  scan(at: number, stop: number): number;
  /** Moves the window from `at` to `at + 1`. */
  roll(at: number): void;
  /** The weak sum of any bytes of the buffer. */
  sumOf(offset: number, length: number): number;
}

/** Blocks, and bytes of the buffer. */
type Extent = { table: SignatureTable; bufferBytes: number };

/** The search in plain TypeScript: where WebAssembly cannot be had, and what that is tested against. */
export class PlainSearch implements Search {
  readonly buffer: Uint8Array;
  readonly index: BlockIndex;
  weak = 0;
  readonly #signed: Int8Array;
  readonly #length: number;

  constructor({ table, bufferBytes }: Extent) {
    this.buffer = new Uint8Array(bufferBytes);
    this.#signed = new Int8Array(this.buffer.buffer);
    this.#length = table.head.blockLength;
    this.index = new BlockIndex(table, new Int32Array(BlockIndex.words(table.head.count)));
  }

  place(at: number): void {
    this.weak = weakSum(this.buffer, at, this.#length);
  }

  /** It calls nothing, so that the compiler can keep everything in registers. */
  scan(from: number, stop: number): number {
    const length = this.#length;
    const signed = this.#signed;
    const { bitmap, bitmapShift } = this.index;
    let s1 = this.weak & 0xffff;
    let s2 = this.weak >>> 16;
    let at = from;
    for (; at < stop; at++) {
      const bit = Math.imul((s1 & 0xffff) | (s2 << 16), HASH_FACTOR) >>> bitmapShift;
      if (((bitmap[bit >>> 5]! >>> bit) & 1) !== 0) break;
      const out = signed[at]!;
      s1 = (s1 - out + signed[at + length]!) | 0;
      s2 = (s2 - Math.imul(length, out) + s1) | 0;
    }
    this.weak = (s1 & 0xffff) | (s2 << 16);
    return at;
  }

  roll(at: number): void {
    this.weak = rollWeakSum(this.weak, this.#length, this.#signed[at]!, this.#signed[at + this.#length]!);
  }

  sumOf(offset: number, length: number): number {
    return weakSum(this.buffer, offset, length);
  }
}

/** The search in WebAssembly: buffer and index lie in its memory. It stops only where a block has the weak sum. */
class WasmSearch implements Search {
  readonly buffer: Uint8Array;
  readonly index: BlockIndex;
  readonly #memory: SearchMemory;
  readonly #signed: Int8Array;
  readonly #length: number;

  /** @param memory has room for {@link wasmBytes} */
  constructor(memory: SearchMemory, { table, bufferBytes }: Extent) {
    this.#memory = memory;
    this.buffer = memory.data.subarray(0, bufferBytes);
    this.#signed = new Int8Array(this.buffer.buffer, this.buffer.byteOffset, bufferBytes);
    this.#length = table.head.blockLength;
    this.index = new BlockIndex(table, memory.words.subarray(wordsBefore(bufferBytes)));
    memory.begin(this.#length, this.index);
  }

  get weak(): number {
    return this.#memory.weak;
  }

  place(at: number): void {
    this.#memory.weak = this.#memory.weakSum(at, this.#length);
  }

  scan(at: number, stop: number): number {
    return this.#memory.scan(at, stop);
  }

  roll(at: number): void {
    const memory = this.#memory;
    memory.weak = rollWeakSum(memory.weak, this.#length, this.#signed[at]!, this.#signed[at + this.#length]!);
  }

  sumOf(offset: number, length: number): number {
    return this.#memory.weakSum(offset, length);
  }
}

/** The index begins on a cache line. */
const wordsBefore = (bufferBytes: number): number => Math.ceil(bufferBytes / 64) * 16;
const wasmBytes = ({ table, bufferBytes }: Extent): number =>
  4 * (wordsBefore(bufferBytes) + BlockIndex.words(table.head.count));

/** A larger memory is given back when a file comes that needs less than half of it. */
const KEPT_BYTES = 32 << 20;

/** Makes the searches of a transfer, one after another, in a memory that is worth keeping. */
export class Searches {
  readonly #open: () => SearchMemory | null;
  #memory: SearchMemory | null = null;

  /** @param open where memory comes from; null from it means plain searches */
  constructor(open: () => SearchMemory | null) {
    this.#open = open;
  }

  /** @param extent its table is complete and has at least one block. The search before this one is over. */
  next(extent: Extent): Search {
    const bytes = wasmBytes(extent);
    if (this.#memory !== null && this.#memory.data.length > Math.max(KEPT_BYTES, 2 * bytes)) this.#memory = null;
    this.#memory ??= this.#open();
    if (this.#memory?.reserve(bytes) === true) return new WasmSearch(this.#memory, extent);
    return new PlainSearch(extent);
  }
}
