import { fail } from '../../shared/errors.ts';

/** So many runs at a time; the others wait in the order they came. */
export class RunSlots {
  readonly #limit: () => number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  /** @param limit asked each time, so that a change of the settings counts at once */
  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /** Whether `take` would have to wait. */
  get full(): boolean {
    return this.#taken >= this.#limit();
  }

  /**
   * Resolves when it is this one's turn, with the way to give the place back.
   * @throws DriftlineError `cancelled` when the signal comes first
   */
  async take(signal: AbortSignal): Promise<() => void> {
    if (this.full || this.#waiting.length > 0) await this.#turn(signal);
    else this.#taken++;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#taken--;
      this.admit();
    };
  }

  /** Lets in whoever there is room for; call it when the limit may have grown. */
  admit(): void {
    while (!this.full) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#taken++;
      next();
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        const place = this.#waiting.indexOf(enter);
        if (place >= 0) this.#waiting.splice(place, 1);
        reject(fail('cancelled', 'cancelled', 'The run was cancelled before its turn came.'));
      };
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      if (signal.aborted) return leave();
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(enter);
    });
  }
}
