import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_ACL } from '../flist/acl.ts';
import {
  defaultMode,
  fakeAcls,
  formatFakeAcl,
  formatKernelAcl,
  kernelAcls,
  parseFakeAcl,
  parseKernelAcl,
} from './acl.ts';
import { FakeXattr } from '../flist/xattr.ts';
import { fakeSuperSource, formatFakeStat, parseFakeStat } from './fake-super.ts';
import { nodeSourceFs } from './node-fs.ts';
import { openRoot } from './root.ts';
import { hasXattrs, openXattrs } from './xattr.ts';

const KEEP = { mode: null, uid: null, gid: null, mtime: null, nsec: 0, atime: null };
const acl = {
  ...{ user: 6, group: 4, mask: 5, other: 1 },
  names: [
    { isUser: true, id: 7, access: 7 },
    { isUser: false, id: 4_000_000_000, access: 2 },
  ],
};

describe('binary forms', () => {
  it('of the kernel’s ACLs', () => {
    const hex =
      '02000000 01000600ffffffff 0200070007000000 04000400ffffffff 0800020000286bee 10000500ffffffff 20000100ffffffff';
    expect(formatKernelAcl(acl).toString('hex')).toBe(hex.replaceAll(' ', ''));
    expect(parseKernelAcl(formatKernelAcl(acl))).toEqual(acl);
    for (const wrong of ['', '01000000', '02000000ff', '02000000 0300060000000000'])
      expect(parseKernelAcl(Buffer.from(wrong.replaceAll(' ', ''), 'hex'))).toBeNull();
  });

  it('of the ACLs that are kept in attributes', () => {
    const kept = Buffer.from(
      '80000000800000000400000080000000 3930000006000080 0100000004000000'.replaceAll(' ', ''),
      'hex',
    );
    const parsed = parseFakeAcl(kept)!;
    expect(parsed).toMatchObject({ user: -1, group: -1, mask: 4, other: -1 });
    expect(parsed.names).toEqual([
      { isUser: true, id: 12345, access: 6 },
      { isUser: false, id: 1, access: 4 },
    ]);
    expect(formatFakeAcl(parsed).equals(kept)).toBe(true);
    expect(parseFakeAcl(Buffer.alloc(15))).toBeNull();
  });

  it('of kinds, modes and owners that are', () => {
    const stat = { mode: 0o20620, rdevMajor: 5, rdevMinor: 9, uid: 0, gid: 4294967295 };
    expect(formatFakeStat(stat)).toBe('20620 5,9 0:4294967295');
    expect(parseFakeStat('20620 5,9 0:4294967295')).toEqual(stat);
    for (const wrong of ['', '20620', '28620 5,9 0:0', '100644 0,0 0:0 ', '-1 0,0 0:0', '100644 0,0 -1:0'])
      expect(parseFakeStat(wrong)).toBeNull();
  });
});

