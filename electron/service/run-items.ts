import type { PlanAction } from '../../shared/model/preview.ts';
import type { RunItem } from '../../shared/model/run.ts';

/** Kept of one run; what comes later is only counted. */
const MAX_ITEMS = 50_000;

/** The changes a run has made, in their order, for a list that is read page by page. */
export class RunItems {
  readonly #items: RunItem[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(items: readonly RunItem[]): void {
    this.#count += items.length;
    for (const item of items.slice(0, MAX_ITEMS - this.#items.length)) this.#items.push(item);
  }

  /** @param actions empty = all */
  page(
    offset: number,
    limit: number,
    actions: readonly PlanAction[],
    search: string,
  ): { total: number; rows: RunItem[] } {
    if (actions.length === 0 && search === '')
      return { total: this.#items.length, rows: this.#items.slice(offset, offset + limit) };
    const text = search.toLowerCase();
    const found = this.#items.filter(
      ({ action, path }) =>
        (actions.length === 0 || actions.includes(action)) && (text === '' || path.toLowerCase().includes(text)),
    );
    return { total: found.length, rows: found.slice(offset, offset + limit) };
  }
}
