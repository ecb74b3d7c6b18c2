import { fail } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';

/** Thrown (the same object each time, so it costs little) when a field is not yet complete; see `PeerInput.tryParse`. */
export const UNDERFLOW = new Error('more bytes needed');

/** Extra bytes announced by a varint's lead byte (§3.2). */
const extraBytes = (lead: number): number =>
  lead < 0x80 ? 0 : lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf8 ? 4 : lead < 0xfc ? 5 : 6;

/**
 * Synchronous decoder over the bytes that have arrived. A parser marks, reads any number of fields and either finishes
 * or is rewound to the mark and run again when more bytes came: no promise per field. Codecs: reference §3.
 */
export class ByteReader {
  #buf: Buffer = Buffer.alloc(0);
  #pos = 0;
  #end = 0;
  /** Whether #buf is ours to append to; a chunk taken over from the stream is not. */
  #owned = false;
  #prevPos = -1;
  #prevNeg = 1;
  #markAt = 0;
  #markPos = -1;
  #markNeg = 1;
  #pushed = 0;
  /** Whether numbers are of fixed width, as peers of old have them (§3.1). */
  fixed = false;

  /** Bytes read since the beginning, without frames. */
  get total(): number {
    return this.#pushed - this.available;
  }

  /** Bytes ready to read. */
  get available(): number {
    return this.#end - this.#pos;
  }

