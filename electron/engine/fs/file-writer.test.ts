import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { randomBytes } from '../../../test/support/trees.ts';
import type { DestinationDir, DestinationRoot, NewAttributes, WriteOptions } from './fs.ts';
import { canReserve } from './file-writer.ts';
import { openRoot } from './root.ts';

const KEEP: NewAttributes = { mode: null, uid: null, gid: null, mtime: null, nsec: 0, atime: null };
const LINUX = process.platform === 'linux';
let path: string;
let root: DestinationRoot;
let dir: DestinationDir;

beforeEach(() => {
  path = fs.realpathSync(fs.mkdtempSync(`${tmpdir()}/driftline-writer-`));
  root = openRoot(path);
  dir = root.dir('')!;
});
afterEach(() => {
  root.close();
  fs.rmSync(path, { recursive: true, force: true });
});

/** Random bytes with stretches of zeros whose ends lie anywhere. */
function holey(): Buffer {
  const content = randomBytes(300_000, 5);
  for (const [from, to] of [
    [0, 10_000],
    [20_001, 20_400],
    [50_000, 130_007],
    [131_072, 262_144],
    [299_000, 300_000],
  ] as const)
    content.fill(0, from, to);
  return content;
}

const blocks = (name: string): number => fs.statSync(`${path}/${name}`).blocks * 512;

/** Writes `content` in pieces of odd lengths; every second one is passed over where the old file has the same. */
function write(name: string, content: Buffer, options: WriteOptions, old: Buffer | null): void {
  if (old !== null) fs.writeFileSync(`${path}/${name}`, old);
  const file = old === null ? dir.createTemp(name, options) : dir.openInPlace(name, options);
  for (let at = 0, n = 0; at < content.length; n++) {
    const length = Math.min([1, 700, 4096, 9999, 65_536][n % 5]!, content.length - at);
    const same = old !== null && old.subarray(at, at + length).equals(content.subarray(at, at + length));
    if (same && n % 2 === 0) file.pass(content, at, length);
    else file.write(content, at, length);
    at += length;
  }
  file.commit(KEEP);
}

describe('FileWriter', () => {
  const content = holey();
  const half = Buffer.concat([content.subarray(0, 100_000), randomBytes(100_000, 6)]);
  const olds: [string, Buffer | null][] = [
    ['a new file', null],
    ['the same', content],
    ['something else', randomBytes(300_000, 7)],
    ['something shorter', half],
    ['something longer', Buffer.concat([half, randomBytes(400_000, 8)])],
    ['an empty file', Buffer.alloc(0)],
  ];
  for (const [what, old] of olds) {
    it.each([
      {},
      { sparse: true },
      { reserve: content.length },
      { sparse: true, reserve: content.length },
      { fsync: true },
    ])(`writes %o over ${what}`, (options) => {
      write('f', content, options, old);
      expect(fs.readFileSync(`${path}/f`).equals(content)).toBe(true);
      // Zeros take 220,000 bytes of the 300,000.
      if (LINUX && options.sparse && canReserve()) expect(blocks('f')).toBeLessThan(150_000);
    });
  }

  it('keeps what is before the place where it starts', () => {
    fs.writeFileSync(`${path}/f`, 'kept, gone');
    const file = dir.openInPlace('f', { from: 6, sparse: true });
    file.write(Buffer.from('new'), 0, 3);
    file.commit({ ...KEEP, mode: 0o640, mtime: 5 });
    expect(fs.readFileSync(`${path}/f`, 'latin1')).toBe('kept, new');
    expect(fs.statSync(`${path}/f`)).toMatchObject({ mode: 0o100640, mtimeMs: 5000 });
  });

  it('leaves what was written in place when it is given up', () => {
    fs.writeFileSync(`${path}/f`, 'old and longer');
    const file = dir.openInPlace('f', {});
    file.write(Buffer.from('NEW'), 0, 3);
    file.discard();
    file.discard();
    expect(fs.readFileSync(`${path}/f`, 'latin1')).toBe('NEW and longer');
  });

  it('touches a file in which nothing changed', () => {
    fs.writeFileSync(`${path}/f`, 'same');
    fs.utimesSync(`${path}/f`, 5, 5);
    const file = dir.openInPlace('f', {});
    file.pass(Buffer.from('same'), 0, 4);
    file.commit(KEEP);
    expect(fs.statSync(`${path}/f`).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
  });

  it('keeps hard links, and refuses what is no file', () => {
    fs.writeFileSync(`${path}/f`, 'old');
    fs.linkSync(`${path}/f`, `${path}/g`);
    write('f', Buffer.from('new!'), {}, null);
    expect(fs.readFileSync(`${path}/g`, 'latin1')).toBe('old');
    fs.linkSync(`${path}/f`, `${path}/h`);
    const file = dir.openInPlace('h', {});
    file.write(Buffer.from('in'), 0, 2);
    file.commit(KEEP);
    expect(fs.readFileSync(`${path}/f`, 'latin1')).toBe('in');
    fs.symlinkSync('f', `${path}/l`);
    fs.mkdirSync(`${path}/d`);
    if (LINUX) execFileSync('mkfifo', [`${path}/p`]);
    for (const name of ['l', 'd', ...(LINUX ? ['p'] : [])]) expect(() => dir.openInPlace(name, {}), name).toThrow();
    expect(fs.readFileSync(`${path}/f`, 'latin1')).toBe('in');
  });

  it('puts a partial file in place by a rename', () => {
    fs.mkdirSync(`${path}/part`);
    fs.writeFileSync(`${path}/part/f`, 'old');
    const file = root.dir('part')!.openInPlace('f', {});
    file.write(Buffer.from('whole'), 0, 5);
    file.commit(KEEP, { dir, name: 'f' });
    expect(fs.readFileSync(`${path}/f`, 'latin1')).toBe('whole');
    expect(fs.readdirSync(`${path}/part`)).toEqual([]);
  });
});

describe.runIf(LINUX && fs.existsSync('/dev/shm'))('a temporary file on another file system', () => {
  let other: string;
  let apart: DestinationRoot;
  beforeEach(() => {
    other = fs.mkdtempSync('/dev/shm/driftline-writer-');
    apart = openRoot(other);
  });
  afterEach(() => {
    apart.close();
    fs.rmSync(other, { recursive: true, force: true });
  });

  it('is copied beside its target, whose old content stays until then', () => {
    fs.writeFileSync(`${path}/f`, 'old');
    const content = holey();
    const temp = apart.dir('')!.createTemp('f', { apart: true, sparse: true });
    expect(temp.name).toMatch(/^f\.[a-zA-Z0-9]{6}$/);
    temp.write(content, 0, content.length);
    expect(fs.readFileSync(`${path}/f`, 'latin1')).toBe('old');
    temp.commit({ ...KEEP, mode: 0o604, mtime: 7 }, { dir, name: 'f' });
    expect(fs.readFileSync(`${path}/f`).equals(content)).toBe(true);
    expect(fs.statSync(`${path}/f`)).toMatchObject({ mode: 0o100604, mtimeMs: 7000 });
    expect(fs.readdirSync(other)).toEqual([]);
    expect(fs.readdirSync(path)).toEqual(['f']);
  });

  it('goes away when its target cannot be replaced', () => {
    fs.mkdirSync(`${path}/f`);
    const temp = apart.dir('')!.createTemp('f', { apart: true });
    expect(() => temp.commit(KEEP, { dir, name: 'f' })).toThrow(/folder/);
    expect(fs.readdirSync(other)).toEqual([]);
    expect(fs.readdirSync(path)).toEqual(['f']);
  });
});
