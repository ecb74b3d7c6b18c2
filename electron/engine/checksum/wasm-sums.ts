import type { IHasher } from 'hash-wasm';
import { fail } from '../../../shared/errors.ts';
import type { BlockSum, FileSum } from './strong.ts';

/** The sums whose code is WebAssembly from hash-wasm. */
export type WasmSumName = 'xxh128' | 'xxh3' | 'md4';

const LENGTH: Record<WasmSumName, number> = { xxh128: 16, xxh3: 8, md4: 16 };

/**
 * Seeds kept ready. An instance has its seed for life and is made asynchronously, so it is made at negotiation and
 * fetched here by the roles that start later; one per connection under way is needed.
 */
const MAX_SEEDED = 64;
const seeded = new Map<string, IHasher>();
/** What hashes files, one per name: see {@link WasmFileSum}. */
const shared = new Map<WasmSumName, SharedHasher>();

/** Makes everything ready for files and, unless `seed` is null, for blocks under it: a signed 32-bit integer. */
export async function loadWasmSum(name: WasmSumName, seed: number | null): Promise<void> {
  if (!shared.has(name)) {
    const hasher = await create(name, 0);
    if (!shared.has(name)) shared.set(name, new SharedHasher(hasher));
  }
  if (name === 'md4' || seed === null) return; // md4's seed is data
  const key = `${name} ${seed}`;
  const hasher = seeded.get(key) ?? (await create(name, seed));
  seeded.delete(key);
  seeded.set(key, hasher);
  for (const oldest of seeded.keys()) {
    if (seeded.size <= MAX_SEEDED) break;
    seeded.delete(oldest);
  }
}

async function create(name: WasmSumName, seed: number): Promise<IHasher> {
  // The signed seed extends to 64 bits (reference §7.6).
  const low = seed >>> 0;
  const high = seed < 0 ? 0xffffffff : 0;
  switch (name) {
    case 'xxh128':
      return (await import('hash-wasm/dist/xxhash128.umd.min.js')).default.createXXHash128(low, high);
    case 'xxh3':
      return (await import('hash-wasm/dist/xxhash3.umd.min.js')).default.createXXHash3(low, high);
    case 'md4':
      return (await import('hash-wasm/dist/md4.umd.min.js')).default.createMD4();
  }
}

function loaded(name: WasmSumName): SharedHasher {
  const hasher = shared.get(name);
  if (!hasher) throw notLoaded(name);
  return hasher;
}

function notLoaded(name: WasmSumName): Error {
  return fail('internal', 'checksums-not-loaded', `${name} was used before it was loaded.`);
}

/** xxh3 and xxh128 of blocks. */
export class Xxh3BlockSum implements BlockSum {
  readonly name: 'xxh128' | 'xxh3';
  readonly length: number;
  readonly #hasher: IHasher;

  constructor(name: 'xxh128' | 'xxh3', seed: number) {
    const hasher = seeded.get(`${name} ${seed}`);
    if (!hasher) throw notLoaded(name);
    this.name = name;
    this.length = LENGTH[name];
    this.#hasher = hasher;
  }

  sum(data: Uint8Array, offset: number, length: number, out: Uint8Array, outOffset: number): void {
    const whole = offset === 0 && length === data.length;
    this.#hasher.init().update(whole ? data : data.subarray(offset, offset + length));
    reversed(this.#hasher.digest('binary'), out, outOffset);
  }
}

/** md4 of blocks: seed last (reference §7.6). */
export class Md4BlockSum implements BlockSum {
  readonly name = 'md4';
  readonly length = LENGTH.md4;
  readonly #shared = loaded('md4');
  readonly #seed: Uint8Array | null;

  constructor(seed: number) {
    this.#seed = seed === 0 ? null : Uint8Array.of(seed, seed >> 8, seed >> 16, seed >> 24);
  }

  sum(data: Uint8Array, offset: number, length: number, out: Uint8Array, outOffset: number): void {
    const hasher = this.#shared.start(null);
    hasher.update(data.subarray(offset, offset + length));
    if (this.#seed !== null) hasher.update(this.#seed);
    out.set(hasher.digest('binary'), outOffset);
  }
}

/** Whole-file sums, unseeded. Any number may be under way: they share one instance, which changes hands. */
export class WasmFileSum implements FileSum {
  readonly name: WasmSumName;
  readonly length: number;
  readonly #shared: SharedHasher;
  #begun = false;
  /** What the instance knew of this file when another one took it over. */
  saved: Uint8Array | null = null;

  constructor(name: WasmSumName) {
    this.name = name;
    this.length = LENGTH[name];
    this.#shared = loaded(name);
  }

  update(data: Uint8Array, offset: number, length: number): void {
    this.#take().update(data.subarray(offset, offset + length));
  }

  digest(): Uint8Array {
    const sum = this.#take().digest('binary');
    this.reset();
    if (this.name === 'md4') return sum;
    const out = new Uint8Array(sum.length);
    reversed(sum, out, 0);
    return out;
  }

  reset(): void {
    this.#begun = false;
    this.saved = null;
    this.#shared.release(this);
  }

  #take(): IHasher {
    if (this.#begun) return this.#shared.resume(this);
    this.#begun = true;
    return this.#shared.start(this);
  }
}

/** One instance and the file sum whose state is in it. */
class SharedHasher {
  readonly #hasher: IHasher;
  #owner: WasmFileSum | null = null;

  constructor(hasher: IHasher) {
    this.#hasher = hasher;
  }

  /** A fresh state for `owner`; null for somebody who is done with it before anybody else comes. */
  start(owner: WasmFileSum | null): IHasher {
    this.#save();
    this.#owner = owner;
    return this.#hasher.init();
  }

  resume(owner: WasmFileSum): IHasher {
    if (this.#owner === owner) return this.#hasher;
    this.#save();
    this.#owner = owner;
    if (owner.saved === null) throw fail('internal', 'sum-state-lost', 'The state of a file sum was lost.');
    return this.#hasher.load(owner.saved);
  }

  release(owner: WasmFileSum): void {
    if (this.#owner === owner) this.#owner = null;
  }

  #save(): void {
    if (this.#owner !== null) this.#owner.saved = this.#hasher.save();
  }
}

/** The package gives the big-endian canonical form; the wire has the numbers little-endian (pitfall 3). */
function reversed(sum: Uint8Array, out: Uint8Array, outOffset: number): void {
  for (let i = 0, from = sum.length - 1; from >= 0; i++, from--) out[outOffset + i] = sum[from]!;
}
