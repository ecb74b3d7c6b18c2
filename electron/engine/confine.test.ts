import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { confineRequest } from './confine.ts';
import { parseServerWords } from './options/parse.ts';

let folder: string;
let root: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'driftline-confine-')));
  root = join(folder, 'root');
  mkdirSync(join(root, 'inside'), { recursive: true });
  mkdirSync(join(folder, 'outside'));
  symlinkSync('../outside', join(root, 'out'));
  symlinkSync('inside', join(root, 'in'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const confine = (...words: string[]): string[] =>
  confineRequest(parseServerWords(['--server', ...words]), root).args.map((arg) => arg.replace(root, 'ROOT'));

describe('a confined request', () => {
  it.each([
    ['inside/', 'ROOT/inside/'],
    ['/inside', 'ROOT/inside'],
    ['.', 'ROOT/'],
    ['./', 'ROOT/'],
    ['inside/.', 'ROOT/inside/'],
    ['/', 'ROOT/'],
    ['../../etc', 'ROOT/etc'],
    ['a/../../../b', 'ROOT/b'],
    ['in', 'ROOT/in'],
    ['new/deep', 'ROOT/new/deep'],
  ])('%s → %s', (path, expected) => {
    expect(confine('-re.iLsfxCIvu', '.', path)).toEqual([expected]);
  });

  it('names only what is below with --relative', () => {
    expect(confine('--sender', '-rRe.iLsfxCIvu', '.', 'inside/a')).toEqual(['ROOT/./inside/a']);
  });

  it('does not follow links to folders where a listing asks for it', () => {
    const request = parseServerWords(['--server', '--sender', '-dlke.iLsfxCIvu', '.', './']);
    expect(request.options.copyDirlinks).toBe(true);
    expect(confineRequest(request, root).options.copyDirlinks).toBe(false);
  });

  it.each([
    ['a link that leads out', ['-re.iLs', '.', 'out']],
    ['a new folder behind one', ['-re.iLs', '.', 'out/new']],
    ['following links', ['--sender', '-rLe.iLs', '.', 'inside']],
    ['a folder elsewhere for backups', ['-re.iLs', '-b', '--backup-dir=/tmp/x', '.', 'inside']],
    ['a folder above for links', ['-re.iLs', '--link-dest=../../x', '.', 'inside']],
    ['a temporary folder elsewhere', ['-re.iLs', '--temp-dir=/tmp', '.', 'inside']],
    ['a list of files here', ['--sender', '-re.iLs', '--files-from=/etc/passwd', '.', 'inside']],
  ])('refuses %s', (_what, words) => {
    expect(() => confine(...words)).toThrow(
      expect.objectContaining({
        data: expect.objectContaining({ code: 'outside-root', exitCode: 4 }) as unknown,
      }) as Error,
    );
  });
});
