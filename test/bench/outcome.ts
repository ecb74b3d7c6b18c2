import { median, type Series } from './measure.ts';

/** Which column of the table of limits a row has to reach. */
export type Column = 'first' | 'then' | 'goal';
export const COLUMNS: readonly Column[] = ['first', 'then', 'goal'];
/** A column without a figure asks for nothing. */
export type Limits = Partial<Record<Column, number>>;

/** What every judged figure is in: less is better for all of them. */
export type Unit = '×' | 'MiB' | 'ms' | 'blocks';

/** What one row found. */
export type Outcome =
  /** Wall times; the limit is on ours / rsync's. */
  | {
      kind: 'times';
      label: string;
      limits: Limits;
      ours: Series;
      stock: Series;
      /** For orientation. */
      others: Series[];
      /** What else there is to say, as which of the others failed. */
      remarks?: string[];
    }
  /** One figure with a limit of its own: the median of its runs counts, of memory the highest. */
  | {
      kind: 'figure';
      label: string;
      limits: Limits;
      /** Each run's. */
      samples: number[];
      unit: Unit;
      /** Comes out the same every time: one sample is enough to compare. */
      exact?: boolean;
      note: string;
    }
  /** Nothing measured, and why. */
  | { kind: 'note'; label: string; text: string }
  /** The measurement itself went wrong. */
  | { kind: 'failed'; label: string; text: string };

/** The judged figure of an outcome. */
export interface Figure {
  value: number;
  unit: Unit;
  samples: number[];
  exact: boolean;
}

/** The figure that is judged, or null where nothing was measured. */
export function figureOf(outcome: Outcome): Figure | null {
  switch (outcome.kind) {
    case 'times': {
      const { ours, stock } = outcome;
      // Programs take turns, so runs of the same number had the same machine.
      const samples = ours.seconds.map((seconds, i) => seconds / (stock.seconds[i] ?? stock.median));
      return { value: ours.median / stock.median, unit: '×', samples, exact: false };
    }
    case 'figure': {
      const { samples, unit, exact = false } = outcome;
      return { value: unit === 'MiB' ? Math.max(...samples) : median(samples), unit, samples, exact };
    }
    case 'note':
    case 'failed':
      return null;
  }
}

export interface Judged {
  label: string;
  /** The judged figure, or why there is none, as text. */
  figure: string;
  limit: string;
  /** Empty: nothing is asked of it, or nothing was measured. */
  verdict: 'ok' | 'MISSED' | 'FAILED' | '';
  /** The strictest column it reaches; null where none is, or none asks for anything. */
  reached: Column | null;
}

export function judge(outcome: Outcome, column: Column): Judged {
  const { label } = outcome;
  if (outcome.kind === 'note') return { label, figure: outcome.text, limit: '', verdict: '', reached: null };
  if (outcome.kind === 'failed') return { label, figure: outcome.text, limit: '', verdict: 'FAILED', reached: null };
  const { value, unit } = figureOf(outcome)!;
  const limit = outcome.limits[column];
  return {
    label,
    figure: withUnit(value, unit),
    limit: limit === undefined ? '' : `≤ ${withUnit(limit, unit)}`,
    verdict: limit === undefined ? '' : value <= limit ? 'ok' : 'MISSED',
    reached: COLUMNS.findLast((name) => value <= (outcome.limits[name] ?? -Infinity)) ?? null,
  };
}

export function withUnit(value: number, unit: Unit): string {
  const text = Number.isInteger(value) ? value.toLocaleString('en-US') : value.toFixed(2);
  return unit === '×' ? `${text}×` : `${text} ${unit}`;
}

/** The lines to print for one row: verdict first, then every program's figures. */
export function describe(outcome: Outcome, column: Column): string[] {
  const { label, figure, limit, verdict } = judge(outcome, column);
  if (outcome.kind === 'failed') return [`${label.padEnd(52)} FAILED`, ...indent(outcome.text)];
  const lines = [`${label.padEnd(52)} ${figure.padStart(12)}  ${limit.padEnd(12)} ${verdict}`.trimEnd()];
  if (outcome.kind === 'figure') {
    const { samples, unit, note } = outcome;
    const [least, most] = [Math.min(...samples), Math.max(...samples)];
    const range = samples.length > 1 ? `${withUnit(least, unit)} to ${withUnit(most, unit)}` : '';
    lines.push(...indent([range, note].filter((text) => text !== '').join('; ')));
  }
  if (outcome.kind === 'times') {
    lines.push(...[outcome.ours, outcome.stock, ...outcome.others].map(describeSeries));
    lines.push(...(outcome.remarks ?? []).flatMap(indent));
  }
  return lines;
}

const indent = (text: string): string[] => (text === '' ? [] : text.split('\n').map((line) => `    ${line}`));

function describeSeries({ name, seconds, median, spread, peaksKib, cpuSeconds }: Series): string {
  const peakKib = Math.max(...peaksKib);
  const times = `${median.toFixed(2).padStart(8)} s`;
  const range =
    seconds.length > 1
      ? `${Math.min(...seconds).toFixed(2)}–${Math.max(...seconds).toFixed(2)} (${percent(spread)})`
      : 'one run';
  const memory = peakKib === 0 ? '' : `${(peakKib / 1024).toFixed(0).padStart(4)} MiB`;
  const cpu = cpuSeconds === 0 ? '' : `cpu ${cpuSeconds.toFixed(2)} s`;
  return `    ${name.padEnd(22)} ${times}   ${range.padEnd(24)} ${memory.padEnd(8)} ${cpu}`.trimEnd();
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

/** All rows as one Markdown table, to be pasted where figures are published. What a failure said is not in it. */
export function table(outcomes: readonly Outcome[], column: Column): string[] {
  const head = ['row', 'driftline', 'rsync', 'figure', `limit (${column})`, 'verdict', 'reaches'];
  const rows = outcomes.map((outcome) => {
    const { label, figure, limit, verdict, reached } = judge(outcome, column);
    const [ours, stock] = outcome.kind === 'times' ? [outcome.ours, outcome.stock].map(shortSeries) : ['', ''];
    return [label, ours ?? '', stock ?? '', outcome.kind === 'failed' ? '' : figure, limit, verdict, reached ?? ''];
  });
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}

function shortSeries({ seconds, median, spread }: Series): string {
  return seconds.length > 1 ? `${median.toFixed(2)} s ± ${percent(spread / 2)}` : `${median.toFixed(2)} s`;
}
