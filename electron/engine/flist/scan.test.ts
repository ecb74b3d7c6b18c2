import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fail } from '../../../shared/errors.ts';
import type { EngineIssue } from '../events.ts';
import type { SourceFs } from '../fs/fs.ts';
import { nodeSourceFs } from '../fs/node-fs.ts';
import { DEFAULT_OPTIONS } from '../options/transfer-options.ts';
import { EntryFlag, entryName, type FileEntry } from './entry.ts';
import { type ScanOptions, SourceScan } from './scan.ts';

let folder = '';

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'driftline-scan-')));
  for (const dir of ['src/a/deep', 'src/b', 'other/a']) mkdirSync(join(folder, dir), { recursive: true });
  writeFileSync(join(folder, 'src/file'), 'hello');
  writeFileSync(join(folder, 'src/a/x.o'), 'x');
  writeFileSync(join(folder, 'src/a/y'), 'yy');
  writeFileSync(join(folder, 'src/a/deep/z'), '');
  writeFileSync(join(folder, 'other/a/w'), 'w');
  writeFileSync(Buffer.from(`${folder}/src/odd\xff\n`, 'latin1'), '1');
  symlinkSync('file', join(folder, 'src/link'));
  symlinkSync('b', join(folder, 'src/dirlink'));
  execFileSync('mkfifo', [join(folder, 'src/fifo')]);
  utimesSync(join(folder, 'src/file'), '1700000000', '1700000000');
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Result {
  scan: SourceScan;
  issues: EngineIssue[];
  messages: string[];
}

const RECURSIVE: ScanOptions = { ...DEFAULT_OPTIONS, recursive: true, links: true, incRecurse: false };

function scanOf(
  args: string[],
  options: Partial<ScanOptions> = {},
  more: { fs?: SourceFs; filter?: (name: string, isDir: boolean) => boolean } = {},
): Result {
  const issues: EngineIssue[] = [];
  const messages: string[] = [];
  const scan = new SourceScan(
    more.fs ?? nodeSourceFs,
    args.map((arg) => `${folder}/${arg}`),
    { ...RECURSIVE, ...options },
    more.filter ?? (() => false),
    { issue: (issue) => issues.push(issue), message: (text) => messages.push(text) },
  );
  return { scan, issues, messages };
}

const names = (entries: FileEntry[]): string[] => entries.map(entryName);
const ALL = ['.', 'a', 'a/deep', 'a/deep/z', 'a/x.o', 'a/y', 'b', 'dirlink', 'fifo', 'file', 'link', 'odd\xff\n'];

/** The real file system with some calls replaced. */
function faulty(faults: Partial<SourceFs>): SourceFs {
  return { ...nodeSourceFs, ...faults };
}
const fsFailure = (errno: string): Error => fail('fs', errno.toLowerCase(), 'no', { details: { errno } });

