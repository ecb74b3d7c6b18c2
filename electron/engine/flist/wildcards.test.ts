import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeSourceFs } from '../fs/node-fs.ts';
import { expandWildcards } from './wildcards.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-wild-'));
  mkdirSync(join(folder, 'd/e'), { recursive: true });
  for (const name of ['a.c', '.h.c', 'b*', 'd/x.c', 'd/e/y.c']) writeFileSync(join(folder, name), '');
  symlinkSync('d', join(folder, 'l'));
  symlinkSync('nowhere', join(folder, 'gone.c'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('expandWildcards', () => {
  it.each<[string, string[]]>([
    ['*.c', ['.h.c', 'a.c']], // a link that leads nowhere is no source a wildcard stands for
    ['*/*.c', ['d/x.c', 'l/x.c']],
    ['?/[e]/*', ['d/e/y.c', 'l/e/y.c']],
    ['*/', ['d/', 'l/']],
    ['b\\*', ['b*']],
    ['*x', ['*x']],
    ['no/*', ['no/*']],
    ['a.c/*', ['a.c/*']],
    ['d/\\x.c', ['d/\\x.c']],
    ['./*/./x.c', ['./d/./x.c', './l/./x.c']],
  ])('%s', (path, expected) => {
    const found = expandWildcards(nodeSourceFs, `${folder}/${path}`);
    expect(found.map((each) => each.slice(folder.length + 1)).sort()).toEqual(expected);
  });
});
