import type { ReadFile } from '../fs/fs.ts';

/** A file whose content the sender would rather hand over than send. */
export interface Offer {
  readonly file: ReadFile;
  /** Bytes to copy from the beginning of the file. */
  readonly size: number;
  /** Is told of progress, in bytes copied, and may take its time (a transfer can be paused). Rejects when the run ended. */
  copied(bytes: number): Promise<void>;
}

/** The whole content of a file: `length` bytes of `from`, beginning at `offset`. Good until the next turn. */
export interface Content {
  readonly from: Buffer;
  readonly offset: number;
  readonly length: number;
}

/** Bytes of small files that may wait; one file may go beyond. */
const ROOM = 2 << 20;
const SLAB = 256 << 10;

/**
 * Between the two ends of an in-process pair: contents of files need not travel from one to the other as tokens.
 *
 * A small file is read by the sender, and its bytes wait here until the receiver comes to the reply, behind whose head
 * nothing follows then. A large one the system can copy: the sender offers the open file after the head of its reply; the
 * receiver, when it comes to that reply, either copies it or declines, and then the content follows as ever.
 */
export class Handover {
  /** Set by a receiver that takes what waits for it, whatever becomes of it there. */
  takesContents = false;
  readonly #contents = new Map<number, Content>();
  #waiting = 0;
  #slab = Buffer.alloc(0);
  #used = 0;
  #onRoom: (() => void) | null = null;
  #pending: { index: number; offer: Offer; answer: (taken: boolean) => void } | null = null;
  #closed = false;

  /**
   * Leaves a small file's content for the receiver.
   * @param index of the file in the lists
   * @param read puts `length` bytes into `into` at `offset`; returns whether it could
   * @returns whether the receiver will find it; if not, it is to be sent
   */
  put(index: number, length: number, read: (into: Buffer, offset: number) => boolean): boolean {
    if (!this.takesContents || this.#closed) return false;
    // What waited has all been taken: its memory serves again.
    if (this.#contents.size === 0) this.#used = 0;
    if (this.#used + length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB, length));
      this.#used = 0;
    }
    const content = { from: this.#slab, offset: this.#used, length };
    if (!read(content.from, content.offset)) return false;
    this.#used += length;
    this.#waiting += length;
    this.#contents.set(index, content);
    return true;
  }

  /** Whether so much waits that the sender has to. */
  get full(): boolean {
    return this.#waiting > ROOM;
  }

  /** Resolves when there is room again, or nobody will come for what waits. */
  async room(): Promise<void> {
    if (this.full) await new Promise<void>((resolve) => (this.#onRoom = resolve));
  }

  /** @returns the content that waits for this reply, to be used at once; undefined: there is none */
  get(index: number): Content | undefined {
    const content = this.#contents.get(index);
    if (content === undefined) return undefined;
    this.#contents.delete(index);
    this.#waiting -= content.length;
    if (this.#onRoom !== null && this.#waiting <= ROOM / 2) this.#releaseSender();
    return content;
  }

  /**
   * @param index of the file in the lists
   * @returns whether the content was taken; if not, it is to be sent
   */
  offer(index: number, offer: Offer): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    return new Promise((answer) => (this.#pending = { index, offer, answer }));
  }

  /**
   * Looks for an offer and has it answered.
   * @param copy copies the file; what it throws, the sender takes for "declined"
   * @returns what `copy` did, or false where nothing is offered
   */
  async take(index: number, copy: (offer: Offer) => Promise<boolean>): Promise<boolean> {
    const pending = this.#pending;
    if (pending?.index !== index) return false;
    this.#pending = null;
    let taken = false;
    try {
      taken = await copy(pending.offer);
    } finally {
      pending.answer(taken);
    }
    return taken;
  }

  /** The pair is gone: nobody will come for what is here. */
  close(): void {
    this.#closed = true;
    this.#contents.clear();
    this.#waiting = 0;
    this.#slab = Buffer.alloc(0);
    this.#releaseSender();
    this.#pending?.answer(false);
    this.#pending = null;
  }

  #releaseSender(): void {
    this.#onRoom?.();
    this.#onRoom = null;
  }
}