describe('arguments (§6.16)', () => {
  it.each(['src/', 'src/.', 'src//', 'src/a/..', 'src/b/../'])('%s stands for what it contains', (arg) => {
    const entries = scanOf([arg]).scan.scanArguments();
    expect(names(entries).sort()).toEqual(ALL);
    expect(entries[0]).toMatchObject({ base: '.', flags: EntryFlag.TOP_DIR | EntryFlag.CONTENT_DIR });
    expect(entries.find((e) => e.base === 'a')!.flags).toBe(EntryFlag.CONTENT_DIR);
  });

  it('a directory without a slash is part of every name', () => {
    const { scan } = scanOf(['src']);
    const entries = scan.scanArguments();
    expect(names(entries).sort()).toEqual(['src', ...ALL.slice(1).map((name) => `src/${name}`)]);
    expect(entries[0]!.flags).toBe(EntryFlag.TOP_DIR | EntryFlag.CONTENT_DIR);
    expect(scan.localPath(entries.find((e) => e.base === 'z')!)).toBe(`${folder}/src/a/deep/z`);
  });

  it('a file goes by its last component; several arguments have roots of their own', () => {
    const { scan } = scanOf(['src/file', 'src/a/', 'other/a']);
    const entries = scan.scanArguments();
    expect(names(entries).sort()).toEqual(['.', 'a', 'a/w', 'deep', 'deep/z', 'file', 'x.o', 'y']);
    const paths = entries.map((e) => scan.localPath(e));
    expect(paths).toContain(`${folder}/src/file`);
    expect(paths).toContain(`${folder}/src/a/deep/z`);
    expect(paths).toContain(`${folder}/other/a/w`);
  });

  it('a link to a directory is a link, with a slash it is followed', () => {
    expect(scanOf(['src/dirlink']).scan.scanArguments()[0]!.extra).toEqual({ link: 'b' });
    expect(names(scanOf(['src/dirlink/']).scan.scanArguments())).toEqual(['.']);
  });

  it('a directory without -r and -d is skipped aloud', () => {
    const { scan, messages } = scanOf(['src', 'src/file'], { recursive: false });
    expect(names(scan.scanArguments())).toEqual(['file']);
    expect(messages).toEqual(['skipping directory src']);
  });

  it('-d lists a directory without its contents, with a slash one level', () => {
    expect(scanOf(['src'], { recursive: false, dirs: true }).scan.scanArguments()).toMatchObject([
      { base: 'src', flags: 0 },
    ]);
    const entries = scanOf(['src/'], { recursive: false, dirs: true }).scan.scanArguments();
    expect(names(entries).sort()).toEqual(ALL.filter((name) => !name.includes('/')));
    expect(entries.find((e) => e.base === 'a')!.flags).toBe(0);
  });

  it('src/missing is missing: reported, but no error for the peer', () => {
    const { scan, issues } = scanOf(['src/missing']);
    expect(scan.scanArguments()).toEqual([]);
    const message = `link_stat "${folder}/src/missing" failed: No such file or directory (2)`;
    expect(issues).toMatchObject([{ code: 'list-failed', errno: 'ENOENT', ioError: 1, message }]);
    expect(scan.ioError).toBe(0);
  });

  it.each([
    ['missing/', 'missing', 'No such file or directory (2)'],
    ['missing/x', 'missing', 'No such file or directory (2)'],
    ['src/file/', 'src/file', 'Not a directory (20)'],
    ['src/file/x', 'src/file', 'Not a directory (20)'],
  ])('%s lies in no folder: an error for the peer, which then deletes nothing', (arg, named, reason) => {
    for (const missingArgs of ['error', 'ignore', 'delete'] as const) {
      const { scan, issues } = scanOf([arg], { missingArgs });
      expect(scan.scanArguments()).toEqual([]);
      expect(issues.map(({ message }) => message)).toEqual([`change_dir "${folder}/${named}" failed: ${reason}`]);
      expect(scan.ioError).toBe(1);
    }
  });

  it('an argument that cannot be examined is an error for the peer', () => {
    const fs = faulty({
      lstat: () => {
        throw fsFailure('EACCES');
      },
    });
    const { scan, issues } = scanOf(['src/file'], {}, { fs });
    expect(scan.scanArguments()).toEqual([]);
    expect(issues[0]!.message).toBe(`link_stat "${folder}/src/file" failed: Permission denied (13)`);
    expect(scan.ioError).toBe(1);
  });
});

describe('entries', () => {
  it('say what the file system says', () => {
    const entries = scanOf(['src/']).scan.scanArguments();
    const byName = new Map(entries.map((e) => [entryName(e), e]));
    expect(byName.get('file')).toMatchObject({ size: 5, mtime: 1700000000, nsec: 0, dir: '', extra: null });
    expect(byName.get('link')).toMatchObject({ size: 4, extra: { link: 'file' } });
    expect(byName.get('fifo')).toMatchObject({ size: 0, extra: null });
    expect(byName.get('a/deep/z')!.dir).toBe('a/deep');
  });

  it('list links without -l, but do not read them', () => {
    const entries = scanOf(['src/'], { links: false }).scan.scanArguments();
    expect(entries.find((e) => e.base === 'link')).toMatchObject({ size: 4, extra: null });
  });

  it('carry device numbers', () => {
    const scan = new SourceScan(nodeSourceFs, ['/dev/null'], RECURSIVE, () => false, { issue() {}, message() {} });
    expect(scan.scanArguments()).toMatchObject([{ base: 'null', size: 0, extra: { rdevMajor: 1, rdevMinor: 3 } }]);
  });

  it('carry list sums of regular files', () => {
    const seen: string[] = [];
    const hooks = {
      issue() {},
      message() {},
      sum: (_: FileEntry, path: string) => {
        seen.push(path);
        return 'sum';
      },
    };
    const scan = new SourceScan(nodeSourceFs, [`${folder}/src/a`], RECURSIVE, () => false, hooks);
    const entries = scan.scanArguments();
    expect(entries.find((e) => e.base === 'y')!.extra).toEqual({ sum: 'sum' });
    expect(entries[0]!.extra).toBeNull();
    expect(seen.sort()).toEqual(['deep/z', 'x.o', 'y'].map((name) => `${folder}/src/a/${name}`));
  });
});

describe('filters', () => {
  it('leave out names and whole directories, and see names from the root', () => {
    const asked: [string, boolean][] = [];
    const filter = (name: string, isDir: boolean): boolean => {
      asked.push([name, isDir]);
      return name.endsWith('.o') || name === 'b' || name === 'a/deep';
    };
    const entries = scanOf(['src/'], {}, { filter }).scan.scanArguments();
    expect(names(entries).sort()).toEqual(['.', 'a', 'a/y', 'dirlink', 'fifo', 'file', 'link', 'odd\xff\n']);
    expect(asked).toContainEqual(['a', true]);
    expect(asked).toContainEqual(['dirlink', false]);
    expect(asked.some(([name]) => name === '.' || name === 'a/deep/z')).toBe(false);
  });

  it('leave out an argument silently', () => {
    const { scan, issues, messages } = scanOf(['src/file'], {}, { filter: () => true });
    expect(scan.scanArguments()).toEqual([]);
    expect([issues, messages]).toEqual([[], []]);
  });
});

