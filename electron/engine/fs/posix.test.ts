import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Stat } from './fs.ts';
import { nodeSourceFs } from './node-fs.ts';
import { loadPosix } from './posix.ts';
import { nodeTime } from './file-attributes.ts';

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(`${tmpdir()}/driftline-posix-`);
});
afterEach(() => {
  vi.doUnmock('./posix.ts');
  vi.resetModules();
  fs.rmSync(dir, { recursive: true, force: true });
});

describe.runIf(process.platform === 'linux')('loadPosix', () => {
  const posix = loadPosix()!;

  it('is loaded once', () => {
    expect(posix).not.toBeNull();
    expect(loadPosix()).toBe(posix);
  });

  it('agrees with node about every field', () => {
    fs.writeFileSync(`${dir}/f\xe9`, 'x');
    fs.truncateSync(`${dir}/f\xe9`, 2 ** 40 + 3);
    fs.symlinkSync('f', `${dir}/l`);
    for (const path of [dir, `${dir}/f\xe9`, `${dir}/l`, '/dev/null', '/dev/tty', '/proc/self/stat']) {
      const bytes = Buffer.from(path).toString('latin1');
      const stat = {} as Stat;
      expect(posix.lstat!(null, bytes, stat)).toBe('');
      const { mtime, nsec, ...expected } = nodeSourceFs.lstat(bytes)!;
      expect(stat).toMatchObject(path.startsWith('/proc') ? { mode: expected.mode } : { ...expected, mtime, nsec });
    }
  });

  it('answers with the errno’s name', () => {
    fs.writeFileSync(`${dir}/f`, '');
    const stat = {} as Stat;
    expect(posix.lstat!(null, `${dir}/none`, stat)).toBe('ENOENT');
    expect(posix.lstat!(null, `${dir}/f/x`, stat)).toBe('ENOTDIR');
    expect(posix.setTimes(null, `${dir}/none`, 0, 0)).toBe('ENOENT');
    expect(posix.setFileTimes(-1, 0, 0)).toBe('EBADF');
    expect(posix.mknod!(null, `${dir}/f`, 0o10600, 0, 0)).toBe('EEXIST');
  });

  it('opens and renames in a folder, follows no link, and lets no program inherit what is open', () => {
    const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_DIRECTORY } = fs.constants;
    const folder = fs.openSync(dir, O_DIRECTORY);
    const create = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    try {
      const fd = posix.openAt!(folder, 'n\xe9', create, 0o600) as number;
      expect(fd).toBeGreaterThan(2);
      const flags = parseInt(/^flags:\s*(\d+)$/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))![1]!, 8);
      expect(flags & 0o2000000).not.toBe(0);
      fs.writeSync(fd, 'x');
      fs.closeSync(fd);
      expect(posix.openAt!(folder, 'n\xe9', create, 0o600)).toBe('EEXIST');
      expect(posix.renameAt!(folder, 'n\xe9', 'f')).toBe('');
      expect(fs.statSync(`${dir}/f`)).toMatchObject({ mode: 0o100600, size: 1 });
      fs.symlinkSync('f', `${dir}/l`);
      expect(posix.openAt!(folder, 'l', O_RDONLY | O_NOFOLLOW, 0)).toBe('ELOOP');
      expect(posix.openAt!(null, `${dir}/none`, O_RDONLY, 0)).toBe('ENOENT');
      expect(posix.openAt!(folder, 'f\0', O_RDONLY, 0)).toBe('EINVAL');
      expect(posix.renameAt!(folder, 'n\xe9', 'f')).toBe('ENOENT');
      expect(posix.renameAt!(folder, 'f', 'f\0')).toBe('EINVAL');
    } finally {
      fs.closeSync(folder);
    }
  });

  it('refuses times the structure cannot hold', () => {
    fs.writeFileSync(`${dir}/f`, '');
    for (const [seconds, nsec] of [
      [0, 1_000_000_000],
      [0, -1],
      [0.5, 0],
      [Infinity, 0],
      [NaN, 0],
      [2 ** 60, 0],
    ]) {
      expect(posix.setTimes(null, `${dir}/f`, seconds!, nsec!)).toBe('EINVAL');
    }
  });

  it('leaves the access time alone', () => {
    fs.writeFileSync(`${dir}/f`, '');
    fs.utimesSync(`${dir}/f`, 1000, 1000);
    expect(posix.setTimes(null, `${dir}/f`, 77, 88)).toBe('');
    expect(fs.statSync(`${dir}/f`, { bigint: true })).toMatchObject({
      atimeNs: 1_000_000_000_000n,
      mtimeNs: 77_000_000_088n,
    });
  });

  it('loads its package inside a worker too', async () => {
    const worker = new Worker(
      `const koffi = require('koffi'); const getpid = koffi.load(null).func('int getpid()');
       require('node:worker_threads').parentPort.postMessage(getpid());`,
      { eval: true },
    );
    expect(await new Promise((resolve) => worker.once('message', resolve))).toBe(process.pid);
    await worker.terminate();
  });
});

describe('without koffi', () => {
  it('sets times to the microsecond, negative ones too, and says what is not supported', async () => {
    vi.resetModules();
    vi.doMock('./posix.ts', () => ({ loadPosix: () => null, fasterCalls: () => null }));
    const { openRoot } = await import('./root.ts');
    const root = openRoot(dir);
    const top = root.dir('')!;
    const none = { mode: null, uid: null, gid: null, atime: null };
    for (const [mtime, nsec] of [
      [1_700_000_000, 123_456_000],
      [1_700_000_000, 999_999_999],
      [-5, 250_000_000],
      [-1, 0],
      [4_102_444_800, 500_000_000],
    ]) {
      top.createTemp('f').commit({ ...none, mtime: mtime!, nsec: nsec! });
      const onOpen = top.lstat('f')!;
      top.symlink('l', 'nowhere');
      top.setAttributes('l', { ...none, mtime: mtime!, nsec: nsec! }, true);
      const byName = top.lstat('l')!;
      for (const stat of [onOpen, byName]) {
        expect(stat.mtime).toBe(mtime);
        expect(Math.abs(stat.nsec - nsec!)).toBeLessThan(2000);
      }
    }
    expect(() => top.mknod('p', 0o10600, 0, 0)).toThrow(
      expect.objectContaining({ data: expect.objectContaining({ kind: 'fs', code: 'not-supported' }) }),
    );
    expect(top.lstat('p')).toBeNull();
    root.close();
  });

  it('never hands Node a number', () => {
    expect(nodeTime(-1, 0)).toBe('-1');
    expect(nodeTime(-2, 500_000_000)).toBe('-1.5');
  });
});
