import { type BenchRun, type Direction, ends, GIB, MIB } from './bench-run.ts';
import type { Outcome } from './outcome.ts';
import { TARGET } from './transfer-rows.ts';

const [SMALL, LARGE] = [64 * MIB, 4 * GIB];
/** Each takes a transfer of 4 GiB. */
const MOST_RUNS = 3;

/** Peak memory of the process with a file of 4 GiB, minus the same with one of 64 MiB. */
export async function memoryGrowth(bench: BenchRun, direction: Direction): Promise<Outcome> {
  const label = `memory at 4 GiB minus at 64 MiB, ${direction}`;
  const target = bench.path(TARGET);
  const peak = async (name: string, size: number): Promise<number> => {
    const source = await bench.oneFile(name, size);
    await bench.empty(target);
    bench.say(`${label}: ${name}`);
    const command = bench.rig.driftline(['-a', ...ends(direction, `${source}/`, `${target}/`)]);
    return (await bench.measure(command)).peakKib / 1024;
  };
  const samples: number[] = [];
  const peaks: string[] = [];
  for (let i = 0; i < Math.min(bench.runs, MOST_RUNS); i++) {
    const [small, large] = [await peak('64-mib', SMALL), await peak('4-gib', LARGE)];
    samples.push(large - small);
    peaks.push(`${large.toFixed(0)} − ${small.toFixed(0)}`);
  }
  await bench.forget(TARGET);
  const limits = { first: 40, then: 40, goal: 40 };
  return { kind: 'figure', label, limits, samples, unit: 'MiB', note: `${peaks.join(', ')} MiB` };
}
