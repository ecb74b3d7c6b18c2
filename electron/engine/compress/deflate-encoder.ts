import { constants, deflateRawSync } from 'node:zlib';
import { History } from './history.ts';
import type { PacketSink, RunEncoder } from './run-coder.ts';

/** Literals gathered before they are compressed: the cost of a call is spread, the ratio is that of one stream. */
const GATHER = 131072;
/** A whole window is worth preparing for runs of some length only: that costs more than compressing the run. */
const SHORT_RUN = 1024;
const SHORT_DICTIONARY = 8192;
/** What a sync flush ends with; the last one of a run stays away (reference §7.17). */
const FLUSH_TAIL = Uint8Array.of(0, 0, 0xff, 0xff);

/**
 * zlib and zlibx. Node's streams compress only asynchronously, a hop into another thread per run, so each piece of a run
 * is one synchronous call that ends on a byte boundary and takes the 32 KiB before it as its dictionary. Put behind each
 * other the pieces are one deflate stream. Under zlib the matched blocks count among those 32 KiB; since any reference
 * into data the receiver has is valid, nothing else is to be done for them.
 */
export class DeflateEncoder implements RunEncoder {
  readonly #level: number;
  readonly #sink: PacketSink;
  readonly #keepsMatched: boolean;
  readonly #history = new History();
  readonly #gathered = Buffer.allocUnsafeSlow(GATHER);
  #used = 0;
  #tailOwed = false;

  /** @param keepsMatched zlib rather than zlibx */
  constructor(level: number, keepsMatched: boolean, sink: PacketSink) {
    this.#level = level;
    this.#keepsMatched = keepsMatched;
    this.#sink = sink;
  }

  begin(): void {
    this.#history.clear();
    this.#used = 0;
    this.#tailOwed = false;
  }

  write(data: Uint8Array, offset: number, length: number): void {
    for (let done = 0; done < length;) {
      const take = Math.min(length - done, GATHER - this.#used);
      this.#gathered.set(data.subarray(offset + done, offset + done + take), this.#used);
      this.#used += take;
      done += take;
      if (this.#used === GATHER) this.#compress();
    }
  }

  endRun(): void {
    if (this.#used > 0) this.#compress();
    this.#tailOwed = false;
  }

  matched(data: Uint8Array, offset: number, length: number): void {
    if (this.#keepsMatched) this.#history.append(data, offset, length);
  }

  dispose(): void {}

  #compress(): void {
    const input = this.#gathered.subarray(0, this.#used);
    const dictionary = this.#history.last(this.#used < SHORT_RUN ? SHORT_DICTIONARY : Infinity);
    const out = deflateRawSync(input, {
      level: this.#level,
      finishFlush: constants.Z_SYNC_FLUSH,
      chunkSize: Math.max(1024, this.#used),
      ...(dictionary.length > 0 ? { dictionary } : {}),
    });
    if (this.#tailOwed) this.#sink(FLUSH_TAIL, 0, FLUSH_TAIL.length);
    this.#sink(out, 0, out.length - FLUSH_TAIL.length);
    this.#tailOwed = true;
    this.#history.append(this.#gathered, 0, this.#used);
    this.#used = 0;
  }
}
