import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import type { DestinationDir, DestinationRoot, NewAttributes } from './fs.ts';
import { nodeSourceFs } from './node-fs.ts';
import { openRoot } from './root.ts';

const LINUX = process.platform === 'linux';
const ROOT_USER = process.getuid?.() === 0;
const KEEP: NewAttributes = { mode: null, uid: null, gid: null, mtime: null, nsec: 0, atime: null };

let base: string;
let path: string;
let outside: string;
let open: DestinationRoot[];

beforeEach(() => {
  base = fs.realpathSync(fs.mkdtempSync(`${tmpdir()}/driftline-root-`));
  path = `${base}/root`;
  outside = `${base}/outside`;
  fs.mkdirSync(path);
  fs.mkdirSync(outside);
  open = [];
});
afterEach(() => {
  for (const root of open) root.close();
  fs.rmSync(base, { recursive: true, force: true });
});

function destination(hold?: boolean): DestinationRoot {
  const root = openRoot(path, { hold });
  open.push(root);
  return root;
}

function thrown(call: () => unknown): DriftlineError['data'] {
  try {
    call();
  } catch (error) {
    if (error instanceof DriftlineError) return error.data;
    throw error;
  }
  throw new Error('did not throw');
}

function openFds(): number {
  return fs.readdirSync('/proc/self/fd').length;
}

function put(
  root: DestinationRoot,
  rel: string,
  name: string,
  text: string,
  attributes: Partial<NewAttributes> = {},
): void {
  const temp = root.dir(rel)!.createTemp(name);
  temp.write(Buffer.from(text), 0, Buffer.byteLength(text));
  temp.commit({ ...KEEP, ...attributes });
}

