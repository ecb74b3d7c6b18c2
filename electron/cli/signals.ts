const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** rsync's code for an end by a signal. */
const EXIT_SIGNAL = 20;
/** Within this many milliseconds it is the same wish: the store's file writer sends each signal to the process again. */
const SAME_MS = 500;

/**
 * Calls `stop` at the first signal that asks this process to end, so that it can leave everything in order; a second
 * one ends it at once (what it leaves then is swept at the next start).
 * @returns a function that gives the signals back
 */
export function onStopSignals(stop: () => void): () => void {
  let askedAt: number | null = null;
  const handler = (): void => {
    if (askedAt === null) {
      askedAt = performance.now();
      stop();
    } else if (performance.now() - askedAt > SAME_MS) process.exit(EXIT_SIGNAL);
  };
  for (const signal of SIGNALS) process.on(signal, handler);
  return () => {
    for (const signal of SIGNALS) process.off(signal, handler);
  };
}
