import { type BenchRun, GIB } from './bench-run.ts';
import { memoryGrowth } from './memory-row.ts';
import type { Outcome } from './outcome.ts';
import { delayInRun, planMillion } from './service-rows.ts';
import { startSlowLink } from './slow-link.ts';
import { delta, firstCopy, literalBytes, unchanged } from './transfer-rows.ts';

export interface Row {
  /** What `--only` is matched against, beside the labels of its outcomes. */
  key: string;
  /** Runs with `--all` only, or when `--only` asks for it. */
  long?: boolean;
  run(bench: BenchRun): Promise<Outcome[]>;
}

const note = (label: string, text: string): Outcome => ({ kind: 'note', label, text });

/** The table of limits, row by row. */
export const ROWS: readonly Row[] = [
  {
    key: 'push',
    run: async (bench) => [
      await firstCopy(bench, {
        label: 'push 1 GiB fresh',
        direction: 'push',
        source: bench.big(),
        limits: { first: 3, then: 1.1, goal: 0.9 },
      }),
    ],
  },
  {
    key: 'pull',
    run: async (bench) => [
      await firstCopy(bench, {
        label: 'pull 1 GiB fresh',
        direction: 'pull',
        source: bench.big(),
        limits: { first: 3, then: 1.1, goal: 0.9 },
      }),
    ],
  },
  { key: 'delta', run: async (bench) => [await delta(bench, 'push'), await delta(bench, 'pull')] },
  { key: 'literal', run: async (bench) => [await literalBytes(bench, 'push'), await literalBytes(bench, 'pull')] },
  {
    key: 'small',
    run: async (bench) => [
      await firstCopy(bench, {
        label: '20,000 small files, first copy',
        direction: 'push',
        source: bench.small(20_000),
        limits: { first: 3, then: 1.3, goal: 1 },
      }),
      await unchanged(bench, {
        label: '20,000 files unchanged',
        direction: 'push',
        source: bench.small(20_000),
        limits: { first: 3, then: 1.5, goal: 1 },
      }),
    ],
  },
  {
    key: 'hundred-thousand',
    long: true,
    run: async (bench) => [
      await firstCopy(bench, {
        label: '100,000 small files, first copy',
        direction: 'push',
        source: bench.small(100_000),
        limits: { then: 1.3, goal: 1 },
      }),
      await unchanged(bench, {
        label: '100,000 files unchanged',
        direction: 'push',
        source: bench.small(100_000),
        limits: { then: 1.5, goal: 1 },
      }),
    ],
  },
  { key: 'million', long: true, run: million },
  { key: 'one-folder', long: true, run: oneFolder },
  { key: 'ten-million', run: () => Promise.resolve([note('10,000,000 files', 'not built')]) },
  {
    key: 'local',
    long: true,
    run: async (bench) => [
      await firstCopy(bench, {
        label: 'local copy, 1 GiB',
        direction: 'local',
        source: bench.big(),
        limits: { then: 0.6, goal: 0.5 },
      }),
      await firstCopy(bench, {
        label: 'local copy, 20,000 files',
        direction: 'local',
        source: bench.small(20_000),
        limits: { then: 1, goal: 0.8 },
      }),
    ],
  },
  { key: 'slow', long: true, run: slow },
  { key: 'memory', run: async (bench) => [await memoryGrowth(bench, 'push'), await memoryGrowth(bench, 'pull')] },
  { key: 'plan', long: true, run: planMillion },
  { key: 'watch', run: () => Promise.resolve([note('watch mode: one file changed among 1 M', 'not built')]) },
  { key: 'service-delay', run: async (bench) => [await delayInRun(bench)] },
  {
    key: 'totals',
    run: () => Promise.resolve([note('totals exact to 10 TB, lengths > 2^53 refused', 'see tests')]),
  },
];

async function million(bench: BenchRun): Promise<Outcome[]> {
  const label = '1,000,000 files unchanged';
  const lacking = bench.lacksSpace(6 * GIB);
  if (lacking !== null) return [note(label, lacking)];
  const source = bench.small(1_000_000, 'empty');
  const outcome = await unchanged(bench, { label, direction: 'push', source, limits: { then: 2, goal: 1 } });
  return [outcome, peak(`${label}: memory`, outcome, { then: 300, goal: 200 })];
}

async function oneFolder(bench: BenchRun): Promise<Outcome[]> {
  const label = 'one folder of 1,000,000 entries';
  const lacking = bench.lacksSpace(6 * GIB);
  if (lacking !== null) return [note(label, lacking)];
  const source = bench.flat(1_000_000);
  const outcome = await firstCopy(bench, { label, direction: 'push', source, limits: { goal: 1.2 } });
  bench.forget('flat-1000000');
  return [outcome, peak(`${label}: memory`, outcome, { then: 600 })];
}

function peak(label: string, outcome: Outcome, limits: { then?: number; goal?: number }): Outcome {
  if (outcome.kind !== 'times') return outcome;
  const [ours, stock] = [outcome.ours.peakKib / 1024, outcome.stock.peakKib / 1024];
  return { kind: 'figure', label, limits, value: ours, unit: 'MiB', note: `rsync ${stock.toFixed(0)} MiB` };
}

const ONE_WAY_MS = 50;

async function slow(bench: BenchRun): Promise<Outcome[]> {
  const link = await startSlowLink(bench.rig.sshd.port, ONE_WAY_MS);
  bench.rig.slowPort(link.port);
  try {
    const about = { direction: 'push', route: 'slow', limits: { then: 1.1, goal: 1 } } as const;
    return [
      await firstCopy(bench, { ...about, label: '100 ms round trip, 5,000 files first', source: bench.small(5000) }),
      await unchanged(bench, { ...about, label: '100 ms round trip, 20,000 unchanged', source: bench.small(20_000) }),
    ];
  } finally {
    await link.close();
  }
}
