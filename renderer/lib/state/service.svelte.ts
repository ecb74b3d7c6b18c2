import type { Backend, Connection, Output } from '../backend.ts';

/** The service at the other end: whether it is there, and what it is. */
export class Service {
  #connection = $state<Connection>('connecting');
  #info = $state.raw<Output<'app.info'> | null>(null);
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  get connection(): Connection {
    return this.#connection;
  }
  get info(): Output<'app.info'> | null {
    return this.#info;
  }
  get home(): string | null {
    return this.#info?.home ?? null;
  }
  /** The shell can tell where a dropped folder lies. */
  get seesDroppedPaths(): boolean {
    return this.#backend.pathForFile !== null;
  }

  /** Follows the connection; `onOpen` runs at each (re)connect, since events in between were lost. */
  follow(onOpen: () => void): () => void {
    return this.#backend.onConnection((state) => {
      this.#connection = state;
      if (state === 'open') onOpen();
    });
  }

  async load(): Promise<void> {
    const reply = await this.#backend.call('app.info', null);
    if (reply.ok) this.#info = reply.value;
  }
}
