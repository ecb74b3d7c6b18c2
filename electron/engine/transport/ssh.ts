import { connect as connectSocket, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type AnyAuthMethod, Client, type ClientChannel, type NextAuthHandler } from 'ssh2';
import { DriftlineError, fail } from '../../../shared/errors.ts';
import { type ByteString, displayPath } from '../../../shared/model/path.ts';
import { HoldTimer } from '../hold-timer.ts';
import { HostKeyCheck } from './host-key-check.ts';
import type { KnownHostsSources } from './known-hosts.ts';
import { AuthSequence } from './ssh-auth.ts';
import { aheadFor, ChannelStream, clientTransport, windowFor } from './ssh-channel.ts';
import { closedError, mapSshError, noSshError, type RawSshError, type SshPhase, timeoutError } from './ssh-errors.ts';
import { type LoginProtocol, saveLoginTrips } from './ssh-login-trips.ts';
import { CHACHA20, offeredAlgorithms } from './ssh-policy.ts';
import { checkTarget, describeTarget, type SshPrompts, type SshTarget } from './ssh-target.ts';
import { largeReads } from './socket-reads.ts';
import type { Transport } from './transport.ts';

const READY_TIMEOUT_MS = 15_000;
const KEEPALIVE_MS = 15_000;
const KEEPALIVE_COUNT = 3;
/** Everything a server may say before the login is done: greeting lines and banners, together. */
const MAX_BANNER = 64 << 10;
/** How long a closing connection may take to say goodbye. */
const CLOSE_MS = 1_000;

export interface SshOptions {
  prompts: SshPrompts;
  knownHosts: KnownHostsSources;
  /** Ends the connection in whatever state it is, with `cancelled`. */
  signal?: AbortSignal;
  /** The server's greeting and banner, escaped, at most 64 KiB in all. */
  onBanner?: (text: string) => void;
  /** Limit for each of: connecting, handshake, one login attempt, opening a channel. Time spent asking does not count. */
  readyTimeoutMs?: number;
  /** The connection to the server's port, made already: the tunnel of a jump host. */
  via?: Duplex;
}

/** One authenticated connection to an SSH server. */
export interface SshConnection {
  /** `user@host`. */
  readonly description: string;
  /** The key the server proved to have. */
  readonly hostKey: { algorithm: string; fingerprint: string };
  /** What the server accepted, in words: `key ~/.ssh/id_ed25519`, `password`; several where it wanted more than one. */
  readonly login: readonly string[];
  /** Resolves when the connection is gone, with what ended it, or null after `close()`. */
  readonly closed: Promise<DriftlineError | null>;
  /**
   * Runs a command in the remote user's shell; the bytes go out as they are (RFC 4254 §6.5), so quote them first.
   * Rejects with `remote`/`command-failed` if the server refuses, or with what ended the connection.
   */
  exec(command: ByteString): Promise<Transport>;
  /**
   * A connection from the server to another machine's port, for a further SSH connection inside this one. Rejects with
   * `connect`/`jump-refused`, or with what ended the connection.
   */
  tunnel(host: string, port: number): Promise<Duplex>;
  /** One round trip over the connection, in milliseconds. */
  roundTripMs(): Promise<number>;
  /** Ends the connection and everything on it; idempotent. */
  close(): void;
}

/** The parts of ssh2 1.17's client that its types leave out (lib/client.js); the version is pinned in package.json. */
interface ClientInternals {
  _protocol: LoginProtocol & { _strictMode?: boolean; ping(): void };
  /** What the server calls itself. */
  _remoteVer: string;
  _callbacks: ((error: boolean | Error) => void)[];
}

/**
 * Opens an SSH connection: the only place that makes an ssh2 client. The server's key is judged before any credential
 * is read, asked for or sent (faults.md S1–2).
 *
 * Rejects with: `usage` (bad-host, bad-user, bad-port); `connect` (dns, refused, unreachable, timeout, silent, no-ssh, handshake,
 * closed-early); `host-key` (unknown-host, host-key-changed, host-key-revoked, host-key-weak, known-hosts-unreadable);
 * `auth` (password-refused, key-refused, answers-refused, auth-failed, method-not-offered, too-many-auth-failures, key-unreadable,
 * key-passphrase-wrong, agent-unavailable, no-password, no-answer, password-expired, weak-signature); `cancelled`.
 */
