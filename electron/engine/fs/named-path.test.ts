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