describe.each([
  ['held parents', true],
  ['walked parents', false],
])('openRoot with %s', (_title, hold) => {
  if (hold && !LINUX) return;

  it('does every operation below the root', () => {
    const root = destination(hold);
    const top = root.dir('')!;
    top.mkdir('d', 0o755);
    const dir = root.dir('d')!;
    dir.mkdir('e', 0o700);
    put(root, 'd/e', 'f', 'text', { mode: 0o640 });
    expect(fs.readFileSync(`${path}/d/e/f`, 'utf8')).toBe('text');
    const deep = root.dir('d/e')!;
    expect(deep.rel).toBe('d/e');
    expect(deep.readdir()).toEqual(['f']);
    expect(deep.lstat('f')).toEqual(nodeSourceFs.lstat(`${path}/d/e/f`));
    expect(deep.lstat('.')).toEqual(nodeSourceFs.lstat(`${path}/d/e`));
    expect(deep.lstat('none')).toBeNull();
    const file = deep.openRead('f');
    expect(file.size).toBe(4);
    file.close();
    deep.symlink('l', 'f');
    expect(deep.readlink('l')).toBe('f');
    deep.unlink('l');
    deep.unlink('f');
    dir.rmdir('e');
    expect(root.dir('d/e')).toBeNull();
    expect(deep.lstat('f')).toBeNull();
    expect(thrown(() => deep.readdir())).toMatchObject({ kind: 'fs', code: 'enoent' });
  });

  it('keeps odd names and long ones', () => {
    const root = destination(hold);
    const odd = '\xff\xfe \n-rf*"';
    root.dir('')!.mkdir(odd, 0o755);
    put(root, odd, 'n'.repeat(255), '1');
    put(root, odd, `${'\xc3\xa9'.repeat(127)}x`, '2');
    put(root, odd, '\x80\xff', '3', { mtime: 5, nsec: 7 });
    expect(root.dir(odd)!.lstat('\x80\xff')).toMatchObject({ size: 1, mtime: 5, nsec: 7 });
    expect(root.dir(odd)!.readdir()).toHaveLength(3);
    root.dir(odd)!.symlink('\xfd', '\xfc/\xfb');
    expect(root.dir(odd)!.readlink('\xfd')).toBe('\xfc/\xfb');
    expect(thrown(() => root.dir(odd)!.mkdir('m'.repeat(256), 0o755)).code).toBe('enametoolong');
  });

  it('refuses names that are no single component', () => {
    const root = destination(hold);
    const dir = root.dir('')!;
    for (const name of ['', '..', 'a/b', '../x', '/etc/passwd', 'a\0b']) {
      const calls = [
        () => dir.lstat(name),
        () => dir.readlink(name),
        () => dir.openRead(name),
        () => dir.mkdir(name, 0o755),
        () => dir.rmdir(name),
        () => dir.unlink(name),
        () => dir.symlink(name, 'x'),
        () => dir.setAttributes(name, KEEP, false),
        () => dir.createTemp(name),
      ];
      for (const call of calls) expect(thrown(call)).toMatchObject({ kind: 'protocol', code: 'unsafe-name' });
    }
    expect(thrown(() => dir.mkdir('.', 0o755)).kind).toBe('protocol');
    for (const rel of ['..', '../outside', 'a/../..', '/etc'])
      expect(thrown(() => root.dir(rel)).kind).toBe('protocol');
    expect(fs.readdirSync(path)).toEqual([]);
  });

  it('follows a link to the root but none below it', () => {
    fs.symlinkSync('root', `${base}/alias`);
    fs.symlinkSync(outside, `${path}/out`);
    fs.mkdirSync(`${outside}/sub`);
    fs.mkdirSync(`${path}/in`);
    fs.symlinkSync('in', `${path}/within`);
    const root = openRoot(`${base}/alias`, { hold });
    open.push(root);
    expect(root.path).toBe(path);
    expect(root.dir('out')).toBeNull();
    expect(root.dir('out/sub')).toBeNull();
    expect(root.dir('within')).toBeNull();
    expect(root.dir('in')).not.toBeNull();
    fs.writeFileSync(`${path}/file`, '');
    expect(root.dir('file')).toBeNull();
    expect(root.dir('file/x')).toBeNull();
  });

  it('refuses a parent that became a symlink', () => {
    const root = destination(hold);
    fs.mkdirSync(`${path}/p/q`, { recursive: true });
    fs.mkdirSync(`${outside}/q`);
    fs.writeFileSync(`${outside}/q/f`, 'canary');
    fs.chmodSync(`${outside}/q/f`, 0o444);
    const dir = root.dir('p/q')!;
    fs.renameSync(`${path}/p`, `${path}/moved`);
    fs.symlinkSync(outside, `${path}/p`);
    root.forget('p');
    expect(dir.lstat('f')).toBeNull();
    for (const call of [
      () => dir.unlink('f'),
      () => dir.createTemp('f'),
      () => dir.mkdir('x', 0o755),
      () => dir.setAttributes('f', { ...KEEP, mode: 0o777 }, false),
      () => dir.readdir(),
    ]) {
      expect(thrown(call).code).toBe('enoent');
    }
    expect(fs.readFileSync(`${outside}/q/f`, 'utf8')).toBe('canary');
    expect(fs.statSync(`${outside}/q/f`).mode & 0o777).toBe(0o444);
    expect(fs.readdirSync(`${outside}/q`)).toEqual(['f']);
  });

  it('never changes mode, owner or time of a symlink’s target', () => {
    const root = destination(hold);
    fs.writeFileSync(`${outside}/f`, 'canary');
    fs.chmodSync(`${outside}/f`, 0o444);
    const before = nodeSourceFs.lstat(`${outside}/f`);
    fs.symlinkSync(`${outside}/f`, `${path}/l`);
    const dir = root.dir('')!;
    expect(() => dir.setAttributes('l', { ...KEEP, mode: 0o777 }, false)).toThrow(DriftlineError);
    const uid = ROOT_USER ? 1234 : null;
    dir.setAttributes('l', { ...KEEP, mode: 0o777, uid, mtime: -7, nsec: 42 }, true);
    expect(dir.lstat('l')).toMatchObject({ mtime: -7, nsec: 42, ...(uid === null ? {} : { uid }) });
    expect(nodeSourceFs.lstat(`${outside}/f`)).toEqual(before);
  });

  it('sets attributes of folders, the held one as "."', () => {
    const root = destination(hold);
    root.dir('')!.mkdir('d', 0o755);
    root.dir('')!.setAttributes('d', { ...KEEP, mode: 0o2750, mtime: 4_102_444_800, nsec: 1 }, false);
    expect(root.dir('')!.lstat('d')).toMatchObject({ mode: 0o42750, mtime: 4_102_444_800, nsec: 1 });
    root.dir('')!.setAttributes('.', { ...KEEP, mode: 0o711, mtime: 9, nsec: 999_999_999 }, false);
    expect(nodeSourceFs.lstat(path)).toMatchObject({ mode: 0o40711, mtime: 9, nsec: 999_999_999 });
  });

  it('replaces non-folders by links and keeps what it cannot replace', () => {
    const root = destination(hold);
    const dir = root.dir('')!;
    fs.writeFileSync(`${path}/f`, 'old');
    fs.symlinkSync('old', `${path}/l`);
    fs.mkdirSync(`${path}/d`);
    dir.symlink('f', 'new');
    dir.symlink('l', 'new');
    expect([dir.readlink('f'), dir.readlink('l')]).toEqual(['new', 'new']);
    expect(thrown(() => dir.symlink('d', 'new')).code).toBe('eisdir');
    expect(dir.readdir().sort()).toEqual(['d', 'f', 'l']);
  });

  it.runIf(ROOT_USER)('keeps set-id bits when the owner changes', () => {
    const root = destination(hold);
    const dir = root.dir('')!;
    put(root, '', 'f', 'x', { mode: 0o4755, uid: 1234, gid: 2345 });
    expect(dir.lstat('f')).toMatchObject({ mode: 0o104755, uid: 1234, gid: 2345 });
    dir.setAttributes('f', { ...KEEP, mode: 0o6711, uid: 4321, gid: 5432 }, false);
    expect(dir.lstat('f')).toMatchObject({ mode: 0o106711, uid: 4321, gid: 5432 });
    dir.setAttributes('f', { ...KEEP, gid: 7 }, false);
    expect(dir.lstat('f')).toMatchObject({ uid: 4321, gid: 7 });
  });

  it.runIf(LINUX)('makes FIFOs, replacing what was there', () => {
    const root = destination(hold);
    const dir = root.dir('')!;
    dir.mknod('p', 0o10644, 0, 0);
    dir.setAttributes('p', { ...KEEP, mode: 0o644, mtime: 3, nsec: 4 }, false);
    expect(dir.lstat('p')).toMatchObject({ mode: 0o10644, mtime: 3, nsec: 4 });
    fs.writeFileSync(`${path}/f`, 'old');
    dir.mknod('f', 0o10600, 0, 0);
    expect(dir.lstat('f')!.mode).toBe(0o10600);
    expect(thrown(() => dir.openRead('f')).code).toBe('not-regular');
    expect(dir.readdir().sort()).toEqual(['f', 'p']);
  });

  it.runIf(LINUX && ROOT_USER)('makes devices, or says it is not supported', () => {
    const root = destination(hold);
    const dir = root.dir('')!;
    dir.mknod('null', 0o20666, 1, 3);
    expect(dir.lstat('null')).toMatchObject({ mode: 0o20600, rdevMajor: 1, rdevMinor: 3 });
    dir.mknod('b', 0o60600, 259, 70000);
    expect(dir.lstat('b')).toMatchObject({ rdevMajor: 259, rdevMinor: 70000 });
    expect(thrown(() => dir.mknod('c', 0o20600, -1, 2 ** 33)).code).toBe('einval');
    fs.chmodSync(base, 0o755);
    fs.chmodSync(path, 0o777);
    process.seteuid!(65534);
    try {
      expect(thrown(() => dir.mknod('x', 0o20666, 1, 3)).code).toBe('not-supported');
      put(root, '', 'own', '', {});
      expect(thrown(() => dir.setAttributes('own', { ...KEEP, uid: 0 }, false))).toMatchObject({ code: 'eperm' });
    } finally {
      process.seteuid!(0);
    }
  });

  it('reports a missing root and a file as root', () => {
    fs.writeFileSync(`${base}/file`, '');
    expect(thrown(() => openRoot(`${base}/none`, { hold })).code).toBe('enoent');
    expect(thrown(() => openRoot(`${base}/file`, { hold })).code).toBe('enotdir');
  });
});

