import { describe, expect, it } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import { EntryFlag, entryName, type FileEntry } from './entry.ts';
import { FileLists } from './file-lists.ts';

const CONTENT = EntryFlag.CONTENT_DIR;

/** `a/x` a file, `a/` a directory, `.` the root. */
function entry(spec: string, flags: number = CONTENT): FileEntry {
  const directory = spec === '.' || spec.endsWith('/');
  const name = spec.replace(/\/$/, '');
  const slash = name.lastIndexOf('/');
  return {
    dir: slash < 0 ? '' : name.slice(0, slash),
    base: name.slice(slash + 1),
    mode: directory ? 0o40755 : 0o100644,
    ...{ size: 0, mtime: 0, nsec: 0, uid: 0, gid: 0, flags: directory ? flags : 0, root: 0, extra: null },
  };
}

const entries = (...specs: string[]): FileEntry[] => specs.map((spec) => entry(spec));
const names = (list: readonly FileEntry[]): string[] => list.map(entryName);
const nameAt = (lists: FileLists, ndx: number): string | null => {
  const found = lists.find(ndx);
  return found && entryName(found.entry);
};

function codeOf(run: () => unknown): string {
  try {
    run();
    return 'none';
  } catch (error) {
    return error instanceof DriftlineError ? `${error.data.kind}/${error.data.code}` : String(error);
  }
}

describe('numbering (§6.13)', () => {
  it('starts at 0 for one whole list', () => {
    const lists = new FileLists(false);
    const list = lists.add(entries('b/', 'b/x', '.', 'a'), -1);
    expect(names(list.entries)).toEqual(['.', 'a', 'b', 'b/x']);
    expect([-1, 0, 1, 2, 3, 4].map((ndx) => nameAt(lists, ndx))).toEqual([null, '.', 'a', 'b', 'b/x', null]);
    expect(names(lists.allDirs)).toEqual(['.', 'b']);
  });

  it('leaves a hole for the directory before each incremental list', () => {
    const lists = new FileLists(true);
    lists.add(entries('.', 's/', 'a', 'l', 'e/'), -1);
    expect([0, 1, 2, 3, 4, 5, 6].map((ndx) => nameAt(lists, ndx))).toEqual(['.', '.', 'a', 'l', 'e', 's', null]);
    expect(names(lists.allDirs)).toEqual(['.', 'e', 's']);
    expect(lists.add(entries(), 1)).toMatchObject({ ndxStart: 7, dirIndex: 1 });
    const s = lists.add(entries('s/b', 's/c/'), 2);
    expect(s).toMatchObject({ ndxStart: 8, dirIndex: 2 });
    expect(entryName(s.parent!)).toBe('s');
    expect([6, 7, 8, 9, 10].map((ndx) => nameAt(lists, ndx))).toEqual(['e', 's', 's/b', 's/c', null]);
    expect(lists.find(6)!.list.dirIndex).toBe(1);
    expect(names(lists.allDirs)).toEqual(['.', 'e', 's', 's/c']);
    expect(lists.totalEntries).toBe(7);
    expect(lists.byDirIndex(2)).toBe(s);
    expect(lists.byDirIndex(3)).toBeNull();
    expect([1, 2, 3].map((dir) => lists.isListed(dir))).toEqual([true, true, false]);
  });

  it('has nothing in the first hole without a root', () => {
    const lists = new FileLists(true);
    lists.add(entries('a', 'd/'), -1);
    expect([0, 1, 2, 3].map((ndx) => nameAt(lists, ndx))).toEqual([null, 'a', 'd', null]);
  });

  it('counts duplicates', () => {
    const lists = new FileLists(true);
    lists.add(entries('f', 'f', 'd/', 'd/'), -1);
    expect(lists.add(entries('d/x'), 0).ndxStart).toBe(6);
    expect(lists.find(2)!.entry.flags & EntryFlag.INACTIVE).toBeTruthy();
    expect(names(lists.sameNameDirs(0))).toEqual(['d', 'd']);
  });

  it('goes on after lists were released', () => {
    const lists = new FileLists(true);
    lists.add(entries('.', ...Array.from({ length: 300 }, (_, i) => `d${i}/`)), -1);
    let next = 1 + 301;
    for (let i = 1; i <= 300; i++) {
      const name = entryName(lists.allDirs[i]!);
      const list = lists.add([entry(`${name}/f`)], i);
      expect(list.ndxStart).toBe(++next);
      next += 1;
      expect(nameAt(lists, list.ndxStart)).toBe(`${name}/f`);
      if (i % 3 === 0) {
        const first = lists.first!;
        lists.dropFirst();
        expect(lists.find(first.ndxStart)).toBeNull();
        expect(nameAt(lists, lists.first!.ndxStart)).toBe(entryName(lists.first!.entries[0]!));
      }
    }
    expect(lists.count).toBe(201);
    expect(lists.live()).toHaveLength(201);
    while (lists.count > 0) lists.dropFirst();
    lists.dropFirst();
    expect([lists.first, lists.last, lists.count]).toEqual([null, null, 0]);
  });
});

