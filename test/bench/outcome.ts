import type { Series } from './measure.ts';

/** Which column of the table of limits a row has to reach. */
export type Column = 'first' | 'then' | 'goal';
export const COLUMNS: readonly Column[] = ['first', 'then', 'goal'];
/** A column without a figure asks for nothing. */
export type Limits = Partial<Record<Column, number>>;

/** What one row found. */
export type Outcome =
  /** Wall times; the limit is on ours / rsync's. */
  | { kind: 'times'; label: string; limits: Limits; ours: Series; stock: Series; others: Series[] }
  /** One figure with a limit of its own. */
  | { kind: 'figure'; label: string; limits: Limits; value: number; unit: string; note: string }
  /** Nothing measured, and why. */
  | { kind: 'note'; label: string; text: string };

export interface Judged {
  label: string;
  /** The judged figure, as text. */
  figure: string;
  limit: string;
  verdict: 'ok' | 'MISSED' | '';
}

export function judge(outcome: Outcome, column: Column): Judged {
  if (outcome.kind === 'note') return { label: outcome.label, figure: outcome.text, limit: '', verdict: '' };
  const limit = outcome.limits[column];
  const [value, unit] =
    outcome.kind === 'times' ? [outcome.ours.median / outcome.stock.median, '×'] : [outcome.value, outcome.unit];
  return {
    label: outcome.label,
    figure: withUnit(value, unit),
    limit: limit === undefined ? '' : `≤ ${withUnit(limit, unit)}`,
    verdict: limit === undefined ? '' : value <= limit ? 'ok' : 'MISSED',
  };
}

function withUnit(value: number, unit: string): string {
  const text = Number.isInteger(value) ? value.toLocaleString('en-US') : value.toFixed(2);
  return unit === '×' ? `${text}×` : `${text} ${unit}`;
}

/** The lines to print for one row: verdict first, then every program's figures. */
export function describe(outcome: Outcome, column: Column): string[] {
  const { label, figure, limit, verdict } = judge(outcome, column);
  const lines = [`${label.padEnd(48)} ${figure.padStart(12)}  ${limit.padEnd(12)} ${verdict}`.trimEnd()];
  if (outcome.kind === 'figure' && outcome.note !== '') lines.push(`    ${outcome.note}`);
  if (outcome.kind === 'times') {
    lines.push(`${describeSeries(outcome.ours)}  cpu ${outcome.ours.cpuSeconds.toFixed(2)} s`);
    lines.push(...[outcome.stock, ...outcome.others].map(describeSeries));
  }
  return lines;
}

function describeSeries({ name, seconds, median, spread, peakKib }: Series): string {
  const times = `${median.toFixed(2).padStart(8)} s`;
  const range =
    seconds.length > 1
      ? `${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)} (${(spread * 100).toFixed(0)} %)`
      : 'one run';
  return `    ${name.padEnd(22)} ${times}   ${range.padEnd(24)} ${(peakKib / 1024).toFixed(0).padStart(4)} MiB`;
}
