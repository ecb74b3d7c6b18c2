/** A deadline that stands still while a person is being asked. */
export class HoldTimer {
  readonly #ms: number;
  readonly #expire: () => void;
  #timer: NodeJS.Timeout | null = null;
  #held = 0;
  #wanted = false;

  /** @param ms length of each run of the timer */
  constructor(ms: number, expire: () => void) {
    this.#ms = ms;
    this.#expire = expire;
  }

  /** Starts over. */
  start(): void {
    this.#wanted = true;
    this.#clear();
    if (this.#held === 0) this.#timer = setTimeout(this.#expire, this.#ms);
  }

  stop(): void {
    this.#wanted = false;
    this.#clear();
  }

  /** Runs `action` with the timer held; afterwards a running timer starts over. */
  async hold<T>(action: () => Promise<T>): Promise<T> {
    this.#held++;
    this.#clear();
    try {
      return await action();
    } finally {
      this.#held--;
      if (this.#wanted && this.#held === 0) this.start();
    }
  }

  #clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
