import { type BenchRun, type Direction, ends, GIB, MIB, type Needs } from './bench-run.ts';
import { million, oneFolder, tenMillion } from './large-rows.ts';
import { memoryGrowth } from './memory-row.ts';
import type { Limits, Outcome } from './outcome.ts';
import { delayInRun, delayOfChoosing, planMillion } from './service-rows.ts';
import { firstBytes } from './start-row.ts';
import { delta, firstCopy, literalBytes, TARGET, unchanged } from './transfer-rows.ts';

export interface Row {
  /** What `--only` is matched against. */
  key: string;
  /** Stands for the row where nothing was measured. */
  label: string;
  /** Takes minutes: runs with `--all` only, or when `--only` asks for it. */
  long?: boolean;
  /** Room in the scratch folder. */
  needs?: Needs;
  /** May reject: the others go on. */
  run(bench: BenchRun): Promise<Outcome[]>;
}

const BIG: Limits = { first: 3, then: 1.1, goal: 0.9 };
const LISTS: Needs = { bytes: 6 * GIB, entries: 2_010_000 };

const big = (direction: Direction): Row => ({
  key: direction,
  label: `${direction} 1 GiB fresh`,
  needs: { bytes: 2.2 * GIB },
  run: async (bench) => [
    await firstCopy(bench, {
      ...{ label: `${direction} 1 GiB fresh`, direction, limits: BIG, others: 'always' },
      source: await bench.big(),
    }),
  ],
});

/** A row of files: copied, or there already. */
function files(row: {
  key: string;
  label: string;
  count: number;
  direction?: Direction;
  what: 'first' | 'unchanged';
  limits: Limits;
  slow?: boolean;
  long?: boolean;
}): Row {
  const { key, label, count, what, limits, direction = 'push', slow = false, long = slow } = row;
  return {
    ...{ key, label, long },
    // Twice, and each small file takes a page and an inode.
    needs: { bytes: 2 * count * 6 * 1024, entries: count * 2.1 },
    run: async (bench) => {
      if (slow) await bench.rig.open('slow');
      const measureRow = what === 'first' ? firstCopy : unchanged;
      const route = slow ? 'slow' : 'direct';
      const others = slow ? 'never' : direction === 'local' ? 'always' : count > 20_000 ? 'never' : 'with --all';
      const source = await bench.small(count);
      return [await measureRow(bench, { label, direction, source, limits, route, others })];
    },
  };
}

const note = (key: string, label: string, text: string): Row => ({
  ...{ key, label },
  run: () => Promise.resolve([{ kind: 'note', label, text }]),
});

const both = (make: (direction: 'push' | 'pull') => Row): Row[] => [make('push'), make('pull')];

/** The table of limits, row by row. */
export const ROWS: readonly Row[] = [
  ...both(big),
  ...both((direction) => ({
    key: `delta-${direction}`,
    label: `delta ${direction}, 1 GiB, 1 % in 400 places`,
    needs: { bytes: 4.2 * GIB },
    run: async (bench) => [await delta(bench, direction)],
  })),
  ...both((direction) => ({
    key: `literal-${direction}`,
    label: `literal bytes, delta ${direction}`,
    needs: { bytes: 4.2 * GIB },
    run: async (bench) => [await literalBytes(bench, direction)],
  })),
  files({
    ...{ key: 'small-first', label: '20,000 small files, first copy', count: 20_000, what: 'first' },
    limits: { first: 3, then: 1.3, goal: 1 },
  }),
  files({
    ...{ key: 'small-unchanged', label: '20,000 files unchanged', count: 20_000, what: 'unchanged' },
    limits: { first: 3, then: 1.5, goal: 1 },
  }),
  files({
    ...{ key: 'hundred-thousand-first', label: '100,000 small files, first copy', count: 100_000, what: 'first' },
    ...{ limits: { then: 1.3, goal: 1 }, long: true },
  }),
  files({
    ...{ key: 'hundred-thousand-unchanged', label: '100,000 files unchanged', count: 100_000, what: 'unchanged' },
    ...{ limits: { then: 1.5, goal: 1 }, long: true },
  }),
  { key: 'million', label: '1,000,000 files unchanged', long: true, needs: LISTS, run: million },
  { key: 'one-folder', label: 'one folder of 1,000,000 entries', long: true, needs: LISTS, run: oneFolder },
  { key: 'ten-million', label: '10,000,000 files, listed and compared (-n)', long: true, run: tenMillion },
  {
    key: 'local-big',
    label: 'local copy, 1 GiB',
    needs: { bytes: 2.2 * GIB },
    run: async (bench) => [
      await firstCopy(bench, {
        ...{ label: 'local copy, 1 GiB', direction: 'local', limits: { then: 0.6, goal: 0.5 }, others: 'always' },
        source: await bench.big(),
      }),
    ],
  },
  files({
    ...{ key: 'local-small', label: 'local copy, 20,000 files', count: 20_000, what: 'first', direction: 'local' },
    limits: { then: 1, goal: 0.8 },
  }),
  files({
    ...{ key: 'slow-first', label: '100 ms round trip, 5,000 files first', count: 5000, what: 'first', slow: true },
    limits: { then: 1.1, goal: 1 },
  }),
  files({
    ...{ key: 'slow-unchanged', label: '100 ms round trip, 20,000 unchanged', count: 20_000, what: 'unchanged' },
    ...{ limits: { then: 1.1, goal: 1 }, slow: true },
  }),
  {
    key: 'slow-pull',
    label: '100 ms round trip, pull 256 MiB (orientation)',
    long: true,
    needs: { bytes: 0.6 * GIB },
    run: async (bench) => {
      await bench.rig.open('slow');
      const source = await bench.oneFile('256-mib', 256 * MIB);
      const label = '100 ms round trip, pull 256 MiB (orientation)';
      return [await firstCopy(bench, { label, direction: 'pull', source, limits: {}, route: 'slow' })];
    },
  },
  ...both((direction) => ({
    key: `memory-${direction}`,
    label: `memory at 4 GiB minus at 64 MiB, ${direction}`,
    needs: { bytes: 8.5 * GIB },
    run: async (bench) => [await memoryGrowth(bench, direction)],
  })),
  { key: 'start', label: 'start-up: first byte', run: firstBytes },
  {
    key: 'nothing',
    label: 'start-up: an empty folder, whole run (orientation)',
    run: async (bench) => {
      const source = await bench.nothing();
      const args = ['-a', ...ends('push', `${source}/`, `${bench.path(TARGET)}/`)];
      const label = 'start-up: an empty folder, whole run (orientation)';
      return [
        await bench.contest({ label, limits: {}, ours: bench.rig.driftline(args), stock: bench.rig.rsync(args) }),
      ];
    },
  },
  {
    key: 'service-delay',
    label: 'service event-loop delay p99, 1 GiB run',
    needs: { bytes: 2.2 * GIB },
    run: async (bench) => [await delayInRun(bench)],
  },
  { key: 'plan', label: 'plan of 1 M × 1 M entries and first rows', long: true, needs: LISTS, run: planMillion },
  {
    key: 'choose',
    label: 'service event-loop delay p99, 1 M-row plan made, searched and unticked',
    long: true,
    needs: { bytes: 3 * GIB, entries: 1_010_000 },
    run: async (bench) => [await delayOfChoosing(bench)],
  },
  note('watch', 'watch mode: one file changed among 1 M', 'not built: there is no watch mode yet'),
  note('totals', 'totals exact to 10 TB, lengths > 2^53 refused', 'no matter of time: see the tests of totals'),
];
