import type { Writable } from 'node:stream';
import type { ByteString } from '../../../shared/model/path.ts';
import { ByteWriter } from './byte-writer.ts';
import { Limit, Msg, PROTOCOL_MAX } from './constants.ts';
import { type Dialect, dialectOf, messageCode } from './dialect.ts';

/** More unsent bytes than this and a role must wait (`drained`) before it goes on. */
const HIGH_WATER = 1 << 20;

/** Our bytes to the peer: fields through `data`, messages through `message`; framed once multiplexing started. */
export class PeerOutput {
  readonly data: ByteWriter;
  /** Bytes sent, with framing. */
  sent = 0;
  /** `Date.now()` of the last write, for keep-alives. */
  lastWrite = Date.now();

  readonly #stream: Writable;
  readonly #highWater: number;
  readonly #reuses: boolean;
  #muxed = false;
  #copy: ((bytes: Buffer) => void) | null = null;
  #withheld = false;
  #dialect = dialectOf(PROTOCOL_MAX);
  #unsent = 0;
  #error: Error | null = null;
  /** `Date.now()` of the last write that the stream took, or of the start of a wait. */
  #lastTaken = Date.now();
  #onTaken: (() => void) | null = null;
  #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  /**
   * @param highWater bytes that may wait to be taken before `congested` says so
   * @param reuses whether the stream has no more use for what it has taken (`Transport.copiesWrites`)
   */
  constructor(stream: Writable, highWater = HIGH_WATER, reuses = false) {
    this.#stream = stream;
    this.#highWater = highWater;
    this.#reuses = reuses;
    this.data = new ByteWriter(
      (bytes) => {
        this.#copy?.(this.#muxed ? bytes.subarray(4) : bytes);
        if (this.#withheld) return;
        if (this.#muxed) bytes.writeUInt32LE((((7 + Msg.DATA) << 24) | (bytes.length - 4)) >>> 0, 0);
        this.#write(bytes);
      },
      () => (this.#muxed ? 4 : 0),
    );
    stream.on('error', (error: Error) => this.abort(error));
  }

  /** The version was agreed on. */
  speak(dialect: Dialect): void {
    this.#dialect = dialect;
    this.data.fixed = !dialect.compactNumbers;
  }

  /** From here on everything is framed (§2.6). */
  startMux(): void {
    this.data.flush();
    this.#muxed = true;
    this.data.flush(); // re-reserves the header space
  }

  /** Bytes without frames follow, until `startMux` (§5.5). */
  stopMux(): void {
    this.data.flush();
    this.#muxed = false;
    this.data.flush(); // gives the header space back
  }

  get muxed(): boolean {
    return this.#muxed;
  }

  flush(): void {
    this.data.flush();
  }

  /** From here on `take` gets every data byte, without frames and messages; it must not keep the buffer. */
  copyTo(take: (bytes: Buffer) => void): void {
    this.data.flush();
    this.#copy = take;
  }

  /** Whether data bytes from here on are for the copy alone. */
  withhold(on: boolean): void {
    this.data.flush();
    this.#withheld = on;
  }

  /**
   * Sends a message frame at this place in the stream (§4.2), in the words of the peer's version: what cannot be said
   * in those, or where nothing is framed, is left unsaid.
   */
  message(code: number, payload: Buffer = EMPTY): void {
    const known = messageCode(this.#dialect, code);
    if (known === null || !this.#muxed) return;
    this.data.flush();
    const frame = Buffer.alloc(4 + payload.length);
    frame.writeUInt32LE((((7 + known) << 24) | payload.length) >>> 0, 0);
    payload.copy(frame, 4);
    this.#write(frame);
  }

  messageInt(code: number, value: number): void {
    const payload = Buffer.alloc(4);
    payload.writeInt32LE(value, 0);
    this.message(code, payload);
  }

  /** A text frame, cut to what a peer accepts. */
  messageText(code: number, text: ByteString): void {
    this.message(code, Buffer.from(text.slice(0, Limit.TEXT - 1), 'latin1'));
  }

  /** An empty DATA frame (§4.5), where there are frames. */
  keepAlive(): void {
    this.message(Msg.DATA);
  }

  /** True when the caller should await `drained` before producing more. */
  get congested(): boolean {
    return this.#unsent + this.data.pending > this.#highWater;
  }

  /** `Date.now()` since when the peer has taken nothing while a role waits for it, or null. */
  get stuckSince(): number | null {
    return this.#waiting.length > 0 ? this.#lastTaken : null;
  }

  /** Resolves when enough was taken by the peer. @throws the connection's error. */
  drained(): Promise<void> {
    if (this.#error) return Promise.reject(this.#error);
    if (!this.congested) return Promise.resolve();
    this.#lastTaken = Date.now();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Resolves when the stream has taken everything so far, or has failed. */
  async taken(): Promise<void> {
    this.data.flush();
    if (this.#error === null && this.#unsent > 0) await new Promise<void>((resolve) => (this.#onTaken = resolve));
  }

  /** Makes pending and later waits fail. */
  abort(error: Error): void {
    this.#error ??= error;
    this.#onTaken?.();
    for (const waiter of this.#waiting.splice(0)) waiter.reject(this.#error);
  }

  /** Flushes and closes our direction. */
  end(): void {
    this.data.flush();
    this.#stream.end();
  }

  #write(bytes: Buffer): void {
    if (this.#error || this.#stream.destroyed || this.#stream.writableEnded) return;
    this.sent += bytes.length;
    this.lastWrite = Date.now();
    this.#unsent += bytes.length;
    this.#stream.write(bytes, (error) => {
      this.#unsent -= bytes.length;
      this.#lastTaken = Date.now();
      if (this.#unsent === 0) this.#onTaken?.();
      if (error) return this.abort(error);
      if (this.#reuses) this.data.giveBack(bytes);
      if (this.#waiting.length > 0 && this.#unsent < this.#highWater / 2) {
        for (const waiter of this.#waiting.splice(0)) waiter.resolve();
      }
    });
  }
}

const EMPTY = Buffer.alloc(0);
