import type { PlanAction } from '../../../shared/model/preview.ts';
import type { RunItem } from '../../../shared/model/run.ts';
import type { Backend } from '../backend.ts';

const PAGE = 200;
/** Pages kept at hand. */
const MOST_PAGES = 20;

/** The changes of one run through a filter, page by page; the list only grows at its end. */
export class RunItemList {
  readonly #backend: Backend;
  readonly #runId: string;
  #actions = $state.raw<readonly PlanAction[]>([]);
  #search = $state('');
  #total = $state(0);
  #pages = $state.raw<ReadonlyMap<number, readonly RunItem[]>>(new Map());
  /** Replies for an older filter are dropped by this number. */
  #generation = 0;
  #loading = new Set<number>();

  constructor(backend: Backend, runId: string) {
    this.#backend = backend;
    this.#runId = runId;
  }

  get actions(): readonly PlanAction[] {
    return this.#actions;
  }
  get search(): string {
    return this.#search;
  }
  /** Items that pass the filter. */
  get total(): number {
    return this.#total;
  }

  /** The item at this place of the filtered list, or null while its page is on the way. */
  item(index: number): RunItem | null {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE] ?? null;
  }

  toggle(action: PlanAction): void {
    const without = this.#actions.filter((each) => each !== action);
    this.#actions = without.length < this.#actions.length ? without : [...this.#actions, action];
    this.#restart();
  }

  find(text: string): void {
    this.#search = text;
    this.#restart();
  }

  /** There may be more at the end now. */
  async grow(): Promise<void> {
    await this.#load(Math.floor(this.#total / PAGE));
  }

  /** Fetches what is missing of items first…last. */
  async ensure(first: number, last: number): Promise<void> {
    const wanted: number[] = [];
    for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page++) {
      if (!this.#pages.has(page)) wanted.push(page);
    }
    await Promise.all(wanted.map((page) => this.#load(page)));
  }

  #restart(): void {
    this.#generation++;
    this.#loading = new Set();
    this.#pages = new Map();
    void this.#load(0);
  }

  async #load(page: number): Promise<void> {
    if (this.#loading.has(page)) return;
    this.#loading.add(page);
    const generation = this.#generation;
    const reply = await this.#backend.call('runs.items', {
      runId: this.#runId,
      offset: page * PAGE,
      limit: PAGE,
      actions: [...this.#actions],
      search: this.#search,
    });
    if (generation !== this.#generation) return;
    this.#loading.delete(page);
    if (!reply.ok) return;
    const pages = new Map(this.#pages).set(page, reply.value.rows);
    if (pages.size > MOST_PAGES) pages.delete(pages.keys().next().value!);
    this.#pages = pages;
    this.#total = reply.value.total;
  }
}
