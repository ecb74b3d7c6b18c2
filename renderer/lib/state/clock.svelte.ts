const TICK_MS = 30_000;

/** The present time for "2 hours ago", moved on every half minute. */
export class Clock {
  #now = $state(Date.now());

  get now(): number {
    return this.#now;
  }

  /** Starts ticking; the returned function stops it. */
  start(): () => void {
    const timer = setInterval(() => (this.#now = Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }

  /** An event just happened: "just now" must not lie in the future of the last tick. */
  touch(): void {
    this.#now = Date.now();
  }
}
