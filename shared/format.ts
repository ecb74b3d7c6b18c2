import type { RunOutcome, RunResult, RunTotals } from './model/run.ts';

/**
 * Figures and sentences as people read them, in the window and on the command line alike. Pure: the present time is an
 * argument. Units are decimal (1 kB = 1000 bytes), as file managers and network rates use them.
 */

const UNITS = ['kB', 'MB', 'GB', 'TB', 'PB', 'EB'] as const;
const GROUPED = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 1234567 → `1,234,567`. */
export function formatCount(count: number): string {
  return GROUPED.format(count);
}

/** `1 file`, `12 files`; give the plural where it is not made with an s. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** 4100000 → `4.1 MB`. At most four digits and one decimal; below 1000 in whole bytes. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return plural(Math.max(0, Math.round(bytes)), 'byte');
  let value = bytes / 1000;
  let unit = 0;
  // 999.5 and up would print as "1000", which belongs to the next unit.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const text = value >= 100 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, '');
  return `${text} ${UNITS[unit]}`;
}

/** Bytes a second: `38.2 MB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond).replace(/ bytes?$/, ' B')}/s`;
}

/** Seconds → `45 s`, `2 min 4 s`, `1 h 3 min`, `2 d 4 h`: the two largest units. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const parts: [number, string][] = [
    [Math.floor(whole / 86400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ');
}

/**
 * Seconds left, in steps that do not flicker: `less than 5 s`, `40 s`, `3 min`, `1 h 20 min`.
 */
export function formatEta(seconds: number): string {
  if (seconds < 5) return 'less than 5 s';
  if (seconds < 60) return `${Math.ceil(seconds / 5) * 5} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return formatDuration(Math.round(seconds / 300) * 300);
}

const STEPS: [limitSeconds: number, unitSeconds: number, one: string][] = [
  [3600, 60, 'minute'],
  [86400, 3600, 'hour'],
  [7 * 86400, 86400, 'day'],
  [30 * 86400, 7 * 86400, 'week'],
  [365 * 86400, 30 * 86400, 'month'],
  [Infinity, 365 * 86400, 'year'],
];

/** Milliseconds since 1970 against now: `just now`, `2 hours ago`, `in 3 minutes`. */
export function formatRelative(then: number, now: number): string {
  const seconds = Math.abs(now - then) / 1000;
  if (seconds < 45) return 'just now';
  for (const [limit, unit, word] of STEPS) {
    const count = Math.max(1, Math.round(seconds / unit));
    if (seconds >= limit || (count * unit >= limit && limit !== Infinity)) continue;
    return then <= now ? `${plural(count, word)} ago` : `in ${plural(count, word)}`;
  }
  return '';
}

/** Milliseconds since 1970 → `2026-03-04 12:01:22` in local time. */
export function formatDateTime(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return '';
  const two = (n: number) => String(n).padStart(2, '0');
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  );
}

/** Share as a percentage, rounded down so that "100 %" means all of it: 0.9994 → `99.9 %`. */
export function formatPercent(share: number): string {
  const tenths = Math.floor(Math.min(1, Math.max(0, share)) * 1000 + 1e-9) / 10;
  return `${tenths.toFixed(1).replace(/\.0$/, '')} %`;
}

/**
 * What the delta transfer saved: `Sent 3.1 MB for 2.4 GB: 99.9 % saved`, or null when no content moved.
 * @param literal bytes that crossed the network as content
 * @param matched bytes taken from what the destination already had
 */
export function savedSentence(literal: number, matched: number, direction: 'push' | 'pull'): string | null {
  const total = literal + matched;
  if (total === 0) return null;
  const verb = direction === 'push' ? 'Sent' : 'Received';
  if (matched === 0) return `${verb} ${formatBytes(literal)}, all of it new`;
  return `${verb} ${formatBytes(literal)} for ${formatBytes(total)}: ${formatPercent(matched / total)} saved`;
}

/** The numbers of a run, e.g. `12 files, 4.1 MB, 3 deletions`; null when nothing was changed. */
export function totalsPhrase(totals: RunTotals): string | null {
  const parts: string[] = [];
  if (totals.filesTransferred > 0) {
    parts.push(plural(totals.filesTransferred, 'file'), formatBytes(totals.transferredSize));
  } else if (totals.created > 0) {
    parts.push(`${plural(totals.created, 'item')} created`);
  }
  if (totals.deleted > 0) parts.push(plural(totals.deleted, 'deletion'));
  return parts.length > 0 ? parts.join(', ') : null;
}

/** A finished run as one sentence with numbers. Messages inside it are the error's own. */
export function resultSentence(result: RunResult): string {
  const { totals, issueCount } = result;
  const done = totalsPhrase(totals);
  const time = formatDuration((result.endedAt - result.startedAt) / 1000);
  const reason = result.error ? withoutStop(result.error.message) : null;
  switch (result.outcome) {
    case 'success':
      return done
        ? `Mirrored ${done}, in ${time}.`
        : `Nothing to do: ${plural(totals.filesTotal, 'entry', 'entries')} compared, all up to date.`;
    case 'partial':
      return `Finished with ${plural(issueCount, 'issue')}: ${done ? `mirrored ${done}` : 'nothing else to do'}, in ${time}.`;
    case 'cancelled':
      return `Cancelled after ${time}: ${done ? `${done} done` : 'nothing was changed'}.`;
    case 'needs-attention':
      return `Stopped before changing anything: ${reason ?? 'it needs an answer'}.`;
    case 'interrupted':
      return `Interrupted after ${time}: ${done ? `${done} done; ` : ''}the next run continues.`;
    case 'failed':
      return `Failed after ${time}: ${reason ?? 'no reason was given'}.`;
  }
}

const OUTCOME_LABEL: Record<RunOutcome, string> = {
  success: 'Done',
  partial: 'Done with issues',
  failed: 'Failed',
  cancelled: 'Cancelled',
  'needs-attention': 'Needs attention',
  interrupted: 'Interrupted',
};

export function outcomeLabel(outcome: RunOutcome): string {
  return OUTCOME_LABEL[outcome];
}

/** The sentence without its full stop, to go on after it. */
export function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}
