import type { Duplex } from 'node:stream';
import { type DriftlineError, fail } from '../../../shared/errors.ts';
import { ByteReader, UNDERFLOW } from './byte-reader.ts';
import { Limit, Msg } from './constants.ts';
import type { Dialect } from './dialect.ts';

/** Returned by `tryParse` when the bytes for it have not all arrived. */
export const MORE = Symbol('more');

/** Above this many queued bytes the stream is paused. */
const HIGH_WATER = 4 << 20;

/**
 * Bytes gathered by copying before they are parsed: frames of a few bytes are put together, a longer stretch is parsed
 * where it arrived.
 */
const GATHERED = 4096;

/** Payload lengths that are legal per message code (§4.2); text codes are bounded by Limit.TEXT instead. */
const FIXED_LENGTH: Readonly<Record<number, readonly number[]>> = {
  [Msg.IO_ERROR]: [4],
  [Msg.IO_TIMEOUT]: [4],
  [Msg.NOOP]: [0],
  [Msg.ERROR_EXIT]: [0, 4],
  [Msg.SUCCESS]: [4, 20],
  [Msg.NO_SEND]: [4],
};
const TEXT_CODES: ReadonlySet<number> = new Set([Msg.ERROR_XFER, Msg.INFO, Msg.ERROR, Msg.WARNING, Msg.DELETED]);

/**
 * The peer's bytes: queued as they arrive, demultiplexed in order when a parser asks for more. Messages between data
 * frames go to `onMessage` at their place in the stream.
 */
export class PeerInput {
  readonly reader = new ByteReader();
  /** Bytes received, with framing. */
  received = 0;
  /** `Date.now()` of the last arrival: what the I/O timeout is judged by (faults.md N4). */
  lastArrival = Date.now();
  onMessage: (code: number, payload: Buffer) => void = () => {};
  /** Set before `stopMux`: what follows a frame is left alone until it is asked for, since it may have no frame. */
  frameByFrame = false;
  /** Gets every data byte, without frames and messages, as it is taken apart; it must not keep the buffer. */
  copyTo: ((bytes: Buffer) => void) | null = null;

  readonly #stream: Duplex;
  #muxed = false;
  readonly #queue: Buffer[] = [];
  #queued = 0;
  #head = 0;
  #paused = false;
  #ended = false;
  #error: Error | null = null;
  #wake: (() => void) | null = null;

