import { formatBytes, formatCount, plural, withoutStop } from './format.ts';
import type { Profile } from './model/profile.ts';
import type { RunOutcome, RunResult } from './model/run.ts';

/**
 * How fresh the copy of a profile is, in one line of words for lists, the tray and `status`. Pure: the present time is
 * an argument, in milliseconds since 1970.
 */

/** Which way bytes go, seen from this computer. */
export type Direction = 'push' | 'pull' | 'local';

export const directionOf = ({ source, destination }: Pick<Profile, 'source' | 'destination'>): Direction =>
  source.kind === 'host' ? 'pull' : destination.kind === 'host' ? 'push' : 'local';

export interface Freshness {
  outcome: RunOutcome | 'never';
  /** `Last run 3 h ago, 12 files, 4.1 MB sent`. */
  text: string;
  /** What went wrong, in the words of the error; null when nothing did. */
  reason: string | null;
  /** Age of the last complete copy where the last run was none: `Last complete copy 2 days ago`. */
  copy: string | null;
}

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** `just now`, `4 min ago`, `3 h ago`, `2 days ago`, `5 weeks ago`, `3 months ago`, `2 years ago`. */
export function formatAgo(then: number, now: number): string {
  const seconds = Math.max(0, (now - then) / 1000);
  if (seconds < 45) return 'just now';
  const minutes = Math.max(1, Math.round(seconds / MINUTE));
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.round(seconds / HOUR);
  if (hours < 24) return `${hours} h ago`;
  const days = Math.round(seconds / DAY);
  if (days < 14) return `${plural(days, 'day')} ago`;
  if (days < 60) return `${plural(Math.round(days / 7), 'week')} ago`;
  if (days < 730) return `${plural(Math.round(days / 30.4), 'month')} ago`;
  return `${formatCount(Math.floor(days / 365))} years ago`;
}

/**
 * @param last the last run, or null when there was none
 * @param copiedAt when the last run ended that left a complete, verified copy; null when none is known
 */
export function freshness(
  last: RunResult | null,
  copiedAt: number | null,
  direction: Direction,
  now: number,
): Freshness {
  if (last === null) return { outcome: 'never', text: 'Never run', reason: null, copy: null };
  const ago = formatAgo(last.endedAt, now);
  const reason = last.error ? withoutStop(last.error.message) : null;
  const copy = last.outcome === 'success' ? null : copyAge(copiedAt, now);
  const words: Record<RunOutcome, string> = {
    success: `Last run ${ago}, ${moved(last, direction) ?? 'nothing to do'}`,
    partial: `Last run ${ago}, ${plural(last.issueCount, 'issue')}`,
    failed: `Failed ${ago}`,
    cancelled: `Cancelled ${ago}`,
    'needs-attention': `Needs attention, stopped ${ago}`,
    interrupted: `Interrupted ${ago}, the next run continues`,
  };
  return { outcome: last.outcome, text: words[last.outcome], reason, copy };
}

/** The age of the last copy that is known to be whole. */
export function copyAge(copiedAt: number | null, now: number): string {
  return copiedAt === null ? 'No complete copy yet' : `Last complete copy ${formatAgo(copiedAt, now)}`;
}

/** `12 files, 4.1 MB sent, 3 deletions`; null when nothing changed. Bytes are those that crossed the network. */
function moved({ totals }: RunResult, direction: Direction): string | null {
  const parts: string[] = [];
  if (totals.filesTransferred > 0) {
    const bytes = { push: totals.sent, pull: totals.received, local: totals.transferredSize }[direction];
    const verb = { push: 'sent', pull: 'received', local: 'copied' }[direction];
    parts.push(plural(totals.filesTransferred, 'file'), `${formatBytes(bytes)} ${verb}`);
  } else if (totals.created > 0) parts.push(`${plural(totals.created, 'item')} created`);
  if (totals.deleted > 0) parts.push(plural(totals.deleted, 'deletion'));
  return parts.length > 0 ? parts.join(', ') : null;
}
