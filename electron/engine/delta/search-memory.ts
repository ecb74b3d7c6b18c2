import code from './search.wat';

/** What search.wat exports. Addresses and lengths are bytes of its memory. */
interface SearchCode {
  memory: { buffer: ArrayBuffer; grow(pages: number): number };
  begin(
    length: number,
    bitmap: number,
    bitmapShift: number,
    buckets: number,
    bucketShift: number,
    chain: number,
    weak: number,
  ): void;
  weakSum(at: number, length: number): number;
  scan(at: number, stop: number): number;
}

const PAGE = 65536;
/** What comes before the caller's data in the memory. */
const OWN_BYTES = 128;
/**
 * Most bytes one memory may take. A source window and the index of 60 million blocks fit; whoever wants more searches
 * in ordinary arrays.
 */
const MAX_BYTES = 2 ** 30;

let compiled: object | null | undefined;

/** The engine's own name for it: the types of Node 20 have none. */
interface WebAssemblyApi {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
}

/**
 * The inner loops of the search in WebAssembly, and the memory they work on: what is searched or summed is read straight
 * into {@link data}, and an index lies behind it. One for each transfer that needs it, as a memory never shrinks.
 */
export class SearchMemory {
  readonly #code: SearchCode;
  /** The memory from the caller's first byte on. Offsets below are offsets in it. Changes with {@link reserve}. */
  data: Uint8Array = new Uint8Array(0);
  /** The same bytes as words. */
  words: Int32Array = new Int32Array(0);
  #weak: Int32Array = new Int32Array(0);

  private constructor(instance: SearchCode) {
    this.#code = instance;
    this.#look();
  }

  /** @returns null where the machine has no WebAssembly with vectors, or no memory for it. */
  static open(this: void): SearchMemory | null {
    const api = (globalThis as { WebAssembly?: WebAssemblyApi }).WebAssembly;
    if (api === undefined || compiled === null) return null;
    try {
      compiled ??= new api.Module(code);
    } catch {
      compiled = null; // a processor without vectors: it stays that way
      return null;
    }
    try {
      return new SearchMemory(new api.Instance(compiled).exports as SearchCode);
    } catch {
      return null; // no address space left for another memory, for now
    }
  }

  /** Makes {@link data} at least this long; what it holds stays. @returns false if that cannot be had. */
  reserve(bytes: number): boolean {
    const missing = bytes - this.data.length;
    if (missing <= 0) return true;
    if (OWN_BYTES + bytes > MAX_BYTES) return false;
    try {
      this.#code.memory.grow(Math.ceil(missing / PAGE));
    } catch {
      return false;
    }
    this.#look();
    return true;
  }

  #look(): void {
    const { buffer } = this.#code.memory;
    this.data = new Uint8Array(buffer, OWN_BYTES);
    this.words = new Int32Array(buffer, OWN_BYTES);
    this.#weak = new Int32Array(buffer, 0, 1);
  }

  /** As `weakSum` of checksum/rolling.ts. */
  weakSum(offset: number, length: number): number {
    return this.#code.weakSum(OWN_BYTES + offset, length);
  }

  /** The weak sum of the window: where {@link scan} starts from and what it found. */
  get weak(): number {
    return this.#weak[0]!;
  }

  set weak(weak: number) {
    this.#weak[0] = weak;
  }

  /**
   * What to search for from here on.
   * @param length bytes of the window
   * @param index lies in {@link words}
   */
  begin(
    length: number,
    index: {
      bitmap: Int32Array;
      bitmapShift: number;
      buckets: Int32Array;
      bucketShift: number;
      chain: Int32Array;
      weak: Int32Array;
    },
  ): void {
    const { bitmap, bitmapShift, buckets, bucketShift, chain, weak } = index;
    this.#code.begin(
      length,
      bitmap.byteOffset,
      bitmapShift,
      buckets.byteOffset,
      bucketShift,
      chain.byteOffset,
      weak.byteOffset,
    );
  }

  /** As `scan` of a {@link Search}. */
  scan(at: number, stop: number): number {
    return this.#code.scan(OWN_BYTES + at, OWN_BYTES + stop) - OWN_BYTES;
  }
}
