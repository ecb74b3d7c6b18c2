import { describe, expect, it } from 'vitest';
import { FilterChain, type Side } from './chain.ts';
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

describe('per-directory files (reference §5.6)', () => {
  const chainOf = (texts: string[], tree: Record<string, string>, side: Side = 'sender', deleteExcluded = false) => {
    const asked: string[] = [];
    const mergeFiles = {
      read: (path: string) => {
        asked.push(path);
        return tree[path] ?? null;
      },
      floor: '/',
      from0: false,
    };
    return { asked, chain: new FilterChain(rules(...texts), side, '/base/dir', { deleteExcluded, mergeFiles }) };
  };
  const hidden = (chain: FilterChain, ...names: string[]) =>
    names.filter((name) => chain.check(name, false) === 'exclude');

  it('stand before what is inherited, at the place of their rule', () => {
    const tree = { '/base/dir/.r': '- a\n- b\n- /c\n', '/base/dir/d/.r': '+ a\n- /x\n' };
    const { chain } = chainOf(['- z', ': .r', '- y'], tree);
    chain.enter('.');
    expect(hidden(chain, 'a', 'b', 'c', 'x', 'y', 'z')).toEqual(['a', 'b', 'c', 'y', 'z']);
    chain.enter('d');
    expect(hidden(chain, 'd/a', 'd/b', 'd/c', 'd/x', 'd/y')).toEqual(['d/b', 'd/x', 'd/y']);
    chain.enter('d/e');
    expect(hidden(chain, 'd/e/a', 'd/e/b', 'd/e/x')).toEqual(['d/e/b']);
    chain.enter('f');
    expect(hidden(chain, 'f/a', 'f/x')).toEqual(['f/a']);
  });

  it('are read once for each directory, and only where it is entered', () => {
    const { chain, asked } = chainOf([': .r'], {});
    expect(hidden(chain, 'a')).toEqual([]);
    chain.enter('d');
    chain.enter('d');
    hidden(chain, 'd/a', 'd/b');
    chain.enterPath('d/e/f');
    expect(asked).toEqual(['/base/dir/d/.r', '/base/dir/d/e/.r', '/base/dir/d/e/f/.r']);
  });

  it('are looked for in the directories above where their name has a path', () => {
    const tree = { '/.r': '- top', '/base/.r': '- /dir/in\n- over\n', '/base/dir/.r': '+ over' };
    const { chain } = chainOf([': /.r'], tree);
    chain.enter('');
    expect(hidden(chain, 'top', 'in', 'over', 'dir/in')).toEqual(['top', 'in']);
    const { asked, chain: low } = chainOf([': ../.r', ':n below/.q'], tree);
    low.enter('');
    expect(asked).toEqual(['/base/.r', '/base/dir/.r', '/base/dir/.q']);
    expect(hidden(low, 'top', 'in')).toEqual(['in']);
  });

  it('hold rules for their side, and with --delete-excluded the sender alone has those without one', () => {
    const tree = { '/base/dir/.r': '- a\nP b\n', '/base/dir/.q': 'c\n' };
    const seen = (side: Side, deleteExcluded: boolean): string[] => {
      const { chain } = chainOf([': .r', ':- .q'], tree, side, deleteExcluded);
      chain.enter('');
      return hidden(chain, 'a', 'b', 'c');
    };
    expect(seen('sender', false)).toEqual(['a', 'c']);
    expect(seen('receiver', false)).toEqual(['a', 'b', 'c']);
    expect(seen('receiver', true)).toEqual(['b']);
  });

  it('may say what is wrong with them, but not what they hold', () => {
    const { chain } = chainOf([': .r'], { '/base/dir/.r': '# a\nroot:x:0:0' });
    expect(() => chain.enter('')).toThrow('Unknown filter rule: <rule from /base/dir/.r line 2>');
  });

  it('are bounded', () => {
    const endless = Array.from({ length: 300 }, (_, i) => `: .r${i}\n`).join('');
    expect(() => chainOf([': .r'], { '/base/dir/.r': endless }).chain.enter('')).toThrow('Too many');
  });

  it('keep rules about attributes apart', () => {
    const { chain } = chainOf(['-x user.a*', '+ user.b', '- user.*'], {});
    expect([chain.hasXattrRules, chain.excludesXattr('user.ab'), chain.excludesXattr('user.c')]).toEqual([
      ...[true, true, false],
    ]);
    expect(hidden(chain, 'user.ab', 'user.b')).toEqual(['user.ab']);
  });
});
