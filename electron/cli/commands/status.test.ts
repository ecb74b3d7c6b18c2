import { describe, expect, it } from 'vitest';
import { formatDateTime } from '../../../shared/format.ts';
import { DEFAULT_PROFILE_OPTIONS, type Profile } from '../../../shared/model/profile.ts';
import type { PathText } from '../../../shared/model/path.ts';
import type { RunOutcome, RunResult, RunSnapshot } from '../../../shared/model/run.ts';
import { styleFor } from '../style.ts';
import { readAge, statusLines, statusOf } from './status.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 5, 1);

function result(outcome: RunOutcome, hoursAgo: number): RunResult {
  const endedAt = NOW - hoursAgo * HOUR;
  const totals = { filesTotal: 1, filesTransferred: 1, created: 1, deleted: 0, totalSize: 9, transferredSize: 9 };
  return {
    ...{ runId: 'aaaaaaaa', outcome, startedAt: endedAt - 1000, endedAt, issueCount: 0, error: null, exitCode: 0 },
    totals: { ...totals, literal: 9, matched: 0, sent: 20, received: 10 },
  };
}
const profile = (lastRun: RunResult | null): Profile => ({
  ...{
    id: '00000000',
    name: 'p',
    tags: [],
    contentsOnly: true,
    options: DEFAULT_PROFILE_OPTIONS,
    createdAt: 0,
    lastRun,
  },
  source: { kind: 'local', paths: ['/a' as PathText] },
  destination: { kind: 'local', path: '/b' as PathText },
});
const past = (...results: RunResult[]): RunSnapshot[] =>
  results.map((each) => ({ profileId: '00000000', result: each }) as RunSnapshot);

describe('the status of a profile', () => {
  it.each<[RunOutcome | null, string]>([
    [null, 'ok'],
    ['success', 'ok'],
    ['partial', 'warning'],
    ['cancelled', 'warning'],
    ['interrupted', 'warning'],
    ['failed', 'critical'],
    ['needs-attention', 'critical'],
  ])('%s is %s', (outcome, level) => {
    expect(statusOf(profile(outcome && result(outcome, 3)), [], [], null, NOW).level).toBe(level);
  });

  it('is running while some process holds it, whatever came before', () => {
    const holder = {
      runId: 'bbbbbbbb',
      profileId: '00000000',
      profileName: 'p',
      startedAt: NOW - HOUR,
      pid: 4711,
      host: 'here',
    };
    expect(statusOf(profile(result('failed', 3)), [], [holder], null, NOW)).toMatchObject({
      level: 'ok',
      outcome: 'running',
      text: 'Running, started 1 h ago (process 4711)',
      running: { pid: 4711, host: 'here', since: NOW - HOUR },
    });
  });

  it('is overdue when the last complete copy is too old, whatever came after', () => {
    const runs = past(result('failed', 1), result('success', 30), result('success', 90));
    const last = profile(result('failed', 1));
    expect(statusOf(last, runs, [], 31 * HOUR, NOW)).toMatchObject({ overdue: false, copiedAt: NOW - 30 * HOUR });
    expect(statusOf(last, runs, [], 29 * HOUR, NOW)).toMatchObject({ overdue: true, level: 'critical' });
    expect(statusOf(profile(null), [], [], HOUR, NOW).overdue).toBe(true);
    expect(statusOf(profile(null), [], [], null, NOW).overdue).toBe(false);
  });

  it('is said in the words of the window', () => {
    const lines = (last: RunResult | null, ...runs: RunResult[]) =>
      statusLines(statusOf(profile(last), past(...runs), [], HOUR, NOW), 1, styleFor({}), NOW).map((line) =>
        line.trim(),
      );
    expect(lines(result('success', 0))).toEqual(['p  Last run just now, 1 file, 9 bytes copied']);
    expect(lines(null)).toEqual(['p  Never run', 'Overdue: No complete copy yet']);
    const copied = result('success', 72);
    expect(lines(result('cancelled', 2), copied)).toEqual([
      'p  Cancelled 2 h ago',
      `Overdue: Last complete copy 3 days ago, on ${formatDateTime(copied.endedAt)}`,
    ]);
  });

  it('takes ages in minutes, hours and days', () => {
    expect(['90min', '26h', '3d'].map(readAge)).toEqual([90 * 60_000, 26 * HOUR, 72 * HOUR]);
    for (const bad of ['', '3', 'h', '1.5h', '-1d', '3w']) expect(() => readAge(bad)).toThrow('is no age');
  });
});