describe.runIf(hasXattrs())('on disk', () => {
  let dir: string;
  beforeEach(() => {
    dir = fs.mkdtempSync(`${tmpdir()}/driftline-xattr-`);
    fs.writeFileSync(`${dir}/f`, 'x', { mode: 0o640 });
    fs.symlinkSync('f', `${dir}/l`);
  });
  afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));
  const at = (name: string) => openXattrs(`${dir}/${name}`, name);
  const isRoot = process.getuid?.() === 0;

  it('attributes of files by path and by descriptor are bytes, and may be empty or absent', () => {
    const fd = fs.openSync(`${dir}/f`, 'r+');
    const byFd = openXattrs(fd, 'f');
    at('f').set('user.b\xff', Buffer.from([0, 255]));
    byFd.set('user.e', Buffer.alloc(0));
    expect(at('f').list().sort()).toEqual(byFd.list().sort());
    expect(byFd.get('user.b\xff')).toEqual(Buffer.from([0, 255]));
    expect(at('f').get('user.e')).toEqual(Buffer.alloc(0));
    expect(at('f').get('user.none')).toBeNull();
    byFd.remove('user.e');
    byFd.remove('user.e');
    expect(at('f').list()).toContain('user.b\xff');
    expect(at('f').list()).not.toContain('user.e');
    fs.closeSync(fd);
  });

  it('a symlink is never followed', () => {
    at('f').set('user.a', Buffer.from('1'));
    expect(at('l').get('user.a')).toBeNull();
    expect(() => at('l').set('user.a', Buffer.from('2'))).toThrow(/user\.a/);
    const root = openRoot(dir);
    const held = root.dir('')!;
    expect(() => held.xattrs('l').set('user.a', Buffer.from('2'))).toThrow(/user\.a/);
    expect(() => held.xattrs('../x')).toThrow(/refused/);
    expect(at('f').get('user.a')).toEqual(Buffer.from('1'));
    if (isRoot) {
      held.xattrs('l').set('trusted.a', Buffer.from('3'));
      expect(at('l').list()).toContain('trusted.a');
      expect(at('f').list()).not.toContain('trusted.a');
    }
    root.close();
  });

  it('file systems without attributes have none, and say so when one is to be set', () => {
    const door = openXattrs('/proc/self/status', 'status');
    expect(door.list()).toEqual([]);
    expect(door.get('user.a')).toBeNull();
    expect(() => door.set('user.a', Buffer.from('1'))).toThrow(/user\.a/);
    expect(kernelAcls.access(door, 0o644)).toBe(NO_ACL);
  });

  it('ACLs are those that getfacl shows', () => {
    const wanted = { ...acl, names: acl.names.map((name) => ({ ...name, id: 7 })) };
    kernelAcls.setAccess(at('f'), wanted, 0o651);
    const shown = execFileSync('getfacl', ['-cn', `${dir}/f`], { encoding: 'latin1' });
    expect(
      shown
        .replace(/\s*#.*/g, '')
        .trim()
        .split('\n'),
    ).toEqual(['user::rw-', 'user:7:rwx', 'group::r--', 'group:7:-w-', 'mask::r-x', 'other::--x']);
    expect(fs.statSync(`${dir}/f`).mode & 0o777).toBe(0o651);
    expect(kernelAcls.access(at('f'), 0o651)).toEqual(wanted);
    kernelAcls.setAccess(at('f'), NO_ACL, 0o651);
    expect(kernelAcls.access(at('f'), 0o651)).toBe(NO_ACL);
    expect(defaultMode(at(''))).toBeNull();
    kernelAcls.setDefault(at(''), { ...wanted, mask: 3 });
    expect(defaultMode(at(''))).toBe(0o631);
    kernelAcls.setDefault(at(''), NO_ACL);
    expect(kernelAcls.default(at(''))).toBe(NO_ACL);
  });

  it('files stand for what their attributes say', () => {
    const root = openRoot(dir, { fakeSuper: true });
    const held = root.dir('')!;
    held.setAttributes('f', { ...KEEP, mode: 0o4400, uid: 12, gid: 34 }, false);
    held.mknod('tty', 0o020620, 5, 300);
    held.setAttributes('tty', { ...KEEP, mode: 0o620, uid: 1, gid: 1 }, false);
    held.symlink('made', 'to/here');
    held.mkdir('sub', 0o755);
    held.setAttributes('sub', { ...KEEP, mode: 0o1500, uid: 5 }, false);
    const temp = held.createTemp('new');
    temp.write(Buffer.from('abc'), 0, 3);
    temp.commit({ ...KEEP, mode: 0o2070, uid: 9, gid: 9 });

    const source = fakeSuperSource(nodeSourceFs);
    for (const lstat of [(name: string) => held.lstat(name), (name: string) => source.lstat(`${dir}/${name}`)]) {
      expect(lstat('f')).toMatchObject({ mode: 0o104400, uid: 12, gid: 34 });
      expect(lstat('tty')).toMatchObject({ mode: 0o020620, rdevMajor: 5, rdevMinor: 300, uid: 1 });
      expect(lstat('made')).toMatchObject({ mode: 0o120777, size: 7 });
      expect(lstat('sub')).toMatchObject({ mode: 0o041500, uid: 5 });
      expect(lstat('new')).toMatchObject({ mode: 0o102070, uid: 9, gid: 9 });
      expect(lstat('l')).toMatchObject({ mode: 0o120777 });
    }
    expect([held.readlink('made'), source.readlink(`${dir}/made`), source.readlink(`${dir}/l`)]).toEqual([
      'to/here',
      'to/here',
      'f',
    ]);
    const real = (name: string) => fs.lstatSync(`${dir}/${name}`).mode.toString(8);
    expect(['f', 'tty', 'sub', 'new'].map(real)).toEqual(['100600', '100620', '40700', '100670']);

    // Nothing is kept where the file can be what it is.
    held.setAttributes('f', { ...KEEP, mode: 0o644, uid: process.getuid!(), gid: process.getgid!() }, false);
    expect(at('f').list()).not.toContain(FakeXattr.STAT);
    fakeAcls.setAccess(at('f'), { ...acl, user: 6, mask: 4, other: 4 }, 0o644);
    expect(fakeAcls.access(at('f'), 0o644)).toEqual({ ...acl, user: 6, mask: 4, other: 4 });
    expect(kernelAcls.access(at('f'), 0o644)).toBe(NO_ACL);
    root.close();
  });

  it('a damaged attribute is an error of that file, not its mode', () => {
    at('f').set(FakeXattr.STAT, Buffer.from('40755 0,0 0:0'));
    const root = openRoot(dir, { fakeSuper: true });
    expect(() => root.dir('')!.lstat('f')).toThrow(/Corrupt user\.rsync\.%stat/);
    root.close();
    at('f').set(FakeXattr.STAT, Buffer.from('junk'));
    expect(() => fakeSuperSource(nodeSourceFs).lstat(`${dir}/f`)).toThrow(/Corrupt/);
  });
});
