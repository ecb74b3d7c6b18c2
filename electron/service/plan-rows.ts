import { bytesToText, type ByteString } from '../../shared/model/path.ts';
import type { PlanAction, PlanFilter, PlanRow, PlanSelection, PlanSide } from '../../shared/model/preview.ts';
import { itemize } from '../../shared/itemize.ts';
import type { PlanItem, PlanItemSide, PlanReader } from '../../shared/plan-codec.ts';
import type { PlanTicks } from './plan-ticks.ts';
import { inSlices } from './slices.ts';

/** Searches remembered: one for each thing a person switches between. */
const KEEP_QUERIES = 4;

const MODE: Record<PlanItem['kind'], number> = {
  file: 0o100000,
  dir: 0o040000,
  link: 0o120000,
  device: 0o020000,
  special: 0o010000,
};

/** What the itemized strings depend on beside the item. */
export interface ItemizeContext {
  /** Whether the data goes to a server. */
  push: boolean;
  /** Whether modification times are kept. */
  times: boolean;
}

interface Query {
  actionsKey: string;
  search: string;
  rows: Promise<Uint32Array>;
}

/**
 * Pages of a plan by action and text. A search costs one pass over the names, in slices on the service's own thread: a
 * thread of its own would have to be asked for every page, and the slices keep the event loop as free (measured in
 * test/bench, row `plan`). The pages of a search cost nothing more.
 */
export class PlanRows {
  readonly #reader: PlanReader;
  readonly #ticks: PlanTicks;
  readonly #context: ItemizeContext;
  #queries: Query[] = [];
  #counted: { rows: Uint32Array | null; version: number; ticked: Promise<number> } | null = null;

  constructor(reader: PlanReader, ticks: PlanTicks, context: ItemizeContext) {
    this.#reader = reader;
    this.#ticks = ticks;
    this.#context = context;
  }

  async page(
    offset: number,
    limit: number,
    filter: PlanFilter,
  ): Promise<{ total: number; ticked: number; rows: PlanRow[] }> {
    const matching = await this.#shown(filter);
    const total = matching?.length ?? this.#reader.length;
    const rows: PlanRow[] = [];
    for (let at = offset; at < Math.min(total, offset + limit); at++) rows.push(this.row(matching?.[at] ?? at));
    return { total, ticked: await this.#tickedOf(matching), rows };
  }

  /** @throws RangeError for a row that the plan does not have */
  row(index: number): PlanRow {
    const item = this.#reader.item(index);
    const { kind, action, reason, source, destination } = item;
    const { push, times } = this.#context;
    const itemized =
      action === 'delete'
        ? '*deleting  '
        : itemize({ iflags: item.iflags, mode: MODE[kind], direction: push ? 'send' : 'recv' }, { times });
    return {
      ...{ index, path: bytesToText(item.name), kind, action, reason, itemized },
      ...{ source: sideOf(source), destination: sideOf(destination) },
      ...{ ticked: this.#ticks.bytes[index] === 1, excludedBy: this.#ticks.excludedBy(index) },
    };
  }

  /** The rows that a selection means, ascending. */
  async select(selection: PlanSelection): Promise<Uint32Array> {
    if (selection.kind === 'shown') {
      const shown = await this.#shown(selection.filter);
      const end = Math.min(shown?.length ?? this.#reader.length, selection.last + 1);
      if (shown) return shown.slice(selection.first, end);
      return Uint32Array.from({ length: Math.max(0, end - selection.first) }, (_, i) => selection.first + i);
    }
    const { index } = selection;
    const name = this.#reader.name(index);
    const whole = selection.kind === 'beneath' || this.#ticks.isWhole(index);
    if (!whole) return Uint32Array.of(index);
    const deletes = this.#reader.action(index) === 'delete';
    const below = name === '.' ? '' : `${name}/`;
    return this.matching((row, bytes) => {
      if (row === index) return true;
      // A folder by itself stands for what is made, or goes, with it.
      if (selection.kind === 'row' && deletes !== (this.#reader.action(row) === 'delete')) return false;
      return startsWith(bytes, below);
    });
  }

  /** Rows that a condition holds for, ascending. */
  async matching(wanted: (row: number, name: Uint8Array) => boolean): Promise<Uint32Array> {
    const found = new Uint32Array(this.#reader.length);
    let count = 0;
    await inSlices(this.#reader.length, (row) => {
      if (wanted(row, this.#reader.nameBytes(row))) found[count++] = row;
    });
    return found.slice(0, count);
  }

  /** Rows that pass a filter, or null for all of them. */
  #shown({ actions, search: text }: PlanFilter): Promise<Uint32Array | null> {
    if (actions.length === 0 && text === '') return Promise.resolve(null);
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

  /** How many of the rows are ticked; counted once until a tick changes. */
  #tickedOf(rows: Uint32Array | null): Promise<number> {
    const { bytes, version } = this.#ticks;
    const known = this.#counted;
    if (known?.rows === rows && known.version === version) return known.ticked;
    const count = async (): Promise<number> => {
      let ticked = 0;
      await inSlices(rows?.length ?? bytes.length, (i) => (ticked += bytes[rows?.[i] ?? i]!));
      return ticked;
    };
    this.#counted = { rows, version, ticked: count() };
    return this.#counted.ticked;
  }

  async #scan(
    actions: ReadonlySet<PlanAction>,
    search: string,
    within: Promise<Uint32Array> | null,
  ): Promise<Uint32Array> {
    const candidates = within === null ? null : await within;
    const found = new Uint32Array(candidates?.length ?? this.#reader.length);
    const hasText = textFinder(search);
    let count = 0;
    await inSlices(found.length, (i) => {
      const row = candidates === null ? i : candidates[i]!;
      if (actions.size > 0 && !actions.has(this.#reader.action(row))) return;
      if (hasText(this.#reader.nameBytes(row))) found[count++] = row;
    });
    return found.slice(0, count);
  }
}

/** Finds a text in names, letters of either case alike. @param search in lower case */
function textFinder(search: string): (name: Uint8Array) => boolean {
  // eslint-disable-next-line no-control-regex
  if (/^[\x00-\x7f]*$/.test(search)) return (name) => includesAscii(name, search);
  return (name) => bytesToText(latin1(name)).toLowerCase().includes(search);
}

function includesAscii(name: Uint8Array, search: string): boolean {
  const last = name.length - search.length;
  for (let at = 0; at <= last; at++) {
    let i = 0;
    while (i < search.length) {
      const byte = name[at + i]!;
      if ((byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte) !== search.charCodeAt(i)) break;
      i++;
    }
    if (i === search.length) return true;
  }
  return false;
}

function startsWith(name: Uint8Array, prefix: ByteString): boolean {
  if (name.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (name[i] !== prefix.charCodeAt(i)) return false;
  return true;
}

export const latin1 = (bytes: Uint8Array): ByteString => String.fromCharCode(...bytes);

const sideOf = (side: PlanItemSide | null): PlanSide | null =>
  side && { ...side, link: side.link === null ? null : bytesToText(side.link) };