describe('incremental recursion', () => {
  it('lists the arguments and the contents of `dir/` first, then directory by directory', () => {
    const { scan } = scanOf(['src/', 'other/a'], { incRecurse: true });
    const first = scan.scanArguments();
    expect(names(first).sort()).toEqual([...ALL.filter((name) => !name.includes('/')), 'a'].sort());
    const [ofSource, ofOther] = first.filter((e) => e.base === 'a');
    expect(names(scan.scanDirs([ofSource!])).sort()).toEqual(['a/deep', 'a/x.o', 'a/y']);
    expect(names(scan.scanDirs([ofOther!]))).toEqual(['a/w']);
    expect(scan.scanDirs([{ ...ofSource!, flags: 0 }])).toEqual([]);
  });
});

describe('trouble', () => {
  it('a directory that cannot be listed', () => {
    const fs = faulty({
      readdir: (path) => {
        if (path.endsWith('/a')) throw fsFailure('EACCES');
        return nodeSourceFs.readdir(path);
      },
    });
    const { scan, issues } = scanOf(['src/'], {}, { fs });
    expect(names(scan.scanArguments()).sort()).toEqual(ALL.filter((name) => !name.startsWith('a/')));
    expect(issues).toEqual([
      {
        ...{ code: 'list-failed', name: 'a', errno: 'EACCES', ioError: 1 },
        message: `opendir "${folder}/src/a" failed: Permission denied (13)`,
      },
    ]);
    expect(scan.ioError).toBe(1);
  });

  it('things that vanish between listing and looking', () => {
    const fs = faulty({
      lstat: (path) => (path.endsWith('/y') ? null : nodeSourceFs.lstat(path)),
      readdir: (path) => {
        if (path.endsWith('/b')) throw fsFailure('ENOENT');
        return nodeSourceFs.readdir(path);
      },
      readlink: () => {
        throw fsFailure('ENOENT');
      },
    });
    const { scan, issues } = scanOf(['src/'], {}, { fs });
    const found = names(scan.scanArguments());
    expect(found).not.toContain('a/y');
    expect(found).not.toContain('link');
    expect(issues.map((issue) => issue.message).sort()).toEqual(
      [
        'directory has vanished: "SRC/b"',
        ...['a/y', 'dirlink', 'link'].map((name) => `file has vanished: "SRC/${name}"`),
      ].map((text) => text.replace('SRC', `${folder}/src`)),
    );
    expect(issues.every((issue) => issue.code === 'vanished' && issue.ioError === 2)).toBe(true);
    expect(scan.ioError).toBe(2);
  });

  it('nothing is said of a vanished name that a rule leaves out', () => {
    const fs = faulty({ lstat: (path) => (path.endsWith('.o') ? null : nodeSourceFs.lstat(path)) });
    const { scan, issues } = scanOf(['src/'], {}, { fs, filter: (name) => name.endsWith('.o') });
    scan.scanArguments();
    expect([issues, scan.ioError]).toEqual([[], 0]);
  });

  it('names are shown escaped', () => {
    const fs = faulty({ lstat: (path) => (path.includes('odd') ? null : nodeSourceFs.lstat(path)) });
    const { scan, issues } = scanOf(['src/'], {}, { fs });
    scan.scanArguments();
    expect(issues[0]).toMatchObject({ name: 'odd\xff\n', message: `file has vanished: "${folder}/src/odd\\xff\\x0a"` });
  });

  it('a name too long to send', () => {
    const long = 'n'.repeat(4095);
    const fs = faulty({
      readdir: () => [long, 'file'],
      lstat: (path) => nodeSourceFs.lstat(path.replace(long, 'file')),
    });
    const { scan, issues } = scanOf(['src'], {}, { fs });
    expect(names(scan.scanArguments())).toEqual(['src', 'src/file']);
    expect(issues).toMatchObject([{ code: 'list-failed', errno: 'ENAMETOOLONG' }]);
    expect(scan.ioError).toBe(1);
  });

  it('what is not a failed system call is not swallowed', () => {
    const fs = faulty({
      readdir: () => {
        throw new TypeError('a mistake of ours');
      },
    });
    expect(() => scanOf(['src/'], {}, { fs }).scan.scanArguments()).toThrow(TypeError);
  });
});

describe('a big directory', () => {
  it('comes in pieces', () => {
    const many = Array.from({ length: 2500 }, (_, i) => `f${i}`);
    const fs = faulty({ readdir: () => many, lstat: (path) => nodeSourceFs.lstat(path.replace(/f\d+$/, 'file')) });
    const batches = [...scanOf(['src/'], {}, { fs }).scan.scanAll()];
    expect(batches.map((batch) => batch.length)).toEqual([1, 1000, 1000, 500]);
  });
});
