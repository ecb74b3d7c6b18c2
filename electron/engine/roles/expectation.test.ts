import { describe, expect, it } from 'vitest';
import { parseFilterRule, applyRule } from '../filter/parse.ts';
import type { FilterRule } from '../filter/rule.ts';
import { DEFAULT_OPTIONS } from '../options/transfer-options.ts';
import { expectationOf } from './expectation.ts';

const at = 'local';
const relative = { ...DEFAULT_OPTIONS, relative: true };
const list = { path: 'l', host: null };

describe('what a pull may bring', () => {
  const tops = (...args: Parameters<typeof expectationOf>): string[] =>
    ['.', 'a', 'b', 'c1', 'home'].filter((name) => expectationOf(...args).topName(name));

  it('follows the arguments', () => {
    expect(tops(['/home/a', 'x/c[0-9]'], null, DEFAULT_OPTIONS)).toEqual(['a', 'c1']);
    expect(tops(['/home/a/'], null, DEFAULT_OPTIONS)).toHaveLength(5);
  });

  it('follows relative names', () => {
    expect(tops(['/home/a'], null, relative)).toEqual(['home']);
    expect(tops(['/home/./a/x'], null, relative)).toEqual(['a']);
    expect(tops(['/home/./'], null, relative)).toHaveLength(5);
  });

  it('keeps parents without contents', () => {
    const contents = (sources: string[], ...names: string[]): boolean[] =>
      names.map((name) => expectationOf(sources, null, relative).mayHaveContents(name));
    expect(contents(['/x/./a/b', 'c?/d'], 'a', 'a/b', 'a/b/c', 'c1', 'c1/d', '.')).toEqual([
      ...[false, true, true],
      ...[false, true, false],
    ]);
    expect(tops(['/x/././a'], null, relative)).toEqual(['.', 'a']);
    expect(contents(['/x/././a'], '.', 'a')).toEqual([false, true]);
    expect(expectationOf(['x/a'], null, DEFAULT_OPTIONS).mayHaveContents('a')).toBe(true);
  });

  it('follows a list on this side', () => {
    const options = { ...relative, filesFrom: { ...list, at } } as const;
    expect(tops(['base'], ['/a/x', '../b'], options)).toEqual(['a', 'b']);
    expect(tops(['base'], ['a', '..'], options)).toHaveLength(5);
    expect(tops(['base'], ['x/c1'], { ...options, relative: false })).toEqual(['c1']);
    // A listed name is no pattern.
    expect(tops(['base'], ['c[0-9]'], options)).toEqual([]);
  });

  it('is anything where the server has the list', () => {
    expect(tops(['base'], null, { ...relative, filesFrom: { ...list, at: 'remote' } })).toHaveLength(5);
  });

  it('is nothing that rules hide, as far as they are known here', () => {
    const filters: FilterRule[] = [];
    for (const text of ['- x', ': .rules', '- y']) applyRule(filters, parseFilterRule(text));
    const { hidden } = expectationOf(['/'], null, { ...DEFAULT_OPTIONS, filters });
    expect([hidden('x', false), hidden('d/x', true), hidden('y', false)]).toEqual([true, true, false]);
  });
});
