import type { ReadFile } from '../fs/fs.ts';

/** A file whose content the sender would rather hand over than send. */
export interface Offer {
  readonly file: ReadFile;
  /** Bytes to copy from the beginning of the file. */
  readonly size: number;
  /** Is told of progress, in bytes copied, and may take its time (a transfer can be paused). Rejects when the run ended. */
  copied(bytes: number): Promise<void>;
}

/**
 * Between the two ends of an in-process pair: contents of large files need not travel from one to the other, the system
 * can copy them. The sender offers an open file after the head of its reply; the receiver, when it comes to that reply,
 * either copies it or declines, and then the content follows as ever.
 */
export class Handover {
  #pending: { index: number; offer: Offer; answer: (taken: boolean) => void } | null = null;
  #closed = false;

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

  /** The pair is gone: nobody will come for what is offered. */
  close(): void {
    this.#closed = true;
    this.#pending?.answer(false);
    this.#pending = null;
  }
}
