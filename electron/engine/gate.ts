/**
 * Pauses a transfer. Roles come by where they slice their work, so they stop between tokens, and the connection is kept
 * alive meanwhile.
 */
export class Gate {
  #opened: Promise<void> | null = null;
  #open: () => void = () => {};

  get closed(): boolean {
    return this.#opened !== null;
  }

  /** Whoever comes by waits from now on. */
  close(): void {
    this.#opened ??= new Promise((resolve) => (this.#open = resolve));
  }

  open(): void {
    this.#opened = null;
    this.#open();
  }

  /** Resolves when it is open, or at an abort; the caller looks at the signal itself. */
  async passed(signal: AbortSignal): Promise<void> {
    while (this.#opened !== null && !signal.aborted) {
      let stop = (): void => {};
      const aborted = new Promise<void>((resolve) => {
        stop = () => resolve();
        signal.addEventListener('abort', stop, { once: true });
      });
      await Promise.race([this.#opened, aborted]);
      signal.removeEventListener('abort', stop);
    }
  }
}
