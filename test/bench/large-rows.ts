import { type BenchRun, ends, MIB } from './bench-run.ts';
import { makeTree } from './data.ts';
import { type Series, summarize } from './measure.ts';
import type { Limits, Outcome } from './outcome.ts';
import { firstCopy, unchanged } from './transfer-rows.ts';

const MILLION = 1_000_000;

/** A million files in a thousand folders, all of them on the other side already. */
export async function million(bench: BenchRun): Promise<Outcome[]> {
  const label = '1,000,000 files unchanged';
  const source = await bench.many(MILLION);
  const outcome = await unchanged(bench, { label, direction: 'push', source, limits: { then: 2, goal: 1 } });
  return [outcome, ...memory(`${label}: memory`, outcome, { then: 300, goal: 200 })];
}

/** A million files in one folder: no side can work by pieces of the list. */
export async function oneFolder(bench: BenchRun): Promise<Outcome[]> {
  const label = 'one folder of 1,000,000 entries';
  const source = await bench.flat(MILLION);
  const outcome = await firstCopy(bench, { label, direction: 'push', source, limits: { goal: 1.2 } });
  await bench.forget(`flat-${MILLION}`);
  return [outcome, ...memory(`${label}: memory`, outcome, { then: 600 })];
}

/** What memory cannot hold twice: each file is a name alone, on disk, and one tree is both source and destination. */
export async function tenMillion(bench: BenchRun): Promise<Outcome[]> {
  const label = '10,000,000 files, listed and compared (-n)';
  const [files, perFolder] = [10 * MILLION, 1000];
  // A name of this length costs some 24 bytes in a folder; each folder's first file is a real one.
  const needs = { bytes: 600 * MIB, entries: (2 * files) / perFolder };
  return bench.onDisk(needs, async (folder, lacking) => {
    if (lacking !== null) return [{ kind: 'note', label, text: lacking }];
    const tree = `${folder}/tree`;
    bench.say(`${label}: making the tree`);
    await makeTree(tree, { files, perFolder, maxSize: 0, linked: true }, bench.signal);
    const args = ['-an', ...ends('push', `${tree}/`, `${tree}/`)];
    const [ours, stock] = [bench.rig.driftline(args), bench.rig.rsync(args)];
    bench.say(`${label}: rsync`); // first, so that the names are in memory for both
    const theirs = summarize('rsync', [await bench.measure(stock)]);
    bench.say(`${label}: driftline`);
    const mine = summarize('driftline', [await bench.measure(ours)]);
    const outcome: Outcome = { kind: 'times', label, limits: {}, ours: mine, stock: theirs, others: [] };
    return [outcome, ...memory(`${label}: memory`, outcome, { goal: 4096 })];
  });
}

/** Peak memory of our process beside rsync's. */
function memory(label: string, outcome: Outcome, limits: Limits): Outcome[] {
  if (outcome.kind !== 'times') return [];
  const mib = ({ peaksKib }: Series): number[] => peaksKib.map((kib) => kib / 1024);
  const note = `rsync ${Math.max(...mib(outcome.stock)).toFixed(0)} MiB`;
  return [{ kind: 'figure', label, limits, samples: mib(outcome.ours), unit: 'MiB', note }];
}
