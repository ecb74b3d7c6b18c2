import { Duplex, PassThrough } from 'node:stream';
import { Handover } from './handover.ts';
import type { ServerSide } from './server-side.ts';
import type { PeerExit, Transport } from './transport.ts';

/** Bytes one direction holds before its writer has to wait. */
const BUFFER = 512 << 10;

/** Deliveries of one pair that are under way; shared by both ends. */
interface Pair {
  delivering: boolean;
}

/**
 * One end of an in-process pipe. A written chunk is handed to the other end as it is, in the same turn: the writer must
 * not touch its memory again. While a delivery is under way, deliveries it causes wait for the next tick, so that two
 * ends answering each other do not grow the stack.
 */
class PairEnd extends Duplex {
  readonly #pair: Pair;
  #other: PairEnd | null = null;
  /** Set while the other end has more than it wants. */
  #waiting: (() => void) | null = null;
  #ended = false;
  readonly exit: Promise<PeerExit>;
  #resolveExit: (exit: PeerExit) => void = () => {};
  /** What the other end learns when this one is gone. */
  code: number | null = null;

  constructor(pair: Pair) {
    super({ readableHighWaterMark: BUFFER, writableHighWaterMark: BUFFER });
    this.#pair = pair;
    this.exit = new Promise((resolve) => (this.#resolveExit = resolve));
    this.on('error', () => {}); // its reader sees it; without one it must not end the process
  }

  join(other: PairEnd): void {
    this.#other = other;
  }

  override _read(): void {
    this.#other?.resumeWriter();
  }

  resumeWriter(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    if (this.#pair.delivering) {
      process.nextTick(() => this.#deliver(chunk, callback));
      return;
    }
    this.#deliver(chunk, callback);
  }

  #deliver(chunk: Buffer, callback: () => void): void {
    const other = this.#other!;
    // Bytes for an end that is gone are dropped; its absence shows on reading.
    if (other.destroyed || chunk.length === 0) {
      callback();
      return;
    }
    const nested = this.#pair.delivering;
    this.#pair.delivering = true;
    let more: boolean;
    try {
      more = other.push(chunk);
    } finally {
      this.#pair.delivering = nested;
    }
    if (more) callback();
    else this.#waiting = callback;
  }

  override _final(callback: () => void): void {
    this.#other!.peerEnded(this.code ?? 0);
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#other!.peerEnded(this.code);
    this.#other!.resumeWriter();
    this.resumeWriter();
    callback(error);
  }

  peerEnded(code: number | null): void {
    this.#resolveExit({ code, signal: null });
    if (this.#ended || this.destroyed) return;
    this.#ended = true;
    this.push(null);
  }
}

function makeEnds(): [PairEnd, PairEnd] {
  const pair: Pair = { delivering: false };
  const ends: [PairEnd, PairEnd] = [new PairEnd(pair), new PairEnd(pair)];
  ends[0].join(ends[1]);
  ends[1].join(ends[0]);
  return ends;
}

function asTransport(end: PairEnd): Transport {
  return { stream: end, stderr: null, exit: end.exit, description: 'local', close: () => end.destroy() };
}

/**
 * Two transports joined in memory, with real backpressure (512 KiB a direction). Each end's `exit` resolves when the
 * other ends its stream (code 0) or is closed (code null). Chunks pass by reference: a written buffer belongs to the
 * reader from then on.
 */
export function createPair(): [Transport, Transport] {
  const [a, b] = makeEnds();
  return [asTransport(a), asTransport(b)];
}

/** A client's transport and the server's side of it, as an SSH channel would give them: with stderr and an exit code. */
export function createServedPair(): { client: Transport; server: ServerSide } {
  return served();
}

/** The same where both sides deal with files of this machine: they hand contents over. */
export function createLocalPair(): { client: Transport; server: ServerSide } {
  const handover = new Handover();
  return served(handover);
}

function served(handover?: Handover): { client: Transport; server: ServerSide } {
  const [a, b] = makeEnds();
  const stderr = new PassThrough({ highWaterMark: 64 << 10 });
  b.once('close', () => stderr.end());
  for (const end of [a, b]) end.once('close', () => handover?.close());
  let exited = false;
  return {
    client: { ...asTransport(a), stderr, ...(handover && { handover }) },
    server: {
      ...(handover && { handover }),
      stream: b,
      stderr,
      exit(code) {
        if (exited) return;
        exited = true;
        b.code = code;
        stderr.end();
        b.end(() => b.destroy());
      },
    },
  };
}
