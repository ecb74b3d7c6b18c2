import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchRun, type Direction, ends, GIB, MIB } from './bench-run.ts';
import { empty, noiseFile } from './data.ts';
import { measure } from './measure.ts';
import type { Outcome } from './outcome.ts';

const [SMALL, LARGE] = [64 * MIB, 4 * GIB];

/** Peak memory of the process with a file of 4 GiB, minus the same with one of 64 MiB. */
export async function memoryGrowth(bench: BenchRun, direction: Direction): Promise<Outcome> {
  const label = `memory at 4 GiB minus at 64 MiB, ${direction}`;
  const lacking = bench.lacksSpace(9 * GIB);
  if (lacking !== null) return { kind: 'note', label, text: lacking };
  const target = bench.path('target');
  const peak = async (name: string, size: number): Promise<number> => {
    const source = bench.data(name, (path) => {
      mkdirSync(path);
      noiseFile(join(path, 'big.bin'), size, name);
    });
    empty(target);
    bench.say(`${label}: ${name}`);
    const { peakKib } = await measure(bench.rig.driftline(['-a', ...ends(direction, `${source}/`, `${target}/`)]));
    return peakKib / 1024;
  };
  const small = await peak('64-mib', SMALL);
  const large = await peak('4-gib', LARGE);
  bench.forget('target');
  return {
    kind: 'figure',
    label,
    limits: { first: 40, then: 40, goal: 40 },
    value: large - small,
    unit: 'MiB',
    note: `${large.toFixed(0)} MiB and ${small.toFixed(0)} MiB`,
  };
}
