import { describe as suite, expect, it } from 'vitest';
import { summarize } from './measure.ts';
import { describe, figureOf, judge, type Limits, type Outcome, table } from './outcome.ts';

const series = (name: string, ...seconds: number[]) =>
  summarize(
    name,
    seconds.map((value) => ({ seconds: value, peakKib: 2048 * value, cpuSeconds: value / 2 })),
  );

const times = (limits: Limits, ours: number[], stock: number[]): Outcome => ({
  ...{ kind: 'times', label: 'push', limits, others: [] },
  ours: series('driftline', ...ours),
  stock: series('rsync', ...stock),
});

const figure = (limits: Limits, unit: 'MiB' | 'ms', ...samples: number[]): Outcome => ({
  ...{ kind: 'figure', label: 'memory', limits, unit, samples, note: '' },
});

suite('figures', () => {
  it('divides medians, and keeps each turn’s ratio', () => {
    const outcome = times({}, [3, 9, 4], [2, 3, 2]);
    expect(figureOf(outcome)).toEqual({ value: 2, unit: '×', samples: [1.5, 3, 2], exact: false });
  });

  it('counts the median of times and the highest of memory', () => {
    expect(figureOf(figure({}, 'ms', 5, 1, 30))?.value).toBe(5);
    expect(figureOf(figure({}, 'ms', 5, 1))?.value).toBe(3);
    expect(figureOf(figure({}, 'MiB', 5, 1, 30))?.value).toBe(30);
  });

  it('has none where nothing was measured', () => {
    expect(figureOf({ kind: 'note', label: 'watch', text: 'not built' })).toBeNull();
    expect(figureOf({ kind: 'failed', label: 'push', text: 'sshd is gone' })).toBeNull();
  });
});

suite('judging', () => {
  it('takes the limit itself for reached', () => {
    const limits = { first: 3, then: 2, goal: 1 };
    expect(judge(times(limits, [4], [2]), 'then')).toEqual({
      ...{ label: 'push', figure: '2×', limit: '≤ 2×', verdict: 'ok', reached: 'then' },
    });
    expect(judge(times(limits, [4.1], [2]), 'then')).toMatchObject({ verdict: 'MISSED', reached: 'first' });
    expect(judge(times(limits, [7], [2]), 'first')).toMatchObject({ verdict: 'MISSED', reached: null });
    expect(judge(times(limits, [1], [2]), 'first')).toMatchObject({ verdict: 'ok', reached: 'goal' });
  });

  it('asks for nothing in a column without a figure', () => {
    expect(judge(times({ goal: 1 }, [7], [2]), 'first')).toMatchObject({ limit: '', verdict: '', reached: null });
    expect(judge(times({}, [1], [2]), 'goal')).toMatchObject({ limit: '', verdict: '', reached: null });
  });

  it('judges neither notes nor what failed as missed', () => {
    expect(judge({ kind: 'note', label: 'watch', text: 'not built' }, 'goal')).toMatchObject({
      ...{ figure: 'not built', verdict: '', reached: null },
    });
    expect(judge({ kind: 'failed', label: 'push', text: 'sshd is gone' }, 'goal')).toMatchObject({
      ...{ figure: 'sshd is gone', verdict: 'FAILED', reached: null },
    });
  });
});

suite('lines', () => {
  it('show verdict, every program, its range and its spread', () => {
    const text = describe(times({ first: 3 }, [1, 2, 3], [1, 1, 1]), 'first').join('\n');
    expect(text).toMatch(/^push +2× +≤ 3× +ok\n/);
    expect(text).toMatch(/driftline +2\.00 s +1\.00–3\.00 \(100 %\) +6 MiB cpu 1\.00 s/);
    expect(text).toMatch(/rsync +1\.00 s +1\.00–1\.00 \(0 %\)/);
  });

  it('leave out what is not known', () => {
    const ours = summarize('a preview', [{ seconds: 1, peakKib: 0, cpuSeconds: 0 }]);
    const outcome: Outcome = { kind: 'times', label: 'plan', limits: {}, ours, stock: series('rsync', 2), others: [] };
    expect(describe(outcome, 'goal')[1]).toMatch(/a preview +1\.00 s +one run$/);
  });

  it('keep all of a failure', () => {
    const lines = describe({ kind: 'failed', label: 'push', text: 'rsync -a\nended with 12' }, 'goal');
    expect(lines).toEqual([expect.stringMatching(/^push +FAILED$/), '    rsync -a', '    ended with 12']);
  });

  it('say what else went wrong', () => {
    const lines = describe({ ...times({}, [1], [1]), remarks: ['scp -r failed: no room'] } as Outcome, 'goal');
    expect(lines.at(-1)).toBe('    scp -r failed: no room');
  });

  it('make one table of all rows', () => {
    const outcomes: Outcome[] = [
      times({ first: 3, goal: 1 }, [1, 2, 3], [2, 2, 2]),
      figure({ goal: 40 }, 'MiB', 50),
      { kind: 'failed', label: 'pull', text: 'rsync -a\nended with 12' },
    ];
    const lines = table(outcomes, 'goal');
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(lines.map((line) => line.replace(/ +/g, ' ').replace(/-+/g, '-'))).toEqual([
      '| row | driftline | rsync | figure | limit (goal) | verdict | reaches |',
      '| - | - | - | - | - | - | - |',
      '| push | 2.00 s ± 50 % | 2.00 s ± 0 % | 1× | ≤ 1× | ok | goal |',
      '| memory | | | 50 MiB | ≤ 40 MiB | MISSED | |',
      '| pull | | | | | FAILED | |',
    ]);
  });
});
