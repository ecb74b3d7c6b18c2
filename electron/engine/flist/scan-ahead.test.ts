import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fail } from '../../../shared/errors.ts';
import type { FilterRule } from '../filter/rule.ts';
import { addFilter } from '../filter/rule-list.ts';
import type { SourceFs } from '../fs/fs.ts';
import { nodeSourceFs } from '../fs/node-fs.ts';
import { DEFAULT_OPTIONS, type TransferOptions } from '../options/transfer-options.ts';
import { entryName, type FileEntry } from './entry.ts';
import { SourceScan } from './scan.ts';
import { ScanAhead } from './scan-ahead.ts';

let folder = '';
const OPTIONS: TransferOptions = { ...DEFAULT_OPTIONS, recursive: true, links: true };

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'driftline-ahead-')));
  for (const dir of ['src/a/deep', 'src/b', 'other/c']) mkdirSync(join(folder, dir), { recursive: true });
  for (const file of ['src/file', 'src/a/x.o', 'src/a/deep/z', 'src/b/y', 'other/c/w'])
    writeFileSync(join(folder, file), file);
  symlinkSync('file', join(folder, 'src/link'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

/** The file system, which notes which folders are read. */
function watched(): { fs: SourceFs; read: string[] } {
  const read: string[] = [];
  const readdir: SourceFs['readdir'] = (path) => {
    read.push(path.slice(folder.length + 1));
    return nodeSourceFs.readdir(path);
  };
  return { fs: { ...nodeSourceFs, readdir }, read };
}

const argsOf = (...args: string[]): string[] => args.map((arg) => `${folder}/${arg}`);

/** All that a scan finds, by name, with what was listed ahead of it. */
function scanned(fs: SourceFs, args: string[], ahead: ScanAhead | null, filter: (name: string) => boolean) {
  const options = { ...OPTIONS, incRecurse: false };
  const issues: string[] = [];
  const scan = new SourceScan(fs, args, options, filter, {
    issue: ({ message }) => issues.push(message),
    message: () => {},
    listed: ahead === null ? undefined : (dir) => ahead.take(dir),
  });
  const found = scan.scanArguments().sort((a, b) => (entryName(a) < entryName(b) ? -1 : 1));
  return { found, issues };
}

/** What `take` looks at of a folder of the first argument. */
const dirOf = (base: string): FileEntry => ({ dir: '', base, root: 0 }) as FileEntry;

const nothing = (): boolean => false;

function rulesOf(...texts: string[]): FilterRule[] {
  const rules: FilterRule[] = [];
  for (const text of texts) addFilter(rules, text, { read: () => '', from0: false });
  return rules;
}

describe('listing ahead', () => {
  it('gives the scan the entries it would find, and each folder is read once', async () => {
    const { fs, read } = watched();
    const args = argsOf('src/', 'other');
    const ahead = new ScanAhead();
    await ahead.run(fs, args, OPTIONS, []);
    const inOrder = ['src/', 'other', 'other/c', 'src/a', 'src/a/deep', 'src/b'];
    expect(read.map((path) => path.replace(/\/$/, '')).sort()).toEqual(inOrder.map((p) => p.replace(/\/$/, '')).sort());
    read.length = 0;
    const { found } = scanned(fs, args, ahead, nothing);
    expect(read).toEqual([]);
    expect(found).toEqual(scanned(fs, args, null, nothing).found);
    expect(read).toHaveLength(6);
    expect(ahead.take(dirOf('a'))).toBeUndefined();
  });

  it('knows folders that two arguments bring under different names', async () => {
    const args = argsOf('src', 'src/', 'src/a');
    const ahead = new ScanAhead();
    await ahead.run(nodeSourceFs, args, OPTIONS, []);
    expect(scanned(nodeSourceFs, args, ahead, nothing).found).toEqual(scanned(nodeSourceFs, args, null, nothing).found);
  });

  it('obeys rules: what they leave out is neither listed nor read', async () => {
    const { fs, read } = watched();
    const rules = rulesOf('- a/', '- y');
    const ahead = new ScanAhead();
    await ahead.run(fs, argsOf('src/'), OPTIONS, rules);
    expect(read).toEqual(['src/', 'src/b']);
    expect(ahead.take(dirOf('b'))).toEqual([]);
  });

  it('leaves a folder with trouble to the scan, which tells of it once', async () => {
    const lstat: SourceFs['lstat'] = (path) => {
      if (path.endsWith('/x.o')) throw fail('fs', 'eio', 'broken', { details: { errno: 'EIO' } });
      return nodeSourceFs.lstat(path);
    };
    const fs = { ...nodeSourceFs, lstat };
    const ahead = new ScanAhead();
    await ahead.run(fs, argsOf('src/'), OPTIONS, []);
    expect(ahead.take(dirOf('a'))).toBeUndefined();
    expect(ahead.take(dirOf('b'))).toHaveLength(1);
    const { found, issues } = scanned(fs, argsOf('src/'), ahead, nothing);
    expect(issues).toHaveLength(1);
    expect(found.map(entryName)).toEqual(['.', 'a', 'a/deep', 'a/deep/z', 'b', 'b/y', 'file', 'link']);
  });

  it('forgets what was listed too long ago, and ends when it is told to', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const ahead = new ScanAhead();
    await ahead.run(nodeSourceFs, argsOf('src/'), OPTIONS, []);
    vi.setSystemTime(Date.now() + 1000);
    expect(ahead.take(dirOf('b'))).toHaveLength(1);
    vi.setSystemTime(Date.now() + 5000);
    expect(ahead.take(dirOf('a'))).toBeUndefined();
    const stopped = new ScanAhead();
    stopped.stop();
    await stopped.run(nodeSourceFs, argsOf('src/'), OPTIONS, []);
    expect(stopped.take(dirOf('.'))).toBeUndefined();
  });

  it('is for scans that depend on nothing the server has yet to say', () => {
    expect(ScanAhead.suits(OPTIONS, rulesOf('- x'))).toBe(true);
    expect(ScanAhead.suits({ ...OPTIONS, checksum: true }, [])).toBe(false);
    expect(ScanAhead.suits({ ...OPTIONS, recursive: false }, [])).toBe(false);
    expect(ScanAhead.suits(OPTIONS, rulesOf(': .rules'))).toBe(false);
  });
});
