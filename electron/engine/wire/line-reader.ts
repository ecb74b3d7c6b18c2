import type { Duplex } from 'node:stream';
import { fail } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';

/** Reads the lines or words a binary conversation begins with, and leaves the bytes behind them to whoever reads next. */
export class LineReader {
  readonly #stream: Duplex;
  readonly #lineLimit: number;
  #left: number;
  #rest: Buffer = Buffer.alloc(0);
  #ended = false;
  #error: Error | null = null;
  #wake: (() => void) | null = null;
  readonly #onReadable = (): void => this.#notify();
  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#notify();
  };
  readonly #onError = (error: Error): void => this.abort(error);

  /**
   * @param lineLimit longest line, in bytes
   * @param limit all lines together, in bytes
   */
  constructor(stream: Duplex, lineLimit: number, limit: number) {
    this.#stream = stream;
    this.#lineLimit = lineLimit;
    this.#left = limit;
    stream.on('readable', this.#onReadable).on('end', this.#onEnd).on('close', this.#onEnd).on('error', this.#onError);
  }

  /**
   * The next line without its end (LF; carriage returns are dropped), or null at the end of the stream: a last line
   * that was cut off is none.
   * @throws `protocol`/`bad-line` for a line or a flood of lines beyond the limits or with a NUL; the stream's error
   */
  async line(): Promise<ByteString | null> {
    const line = await this.#next(0x0a);
    if (line?.includes('\0') === true)
      throw fail('protocol', 'bad-line', 'The server sent binary data instead of text');
    return line?.replaceAll('\r', '') ?? null;
  }

  /** The next word that ends with a NUL; otherwise as `line`. */
  word(): Promise<ByteString | null> {
    return this.#next(0);
  }

  /** Whoever waits for a line, or asks for one, gets this error. */
  abort(error: Error): void {
    this.#error = error;
    this.#notify();
  }

  async #next(terminator: number): Promise<ByteString | null> {
    for (;;) {
      const end = this.#rest.indexOf(terminator);
      if (Math.max(end, end < 0 ? this.#rest.length : 0) > this.#lineLimit) throw tooMuch();
      if (end >= 0) {
        const text = this.#rest.toString('latin1', 0, end);
        this.#rest = this.#rest.subarray(end + 1);
        this.#left -= end + 1;
        if (this.#left < 0) throw tooMuch();
        return text;
      }
      const chunk = this.#stream.read() as Buffer | null;
      if (chunk !== null) this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
      else if (this.#error !== null) throw this.#error;
      else if (this.#ended) return null;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Lets go of the stream; what was read beyond the last line goes back into it, unless it has ended. */
  release(): void {
    const stream = this.#stream;
    stream.off('readable', this.#onReadable).off('end', this.#onEnd).off('close', this.#onEnd);
    stream.off('error', this.#onError);
    if (this.#rest.length > 0 && !stream.destroyed && !stream.readableEnded) stream.unshift(this.#rest);
    this.#rest = Buffer.alloc(0);
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }
}

function tooMuch(): Error {
  return fail('protocol', 'bad-line', 'The other side sent more text than a connection begins with', {
    hint: 'Check that what answers there is rsync.',
  });
}
