import type { ByteString } from '../../shared/model/path.ts';
import type { PlanCounts } from '../../shared/model/preview.ts';
import { ITEM } from '../../shared/itemize.ts';
import type { PlanReader } from '../../shared/plan-codec.ts';
import { inSlices } from './slices.ts';

/**
 * Which rows of a plan are carried out. Some need others: what is in a folder that is made needs the folder, a folder
 * that goes (or is replaced by something else) needs everything in it to go. Ticking takes along what is needed,
 * unticking what cannot be without. Passes over all rows are made in slices; changes wait for one another.
 */
export class PlanTicks {
  /** A byte for each row: 1 ticked, 0 not. */
  readonly bytes: Uint8Array;
  /** Grows with every change. */
  version = 0;
  readonly #reader: PlanReader;
  /** For a deletion the row that needs it, for another row the one it needs; -1 = none. */
  readonly #link: Int32Array;
  /** Rows from here on are deletions, contents before their folder. */
  #firstDeletion: number;
  /** Number of the rule that leaves a row out; made when there is one. */
  #rules: Uint16Array | null = null;
  #counts: Omit<PlanCounts, 'unchanged' | 'destinationTotal' | 'sourceTotal' | 'keptByFilter'> = NONE;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(reader: PlanReader) {
    this.#reader = reader;
    this.bytes = new Uint8Array(reader.length).fill(1);
    this.#link = new Int32Array(reader.length).fill(-1);
    this.#firstDeletion = reader.length;
  }

  /** @param deletions whether deletions are ticked to begin with */
  static async of(reader: PlanReader, deletions: boolean): Promise<PlanTicks> {
    const ticks = new PlanTicks(reader);
    await ticks.#findLinks();
    if (!deletions) ticks.bytes.fill(0, ticks.#firstDeletion);
    await ticks.#settle(false);
    return ticks;
  }

  /** What is ticked, with the totals of the whole plan. */
  counts({ unchanged, destinationTotal, sourceTotal, keptByFilter }: PlanCounts): PlanCounts {
    return { ...this.#counts, unchanged, destinationTotal, sourceTotal, keptByFilter };
  }

  /** Number of the rule that leaves the row out, or null. */
  excludedBy(row: number): number | null {
    const rule = this.#rules?.[row] ?? 0;
    return rule === 0 ? null : rule;
  }

  /** Whether ticking the row by itself means what is below it as well: folders that are made or deleted. */
  isWhole(row: number): boolean {
    return this.#reader.kind(row) === 'dir' && this.#reader.action(row) !== 'attributes';
  }

  /**
   * Ticks or unticks rows. What a rule leaves out stays out.
   * @param select finds the rows when it is this change's turn
   */
  set(select: () => Promise<Uint32Array>, ticked: boolean): Promise<void> {
    return this.#inTurn(async () => {
      const rows = await select();
      await inSlices(rows.length, (i) => {
        const row = rows[i]!;
        this.bytes[row] = ticked && this.excludedBy(row) === null ? 1 : 0;
      });
      await this.#settle(ticked);
    });
  }

  /** Leaves rows out for good. @param rule number of the rule, from 1; those of earlier ones move behind it */
  exclude(rows: Uint32Array, rule: number): Promise<void> {
    return this.#inTurn(async () => {
      const rules = (this.#rules ??= new Uint16Array(this.bytes.length));
      await inSlices(rules.length, (row) => {
        if (rules[row]! >= rule) rules[row]!++;
      });
      await inSlices(rows.length, (i) => {
        const row = rows[i]!;
        this.bytes[row] = 0;
        rules[row] ||= rule;
      });
      await this.#settle(false);
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    return done;
  }

  async #findLinks(): Promise<void> {
    const reader = this.#reader;
    const replacing = new Map<ByteString, number>();
    let open: { row: number; prefix: ByteString }[] = [];
    const innermost = (name: ByteString): number => {
      while (open.length > 0 && !name.startsWith(open.at(-1)!.prefix)) open.pop();
      return open.at(-1)?.row ?? -1;
    };
    await inSlices(reader.length, (row) => {
      if (reader.action(row) === 'delete') {
        this.#firstDeletion = Math.min(this.#firstDeletion, row);
        return;
      }
      const name = reader.name(row);
      const parent = innermost(name);
      if (parent >= 0 && reader.action(parent) !== 'attributes') this.#link[row] = parent;
      if (reader.kind(row) === 'dir') open.push({ row, prefix: name === '.' ? '' : `${name}/` });
      else if (reader.reason(row) === 'type') replacing.set(name, row);
    });
    open = [];
    const last = reader.length - 1;
    await inSlices(reader.length - this.#firstDeletion, (i) => {
      const row = last - i;
      const name = reader.name(row);
      let holder = innermost(name);
      if (holder < 0 && replacing.size > 0) {
        for (let slash = name.lastIndexOf('/'); slash > 0 && holder < 0; slash = name.lastIndexOf('/', slash - 1))
          holder = replacing.get(name.slice(0, slash)) ?? -1;
      }
      this.#link[row] = holder;
      if (reader.kind(row) === 'dir') open.push({ row, prefix: `${name}/` });
    });
  }

  /** Takes along what the last change means for other rows, and counts. */
  async #settle(ticked: boolean): Promise<void> {
    const { bytes } = this;
    const link = this.#link;
    const main = this.#firstDeletion;
    const last = bytes.length - 1;
    if (ticked) {
      await inSlices(main, (i) => {
        const row = main - 1 - i;
        if (bytes[row] && link[row]! >= 0) bytes[link[row]!] = 1;
      });
      await inSlices(bytes.length - main, (i) => {
        const row = last - i;
        if (link[row]! >= 0 && bytes[link[row]!]) bytes[row] = 1;
      });
    }
    // What a rule leaves out may be what was just taken along: then nothing can be had that needs it.
    if (!ticked || this.#rules !== null) {
      const rules = this.#rules;
      await inSlices(bytes.length - main, (i) => {
        const row = main + i;
        if (rules?.[row]) bytes[row] = 0;
        if (!bytes[row] && link[row]! >= 0) bytes[link[row]!] = 0;
      });
      await inSlices(main, (row) => {
        if (rules?.[row] || (link[row]! >= 0 && !bytes[link[row]!])) bytes[row] = 0;
      });
    }
    await this.#count();
  }

  async #count(): Promise<void> {
    const reader = this.#reader;
    const counts = { ...NONE };
    await inSlices(reader.length, (row) => {
      if (!this.bytes[row]) return;
      const action = reader.action(row);
      counts[action]++;
      if (reader.replacesNewer(row)) counts.replacesNewer++;
      if (action === 'delete') counts.deleteSize += reader.contentSize(row);
      else if (reader.iflags(row) & ITEM.transfer) counts.transferSize += reader.contentSize(row);
    });
    this.#counts = counts;
    this.version++;
  }
}

const NONE = { create: 0, update: 0, attributes: 0, delete: 0, transferSize: 0, deleteSize: 0, replacesNewer: 0 };
