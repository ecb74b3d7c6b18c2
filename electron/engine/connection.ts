import { DriftlineError, fail, toErrorData } from '../../shared/errors.ts';
import { displayPath, type ByteString } from '../../shared/model/path.ts';
import { NO_PROGRESS, type EngineEvent, type EngineIssue, type ProgressEvent } from './events.ts';
import type { Gate } from './gate.ts';
import type { Agreement } from './handshake/negotiate.ts';
import { OpeningDeadline } from './handshake/opening-deadline.ts';
import type { TransferOptions } from './options/transfer-options.ts';
import type { PeerExit, Transport } from './transport/transport.ts';
import { type Charset, charsetOf } from './wire/charset.ts';
import { IoError, Msg } from './wire/constants.ts';
import { PacedWritable } from './wire/paced-writable.ts';
import { PeerInput } from './wire/peer-input.ts';
import { PeerOutput } from './wire/peer-output.ts';

/** Longest stretch of synchronous work between turns of the event loop, in milliseconds (design §6). */
const SLICE_MS = 40;
/** How often life signs are looked at, in milliseconds. */
const CHECK_MS = 1000;
/** After the goodbye a peer of old has so long to end by itself, in milliseconds. */
const OLD_END_MS = 10_000;
/** Progress events at most this often, in milliseconds. */
const PROGRESS_MS = 100;
/** Remote standard error kept for messages, in bytes; the rest is dropped (faults.md S7). */
const STDERR_LIMIT = 65536;

export interface ConnectionHooks {
  signal: AbortSignal;
  onEvent: (event: EngineEvent) => void;
  /** Called between pieces of synchronous work that cannot be left (hashing a large file); throws to end the run. */
  poll?: () => void;
  /** Closed while the transfer is paused. */
  gate?: Gate;
  /** Where the peer has had something to say before; absent: it has the whole time. */
  opening?: OpeningDeadline;
  /** Whether a server tells of items too, which only its log wants; default false. */
  logsItems?: boolean;
}

/**
 * One conversation with a peer: streams, life signs, messages, error state, progress. The roles share it. Everything
 * that can end a run ends it here, once: abort, timeout, a closed stream, a peer's ERROR_EXIT.
 */
export class Connection {
  readonly input: PeerInput;
  readonly output: PeerOutput;
  readonly transport: Transport;
  readonly options: TransferOptions;
  readonly isServer: boolean;
  /** Whether somebody on this side is told of items. */
  readonly tellsItems: boolean;
  /** What this side's names are in (`--iconv`), or null where they travel as they are. */
  readonly charset: Charset | null;
  agreed!: Agreement;
  /** While the end of the server's handshake is on its way; nothing else of what it says can be read before. */
  seedDue: Promise<void> | null = null;
  /** Bits of §4.6 from either side. */
  ioError = 0;
  /** An ERROR_XFER message or a per-item error of ours: exit at least 23. */
  hadItemError = false;
  issueCount = 0;
  /** Wakes roles that wait for each other instead of the connection. */
  onAbort: () => void = () => {};
  /** Role-specific messages. */
  onNoSend: (ndx: number) => void = () => {};
  onSuccess: (ndx: number, copy: { dev: bigint; ino: bigint } | null) => void = () => {};
  onDeleted: (name: ByteString, isDir: boolean) => void = () => {};
  readonly progress: ProgressEvent = { ...NO_PROGRESS };

  readonly #hooks: ConnectionHooks;
  #timer: NodeJS.Timeout | null = null;
  #timeoutMs: number;
  #sliceStart = performance.now();
  #lastProgress = 0;
  #lastCheck = Date.now();
  readonly #opening: OpeningDeadline;
  #error: DriftlineError | null = null;
  #stderrBytes = 0;
  #stderrRest = '';
  readonly #onAbort: () => void;

