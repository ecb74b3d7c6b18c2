import { ItemKind, PlanAction, PlanReason } from './model/preview.ts';
import type { ByteString } from './model/path.ts';

/**
 * A plan as one flat buffer: it crosses from the planning worker to the service and back to the running worker by
 * transfer, without an object per row. In the byte order of the machine, which it never leaves:
 *
 *   header  "DLPLAN02", u32 rows, u32 bytes of text, 16 bytes reserved
 *   columns one after the other, each with an element per row, in the order of `COLUMNS`
 *   text    of each row: name, link target in the source, link target at the destination
 */
export interface PlanItem {
  name: ByteString;
  kind: ItemKind;
  action: PlanAction;
  reason: PlanReason;
  /** Item flags expected at run time (protocol reference §7.2); 0 for deletions. */
  iflags: number;
  source: PlanItemSide | null;
  destination: PlanItemSide | null;
}

/** One side of an item. Sizes in bytes, times in seconds since 1970. */
export interface PlanItemSide {
  size: number;
  mtime: number;
  /** `st_mode`, file type included. */
  mode: number;
  uid: number;
  gid: number;
  /** Target of a symbolic link. */
  link: ByteString | null;
}

const MAGIC = 'DLPLAN02';
// A byte is the position in the model's own list, so neither can name a value the other lacks.
const KINDS = ItemKind.options;
const ACTIONS = PlanAction.options;
const REASONS = PlanReason.options;
const HEADER = 32;
const HAS_SOURCE = 1;
const HAS_DESTINATION = 2;

/** Widest elements first, so that every column is aligned. */
const COLUMNS = {
  sourceSize: Float64Array,
  sourceMtime: Float64Array,
  destinationSize: Float64Array,
  destinationMtime: Float64Array,
  iflags: Uint32Array,
  /** Where the text of the row begins. */
  text: Uint32Array,
  sourceUid: Uint32Array,
  sourceGid: Uint32Array,
  destinationUid: Uint32Array,
  destinationGid: Uint32Array,
  sourceMode: Uint16Array,
  destinationMode: Uint16Array,
  nameLength: Uint16Array,
  sourceLinkLength: Uint16Array,
  destinationLinkLength: Uint16Array,
  kind: Uint8Array,
  action: Uint8Array,
  reason: Uint8Array,
  sides: Uint8Array,
} as const;
type ColumnName = keyof typeof COLUMNS;
type Columns = { [K in ColumnName]: InstanceType<(typeof COLUMNS)[K]> };
const NAMES = Object.keys(COLUMNS) as ColumnName[];
const ROW_BYTES = NAMES.reduce((sum, name) => sum + COLUMNS[name].BYTES_PER_ELEMENT, 0);

/** The columns of a buffer that has room for `rows`, and where the text begins. */
function columnsIn(buffer: ArrayBuffer, start: number, rows: number): { columns: Columns; textStart: number } {
  let at = start;
  const columns: Partial<Record<ColumnName, unknown>> = {};
  for (const name of NAMES) {
    const Column = COLUMNS[name];
    columns[name] = new Column(buffer, at, rows);
    at += rows * Column.BYTES_PER_ELEMENT;
  }
  return { columns: columns as Columns, textStart: at };
}

/** Collects rows in flat columns that grow; no object per row is kept. */
export class PlanWriter {
  #capacity = 256;
  #columns = columnsIn(new ArrayBuffer(this.#capacity * ROW_BYTES), 0, this.#capacity).columns;
  #text = new Uint8Array(16384);
  #rows = 0;
  #textLength = 0;

  get length(): number {
    return this.#rows;
  }