  readonly #header = Buffer.alloc(4);
  #headerFill = 0;
  #dataLeft = 0;
  #message: { code: number; payload: Buffer; fill: number } | null = null;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      this.received += chunk.length;
      this.lastArrival = Date.now();
      this.#queue.push(chunk);
      this.#queued += chunk.length;
      if (this.#queued > HIGH_WATER && !this.#paused) {
        this.#paused = true;
        stream.pause();
      }
      this.#notify();
    });
    const end = () => {
      this.#ended = true;
      this.#notify();
    };
    stream.on('end', end);
    stream.on('close', end);
    stream.on('error', (error: Error) => this.abort(error));
  }

  /** The version was agreed on. */
  speak({ compactNumbers }: Dialect): void {
    this.reader.fixed = !compactNumbers;
  }

  /** From here on the stream is multiplexed (§2.6). Bytes already taken into the reader must have been consumed. */
  startMux(): void {
    this.#muxed = true;
    // Bytes that arrived behind the handshake sit unframed in the reader: put them back to be demultiplexed.
    if (this.reader.available > 0) this.#putBack(Buffer.from(this.reader.view(this.reader.available)));
  }

  /** Bytes without frames follow, until `startMux` (§5.5). All frames before them must have been used up. */
  stopMux(): void {
    if (this.#dataLeft > 0 || this.#headerFill > 0 || this.#message !== null || this.reader.available > 0) {
      throw fail('protocol', 'bad-frame', 'The peer sent a frame where none is allowed');
    }
    this.#muxed = false;
    this.frameByFrame = false;
  }

  #putBack(rest: Buffer): void {
    if (this.#head > 0) this.#queue[--this.#head] = rest;
    else this.#queue.unshift(rest);
    this.#queued += rest.length;
  }

  /** Makes reads fail with `error` as soon as what has arrived is used up. */
  abort(error: Error): void {
    this.#error ??= error;
    this.#notify();
  }

  /** Runs a parser over what is there; MORE if it needs bytes that have not arrived (the reader is then rewound). */
  tryParse<T>(parse: (reader: ByteReader) => T): T | typeof MORE {
    this.reader.mark();
    try {
      return parse(this.reader);
    } catch (error) {
      if (error !== UNDERFLOW) throw error;
      this.reader.rewind();
      return MORE;
    }
  }

  /** Like tryParse, waiting for as many bytes as it takes. Parsers must not change state before their last read. */
  async parse<T>(parse: (reader: ByteReader) => T): Promise<T> {
    for (;;) {
      const value = this.tryParse(parse);
      if (value !== MORE) return value;
      await this.fill();
    }
  }

  /**
   * Waits until the reader has more data than now. What has arrived is used up before an error or the end is reported.
   * @throws the connection's error, or `closed-early` at the end of the stream
   */
  async fill(): Promise<void> {
    while (!this.advance()) {
      if (this.#error) throw this.#error;
      if (this.#ended) throw closedEarly();
      await this.#arrival();
    }
  }

  /** Like {@link fill} with what has arrived, without waiting. @returns whether the reader has more data than before */
  advance(): boolean {
    while (this.#head < this.#queue.length) {
      const before = this.reader.available;
      this.#takeChunk();
      if (this.reader.available > before) return true;
    }
    return false;
  }

  /** Handles messages that have already arrived, without waiting: called when the connection has failed. */
  drainMessages(): void {
    while (this.#head < this.#queue.length) this.#takeChunk();
  }

  /**
   * Handles messages until the peer closes its direction: called after the goodbye, when only messages may still come.
   * Anything else is dropped. @throws the connection's error
   */
  async readToEnd(): Promise<void> {
    for (;;) {
      while (this.#head < this.#queue.length) {
        this.#takeChunk();
        this.reader.view(this.reader.available);
      }
      if (this.#error) throw this.#error;
      if (this.#ended) return;
      await this.#arrival();
    }
  }

  get ended(): boolean {
    return this.#ended && this.#head >= this.#queue.length;
  }

  /** Moves the oldest queued chunk on, or a part of it: data to the reader, messages to `onMessage`. */
  #takeChunk(): void {
    const chunk = this.#queue[this.#head]!;
    this.#queue[this.#head++] = EMPTY;
    if (this.#head > 64 && this.#head * 2 > this.#queue.length) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
    this.#queued -= chunk.length;
    if (this.#paused && this.#queued < HIGH_WATER / 2) {
      this.#paused = false;
      this.#stream.resume();
    }
    if (!this.#muxed) return this.reader.push(chunk);
    const used = this.#demux(chunk);
    if (used < chunk.length) this.#putBack(chunk.subarray(used));
  }

  /** Resolves when a chunk, an error or the end arrives. */
  #arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  /** @returns how much of the chunk was taken: up to where there is something to parse, or to the end of a frame */
  #demux(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length) {
      if (this.#dataLeft > 0) {
        const most = this.reader.available === 0 ? Infinity : GATHERED;
        const part = Math.min(this.#dataLeft, chunk.length - at, most);
        const data = part === chunk.length ? chunk : chunk.subarray(at, at + part);
        this.copyTo?.(data);
        this.reader.push(data);
        this.#dataLeft -= part;
        at += part;
        if ((this.frameByFrame && this.#dataLeft === 0) || this.reader.available >= GATHERED) return at;
        continue;
      }
      if (this.#message) {
        const { payload } = this.#message;
        const part = Math.min(payload.length - this.#message.fill, chunk.length - at);
        chunk.copy(payload, this.#message.fill, at, at + part);
        this.#message.fill += part;
        at += part;
        if (this.#message.fill === payload.length) this.#finishMessage();
        continue;
      }
      this.#header[this.#headerFill++] = chunk[at++]!;
      if (this.#headerFill === 4) this.#startFrame();
    }
    return at;
  }

  #startFrame(): void {
    this.#headerFill = 0;
    const header = this.#header.readUInt32LE(0);
    const length = header & 0xffffff;
    const code = (header >>> 24) - 7;
    if (code === Msg.DATA) {
      this.#dataLeft = length;
      return;
    }
    const fixed = FIXED_LENGTH[code];
    if (fixed ? !fixed.includes(length) : !TEXT_CODES.has(code) || length >= Limit.TEXT) {
      throw fail('protocol', 'bad-frame', `The peer sent a frame that is not allowed (code ${code}, ${length} bytes)`, {
        hint: 'The connection is damaged, or the server is not an rsync of a supported version.',
      });
    }
    this.#message = { code, payload: Buffer.alloc(length), fill: 0 };
    if (length === 0) this.#finishMessage();
  }

  #finishMessage(): void {
    const { code, payload } = this.#message!;
    this.#message = null;
    this.onMessage(code, payload);
  }
}

const EMPTY = Buffer.alloc(0);

function closedEarly(): DriftlineError {
  return fail('remote', 'closed-early', 'The server ended the connection before the transfer was complete', {
    hint: 'Look at the server’s messages above; the transfer can be run again.',
    retryable: true,
  });
}
