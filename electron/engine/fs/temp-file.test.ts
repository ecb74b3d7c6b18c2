import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Faults, faultyRoot, faultySource } from '../../../test/support/fault-fs.ts';
import { DriftlineError } from '../../../shared/errors.ts';
import type { DestinationDir, DestinationRoot, NewAttributes } from './fs.ts';
import { nodeSourceFs } from './node-fs.ts';
import { openRoot } from './root.ts';

const KEEP: NewAttributes = { mode: null, uid: null, gid: null, mtime: null, nsec: 0, atime: null };
let path: string;
let root: DestinationRoot;
let dir: DestinationDir;

beforeEach(() => {
  path = fs.realpathSync(fs.mkdtempSync(`${tmpdir()}/driftline-temp-`));
  root = openRoot(path);
  dir = root.dir('')!;
});
afterEach(() => {
  root.close();
  fs.rmSync(path, { recursive: true, force: true });
});

function code(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof DriftlineError) return error.data.code;
    throw error;
  }
  throw new Error('did not throw');
}

describe('TempFile', () => {
  it('is private until committed, then has every attribute at once', () => {
    fs.writeFileSync(`${path}/f`, 'old');
    const temp = dir.createTemp('f');
    expect(temp.name).toMatch(/^\.f\.[a-zA-Z0-9]{6}$/);
    expect(dir.lstat(temp.name)!.mode).toBe(0o100600);
    const data = Buffer.from('..new data');
    temp.write(data, 2, 4);
    temp.write(data, 6, 4);
    expect(fs.readFileSync(`${path}/f`, 'utf8')).toBe('old');
    temp.commit({ ...KEEP, mode: 0o4750, mtime: -1, nsec: 999_999_999 });
    expect(fs.readFileSync(`${path}/f`, 'utf8')).toBe('new data');
    expect(dir.lstat('f')).toMatchObject({ mode: 0o104750, mtime: -1, nsec: 999_999_999 });
    temp.discard();
    expect(dir.readdir()).toEqual(['f']);
    expect(code(() => temp.commit(KEEP))).toBe('temp-ended');
  });

  it('leaves nothing after discard', () => {
    const temp = dir.createTemp('f');
    temp.write(Buffer.from('x'), 0, 1);
    temp.discard();
    temp.discard();
    expect(dir.readdir()).toEqual([]);
  });

  it('replaces a symlink itself, and keeps a folder', () => {
    fs.mkdirSync(`${path}/d`);
    fs.writeFileSync(`${path}/target`, 'canary');
    fs.symlinkSync('target', `${path}/l`);
    dir.createTemp('l').commit(KEEP);
    expect(fs.lstatSync(`${path}/l`).isFile()).toBe(true);
    expect(fs.readFileSync(`${path}/target`, 'utf8')).toBe('canary');
    expect(code(() => dir.createTemp('d').commit(KEEP))).toBe('eisdir');
    expect(dir.readdir().sort()).toEqual(['d', 'l', 'target']);
  });

  it.runIf(process.getuid?.() === 0)('can be committed again without the owner that was refused', () => {
    fs.chmodSync(path, 0o777);
    process.seteuid!(65534);
    try {
      const temp = dir.createTemp('f');
      temp.write(Buffer.from('x'), 0, 1);
      expect(code(() => temp.commit({ ...KEEP, uid: 0 }))).toBe('eperm');
      temp.commit({ ...KEEP, mode: 0o644 });
    } finally {
      process.seteuid!(0);
    }
    expect(dir.lstat('f')).toMatchObject({ mode: 0o100644, uid: 65534, size: 1 });
  });

  it('reports a temporary file that somebody removed', () => {
    const temp = dir.createTemp('f');
    fs.rmSync(`${path}/${temp.name}`);
    expect(code(() => temp.commit(KEEP))).toBe('enoent');
    expect(dir.readdir()).toEqual([]);
  });
});

describe('injected faults', () => {
  it('fail the nth write, keep the old file, and leave no litter', () => {
    fs.writeFileSync(`${path}/big.bin`, 'old');
    const faults = new Faults([{ operation: 'write', name: /big\.bin$/, nth: 2, errno: 'ENOSPC' }]);
    const temp = faultyRoot(root, faults).dir('')!.createTemp('big.bin');
    temp.write(Buffer.from('x'), 0, 1);
    expect(() => temp.write(Buffer.from('x'), 0, 1)).toThrow('Cannot write “big.bin”: the disk is full.');
    expect(code(() => temp.write(Buffer.from('x'), 0, 1))).toBe('enospc');
    temp.discard();
    expect(faults.fired).toEqual(['write big.bin', 'write big.bin']);
    expect(fs.readFileSync(`${path}/big.bin`, 'utf8')).toBe('old');
    expect(dir.readdir()).toEqual(['big.bin']);
  });

  it('fail a rename, once', () => {
    const faulty = faultyRoot(root, new Faults([{ operation: 'rename', errno: 'EACCES', once: true }])).dir('')!;
    expect(code(() => faulty.createTemp('f').commit(KEEP))).toBe('eacces');
    expect(dir.readdir()).toEqual([]);
    faulty.createTemp('f').commit(KEEP);
    expect(dir.readdir()).toEqual(['f']);
  });

  it('fail reads of one source file only', () => {
    fs.writeFileSync(`${path}/a`, 'x');
    fs.writeFileSync(`${path}/b`, 'x');
    const source = faultySource(nodeSourceFs, new Faults([{ operation: 'read', name: /\/a$/, errno: 'EIO' }]));
    const into = Buffer.alloc(1);
    const [a, b] = [source.openRead(`${path}/a`), source.openRead(`${path}/b`)];
    expect(code(() => a.read(into, 0, 1, 0))).toBe('eio');
    expect(b.read(into, 0, 1, 0)).toBe(1);
    a.close();
    b.close();
  });
});
