import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { atNamed, openNamed, readNamed } from './named-path.ts';

const OWN = { insecureLinks: false };
const ANY = { insecureLinks: true };
const { O_WRONLY, O_CREAT } = fs.constants;

let base: string;
beforeEach(() => {
  base = fs.mkdtempSync(join(tmpdir(), 'driftline-named-'));
  fs.mkdirSync(join(base, 'folder/sub'), { recursive: true });
  fs.writeFileSync(join(base, 'folder/file'), 'content');
});
afterEach(() => fs.rmSync(base, { recursive: true, force: true }));

const link = (target: string, name: string): void => fs.symlinkSync(target, join(base, name));
const read = (name: string, trust = OWN): string => readNamed(`${base}/${name}`, trust).toString();

describe('openNamed', () => {
  it('follows links of this user and of root, in the middle and at the end', () => {
    link('folder', 'relative');
    link(join(base, 'folder'), 'absolute');
    link('../relative/file', 'folder/up');
    expect(['folder/file', 'relative/file', 'absolute/sub/../file', 'folder/up'].map((name) => read(name))).toEqual(
      Array(4).fill('content'),
    );
    expect(fs.realpathSync(join(base, 'relative'))).toBe(
      atNamed(`${base}/relative/`, OWN, (at) => fs.realpathSync(at)),
    );
  });

  it('makes what is missing, and says what the system says', () => {
    fs.closeSync(openNamed(join(base, 'folder/new'), O_WRONLY | O_CREAT, OWN, 0o600));
    expect(fs.statSync(join(base, 'folder/new')).mode & 0o777).toBe(0o600);
    link('loop', 'loop');
    for (const [name, code] of Object.entries({
      none: 'ENOENT',
      'folder/file/x': 'ENOTDIR',
      loop: 'ELOOP',
      '': 'EISDIR',
    }))
      expect(() => read(name), name).toThrow(expect.objectContaining({ code }));
  });

  it.runIf(process.platform === 'linux')('opens nothing out of the folder that confines it', () => {
    const root = fs.realpathSync(base);
    const confined = { ...OWN, confineRoot: `${root}/folder` };
    fs.writeFileSync(join(base, 'file'), 'content');
    link('folder', 'in');
    link('../file', 'folder/out');
    link('../folder/file', 'folder/and back');
    link(join(root, 'file'), 'folder/sub/out');
    const held = fs.openSync(join(base, 'folder/sub'), 'r');
    const pin = `/proc/self/fd/${held}`;
    for (const path of ['folder/file', 'folder/sub/../file', 'in/file', 'folder/and back'])
      expect(readNamed(`${root}/${path}`, confined).toString(), path).toBe('content');
    expect(readNamed(`${pin}/../file`, confined).toString()).toBe('content');
    expect(atNamed(`${root}/folder`, confined, (at) => fs.realpathSync(at))).toBe(`${root}/folder`);
    const outside = ['file', 'folder/out', 'folder/sub/out', 'folder/../file', 'new', 'folder/sub/../../new'];
    for (const path of [...outside.map((name) => `${root}/${name}`), `${pin}/../out`, `${pin}/out`, '/proc/self/fd/..'])
      expect(() => openNamed(path, O_WRONLY | O_CREAT, confined), path).toThrow(/--confine-root/);
    expect(fs.existsSync(join(base, 'new'))).toBe(false);
    fs.closeSync(held);
  });

  it.runIf(process.getuid?.() === 0 && process.platform === 'linux')('follows no link of another user', () => {
    link('folder', 'foreign');
    link('file', 'folder/foreign');
    for (const name of ['foreign', 'folder/foreign']) fs.lchownSync(join(base, name), 1234, 1234);
    link('foreign/sub', 'through');
    for (const name of ['foreign/file', 'folder/foreign', 'through/../file']) {
      expect(() => read(name), name).toThrow(/belongs to another user/);
      expect(read(name, ANY)).toBe('content');
    }
  });
});
