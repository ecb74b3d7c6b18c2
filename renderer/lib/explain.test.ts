import { describe, expect, it } from 'vitest';
import { formatDateTime } from '../../shared/format.ts';
import type { PathText } from '../../shared/model/path.ts';
import type { PlanReason, PlanRow, PlanSide } from '../../shared/model/preview.ts';
import { explainItemized, explainRow, formatMode } from './explain.ts';

const MARCH = 1_772_532_000;
const side = (more: Partial<PlanSide> = {}): PlanSide => ({
  ...{ size: 27, mtime: MARCH, mode: 0o100644, uid: 1000, gid: 100, link: null },
  ...more,
});
const why = (
  reason: PlanReason,
  source: Partial<PlanSide> | null,
  destination: Partial<PlanSide> | null,
  more = {},
) => {
  const row: PlanRow = {
    ...{ index: 0, path: 'a' as PathText, kind: 'file', action: 'update', reason, itemized: '' },
    ...{ source: source && side(source), destination: destination && side(destination) },
    ...{ ticked: true, excludedBy: null },
    ...more,
  };
  return explainRow(row, true);
};

describe('why a row is there', () => {
  it('names both values', () => {
    const at = (seconds: number) => formatDateTime(seconds * 1000);
    expect(why('missing', {}, null)).toBe('It is not on the destination.');
    expect(why('time', {}, { mtime: MARCH - 60 })).toBe(
      `The source is newer: ${at(MARCH)}, the destination has ${at(MARCH - 60)}.`,
    );
    expect(why('time', {}, { mtime: MARCH + 60 })).toContain('The source is older');
    expect(why('time', {}, {})).toContain('within the same second');
    expect(why('size', {}, { size: 21 })).toBe('Sizes differ: 27 and 21 bytes.');
    expect(why('size', { size: 4_100_000 }, { size: 4_100_001 })).toContain('4,100,000 and 4,100,001 bytes');
    expect(why('size', { size: 5_000_000 }, { size: 1, mtime: 0 })).toMatch(
      /^Sizes differ: 5 MB and 1 byte\. The source/,
    );
    expect(why('permissions', {}, { mode: 0o100600 })).toContain('rw-r--r-- and rw-------');
    expect(why('owner', {}, { uid: 0 })).toContain('1000:100 in the source, 0:100');
    expect(why('type', {}, { mode: 0o040755 })).toBe('The source has a file there, the destination a folder.');
    expect(why('target', { link: 'x' as PathText }, { link: '\u202ey' as PathText })).toContain('“\\u{202e}y”');
  });

  it('says what only the destination has, and which rule leaves something out', () => {
    expect(why('not-in-source', null, {})).toBe('It is no longer in the source.');
    expect(why('missing', {}, null, { excludedBy: 3 })).toBe('Left out by rule 3 of the profile.');
  });
});

it('itemized strings in words', () => {
  expect(explainItemized('>f+++++++++')).toBe('content received, new');
  expect(explainItemized('<f.st......')).toBe('content sent, size differs, time differs');
  expect(explainItemized('.d..tpog...')).toBe(
    'no content, time differs, permissions differ, owner differs, group differs',
  );
  expect(explainItemized('>fc.T......')).toBe('content received, content or target differs, gets the time of the run');
  expect(explainItemized('*deleting  ')).toBe('deleted');
});

it('permissions as ls shows them', () => {
  expect([0o755, 0o4711, 0o2640, 0o1777, 0o1000].map(formatMode)).toEqual([
    'rwxr-xr-x',
    'rws--x--x',
    'rw-r-S---',
    'rwxrwxrwt',
    '--------T',
  ]);
});
