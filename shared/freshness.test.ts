import { describe, expect, it } from 'vitest';
import { fail } from './errors.ts';
import { formatAgo, freshness } from './freshness.ts';
import type { RunOutcome, RunResult, RunTotals } from './model/run.ts';

const NOW = 1_790_000_000_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const NOTHING: RunTotals = {
  filesTotal: 100,
  filesTransferred: 0,
  created: 0,
  deleted: 0,
  totalSize: 0,
  transferredSize: 0,
  literal: 0,
  matched: 0,
  sent: 900,
  received: 800,
};

function run(outcome: RunOutcome, totals: Partial<RunTotals> = {}, more: Partial<RunResult> = {}): RunResult {
  return {
    runId: '00000000-0000-4000-8000-000000000001',
    outcome,
    startedAt: NOW - 3 * HOUR - 60_000,
    endedAt: NOW - 3 * HOUR,
    totals: { ...NOTHING, ...totals },
    issueCount: 0,
    error: null,
    exitCode: 0,
    ...more,
  };
}

describe('formatAgo', () => {
  it.each([
    [-5000, 'just now'],
    [44_000, 'just now'],
    [46_000, '1 min ago'],
    [59.6 * 60_000, '1 h ago'],
    [3 * HOUR, '3 h ago'],
    [23.6 * HOUR, '1 day ago'],
    [13 * DAY, '13 days ago'],
    [20 * DAY, '3 weeks ago'],
    [90 * DAY, '3 months ago'],
    [800 * DAY, '2 years ago'],
  ])('%d ms → %s', (age, words) => {
    expect(formatAgo(NOW - age, NOW)).toBe(words);
  });
});

describe('freshness', () => {
  const some = { filesTransferred: 12, transferredSize: 9_000_000, sent: 4_100_000, received: 2_000_000 };

  it('says what crossed the network, the way it went', () => {
    expect(freshness(run('success', some), null, 'push', NOW).text).toBe('Last run 3 h ago, 12 files, 4.1 MB sent');
    expect(freshness(run('success', some), null, 'pull', NOW).text).toBe('Last run 3 h ago, 12 files, 2 MB received');
    expect(freshness(run('success', some), null, 'local', NOW).text).toBe('Last run 3 h ago, 12 files, 9 MB copied');
  });

  it('counts what was only created or deleted, and says when there was nothing to do', () => {
    const text = (totals: Partial<RunTotals>): string => freshness(run('success', totals), null, 'push', NOW).text;
    expect(text({ created: 2, deleted: 3 })).toBe('Last run 3 h ago, 2 items created, 3 deletions');
    expect(text({})).toBe('Last run 3 h ago, nothing to do');
  });

  it('tells the age of the last complete copy when the last run left none', () => {
    expect(freshness(run('partial', some, { issueCount: 7 }), NOW - 2 * DAY, 'push', NOW)).toEqual({
      outcome: 'partial',
      text: 'Last run 3 h ago, 7 issues',
      reason: null,
      copy: 'Last complete copy 2 days ago',
    });
    expect(freshness(run('cancelled'), null, 'push', NOW)).toMatchObject({
      text: 'Cancelled 3 h ago',
      copy: 'No complete copy yet',
    });
    expect(freshness(run('success', some), NOW - 3 * HOUR, 'push', NOW).copy).toBeNull();
  });

  it('gives the reason of a failure in the words of the error', () => {
    const error = fail('connect', 'refused', 'backup refused the connection.').data;
    expect(freshness(run('failed', {}, { error }), null, 'push', NOW)).toMatchObject({
      text: 'Failed 3 h ago',
      reason: 'backup refused the connection',
    });
  });

  it('knows a profile that never ran', () => {
    expect(freshness(null, null, 'push', NOW)).toEqual({
      outcome: 'never',
      text: 'Never run',
      reason: null,
      copy: null,
    });
  });
});
