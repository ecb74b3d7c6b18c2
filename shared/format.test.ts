import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatEta,
  formatPercent,
  formatRate,
  formatRelative,
  plural,
  resultSentence,
  savedSentence,
} from './format.ts';
import type { RunResult, RunTotals } from './model/run.ts';

describe('figures', () => {
  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1000, '1 kB'],
    [4_100_000, '4.1 MB'],
    [38_240_000_000, '38.2 GB'],
    [123_456, '123 kB'],
    [999_499, '999 kB'],
    [999_500, '1 MB'],
    [Number.MAX_SAFE_INTEGER, '9 PB'],
  ])('%d bytes is %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('counts and rates', () => {
    expect(formatCount(1_234_567)).toBe('1,234,567');
    expect(plural(1, 'file')).toBe('1 file');
    expect(plural(2, 'entry', 'entries')).toBe('2 entries');
    expect(formatRate(812)).toBe('812 B/s');
    expect(formatRate(38_200_000)).toBe('38.2 MB/s');
  });

  it.each([
    [0, '0 s'],
    [59.4, '59 s'],
    [60, '1 min'],
    [124, '2 min 4 s'],
    [3780, '1 h 3 min'],
    [86_400 * 2 + 5, '2 d'],
  ])('%d seconds is %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it('time left moves in steps', () => {
    expect(formatEta(2)).toBe('less than 5 s');
    expect(formatEta(37)).toBe('40 s');
    expect(formatEta(100)).toBe('2 min');
    expect(formatEta(4800)).toBe('1 h 20 min');
  });

  it.each([
    [10, 'just now'],
    [60, '1 minute ago'],
    [3599, '1 hour ago'],
    [7200, '2 hours ago'],
    [86_399, '1 day ago'],
    [86_400 * 6.9, '1 week ago'],
    [86_400 * 40, '1 month ago'],
    [86_400 * 800, '2 years ago'],
    [-180, 'in 3 minutes'],
  ])('%d seconds back is %s', (seconds, text) => {
    expect(formatRelative(1e12 - seconds * 1000, 1e12)).toBe(text);
  });

  it('a percentage is never rounded up to all', () => {
    expect(formatPercent(0.99999)).toBe('99.9 %');
    expect(formatPercent(1)).toBe('100 %');
    expect(formatPercent(0.5)).toBe('50 %');
  });
});

describe('sentences', () => {
  const zero: RunTotals = {
    filesTotal: 12_408,
    filesTransferred: 0,
    created: 0,
    deleted: 0,
    totalSize: 38_200_000_000,
    transferredSize: 0,
    literal: 0,
    matched: 0,
    sent: 0,
    received: 0,
  };
  const base: RunResult = {
    runId: '00000000-0000',
    outcome: 'success',
    startedAt: 0,
    endedAt: 124_000,
    totals: zero,
    issueCount: 0,
    error: null,
    exitCode: 0,
  };
  const moved = { ...zero, filesTransferred: 12, transferredSize: 4_100_000, deleted: 3 };

  it('says what was saved', () => {
    expect(savedSentence(3_100_000, 2_396_900_000, 'push')).toBe('Sent 3.1 MB for 2.4 GB: 99.8 % saved');
    expect(savedSentence(5000, 0, 'pull')).toBe('Received 5 kB, all of it new');
    expect(savedSentence(0, 0, 'push')).toBeNull();
  });

  it('says how a run ended', () => {
    expect(resultSentence(base)).toBe('Nothing to do: 12,408 entries compared, all up to date.');
    expect(resultSentence({ ...base, totals: moved })).toBe('Mirrored 12 files, 4.1 MB, 3 deletions, in 2 min 4 s.');
    expect(resultSentence({ ...base, outcome: 'partial', totals: moved, issueCount: 1 })).toBe(
      'Finished with 1 issue: mirrored 12 files, 4.1 MB, 3 deletions, in 2 min 4 s.',
    );
    expect(resultSentence({ ...base, outcome: 'cancelled' })).toBe('Cancelled after 2 min 4 s: nothing was changed.');
    const error = {
      kind: 'guard',
      code: 'source-empty',
      message: 'The source is empty.',
      exitCode: 4,
      retryable: false,
    } as const;
    expect(resultSentence({ ...base, outcome: 'needs-attention', error })).toBe(
      'Stopped before changing anything: The source is empty.',
    );
  });
});
