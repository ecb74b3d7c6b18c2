import { Socket } from 'node:net';
import { Duplex, type Readable, type Writable } from 'node:stream';
import type { ServerSide } from '../../engine/transport/server-side.ts';

/** A server's conversation with whoever started it: standard input and output as one stream. */
class StandardIo extends Duplex {
  readonly #input: Readable;
  readonly #output: Writable;

  constructor(input: Readable, output: Writable) {
    super({ readableHighWaterMark: 256 << 10, writableHighWaterMark: 256 << 10 });
    this.#input = input;
    this.#output = output;
    // A client that has gone shows as the end of our input.
    for (const side of [this, input, output]) side.on('error', () => {});
    input.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) input.pause();
    });
    input.on('close', () => this.#inputEnded());
    input.on('end', () => this.#inputEnded());
  }

  #inputEnded(): void {
    if (!this.destroyed && !this.readableEnded) this.push(null);
  }

  override _read(): void {
    this.#input.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#output.write(chunk, () => callback());
  }

  override _writev(chunks: { chunk: Buffer }[], callback: () => void): void {
    this.#output.cork();
    chunks.forEach(({ chunk }, index) => {
      if (index < chunks.length - 1) this.#output.write(chunk);
      else this.#output.write(chunk, () => callback());
    });
    this.#output.uncork();
  }

  override _final(callback: () => void): void {
    const done = (): void => {
      this.#output.off('finish', done).off('close', done);
      callback();
    };
    if (this.#output.destroyed) return callback();
    this.#output.on('finish', done).on('close', done);
    this.#output.end();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#input.destroy();
    this.#output.destroy();
    callback(error);
  }
}

/**
 * This process as `rsync --server`. Node's own `process.stdout` writes to pipes synchronously, which would stop both
 * directions whenever the client is slow to read, so pipes and sockets are opened anew.
 */
export function standardSide(): { side: ServerSide; ended: Promise<void> } {
  let io: StandardIo;
  try {
    io = new StandardIo(
      new Socket({ fd: 0, readable: true, writable: false }),
      new Socket({ fd: 1, readable: false, writable: true }),
    );
  } catch {
    // Neither pipe nor socket: a terminal or a file.
    io = new StandardIo(process.stdin, process.stdout);
  }
  const ended = new Promise<void>((resolve) => io.once('close', () => resolve()));
  process.stderr.on('error', () => {});
  return {
    side: {
      stream: io,
      stderr: process.stderr,
      exit: () => void io.end(() => io.destroy()),
    },
    ended,
  };
}