  /** Adds bytes. An empty reader takes the chunk over without a copy. Views handed out before become invalid. */
  push(chunk: Buffer): void {
    this.#pushed += chunk.length;
    const left = this.#end - this.#pos;
    if (left === 0) {
      this.#buf = chunk;
      this.#pos = 0;
      this.#end = chunk.length;
      this.#owned = false;
      return;
    }
    if (this.#owned && this.#end + chunk.length <= this.#buf.length) {
      chunk.copy(this.#buf, this.#end);
    } else {
      const need = left + chunk.length;
      const target =
        this.#owned && need <= this.#buf.length ? this.#buf : Buffer.allocUnsafe(Math.max(65536, need * 2));
      this.#buf.copy(target, 0, this.#pos, this.#end);
      chunk.copy(target, left);
      this.#buf = target;
      this.#pos = 0;
      this.#end = left;
      this.#owned = true;
    }
    this.#end += chunk.length;
  }

  mark(): void {
    this.#markAt = this.#pos;
    this.#markPos = this.#prevPos;
    this.#markNeg = this.#prevNeg;
  }

  rewind(): void {
    this.#pos = this.#markAt;
    this.#prevPos = this.#markPos;
    this.#prevNeg = this.#markNeg;
  }

  u8(): number {
    if (this.#pos >= this.#end) throw UNDERFLOW;
    return this.#buf[this.#pos++]!;
  }

  u16(): number {
    const at = this.#take(2);
    return this.#buf[at]! | (this.#buf[at + 1]! << 8);
  }

  i32(): number {
    const at = this.#take(4);
    const b = this.#buf;
    return b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24);
  }

  /** Signed 32-bit variable-length integer (§3.2). */
  varint(): number {
    const lead = this.u8();
    const extra = extraBytes(lead);
    if (extra === 0) return lead;
    if (extra > 4) throw fail('protocol', 'bad-varint', 'The peer sent a number longer than 32 bits');
    const at = this.#take(extra);
    let value = extra < 4 ? (lead & ((1 << (8 - extra)) - 1)) << (8 * extra) : 0;
    for (let i = 0; i < extra; i++) value |= this.#buf[at + i]! << (8 * i);
    return value;
  }

  /**
   * Signed 64-bit variable-length integer of at least `min` bytes (§3.3).
   * @throws protocol error when it does not fit a JavaScript integer (±2^53−1): no file is that long.
   */
  varlong(min: number): number {
    const lead = this.u8();
    const extra = extraBytes(lead);
    if (min + extra > 9) throw fail('protocol', 'bad-varlong', 'The peer sent a number longer than 64 bits');
    const at = this.#take(min - 1 + extra);
    const low = min - 1 + extra;
    const top = extra === 0 ? lead : lead & ((1 << (8 - extra)) - 1);
    // Eight full bytes: may be negative, so go through BigInt. Nine bytes total never carry information in the lead.
    if (low >= 8 || (low === 7 && top >= 0x80)) {
      let big = 0n;
      for (let i = Math.min(low, 8) - 1; i >= 0; i--) big = (big << 8n) | BigInt(this.#buf[at + i]!);
      if (low < 8) big |= BigInt(top) << BigInt(8 * low);
      return safe(Number(BigInt.asIntN(64, big)));
    }
    let value = top;
    for (let i = low - 1; i >= 0; i--) value = value * 256 + this.#buf[at + i]!;
    return safe(value);
  }

  /** A varint, or its 32 bits where numbers are of fixed width. */
  num(): number {
    return this.fixed ? this.i32() : this.varint();
  }

  /** A varlong, or a longint where numbers are of fixed width. @throws see {@link varlong} */
  long(min: number): number {
    return this.fixed ? safe(Number(this.longint())) : this.varlong(min);
  }

  /** §3.1: a signed 64-bit integer of 4 or 12 bytes; a bigint where a number cannot hold it. */
  longint(): number | bigint {
    const short = this.i32();
    if (short !== -1) return short;
    const at = this.#take(8);
    const value = this.#buf.readBigInt64LE(at);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  /** Index with delta coding; two registers per direction for the whole connection (§3.4). */
  ndx(): number {
    if (this.fixed) return this.i32();
    let b = this.u8();
    if (b === 0) return -1;
    const negative = b === 0xff;
    if (negative) b = this.u8();
    const previous = negative ? this.#prevNeg : this.#prevPos;
    let n: number;
    if (b === 0xfe) {
      const x = this.u8();
      const y = this.u8();
      if (x & 0x80) {
        const z = this.u8();
        const w = this.u8();
        n = ((x & 0x7f) << 24) | y | (z << 8) | (w << 16);
      } else n = previous + ((x << 8) | y);
    } else n = previous + b;
    if (n > 0x7fffffff || n < 0) throw fail('protocol', 'bad-ndx', `The peer sent an impossible file index (${n})`);
    if (negative) this.#prevNeg = n;
    else this.#prevPos = n;
    return negative ? -n : n;
  }

  /** Length-prefixed string of at most `max` bytes (§3.1). */
  vstring(max: number): ByteString {
    const first = this.u8();
    const length = first & 0x80 ? ((first & 0x7f) << 8) | this.u8() : first;
    if (length > max)
      throw fail('protocol', 'string-too-long', `The peer sent a string of ${length} bytes where ${max} are allowed`);
    return this.string(length);
  }

  /** `length` bytes as a byte string. The caller has bounded `length`. */
  string(length: number): ByteString {
    const at = this.#take(length);
    return this.#buf.toString('latin1', at, at + length);
  }

  /** The bytes before the next NUL, which is taken as well; less than `max` of them. */
  untilNul(max: number): ByteString {
    const length = this.#buf.subarray(this.#pos, Math.min(this.#end, this.#pos + max)).indexOf(0);
    if (length >= 0) {
      const text = this.string(length);
      this.#pos++;
      return text;
    }
    if (this.available < max) throw UNDERFLOW;
    throw fail('protocol', 'string-too-long', `The peer sent a name of more than ${max - 1} bytes`);
  }

  /** Copies `length` bytes into `target` at `offset`. The caller has bounded `length`. */
  copyTo(target: Uint8Array, offset: number, length: number): void {
    const at = this.#take(length);
    const b = this.#buf;
    // Names are short: a loop beats the call into native code.
    if (length <= 64) for (let i = 0; i < length; i++) target[offset + i] = b[at + i]!;
    else target.set(b.subarray(at, at + length), offset);
  }

  /** A view of `length` bytes, valid until more bytes are added. The caller has bounded `length`. */
  view(length: number): Buffer {
    const at = this.#take(length);
    return this.#buf.subarray(at, at + length);
  }

  /** A view of up to `max` bytes: whatever is there, at least one. */
  some(max: number): Buffer {
    if (this.#pos >= this.#end) throw UNDERFLOW;
    const at = this.#pos;
    this.#pos = Math.min(this.#end, at + max);
    return this.#buf.subarray(at, this.#pos);
  }

  #take(length: number): number {
    const at = this.#pos;
    if (at + length > this.#end) throw UNDERFLOW;
    this.#pos = at + length;
    return at;
  }
}

function safe(value: number): number {
  if (!Number.isSafeInteger(value))
    throw fail('protocol', 'number-too-large', 'The peer sent a length beyond 2^53 bytes');
  return value;
}