  add(item: PlanItem): void {
    if (this.#rows === this.#capacity) this.#grow();
    const row = this.#rows++;
    const { source, destination } = item;
    const c = this.#columns;
    c.kind[row] = KINDS.indexOf(item.kind);
    c.action[row] = ACTIONS.indexOf(item.action);
    c.reason[row] = REASONS.indexOf(item.reason);
    c.sides[row] = (source ? HAS_SOURCE : 0) | (destination ? HAS_DESTINATION : 0);
    c.iflags[row] = item.iflags;
    c.text[row] = this.#textLength;
    c.nameLength[row] = this.#write(item.name);
    if (source) {
      c.sourceSize[row] = source.size;
      c.sourceMtime[row] = source.mtime;
      c.sourceMode[row] = source.mode;
      c.sourceUid[row] = source.uid;
      c.sourceGid[row] = source.gid;
      c.sourceLinkLength[row] = source.link === null ? 0 : this.#write(source.link);
    }
    if (destination) {
      c.destinationSize[row] = destination.size;
      c.destinationMtime[row] = destination.mtime;
      c.destinationMode[row] = destination.mode;
      c.destinationUid[row] = destination.uid;
      c.destinationGid[row] = destination.gid;
      c.destinationLinkLength[row] = destination.link === null ? 0 : this.#write(destination.link);
    }
  }

  /** The plan in a buffer of its own; rows may still be added afterwards. */
  finish(): Uint8Array {
    const bytes = new Uint8Array(HEADER + this.#rows * ROW_BYTES + this.#textLength);
    for (let i = 0; i < MAGIC.length; i++) bytes[i] = MAGIC.charCodeAt(i);
    new Uint32Array(bytes.buffer, 8, 2).set([this.#rows, this.#textLength]);
    const { columns, textStart } = columnsIn(bytes.buffer, HEADER, this.#rows);
    for (const name of NAMES) columns[name].set(this.#columns[name].subarray(0, this.#rows));
    bytes.set(this.#text.subarray(0, this.#textLength), textStart);
    return bytes;
  }

  #write(text: ByteString): number {
    const end = this.#textLength + text.length;
    if (end > this.#text.length) {
      const larger = new Uint8Array(Math.max(end, this.#text.length * 2));
      larger.set(this.#text);
      this.#text = larger;
    }
    for (let i = 0; i < text.length; i++) this.#text[this.#textLength + i] = text.charCodeAt(i);
    this.#textLength = end;
    return text.length;
  }

  #grow(): void {
    this.#capacity *= 2;
    const { columns } = columnsIn(new ArrayBuffer(this.#capacity * ROW_BYTES), 0, this.#capacity);
    for (const name of NAMES) columns[name].set(this.#columns[name]);
    this.#columns = columns;
  }
}

/** Encodes a plan. Row order is kept. */
export function encodePlan(items: Iterable<PlanItem>): Uint8Array {
  const writer = new PlanWriter();
  for (const item of items) writer.add(item);
  return writer.finish();
}

/** Reads rows of an encoded plan on demand. Throws RangeError when the buffer is not a whole plan. */
export class PlanReader {
  readonly length: number;
  readonly #columns: Columns;
  readonly #text: Uint8Array;

  constructor(bytes: Uint8Array) {
    if (bytes.length < HEADER || String.fromCharCode(...bytes.subarray(0, 8)) !== MAGIC)
      throw new RangeError('not a plan');
    const [rows, text] = new Uint32Array(bytes.buffer, bytes.byteOffset + 8, 2) as unknown as [number, number];
    if (bytes.length !== HEADER + rows * ROW_BYTES + text) throw new RangeError('plan is cut short');
    this.length = rows;
    const { columns, textStart } = columnsIn(bytes.buffer as ArrayBuffer, bytes.byteOffset + HEADER, rows);
    this.#columns = columns;
    this.#text = new Uint8Array(bytes.buffer, textStart, text);
  }

  action(row: number): PlanAction {
    return ACTIONS[this.#columns.action[this.#checked(row)]!]!;
  }

  kind(row: number): ItemKind {
    return KINDS[this.#columns.kind[this.#checked(row)]!]!;
  }

  reason(row: number): PlanReason {
    return REASONS[this.#columns.reason[this.#checked(row)]!]!;
  }

  /** Bytes of content in the source, or at the destination of what is deleted; only files have any. */
  contentSize(row: number): number {
    if (this.kind(row) !== 'file') return 0;
    return this.#columns.sides[row]! & HAS_SOURCE
      ? this.#columns.sourceSize[row]!
      : this.#columns.destinationSize[row]!;
  }

  /** Whether a file takes the place of a later one. */
  replacesNewer(row: number): boolean {
    const { sourceMtime, destinationMtime } = this.#columns;
    return this.action(row) === 'update' && this.kind(row) === 'file' && destinationMtime[row]! > sourceMtime[row]!;
  }

  /** Item flags expected at run time. */
  iflags(row: number): number {
    return this.#columns.iflags[this.#checked(row)]!;
  }

  name(row: number): ByteString {
    return this.#textAt(this.#columns.text[this.#checked(row)]!, this.#columns.nameLength[row]!);
  }

  /** The bytes of a name, without a copy. */
  nameBytes(row: number): Uint8Array {
    const at = this.#columns.text[this.#checked(row)]!;
    return this.#text.subarray(at, at + this.#columns.nameLength[row]!);
  }

  item(row: number): PlanItem {
    const c = this.#columns;
    const sides = c.sides[this.#checked(row)]!;
    const sourceLink = c.text[row]! + c.nameLength[row]!;
    const destinationLink = sourceLink + c.sourceLinkLength[row]!;
    const link = (at: number, length: number): ByteString | null => (length === 0 ? null : this.#textAt(at, length));
    return {
      name: this.name(row),
      kind: this.kind(row),
      action: this.action(row),
      reason: this.reason(row),
      iflags: c.iflags[row]!,
      source:
        sides & HAS_SOURCE
          ? {
              ...{ size: c.sourceSize[row]!, mtime: c.sourceMtime[row]!, mode: c.sourceMode[row]! },
              ...{ uid: c.sourceUid[row]!, gid: c.sourceGid[row]!, link: link(sourceLink, c.sourceLinkLength[row]!) },
            }
          : null,
      destination:
        sides & HAS_DESTINATION
          ? {
              ...{ size: c.destinationSize[row]!, mtime: c.destinationMtime[row]!, mode: c.destinationMode[row]! },
              ...{ uid: c.destinationUid[row]!, gid: c.destinationGid[row]! },
              link: link(destinationLink, c.destinationLinkLength[row]!),
            }
          : null,
    };
  }

  #textAt(at: number, length: number): ByteString {
    // One call for what is short, as names are: argument lists have their limits.
    if (length <= 4096)
      return String.fromCharCode.apply(null, this.#text.subarray(at, at + length) as unknown as number[]);
    let text = '';
    for (let i = 0; i < length; i++) text += String.fromCharCode(this.#text[at + i]!);
    return text;
  }

  #checked(row: number): number {
    if (!(row >= 0 && row < this.length)) throw new RangeError(`no plan row ${row}`);
    return row;
  }
}
