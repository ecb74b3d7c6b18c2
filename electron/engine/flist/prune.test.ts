import { expect, it } from 'vitest';
import { EntryFlag, entryName, type FileEntry } from './entry.ts';
import { pruneEmptyDirs } from './prune.ts';
import { markDuplicates, sortEntries } from './sort.ts';

const entry = (name: string, mode: number): FileEntry => {
  const slash = name.lastIndexOf('/');
  return {
    ...{ dir: name.slice(0, Math.max(0, slash)), base: name.slice(slash + 1), mode, size: 0, mtime: 0, nsec: 0 },
    ...{ uid: 0, gid: 0, flags: 0, root: 0, extra: null },
  };
};

function pruned(names: string[], named: (dir: string) => boolean = () => false): string[] {
  const list = names.map((name) =>
    name.endsWith('/') ? entry(name.slice(0, -1), 0o40755) : entry(name, name === '.' ? 0o40755 : 0o100644),
  );
  sortEntries(list);
  markDuplicates(list);
  pruneEmptyDirs(list, named);
  return list.filter(({ flags }) => !(flags & EntryFlag.INACTIVE)).map(entryName);
}

it('drops chains of empty folders', () => {
  expect(pruned(['.', 'f', 'a/', 'a/b/', 'a/b/c/', 'd/', 'd/e/', 'd/e/f', 'd/g/', 'h/'])).toEqual([
    '.',
    'f',
    'd',
    'd/e',
    'd/e/f',
  ]);
  expect(pruned(['.', 'a/', 'a.d/', 'a.d/x'])).toEqual(['.', 'a.d', 'a.d/x']);
  expect(pruned(['.', 'a/'])).toEqual(['.']);
  expect(pruned(['a/', 'a/b/'])).toEqual([]);
});

it('keeps a folder that a rule names, and what it is in', () => {
  expect(pruned(['.', 'a/', 'a/b/', 'a/b/c/', 'd/'], (dir) => dir === 'a/b')).toEqual(['.', 'a', 'a/b']);
});

it('keeps an empty folder that is in the list twice', () => {
  expect(pruned(['.', 'a/', 'a/', 'a/b/', 'c/'])).toEqual(['.', 'a']);
});

it('drops an empty folder that is in the list twice and ends it, as rsync does', () => {
  expect(pruned(['.', '.', 'f', 'c/', 'c/', 'd/', 'd/'])).toEqual(['.', 'f', 'c']);
  expect(pruned(['.', 'd/', 'd/', 'd/e/', 'd/e/', 'd/f'])).toEqual(['.', 'd', 'd/f']);
  expect(pruned(['a/', 'a/'])).toEqual([]);
});
