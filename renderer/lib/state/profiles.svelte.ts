import type { Result } from '../../../shared/errors.ts';
import type { CommandReading } from '../../../shared/model/command.ts';
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
    const uses = (end: Profile['source'] | Profile['destination']) => end.kind === 'host' && end.hostId === hostId;
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

  /** What rules leave out of a local source; the caller cancels a look that is out of date. */
  tryFilters({ source, contentsOnly, options: { filters } }: ProfileDraft) {
    return this.#backend.task('profiles.tryFilters', { source, contentsOnly, filters }, () => undefined);
  }

  parseCommand(text: string): Promise<Result<CommandReading>> {
    return this.#backend.call('profiles.parseCommand', { text });
  }

  async remove(id: string): Promise<Result<null>> {
    const reply = await this.#backend.call('profiles.remove', { id });
    if (reply.ok) this.#list = (this.#list ?? []).filter((profile) => profile.id !== id);
    return reply;
  }

  /** A copy, right behind the original. */
  async duplicate(id: string): Promise<Result<Profile>> {
    const reply = await this.#backend.call('profiles.duplicate', { id });
    if (reply.ok) await this.load();
    return reply;
  }

  /** The new order is shown at once, and taken back if the service refuses it. */
  async reorder(ids: readonly string[]): Promise<Result<readonly Profile[]>> {
    const before = this.#list;
    this.#list = ids.flatMap((id) => this.byId(id) ?? []);
    const reply = await this.#backend.call('profiles.reorder', { ids: [...ids] });
    this.#list = reply.ok ? reply.value : before;
    return reply;
  }

  /** The rsync command that does what the profile does. */
  command(profile: Profile): Promise<Result<{ command: string }>> {
    return this.#backend.call('profiles.command', { draft: draftOf(profile) });
  }

  /** Changes a part of a profile and leaves the rest as it is. */
  change(profile: Profile, part: Partial<ProfileDraft>): Promise<Result<Profile>> {
    return this.save(profile.id, { ...draftOf(profile), ...part });
  }
}

function draftOf(profile: Profile): ProfileDraft {
  const { id: _id, createdAt: _createdAt, lastRun: _lastRun, ...draft } = profile;
  return draft;
}
