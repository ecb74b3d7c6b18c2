/** Longest stretch of work between two turns of the event loop, in milliseconds. */
const SLICE_MS = 4;
/** Steps between two looks at the clock. */
const STEPS = 512;

/** Calls `step` for 0 … length−1, in slices that leave the event loop free in between. */
export async function inSlices(length: number, step: (index: number) => void): Promise<void> {
  let end = performance.now() + SLICE_MS;
  for (let from = 0; from < length; from += STEPS) {
    const to = Math.min(length, from + STEPS);
    for (let i = from; i < to; i++) step(i);
    if (performance.now() < end) continue;
    await new Promise<void>((resolve) => setImmediate(resolve));
    end = performance.now() + SLICE_MS;
  }
}
