import type { ByteString } from '../../../shared/model/path.ts';

/** Receives finished stretches of output. The writer never touches a stretch again. */
export type Emit = (bytes: Buffer) => void;

const CAPACITY = 65536;
/** Stretches kept for further use. */
const MOST_SPARE = 8;

/**
 * Synchronous encoder: fields are gathered in one buffer with room for a frame header in front and emitted when it is
 * full or on `flush`. Codecs: reference §3. Sizes beyond 2^53−1 never get here.
 */
export class ByteWriter {
  readonly #headroom: () => number;
  readonly #emit: Emit;
  #buf: Buffer;
  #start: number;
  #pos: number;
  #prevPos = -1;
  #prevNeg = 1;
  #emitted = 0;
  readonly #spare: Buffer[] = [];
  /** Whether numbers are of fixed width, as peers of old have them (§3.1). */
  fixed = false;

  /**
   * @param emit takes each stretch, including `headroom` bytes of space in front
   * @param headroom bytes to leave in front (4 once multiplexed, else 0); asked anew for each buffer
   */
  constructor(emit: Emit, headroom: () => number) {
    this.#emit = emit;
    this.#headroom = headroom;
    this.#buf = Buffer.allocUnsafe(CAPACITY);
    this.#start = headroom();
    this.#pos = this.#start;
  }

  /** Bytes gathered and not yet emitted. */
  get pending(): number {
    return this.#pos - this.#start;
  }

  /** Bytes written since the beginning, without frames. */
  get total(): number {
    return this.#emitted + this.pending;
  }

  flush(): void {
    this.#emitted += this.pending;
    if (this.#pos > this.#start) {
      const full = this.#buf.subarray(0, this.#pos);
      this.#buf = this.#spare.pop() ?? Buffer.allocUnsafe(CAPACITY);
      this.#emit(full);
    }
    this.#start = this.#headroom();
    this.#pos = this.#start;
  }

  /** Whoever took a stretch does not need its memory any more: it is written to again. */
  giveBack({ buffer }: Buffer): void {
    if (buffer.byteLength === CAPACITY && this.#spare.length < MOST_SPARE) this.#spare.push(Buffer.from(buffer));
  }

  u8(value: number): void {
    this.#room(1);
    this.#buf[this.#pos++] = value;
  }

  u16(value: number): void {
    this.#room(2);
    this.#buf[this.#pos++] = value;
    this.#buf[this.#pos++] = value >>> 8;
  }

  i32(value: number): void {
    this.#room(4);
    const b = this.#buf;
    b[this.#pos++] = value;
    b[this.#pos++] = value >>> 8;
    b[this.#pos++] = value >>> 16;
    b[this.#pos++] = value >>> 24;
  }

  /** §3.2; `value` is taken as unsigned 32 bits. */
  varint(value: number): void {
    this.#room(5);
    const v = value >>> 0;
    const count = v === 0 ? 0 : v < 0x100 ? 1 : v < 0x10000 ? 2 : v < 0x1000000 ? 3 : 4;
    if (count === 0) {
      this.#buf[this.#pos++] = 0;
      return;
    }
    const bit = 1 << (8 - count);
    const high = (v >>> (8 * (count - 1))) & 0xff;
    let low = count;
    if (high >= bit) this.#buf[this.#pos++] = ~(bit - 1) & 0xff;
    else {
      this.#buf[this.#pos++] = count === 1 ? high : high | (~(2 * bit - 1) & 0xff);
      low = count - 1;
    }
    for (let i = 0; i < low; i++) this.#buf[this.#pos++] = v >>> (8 * i);
  }

  /** §3.3; `value` a safe integer, negative allowed. */
  varlong(value: number, min: number): void {
    this.#room(9);
    const bytes: number[] = [0, 0, 0, 0, 0, 0, 0, 0];
    const low = value >>> 0; // two's complement low half, right for negative values too
    const high = Math.floor(value / 0x100000000) >>> 0;
    for (let i = 0; i < 4; i++) {
      bytes[i] = (low >>> (8 * i)) & 0xff;
      bytes[i + 4] = (high >>> (8 * i)) & 0xff;
    }
    let count = 8;
    while (count > min && bytes[count - 1] === 0) count--;
    const bit = 1 << (7 - count + min);
    const top = bytes[count - 1]!;
    let rest = count;
    if (top >= bit) this.#buf[this.#pos++] = ~(bit - 1) & 0xff;
    else {
      this.#buf[this.#pos++] = count > min ? top | (~(2 * bit - 1) & 0xff) : top;
      rest = count - 1;
    }
    for (let i = 0; i < rest; i++) this.#buf[this.#pos++] = bytes[i]!;
  }

  /** A varint, or its 32 bits where numbers are of fixed width. */
  num(value: number): void {
    if (this.fixed) this.i32(value);
    else this.varint(value);
  }

  /** A varlong, or a longint where numbers are of fixed width. */
  long(value: number, min: number): void {
    if (this.fixed) this.longint(value);
    else this.varlong(value, min);
  }

  /** §3.1: 32 bits, or as many set ones and 64 bits. */
  longint(value: number | bigint): void {
    if (value >= 0 && value <= 0x7fffffff) return this.i32(Number(value));
    const bits = BigInt.asUintN(64, BigInt(value));
    this.i32(-1);
    this.i32(Number(bits & 0xffffffffn));
    this.i32(Number(bits >> 32n));
  }

  /** §3.4 */
  ndx(n: number): void {
    if (this.fixed) return this.i32(n);
    this.#room(6);
    if (n === -1) {
      this.#buf[this.#pos++] = 0;
      return;
    }
    let diff: number;
    let value = n;
    if (n >= 0) {
      diff = n - this.#prevPos;
      this.#prevPos = n;
    } else {
      this.#buf[this.#pos++] = 0xff;
      value = -n;
      diff = value - this.#prevNeg;
      this.#prevNeg = value;
    }
    if (diff > 0 && diff < 254) this.#buf[this.#pos++] = diff;
    else if (diff === 0 || (diff >= 254 && diff <= 0x7fff)) {
      this.#buf[this.#pos++] = 0xfe;
      this.#buf[this.#pos++] = diff >> 8;
      this.#buf[this.#pos++] = diff;
    } else {
      this.#buf[this.#pos++] = 0xfe;
      this.#buf[this.#pos++] = (value >>> 24) | 0x80;
      this.#buf[this.#pos++] = value;
      this.#buf[this.#pos++] = value >>> 8;
      this.#buf[this.#pos++] = value >>> 16;
    }
  }

  /** Length-prefixed string of at most 0x7fff bytes (§3.1). */
  vstring(text: ByteString): void {
    if (text.length > 0x7f) this.u8((text.length >> 8) | 0x80);
    this.u8(text.length);
    this.string(text);
  }

  string(text: ByteString): void {
    if (text.length > CAPACITY / 2) return this.bytes(Buffer.from(text, 'latin1'), 0, text.length);
    this.#room(text.length);
    this.#pos += this.#buf.write(text, this.#pos, 'latin1');
  }

  bytes(from: Uint8Array, offset: number, length: number): void {
    let at = offset;
    let left = length;
    while (left > 0) {
      if (this.#pos === CAPACITY) this.flush();
      const part = Math.min(left, CAPACITY - this.#pos);
      this.#buf.set(at === 0 && part === from.length ? from : from.subarray(at, at + part), this.#pos);
      this.#pos += part;
      at += part;
      left -= part;
    }
  }

  #room(length: number): void {
    if (this.#pos + length > CAPACITY) this.flush();
  }
}
