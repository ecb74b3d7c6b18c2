import { ItemKind, PlanAction, PlanReason } from './model/preview.ts';
import type { ByteString } from './model/path.ts';

/**
 * A plan as one flat buffer: it crosses from the planning worker to the service and back to the running worker by
 * transfer, without an object per row. Little-endian:
 *
 *   header  "DLPLAN01", u32 rows, u32 reserved
 *   offsets u32 × rows (from the start of the buffer)
 *   row     u8 kind, u8 action, u8 reason, u8 sides (1 source, 2 destination), u32 iflags,
 *           f64 source size, f64 source mtime, f64 destination size, f64 destination mtime, u16 length, name bytes
 */
export interface PlanItem {
  name: ByteString;
  kind: ItemKind;
  action: PlanAction;
  reason: PlanReason;
  /** Item flags expected at run time (protocol reference §7.2); 0 for deletions. */
  iflags: number;
  source: { size: number; mtime: number } | null;
  destination: { size: number; mtime: number } | null;
}

const MAGIC = 'DLPLAN01';
// A byte on the wire is the position in the model's own list, so neither can name a value the other lacks.
const KINDS = ItemKind.options;
const ACTIONS = PlanAction.options;
const REASONS = PlanReason.options;
const HEADER = 16;
const FIXED = 42;

/** Encodes a plan. Row order is kept. */
export function encodePlan(items: readonly PlanItem[]): Uint8Array {
  let size = HEADER + items.length * 4;
  for (const item of items) size += FIXED + item.name.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < MAGIC.length; i++) bytes[i] = MAGIC.charCodeAt(i);
  view.setUint32(8, items.length, true);
  let at = HEADER + items.length * 4;
  items.forEach((item, row) => {
    view.setUint32(HEADER + row * 4, at, true);
    bytes[at] = KINDS.indexOf(item.kind);
    bytes[at + 1] = ACTIONS.indexOf(item.action);
    bytes[at + 2] = REASONS.indexOf(item.reason);
    bytes[at + 3] = (item.source ? 1 : 0) | (item.destination ? 2 : 0);
    view.setUint32(at + 4, item.iflags, true);
    view.setFloat64(at + 8, item.source?.size ?? 0, true);
    view.setFloat64(at + 16, item.source?.mtime ?? 0, true);
    view.setFloat64(at + 24, item.destination?.size ?? 0, true);
    view.setFloat64(at + 32, item.destination?.mtime ?? 0, true);
    view.setUint16(at + 40, item.name.length, true);
    for (let i = 0; i < item.name.length; i++) bytes[at + FIXED + i] = item.name.charCodeAt(i);
    at += FIXED + item.name.length;
  });
  return bytes;
}

/** Reads rows of an encoded plan on demand. Throws RangeError when the buffer is not a whole plan. */
export class PlanReader {
  readonly length: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < HEADER || String.fromCharCode(...bytes.subarray(0, 8)) !== MAGIC)
      throw new RangeError('not a plan');
    this.length = this.#view.getUint32(8, true);
    if (HEADER + this.length * 4 > bytes.length) throw new RangeError('plan is cut short');
  }

  action(row: number): PlanAction {
    return ACTIONS[this.#bytes[this.#offset(row) + 1]!]!;
  }

  name(row: number): ByteString {
    const at = this.#offset(row);
    const length = this.#view.getUint16(at + 40, true);
    let name = '';
    for (let i = 0; i < length; i++) name += String.fromCharCode(this.#bytes[at + FIXED + i]!);
    return name;
  }

  item(row: number): PlanItem {
    const at = this.#offset(row);
    const sides = this.#bytes[at + 3]!;
    const side = (bit: number, size: number, mtime: number) =>
      sides & bit
        ? { size: this.#view.getFloat64(at + size, true), mtime: this.#view.getFloat64(at + mtime, true) }
        : null;
    return {
      name: this.name(row),
      kind: KINDS[this.#bytes[at]!]!,
      action: this.action(row),
      reason: REASONS[this.#bytes[at + 2]!]!,
      iflags: this.#view.getUint32(at + 4, true),
      source: side(1, 8, 16),
      destination: side(2, 24, 32),
    };
  }

  #offset(row: number): number {
    if (row < 0 || row >= this.length) throw new RangeError(`no plan row ${row}`);
    return this.#view.getUint32(HEADER + row * 4, true);
  }
}
