import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileEntry } from '../flist/entry.ts';
import type { DestinationRoot } from '../fs/fs.ts';
import { openRoot } from '../fs/root.ts';
import { DEFAULT_OPTIONS } from '../options/transfer-options.ts';
import { BasisType } from '../wire/constants.ts';
import { Fuzzy, nameDistance } from './fuzzy.ts';

const EDIT = 65536;

describe('nameDistance', () => {
  it.each([
    ['same', 'same', 0],
    ['a', 'b', EDIT + 1],
    ['ab', 'b', EDIT],
    ['ab', 'abc', EDIT + 99],
    ['', 'ab', 2 * EDIT + 195],
    ['', '', 0],
  ])('of %j and %j is %d', (a, b, expected) => {
    expect(nameDistance(a, b, Infinity)).toBe(expected);
    expect(nameDistance(b, a, Infinity)).toBe(expected);
  });
  it('gives up past the limit', () => {
    expect(nameDistance('completely', 'different!', 2 * EDIT)).toBeGreaterThan(2 * EDIT);
    expect(nameDistance('x', 'x'.repeat(200), 25 * EDIT)).toBe(Infinity);
  });
});

describe('Fuzzy', () => {
  let base: string;
  let root: DestinationRoot;
  let other: DestinationRoot;
  const entry = (name: string, size = 3, mtime = 9): FileEntry => ({
    ...{ dir: '', base: name, mode: 0o100644, size, mtime, nsec: 0, uid: 0, gid: 0, flags: 0, root: 0, extra: null },
  });
  const find = (fuzzy: Fuzzy, wanted: FileEntry) => {
    const basis = fuzzy.find(wanted, { dir: root.dir('')!, name: wanted.base });
    return basis && `${basis.type.toString(16)} ${basis.xname}`;
  };
  const put = (path: string, content: string, mtime = 5): void => {
    writeFileSync(join(base, path), content);
    utimesSync(join(base, path), mtime, mtime);
  };

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'driftline-fuzzy-'));
    mkdirSync(join(base, 'dst'));
    mkdirSync(join(base, 'alt'));
    root = openRoot(join(base, 'dst'));
    other = openRoot(join(base, 'alt'));
  });
  afterEach(() => {
    root.close();
    other.close();
    rmSync(base, { recursive: true, force: true });
  });

  it('takes size and time before any name', () => {
    put('dst/quite different', 'abc', 9);
    put('dst/name-2', 'abcd');
    expect(find(new Fuzzy(DEFAULT_OPTIONS, []), entry('name-1'))).toBe('83 quite different');
  });
  it('weighs the ends of names, and looks through what tells their age', () => {
    put('dst/report.doc', 'x');
    put('dst/report-old.txt~', 'x');
    expect(find(new Fuzzy(DEFAULT_OPTIONS, []), entry('report.txt'))).toBe('83 report-old.txt~');
  });
  it('counts a missing end from its dot on', () => {
    put('dst/z2', 'x');
    expect(find(new Fuzzy(DEFAULT_OPTIONS, []), entry('x.gz'))).toBeNull();
  });
  it('takes no empty file, link or folder', () => {
    put('dst/name-2', '');
    symlinkSync('name-2', join(base, 'dst/name-3'));
    mkdirSync(join(base, 'dst/name-4'));
    const fuzzy = new Fuzzy(DEFAULT_OPTIONS, []);
    expect(find(fuzzy, entry('name-1'))).toBeNull();
  });
  it('takes a file for an empty one, too, whose mode may be lent', () => {
    put('dst/name-5', 'x');
    expect(find(new Fuzzy(DEFAULT_OPTIONS, []), entry('name-1', 0))).toBe('83 name-5');
  });
  it('takes no file that gets new content itself', () => {
    put('dst/name-2', 'x');
    const fuzzy = new Fuzzy(DEFAULT_OPTIONS, []);
    fuzzy.take({ dir: root.dir('')!, name: 'name-2' });
    expect(find(fuzzy, entry('name-1'))).toBeNull();
  });
  it('names the alternate folder by its index', () => {
    put('alt/name-2', 'x');
    expect(find(new Fuzzy(DEFAULT_OPTIONS, [{ index: 3, root: other }]), entry('name-1'))).toBe(
      `${(BasisType.FUZZY + 1 + 3).toString(16)} name-2`,
    );
  });
});
