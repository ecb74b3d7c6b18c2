import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  existsSync,
  linkSync,
  readdirSync,
  readlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_JOURNAL } from '../fs/journal.ts';
import { localOpener } from '../local-destination.ts';
import { makeDirs, SideDirs } from './side-dirs.ts';

let base: string;
let sides: SideDirs;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'driftline-side-'));
  mkdirSync(join(base, 'dst'));
  sides = new SideDirs(localOpener(NO_JOURNAL), join(base, 'dst'));
});
afterEach(() => {
  sides.close();
  rmSync(base, { recursive: true, force: true });
});

describe('SideDirs', () => {
  it('counts a relative folder from the destination, an absolute one from the root', () => {
    mkdirSync(join(base, 'bak'));
    expect(sides.open('../bak')?.path).toBe(join(base, 'bak'));
    expect(sides.open(join(base, 'bak'))?.path).toBe(join(base, 'bak'));
    expect(sides.open('none')).toBeNull();
  });

  it('says what a path leads to', () => {
    writeFileSync(join(base, 'file'), '');
    symlinkSync('dst', join(base, 'link'));
    expect(['../link', '../file', '../none'].map((named) => sides.look(named))).toEqual(['folder', 'other', 'missing']);
  });

  it('makes a folder and its parents, also behind `..`', () => {
    expect(sides.make('../a/b/../c').path).toBe(join(base, 'a/c'));
    expect(statSync(join(base, 'a/b')).isDirectory()).toBe(true);
  });

  it('refuses a file', () => {
    writeFileSync(join(base, 'f'), '');
    expect(() => sides.open('../f')).toThrow('not a folder');
    expect(() => sides.make('../f/g')).toThrow();
  });

  it('follows the named folder and no symlink below it', () => {
    mkdirSync(join(base, 'real'));
    mkdirSync(join(base, 'outside'));
    symlinkSync('real', join(base, 'named'));
    symlinkSync('../outside', join(base, 'real/out'));
    const root = sides.open('../named')!;
    expect(root.path).toBe(join(base, 'real'));
    expect(root.dir('out')).toBeNull();
    expect(() => makeDirs(root, 'out/x')).toThrow();
    expect(existsSync(join(base, 'outside/x'))).toBe(false);
  });

  it('tells of each folder made below it, outermost first', () => {
    const made: string[] = [];
    const root = sides.make('bak');
    makeDirs(root, 'a/b', { mode: 0o700, onMade: (parent, name) => made.push(`${parent.rel}:${name}`) });
    makeDirs(root, 'a/b', { onMade: () => made.push('again') });
    expect(made).toEqual([':a', 'a:b']);
    expect(statSync(join(base, 'dst/bak/a/b')).mode & 0o777).toBe(0o700);
  });
});

describe('entries between two folders', () => {
  const dst = () => sides.open('.')!.dir('')!;
  const bak = () => makeDirs(sides.make('../bak'), 'sub');

  it('moves over what is there', () => {
    writeFileSync(join(base, 'dst/f'), 'new');
    dst().rename('f', bak(), 'g');
    writeFileSync(join(base, 'dst/f'), 'newer');
    dst().rename('f', bak(), 'g');
    expect(readFileSync(join(base, 'bak/sub/g'), 'utf8')).toBe('newer');
    expect(existsSync(join(base, 'dst/f'))).toBe(false);
  });

  it('links over what is there, and leaves no second name behind where both are one file already', () => {
    writeFileSync(join(base, 'dst/f'), 'one');
    dst().link('f', bak(), 'f');
    writeFileSync(join(base, 'bak/sub/other'), 'other');
    dst().link('f', bak(), 'other');
    dst().link('f', bak(), 'f');
    expect(readdirSync(join(base, 'bak/sub')).sort()).toEqual(['f', 'other']);
    expect(statSync(join(base, 'dst/f')).nlink).toBe(3);
  });

  it('links a symlink itself', () => {
    symlinkSync('nowhere', join(base, 'dst/l'));
    dst().link('l', bak(), 'l');
    expect(readlinkSync(join(base, 'bak/sub/l'))).toBe('nowhere');
  });

  it('takes no path for a name', () => {
    writeFileSync(join(base, 'dst/f'), '');
    linkSync(join(base, 'dst/f'), join(base, 'dst/g'));
    expect(() => dst().rename('f', bak(), '../x')).toThrow('could leave');
    expect(() => dst().link('../f', bak(), 'x')).toThrow('could leave');
  });
});