describe('what a peer may not do (R16)', () => {
  function listed(): FileLists {
    const lists = new FileLists(true);
    lists.add(entries('.', 'a', 'd/', 'e/', 'e', 'twin/', 'twin/'), -1);
    return lists;
  }

  it.each([
    ['a directory index out of range', 9, 'd/x'],
    ['the root again', 0, 'x'],
    ['a duplicate', 4, 'twin/x'],
    ['an entry of another directory', 1, 'e/x'],
    ['an entry further down', 1, 'd/x/y'],
    ['an entry at the top', 1, 'x'],
    ['a second first list', -1, 'x'],
  ])('%s', (_, dirIndex, name) => {
    expect(codeOf(() => listed().add(entries(name), dirIndex))).toBe('protocol/flist-structure');
  });

  it('a directory twice', () => {
    const lists = listed();
    lists.add(entries('d/x'), 1);
    expect(codeOf(() => lists.add(entries('d/y'), 1))).toBe('protocol/flist-structure');
  });

  it('a first list with more than the top level', () => {
    expect(codeOf(() => new FileLists(true).add(entries('.', 'd/', 'd/x'), -1))).toBe('protocol/flist-structure');
  });

  it('sub-lists without incremental recursion', () => {
    const lists = new FileLists(false);
    lists.add(entries('.', 'd/'), -1);
    expect(codeOf(() => lists.add(entries('d/x'), 1))).toBe('protocol/flist-structure');
  });

  it('an entry whose directory is missing, or is something else', () => {
    expect(codeOf(() => new FileLists(false).add(entries('.', 'd/x'), -1))).toBe('protocol/flist-structure');
    expect(codeOf(() => new FileLists(false).add(entries('.', 'd', 'd/x'), -1))).toBe('protocol/flist-structure');
    expect(codeOf(() => new FileLists(false).add(entries('d/', 'd/e/', 'd/e/f/g'), -1))).toBe(
      'protocol/flist-structure',
    );
  });

  it('while a directory beside a file of that name is fine', () => {
    const lists = new FileLists(false);
    lists.add(entries('.', 'd', 'd/', 'd/x'), -1);
    expect(lists.find(1)!.entry.flags & EntryFlag.INACTIVE).toBeTruthy();
    expect(nameAt(lists, 3)).toBe('d/x');
  });
});

describe('a sender’s lists', () => {
  it('hide duplicates without pooling their flags', () => {
    const lists = new FileLists(true, false);
    lists.add([entry('d/', 0), entry('d/', CONTENT)], -1);
    expect(lists.allDirs.map((dir) => dir.flags)).toEqual([0, CONTENT | EntryFlag.INACTIVE]);
    expect(lists.sameNameDirs(0)).toHaveLength(2);
  });
});

describe('numbering with --iconv: by the order of sending (§6.17)', () => {
  it('numbers entries and folders as they came, and keeps them sorted', () => {
    const lists = new FileLists(true, true, true, true);
    const list = lists.add(entries('z', 'b/', '.', 'a', 'a/'), -1);
    expect(names(list.entries)).toEqual(['.', 'a', 'z', 'a', 'b']);
    expect([0, 1, 2, 3, 4, 5, 6].map((ndx) => nameAt(lists, ndx))).toEqual(['.', 'z', 'b', '.', 'a', 'a', null]);
    expect(list.entries.map((_, place) => nameAt(lists, lists.numberOf(list, place)))).toEqual(names(list.entries));
    expect(names(lists.allDirs)).toEqual(['b', '.', 'a']);
    expect([0, 1, 2].map((place) => lists.dirIndexAt(place))).toEqual([1, 2, 0]);
    // Behind an entry is what is sorted behind it.
    expect(list.entries.map((_, place) => lists.behind(lists.numberOf(list, place)))).toEqual([4, 3, 2, 1, 0]);
    const b = lists.add(entries('b/y', 'b/x'), 0);
    expect(entryName(b.parent!)).toBe('b');
    expect([6, 7, 8].map((ndx) => nameAt(lists, ndx))).toEqual(['b', 'b/y', 'b/x']);
  });

  it('finds folders of one name that were not sent one behind the other', () => {
    const lists = new FileLists(true, false, true, true);
    lists.add(entries('d/', 'a/', 'd/', 'c/'), -1);
    expect(lists.sameNameDirs(0)).toEqual([lists.allDirs[0], lists.allDirs[2]]);
    expect(names(lists.sameNameDirs(1))).toEqual(['a']);
    expect(names(lists.sameNameDirs(3))).toEqual(['c']);
  });

  it('keeps the places of what has no name, and of what is in it', () => {
    const nameless = (directory: boolean): FileEntry => ({
      ...entry(directory ? '/' : 'x'),
      base: '',
      flags: EntryFlag.INACTIVE,
    });
    const lists = new FileLists(true, true, true, true);
    lists.add([nameless(false), entry('.'), nameless(true), entry('a')], -1);
    expect([0, 1, 2, 3, 4].map((ndx) => nameAt(lists, ndx))).toEqual(['.', '', '.', '', 'a']);
    lists.add([nameless(false), nameless(true)], 1);
    expect(lists.find(5)).toBeNull();
    expect(nameAt(lists, 6)).toBe('');
    expect(codeOf(() => lists.add(entries('a'), 2))).toBe('protocol/flist-structure');
  });
});
