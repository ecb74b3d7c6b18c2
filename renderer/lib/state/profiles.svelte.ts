import type { Result } from '../../../shared/errors.ts';
import type { Profile, ProfileDraft } from '../../../shared/model/profile.ts';
import type { Backend } from '../backend.ts';

export class Profiles {
  #list = $state.raw<readonly Profile[] | null>(null);
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
    backend.on('event.profiles', (profiles) => (this.#list = profiles));
  }

  /** Null until the first load. */
  get list(): readonly Profile[] | null {
    return this.#list;
  }

  byId(id: string): Profile | null {
    return this.#list?.find((profile) => profile.id === id) ?? null;
  }

  usingHost(hostId: string): readonly Profile[] {
    const uses = (end: Profile['source']) => end.kind === 'host' && end.hostId === hostId;
    return (this.#list ?? []).filter((profile) => uses(profile.source) || uses(profile.destination));
  }

  async load(): Promise<void> {
    const reply = await this.#backend.call('profiles.list', null);
    if (reply.ok) this.#list = reply.value;
  }

  /** Adds a profile (id null) or changes one. */
  async save(id: string | null, draft: ProfileDraft): Promise<Result<Profile>> {
    const reply =
      id === null
        ? await this.#backend.call('profiles.add', { draft })
        : await this.#backend.call('profiles.update', { id, draft });
    if (reply.ok) {
      const saved = reply.value;
      const list = this.#list ?? [];
      this.#list = list.some((p) => p.id === saved.id)
        ? list.map((p) => (p.id === saved.id ? saved : p))
        : [...list, saved];
    }
    return reply;
  }

  async remove(id: string): Promise<Result<null>> {
    const reply = await this.#backend.call('profiles.remove', { id });
    if (reply.ok) this.#list = (this.#list ?? []).filter((profile) => profile.id !== id);
    return reply;
  }
}
