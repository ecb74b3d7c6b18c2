import type { Host } from '../../../shared/model/host.ts';
import type { PathText } from '../../../shared/model/path.ts';
import type { Profile } from '../../../shared/model/profile.ts';
import type { Backend } from '../backend.ts';
import type { Service } from './service.svelte.ts';

export interface ProfileEditor {
  /** Null: a new one. */
  profile: Profile | null;
  /** Source of a new profile, when it is known already. */
  source: PathText | null;
}

export interface HostEditor {
  host: Host | null;
  /** Told the host that was saved. */
  onsaved: ((host: Host) => void) | null;
}

export interface FolderPick {
  /** Name of a folder that was dropped, to look for. */
  looking: string | null;
  start: PathText | null;
  settle: (path: PathText | null) => void;
}

/** Which editors are open. They stand above every view, since a drop or a link may open one anywhere. */
export class Dialogs {
  #profile = $state.raw<ProfileEditor | null>(null);
  #host = $state.raw<HostEditor | null>(null);
  #pick = $state.raw<FolderPick | null>(null);
  readonly #backend: Backend;
  readonly #service: Service;

  constructor(backend: Backend, service: Service) {
    this.#backend = backend;
    this.#service = service;
  }

  get profile(): ProfileEditor | null {
    return this.#profile;
  }
  get host(): HostEditor | null {
    return this.#host;
  }
  get pick(): FolderPick | null {
    return this.#pick;
  }

  newProfile(source: PathText | null): void {
    this.#profile = { profile: null, source };
  }
  editProfile(profile: Profile): void {
    this.#profile = { profile, source: null };
  }
  closeProfile(): void {
    this.#profile = null;
  }

  newHost(onsaved: HostEditor['onsaved'] = null): void {
    this.#host = { host: null, onsaved };
  }
  editHost(host: Host): void {
    this.#host = { host, onsaved: null };
  }
  closeHost(): void {
    this.#host = null;
  }

  /** The system's folder dialog, or our own where the shell has none. Null when it was cancelled. */
  async pickFolder(start: PathText | null = null, looking: string | null = null): Promise<PathText | null> {
    if (this.#service.info?.shell === 'electron') {
      const reply = await this.#backend.call('folders.pick', null);
      return reply.ok ? reply.value : null;
    }
    this.#pick?.settle(null);
    return new Promise((resolve) => {
      this.#pick = {
        looking,
        start,
        settle: (path) => {
          this.#pick = null;
          resolve(path);
        },
      };
    });
  }
}
