import { randomUUID } from 'node:crypto';
import { fail } from '../../shared/errors.ts';
import type { Host, HostDraft } from '../../shared/model/host.ts';
import { jumpHosts } from './jump-hosts.ts';
import type { Clock } from './ports.ts';
import { sameTarget } from './secrets.ts';
import type { Secrets } from './secrets.ts';
import type { Store } from './store/store.ts';

export interface HostKey {
  algorithm: string;
  fingerprint: string;
}

export interface HostService {
  list(): Host[];
  /** @throws DriftlineError `usage`/`unknown-host-record` */
  get(id: string): Host;
  /**
   * @param secret password or passphrase for the keychain; null or '' saves none
   * @param hostKey the key a person vouches for beforehand
   * @throws DriftlineError `usage`: `name-taken`, `jump-missing`, `jump-cycle`; the store's errors
   */
  add(draft: HostDraft, secret: string | null, hostKey?: HostKey | null): Promise<Host>;
  /**
   * Changes a record. Another address or port forgets the accepted key; another target of any kind forgets the secret.
   * @param secret null keeps what is saved, '' forgets it
   */
  update(id: string, draft: HostDraft, secret: string | null): Promise<Host>;
  /** Also forgets the secret. @throws DriftlineError `usage`/`host-in-use` while a profile or another host names it */
  remove(id: string): Promise<void>;
  /** Forgets the accepted key, and the secret with it: it was meant for the server that had that key. */
  forgetKey(id: string): Promise<Host>;
  /**
   * Records the key a person accepted for `seen`. A record that got another target or key meanwhile stays as it is.
   */
  acceptKey(seen: Host, hostKey: HostKey): Promise<Host>;
}

/** Names are compared as people read them. */
export const sameName = (a: string, b: string): boolean =>
  a.normalize('NFC').toLowerCase() === b.normalize('NFC').toLowerCase();

export function createHostService(store: Store, secrets: Secrets, clock: Clock): HostService {
  const find = (hosts: readonly Host[], id: string): Host => {
    const host = hosts.find((each) => each.id === id);
    if (host === undefined)
      throw fail('usage', 'unknown-host-record', 'There is no such host; it may have been removed.');
    return host;
  };
  const checkName = (hosts: readonly Host[], name: string, exceptId: string | null): void => {
    if (hosts.some((each) => each.id !== exceptId && sameName(each.name, name))) {
      throw fail('usage', 'name-taken', `There is already a host named “${name}”.`, { hint: 'Choose another name.' });
    }
  };

  return {
    list: () => store.read().hosts,
    get: (id) => find(store.read().hosts, id),

    async add(draft, secret, hostKey = null) {
      const host: Host = { id: randomUUID(), ...draft, hostKey, createdAt: clock.now() };
      await store.change((document) => {
        checkName(document.hosts, draft.name, null);
        jumpHosts(host, document.hosts);
        document.hosts.push(host);
      });
      if (secret) await secrets.save(host, secret);
      return host;
    },

    async update(id, draft, secret) {
      const [before, after] = await store.change((document) => {
        const old = find(document.hosts, id);
        checkName(document.hosts, draft.name, id);
        jumpHosts({ ...draft, id }, document.hosts);
        const sameServer = old.address === draft.address && old.port === draft.port;
        const next: Host = { ...old, ...draft, hostKey: sameServer ? old.hostKey : null };
        document.hosts[document.hosts.indexOf(old)] = next;
        return [old, next] as const;
      });
      if (secret) await secrets.save(after, secret);
      else if (secret === '' || !sameTarget(before, after)) await secrets.forget(id);
      return after;
    },

    async remove(id) {
      await store.change((document) => {
        const host = find(document.hosts, id);
        const users = document.profiles.filter(({ source, destination }) =>
          [source, destination].some((end) => end.kind === 'host' && end.hostId === id),
        );
        if (users.length > 0) {
          const names = users.map((profile) => `“${profile.name}”`).join(', ');
          throw fail('usage', 'host-in-use', `The host “${host.name}” is used by ${names}.`, {
            hint: 'Remove or change those profiles first.',
          });
        }
        const behind = document.hosts.filter(({ jumpHostId }) => jumpHostId === id);
        if (behind.length > 0) {
          const names = behind.map(({ name }) => `“${name}”`).join(', ');
          throw fail('usage', 'host-in-use', `The host “${host.name}” is on the way to ${names}.`, {
            hint: 'Remove or change those hosts first.',
          });
        }
        document.hosts.splice(document.hosts.indexOf(host), 1);
      });
      await secrets.forget(id);
    },

    async forgetKey(id) {
      const next = await store.change((document) => {
        const old = find(document.hosts, id);
        const without: Host = { ...old, hostKey: null };
        document.hosts[document.hosts.indexOf(old)] = without;
        return without;
      });
      await secrets.forget(id);
      return next;
    },

    async acceptKey(seen, hostKey) {
      const [before, after] = await store.change((document) => {
        const old = find(document.hosts, seen.id);
        if (old.address !== seen.address || old.port !== seen.port || old.hostKey !== null) return [old, old] as const;
        const next: Host = { ...old, hostKey };
        document.hosts[document.hosts.indexOf(old)] = next;
        return [old, next] as const;
      });
      if (before !== after) await secrets.rebind(before, after);
      return after;
    },
  };
}
