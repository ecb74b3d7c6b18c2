import type { TokenSink } from '../delta/match.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { dialectOf } from '../wire/dialect.ts';
import { DeflateEncoder } from './deflate-encoder.ts';
import { Lz4Encoder } from './lz4-coder.ts';
import { type Compression, MAX_PACKET } from './method.ts';
import type { PacketSink, RunEncoder } from './run-coder.ts';
import { ZstdEncoder } from './zstd.ts';

/** Writes the token streams of all files of a connection (reference §7.7, §7.17). */
export interface TokenWriter extends TokenSink {
  /** The next file starts. */
  begin(): void;
  /** The end of the file's data; its sum follows. */
  end(): void;
  /** Gives memory back; nothing may be called afterwards. */
  dispose(): void;
}

/** @param compression must have been loaded */
export function createTokenWriter(out: ByteWriter, compression: Compression | null, protocol: number): TokenWriter {
  return compression === null ? new PlainTokenWriter(out) : new CompressedTokenWriter(out, compression, protocol);
}

class PlainTokenWriter implements TokenWriter {
  readonly #out: ByteWriter;

  constructor(out: ByteWriter) {
    this.#out = out;
  }

  begin(): void {}

  literal(data: Uint8Array, offset: number, length: number): void {
    this.#out.i32(length);
    this.#out.bytes(data, offset, length);
  }

  match(index: number): void {
    this.#out.i32(-(index + 1));
  }

  end(): void {
    this.#out.i32(0);
  }

  dispose(): void {}
}

/** Flag bytes of the compressed stream (reference §7.17). */
export const TokenFlag = {
  END: 0x00,
  LONG: 0x20,
  RUN_LONG: 0x21,
  DATA: 0x40,
  REL: 0x80,
  RUN_REL: 0xc0,
} as const;

const MAX_RELATIVE = 0x3f;
/** Blocks that may follow the first one of a run. */
const MAX_RUN = 0xffff;
/** Most bytes of a block that receivers below protocol 31 remember rightly under zlib (reference §7.17). */
const MAX_REMEMBERED = 0xffff;

class CompressedTokenWriter implements TokenWriter {
  readonly #out: ByteWriter;
  readonly #encoder: RunEncoder;
  readonly #mustForget: boolean;
  /** Blocks matched and not written: [first, last], none while first < 0. */
  #first = -1;
  #last = -1;
  /** The block named last. */
  #current = 0;
  #inRun = false;

  constructor(out: ByteWriter, compression: Compression, protocol: number) {
    this.#out = out;
    this.#encoder = createEncoder(compression, (data, offset, length) => this.#packets(data, offset, length));
    this.#mustForget = !dialectOf(protocol).wholeHistory && compression.name === 'zlib';
  }

  begin(): void {
    this.#first = -1;
    this.#last = -1;
    this.#current = 0;
    this.#inRun = false;
    this.#encoder.begin();
  }

  literal(data: Uint8Array, offset: number, length: number): void {
    if (this.#first >= 0) this.#writeBlocks();
    this.#inRun = true;
    this.#encoder.write(data, offset, length);
  }

  match(index: number, data: Uint8Array, offset: number, length: number): void {
    if (this.#inRun) this.#endRun();
    if (this.#first >= 0 && index === this.#last + 1 && index - this.#first <= MAX_RUN) this.#last = index;
    else {
      if (this.#first >= 0) this.#writeBlocks();
      this.#first = index;
      this.#last = index;
    }
    // An encoder that starts anew refers to nothing the receiver may remember differently.
    if (this.#mustForget && length > MAX_REMEMBERED) this.#encoder.begin();
    else this.#encoder.matched(data, offset, length);
  }

  end(): void {
    if (this.#inRun) this.#endRun();
    if (this.#first >= 0) this.#writeBlocks();
    this.#out.u8(TokenFlag.END);
  }

  dispose(): void {
    this.#encoder.dispose();
  }

  #endRun(): void {
    this.#inRun = false;
    this.#encoder.endRun();
  }

  #writeBlocks(): void {
    const out = this.#out;
    const distance = this.#first - this.#current;
    const more = this.#last - this.#first;
    if (distance >= 0 && distance <= MAX_RELATIVE) out.u8((more > 0 ? TokenFlag.RUN_REL : TokenFlag.REL) + distance);
    else {
      out.u8(more > 0 ? TokenFlag.RUN_LONG : TokenFlag.LONG);
      out.i32(this.#first);
    }
    if (more > 0) out.u16(more);
    this.#current = this.#last;
    this.#first = -1;
  }

  #packets(data: Uint8Array, offset: number, length: number): void {
    const out = this.#out;
    for (let done = 0; done < length;) {
      const size = Math.min(length - done, MAX_PACKET);
      out.u8(TokenFlag.DATA + (size >> 8));
      out.u8(size & 0xff);
      out.bytes(data, offset + done, size);
      done += size;
    }
  }
}

function createEncoder({ name, level }: Compression, sink: PacketSink): RunEncoder {
  switch (name) {
    case 'zstd':
      return new ZstdEncoder(level, sink);
    case 'lz4':
      return new Lz4Encoder(sink);
    case 'zlibx':
    case 'zlib':
      return new DeflateEncoder(level, name === 'zlib', sink);
  }
}
