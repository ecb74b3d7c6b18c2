import * as v from 'valibot';
import { figureOf, type Outcome, type Unit, withUnit } from './outcome.ts';

/** First line of what `--json` writes, so that no other file is taken for one. */
export const FORMAT = 'driftline-bench-1';

const RowSchema = v.object({
  label: v.string(),
  value: v.number(),
  unit: v.picklist(['×', 'MiB', 'ms', 'blocks']),
  samples: v.array(v.number()),
  exact: v.boolean(),
  /** Median wall time of ours and rsync's, where that is what was measured. */
  seconds: v.nullable(v.object({ ours: v.number(), stock: v.number() })),
});

const FileSchema = v.object({
  format: v.literal(FORMAT),
  machine: v.record(v.string(), v.string()),
  figures: v.array(RowSchema),
});

/** One judged figure as a file of `--json` keeps it. */
export type Recorded = v.InferOutput<typeof RowSchema>;

/** What is compared with: an earlier file of `--json`. */
export type Earlier = v.InferOutput<typeof FileSchema>;

/** The figures of what was measured; rows without one are left out. */
export function recordOf(outcomes: readonly Outcome[]): Recorded[] {
  return outcomes.flatMap((outcome) => {
    const figure = figureOf(outcome);
    if (figure === null) return [];
    const seconds = outcome.kind === 'times' ? { ours: outcome.ours.median, stock: outcome.stock.median } : null;
    return [{ label: outcome.label, ...figure, seconds }];
  });
}

/** @throws Error where the text is not what `--json` writes */
export function readEarlier(text: string, name: string): Earlier {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  const result = v.safeParse(FileSchema, value);
  if (!result.success) throw new Error(`${name} is not a file that --json of this version wrote`);
  return result.output;
}

/** Differences smaller than these say nothing, however alike the runs of one program were. */
const GRAIN: Record<Unit, number> = { '×': 0.05, MiB: 4, ms: 2, blocks: 0.05 };

export type Verdict = 'worse' | 'better' | 'same' | 'unknown';

export interface Change {
  verdict: Verdict;
  /** now / before − 1; null where before was nothing. */
  relative: number | null;
  /** The greater range of the two, relative to before; null where a side had one run only. */
  spread: number | null;
}

/**
 * A change counts where it is greater than the range of the runs before and that of the runs now. Without two runs on
 * each side there is no range, and nothing can be said.
 */
export function change(before: Recorded, now: Recorded): Change {
  const difference = now.value - before.value;
  const share = (amount: number): number | null => (before.value > 0 ? amount / before.value : null);
  const relative = share(difference);
  const known = [before, now].every(({ samples, exact }) => exact || samples.length > 1);
  if (!known || before.unit !== now.unit) return { verdict: 'unknown', relative, spread: null };
  const range = Math.max(...[before, now].map(({ samples }) => Math.max(...samples) - Math.min(...samples)));
  const noise = Math.max(range, GRAIN[now.unit]);
  const verdict = difference > noise ? 'worse' : difference < -noise ? 'better' : 'same';
  return { verdict, relative, spread: share(range) };
}

const MARK: Record<Verdict, string> = {
  worse: '▲ WORSE',
  better: '▼ better',
  same: '',
  unknown: 'one run: cannot tell',
};

/** The lines to print: what differs about the machine, each row old → new, and one line that sums it up. */
export function describeComparison(
  earlier: Earlier,
  name: string,
  machine: Record<string, string>,
  now: readonly Recorded[],
): string[] {
  const lines = [`Against ${name}:`];
  for (const fact of new Set([...Object.keys(earlier.machine), ...Object.keys(machine)])) {
    const [before, after] = [earlier.machine[fact] ?? 'unknown', machine[fact] ?? 'unknown'];
    if (before !== after) lines.push(`  ${fact}: ${before} → ${after}`);
  }
  const found: Record<Verdict, string[]> = { worse: [], better: [], same: [], unknown: [] };
  const added: string[] = [];
  for (const row of now) {
    const before = earlier.figures.find(({ label }) => label === row.label);
    if (before === undefined) {
      added.push(row.label);
      continue;
    }
    const { verdict, relative, spread } = change(before, row);
    found[verdict].push(row.label);
    const values = `${withUnit(before.value, before.unit).padStart(12)} → ${withUnit(row.value, row.unit).padEnd(12)}`;
    const range = row.exact ? 'exact' : `spread ${spread === null ? '?' : `${(spread * 100).toFixed(0)} %`}`;
    const sizes = `${signed(relative).padStart(7)} (${range})`;
    const wall =
      before.seconds === null || row.seconds === null
        ? ''
        : `  driftline ${pair(before.seconds.ours, row.seconds.ours)}, rsync ${pair(before.seconds.stock, row.seconds.stock)}`;
    lines.push(`  ${row.label.padEnd(52)} ${values} ${sizes.padEnd(22)} ${MARK[verdict].padEnd(9)}${wall}`.trimEnd());
  }
  const { worse, better, same, unknown } = found;
  const parts = [
    worse.length === 0 ? 'nothing worse' : `${worse.length} WORSE: ${worse.join('; ')}`,
    `${better.length} better${better.length === 0 ? '' : `: ${better.join('; ')}`}`,
    `${same.length} within the spread`,
  ];
  if (unknown.length > 0) parts.push(`${unknown.length} with one run only`);
  if (added.length > 0) parts.push(`${added.length} not in that file`);
  lines.push(`Compared with ${name}: ${parts.join(' | ')}`);
  return lines;
}

function signed(share: number | null): string {
  if (share === null) return '';
  const percent = (Math.abs(share) * 100).toFixed(0);
  return `${share < 0 ? '−' : '+'}${percent} %`;
}

const pair = (before: number, now: number): string => `${before.toFixed(2)} → ${now.toFixed(2)} s`;
