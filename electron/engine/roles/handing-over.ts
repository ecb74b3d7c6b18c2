import { checksumLength } from '../checksum/strong.ts';
import type { Connection } from '../connection.ts';
import { MAX_LITERAL } from '../delta/match.ts';
import { readFully } from '../delta/signature.ts';
import type { ReadFile } from '../fs/fs.ts';
import type { Agreement } from '../handshake/negotiate.ts';
import { tellsSums } from '../options/transfer-options.ts';
import type { Update } from './file-updates.ts';
import type { Pending, ReceiveState } from './receive-state.ts';

type Handover = NonNullable<Connection['transport']['handover']>;

/** From this size on the system copies a file; the roles would meet over smaller ones later than they are read. */
const COPIED_BYTES = 1 << 20;
/** Bytes the system copies between looks at the clock. */
const STEP_BYTES = 1 << 23;

/** Shows what of a file was read, sent, and found on the other side, in bytes. */
export type CountContent = (read: number, literal: number, matched: number) => void;

/**
 * The sender's part of handing contents over in a local copy (see `transport/handover.ts`). Nothing travels that could
 * be damaged on the way, so there is no sum of it.
 */
export class HandingOver {
  readonly #conn: Connection;
  readonly #handover: Handover;

  private constructor(conn: Connection, handover: Handover) {
    this.#conn = conn;
    this.#handover = handover;
  }

  /** @returns null in a conversation that cannot, or with whoever wants to see what is sent, or wants it slow */
  static within(conn: Connection): HandingOver | null {
    const { options, transport, agreed } = conn;
    const { handover } = transport;
    const seen = options.batch !== null || options.bwlimit > 0 || agreed.compression !== null || tellsSums(options);
    return handover === undefined || seen ? null : new HandingOver(conn, handover);
  }

  /** Whether enough waits for the receiver. */
  get full(): boolean {
    return this.#handover.full;
  }

  /** Waits until the receiver has taken some of it. */
  async room(): Promise<void> {
    this.#conn.output.flush();
    await this.#handover.room();
    this.#conn.check();
  }

  /** @returns whether the content was handed over; a file that cannot be read to its end is to be sent, to fail there */
  give(ndx: number, file: ReadFile, count: CountContent): boolean | Promise<boolean> {
    if (file.descriptor === undefined) return false;
    if (file.size >= COPIED_BYTES) return this.#offer(ndx, file, count);
    return this.#handover.put(ndx, file.size, (into, offset) => {
      try {
        return readFully(file, into, offset, file.size, 0) === file.size;
      } catch {
        return false;
      }
    });
  }

  /** The receiver has the system copy the file, if it can, and sees to it that all bytes were copied. */
  async #offer(ndx: number, file: ReadFile, count: CountContent): Promise<boolean> {
    const conn = this.#conn;
    const taken = this.#handover.offer(ndx, {
      file,
      size: file.size,
      copied: async (bytes) => {
        conn.check();
        count(bytes, bytes, 0);
        conn.input.lastArrival = Date.now();
        if (conn.sliceOver) await conn.pause();
      },
    });
    conn.output.flush();
    const done = await taken;
    conn.check();
    return done;
  }
}

/** The receiver's part: what is taken has no sum to compare. */
export class TakingOver {
  /** Bytes of the file under way that are there without having been sent. */
  taken = 0;
  /** What they count as. */
  counted = 0;
  readonly #state: ReceiveState;
  readonly #conn: Connection;
  readonly #handover: Handover | null;
  /** Whoever wants to see sums, or keeps all that comes in a batch file, which the sender knows nothing of. */
  readonly #needsTokens: boolean;

  constructor(state: ReceiveState) {
    this.#state = state;
    this.#conn = state.conn;
    this.#handover = state.conn.transport.handover ?? null;
    const { options } = state.conn;
    this.#needsTokens = tellsSums(options) || options.batch !== null;
    if (this.#handover) this.#handover.takesContents = !this.#needsTokens;
  }

  /** @returns whether the content is there; otherwise all of it is sent as ever, with its sum */
  take(pending: Pending, update: Update | null): boolean | Promise<boolean> {
    this.taken = this.counted = 0;
    if (this.#handover === null) return false;
    const content = this.#handover.get(pending.ndx);
    if (content === undefined) return this.#copy(this.#handover, pending, update);
    this.taken = content.length;
    if (content.length > 0) update?.output.write(content.from, content.offset, content.length);
    this.#count(pending, this.#bytesBefore(pending));
    return true;
  }

  /** The sender may offer the file itself, for the system to copy. */
  async #copy(handover: Handover, pending: Pending, update: Update | null): Promise<boolean> {
    const { input, progress } = this.#conn;
    const { entry } = pending;
    const { totals } = this.#state;
    const bytesBefore = this.#bytesBefore(pending);
    const taken = await handover.take(pending.ndx, async ({ file, size, copied }) => {
      if (update === null || update.manner !== 'apart' || this.#needsTokens) return false;
      const { output } = update;
      while (this.taken < size) {
        const length = output.copyFrom?.(file, this.taken, Math.min(STEP_BYTES, size - this.taken)) ?? 0;
        if (length === 0) break;
        this.taken += length;
        progress.nameBytes = this.taken;
        progress.bytesDone = Math.max(progress.bytesDone, bytesBefore + Math.min(this.taken, entry.size));
        progress.literal = totals.literal + this.taken;
        input.lastArrival = Date.now();
        await copied(this.taken);
        if (this.#conn.sliceOver) await this.#conn.pause();
      }
      return this.taken === size;
    });
    if (taken) {
      this.#count(pending, bytesBefore);
      return true;
    }
    if (this.taken > 0) update?.output.restart?.();
    this.taken = 0;
    return false;
  }

  /** A second attempt counts no bytes again: progress never runs backwards, and ends at the total. */
  #bytesBefore({ entry, again }: Pending): number {
    return this.#conn.progress.bytesDone - (again ? entry.size : 0);
  }

  #count({ entry }: Pending, bytesBefore: number): void {
    const { input, progress, agreed } = this.#conn;
    this.counted = copiedAs(this.taken, agreed);
    input.received += this.counted;
    progress.literal = this.#state.totals.literal += this.taken;
    progress.bytesDone = bytesBefore + entry.size;
  }
}

/** What content that did not travel counts as: the bytes of its tokens and its sum, as they would have been sent. */
export function copiedAs(size: number, { transferSum }: Agreement): number {
  return size + 4 * (Math.ceil(size / MAX_LITERAL) + 1) + checksumLength(transferSum);
}
