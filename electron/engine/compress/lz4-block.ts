import { damaged } from './damaged.ts';

/**
 * Raw LZ4 blocks: sequences of a token (literal length, match length), literals and a 16-bit offset back. The format
 * allows 255-byte length extensions, wants the last 5 bytes literal and no match to begin in the last 12.
 */
const MIN_MATCH = 4;
const LAST_LITERALS = 5;
const MATCH_LIMIT = 12;
const HASH_BITS = 13;
const MAX_OFFSET = 65535;
/** Positions without a match before the search takes longer steps. */
const SKIP_SHIFT = 6;
const NO_BLOCK = 'it is no LZ4 block';

/** Most bytes that `length` bytes can become. */
export function lz4Bound(length: number): number {
  return length + Math.ceil(length / 255) + 16;
}

/** Compresses blocks; one instance serves a connection, since its table is worth keeping. */
export class Lz4Compressor {
  /** Position + 1 of the last occurrence, by hash. */
  readonly #table = new Int32Array(2 ** HASH_BITS);

  /**
   * Compresses `data[offset, offset + length)`.
   * @param out has room for {@link lz4Bound} bytes
   * @returns the bytes written
   */
  compress(data: Uint8Array, offset: number, length: number, out: Uint8Array): number {
    const table = this.#table;
    table.fill(0);
    const end = offset + length;
    const matchEnd = end - LAST_LITERALS;
    const lastStart = end - MATCH_LIMIT;
    let anchor = offset;
    let at = offset;
    let misses = 1 << SKIP_SHIFT;
    let to = 0;
    while (at <= lastStart) {
      const four = word(data, at);
      const hash = Math.imul(four, 0x9e3779b1) >>> (32 - HASH_BITS);
      const candidate = offset + table[hash]! - 1;
      table[hash] = at - offset + 1;
      if (candidate < offset || at - candidate > MAX_OFFSET || word(data, candidate) !== four) {
        at += misses++ >> SKIP_SHIFT;
        continue;
      }
      misses = 1 << SKIP_SHIFT;
      let start = at;
      let from = candidate;
      while (start > anchor && from > offset && data[start - 1] === data[from - 1]) {
        start--;
        from--;
      }
      let stop = at + MIN_MATCH;
      const distance = at - candidate;
      while (stop < matchEnd && data[stop] === data[stop - distance]) stop++;
      to = writeLiterals(data, anchor, start - anchor, stop - start - MIN_MATCH, out, to);
      out[to++] = distance;
      out[to++] = distance >> 8;
      to = writeExtension(stop - start - MIN_MATCH, out, to);
      at = stop;
      anchor = stop;
    }
    return writeLiterals(data, anchor, end - anchor, 0, out, to);
  }
}

function word(data: Uint8Array, at: number): number {
  return data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24);
}

/** The token with both lengths, the literals' extension and the literals. */
function writeLiterals(
  data: Uint8Array,
  from: number,
  length: number,
  matchCode: number,
  out: Uint8Array,
  at: number,
): number {
  out[at] = (Math.min(length, 15) << 4) | Math.min(matchCode, 15);
  const to = writeExtension(length, out, at + 1);
  if (length < 32) for (let i = 0; i < length; i++) out[to + i] = data[from + i]!;
  else out.set(data.subarray(from, from + length), to);
  return to + length;
}

function writeExtension(code: number, out: Uint8Array, at: number): number {
  if (code < 15) return at;
  let left = code - 15;
  for (; left >= 255; left -= 255) out[at++] = 255;
  out[at++] = left;
  return at;
}

/**
 * Decompresses one block.
 * @returns the bytes written to `out`
 * @throws protocol/bad-compression for anything that reads or writes out of bounds
 */
export function lz4Decompress(data: Uint8Array, out: Uint8Array): number {
  const end = data.length;
  let at = 0;
  let to = 0;
  const extended = (code: number): number => {
    if (code < 15) return code;
    for (;;) {
      if (at >= end) throw damaged(NO_BLOCK);
      const more = data[at++]!;
      code += more;
      if (more < 255) return code;
    }
  };
  while (at < end) {
    const token = data[at++]!;
    const literals = extended(token >> 4);
    if (literals > end - at || literals > out.length - to) throw damaged(NO_BLOCK);
    if (literals < 32) for (let i = 0; i < literals; i++) out[to + i] = data[at + i]!;
    else out.set(data.subarray(at, at + literals), to);
    at += literals;
    to += literals;
    if (at === end) return to;
    if (end - at < 2) throw damaged(NO_BLOCK);
    const distance = data[at]! | (data[at + 1]! << 8);
    at += 2;
    const length = extended(token & 15) + MIN_MATCH;
    if (distance === 0 || distance > to || length > out.length - to) throw damaged(NO_BLOCK);
    if (distance >= length && length >= 32) out.copyWithin(to, to - distance, to - distance + length);
    else for (let i = 0; i < length; i++) out[to + i] = out[to + i - distance]!;
    to += length;
  }
  throw damaged(NO_BLOCK); // a block ends with literals
}
