import { describe, expect, it } from 'vitest';
import { listedArgument, namesOf, tidyName } from './files-from.ts';

describe('names of a list', () => {
  it('end at lines, or at NUL', () => {
    const content = 'a\r\n\n# c\n;d\n b \nlast';
    expect(namesOf(content, false, 'here')).toEqual(['a', ' b ', 'last']);
    expect(namesOf(content, false, 'passed on')).toEqual(['a', '# c', ';d', ' b ', 'last']);
    expect(namesOf('a\nb\0\0# c\0', true, 'passed on')).toEqual(['a\nb', '# c']);
    expect(namesOf('a\nb\0\0# c\0', true, 'here')).toEqual(['a\nb']);
    expect(namesOf('a\0b\nc\0', false, 'here')).toEqual(['a', 'c']);
    expect(namesOf('a\0b\nc\0', false, 'passed on')).toEqual(['a', 'b', 'c']);
  });

  // As rsync 3.5.0 was seen to take them.
  it.each([
    ['/d/x', 'd/x'],
    ['../out', 'out'],
    ['../../d/x', 'd/x'],
    ['d/../a', 'a'],
    ['d/./../a', 'd/a'],
    ['./k//z', './k/z'],
    ['k/', 'k/'],
    ['k/.', 'k/.'],
    ['k/./', 'k/./'],
    ['d/..', '.'],
    ['d/e/..', 'd/'],
    ['/', '.'],
    ['..', '.'],
    ['', '.'],
  ])('%s stays below its folder', (name, tidy) => {
    expect(tidyName(name)).toBe(tidy);
  });

  it.each([
    ['base', 'a/b', 'base/./a/b'],
    ['base/', 'a/b', 'base/./a/b'],
    ['x/./base', 'a', 'x/base/./a'],
    ['', 'a', '././a'],
    ['/', 'a', '/./a'],
    ['base', 'd/./e/y', 'base/d/./e/y'],
    ['base', './k/z', 'base/././k/z'],
    ['base', 'k/./', 'base/k/./'],
    ['base', 'k/.', 'base/./k/.'],
    ['base', '../../etc/passwd', 'base/./etc/passwd'],
  ])('%s and %s make an argument', (base, name, argument) => {
    expect(listedArgument(base, name, true)).toBe(argument);
  });

  it('are plain arguments without -R', () => {
    expect(listedArgument('base', 'd/../k/', false)).toBe('base/k/');
    expect(listedArgument('', 'a', false)).toBe('a');
  });
});