export async function connectSsh(target: SshTarget, options: SshOptions): Promise<SshConnection> {
  checkTarget(target);
  if (options.signal?.aborted === true) throw cancelled();
  const connection = new Connection(target, options);
  await connection.ready;
  return connection;
}

class Connection implements SshConnection {
  readonly description: string;
  readonly ready: Promise<void>;
  readonly closed: Promise<DriftlineError | null>;

  readonly #options: SshOptions;
  readonly #client = new Client();
  readonly #internals = this.#client as unknown as ClientInternals;
  readonly #socket: Duplex;
  readonly #where: string;
  readonly #check: HostKeyCheck;
  /** Aborted when the connection ends: stops agent requests and the like. */
  readonly #work = new AbortController();
  readonly #auth: AuthSequence;
  readonly #attempts: ReturnType<AuthSequence['attempts']>;
  readonly #timer: HoldTimer;
  readonly #onAbort = (): void => this.#end(cancelled());
  readonly #transports = new Set<ReturnType<typeof clientTransport>>();
  /** Rejections of whatever waits for the server. */
  readonly #waiting = new Set<(error: DriftlineError) => void>();
  #resolveReady: () => void = () => {};
  #rejectReady: (error: DriftlineError) => void = () => {};
  #resolveClosed: (error: DriftlineError | null) => void = () => {};
  #phase: SshPhase = 'connecting';
  /** Set once: what ended the connection; `close()` counts as cancelled for whoever still uses it. */
  #ended: DriftlineError | null = null;
  #bannerLeft = MAX_BANNER;
  /** When the server was asked last during the login. */
  #asked = Infinity;
  /** How long the shortest of its answers took, in milliseconds: hardly more than the way there and back. */
  #roundTrip = Infinity;
  /** What came first, to tell what is no SSH server. */
  #first: Buffer | null = null;

