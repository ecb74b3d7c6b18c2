import { expect, it } from 'vitest';
import { exclusionFor } from './exclude-rule.ts';
import { textToBytes, type PathText } from './model/path.ts';
import type { ExcludeScope, ItemKind } from './model/preview.ts';

const pattern = (path: string, scope: ExcludeScope, kind: ItemKind = 'file'): string | null =>
  exclusionFor({ path: path as PathText, kind }, scope)?.pattern ?? null;
const hits = (path: string, scope: ExcludeScope, others: string[], kind: ItemKind = 'file'): string[] =>
  others.filter((other) => exclusionFor({ path: path as PathText, kind }, scope)!.matches(textToBytes(other)));

it('names the item, its name, its extension, its folder', () => {
  expect(pattern('a/b.txt', 'item')).toBe('/a/b.txt');
  expect(pattern('a/b', 'item', 'dir')).toBe('/a/b/');
  expect(pattern('a/b.txt', 'name')).toBe('b.txt');
  expect(pattern('a/b.tar.gz', 'extension')).toBe('*.gz');
  expect(pattern('a/b.txt', 'folder')).toBe('/a/');
  expect(pattern('a/b', 'folder', 'dir')).toBe('/a/b/');
});

it('has none where there is nothing to name', () => {
  expect(pattern('.', 'item', 'dir')).toBeNull();
  expect(pattern('b.txt', 'folder')).toBeNull();
  for (const name of ['README', '.hidden', 'ends.']) expect(pattern(name, 'extension')).toBeNull();
});

it('takes wildcards and invalid bytes for what they are', () => {
  expect(pattern('x*[y]', 'item')).toBe('/x\\*\\[y]');
  expect(pattern('x\\y', 'item')).toBe('/x\\y');
  expect(pattern('a.x\\y', 'extension')).toBe('*.x\\\\y');
  expect(pattern('bad\udcff', 'name')).toBe('bad\udcff');
});

it('covers what lies below a folder that it leaves out', () => {
  const names = ['a', 'a/b', 'a/b/c', 'a/bc', 'x/b', 'x/b/c.gz', 'd.gz/e'];
  expect(hits('a/b', 'item', names)).toEqual(['a/b', 'a/b/c']);
  expect(hits('a/b', 'name', names)).toEqual(['a/b', 'a/b/c', 'x/b', 'x/b/c.gz']);
  expect(hits('z.gz', 'extension', names)).toEqual(['x/b/c.gz', 'd.gz/e']);
  expect(hits('a/b', 'folder', names)).toEqual(['a', 'a/b', 'a/b/c', 'a/bc']);
});
