import { connect, type Socket } from 'node:net';
import { BaseAgent } from 'ssh2';
import { type DriftlineError, fail } from '../../../shared/errors.ts';
import { weakSignature } from './ssh-key.ts';

/** Message numbers of the agent protocol (draft-miller-ssh-agent §6). */
const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;
const FLAG_RSA_SHA2_256 = 2;
const FLAG_RSA_SHA2_512 = 4;

/** OpenSSH's own limit for a message to or from an agent. */
const MAX_MESSAGE = 256 * 1024;
/** An agent answers a list at once; one that does not is treated as absent. */
const LIST_TIMEOUT_MS = 5_000;
/** A signature may wait for a touch or a confirmation. */
const SIGN_TIMEOUT_MS = 30_000;

export interface AgentIdentity {
  /** Public key blob. */
  key: Buffer;
  comment: string;
}

function unavailable(message: string, cause?: unknown): DriftlineError {
  return fail('auth', 'agent-unavailable', message, {
    hint: 'Start the key agent and add your key to it, or choose a key file for this host.',
    cause,
  });
}

/** Talks to a running key agent: one request per connection, as ssh-add does. Every answer is bounded in time and size. */
export class AgentClient {
  readonly #socketPath: string;
  readonly #signal: AbortSignal;

  /**
   * @param socketPath Unix socket or Windows named pipe; default SSH_AUTH_SOCK. Throws `auth` (`agent-unavailable`)
   *   when there is none.
   * @param signal ends a request in flight
   */
  constructor(socketPath: string | undefined, signal: AbortSignal) {
    const path = socketPath ?? process.env['SSH_AUTH_SOCK'];
    if (path === undefined || path === '') throw unavailable('No key agent is running (SSH_AUTH_SOCK is not set).');
    this.#socketPath = path;
    this.#signal = signal;
  }

  /** The keys the agent holds. Rejects with `agent-unavailable`. */
  async identities(): Promise<AgentIdentity[]> {
    const answer = await this.#request(Buffer.of(REQUEST_IDENTITIES), LIST_TIMEOUT_MS);
    if (answer[0] !== IDENTITIES_ANSWER) throw unavailable('The key agent refused to list its keys.');
    const reader = new BlobReader(answer, 1);
    const count = reader.uint32();
    const identities: AgentIdentity[] = [];
    for (let i = 0; i < count; i++) identities.push({ key: reader.blob(), comment: reader.blob().toString('latin1') });
    return identities;
  }

  /** Signs `data`; returns the signature blob without its algorithm name. `hash` chooses between RSA signatures. */
  async sign(key: Buffer, data: Buffer, hash: 'sha256' | 'sha512' | undefined): Promise<Buffer> {
    const flags = hash === 'sha256' ? FLAG_RSA_SHA2_256 : hash === 'sha512' ? FLAG_RSA_SHA2_512 : 0;
    const request = Buffer.concat([Buffer.of(SIGN_REQUEST), blob(key), blob(data), uint32(flags)]);
    const answer = await this.#request(request, SIGN_TIMEOUT_MS);
    if (answer[0] !== SIGN_RESPONSE) throw unavailable('The key agent refused to sign.');
    const signature = new BlobReader(new BlobReader(answer, 1).blob(), 0);
    signature.blob();
    return signature.blob();
  }

  #request(message: Buffer, timeoutMs: number): Promise<Buffer> {
    return new Promise<Buffer>((resolve, reject) => {
      const socket: Socket = connect(this.#socketPath);
      const parts: Buffer[] = [];
      let have = 0;
      const finish = (error: DriftlineError | null, answer?: Buffer): void => {
        clearTimeout(timer);
        this.#signal.removeEventListener('abort', onAbort);
        socket.destroy();
        if (answer !== undefined) resolve(answer);
        else reject(error ?? unavailable('The key agent closed the connection.'));
      };
      const onAbort = (): void => finish(fail('cancelled', 'cancelled', 'Cancelled.'));
      const timer = setTimeout(
        () => finish(unavailable(`The key agent did not answer within ${timeoutMs / 1000} seconds.`)),
        timeoutMs,
      );
      this.#signal.addEventListener('abort', onAbort);
      socket.on('error', (error) => finish(unavailable('The key agent cannot be reached.', error)));
      socket.on('close', () => finish(null));
      socket.on('data', (chunk) => {
        parts.push(chunk);
        have += chunk.length;
        if (have < 4) return;
        const all = parts.length === 1 ? chunk : Buffer.concat(parts);
        const length = all.readUInt32BE(0);
        if (length === 0 || length > MAX_MESSAGE) finish(unavailable('The key agent sent a malformed answer.'));
        else if (have >= 4 + length) finish(null, all.subarray(4, 4 + length));
      });
      socket.write(blob(message));
      if (this.#signal.aborted) onAbort();
    });
  }
}

type Signer = (data: Buffer, hash: 'sha256' | 'sha512' | undefined) => Promise<Buffer>;

/** Presents one identity of an agent to ssh2, so that each key is an attempt of its own and RSA never signs with SHA-1. */
export class SingleKeyAgent extends BaseAgent<Buffer> {
  readonly #key: Buffer;
  readonly #signer: Signer;
  readonly #onError: (error: Error) => void;

  constructor(key: Buffer, signer: Signer, onError: (error: Error) => void) {
    super();
    this.#key = key;
    this.#signer = signer;
    this.#onError = onError;
  }

  override getIdentities(callback: (error: undefined, keys: Buffer[]) => void): void {
    callback(undefined, [this.#key]);
  }

  override sign(
    _key: unknown,
    data: Buffer,
    options: { hash?: string } | ((error?: Error, signature?: Buffer) => void),
    callback?: (error?: Error, signature?: Buffer) => void,
  ): void {
    const done = typeof options === 'function' ? options : callback!;
    const hash = typeof options === 'function' ? undefined : options.hash;
    const refuse = (error: Error): void => {
      this.#onError(error);
      done(error);
    };
    if (hash !== undefined && hash !== 'sha256' && hash !== 'sha512') {
      refuse(weakSignature());
      return;
    }
    this.#signer(data, hash).then((signature) => done(undefined, signature), refuse);
  }
}

class BlobReader {
  readonly #buffer: Buffer;
  #at: number;

  constructor(buffer: Buffer, at: number) {
    this.#buffer = buffer;
    this.#at = at;
  }

  uint32(): number {
    if (this.#at + 4 > this.#buffer.length) throw unavailable('The key agent sent a malformed answer.');
    this.#at += 4;
    return this.#buffer.readUInt32BE(this.#at - 4);
  }

  blob(): Buffer {
    const length = this.uint32();
    if (this.#at + length > this.#buffer.length) throw unavailable('The key agent sent a malformed answer.');
    this.#at += length;
    return this.#buffer.subarray(this.#at - length, this.#at);
  }
}

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

function blob(data: Buffer): Buffer {
  return Buffer.concat([uint32(data.length), data]);
}
