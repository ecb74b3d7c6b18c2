import type { CommandReading } from '../../../shared/model/command.ts';
import type { Host, HostDraft } from '../../../shared/model/host.ts';
import type { PathText } from '../../../shared/model/path.ts';
import type { Profile } from '../../../shared/model/profile.ts';
import type { Backend } from '../backend.ts';
import type { Service } from './service.svelte.ts';

export interface ProfileEditor {
  /** Null: a new one. */
  profile: Profile | null;
  /** Source of a new profile, when it is known already. */
  source: PathText | null;
  /** A pasted command that a new one begins with. */
  command?: CommandReading;
}

export interface HostEditor {
  /** Null: a new one. */
  host: Host | null;
  /** First values of a new one. */
  draft?: HostDraft;
  /** Told the host that was saved. */
  onsaved: ((host: Host) => void) | null;
}

/** The box for a pasted rsync command. */
export interface CommandPaste {
  onread: (command: CommandReading) => void;
}

export interface FolderPick {
  /** Name of a folder that was dropped, to look for. */
  looking: string | null;
  start: PathText | null;
  settle: (path: PathText | null) => void;
}

/** A folder on a server is looked for. */
export interface RemoteFolderPick {
  /** What the folder is for: only a destination may be one that does not exist yet. */
  side: 'source' | 'destination';
  host: Host;
  /** '' = the folder of the login. */
  start: PathText;
  settle: (path: PathText | null) => void;
}

/** Folders that become a new profile. */
export interface MirrorRequest {
  sources: readonly PathText[];
  /** The host they were dropped on. */
  hostId: string | null;
}

/** Folders that replace or join the source of a profile. */
export interface SourceRequest {
  profile: Profile;
  sources: readonly PathText[];
}

/** Which editors are open. They stand above every view, since a drop or a link may open one anywhere. */
export class Dialogs {
  #profile = $state.raw<ProfileEditor | null>(null);
  #host = $state.raw<HostEditor | null>(null);
  #pick = $state.raw<FolderPick | null>(null);
  #paste = $state.raw<CommandPaste | null>(null);
  #mirror = $state.raw<MirrorRequest | null>(null);
  #source = $state.raw<SourceRequest | null>(null);
  #remotePick = $state.raw<RemoteFolderPick | null>(null);
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
  get paste(): CommandPaste | null {
    return this.#paste;
  }
  get pick(): FolderPick | null {
    return this.#pick;
  }

  get remotePick(): RemoteFolderPick | null {
    return this.#remotePick;
  }
  get mirrorRequest(): MirrorRequest | null {
    return this.#mirror;
  }
  get sourceRequest(): SourceRequest | null {
    return this.#source;
  }

  mirror(sources: readonly PathText[], hostId: string | null): void {
    this.#mirror = { sources, hostId };
  }
  closeMirror(): void {
    this.#mirror = null;
  }
  changeSource(profile: Profile, sources: readonly PathText[]): void {
    this.#source = { profile, sources };
  }
  closeSource(): void {
    this.#source = null;
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

  /** Asks for an rsync command; by default it becomes a new profile. */
  pasteCommand(onread?: CommandPaste['onread']): void {
    this.#paste = { onread: onread ?? ((command) => (this.#profile = { profile: null, source: null, command })) };
  }
  closePaste(): void {
    this.#paste = null;
  }

  newHost(onsaved: HostEditor['onsaved'] = null, draft?: HostDraft): void {
    this.#host = { host: null, onsaved, ...(draft && { draft }) };
  }
  editHost(host: Host): void {
    this.#host = { host, onsaved: null };
  }
  closeHost(): void {
    this.#host = null;
  }

  /** A folder for one side of a profile: on a saved host, or on this computer (null). Null when it was cancelled. */
  pickFolderFor(side: RemoteFolderPick['side'], host: Host | null, start: string): Promise<PathText | null> {
    if (host === null) return this.pickFolder(start === '' ? null : (start as PathText));
    this.#remotePick?.settle(null);
    return new Promise((resolve) => {
      this.#remotePick = {
        ...{ side, host, start: start as PathText },
        settle: (path) => {
          this.#remotePick = null;
          resolve(path);
        },
      };
    });
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
