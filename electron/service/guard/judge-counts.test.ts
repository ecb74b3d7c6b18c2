import { describe, expect, it } from 'vitest';
import type { PlanCounts } from '../../../shared/model/preview.ts';
import { guardError } from './finding.ts';
import { judgeCounts } from './judge-counts.ts';
import { at, profileOf as profile, remote } from './profile-fixture.ts';
import type { Seen } from './seen.ts';

describe('the plan', () => {
  const counts = (more: Partial<PlanCounts>): PlanCounts => ({
    create: 0,
    update: 0,
    attributes: 0,
    delete: 0,
    unchanged: 0,
    destinationTotal: 0,
    sourceTotal: 10,
    transferSize: 0,
    deleteSize: 0,
    replacesNewer: 0,
    keptByFilter: 0,
    ...more,
  });
  const judge = (each: PlanCounts, issues = 0, contentsOnly = true, seen: Seen | null = null): string[] =>
    judgeCounts(profile(remote('/a'), at('/mirror'), { delete: true, contentsOnly }), each, issues, seen).map(
      (finding) => finding.code,
    );
  const seenWith = (destinationEntries: number): Seen => ({
    sources: [],
    destination: null,
    destinationKey: '',
    destinationEntries,
  });

  it.each<[number, number, boolean]>([
    [0, 0, false],
    [5, 10, false],
    [6, 10, true],
    [1, 1, true],
    [1, 2, false],
    [2, 3, true],
  ])('%i deletions of %i entries: stop %s', (deletions, total, stops) => {
    expect(judge(counts({ delete: deletions, destinationTotal: total }))).toEqual(stops ? ['many-deletions'] : []);
  });
  it('does not count the folder itself', () => {
    expect(judge(counts({ delete: 1, destinationTotal: 2 }), 0, false)).toEqual(['many-deletions']);
    expect(judge(counts({ sourceTotal: 1 }), 0, false)).toEqual(['empty-source']);
    expect(judge(counts({ sourceTotal: 1 }))).toEqual([]);
  });
  it('an empty source can never be confirmed', () => {
    const findings = judgeCounts(
      profile(remote('/a'), at('/m'), { delete: true }),
      counts({ sourceTotal: 0, delete: 3, destinationTotal: 3 }),
      0,
      null,
    );
    expect(guardError(findings, ['empty-source', 'many-deletions'])?.data).toMatchObject({
      kind: 'guard',
      code: 'empty-source',
      exitCode: 4,
    });
  });
  it('deletions after an incomplete listing can never be confirmed', () => {
    expect(judge(counts({ delete: 1, destinationTotal: 10 }), 1)).toEqual(['source-incomplete']);
    expect(judge(counts({ destinationTotal: 10 }), 1)).toEqual([]);
  });
  it('a confirmation covers its own code', () => {
    const findings = judgeCounts(
      profile(remote('/a'), at('/m'), { delete: true }),
      counts({ delete: 3, destinationTotal: 3 }),
      0,
      null,
    );
    expect(guardError(findings, [])?.data.findings).toMatchObject([{ code: 'many-deletions', confirmable: true }]);
    expect(guardError(findings, ['same-path'])).not.toBeNull();
    expect(guardError(findings, ['many-deletions'])).toBeNull();
  });
  it('more deletions than the profile allows, or very many', () => {
    const told = (deletions: number, total: number, more: string[]): string[] =>
      judgeCounts(
        profile(remote('/a'), at('/m'), { delete: true, more }),
        counts({
          delete: deletions,
          destinationTotal: total,
          unchanged: total - deletions,
          sourceTotal: total - deletions,
        }),
        0,
        null,
      ).map(({ code }) => code);
    expect(told(10_000, 1_000_000, [])).toEqual([]);
    expect(told(10_001, 1_000_000, [])).toEqual(['many-deletions']);
    expect(told(3, 100, ['--max-delete=3'])).toEqual([]);
    expect(told(4, 100, ['--max-delete=9', '--max-delete=3'])).toEqual(['many-deletions']);
    expect(told(20_000, 1_000_000, ['--max-delete=30000'])).toEqual([]);
    // A limit never lifts the share.
    expect(told(60, 100, ['--max-delete=100'])).toEqual(['many-deletions']);
  });
  it('a nearly empty source is told beside a full destination', () => {
    const [found] = judgeCounts(
      profile(remote('/a'), at('/m'), { delete: true }),
      counts({ sourceTotal: 4, unchanged: 4, delete: 196, destinationTotal: 200 }),
      0,
      seenWith(200),
    );
    expect(found).toMatchObject({
      code: 'many-deletions',
      message: '196 of 200 entries of the destination would be deleted; the source has only 4.',
      hint: 'Are the source and the destination the right way round? If so, confirm.',
    });
  });
  it.each([
    ['no entries before', 0, 0, []],
    ['still some', 9, 1, []],
    ['all gone', 9, 0, ['destination-emptied']],
  ])('a destination that was full: %s', (_name, before, now, expected) => {
    expect(judge(counts({ create: 10, destinationTotal: now, unchanged: now }), 0, true, seenWith(before))).toEqual(
      expected,
    );
  });
  it.each([
    ['few files', 47, 47, []],
    ['many', 48, 90, ['replaces-newer']],
    ['many of very many', 48, 96, []],
  ])('old files over newer ones: %s', (_name, replacesNewer, update, expected) => {
    expect(judge(counts({ update, replacesNewer, destinationTotal: update, sourceTotal: update }))).toEqual(expected);
  });

  describe('folders with little in common', () => {
    const good = seenWith(1);
    it.each<[string, Partial<PlanCounts>, Seen | null, string[]]>([
      ['a first copy', { create: 500, destinationTotal: 0 }, null, []],
      ['a first copy that was cut off', { create: 400, unchanged: 100, destinationTotal: 100 }, null, []],
      ['another folder', { create: 400, unchanged: 10, destinationTotal: 300 }, null, ['wrong-folder']],
      [
        'much that is new after a good run',
        { create: 400, unchanged: 100, destinationTotal: 100 },
        good,
        ['wrong-folder'],
      ],
      ['half', { create: 50, unchanged: 50, destinationTotal: 50 }, good, []],
      ['few rows', { create: 40, unchanged: 7, destinationTotal: 7 }, good, []],
      ['some dozens', { create: 40, unchanged: 8, destinationTotal: 8 }, good, ['wrong-folder']],
      [
        'new and gone together',
        { create: 30, delete: 30, unchanged: 40, destinationTotal: 70 },
        good,
        ['wrong-folder'],
      ],
    ])('%s', (_name, plan, seen, expected) => {
      expect(judge(counts({ sourceTotal: 500, ...plan }), 0, true, seen)).toEqual(expected);
    });
  });
});
