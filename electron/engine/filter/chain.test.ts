import { describe, expect, it } from 'vitest';
import { FilterChain } from './chain.ts';
import { applyRule, parseFilterRule } from './parse.ts';
import type { FilterRule } from './rule.ts';

function rules(...texts: string[]): FilterRule[] {
  const list: FilterRule[] = [];
  for (const text of texts) applyRule(list, parseFilterRule(text));
  return list;
}

/** A name with a trailing slash is a directory. */
function excluded(name: string, ...texts: string[]): boolean {
  const isDir = name.endsWith('/');
  return (
    new FilterChain(rules(...texts), 'sender', '/base/dir').check(isDir ? name.slice(0, -1) : name, isDir) === 'exclude'
  );
}

describe('matching (protocol reference §5.7)', () => {
  const table: [pattern: string, matching: string[], other: string[]][] = [
    ['*.o', ['x.o', 'd/x.o', '.o'], ['x.o/y', 'xo']],
    ['/a', ['a'], ['d/a']],
    ['a/b', ['a/b', 'x/a/b'], ['xa/b', 'b']],
    ['/a/b', ['a/b'], ['x/a/b']],
    ['a/', ['a/', 'x/a/'], ['a']],
    ['a/*', ['a/b', 'x/a/b'], ['a/b/c', 'a']],
    ['a/**', ['a/b', 'a/b/c', 'x/a/b'], ['a/']],
    ['a/***', ['a/', 'a/b', 'a/b/c'], ['a']],
    ['**/a', ['a', 'x/a', 'x/y/a'], ['xa']],
    ['/**/a', ['x/a'], ['a']],
    ['a**z', ['az', 'abz', 'a/b/z', 'x/a/z'], ['ba/z']],
    ['a?c', ['abc'], ['a/c', 'ac']],
    ['a\\*b', ['a*b'], ['axb']],
    ['a\\b', ['a\\b'], ['ab']],
    ['a*\\b', ['axb', 'ax\\b'], ['axc']],
    ['foo', ['foo', 'x/foo'], ['foox', 'xfoo', 'foo/x']],
    ['f*', ['foo', 'x/f'], ['xf']],
    ['x[a-c]', ['xa', 'xc'], ['xd', 'x-']],
    ['x[!a-c]', ['xd'], ['xa', 'x/']],
    ['x[]-]y', ['x]y', 'x-y'], ['xay']],
    ['x[[:digit:]z]', ['x5', 'xz'], ['xa', 'x:']],
    ['x[', [], ['x[', 'x']],
    ['[[:nope:]]', [], ['n', ':']],
    ['*', ['a', 'a/b', 'd/'], []],
    ['\xff*', ['\xffa'], ['a\xff']],
  ];
  it.each(table)('%s', (pattern, matching, other) => {
    for (const name of matching) expect([name, excluded(name, `- ${pattern}`)]).toEqual([name, true]);
    for (const name of other) expect([name, excluded(name, `- ${pattern}`)]).toEqual([name, false]);
  });

  it('takes the first rule that acts', () => {
    expect(excluded('a.o', '+ a.o', '- *.o')).toBe(false);
    expect(excluded('b.o', '+ a.o', '- *.o')).toBe(true);
    expect(new FilterChain(rules('- x', '+ y'), 'sender').matchRule('y', false)).toMatchObject({ pattern: 'y' });
    expect(new FilterChain([], 'sender').isEmpty).toBe(true);
  });

  it('negates after the directory test', () => {
    expect(excluded('a', '-! dir/')).toBe(true);
    expect(excluded('dir/', '-! dir/')).toBe(false);
  });

  it('matches absolute rules against the whole path', () => {
    expect(excluded('x', '-/ /base/dir/x')).toBe(true);
    expect(excluded('d/x', '-/ /base/dir/x')).toBe(false);
    expect(excluded('d/x', '-/ /base/**/x')).toBe(true);
    expect(excluded('d/x', '-/ dir/d/x')).toBe(true);
  });

  it('knows sides and perishable rules', () => {
    const list = rules('H h', 'P p', '-p t');
    const sender = new FilterChain(list, 'sender');
    const receiver = new FilterChain(list, 'receiver');
    expect([sender.check('h', false), sender.check('p', false)]).toEqual(['exclude', 'include']);
    expect([receiver.check('h', false), receiver.check('p', false)]).toEqual(['include', 'exclude']);
    expect([receiver.check('t', false), receiver.check('t', false, true)]).toEqual(['exclude', 'include']);
  });

  it('stays polynomial on a pattern made to backtrack', () => {
    expect(excluded('a'.repeat(4000), `- ${'a*'.repeat(200)}b`)).toBe(false);
    expect(excluded('a/'.repeat(1000) + 'c', `- ${'**a*'.repeat(50)}b`)).toBe(false);
  });
});
