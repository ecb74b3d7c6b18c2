import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import { tryFilters } from './filter-trial.ts';

let folder: string;
const hooks = { signal: new AbortController().signal, onEvent: () => undefined };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-trial-'));
  mkdirSync(join(folder, 'src/cache/deep'), { recursive: true });
  mkdirSync(join(folder, 'src/keep'));
  for (const name of ['a.tmp', 'b.txt', 'keep/c.tmp', 'cache/d', 'cache/deep/e'])
    writeFileSync(join(folder, 'src', name), '');
  symlinkSync('nowhere', join(folder, 'src/link.tmp'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const rows = async (sources: string[], rules: string[]) => {
  const trial = await tryFilters(sources, rules, hooks);
  return trial.rows.map(({ path, folder: isFolder, rule }) => `${path}${isFolder ? '/' : ''} ${rule}`).sort();
};

it('tells what is left out, by which rule', async () => {
  const rules = ['+ /keep/c.tmp', '- *.tmp', 'P b.txt', '- /cache/'];
  expect(await rows([`${folder}/src/`], rules)).toEqual(['a.tmp 1', 'cache/ 3', 'link.tmp 1']);
  expect(await rows([`${folder}/src`], rules)).toEqual(['src/a.tmp 1', 'src/keep/c.tmp 1', 'src/link.tmp 1']);
  expect(await rows([`${folder}/src/`], ['- *.tmp', '!', 'exclude b.*'])).toEqual(['b.txt 2']);
  expect(await tryFilters([`${folder}/src/`], [], hooks)).toMatchObject({ looked: 9, dropped: 0, complete: true });
  // What is below a folder that is left out is not looked at.
  expect(await tryFilters([`${folder}/src/`], ['- *'], hooks)).toMatchObject({ looked: 5, dropped: 5 });
});

it('keeps to its limits', async () => {
  const rules = ['- *.tmp'];
  const limits = { names: 20_000, ms: 60_000, rows: 200 };
  const sources = [`${folder}/src/`, `${folder}/src/`];
  expect(await tryFilters(sources, rules, hooks, { ...limits, names: 3 })).toMatchObject({ complete: false });
  expect((await tryFilters(sources, rules, hooks, { ...limits, rows: 1 })).rows).toHaveLength(1);
  expect(await tryFilters(sources, rules, hooks, { ...limits, ms: -1 })).toMatchObject({ complete: false });
});

it('says what is wrong with the source or a rule', async () => {
  const code = async (sources: string[], rules: string[]) => {
    try {
      await tryFilters(sources, rules, hooks);
    } catch (error) {
      if (error instanceof DriftlineError) return error.data.code;
      throw error;
    }
    return null;
  };
  expect(await code([`${folder}/absent`], ['- x'])).toBe('source-missing');
  expect(await code([`${folder}/src`], ['nonsense'])).toBe('filter-syntax');
  expect(await code([`${folder}/src`], ['. /etc/passwd'])).toBe('filter-merge');
});
