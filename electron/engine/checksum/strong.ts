import { createHash, hash, type Hash } from 'node:crypto';
import type { XXHashAPI } from 'xxhash-wasm';
import { fail } from '../../../shared/errors.ts';
import { loadWasmSum, Md4BlockSum, WasmFileSum, Xxh3BlockSum } from './wasm-sums.ts';

/** Every name the protocol knows (reference §2.3). */
export type ChecksumName = 'xxh128' | 'xxh3' | 'xxh64' | 'md5' | 'md4' | 'sha1' | 'none';

/**
 * What can be negotiated, in the stock order, which must not be changed (reference §2.3, pitfall 44): rsync 3.5 picks
 * by its own order, so with a private one two peers would work with different sums. xxh64 is the fastest here, xxh128
 * about a third slower; both are far from being what a transfer waits for.
 */
export const SUPPORTED_CHECKSUMS: readonly ChecksumName[] = Object.freeze([
  'xxh128',
  'xxh3',
  'xxh64',
  'md5',
  'md4',
  'sha1',
] as const);

/** Sums one block of a basis file, seeded. */
export interface BlockSum {
  readonly name: ChecksumName;
  /** Bytes of a full sum. */
  readonly length: number;
  /** Writes the full sum of `data[offset, offset + length)` to `out` at `outOffset`, in wire order. */
  sum(data: Uint8Array, offset: number, length: number, out: Uint8Array, outOffset: number): void;
}

/** Sums a whole file piece by piece, unseeded. */
export interface FileSum {
  readonly name: ChecksumName;
  /** Bytes of a sum; 1 for `none`. */
  readonly length: number;
  update(data: Uint8Array, offset: number, length: number): void;
  /** The sum in wire order. Call once, then {@link reset}. */
  digest(): Uint8Array;
  /** Starts over with the next file. */
  reset(): void;
}

const LENGTH: Record<ChecksumName, number> = { xxh128: 16, xxh3: 8, xxh64: 8, md5: 16, md4: 16, sha1: 20, none: 1 };

/** A sum as people read it, in hexadecimal: the digits of an xxHash stand the other way round than on the wire. */
export function sumText(name: ChecksumName, sum: Uint8Array): string {
  const bytes = Buffer.from(sum);
  return (name.startsWith('xxh') ? bytes.reverse() : bytes).toString('hex');
}

/** Bytes of a full sum of this name on the wire. */
export function checksumLength(name: ChecksumName): number {
  return LENGTH[name];
}

let xxhash: XXHashAPI | null = null;

/**
 * Loads what these checksums need; afterwards everything here is synchronous. Loading again costs nothing.
 * @param seed the seed that block sums will be asked for; null for none
 */
export async function loadChecksums(names: Iterable<ChecksumName>, seed: number | null = 0): Promise<void> {
  for (const name of names) {
    if (name === 'xxh64' && xxhash === null) {
      const module = await import('xxhash-wasm');
      xxhash = await module.default();
    } else if (name === 'xxh128' || name === 'xxh3' || name === 'md4')
      await loadWasmSum(name, seed === null ? null : seed | 0);
  }
}

/**
 * The block sum of a transfer (reference §7.6).
 * @param seed the transfer's checksum seed, signed 32 bits; 0 means unseeded.
 * @param options.seedFirst compat flag 0x20: md5's seed goes before the data. The others ignore it.
 * @throws internal/no-block-sums for `none`, under which every file is sent whole.
 */
export function createBlockSum(name: ChecksumName, seed: number, options: { seedFirst: boolean }): BlockSum {
  switch (name) {
    case 'xxh128':
    case 'xxh3':
      return new Xxh3BlockSum(name, seed | 0);
    case 'xxh64':
      return new Xxh64BlockSum(seed);
    case 'md5':
      return new DigestBlockSum(name, seed, options.seedFirst);
    case 'md4':
      return new Md4BlockSum(seed);
    case 'sha1':
      return new DigestBlockSum(name, seed, true);
    case 'none':
      throw fail('internal', 'no-block-sums', 'Block sums were asked for although the checksum is "none".');
  }
}

/**
 * The whole-file sum of a transfer; unseeded it also serves for the list sums of `-c` (reference §7.6).
 * @param seed goes before the content, also where it is 0; null for none
 */
export function createFileSum(name: ChecksumName, seed: number | null = null): FileSum {
  return seed === null ? plainFileSum(name) : new SeededFileSum(plainFileSum(name), seed);
}

function plainFileSum(name: ChecksumName): FileSum {
  switch (name) {
    case 'xxh64':
      return new Xxh64FileSum();
    case 'md5':
    case 'sha1':
      return new DigestFileSum(name);
    case 'none':
      return new NoFileSum();
    default:
      return new WasmFileSum(name);
  }
}

function loadedXxhash(): XXHashAPI {
  if (xxhash === null) throw fail('internal', 'checksums-not-loaded', 'xxh64 was used before it was loaded.');
  return xxhash;
}

/** One view per output array: sums of a transfer all land in the same few arrays. */
class WordWriter {
  #target: Uint8Array | null = null;
  #view: DataView | null = null;

