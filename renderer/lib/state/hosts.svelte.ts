import type { Result } from '../../../shared/errors.ts';
import type { Host, HostDraft, HostTest } from '../../../shared/model/host.ts';
import type { ErrorData } from '../../../shared/errors.ts';
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