describe.runIf(LINUX)('held parents', () => {
  it('go on in the folder they hold when its path is swapped for a symlink', () => {
    const root = destination(true);
    fs.mkdirSync(`${path}/p`);
    fs.writeFileSync(`${path}/p/victim`, 'ours');
    fs.writeFileSync(`${outside}/victim`, 'canary');
    const dir = root.dir('p')!;
    const temp = dir.createTemp('new');
    fs.renameSync(`${path}/p`, `${path}/moved`);
    fs.symlinkSync(outside, `${path}/p`);
    temp.write(Buffer.from('x'), 0, 1);
    temp.commit({ ...KEEP, mode: 0o600 });
    dir.mkdir('sub', 0o755);
    dir.unlink('victim');
    dir.symlink('ln', 'a');
    dir.setAttributes('new', { ...KEEP, mode: 0o644, mtime: 1, nsec: 0 }, false);
    expect(fs.readdirSync(outside)).toEqual(['victim']);
    expect(fs.readdirSync(`${path}/moved`).sort()).toEqual(['ln', 'new', 'sub']);
  });

  it('stay bounded in number, reopen by themselves, and all close', () => {
    const before = openFds();
    const root = openRoot(path, { hold: true });
    const dirs: DestinationDir[] = [];
    for (let i = 0; i < 500; i++) {
      root.dir('')!.mkdir(`d${i}`, 0o755);
      dirs.push(root.dir(`d${i}`)!);
    }
    expect(openFds() - before).toBeLessThanOrEqual(65);
    dirs.forEach((dir, i) => dir.symlink('l', String(i)));
    dirs.forEach((dir, i) => expect(dir.readlink('l')).toBe(String(i)));
    // Pinned by open files: none may be closed under them, and the newest must still open.
    const temps = dirs.slice(0, 80).map((dir) => dir.createTemp('t'));
    dirs.slice(80).forEach((dir) => dir.unlink('l'));
    temps.forEach((temp) => temp.commit(KEEP));
    expect(openFds() - before).toBeLessThanOrEqual(90);
    for (const dir of dirs.slice(0, 80)) expect(dir.lstat('t')!.size).toBe(0);
    const last = dirs[3]!.createTemp('last');
    root.close();
    root.close();
    expect(thrown(() => dirs[0]!.readdir()).code).toBe('root-closed');
    last.discard();
    expect(openFds()).toBe(before);
  });

  it('reach a depth no path could name', () => {
    const root = destination(true);
    let rel = '';
    for (let depth = 0; depth < 600; depth++) {
      root.dir(rel)!.mkdir('component', 0o755);
      rel = rel === '' ? 'component' : `${rel}/component`;
    }
    expect(rel.length).toBeGreaterThan(4096);
    put(root, rel, 'f', 'deep');
    root.forget('component');
    expect(root.dir(rel)!.lstat('f')!.size).toBe(4);
    execFileSync('rm', ['-rf', `${path}/component`]);
  });

  it('work where the folder may be entered but not listed', () => {
    fs.mkdirSync(`${path}/d`);
    fs.chmodSync(base, 0o755);
    fs.chmodSync(`${path}/d`, 0o333);
    if (ROOT_USER) process.seteuid!(65534);
    try {
      const root = destination(true);
      put(root, 'd', 'f', 'x', { mode: 0o644 });
      expect(thrown(() => root.dir('d')!.readdir())).toMatchObject({
        code: 'eacces',
        message: `Cannot list “${path}/d”: permission denied.`,
      });
    } finally {
      if (ROOT_USER) process.seteuid!(0);
      fs.chmodSync(`${path}/d`, 0o755);
    }
    expect(fs.readFileSync(`${path}/d/f`, 'utf8')).toBe('x');
  });

  it('are never redirected while another thread flips a parent between folder and symlink', async () => {
    fs.mkdirSync(`${path}/p`);
    fs.writeFileSync(`${outside}/victim`, 'canary');
    fs.chmodSync(`${outside}/victim`, 0o444);
    const before = nodeSourceFs.lstat(outside);
    const flips = new Int32Array(new SharedArrayBuffer(8));
    const flipper = new Worker(
      `const { workerData: { path, outside, flips } } = require('node:worker_threads');
       const fs = require('node:fs');
       while (Atomics.load(flips, 1) === 0) {
         fs.renameSync(path + '/p', path + '/aside'); fs.symlinkSync(outside, path + '/p');
         fs.unlinkSync(path + '/p'); fs.renameSync(path + '/aside', path + '/p');
         Atomics.add(flips, 0, 1); Atomics.notify(flips, 0);
       }`,
      { eval: true, workerData: { path, outside, flips } },
    );
    const ended = new Promise((resolve) => flipper.once('exit', resolve));
    Atomics.wait(flips, 0, 0);
    const root = destination(true);
    let inside = 0;
    for (let i = 0; i < 3000; i++) {
      root.forget('p');
      for (const call of [
        (name: string) =>
          root
            .dir('p')
            ?.createTemp(name)
            .commit({ ...KEEP, mode: 0o644 }),
        () => root.dir('p')?.setAttributes('victim', { ...KEEP, mode: 0o777 }, false),
        () => root.dir('p')?.unlink('victim'),
        () => root.dir('')?.setAttributes('p', { ...KEEP, mode: 0o755 }, false),
      ]) {
        try {
          call(`f${i % 10}`);
          inside++;
        } catch (error) {
          expect(error).toBeInstanceOf(DriftlineError);
        }
      }
    }
    Atomics.store(flips, 1, 1);
    await ended;
    expect(inside).toBeGreaterThan(0);
    expect(fs.readdirSync(outside)).toEqual(['victim']);
    expect(fs.statSync(`${outside}/victim`).mode & 0o777).toBe(0o444);
    expect({ ...nodeSourceFs.lstat(outside), atime: 0 }).toEqual({ ...before, atime: 0 }); // listing it above reads it
  });
});