  constructor(target: SshTarget, options: SshOptions) {
    this.#options = options;
    this.description = `${target.user}@${target.host}`;
    this.#where = displayPath(describeTarget(target));
    this.ready = new Promise((resolve, reject) => {
      this.#resolveReady = resolve;
      this.#rejectReady = reject;
    });
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    const limit = options.readyTimeoutMs ?? READY_TIMEOUT_MS;
    this.#timer = new HoldTimer(limit, () => this.#end(timeoutError(this.#where, this.#phase, limit / 1000)));
    this.#check = new HostKeyCheck(target, options.knownHosts, (question) =>
      this.#timer.hold(() => options.prompts.hostKey(question)),
    );
    this.#auth = new AuthSequence(target, {
      signal: this.#work.signal,
      secret: (question) => this.#timer.hold(() => options.prompts.secret(question)),
      ...(options.prompts.answers && {
        answers: (question) => this.#timer.hold(() => options.prompts.answers!(question)),
      }),
      stop: (error) => this.#end(asError(error)),
      hold: (action) => this.#timer.hold(action),
    });
    this.#attempts = this.#auth.attempts();
    const { host, port, family } = target;
    this.#socket =
      options.via ??
      connectSocket({
        host,
        port,
        noDelay: true,
        ...(family && { family }),
        onread: largeReads(() => this.#socket as Socket),
      });
    this.#listen();
    this.#timer.start();
    options.signal?.addEventListener('abort', this.#onAbort);
    this.#client.connect({
      sock: this.#socket,
      host: target.host,
      username: target.user,
      // Ours is kept per step and stands still while a person is asked; ssh2's would run on.
      readyTimeout: 0,
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: KEEPALIVE_COUNT,
      agentForward: false,
      algorithms: offeredAlgorithms(this.#check.knownTypes),
      hostVerifier: (key: Buffer, verify: (accepted: boolean) => void) => this.#verifyHost(key, verify),
      // ssh2 ignores the callback of an attempt that is over, so a late answer is harmless.
      authHandler: (offered, partial, next) => void this.#nextAttempt(offered, partial, next),
    });
    saveLoginTrips(this.#internals._protocol);
    this.#socket.once('data', (chunk: Buffer) => (this.#first = Buffer.from(chunk.subarray(0, 255))));
  }

  /** The error, unless what the server sent first says more. */
  #orNoSsh(error: DriftlineError): DriftlineError {
    const strange = this.#phase === 'handshake' && this.#first !== null && !this.#first.includes('SSH-');
    return strange ? noSshError(this.#where, this.#first!) : error;
  }

  #listen(): void {
    const client = this.#client;
    if (this.#socket instanceof Socket) this.#socket.on('connect', () => this.#enter('handshake'));
    else this.#phase = 'handshake';
    // 'close' of the socket comes after 'error'; ssh2 forwards both.
    client.on('error', (raw: RawSshError) => this.#onError(raw));
    client.on('close', () => this.#end(this.#orNoSsh(closedError(this.#where, this.#phase))));
    client.on('handshake', (negotiated) => this.#onHandshake(negotiated.cs.cipher, negotiated.sc.cipher));
    client.on('greeting', (text) => this.#banner(text));
    client.on('banner', (text) => this.#banner(text));
    client.on('change password', () =>
      this.#end(
        fail('auth', 'password-expired', `The password for ${this.#where} has expired.`, {
          hint: 'Log in with an SSH program and set a new one.',
        }),
      ),
    );
    client.on('ready', () => {
      this.#answered();
      client.setNoDelay(true);
      this.#timer.stop();
      this.#phase = 'ready';
      this.#resolveReady();
    });
  }

  #answered(): void {
    this.#roundTrip = Math.min(this.#roundTrip, Math.max(0, performance.now() - this.#asked));
  }

  #enter(phase: SshPhase): void {
    if (this.#ended !== null) return;
    this.#phase = phase;
    this.#timer.start();
  }

  #onError(raw: RawSshError): void {
    // A failed signature or agent: ssh2 takes the next attempt by itself, and the sequence has noted why.
    if (raw.level === 'agent' || raw.level === 'client-authentication') return;
    if (this.#phase === 'auth' && /too many authentication failures/i.test(raw.message))
      this.#end(this.#auth.tooMany());
    else this.#end(this.#orNoSsh(mapSshError(raw, this.#where, this.#phase)));
  }

  #verifyHost(shown: Buffer, verify: (accepted: boolean) => void): void {
    const again = this.#check.recheck(shown);
    if (again === null) verify(true);
    else if (again !== undefined) this.#end(again);
    else
      this.#check.accept(Buffer.from(shown)).then(
        () => {
          if (this.#ended !== null) return;
          this.#timer.start();
          verify(true);
        },
        (error: unknown) => this.#end(asError(error)),
      );
  }

  /** The key exchange is complete: the server proved to own the accepted key. Runs before anything about the user is sent. */
  #onHandshake(...ciphers: string[]): void {
    if (this.#ended !== null) return;
    if (ciphers.includes(CHACHA20) && this.#internals._protocol._strictMode !== true) {
      // CVE-2023-48795: without strict key exchange an attacker can cut messages out of a chacha20 stream.
      const raw: RawSshError = new Error('the server is open to prefix truncation (CVE-2023-48795)');
      this.#end(mapSshError(raw, this.#where, 'handshake'));
      return;
    }
    try {
      this.#check.proved();
    } catch (error) {
      this.#end(asError(error));
      return;
    }
    if (this.#phase === 'handshake') this.#enter('auth');
  }

  async #nextAttempt(offered: unknown, partial: boolean | null, next: NextAuthHandler): Promise<void> {
    if (this.#ended !== null) return;
    if (offered !== null) this.#answered();
    // ssh2 hands over whatever name-list the server sent.
    const methods = Array.isArray(offered) ? offered.filter((name) => typeof name === 'string') : null;
    this.#timer.start();
    try {
      const step: IteratorResult<AnyAuthMethod, DriftlineError> = await this.#attempts.next({
        offered: methods,
        partial: partial === true,
      });
      if (this.#ended !== null) return;
      if (step.done === true) return this.#end(step.value);
      this.#asked = performance.now();
      next(step.value);
    } catch (error) {
      this.#end(asError(error));
    }
  }

  #banner(text: string): void {
    const part = text.slice(0, this.#bannerLeft);
    this.#bannerLeft -= part.length;
    if (part === '' || this.#ended !== null) return;
    const lines = part.split(/\r?\n/).map((line) => displayPath(line.replace(/\t/g, ' ')));
    this.#options.onBanner?.(lines.join('\n'));
  }

  get hostKey(): { algorithm: string; fingerprint: string } {
    return this.#check.accepted;
  }

  get login(): readonly string[] {
    return this.#auth.accepted;
  }

  exec(command: ByteString): Promise<Transport> {
    // ssh2 sends a Buffer as it is; its types only know strings, which it would encode as UTF-8.
    const bytes = Buffer.from(command, 'latin1') as unknown as string;
    return this.#await<Transport>((resolve, reject) => {
      this.#client.exec(bytes, (error: Error | undefined, channel: ClientChannel) => {
        if (this.#ended !== null) return;
        if (error !== undefined) {
          const why = displayPath(error.message).slice(0, 200);
          reject(
            fail('remote', 'command-failed', `${this.#where} refused to run a command: ${why}.`, {
              hint: 'The account may be limited to file transfer (SFTP), or the server may allow no more sessions.',
            }),
          );
          return;
        }
        const ahead = aheadFor(this.#roundTrip, this.#internals._remoteVer);
        const transport = clientTransport(channel, this.description, windowFor(this.#roundTrip), ahead);
        this.#transports.add(transport);
        void transport.exit.then(() => this.#transports.delete(transport));
        resolve(transport);
      });
    });
  }

  tunnel(host: string, port: number): Promise<Duplex> {
    return this.#await<Duplex>((resolve, reject) => {
      this.#client.forwardOut('127.0.0.1', 0, host, port, (error: Error | undefined, channel: ClientChannel) => {
        if (this.#ended !== null) return;
        if (error === undefined) return resolve(new ChannelStream(channel, 'client', windowFor(this.#roundTrip)));
        const why = displayPath(error.message).slice(0, 200);
        reject(
          fail(
            'connect',
            'jump-refused',
            `${this.#where} does not connect to ${displayPath(`${host}:${port}`)}: ${why}.`,
            {
              exitCode: 255,
              hint: 'Check the address behind the jump host, and that the jump host allows forwarding.',
            },
          ),
        );
      });
    });
  }

  roundTripMs(): Promise<number> {
    return this.#await<number>((resolve) => {
      const start = performance.now();
      // What ssh2's own keep-alive does: any reply to the global request counts, a refusal too.
      this.#internals._callbacks.push(() => {
        if (this.#ended === null) resolve(performance.now() - start);
      });
      this.#internals._protocol.ping();
    });
  }

  /** Runs one exchange with the server under the time limit; rejects when the connection ends. */
  #await<T>(start: (resolve: (value: T) => void, reject: (error: DriftlineError) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#ended !== null) return reject(this.#ended);
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(refuse);
      };
      const refuse = (error: DriftlineError): void => {
        settle();
        reject(error);
      };
      const limit = this.#options.readyTimeoutMs ?? READY_TIMEOUT_MS;
      const timer = setTimeout(() => this.#end(timeoutError(this.#where, 'ready')), limit);
      this.#waiting.add(refuse);
      try {
        start((value) => {
          settle();
          resolve(value);
        }, refuse);
      } catch (error) {
        refuse(asError(error));
      }
    });
  }

  close(): void {
    if (this.#ended !== null) return;
    if (this.#phase !== 'ready') {
      this.#end(cancelled());
      return;
    }
    // A polite end: the disconnect message goes out before the socket closes.
    this.#finish(cancelled(), null);
    this.#client.end();
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #end(error: DriftlineError): void {
    if (this.#ended !== null) return;
    this.#finish(error, error);
    this.#socket.destroy();
  }

  #finish(error: DriftlineError, reason: DriftlineError | null): void {
    this.#ended = error;
    this.#timer.stop();
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    this.#work.abort();
    this.#rejectReady(error);
    for (const refuse of [...this.#waiting]) refuse(error);
    for (const transport of this.#transports) transport.fail(error);
    this.#resolveClosed(reason);
  }
}

function cancelled(): DriftlineError {
  return fail('cancelled', 'cancelled', 'Cancelled.');
}

function asError(error: unknown): DriftlineError {
  if (error instanceof DriftlineError) return error;
  return fail('internal', 'ssh-failed', `The SSH connection failed: ${displayPath(String(error))}.`, { cause: error });
}
