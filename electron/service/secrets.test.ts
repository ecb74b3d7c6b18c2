import { describe, expect, it } from 'vitest';
import type { Host } from '../../shared/model/host.ts';
import type { Clock, Keychain } from './ports.ts';
import { systemClock } from './ports.ts';
import { createSecrets } from './secrets.ts';

const FINGERPRINT = `SHA256:${'a'.repeat(43)}`;
const host: Host = {
  id: '11111111-0000-4000-8000-000000000000',
  name: 'server',
  address: 'example.org',
  port: 22,
  user: 'me',
  auth: { kind: 'password' },
  rsyncPath: '',
  jumpHostId: null,
  hostKey: { algorithm: 'ssh-ed25519', fingerprint: FINGERPRINT },
  createdAt: 0,
};
const other = `SHA256:${'b'.repeat(43)}`;

function keychain(more: Partial<Keychain> = {}): Keychain & { items: Map<string, string> } {
  const items = new Map<string, string>();
  return {
    items,
    backend: () => Promise.resolve('a keychain'),
    get: (account) => Promise.resolve(items.get(account) ?? null),
    set: (account, value) => Promise.resolve(void items.set(account, value)),
    delete: (account) => Promise.resolve(void items.delete(account)),
    ...more,
  };
}

/** Fires every limit at once. */
const impatient: Clock = {
  now: () => 0,
  timer(_ms, fire) {
    const soon = setImmediate(fire);
    return () => clearImmediate(soon);
  },
};

describe('a secret is bound to its host', () => {
  it('comes back for the same record, also from another process', async () => {
    const chain = keychain();
    expect(await createSecrets(chain, systemClock).save(host, 's3cret')).toBe(true);
    expect(await createSecrets(chain, systemClock).find({ ...host, name: 'renamed' }, 'password')).toBe('s3cret');
    expect([...chain.items.keys()]).toEqual([host.id]);
  });

  it.each<[string, Partial<Host>]>([
    ['address', { address: 'evil.example' }],
    ['port', { port: 23 }],
    ['user', { user: 'root' }],
    ['fingerprint', { hostKey: { algorithm: 'ssh-ed25519', fingerprint: other } }],
    ['missing fingerprint', { hostKey: null }],
    ['way of signing in', { auth: { kind: 'key', keyPath: '/k' as never } }],
    ['agent', { auth: { kind: 'agent' } }],
    ['id', { id: '22222222-0000-4000-8000-000000000000' }],
  ])('is not given to a record with another %s', async (_name, change) => {
    const secrets = createSecrets(keychain(), systemClock);
    await secrets.save(host, 's3cret');
    expect(await secrets.find({ ...host, ...change }, 'password')).toBeNull();
    expect(await secrets.find({ ...host, ...change }, 'passphrase')).toBeNull();
  });

  it('a passphrase is never a password', async () => {
    const secrets = createSecrets(keychain(), systemClock);
    const key: Host = { ...host, auth: { kind: 'key', keyPath: '/k' as never } };
    await secrets.save(key, 'p');
    expect(await secrets.find(key, 'passphrase')).toBe('p');
    expect(await secrets.find(key, 'password')).toBeNull();
  });

  it('follows the record when its key is accepted, and only then', async () => {
    const secrets = createSecrets(keychain(), systemClock);
    const fresh = { ...host, hostKey: null };
    await secrets.save(fresh, 's3cret');
    await secrets.rebind(fresh, { ...host, address: 'evil.example' });
    await secrets.rebind({ ...fresh, user: 'x' }, host);
    expect(await secrets.find(host, 'password')).toBeNull();
    await secrets.rebind(fresh, host);
    expect(await secrets.find(host, 'password')).toBe('s3cret');
  });

  it.each(['not json', '{}', '{"secret":"x"}', '[]', 'null'])('an item that reads %s is none', async (text) => {
    const chain = keychain();
    chain.items.set(host.id, text);
    expect(await createSecrets(chain, systemClock).find(host, 'password')).toBeNull();
  });

  it('forgets', async () => {
    const chain = keychain();
    const secrets = createSecrets(chain, systemClock);
    await secrets.save(host, 's');
    await secrets.forget(host.id);
    expect(chain.items.size).toBe(0);
    expect(await secrets.find(host, 'password')).toBeNull();
  });
});

describe('without a keychain', () => {
  it.each<[string, Partial<Keychain>]>([
    ['absent', { backend: () => Promise.resolve(null) }],
    ['read-only', { set: () => Promise.reject(new Error('Cannot create an item in a locked collection')) }],
  ])('%s: secrets stay in this process, bound all the same', async (_name, broken) => {
    const secrets = createSecrets(keychain(broken), systemClock);
    expect(await secrets.save(host, 's')).toBe(false);
    expect(await secrets.backend()).toBeNull();
    expect(await secrets.find(host, 'password')).toBe('s');
    expect(await secrets.find({ ...host, port: 23 }, 'password')).toBeNull();
  });

  it('a keychain that never answers is waited for once', async () => {
    let calls = 0;
    const hang = (): Promise<never> => {
      calls++;
      return new Promise(() => undefined);
    };
    const secrets = createSecrets(keychain({ get: hang, set: hang }), impatient);
    expect(await secrets.find(host, 'password')).toBeNull();
    expect(await secrets.save(host, 's')).toBe(false);
    expect(await secrets.find(host, 'password')).toBe('s');
    expect(await secrets.backend()).toBeNull();
    expect(calls).toBe(1);
  });
});
