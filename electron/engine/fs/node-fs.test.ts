import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import { nodeSourceFs } from './node-fs.ts';
import { loadPosix } from './posix.ts';

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(`${tmpdir()}/driftline-node-fs-`);
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

function thrown(call: () => unknown): DriftlineError['data'] {
  try {
    call();
  } catch (error) {
    if (error instanceof DriftlineError) return error.data;
    throw error;
  }
  throw new Error('did not throw');
}

describe('nodeSourceFs', () => {
  it('keeps names that are no UTF-8', () => {
    const name = 'b\xff\xe9 \xc3\xa9';
    fs.writeFileSync(Buffer.from(`${dir}/${name}`, 'latin1'), 'x');
    fs.symlinkSync(Buffer.from('to\xfe', 'latin1'), Buffer.from(`${dir}/l\x80`, 'latin1'));
    expect(nodeSourceFs.readdir(dir).sort()).toEqual([name, 'l\x80'].sort());
    expect(nodeSourceFs.lstat(`${dir}/${name}`)?.size).toBe(1);
    expect(nodeSourceFs.readlink(`${dir}/l\x80`)).toBe('to\xfe');
    expect(nodeSourceFs.openRead(`${dir}/${name}`).size).toBe(1);
  });

  it('answers null for what does not exist', () => {
    fs.writeFileSync(`${dir}/f`, '');
    expect(nodeSourceFs.lstat(`${dir}/no`)).toBeNull();
    expect(nodeSourceFs.lstat(`${dir}/f/below`)).toBeNull();
    fs.symlinkSync('nowhere', `${dir}/dangling`);
    expect(nodeSourceFs.stat(`${dir}/dangling`)).toBeNull();
    expect(nodeSourceFs.lstat(`${dir}/dangling`)).not.toBeNull();
  });

  it('says what failed, with the errno', () => {
    expect(thrown(() => nodeSourceFs.readdir(`${dir}/no\n`))).toMatchObject({
      kind: 'fs',
      code: 'enoent',
      message: `Cannot list “${dir}/no\\x0a”: it does not exist.`,
      details: { errno: 'ENOENT' },
    });
    expect(thrown(() => nodeSourceFs.lstat(`${dir}/${'n'.repeat(256)}`)).code).toBe('enametoolong');
    expect(thrown(() => nodeSourceFs.lstat('a\0b')).code).toBe('einval');
  });

  it.runIf(process.platform === 'linux')('gives nanoseconds exactly, before 1970 and in 2100 too', () => {
    const path = `${dir}/f`;
    fs.writeFileSync(path, '');
    for (const [mtime, nsec] of [
      [0, 0],
      [1_700_000_000, 123_456_789],
      [1_700_000_000, 999_999_999],
      [-1, 1],
      [-5, 999_999_999],
      [-1_000_000_000, 0],
      [4_102_444_800, 987_654_321],
    ]) {
      expect(loadPosix()!.setTimes(null, path, mtime!, nsec!)).toBe('');
      expect(nodeSourceFs.lstat(path)).toMatchObject({ mtime, nsec });
      const file = nodeSourceFs.openRead(path);
      expect(file).toMatchObject({ mtime, nsec });
      file.close();
    }
  });

  it('reads at positions, and 0 at the end', () => {
    fs.writeFileSync(`${dir}/f`, 'hello world');
    const file = nodeSourceFs.openRead(`${dir}/f`);
    const into = Buffer.alloc(8);
    expect(file.read(into, 1, 5, 6)).toBe(5);
    expect(into.toString('latin1', 1, 6)).toBe('world');
    expect(file.read(into, 0, 8, 11)).toBe(0);
    file.close();
    file.close();
  });

  it.skipIf(process.platform === 'win32')('refuses links, folders, sockets and FIFOs without blocking', async () => {
    fs.writeFileSync(`${dir}/f`, '');
    fs.symlinkSync('f', `${dir}/link`);
    execFileSync('mkfifo', [`${dir}/fifo`]);
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(`${dir}/s`, resolve));
    expect(thrown(() => nodeSourceFs.openRead(`${dir}/link`)).code).toBe('eloop');
    expect(thrown(() => nodeSourceFs.openRead(`${dir}/fifo`))).toMatchObject({
      code: 'not-regular',
      message: `Cannot read “${dir}/fifo”: it is not a regular file.`,
    });
    expect(thrown(() => nodeSourceFs.openRead(`${dir}/s`)).code).toBe('not-regular');
    expect(thrown(() => nodeSourceFs.openRead(dir)).code).toBe('not-regular');
    expect(thrown(() => nodeSourceFs.openRead(`${dir}/none`)).code).toBe('enoent');
    await new Promise((resolve) => server.close(resolve));
  });

  it('gives device numbers as the system packs them', () => {
    expect(nodeSourceFs.lstat('/dev/null')).toMatchObject({ rdevMajor: 1, rdevMinor: 3 });
    expect(nodeSourceFs.lstat(dir)).toMatchObject({ rdevMajor: 0, rdevMinor: 0 });
  });
});
