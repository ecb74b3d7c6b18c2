import { describe, expect, it } from 'vitest';
import { splitArgument, splitRelativeArgument } from './source-argument.ts';

const PLAIN = { kind: 'plain', absolute: false, impliesRoot: false };

describe('a source argument', () => {
  it.each([
    ['a', { base: '', name: 'a' }],
    ['a/b', { base: 'a', name: 'b' }],
    ['/b', { base: '/', name: 'b' }],
    ['a/', { base: 'a/', name: '.', kind: 'root' }],
    ['a/.', { base: 'a/.', name: '.', kind: 'root' }],
    ['..', { base: '..', name: '.', kind: 'root' }],
    ['', { base: '', name: '.', kind: 'root' }],
    ['a/...', { base: 'a', name: '...' }],
  ])('%j', (arg, expected) => {
    expect(splitArgument(arg)).toEqual({ ...PLAIN, ...expected });
  });
});

describe('a relative one', () => {
  it.each([
    ['a/b', { base: '', name: 'a/b' }],
    ['/a//b/./', { base: '/a//b', name: '.', kind: 'root' }],
    ['/a//b/', { base: '/', name: 'a/b', kind: 'folder', absolute: true }],
    ['/', { base: '/', name: '.', kind: 'root', absolute: true }],
    ['x/./a/b', { base: 'x', name: 'a/b' }],
    ['/./a', { base: '/', name: 'a' }],
    ['x/./a/./b', { base: 'x', name: 'a/b' }],
    ['a/b/.', { base: '', name: 'a/b', kind: 'folder' }],
    ['./a', { base: '', name: 'a', impliesRoot: true }],
    ['.', { base: '', name: '.', kind: 'root' }],
    ['./', { base: '', name: '.', kind: 'root' }],
    ['../x/./a', { base: '../x', name: 'a' }],
    ['a..b/..c', { base: '', name: 'a..b/..c' }],
  ])('%j', (arg, expected) => {
    expect(splitRelativeArgument(arg)).toEqual({ ...PLAIN, ...expected });
  });

  it.each(['..', 'a/../b', '../a', 'x/./..', '/a/..'])('%j is refused', (arg) => {
    expect(() => splitRelativeArgument(arg)).toThrow('found ".." dir in relative path');
  });
});
