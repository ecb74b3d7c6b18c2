import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { complete } from './complete.ts';

let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'driftline-complete-'));
  vi.stubEnv('DRIFTLINE_HOME', home);
  const named = (...names: unknown[]): unknown[] => names.map((name) => ({ name }));
  const store = {
    hosts: named('nas', 'my nas'),
    profiles: named('photos', 'my pics', 'two\nlines', 'a\x1b[31mred', 7),
  };
  writeFileSync(join(home, 'driftline.json'), JSON.stringify(store));
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

const offered = async (...words: string[]): Promise<string[]> =>
  (await complete(words)).candidates.map(({ word }) => word);

describe('completion', () => {
  it.each<[string[], string[]]>([
    [['ru'], ['run']],
    [['host', 'fo'], ['forget-key']],
    [
      ['run', ''],
      ['photos', 'my pics'],
    ],
    [['run', '--json', 'p'], ['photos']],
    [['--json', 'run', 'p'], ['photos']],
    [['run', 'photos', ''], []],
    [
      ['run', '--wait', '--'],
      ['--yes-delete', '--confirm', '--json', '--help'],
    ],
    [['run', '--confirm', 'x', '--c'], ['--confirm']],
    [['host', 'test', 'n'], ['nas']],
    [['host', 'add', 'n'], []],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['settings', 'get', 'th'], ['theme']],
    [['help', 'profile', 'd'], ['duplicate']],
    [['help', 'profile', 'add', ''], []],
    [['profile', 'add', 'x', '--dest', 'n'], ['nas:']],
    [['profile', 'add', 'x', '--dest=n'], ['--dest=nas:']],
    [['profile', 'add', 'x', '--dest', 'nas:'], []],
    [['profile', 'add', 'x', '--exclude', ''], []],
    [['rsync', '-a', 'my'], ['my nas:']],
    [['rsync', '--exclude-f'], ['--exclude-from=']],
    [['nonsense', ''], []],
  ])('of %j', async (words, expected) => {
    expect(await offered(...words)).toEqual(expected);
  });

  it('tells where names of files belong', async () => {
    const mode = async (...words: string[]): Promise<string> => (await complete(words)).mode;
    expect(await mode('profile', 'add', 'x', '--source', '')).toBe('folders');
    expect(await mode('host', 'add', 'x', '--key=')).toBe('files');
    expect(await mode('rsync', '-a', '')).toBe('files');
    expect(await mode('run', '')).toBe('words');
  });

  it('says nothing where nothing can be read', async () => {
    for (const text of ['', '{"profiles":', '{"profiles":{"length":3}}', 'null']) {
      writeFileSync(join(home, 'driftline.json'), text);
      expect(await offered('run', '')).toEqual([]);
    }
    rmSync(join(home, 'driftline.json'));
    expect(await offered('run', '')).toEqual([]);
  });
});
