import { createHash, randomUUID } from 'node:crypto';
import { isAbsolute, resolve } from 'node:path';
import { fail } from '../../shared/errors.ts';
import type { Host } from '../../shared/model/host.ts';
import { displayPath, textToBytes } from '../../shared/model/path.ts';
import type { PathText } from '../../shared/model/path.ts';
import { sourceEnds } from '../../shared/model/profile.ts';
import type { Profile, ProfileDraft } from '../../shared/model/profile.ts';
import type { RunResult } from '../../shared/model/run.ts';
import { checkProfileOptions } from '../engine/options/profile-options.ts';
import { sameName } from './host-service.ts';
import type { Clock } from './ports.ts';
import type { StoreDocument } from './store/document.ts';
import type { Store } from './store/store.ts';

export interface ProfileService {
  list(): Profile[];
  /** @throws DriftlineError `usage`/`unknown-profile` */
  get(id: string): Profile;
  /**
   * @throws DriftlineError `usage`: `name-taken`, `two-remote-ends`, `unknown-host-record`, `same-ends`, `path-missing`,
   *   `not-absolute`, and those of `checkProfileOptions`
   */
  add(draft: ProfileDraft): Promise<Profile>;
  update(id: string, draft: ProfileDraft): Promise<Profile>;
  remove(id: string): Promise<void>;
  /** A copy under a free name, right behind the original. @throws DriftlineError `usage`/`unknown-profile` */
  duplicate(id: string): Promise<Profile>;
  /** Puts these first, in this order; the others follow as they were. @throws DriftlineError `usage`/`unknown-profile` */
  reorder(ids: readonly string[]): Promise<Profile[]>;
  /** Keeps a run's result with its profile; a profile removed meanwhile is no error. */
  setLastRun(id: string, result: RunResult): Promise<void>;
}

export function createProfileService(store: Store, clock: Clock): ProfileService {
  const find = (profiles: readonly Profile[], id: string): Profile => {
    const profile = profiles.find((each) => each.id === id);
    if (profile === undefined)
      throw fail('usage', 'unknown-profile', 'There is no such profile; it may have been removed.');
    return profile;
  };

  return {
    list: () => store.read().profiles,
    get: (id) => find(store.read().profiles, id),

    add(draft) {
      return store.change((document) => {
        check(document, draft, null);
        const profile: Profile = { id: randomUUID(), ...draft, createdAt: clock.now(), lastRun: null };
        document.profiles.push(profile);
        return profile;
      });
    },

    update(id, draft) {
      return store.change((document) => {
        const old = find(document.profiles, id);
        check(document, draft, id);
        const next: Profile = { ...old, ...draft };
        document.profiles[document.profiles.indexOf(old)] = next;
        return next;
      });
    },

    remove(id) {
      return store.change((document) => {
        document.profiles.splice(document.profiles.indexOf(find(document.profiles, id)), 1);
      });
    },

    duplicate(id) {
      return store.change((document) => {
        const original = find(document.profiles, id);
        const name = freeName(original.name, document.profiles);
        const copy: Profile = {
          ...structuredClone(original),
          id: randomUUID(),
          name,
          createdAt: clock.now(),
          lastRun: null,
        };
        document.profiles.splice(document.profiles.indexOf(original) + 1, 0, copy);
        return copy;
      });
    },

    reorder(ids) {
      return store.change((document) => {
        const first = [...new Set(ids)].map((id) => find(document.profiles, id));
        document.profiles = [...first, ...document.profiles.filter((each) => !first.includes(each))];
        return document.profiles;
      });
    },

    setLastRun(id, result) {
      return store.change((document) => {
        const profile = document.profiles.find((each) => each.id === id);
        if (profile !== undefined) profile.lastRun = result;
      });
    },
  };
}

/** What a schema cannot say. Dangerous but well-formed destinations are the guard's business, at each run. */
function check(document: StoreDocument, draft: ProfileDraft, exceptId: string | null): void {
  if (document.profiles.some((each) => each.id !== exceptId && sameName(each.name, draft.name))) {
    throw fail('usage', 'name-taken', `There is already a profile named “${draft.name}”.`, {
      hint: 'Choose another name.',
    });
  }
  checkProfileOptions(draft.options);
  const { source, destination } = draft;
  if (source.kind === 'host' && destination.kind === 'host') {
    throw fail('usage', 'two-remote-ends', 'The source and the destination cannot both be on a server.', {
      hint: 'Choose a folder on this computer for one of them.',
    });
  }
  for (const end of [...sourceEnds(source), destination]) {
    if (end.kind === 'local') checkLocal(end.path);
    else if (!document.hosts.some((host) => host.id === end.hostId)) {
      throw fail('usage', 'unknown-host-record', 'The profile names a host that does not exist.');
    }
  }
  if (source.kind !== 'local' || destination.kind !== 'local') return;
  const same = source.paths.find((path) => localKey(path) === localKey(destination.path));
  if (same !== undefined)
    throw fail('usage', 'same-ends', 'The source and the destination are the same folder.', { path: same });
}

/** @throws DriftlineError `usage`: `path-missing`, `not-absolute` */
export function checkLocal(path: PathText): void {
  if (path === '') throw fail('usage', 'path-missing', 'A folder is needed.');
  if (!isAbsolute(path)) {
    throw fail('usage', 'not-absolute', `“${displayPath(path)}” is not an absolute path.`, {
      path,
      hint: 'Give the whole path of the folder.',
    });
  }
}

/** The name, or where it is taken `NAME (2)` with the first number that is free. */
export function freeName(name: string, taken: readonly { name: string }[]): string {
  const stem = name.replace(/ \(\d+\)$/, '').slice(0, 190);
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${stem} (${number})`;
    if (!taken.some((each) => sameName(each.name, candidate))) return candidate;
  }
}

const localKey = (path: PathText): string => resolve(textToBytes(path));

/** The host of a profile's remote end, or null for a local copy. */
export function hostOf(profile: Pick<Profile, 'source' | 'destination'>, hosts: readonly Host[]): Host | null {
  const { source, destination } = profile;
  const remote = source.kind === 'host' ? source : destination;
  if (remote.kind !== 'host') return null;
  const host = hosts.find((each) => each.id === remote.hostId);
  if (host === undefined)
    throw fail('usage', 'unknown-host-record', 'The host of this profile does not exist any more.');
  return host;
}

/**
 * Identity of everything that decides what a run does. A plan is only carried out while it is unchanged. Names and
 * results do not count; neither does the accepted key, which a preview itself may have added.
 */
export function profileHash(profile: Profile, host: Host | null): string {
  const { source, destination, contentsOnly, options } = profile;
  const server = host && { address: host.address, port: host.port, user: host.user, rsyncPath: host.rsyncPath };
  return createHash('sha256')
    .update(JSON.stringify([source, destination, contentsOnly, options, server]))
    .digest('hex');
}
