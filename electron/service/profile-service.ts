import { createHash, randomUUID } from 'node:crypto';
import { isAbsolute, resolve } from 'node:path';
import { fail } from '../../shared/errors.ts';
import type { Host } from '../../shared/model/host.ts';
import { displayPath, textToBytes } from '../../shared/model/path.ts';
import type { PathText } from '../../shared/model/path.ts';
import type { Endpoint, Profile, ProfileDraft } from '../../shared/model/profile.ts';
import type { RunResult } from '../../shared/model/run.ts';
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
   *   `not-absolute`
   */
  add(draft: ProfileDraft): Promise<Profile>;
  update(id: string, draft: ProfileDraft): Promise<Profile>;
  remove(id: string): Promise<void>;
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
  const { source, destination } = draft;
  if (source.kind === 'host' && destination.kind === 'host') {
    throw fail('usage', 'two-remote-ends', 'The source and the destination cannot both be on a server.', {
      hint: 'Choose a folder on this computer for one of them.',
    });
  }
  for (const end of [source, destination]) {
    if (end.kind === 'local') checkLocal(end.path);
    else if (!document.hosts.some((host) => host.id === end.hostId)) {
      throw fail('usage', 'unknown-host-record', 'The profile names a host that does not exist.');
    }
  }
  if (source.kind === 'local' && destination.kind === 'local' && localKey(source.path) === localKey(destination.path)) {
    throw fail('usage', 'same-ends', 'The source and the destination are the same folder.', { path: source.path });
  }
}

function checkLocal(path: PathText): void {
  if (path === '') throw fail('usage', 'path-missing', 'A folder is needed.');
  if (!isAbsolute(path)) {
    throw fail('usage', 'not-absolute', `“${displayPath(path)}” is not an absolute path.`, {
      path,
      hint: 'Give the whole path of the folder.',
    });
  }
}

const localKey = (path: PathText): string => resolve(textToBytes(path));

/** The host of a profile's remote end, or null for a local copy. */
export function hostOf(profile: Pick<Profile, 'source' | 'destination'>, hosts: readonly Host[]): Host | null {
  const remote: Endpoint | undefined = [profile.source, profile.destination].find((end) => end.kind === 'host');
  if (remote === undefined || remote.kind !== 'host') return null;
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
