import { bytesToText } from '../../shared/model/path.ts';
import type { PlanAction, PlanRow } from '../../shared/model/preview.ts';
import { itemize } from '../../shared/itemize.ts';
import { PlanReader } from '../../shared/plan-codec.ts';
import type { PlanItem } from '../../shared/plan-codec.ts';

/** Longest stretch of searching between two turns of the event loop, in milliseconds. */
const SLICE_MS = 15;
/** Searches remembered: one for each thing a person switches between. */
const KEEP_QUERIES = 4;

const MODE: Record<PlanItem['kind'], number> = {
  file: 0o100000,
  dir: 0o040000,
  link: 0o120000,
  device: 0o020000,
  special: 0o010000,
};

interface Query {
  actionsKey: string;
  search: string;
  rows: Promise<Uint32Array>;
}

/** Pages of a plan by action and text. A search costs one pass over the names; its pages cost nothing more. */
export class PlanRows {
  readonly #reader: PlanReader;
  readonly #push: boolean;
  #queries: Query[] = [];

  /** @param push whether the data goes to a server, for the itemized string */
  constructor(plan: Uint8Array, push: boolean) {
    this.#reader = new PlanReader(plan);
    this.#push = push;
  }

  /**
   * @param actions empty = all
   * @param search part of a path, compared without case; '' = all
   */
  async page(
    offset: number,
    limit: number,
    actions: readonly PlanAction[],
    search: string,
  ): Promise<{ total: number; rows: PlanRow[] }> {
    const matching = actions.length === 0 && search === '' ? null : await this.#find(actions, search);
    const total = matching?.length ?? this.#reader.length;
    const rows: PlanRow[] = [];
    for (let at = offset; at < Math.min(total, offset + limit); at++) rows.push(this.#row(matching?.[at] ?? at));
    return { total, rows };
  }

  #row(index: number): PlanRow {
    const item = this.#reader.item(index);
    const { kind, action, reason, source, destination } = item;
    const itemized =
      action === 'delete'
        ? '*deleting  '
        : itemize({ iflags: item.iflags, mode: MODE[kind], direction: this.#push ? 'send' : 'recv' }, { times: true });
    return { index, path: bytesToText(item.name), kind, action, reason, itemized, source, destination };
  }

  #find(actions: readonly PlanAction[], text: string): Promise<Uint32Array> {
    const search = text.toLowerCase();
    const actionsKey = [...new Set(actions)].sort().join();
    const known = this.#queries.find((each) => each.actionsKey === actionsKey && each.search === search);
    // Typing on narrows the last result instead of starting over.
    const wider = this.#queries.find((each) => each.actionsKey === actionsKey && search.includes(each.search));
    const query: Query = known ?? {
      actionsKey,
      search,
      rows: this.#scan(new Set(actions), search, wider?.rows ?? null),
    };
    this.#queries = [query, ...this.#queries.filter((each) => each !== query)].slice(0, KEEP_QUERIES);
    return query.rows;
  }

  async #scan(
    actions: ReadonlySet<PlanAction>,
    search: string,
    within: Promise<Uint32Array> | null,
  ): Promise<Uint32Array> {
    const candidates = within === null ? null : await within;
    const length = candidates?.length ?? this.#reader.length;
    const found = new Uint32Array(length);
    let count = 0;
    let sliceEnd = performance.now() + SLICE_MS;
    for (let i = 0; i < length; i++) {
      const row = candidates === null ? i : candidates[i]!;
      const wanted = actions.size === 0 || actions.has(this.#reader.action(row));
      if (wanted && (search === '' || bytesToText(this.#reader.name(row)).toLowerCase().includes(search))) {
        found[count++] = row;
      }
      if ((i & 255) === 255 && performance.now() > sliceEnd) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        sliceEnd = performance.now() + SLICE_MS;
      }
    }
    return found.slice(0, count);
  }
}
