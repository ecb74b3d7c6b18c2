import { Lz4Compressor, lz4Bound, lz4Decompress } from './lz4-block.ts';
import { MAX_PACKET } from './method.ts';
import type { PacketSink, RunDecoder, RunEncoder } from './run-coder.ts';

/** Literals per packet as stock writers have it: as many as a packet may have compressed. */
const MAX_INPUT = MAX_PACKET;
/** This many fit into a packet however little they compress. */
const SAFE_INPUT = 16300;
/** Twice what a stock reader has room for (reference §7.17). */
const MAX_OUTPUT = 65536;

/** lz4: every packet is a block of its own (reference §7.17). */
export class Lz4Encoder implements RunEncoder {
  readonly #sink: PacketSink;
  readonly #compressor = new Lz4Compressor();
  readonly #gathered = new Uint8Array(MAX_INPUT);
  readonly #output = new Uint8Array(lz4Bound(MAX_INPUT));
  #used = 0;

  constructor(sink: PacketSink) {
    this.#sink = sink;
  }

  begin(): void {
    this.#used = 0;
  }

  write(data: Uint8Array, offset: number, length: number): void {
    for (let done = 0; done < length;) {
      const take = Math.min(length - done, MAX_INPUT - this.#used);
      this.#gathered.set(data.subarray(offset + done, offset + done + take), this.#used);
      this.#used += take;
      done += take;
      if (this.#used === MAX_INPUT) this.#compress();
    }
  }

  endRun(): void {
    while (this.#used > 0) this.#compress();
  }

  matched(): void {}

  dispose(): void {}

  #compress(): void {
    let taken = this.#used;
    let length = this.#compressor.compress(this.#gathered, 0, taken, this.#output);
    if (length > MAX_PACKET) {
      taken = SAFE_INPUT;
      length = this.#compressor.compress(this.#gathered, 0, taken, this.#output);
    }
    this.#sink(this.#output, 0, length);
    this.#gathered.copyWithin(0, taken, this.#used);
    this.#used -= taken;
  }
}

/** The other direction of {@link Lz4Encoder}. */
export class Lz4Decoder implements RunDecoder {
  readonly wantsMatched = 'no';
  readonly #output = new Uint8Array(MAX_OUTPUT);
  #ready = 0;

  begin(): void {
    this.#ready = 0;
  }

  feed(packet: Uint8Array): void {
    this.#ready = lz4Decompress(packet, this.#output);
  }

  next(): Uint8Array | null {
    const length = this.#ready;
    this.#ready = 0;
    return length > 0 ? this.#output.subarray(0, length) : null;
  }

  endRun(): void {}

  matched(): void {}

  dispose(): void {}
}
