import type { ErrorData, Result } from '../../../shared/errors.ts';
import type {
  ExcludeScope,
  PlanAction,
  PlanChoice,
  PlanRow,
  PlanSelection,
  PreviewSummary,
} from '../../../shared/model/preview.ts';
import type { RunProgress } from '../../../shared/model/run.ts';
import type { Backend } from '../backend.ts';

const PAGE = 200;
/** Rows kept at hand: enough for quick scrolling back, bounded for a plan of millions. */
const MOST_PAGES = 40;

/** One preview: made, then read page by page through a filter. The rows themselves stay in the service. */
export class Preview {
  readonly profileId: string;
  readonly #backend: Backend;
  #progress = $state.raw<RunProgress | null>(null);
  #summary = $state.raw<PreviewSummary | null>(null);
  #choice = $state.raw<PlanChoice | null>(null);
  #error = $state.raw<ErrorData | null>(null);
  #actions = $state.raw<readonly PlanAction[]>([]);
  #search = $state('');
  #total = $state(0);
  #ticked = $state(0);
  #changing = $state(0);
  #pages = $state.raw<ReadonlyMap<number, readonly PlanRow[]>>(new Map());
  #loading = new Set<number>();
  /** Replies for an older filter, or older ticks, are dropped by this number. */
  #generation = 0;
  #seen = { first: 0, last: 0 };
  #cancel: (() => void) | null = null;
  #closed = false;
  #handedOver = false;

  constructor(backend: Backend, profileId: string) {
    this.#backend = backend;
    this.profileId = profileId;
  }

  get progress(): RunProgress | null {
    return this.#progress;
  }
  get summary(): PreviewSummary | null {
    return this.#summary;
  }
  /** What a run would do as it is ticked now. */
  get choice(): PlanChoice | null {
    return this.#choice;
  }
  get error(): ErrorData | null {
    return this.#error;
  }
  /** Actions shown; empty = all. */
  get actions(): readonly PlanAction[] {
    return this.#actions;
  }
  get search(): string {
    return this.#search;
  }
  /** Rows that pass the filter. */
  get total(): number {
    return this.#total;
  }
  /** How many of them are ticked. */
  get ticked(): number {
    return this.#ticked;
  }
  /** Whether the service is still at work on a change of ticks. */
  get changing(): boolean {
    return this.#changing > 0;
  }

  async create(): Promise<void> {
    this.#error = null;
    this.#summary = null;
    const task = this.#backend.task(
      'preview.create',
      { profileId: this.profileId },
      (update) => (this.#progress = update),
    );
    this.#cancel = task.cancel;
    const reply = await task.result;
    this.#cancel = null;
    if (!reply.ok) {
      this.#error = reply.error;
      return;
    }
    if (this.#closed) {
      void this.#backend.call('preview.discard', { planId: reply.value.planId });
      return;
    }
    this.#summary = reply.value;
    this.#choice = reply.value.choice;
    await this.#refilter();
  }

  toggleAction(action: PlanAction): void {
    this.#actions = this.#actions.includes(action)
      ? this.#actions.filter((a) => a !== action)
      : [...this.#actions, action];
    void this.#refilter();
  }

  showOnly(action: PlanAction): void {
    this.#actions = [action];
    void this.#refilter();
  }

  showAll(): void {
    this.#actions = [];
    this.#search = '';
    void this.#refilter();
  }

  setSearch(text: string): void {
    this.#search = text;
    void this.#refilter();
  }

  /** The row at this place of the filtered list, or null while its page is on the way. */
  row(index: number): PlanRow | null {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE] ?? null;
  }

  /** Fetches what is missing of rows first…last. */
  async ensure(first: number, last: number): Promise<void> {
    if (this.#summary === null || last < first) return;
    this.#seen = { first, last };
    const wanted: number[] = [];
    for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page++) {
      if (!this.#pages.has(page) && !this.#loading.has(page)) wanted.push(page);
    }
    await Promise.all(wanted.map((page) => this.#loadPage(page)));
  }

  /** Ticks or unticks rows. @returns the error to report, or null */
  tick(selection: PlanSelection, ticked: boolean): Promise<ErrorData | null> {
    return this.#change((planId) => this.#backend.call('preview.tick', { planId, selection, ticked }));
  }

  /** Ticks or unticks places first…last of the filtered list. */
  tickShown(first: number, last: number, ticked: boolean): Promise<ErrorData | null> {
    const filter = { actions: [...this.#actions], search: this.#search };
    return this.tick({ kind: 'shown', filter, first, last }, ticked);
  }

  /** Adds a filter rule to the profile. @returns the rule and how many rows it takes out of the plan */
  async exclude(index: number, scope: ExcludeScope): Promise<Result<{ rule: string; rows: number }>> {
    const { planId } = this.#summary!;
    const reply = await this.#backend.call('preview.exclude', { planId, index, scope });
    if (reply.ok) {
      this.#choice = reply.value.choice;
      await this.#reload();
    }
    return reply;
  }

  /** A run carries the plan out: leaving the preview must not discard it. */
  handOver(): void {
    this.#handedOver = true;
  }

  /** The plan is no longer needed; ends a preview that is still being made. */
  close(): void {
    this.#closed = true;
    this.#cancel?.();
    const planId = this.#summary?.planId;
    if (planId !== undefined && !this.#handedOver) void this.#backend.call('preview.discard', { planId });
  }

  async #change(ask: (planId: string) => Promise<Result<PlanChoice>>): Promise<ErrorData | null> {
    this.#changing++;
    try {
      const reply = await ask(this.#summary!.planId);
      if (!reply.ok) return reply.error;
      this.#choice = reply.value;
      await this.#reload();
      return null;
    } finally {
      this.#changing--;
    }
  }

  /** The same rows, which look otherwise now; those on the screen stay until the new ones are here. */
  async #reload(): Promise<void> {
    const { first, last } = this.#seen;
    this.#generation++;
    this.#loading = new Set();
    const pages: number[] = [];
    for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page++) pages.push(page);
    this.#pages = new Map([...this.#pages].filter(([page]) => pages.includes(page)));
    await Promise.all(pages.map((page) => this.#loadPage(page)));
  }

  async #refilter(): Promise<void> {
    this.#generation++;
    this.#loading = new Set();
    this.#seen = { first: 0, last: 0 };
    // The old rows stay on the screen until the first page of the new filter is here.
    await this.#loadPage(0, true);
  }

  async #loadPage(page: number, replace = false): Promise<void> {
    const { planId } = this.#summary!;
    const generation = this.#generation;
    this.#loading.add(page);
    const reply = await this.#backend.call('preview.rows', {
      planId,
      offset: page * PAGE,
      limit: PAGE,
      actions: [...this.#actions],
      search: this.#search,
    });
    if (generation !== this.#generation) return;
    this.#loading.delete(page);
    if (!reply.ok) {
      this.#error = reply.error;
      return;
    }
    const pages = new Map(replace ? [] : this.#pages).set(page, reply.value.rows);
    if (pages.size > MOST_PAGES) pages.delete(pages.keys().next().value!);
    this.#pages = pages;
    this.#total = reply.value.total;
    this.#ticked = reply.value.ticked;
  }
}
