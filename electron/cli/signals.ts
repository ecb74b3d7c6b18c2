const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** rsync's code for an end by a signal. */
const EXIT_SIGNAL = 20;

/**
 * Calls `stop` at the first signal that asks this process to end, so that it can leave everything in order; a second
 * one ends it at once (what it leaves then is swept at the next start).
 * @returns a function that gives the signals back
 */
export function onStopSignals(stop: () => void): () => void {
  let asked = false;
  const handler = (): void => {
    if (asked) process.exit(EXIT_SIGNAL);
    asked = true;
    stop();
  };
  for (const signal of SIGNALS) process.on(signal, handler);
  return () => {
    for (const signal of SIGNALS) process.off(signal, handler);
  };
}
