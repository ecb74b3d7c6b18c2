import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, SILENCEABLE_WARNINGS, Settings, bandwidthAt } from './settings.ts';
import type { Bandwidth } from './settings.ts';

describe('settings', () => {
  it('have a default for whatever is missing', () => {
    expect(v.parse(Settings, {})).toEqual(DEFAULT_SETTINGS);
    expect(v.parse(Settings, { theme: 'dark' })).toEqual({ ...DEFAULT_SETTINGS, theme: 'dark' });
  });

  it.each<[string, unknown]>([
    ['an unknown key', { colour: 'red' }],
    ['no value', { theme: undefined }],
    ['no run at all', { parallelRuns: 0 }],
    ['half a run', { parallelRuns: 1.5 }],
    [
      'a time that is none',
      { bandwidth: { limit: 0, schedule: [{ days: ['mon'], from: '24:00', to: '1:00', limit: 1 }] } },
    ],
    ['a rule for no day', { bandwidth: { limit: 0, schedule: [{ days: [], from: '01:00', to: '02:00', limit: 1 }] } }],
    ['a warning of a deletion as silenced', { silenced: ['many-deletions'] }],
  ])('refuse %s', (_what, given) => {
    expect(v.safeParse(Settings, given).success).toBe(false);
  });

  it('never let a warning of a deletion be silenced', () => {
    expect(SILENCEABLE_WARNINGS.filter((code) => /delet|empty|source|destination/.test(code))).toEqual([]);
  });
});

describe('bandwidthAt', () => {
  const bandwidth: Bandwidth = {
    limit: 0,
    schedule: [
      { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '08:00', to: '18:00', limit: 500 },
      { days: ['sun'], from: '22:00', to: '06:00', limit: 100 },
      { days: ['sat'], from: '00:00', to: '00:00', limit: 50 },
    ],
  };
  // 2 November 2026 is a Monday.
  const at = (day: number, hours: number, minutes = 0) =>
    bandwidthAt(bandwidth, new Date(2026, 10, day, hours, minutes));

  it.each([
    ['before the rule', at(2, 7, 59), 0],
    ['at its first minute', at(2, 8), 500],
    ['in its last minute', at(2, 17, 59), 500],
    ['at its end', at(2, 18), 0],
    ['late on Sunday', at(8, 23), 100],
    ['early on the Monday after', at(9, 5, 59), 100],
    ['early on that Sunday itself', at(8, 5), 0],
    ['a whole Saturday', at(7, 0), 50],
    ['the end of that Saturday', at(7, 23, 59), 50],
    ['the Sunday after it', at(8, 0), 0],
  ])('%s', (_when, found, expected) => {
    expect(found).toBe(expected);
  });

  it('lets the first rule win', () => {
    const both = {
      ...bandwidth,
      schedule: [{ days: ['mon' as const], from: '09:00', to: '10:00', limit: 1 }, ...bandwidth.schedule],
    };
    expect(bandwidthAt(both, new Date(2026, 10, 2, 9))).toBe(1);
  });
});
