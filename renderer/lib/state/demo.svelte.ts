import type { Result } from '../../../shared/errors.ts';
import type { Demo as DemoServer } from '../../../shared/model/demo.ts';
import type { Backend } from '../backend.ts';

/** The embedded demo server of the service. */
export class Demo {
  #server = $state.raw<DemoServer | null>(null);
  #busy = $state(false);
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
    backend.on('event.demo', (server) => (this.#server = server));
  }

  /** Null while none runs. */
  get server(): DemoServer | null {
    return this.#server;
  }
  /** Being started or removed. */
  get busy(): boolean {
    return this.#busy;
  }

  async load(): Promise<void> {
    const reply = await this.#backend.call('demo.state', null);
    if (reply.ok) this.#server = reply.value;
  }

  start(): Promise<Result<DemoServer>> {
    return this.#whileBusy(() => this.#backend.call('demo.start', null));
  }

  stop(): Promise<Result<null>> {
    return this.#whileBusy(() => this.#backend.call('demo.stop', null));
  }

  async #whileBusy<T>(work: () => Promise<T>): Promise<T> {
    this.#busy = true;
    try {
      return await work();
    } finally {
      this.#busy = false;
    }
  }
}
