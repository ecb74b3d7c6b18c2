import { Duplex, Readable, Writable } from 'node:stream';
import type { Channel, ClientChannel, ServerChannel } from 'ssh2';
import { DriftlineError, fail } from '../../../shared/errors.ts';
import type { PeerExit, Transport } from './transport.ts';
import type { ServerSide } from './server-side.ts';

/** OpenSSH's own receive window, in bytes, and ssh2's. */
const LEAST_WINDOW = 2 << 20;
/** 160 MB/s at 100 ms. It is also the most memory that a slow reader can cost. */
const MOST_WINDOW = 16 << 20;
/** Bytes that may be under way for each millisecond of a round trip. */
const WINDOW_PER_MS = 256 << 10;
/** Bytes kept for the reader before the channel is asked to wait. */
const HIGH_WATER = 1 << 20;
/** No new packet is made while more than this waits in the socket, whatever window a server grants. */
const SOCKET_BACKLOG = 512 << 10;

/** Somewhat more than half of the window OpenSSH's sshd has: the least by which every version grants more. */
const LEAST_AHEAD = (1 << 20) + (64 << 10);
/** What a server may take to compute the answer that the round trip was measured by, in milliseconds. */
const LOGIN_WORK_MS = 8;

/** How long a program that has closed its output may take to end, once nobody is interested any more. */
const GRACE_MS = 10_000;

/**
 * Receive window of a channel: what the server may send before we have read it. Over a long way a small one bounds a
 * pull to its size per round trip. Over a short one a large one is of no use and does harm: sshd keeps all that the
 * window allows and the socket does not take, and moves it about with every packet, which halved the pace of pulls.
 * @param roundTripMs between us and the server, in milliseconds; Infinity where it is not known
 * @returns bytes
 */
export function windowFor(roundTripMs: number): number {
  return Math.round(Math.min(MOST_WINDOW, Math.max(LEAST_WINDOW, roundTripMs * WINDOW_PER_MS)));
}

/**
 * Bytes that may be under way to a server, or lie there unread, of the window that it grants. Near by all of it is of no
 * use and does harm: for every packet that the program there is slow to read, sshd moves all that waits, and its whole
 * processor goes into that. Only of OpenSSH is it known that it grants more before all of its window is used.
 * @param roundTripMs see {@link windowFor}
 * @param software what the server calls itself
 * @returns whole bytes: ssh2 cuts by them
 */
export function aheadFor(roundTripMs: number, software: string): number {
  if (!/^OpenSSH_/.test(software)) return Infinity;
  return Math.round(Math.max(LEAST_AHEAD, (roundTripMs - LOGIN_WORK_MS) * WINDOW_PER_MS));
}

/** The parts of ssh2 1.17's channel that its types leave out (lib/Channel.js); the version is pinned in package.json. */
interface ChannelInternals {
  incoming: { window: number };
  outgoing: { id: number; state: string; window: number };
  _client: {
    _protocol: { channelWindowAdjust(id: number, amount: number): void };
    _sock: Writable;
  };
}

/**
 * A well-behaved stream over an ssh2 channel, which on its own never reports a failed write, loses the callbacks of
 * writes to a closed channel and cannot be destroyed.
 *
 * Flow control of incoming data is ours: ssh2's accounting is switched off (a window of Infinity never runs low), and
 * the window is granted by what the reader has taken, counting stderr too. Bytes written after the peer closed are
 * dropped: what it said before it went is still to be read, and its end shows there.
 */
export class ChannelStream extends Duplex {
  /** The channel's standard error; must be drained, it shares the window. Empty on a server's side. */
  readonly stderr: Readable;
  /** Resolves when the channel is closed and all its data has been handed on, or when this end is destroyed. */
  readonly exit: Promise<PeerExit>;
  readonly #channel: Channel;
  readonly #internals: ChannelInternals;
  readonly #endOnFinal: boolean;
  readonly #window: number;
  readonly #ahead: number;
  #outstanding: number;
  #closed = false;
  #inputEnded = false;
  #stderrEnded = false;
  #release: (() => void) | null = null;
  #peerExit: PeerExit = { code: null, signal: null };
  #resolveExit: (exit: PeerExit) => void = () => {};

