import type { Result } from '../../../shared/errors.ts';
import type { FoundKey, Host, HostDraft, HostTest, SshConfigHost } from '../../../shared/model/host.ts';
import type { ErrorData } from '../../../shared/errors.ts';
import type { PathText } from '../../../shared/model/path.ts';
import type { Backend } from '../backend.ts';

/** A connection test as it goes. */
export interface HostTestState {
  steps: readonly string[];
  result: HostTest | null;
  error: ErrorData | null;
}

export class Hosts {
  #list = $state.raw<readonly Host[] | null>(null);
  #tests = $state.raw<Readonly<Record<string, HostTestState>>>({});
  readonly #cancels = new Map<string, () => void>();
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
    backend.on('event.hosts', (hosts) => (this.#list = hosts));
  }

  /** Null until the first load. */
  get list(): readonly Host[] | null {
    return this.#list;
  }

  byId(id: string): Host | null {
    return this.#list?.find((host) => host.id === id) ?? null;
  }

  /** Hosts on the way to one, first to last, as far as they are saved. */
  wayTo(host: Host): Host[] {
    const way: Host[] = [];
    for (let at: Host | null = host; at?.jumpHostId != null && way.length < 8;) {
      at = this.byId(at.jumpHostId);
      if (at !== null) way.unshift(at);
    }
    return way;
  }

  test(id: string): HostTestState | null {
    return this.#tests[id] ?? null;
  }

  isTesting(id: string): boolean {
    const test = this.#tests[id];
    return test !== undefined && test.result === null && test.error === null;
  }

  async load(): Promise<void> {
    const reply = await this.#backend.call('hosts.list', null);
    if (reply.ok) this.#list = reply.value;
  }

  /** Adds a host (id null) or changes one. `secret` null keeps what the keychain has. */
  async save(id: string | null, draft: HostDraft, secret: string | null): Promise<Result<Host>> {
    const reply =
      id === null
        ? await this.#backend.call('hosts.add', { draft, secret })
        : await this.#backend.call('hosts.update', { id, draft, secret });
    if (reply.ok) {
      this.#put(reply.value);
      this.forgetTest(reply.value.id);
    }
    return reply;
  }

  async remove(id: string): Promise<Result<null>> {
    const reply = await this.#backend.call('hosts.remove', { id });
    if (reply.ok) this.#list = (this.#list ?? []).filter((host) => host.id !== id);
    return reply;
  }

  async forgetKey(id: string): Promise<Result<Host>> {
    const reply = await this.#backend.call('hosts.forgetKey', { id });
    if (reply.ok) {
      this.#put(reply.value);
      this.forgetTest(id);
    }
    return reply;
  }

  /** Private keys in `~/.ssh`; none where they cannot be listed. */
  async findKeys(): Promise<readonly FoundKey[]> {
    const reply = await this.#backend.call('hosts.keys', null);
    return reply.ok ? reply.value : [];
  }

  /** The shell's file dialog; null when it was cancelled. */
  async pickKey(): Promise<PathText | null> {
    const reply = await this.#backend.call('hosts.pickKey', null);
    return reply.ok ? reply.value : null;
  }

  sshConfig(): Promise<Result<SshConfigHost[]>> {
    return this.#backend.call('hosts.sshConfig', null);
  }

  async import(aliases: string[]): Promise<Result<Host[]>> {
    const reply = await this.#backend.call('hosts.import', { aliases });
    if (reply.ok) for (const host of reply.value) this.#put(host);
    return reply;
  }

  async startTest(id: string): Promise<void> {
    if (this.isTesting(id)) return;
    this.#setTest(id, { steps: [], result: null, error: null });
    const task = this.#backend.task('hosts.test', { id }, ({ step }) => {
      const test = this.#tests[id];
      if (test) this.#setTest(id, { ...test, steps: [...test.steps, step] });
    });
    this.#cancels.set(id, task.cancel);
    const reply = await task.result;
    this.#cancels.delete(id);
    const test = this.#tests[id];
    if (test === undefined) return;
    this.#setTest(id, reply.ok ? { ...test, result: reply.value } : { ...test, error: reply.error });
  }

  cancelTest(id: string): void {
    this.#cancels.get(id)?.();
  }

  forgetTest(id: string): void {
    this.cancelTest(id);
    this.#tests = Object.fromEntries(Object.entries(this.#tests).filter(([key]) => key !== id));
  }

  #setTest(id: string, test: HostTestState): void {
    this.#tests = { ...this.#tests, [id]: test };
  }

  #put(host: Host): void {
    const list = this.#list ?? [];
    // The service's event may have come before the reply.
    this.#list = list.some((h) => h.id === host.id) ? list.map((h) => (h.id === host.id ? host : h)) : [...list, host];
  }
}
