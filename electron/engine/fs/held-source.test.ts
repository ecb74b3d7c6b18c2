import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import { heldSource } from '../local-destination.ts';
import { DEFAULT_OPTIONS, type TransferOptions } from '../options/transfer-options.ts';
import { type HeldSource } from './held-source.ts';
import { nodeSourceFs } from './node-fs.ts';

let base: string;
let open: HeldSource[];

beforeEach(() => {
  base = mkdtempSync(join(realpathSync(tmpdir()), 'driftline-held-'));
  open = [];
  for (const dir of ['src/sub/deep', 'outside/deep', 'named']) mkdirSync(join(base, dir), { recursive: true });
  for (const file of ['src/sub/f', 'src/sub/deep/f', 'named/f']) writeFileSync(join(base, file), 'inside');
  for (const file of ['outside/f', 'outside/deep/f']) writeFileSync(join(base, file), 'outside');
  symlinkSync('src', join(base, 'link'));
});
afterEach(() => {
  for (const held of open) held.close();
  rmSync(base, { recursive: true, force: true });
});

function source(args: string[], more: Partial<TransferOptions> = {}): HeldSource['fs'] {
  const held = heldSource(
    { ...DEFAULT_OPTIONS, ...more },
    args.map((arg) => `${base}/${arg}`),
  );
  open.push(held);
  return held.fs;
}

/** What somebody does who can write in the source: `sub` leads elsewhere from now on. */
function swap(): void {
  renameSync(join(base, 'src/sub'), join(base, 'src/.sub'));
  symlinkSync('../outside', join(base, 'src/sub'));
}

function read(fs: HeldSource['fs'], path: string): string {
  const file = fs.openRead(`${base}/${path}`);
  const bytes = Buffer.alloc(7);
  const count = file.read(bytes, 0, bytes.length, 0);
  file.close();
  return bytes.toString('latin1', 0, count);
}

/** The code of what is thrown, or what is answered. */
function outcome(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error instanceof DriftlineError ? error.data.code : error;
  }
}

describe.skipIf(process.platform !== 'linux')('a held source', () => {
  it.each([['src/'], ['src/sub'], ['link/']])('reads what was listed by %s, whatever takes its place', (arg) => {
    const fs = source([arg]);
    const at = arg.startsWith('link') ? 'link/sub' : 'src/sub';
    expect(fs.readdir(`${base}/${at}`).sort()).toEqual(['deep', 'f']);
    swap();
    expect(read(fs, `${at}/f`)).toBe('inside');
    expect(fs.readdir(`${base}/${at}`).sort()).toEqual(['deep', 'f']);
    expect(read(fs, `${at}/deep/f`)).toBe('inside');
  });

  it('looks at the thousandth name as at the first', () => {
    const fs = source(['src/']);
    writeFileSync(Buffer.from(`${base}/src/sub/\xe9`, 'latin1'), 'x');
    symlinkSync('f', join(base, 'src/sub/l'));
    const names = ['sub', 'sub/f', 'sub/l', 'sub/\xe9', 'sub/deep/f', 'none', 'sub/f/x', 'sub/f\0x', '.', 'sub/..'];
    const look = () =>
      [fs, nodeSourceFs].flatMap((at) =>
        names.flatMap((name) => [
          outcome(() => at.lstat(`${base}/src/${name}`)),
          outcome(() => read(at, `src/${name}`)),
        ]),
      );
    const first = look();
    for (let i = 0; i < 5000; i++) fs.lstat(`${base}/src/sub/f`);
    expect(look()).toEqual(first);
    swap();
    expect(read(fs, 'src/sub/f')).toBe('inside');
    const late = source(['src/']);
    expect(late.lstat(`${base}/src/sub/f`)).toBeNull();
    expect(outcome(() => read(late, 'src/sub/f'))).toBe('enoent');
  });

  it('takes what lies below a link for gone, where nothing was held before', () => {
    const fs = source(['src/']);
    swap();
    const path = `${base}/src/sub`;
    expect(outcome(() => fs.openRead(`${path}/f`))).toBe('enoent');
    expect(outcome(() => fs.readdir(path))).toBe('enoent');
    expect(outcome(() => fs.readdir(`${path}/deep`))).toBe('enoent');
    expect(fs.lstat(`${path}/f`)).toBeNull();
    expect(outcome(() => fs.xattrs(`${path}/f`).list())).toBe('enoent');
    expect(outcome(() => fs.unlink(`${path}/f`))).toBe('enoent');
    expect(fs.readlink(path)).toBe('../outside');
  });

  it.each<Partial<TransferOptions>>([{ copyLinks: true }, { copyDirlinks: true }, { insecureLinks: true }])(
    'follows links where %j says so',
    (more) => {
      const fs = source(['src/'], more);
      swap();
      expect(read(fs, 'src/sub/f')).toBe('outside');
    },
  );

  it('follows links that an argument names', () => {
    expect(read(source(['link/sub/f']), 'link/sub/f')).toBe('inside');
    expect(read(source(['link/sub/f', 'src'], { relative: true }), 'link/sub/f')).toBe('inside');
    expect(source(['link/sub/f', ''], { relative: true }).stat(`${base}/link/sub`)).not.toBeNull();
  });

  it('answers for what is not there as ever', () => {
    const fs = source(['none/x', 'src/none']);
    for (const path of ['none/x', 'src/none']) expect(fs.lstat(`${base}/${path}`)).toBeNull();
    expect(outcome(() => fs.readdir(`${base}/none`))).toBe('enoent');
  });

  it('holds few of many folders that arguments name', () => {
    const names = Array.from({ length: 9 }, (_, i) => `many/${i}/f`);
    for (const name of names) {
      mkdirSync(join(base, name, '..'), { recursive: true });
      writeFileSync(join(base, name), 'inside');
    }
    const fs = source(names);
    for (const name of [...names, ...names]) expect(read(fs, name)).toBe('inside');
  });
});