  constructor(transport: Transport, options: TransferOptions, isServer: boolean, hooks: ConnectionHooks) {
    this.transport = transport;
    this.options = options;
    this.isServer = isServer;
    this.tellsItems = !isServer || hooks.logsItems === true;
    this.charset = options.iconv === null ? null : charsetOf(options.iconv, isServer);
    this.#hooks = hooks;
    this.#opening = hooks.opening ?? new OpeningDeadline();
    this.#timeoutMs = options.timeout * 1000;
    this.input = new PeerInput(transport.stream);
    this.output = pacedOutput(transport, options.bwlimit * 1024);
    this.input.onMessage = (code, payload) => this.#message(code, payload);
    this.#onAbort = () => this.abort(cancelledError(hooks.signal.reason));
    if (hooks.signal.aborted) this.#onAbort();
    else hooks.signal.addEventListener('abort', this.#onAbort);
    transport.stderr?.on('data', (chunk: Buffer) => this.#guarded(() => this.#stderr(chunk)));
    transport.stderr?.on('error', () => {});
    this.#timer = setInterval(() => this.#guarded(() => this.#checkLife()), CHECK_MS);
  }

  /** Reads the end of the handshake (`receiveSeed`) while a role sends; what that fails with ends the conversation. */
  awaitSeed(receive: () => Promise<void>): void {
    this.seedDue = receive().then(() => {
      this.seedDue = null;
    });
    this.seedDue.catch((error: unknown) => this.stop(error));
  }

  emit(event: EngineEvent): void {
    this.#hooks.onEvent(event);
  }

  issue(issue: EngineIssue): void {
    this.ioError |= issue.ioError;
    if (issue.ioError === 0 && issue.code !== 'delete-skipped-io-error' && issue.code !== 'skipped-non-regular')
      this.hadItemError = true;
    this.issueCount++;
    this.emit({ type: 'issue', issue });
  }

  /** Ends the conversation with an error: every pending wait of every role fails with it. */
  abort(error: DriftlineError): void {
    if (this.#error) return;
    this.#fail(error);
    this.transport.close();
  }

  /** For long synchronous work: see ConnectionHooks.poll. The peer must not take it for silence. */
  readonly poll = (): void => {
    this.#hooks.poll?.();
    this.#keepAliveIfDue();
  };

  /**
   * Like `abort`, for whatever a role failed with, but the transport stays: the peer's last words may still come in,
   * and a server tells its client what it ends with (reference §4.4).
   */
  stop(error: unknown): void {
    if (this.#error) return;
    const ended = error instanceof DriftlineError ? error : new DriftlineError(toErrorData(error), { cause: error });
    if (this.isServer && this.output.muxed && ended.data.kind !== 'remote')
      this.output.messageInt(Msg.ERROR_EXIT, ended.data.exitCode);
    this.#fail(ended);
  }

  #fail(error: DriftlineError): void {
    this.#error = error;
    this.input.abort(error);
    this.output.abort(error);
    this.onAbort();
  }

  /** The error that ended the conversation, if one did. */
  get firstError(): DriftlineError | null {
    return this.#error;
  }

  /** @throws the error that ended the conversation, if one did. */
  check(): void {
    if (this.#error) throw this.#error;
  }

  /** Whether a role has worked long enough and should `await pause()`. */
  get sliceOver(): boolean {
    return performance.now() - this.#sliceStart > SLICE_MS || this.#hooks.gate?.closed === true;
  }

  /** Lets the event loop turn: input arrives, output leaves, aborts act. */
  async pause(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    await this.#held();
    this.#sliceStart = performance.now();
    this.check();
    this.tick();
  }

  /** Waits while the peer is slow to take our output. */
  async drained(): Promise<void> {
    await this.output.drained();
    // What the stream takes at once lets nothing else happen.
    if (this.sliceOver) return this.pause();
    this.check();
    this.tick();
  }

  /** Waits while the transfer is paused. Silence meanwhile says nothing about the peer. */
  async #held(): Promise<void> {
    const { gate, signal } = this.#hooks;
    if (gate?.closed !== true) return;
    this.output.flush();
    await gate.passed(signal);
    this.input.lastArrival = Date.now();
  }

  /** Emits progress if it is time. */
  tick(force = false): void {
    const now = Date.now();
    if (!force && now - this.#lastProgress < PROGRESS_MS) return;
    this.#lastProgress = now;
    this.emit({ ...this.progress, sent: this.output.sent, received: this.input.received });
  }

  /** rsync's exit code for the state so far (reference §4.6). */
  exitCode(): number {
    if (this.ioError & IoError.GENERAL || this.hadItemError) return 23;
    if (this.ioError & IoError.VANISHED) return 24;
    return this.ioError & IoError.DEL_LIMIT ? 25 : 0;
  }

  /**
   * Closes our side after the goodbye and waits for the peer's end. Input that still arrives is only messages.
   * @returns how the peer ended
   */
  async finish(): Promise<PeerExit> {
    await this.#readToEnd();
    const exit = await new Promise<PeerExit>((resolve, reject) => {
      this.onAbort = () => reject(this.#error!);
      void this.transport.exit.then(resolve);
      if (this.#error) reject(this.#error);
    });
    this.#flushStderr();
    return exit;
  }

  /** Reads what still comes. Most servers end when we do. */
  async #readToEnd(): Promise<void> {
    // openrsync takes the end of what it reads for an error, and ends without it.
    const endsItself = !this.agreed.dialect.compatFlags;
    if (endsItself) this.output.flush();
    else this.output.end();
    const timer = endsItself ? setTimeout(() => this.output.end(), OLD_END_MS) : null;
    try {
      await this.input.readToEnd();
    } catch (error) {
      // Everything was said: how a socket is taken down says nothing any more.
      if (!(error instanceof DriftlineError && error.data.code === 'stream-failed')) throw error;
    } finally {
      if (timer !== null) clearTimeout(timer);
    }
    if (endsItself) this.output.end();
  }

  /** Releases timers and listeners. The transport is closed if it still lives. */
  dispose(): void {
    this.release();
    this.#flushStderr();
    this.transport.close();
  }

  /** Releases timers and listeners but leaves the transport to whoever ends it. */
  release(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
    this.#hooks.signal.removeEventListener('abort', this.#onAbort);
  }

  #message(code: number, payload: Buffer): void {
    switch (code) {
      case Msg.ERROR_XFER:
        this.hadItemError = true;
        return this.#text('error', payload, true);
      case Msg.ERROR:
        return this.#text('error', payload, true);
      case Msg.WARNING:
        return this.#text('warning', payload);
      case Msg.INFO:
        return this.#text('info', payload);
      case Msg.IO_ERROR:
        this.ioError |= payload.readInt32LE(0) & 7;
        return;
      case Msg.IO_TIMEOUT: {
        // A peer may only shorten (faults.md H15); 0 and absurd values are ignored (§4.5).
        const seconds = payload.readInt32LE(0);
        if (
          !this.isServer &&
          seconds > 0 &&
          seconds <= 86400 &&
          (this.#timeoutMs === 0 || seconds * 1000 < this.#timeoutMs)
        ) {
          this.#timeoutMs = seconds * 1000;
        }
        return;
      }
      case Msg.NO_SEND:
        return this.onNoSend(payload.readInt32LE(0));
      case Msg.DELETED: {
        const isDir = payload.length > 0 && payload[payload.length - 1] === 0;
        return this.onDeleted(this.#fromWire(payload.toString('latin1', 0, payload.length - (isDir ? 1 : 0))), isDir);
      }
      case Msg.ERROR_EXIT: {
        const exitCode = payload.length === 4 ? payload.readInt32LE(0) : 12;
        if (payload.length === 4) this.output.message(Msg.ERROR_EXIT);
        throw fail('remote', 'peer-exit', `The ${this.isServer ? 'client' : 'server'} stopped with code ${exitCode}`, {
          exitCode: exitCode > 0 && exitCode < 256 ? exitCode : 12,
        });
      }
      case Msg.SUCCESS: {
        const copy = payload.length < 20 ? null : { dev: payload.readBigUInt64LE(4), ino: payload.readBigUInt64LE(12) };
        return this.onSuccess(payload.readInt32LE(0), copy);
      }
      default: // NOOP needs no answer from protocol 31 on
        return;
    }
  }

  /** Text that is to be read on the other side. */
  toWire(text: ByteString): ByteString {
    return this.charset === null ? text : this.charset.textToWire(text);
  }

  #fromWire(text: ByteString): ByteString {
    return this.charset === null ? text : this.charset.textFromWire(text);
  }

  #text(level: 'info' | 'warning' | 'error', payload: Buffer, failure = false): void {
    if (payload.length === 0) return;
    const text = this.#fromWire(payload.toString('latin1'));
    this.emit({ type: 'message', level, from: 'remote', text, ...(failure && { failure }) });
  }

  #stderr(chunk: Buffer): void {
    this.input.lastArrival = Date.now();
    if (this.#stderrBytes > STDERR_LIMIT) return;
    this.#stderrBytes += chunk.length;
    const lines = (this.#stderrRest + chunk.toString('latin1')).split('\n');
    this.#stderrRest = lines.pop()!;
    for (const line of lines) this.#stderrLine(line);
  }

  /** rsync ≥ 3.2.3 writes its errors here and sends an empty ERROR_XFER for each. */
  #stderrLine(line: string): void {
    const failure = /^(rsync|driftline|ERROR): /.test(line);
    const text = `${line}\n`;
    this.emit({ type: 'message', level: 'error', from: 'remote', text, ...(failure && { failure }) });
  }

  #flushStderr(): void {
    if (this.#stderrRest !== '') this.#stderrLine(this.#stderrRest);
    this.#stderrRest = '';
  }

  /** Runs a handler of a timer or stream event: what its listener throws ends this run, not the process. */
  #guarded(handler: () => void): void {
    try {
      handler();
    } catch (error) {
      this.stop(error);
    }
  }

  #checkLife(): void {
    const now = Date.now();
    const late = now - this.#lastCheck > 2 * CHECK_MS;
    this.#lastCheck = now;
    this.tick();
    if (this.options.stopAt !== null && now >= this.options.stopAt) {
      return this.abort(
        fail('partial', 'stop-time', 'Stopping at the requested time', {
          exitCode: 30,
          hint: '--stop-at or --stop-after sets it. What has been transferred is kept; run again for the rest.',
        }),
      );
    }
    const opened = (this.agreed as Agreement | undefined) !== undefined && this.seedDue === null;
    if (!opened && !late) this.#checkOpening();
    if (this.#timeoutMs === 0) return;
    if (this.#hooks.gate?.closed === true) return this.#keepAliveIfDue();
    // After long synchronous work, or sleep of the machine, what has arrived is yet to be read: the next check judges.
    if (late) return;
    // Life is judged by what comes in, never by our own writes (faults.md N4). An input that we paused ourselves says
    // nothing: then it is the peer's to take what our role waits to send.
    const lastSign = this.transport.stream.isPaused() ? (this.output.stuckSince ?? now) : this.input.lastArrival;
    if (now - lastSign > this.#timeoutMs) {
      return this.abort(
        fail(
          'connect',
          'io-timeout',
          `Nothing came from ${displayPath(this.transport.description)} for ${this.#timeoutMs / 1000} s`,
          {
            exitCode: 30,
            hint: 'The connection or the server is stuck. Check the network and run again; --timeout sets the limit.',
          },
        ),
      );
    }
    this.#keepAliveIfDue();
  }

  #checkOpening(): void {
    if (this.input.received > 0) this.#opening.heard();
    const missed = this.#opening.missed(this.transport.description);
    if (missed !== null) this.abort(missed);
  }

  #keepAliveIfDue(): void {
    if (this.#timeoutMs === 0 || !this.mayKeepAlive || !this.output.muxed) return;
    if (Date.now() - this.output.lastWrite >= this.#timeoutMs / 2) this.output.keepAlive();
  }

  /** The receiving side stays silent until it has the first list (§4.5). */
  mayKeepAlive = false;
}

/** What waits behind a rate limit is as good as sent for whoever counts it: no more than a second of it. */
function pacedOutput(transport: Transport, bytesPerSecond: number): PeerOutput {
  if (bytesPerSecond === 0) return new PeerOutput(transport.stream, undefined, transport.copiesWrites);
  return new PeerOutput(new PacedWritable(transport.stream, bytesPerSecond), Math.max(65536, bytesPerSecond));
}

export function cancelledError(reason: unknown): DriftlineError {
  return reason instanceof DriftlineError
    ? reason
    : fail('cancelled', 'cancelled', 'The transfer was cancelled', { exitCode: 20 });
}
