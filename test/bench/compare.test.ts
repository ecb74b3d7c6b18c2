import { describe, expect, it } from 'vitest';
import { change, describeComparison, FORMAT, readEarlier, type Recorded, recordOf } from './compare.ts';
import { summarize } from './measure.ts';
import type { Outcome } from './outcome.ts';

const times = (label: string, ours: number[], stock: number[]): Outcome => {
  const series = (name: string, seconds: number[]) =>
    summarize(
      name,
      seconds.map((value) => ({ seconds: value, peakKib: 0, cpuSeconds: 0 })),
    );
  return {
    kind: 'times',
    label,
    limits: {},
    ours: series('driftline', ours),
    stock: series('rsync', stock),
    others: [],
  };
};

const ratio = (value: number, ...samples: number[]): Recorded => ({
  ...{ label: 'push', value, unit: '×', samples, exact: false, seconds: null },
});

describe('a change', () => {
  it('counts beyond the range of both sides only', () => {
    const before = ratio(1, 0.9, 1.1);
    expect(change(before, ratio(1.3, 1.25, 1.35)).verdict).toBe('worse');
    expect(change(before, ratio(0.7, 0.65, 0.75)).verdict).toBe('better');
    expect(change(before, ratio(1.19, 1.18, 1.2)).verdict).toBe('same'); // less than the runs before differed
    expect(change(before, ratio(1.3, 1, 1.5)).verdict).toBe('same'); // less than the runs now differ
  });

  it('says how large it is, relative to before', () => {
    expect(change(ratio(2, 1.9, 2.1), ratio(3, 2.5, 3.5))).toEqual({ verdict: 'same', relative: 0.5, spread: 0.5 });
  });

  it('is nothing where it is smaller than what a figure can tell', () => {
    expect(change(ratio(1, 1, 1), ratio(1.04, 1.04, 1.04)).verdict).toBe('same');
    const delay = (value: number): Recorded => ({ ...ratio(value, value, value), unit: 'ms' });
    expect(change(delay(0.5), delay(2)).verdict).toBe('same');
    expect(change(delay(0.5), delay(20)).verdict).toBe('worse');
    expect(change(delay(0), delay(20))).toMatchObject({ verdict: 'worse', relative: null });
  });

  it('is not known from one run, unless the figure is exact', () => {
    expect(change(ratio(1, 1), ratio(3, 3, 3))).toEqual({ verdict: 'unknown', relative: 2, spread: null });
    const blocks = (value: number): Recorded => ({ ...ratio(value, value), unit: 'blocks', exact: true });
    expect(change(blocks(0), blocks(1)).verdict).toBe('worse');
    expect(change(blocks(0), blocks(0)).verdict).toBe('same');
  });
});

describe('a file of --json', () => {
  const figures = recordOf([
    times('push', [2, 3, 4], [2, 2, 2]),
    { kind: 'figure', label: 'memory', limits: {}, unit: 'MiB', samples: [7, 8], note: '' },
    { kind: 'note', label: 'watch', text: 'not built' },
    { kind: 'failed', label: 'pull', text: 'no' },
  ]);

  it('holds the figures of what was measured, and can be read back', () => {
    expect(figures).toEqual([
      {
        ...{ label: 'push', value: 1.5, unit: '×', samples: [1, 1.5, 2], exact: false },
        seconds: { ours: 3, stock: 2 },
      },
      { label: 'memory', value: 8, unit: 'MiB', samples: [7, 8], exact: false, seconds: null },
    ]);
    const file = { format: FORMAT, machine: { node: 'v20' }, figures, rows: [] };
    expect(readEarlier(JSON.stringify(file), 'old.json')).toEqual({
      ...{ format: FORMAT, machine: { node: 'v20' }, figures },
    });
  });

  it.each(['', '{}', 'null', '[1', '{"format":"driftline-bench-1","machine":{},"figures":[{"label":"x"}]}'])(
    '%j is none',
    (text) => expect(() => readEarlier(text, 'old.json')).toThrow(/old\.json is not a file that --json/),
  );
});

describe('the comparison', () => {
  const row = (label: string, ...samples: number[]): Recorded => ({ ...ratio(samples[0]!, ...samples), label });

  it('shows each row old and new, and sums up in its last line', () => {
    const earlier = {
      format: FORMAT,
      machine: { node: 'v20', cipher: 'x' },
      figures: [row('push', 1, 1.1), row('pull', 2, 2.1), row('delta', 1, 1.1), row('million', 2)],
    } as const;
    const now = [
      row('push', 1.5, 1.6),
      row('pull', 1, 1.1),
      row('delta', 1.02, 1.1),
      row('million', 9),
      row('new', 1, 1),
    ];
    const lines = describeComparison(
      { ...earlier, figures: [...earlier.figures] },
      'old.json',
      { node: 'v24', cipher: 'x' },
      now,
    );
    expect(lines.map((line) => line.replace(/ +/g, ' '))).toEqual([
      'Against old.json:',
      ' node: v20 → v24',
      ' push 1× → 1.50× +50 % (spread 10 %) ▲ WORSE',
      ' pull 2× → 1× −50 % (spread 5 %) ▼ better',
      ' delta 1× → 1.02× +2 % (spread 10 %)',
      ' million 2× → 9× +350 % (spread ?) one run: cannot tell',
      'Compared with old.json: 1 WORSE: push | 1 better: pull | 1 within the spread | 1 with one run only | 1 not in that file',
    ]);
  });

  it('shows the seconds behind a ratio, whose other half may be what changed', () => {
    const figures = recordOf([times('push', [2, 2], [2, 2])]);
    const now = recordOf([times('push', [2, 2], [1, 1])]);
    const lines = describeComparison({ format: FORMAT, machine: {}, figures }, 'old.json', {}, now);
    expect(lines[1]).toMatch(/WORSE {4}driftline 2\.00 → 2\.00 s, rsync 2\.00 → 1\.00 s$/);
    expect(lines.at(-1)).toContain('1 WORSE: push');
  });

  it('says so when nothing is worse', () => {
    const figures = [row('push', 1, 1.1)];
    expect(describeComparison({ format: FORMAT, machine: {}, figures }, 'old.json', {}, figures).at(-1)).toBe(
      'Compared with old.json: nothing worse | 0 better | 1 within the spread',
    );
  });
});
