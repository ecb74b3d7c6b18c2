import { type DriftlineError, fail } from '../../../shared/errors.ts';
import { displayPath } from '../../../shared/model/path.ts';
import { fingerprint, HostKeys, keyType, type KnownHostsSources, rsaBits } from './known-hosts.ts';
import { MIN_RSA_BITS } from './ssh-policy.ts';
import { describeTarget, type HostKeyAnswer, type HostKeyQuestion, type SshTarget } from './ssh-target.ts';

/** Decides whether the key a server shows may be that server's, for the life of one connection. */
export class HostKeyCheck {
  readonly #target: SshTarget;
  readonly #where: string;
  readonly #known: HostKeys;
  readonly #ask: (question: HostKeyQuestion) => Promise<HostKeyAnswer>;
  #accepted: Buffer | null = null;
  #save = false;

  /** Reads the known_hosts files; throws `host-key`/`known-hosts-unreadable`. */
  constructor(
    target: SshTarget,
    sources: KnownHostsSources,
    ask: (question: HostKeyQuestion) => Promise<HostKeyAnswer>,
  ) {
    this.#target = target;
    this.#where = displayPath(describeTarget(target));
    const { host, port, hostKeyAlias } = target;
    this.#known =
      hostKeyAlias === undefined ? new HostKeys(sources, host, port) : new HostKeys(sources, hostKeyAlias, 22);
    this.#ask = ask;
  }

  /** Key types to offer first. */
  get knownTypes(): string[] {
    return this.#known.types;
  }

  /** The accepted key. */
  get accepted(): { algorithm: string; fingerprint: string } {
    const key = this.#accepted ?? Buffer.alloc(0);
    return { algorithm: keyType(key), fingerprint: fingerprint(key) };
  }

  /**
   * Accepts a key blob or rejects with `host-key`: unknown-host, host-key-changed, host-key-revoked, host-key-weak.
   * For the first key exchange of a connection.
   */
  async accept(key: Buffer): Promise<void> {
    await this.#judge(key);
    this.#accepted = key;
  }

  /**
   * For every later key exchange, where only the same key will do: the error, or null. Synchronous because ssh2 loses
   * the connection when a verdict comes late while data flows.
   *
   * @returns undefined if no key was accepted yet
   */
  recheck(key: Buffer): DriftlineError | null | undefined {
    if (this.#accepted === null) return undefined;
    return this.#accepted.equals(key) ? null : this.#changed(key, [describe(this.#accepted)]);
  }

  /** The server has proved to own the accepted key: now it may be saved. Throws `fs`/`known-hosts-not-saved`. */
  proved(): void {
    if (!this.#save || this.#accepted === null) return;
    this.#save = false;
    try {
      this.#known.save(this.#accepted);
    } catch (cause) {
      throw fail('fs', 'known-hosts-not-saved', 'The accepted host key could not be saved.', { cause });
    }
  }

  async #judge(key: Buffer): Promise<void> {
    const { host, port } = this.#target;
    const question = { host, port, algorithm: keyType(key), fingerprint: fingerprint(key) };
    if (question.algorithm === 'ssh-rsa' && rsaBits(key) < MIN_RSA_BITS)
      throw fail('host-key', 'host-key-weak', `The RSA key of ${this.#where} is shorter than ${MIN_RSA_BITS} bits.`, {
        hint: 'Ask the administrator of the server for a new host key.',
        details: question,
      });
    const verdict = this.#known.judge(key);
    switch (verdict.kind) {
      case 'match':
        return;
      case 'revoked':
        throw fail(
          'host-key',
          'host-key-revoked',
          `The key of ${this.#where} is marked as revoked: ${describe(key)}.`,
          {
            hint: 'Do not connect. Ask the administrator of the server.',
            details: question,
          },
        );
      case 'changed':
        throw this.#changed(
          key,
          verdict.known.map((item) => `${item.type} ${item.fingerprint}`),
        );
      case 'unknown': {
        const answer = await this.#ask({ ...question, authority: this.#known.hasAuthority });
        if (answer === 'refuse')
          throw fail('host-key', 'unknown-host', `The identity of ${this.#where} is not known: ${describe(key)}.`, {
            hint: 'Compare the fingerprint with the one the administrator gives, then accept it once.',
            details: question,
          });
        this.#save = answer === 'accept-save';
      }
    }
  }

  #changed(key: Buffer, known: string[]): DriftlineError {
    const { host, port } = this.#target;
    return fail(
      'host-key',
      'host-key-changed',
      `The identity of ${this.#where} has changed: it shows ${describe(key)}, known is ${displayPath(known.join(', '))}.`,
      {
        hint: 'Somebody may be intercepting the connection. If the server was set up anew, remove its old key first.',
        details: { host, port, algorithm: keyType(key), fingerprint: fingerprint(key), known },
      },
    );
  }
}

function describe(key: Buffer): string {
  return `${displayPath(keyType(key))} ${fingerprint(key)}`;
}
