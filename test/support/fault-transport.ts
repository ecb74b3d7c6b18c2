import { Duplex } from 'node:stream';
import type { Transport } from '../../electron/engine/transport/transport.ts';

/** What happens to one chunk: passed on (perhaps changed), or held for ever with everything behind it. */
export type Fate = Buffer | 'hold' | 'reset';

export interface Faults {
  /** Towards the peer; `offset` counts the bytes before this chunk. */
  send?: (chunk: Buffer, offset: number) => Fate;
  /** From the peer. */
  receive?: (chunk: Buffer, offset: number) => Fate;
}

/** The documented place for network faults in memory: changes, stalls or resets either direction of a transport. */
export function faultTransport(inner: Transport, faults: Faults): Transport {
  const stream = new FaultyStream(inner.stream, faults);
  return {
    ...inner,
    stream,
    close: () => {
      stream.destroy();
      inner.close();
    },
  };
}

class FaultyStream extends Duplex {
  readonly #inner: Duplex;
  readonly #faults: Faults;
  #sent = 0;
  #received = 0;
  #held = false;

  constructor(inner: Duplex, faults: Faults) {
    super({ allowHalfOpen: true });
    this.#inner = inner;
    this.#faults = faults;
    this.on('error', () => {});
    inner.on('data', (chunk: Buffer) => {
      const fate = this.#held ? 'hold' : (this.#faults.receive?.(chunk, this.#received) ?? chunk);
      this.#received += chunk.length;
      if (fate === 'hold') this.#held = true;
      else if (fate === 'reset') this.destroy(new Error('connection reset'));
      else if (!this.push(fate)) inner.pause();
    });
    inner.on('end', () => {
      if (!this.#held) this.push(null);
    });
    inner.on('close', () => {
      if (!this.#held && !this.readableEnded) this.push(null);
    });
    inner.on('error', (error) => this.destroy(error));
    inner.pause();
  }

  override _read(): void {
    this.#inner.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error) => void): void {
    const fate = this.#faults.send?.(chunk, this.#sent) ?? chunk;
    this.#sent += chunk.length;
    if (fate === 'hold') return; // never taken: the writer stays blocked
    if (fate === 'reset') {
      callback(new Error('connection reset'));
      return;
    }
    this.#inner.write(fate, () => callback());
  }

  override _final(callback: () => void): void {
    this.#inner.end(callback);
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#inner.destroy();
    callback(error);
  }
}