  /**
   * @param role `server` holds back end-of-file until the exit code was sent (see `serveChannel`)
   * @param window see {@link windowFor}
   * @param ahead see {@link aheadFor}
   */
  constructor(channel: ClientChannel | ServerChannel, role: 'client' | 'server', window: number, ahead = Infinity) {
    super({ readableHighWaterMark: HIGH_WATER, writableHighWaterMark: 256 << 10, emitClose: true });
    this.#channel = channel;
    this.#window = window;
    this.#ahead = ahead;
    this.#endOnFinal = role === 'client';
    this.#internals = channel as unknown as ChannelInternals;
    const source = role === 'client' ? (channel as ClientChannel).stderr : null;
    this.#outstanding =
      this.#internals.incoming.window + channel.readableLength + (source === null ? 0 : source.readableLength);
    this.#internals.incoming.window = Infinity;
    this.stderr = new Readable({ highWaterMark: 64 << 10, read: () => this.#grant() });

    this.exit = new Promise((resolve) => (this.#resolveExit = resolve));
    channel.on('exit', (code: number | null, signal?: string) => {
      this.#peerExit = { code, signal: signal ?? null };
    });
    channel.on('close', () => {
      this.#closed = true;
      this.#settle();
      this.#endInput();
      this.#resolveExit(this.#peerExit);
    });
    channel.on('error', () => {}); // ssh2 follows with 'close'
    channel.on('data', (chunk: Buffer) => this.#take(this, chunk));
    channel.on('end', () => this.#endInput());
    source?.on('data', (chunk: Buffer) => this.#take(this.stderr, chunk));
    source?.on('end', () => this.#endStderr());
    if (source === null) this.#endStderr();
    this.#grant();
  }

  #take(into: Readable, chunk: Buffer): void {
    this.#outstanding -= chunk.length;
    if (this.#outstanding < 0) {
      this.destroy(fail('protocol', 'ssh-window-exceeded', 'The server sent more than it was allowed to.'));
      return;
    }
    if (!into.destroyed && !(into === this.stderr && this.#stderrEnded)) into.push(chunk);
    this.#grant();
  }

  #grant(): void {
    const held = this.readableLength + this.stderr.readableLength;
    const free = this.#window - this.#outstanding - held;
    // Few enough adjustments, early enough for the server never to stop.
    if (free < this.#window / 4 || this.#closed || this.#internals.outgoing.state === 'closed') return;
    this.#outstanding += free;
    this.#internals._client._protocol.channelWindowAdjust(this.#internals.outgoing.id, free);
  }

  #endInput(): void {
    if (this.#inputEnded || this.destroyed) return;
    this.#inputEnded = true;
    this.push(null);
  }

  #endStderr(): void {
    if (this.#stderrEnded) return;
    this.#stderrEnded = true;
    this.stderr.push(null);
  }

  #settle(): void {
    const release = this.#release;
    this.#release = null;
    release?.();
  }

  override _read(): void {
    this.#grant();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    if (this.#closed) {
      callback();
      return;
    }
    this.#release = () => callback(); // Node's own is the same for all writes
    const socket = this.#internals._client._sock;
    if (socket.writableLength > SOCKET_BACKLOG && socket.writableNeedDrain)
      socket.once('drain', () => this.#send(chunk));
    else this.#send(chunk);
  }

  #send(chunk: Buffer): void {
    const release = this.#release;
    if (release === null) return; // settled by the channel's close
    const { outgoing, _client: client } = this.#internals;
    const socket = client._sock;
    // What is taken off here is never given back: less is under way from now on.
    outgoing.window = Math.min(outgoing.window, this.#ahead);
    // The packets of one chunk leave in one call: each call wakes the server.
    socket.cork();
    this.#channel.write(chunk, () => {
      if (this.#release === release) this.#settle();
    });
    socket.uncork();
    // What was taken at once is settled at once: whoever writes may go on for long without letting anything else happen,
    // and what it wrote before is to be under way by then.
    if (this.#channel.writableLength === 0) this.#settle();
  }

  override _final(callback: () => void): void {
    if (this.#endOnFinal) this.#channel.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#settle();
    if (!(error instanceof DriftlineError) && this.#inputEnded && !this.#closed) {
      // The peer is ending and its status is on the way. Reading to the end with `for await` comes here too, with an
      // AbortError of Node's, and must not lose it.
      this.#channel.end();
      const timer = setTimeout(() => this.#abandon(), GRACE_MS);
      void this.exit.then(() => clearTimeout(timer));
    } else this.#abandon();
    callback(error);
  }

  #abandon(): void {
    this.#endStderr(); // what it said so far stays readable
    // A server answers this only once the program has ended, which may be never.
    this.#channel.close();
    this.#resolveExit(this.#peerExit);
  }
}

/**
 * Wraps a client's exec channel.
 * @param window see {@link windowFor}
 * @param ahead see {@link aheadFor}
 */
export function clientTransport(
  channel: ClientChannel,
  description: string,
  window: number,
  ahead: number,
): Transport & { fail(error: DriftlineError): void } {
  const stream = new ChannelStream(channel, 'client', window, ahead);
  // Whoever reads sees the error as well; without a reader it must not end the process.
  stream.on('error', () => {});
  return {
    stream,
    stderr: stream.stderr,
    exit: stream.exit,
    description,
    copiesWrites: true, // ssh2 makes packets of them
    close: () => stream.destroy(),
    fail: (error) => stream.destroy(error),
  };
}

/** Wraps the channel of an accepted exec request. */
export function serveChannel(channel: ServerChannel): ServerSide {
  // Nothing tells a server how far its client is.
  const stream = new ChannelStream(channel, 'server', LEAST_WINDOW);
  stream.on('error', () => {});
  let closed = false;
  let release: (() => void) | null = null;
  channel.on('close', () => {
    closed = true;
    release?.();
  });
  const stderr = new Writable({
    write(chunk: Buffer, _encoding, callback) {
      const done = (): void => {
        if (release === done) release = null;
        callback();
      };
      if (closed) return callback();
      release = once(done);
      channel.stderr.write(chunk, release);
    },
  });
  let exiting = false;
  return {
    stream,
    stderr,
    exit(code) {
      if (exiting) return;
      exiting = true;
      const finish = (): void => {
        if (closed) return;
        channel.exit(code);
        channel.end();
      };
      stderr.end(() => {
        if (stream.writableFinished || stream.destroyed) finish();
        else stream.end(finish);
      });
    },
  };
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    action();
  };
}