describe.each([
  ['held', true],
  ['looked at', false],
])('links that stand for folders, parents %s', (_, hold) => {
  const followed = (): DestinationRoot => openRoot(path, { follow: true, hold });

  beforeEach(() => {
    fs.mkdirSync(`${path}/real/deep`, { recursive: true });
    fs.symlinkSync('real', `${path}/inside`);
    fs.symlinkSync('../outside', `${path}/out`);
    fs.symlinkSync(outside, `${path}/absolute`);
    fs.symlinkSync('.', `${path}/self`);
    fs.symlinkSync('out', `${path}/chain`);
    fs.writeFileSync(`${path}/file`, '');
    fs.symlinkSync('file', `${path}/to-file`);
  });

  it('are followed below the root, and only where that is asked for', () => {
    const root = followed();
    root.dir('inside')!.mkdir('new', 0o755);
    expect(fs.readdirSync(`${path}/real`).sort()).toEqual(['deep', 'new']);
    expect(root.dir('inside/deep')).not.toBeNull();
    root.close();
    const strict = openRoot(path, { hold });
    expect(strict.dir('inside')).toBeNull();
    strict.close();
  });

  it.each(['out', 'absolute', 'chain', 'self', 'to-file', 'out/x', 'nowhere'])('%s leads nowhere', (name) => {
    const root = followed();
    expect(root.dir(name)).toBeNull();
    root.close();
  });
});
