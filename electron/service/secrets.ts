import * as v from 'valibot';
import type { Host } from '../../shared/model/host.ts';
import type { KeychainProblem } from '../../shared/model/keychain.ts';
import { keychainProblem } from './keychain.ts';
import type { Clock, Keychain } from './ports.ts';

export type SecretKind = 'password' | 'passphrase';

/** What a keychain item holds. The secret belongs to exactly this server, user and kind of use. */
const Item = v.strictObject({
  address: v.string(),
  port: v.number(),
  user: v.string(),
  fingerprint: v.nullable(v.string()),
  kind: v.picklist(['password', 'passphrase']),
  secret: v.string(),
});
type Item = v.InferOutput<typeof Item>;

/**
 * Passwords and passphrases, bound to their host: whoever edits a host record (address, port, user, accepted key)
 * cannot make us hand its secret to another server. Without a keychain, secrets live in this process only.
 */
export interface Secrets {
  /** The keychain in words, or null when secrets are kept in memory only. */
  backend(): Promise<string | null>;
  /** Why secrets are kept in memory only, if they are. */
  problem(): Promise<KeychainProblem | null>;
  /** The secret of that kind saved for exactly this record, or null. Never rejects. */
  find(host: Host, kind: SecretKind): Promise<string | null>;
  /** Saves. Returns false when it is kept for this process only. */
  save(host: Host, secret: string): Promise<boolean>;
  /** Keeps it in this process only, whatever keychain there is. */
  hold(host: Host, secret: string): void;
  /** The record changed without a change of trust (its key was accepted): binds the item anew if it fitted before. */
  rebind(before: Host, after: Host): Promise<void>;
  /** Forgets; never rejects. */
  forget(hostId: string): Promise<void>;
}

const NOT_KEPT =
  'The keychain did not take the secret, so it stays in memory until Driftline ends. The Hosts page says why.';

/** Longest wait for one keychain call; a locked keyring may be asking somebody who is not there. */
const CALL_LIMIT_MS = 5000;

/** Which secret a host's way of signing in needs; null for an agent. */
export function secretKind(host: Pick<Host, 'auth'>): SecretKind | null {
  return host.auth.kind === 'password' ? 'password' : host.auth.kind === 'key' ? 'passphrase' : null;
}

/** Whether both records name the same server, user and kind of secret, the accepted key aside. */
export function sameTarget(a: Pick<Host, 'address' | 'port' | 'user' | 'auth'>, b: typeof a): boolean {
  return a.address === b.address && a.port === b.port && a.user === b.user && secretKind(a) === secretKind(b);
}

/** @param notice told, once, when a secret could not be kept */
export function createSecrets(
  keychain: Keychain,
  clock: Clock,
  notice: (message: string) => void = () => undefined,
): Secrets {
  const memory = new Map<string, Item>();
  /** Hosts whose secret is not for the keychain. */
  const held = new Set<string>();
  /** A call that did not come back holds a thread of libuv's pool: no more calls after the first. */
  let hung = false;
  let probed: Promise<string | null> | null = null;
  /** It can be read but not written (locked, no collection): to the person that is no keychain. */
  let refused: KeychainProblem | null = null;
  let told = false;

  async function limited<T>(call: () => Promise<T>): Promise<T> {
    if (hung) throw new Error('the keychain does not answer');
    let stop: () => void = () => undefined;
    const limit = new Promise<never>((_resolve, reject) => {
      stop = clock.timer(CALL_LIMIT_MS, () => {
        hung = true;
        reject(new Error('the keychain does not answer'));
      });
    });
    try {
      return await Promise.race([call(), limit]);
    } finally {
      stop();
    }
  }

  const probe = (): Promise<string | null> => (probed ??= limited(() => keychain.backend()).catch(() => null));

  async function read(hostId: string): Promise<Item | null> {
    const kept = memory.get(hostId);
    if (kept !== undefined) return kept;
    if ((await probe()) === null) return null;
    try {
      const text = await limited(() => keychain.get(hostId));
      if (text === null) return null;
      const parsed = v.safeParse(Item, JSON.parse(text));
      return parsed.success ? parsed.output : null;
    } catch {
      return null;
    }
  }

  async function write(hostId: string, item: Item): Promise<boolean> {
    memory.set(hostId, item);
    if (held.has(hostId)) return false;
    if ((await probe()) === null) return false;
    try {
      await limited(() => keychain.set(hostId, JSON.stringify(item)));
      memory.delete(hostId);
      refused = null;
      return true;
    } catch (error) {
      refused = hung ? 'silent' : keychainProblem(error);
      if (!told) notice(NOT_KEPT);
      told = true;
      return false;
    }
  }

  return {
    async backend() {
      return hung || refused !== null ? null : probe();
    },
    async problem() {
      if (hung) return 'silent';
      if (refused !== null) return refused;
      return (await probe()) === null ? (keychain.problem?.() ?? 'failed') : null;
    },
    async find(host, kind) {
      if (secretKind(host) !== kind) return null;
      const item = await read(host.id);
      return item !== null && fits(item, host) ? item.secret : null;
    },
    async save(host, secret) {
      const kind = secretKind(host);
      if (kind === null) return false;
      return write(host.id, itemFor(host, kind, secret));
    },
    hold(host, secret) {
      const kind = secretKind(host);
      if (kind === null) return;
      held.add(host.id);
      memory.set(host.id, itemFor(host, kind, secret));
    },
    async rebind(before, after) {
      const item = await read(before.id);
      if (item === null || !fits(item, before) || !sameTarget(before, after)) return;
      await write(after.id, itemFor(after, item.kind, item.secret));
    },
    async forget(hostId) {
      memory.delete(hostId);
      if (held.delete(hostId) || (await probe()) === null) return;
      await limited(() => keychain.delete(hostId)).catch(() => undefined);
    },
  };
}

function itemFor(host: Host, kind: SecretKind, secret: string): Item {
  return {
    address: host.address,
    port: host.port,
    user: host.user,
    fingerprint: host.hostKey?.fingerprint ?? null,
    kind,
    secret,
  };
}

function fits(item: Item, host: Host): boolean {
  return (
    item.address === host.address &&
    item.port === host.port &&
    item.user === host.user &&
    item.kind === secretKind(host) &&
    item.fingerprint === (host.hostKey?.fingerprint ?? null)
  );
}