  /** Writes 64 bits little-endian, as xxhash goes over the wire (pitfall 3). */
  write(value: bigint, out: Uint8Array, offset: number): void {
    let view = this.#view;
    if (view === null || this.#target !== out) {
      view = new DataView(out.buffer, out.byteOffset, out.byteLength);
      this.#view = view;
      this.#target = out;
    }
    view.setBigUint64(offset, value, true);
  }
}

class Xxh64BlockSum implements BlockSum {
  readonly name = 'xxh64';
  readonly length = 8;
  readonly #api: XXHashAPI;
  readonly #seed: bigint;
  readonly #writer = new WordWriter();

  constructor(seed: number) {
    this.#api = loadedXxhash();
    this.#seed = BigInt(seed | 0); // WASM takes it as a signed 64-bit integer, so the sign extends
  }

  sum(data: Uint8Array, offset: number, length: number, out: Uint8Array, outOffset: number): void {
    this.#writer.write(this.#api.h64Raw(data.subarray(offset, offset + length), this.#seed), out, outOffset);
  }
}

class Xxh64FileSum implements FileSum {
  readonly name = 'xxh64';
  readonly length = 8;
  readonly #api: XXHashAPI;
  #state;

  constructor() {
    this.#api = loadedXxhash();
    this.#state = this.#api.create64();
  }

  update(data: Uint8Array, offset: number, length: number): void {
    // The package copies into WASM memory, which it grows to the largest piece and keeps.
    const end = offset + length;
    for (let from = offset; from < end; from += UPDATE_BYTES) {
      this.#state.update(data.subarray(from, Math.min(end, from + UPDATE_BYTES)));
    }
  }

  digest(): Uint8Array {
    const out = new Uint8Array(8);
    new WordWriter().write(this.#state.digest(), out, 0);
    return out;
  }

  reset(): void {
    this.#state = this.#api.create64();
  }
}

const UPDATE_BYTES = 131072;

class DigestBlockSum implements BlockSum {
  readonly name: 'md5' | 'sha1';
  readonly length: number;
  readonly #seeded: boolean;
  readonly #seedFirst: boolean;
  readonly #seed: Uint8Array;
  /** Data and seed side by side: one call over them is cheaper than a hash object with two updates. */
  #joined: Uint8Array = new Uint8Array(0);

  constructor(name: 'md5' | 'sha1', seed: number, seedFirst: boolean) {
    this.name = name;
    this.length = LENGTH[name];
    this.#seeded = seed !== 0;
    this.#seedFirst = seedFirst;
    this.#seed = Uint8Array.of(seed & 0xff, (seed >> 8) & 0xff, (seed >> 16) & 0xff, (seed >> 24) & 0xff);
  }

  sum(data: Uint8Array, offset: number, length: number, out: Uint8Array, outOffset: number): void {
    let input = data.subarray(offset, offset + length);
    if (this.#seeded) input = this.#join(input);
    out.set(hash(this.name, input, 'buffer'), outOffset);
  }

  #join(data: Uint8Array): Uint8Array {
    const total = data.length + 4;
    if (this.#joined.length < total) this.#joined = new Uint8Array(total);
    this.#joined.set(data, this.#seedFirst ? 4 : 0);
    this.#joined.set(this.#seed, this.#seedFirst ? 0 : data.length);
    return this.#joined.subarray(0, total);
  }
}

class DigestFileSum implements FileSum {
  readonly name: 'md5' | 'sha1';
  readonly length: number;
  #hash: Hash;

  constructor(name: 'md5' | 'sha1') {
    this.name = name;
    this.length = LENGTH[name];
    this.#hash = createHash(name);
  }

  update(data: Uint8Array, offset: number, length: number): void {
    this.#hash.update(data.subarray(offset, offset + length));
  }

  digest(): Uint8Array {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = createHash(this.name);
  }
}

/** A sum over the seed and the content. */
class SeededFileSum implements FileSum {
  readonly name: ChecksumName;
  readonly length: number;
  readonly #inner: FileSum;
  readonly #seed: Uint8Array;
  #begun = false;

  constructor(inner: FileSum, seed: number) {
    this.name = inner.name;
    this.length = inner.length;
    this.#inner = inner;
    this.#seed = Uint8Array.of(seed, seed >> 8, seed >> 16, seed >> 24);
  }

  update(data: Uint8Array, offset: number, length: number): void {
    this.#begin();
    this.#inner.update(data, offset, length);
  }

  digest(): Uint8Array {
    this.#begin();
    this.#begun = false;
    return this.#inner.digest();
  }

  reset(): void {
    this.#begun = false;
    this.#inner.reset();
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#inner.update(this.#seed, 0, this.#seed.length);
  }
}

/** `--checksum-choice=none`: one zero byte that nobody verifies. */
class NoFileSum implements FileSum {
  readonly name = 'none';
  readonly length = 1;

  update(): void {}

  digest(): Uint8Array {
    return new Uint8Array(1);
  }

  reset(): void {}
}
