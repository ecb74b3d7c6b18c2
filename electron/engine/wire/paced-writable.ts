import { type Duplex, Writable } from 'node:stream';

/** How much of a late timer is made up for, in milliseconds; more would be a burst. */
const CATCH_UP_MS = 200;
/** Pieces a second: small enough to flow, large enough for the timers. */
const PIECES_A_SECOND = 8;
const MIN_PIECE = 512;

/**
 * Writes to a stream no faster than a given rate (`--bwlimit`), in pieces with pauses between them. Bytes for a stream
 * that has closed are dropped.
 */
export class PacedWritable extends Writable {
  readonly #target: Duplex;
  readonly #bytesPerMs: number;
  readonly #piece: number;
  #timer: NodeJS.Timeout | null = null;
  #gone = false;
  /** When the bytes written so far are through at the given rate. */
  #through = 0;
  #settle: (() => void) | null = null;

  constructor(target: Duplex, bytesPerSecond: number) {
    super({ highWaterMark: 1 });
    this.#target = target;
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#piece = Math.max(MIN_PIECE, Math.floor(bytesPerSecond / PIECES_A_SECOND));
    this.on('error', () => {}); // whoever reads the target sees it
    target.on('error', (error: Error) => this.destroy(error));
    target.on('close', () => {
      this.#gone = true;
      this.#done();
    });
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#settle = callback;
    this.#next(chunk, 0);
  }

  #next(chunk: Buffer, at: number): void {
    if (this.#settle === null) return;
    if (this.#gone || at >= chunk.length) return this.#done();
    const now = performance.now();
    if (this.#through > now) {
      this.#timer = setTimeout(() => this.#next(chunk, at), this.#through - now);
      return;
    }
    const piece = chunk.subarray(at, at + this.#piece);
    this.#through = Math.max(this.#through, now - CATCH_UP_MS) + piece.length / this.#bytesPerMs;
    this.#target.write(piece, () => this.#next(chunk, at + piece.length));
  }

  #done(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const settle = this.#settle;
    this.#settle = null;
    settle?.();
  }

  override _final(callback: () => void): void {
    this.#target.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#gone = true;
    this.#done();
    callback(error);
  }
}
