import { describe, expect, it } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import { DEFAULT_OPTIONS } from '../options/transfer-options.ts';
import { parseFilterRule, parseOldRule, ruleFileLines } from './parse.ts';
import type { FilterRule } from './rule.ts';
import { decodeRule, encodeRules, wantsFilterList } from './wire.ts';

const rule = (pattern: string, more: Partial<FilterRule> = {}): FilterRule => ({
  include: false,
  side: 'both',
  pattern,
  dirOnly: false,
  negate: false,
  absolute: false,
  perishable: false,
  ...more,
});

function failure(run: () => unknown): { code: string; exitCode: number; message: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof DriftlineError) return error.data;
    throw error;
  }
  throw new Error('did not fail');
}

describe('parseFilterRule', () => {
  it.each<[string, FilterRule | 'clear' | null]>([
    ['- foo', rule('foo')],
    ['+ foo', rule('foo', { include: true })],
    ['-_foo', rule('foo')],
    ['-,s foo', rule('foo', { side: 'sender' })],
    ['-  foo ', rule(' foo ')],
    ['exclude foo', rule('foo')],
    ['exclude_foo', rule('foo')],
    ['exclude,! foo', rule('foo', { negate: true })],
    ['-!/ foo', rule('foo', { negate: true, absolute: true })],
    ['-sr foo', rule('foo')],
    ['-rp foo/', rule('foo', { side: 'receiver', perishable: true, dirOnly: true })],
    ['H foo', rule('foo', { side: 'sender' })],
    ['show foo', rule('foo', { side: 'sender', include: true })],
    ['P foo', rule('foo', { side: 'receiver' })],
    ['risk foo', rule('foo', { side: 'receiver', include: true })],
    ['- /', rule('/')],
    ['- sub//', rule('sub/', { dirOnly: true })],
    ['!', 'clear'],
    ['clear,', 'clear'],
    ['', null],
  ])('%j', (text, expected) => {
    expect(parseFilterRule(text)).toEqual(expected);
  });

  it.each([
    ['x', 'Unknown filter rule: x'],
    ['q foo', 'Unknown filter rule: q foo'],
    ['exclude! foo', 'Unknown filter rule: exclude! foo'],
    ['excluded foo', 'Unknown filter rule: excluded foo'],
    ['  - foo', 'Unknown filter rule:   - foo'],
    ['-Z foo', "invalid modifier 'Z' at position 1 in filter rule: -Z foo"],
    ['-s,x', "invalid modifier ',' at position 2 in filter rule: -s,x"],
    ['hide,s foo', "invalid modifier 's' at position 5 in filter rule: hide,s foo"],
    ['-n foo', "invalid modifier 'n' at position 1 in filter rule: -n foo"],
    ['- ', 'unexpected end of filter rule: - '],
    ['exclude', 'unexpected end of filter rule: exclude'],
    ['clear ', "'!' rule has trailing characters: clear "],
  ])('refuses %j as rsync does', (text, message) => {
    expect(failure(() => parseFilterRule(text))).toMatchObject({ code: 'filter-syntax', exitCode: 1, message });
  });

  it.each([': .f', '. f', 'merge f', 'dir-merge,n f', '-C', '-x foo'])('refuses %j by name', (text) => {
    expect(failure(() => parseFilterRule(text))).toMatchObject({ code: 'filter-not-supported', exitCode: 1 });
  });
});

describe('old prefixes', () => {
  it('reads bare patterns, two prefixes and the clear mark', () => {
    expect(parseOldRule('foo/', false)).toEqual(rule('foo', { dirOnly: true }));
    expect(parseOldRule('+ foo', false)).toEqual(rule('foo', { include: true }));
    expect(parseOldRule('- foo', true)).toEqual(rule('foo'));
    expect(parseOldRule('-_foo', false)).toEqual(rule('-_foo'));
    expect(parseOldRule('! foo', false)).toEqual(rule('! foo'));
    expect(parseOldRule('!', false)).toBe('clear');
    expect(parseOldRule('', false)).toBeNull();
    expect(failure(() => parseOldRule('- ', false)).code).toBe('filter-syntax');
    expect(failure(() => parseOldRule('x'.repeat(5000), false)).code).toBe('filter-too-long');
  });

  it('splits rule files at LF and CR and drops comments', () => {
    expect(ruleFileLines('foo\r\nbar\rbaz\n# c\n;d\n\n  \n-')).toEqual(['foo', 'bar', 'baz', '  ', '-']);
  });
});

describe('wire', () => {
  const list = ['- *.o', '+ /keep/', 'P keepme', 'H *.tmp', '-p .pp/', '-/! x', 'R risky'].map(
    (text) => parseFilterRule(text) as FilterRule,
  );

  it('sends what the server needs (reference §5.2, §5.3)', () => {
    expect(encodeRules(list, false)).toEqual(['- *.o', '+ /keep/', '-r keepme', '-p .pp/', '-/! x', '+r risky']);
    expect(encodeRules(list, true)).toEqual(['- *.o', '+ /keep/', '-s *.tmp', '-p .pp/', '-/! x']);
  });

  it('reads back what it sent', () => {
    const received: FilterRule[] = [];
    for (const text of encodeRules(list, false)) decodeRule(received, text);
    expect(received).toEqual(list.filter((one) => one.side !== 'sender'));
  });

  it('refuses what is out of bounds', () => {
    expect(failure(() => decodeRule([], ''))).toMatchObject({ code: 'filter-list', exitCode: 12 });
    expect(failure(() => decodeRule([], `- ${'x'.repeat(5200)}`))).toMatchObject({ code: 'filter-list', exitCode: 12 });
    expect(failure(() => decodeRule([], '- a\0b'))).toMatchObject({ code: 'filter-list', exitCode: 12 });
    expect(failure(() => decodeRule([], '~ a'))).toMatchObject({ code: 'filter-list', exitCode: 12 });
    expect(failure(() => decodeRule([], ': .rules'))).toMatchObject({ code: 'filter-list', exitCode: 4 });
  });

  it('bounds what a peer can make us keep', () => {
    const many: FilterRule[] = [];
    expect(
      failure(() => {
        for (;;) decodeRule(many, '- x');
      }),
    ).toMatchObject({ code: 'filter-list', exitCode: 12 });
    expect(many.length).toBe(65536);
    const long: FilterRule[] = [];
    expect(
      failure(() => {
        for (;;) decodeRule(long, `- ${'x'.repeat(4000)}`);
      }),
    ).toMatchObject({ code: 'filter-list' });
    expect(long.length).toBeLessThan(1400);
  });

  it('crosses the wire on every pull, and on a push that deletes', () => {
    const deleting = { ...DEFAULT_OPTIONS, deleteMode: 'default' as const };
    expect([wantsFilterList(DEFAULT_OPTIONS, true), wantsFilterList(DEFAULT_OPTIONS, false)]).toEqual([true, false]);
    expect([wantsFilterList(deleting, true), wantsFilterList(deleting, false)]).toEqual([true, true]);
  });
});
