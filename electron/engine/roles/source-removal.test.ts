import { beforeEach, expect, it } from 'vitest';
import { DriftlineError, fail } from '../../../shared/errors.ts';
import type { Connection } from '../connection.ts';
import type { EngineEvent } from '../events.ts';
import { EntryFlag, type FileEntry } from '../flist/entry.ts';
import { FileLists } from '../flist/file-lists.ts';
import type { Stat } from '../fs/fs.ts';
import { DEFAULT_OPTIONS } from '../options/transfer-options.ts';
import type { ListSource } from './list-sender.ts';
import { removeWhatArrived } from './source-removal.ts';

const entry = (base: string, mode: number, flags = 0): FileEntry => ({
  ...{ dir: '', base, mode, size: 3, mtime: 5, nsec: 6, uid: 0, gid: 0, flags, root: 0, extra: null },
});
const STAT: Stat = {
  ...{ mode: 0o100644, size: 3, mtime: 5, nsec: 6, atime: 0, uid: 0, gid: 0 },
  ...{ dev: 7, ino: 8, nlink: 1, rdevMajor: 0, rdevMinor: 0 },
};

let told: string[];
let removed: string[];
let stat: Stat | null;
let refuses: string | null;

let flags: number;

/** A sender that listed `a`, its duplicate, and a folder `d`, as numbers 0, 1 and 2. */
function sender(options: Partial<typeof DEFAULT_OPTIONS>): Connection {
  const lists = new FileLists(false, false);
  lists.add([entry('a', 0o100644, flags), entry('a', 0o100644), entry('d', 0o40755)], -1);
  const conn = {
    options: { ...DEFAULT_OPTIONS, ...options },
    onSuccess: () => {},
    emit: (event: EngineEvent) => event.type === 'message' && told.push(event.text),
    issue: (issue: { code: string; message: string }) => told.push(`${issue.code}: ${issue.message}`),
  } as unknown as Connection;
  const removal = {
    stat: () => stat,
    unlink: ({ base }: FileEntry) => {
      if (refuses) throw fail('fs', 'x', 'refused', { details: { errno: refuses } });
      removed.push(base);
    },
  };
  removeWhatArrived(conn, lists, { removal } as unknown as ListSource);
  return conn;
}

beforeEach(() => {
  told = [];
  removed = [];
  stat = STAT;
  refuses = null;
  flags = 0;
});

const wanted = { removeSourceFiles: true };

it('removes what is as it was listed', () => {
  sender({ ...wanted, info: new Map([['remove', 1]]) }).onSuccess(0, { dev: 7n, ino: 9n });
  expect([removed, told]).toEqual([['a'], ['sender removed a\n']]);
});

it.each([
  ['without the option', {}, null, null, []],
  ['in a dry run', { ...wanted, dryRun: true }, null, null, []],
  [
    'that is the copy',
    wanted,
    STAT,
    { dev: 7n, ino: 8n },
    ['source-kept: ERROR: Skipping sender remove of destination file: a'],
  ],
  [
    'of another size',
    wanted,
    { ...STAT, size: 4 },
    null,
    ['source-kept: ERROR: Skipping sender remove of changed file: a'],
  ],
  [
    'of another time',
    wanted,
    { ...STAT, nsec: 7 },
    null,
    ['source-kept: ERROR: Skipping sender remove of changed file: a'],
  ],
  ['that is gone', wanted, null, null, ['sender file already removed: a\n']],
] as const)('leaves a file %s', (_, options, now, copy, expected) => {
  stat = now;
  sender(options).onSuccess(0, copy);
  expect([removed, told]).toEqual([[], expected]);
});

it('tells what the system refuses', () => {
  refuses = 'EACCES';
  sender(wanted).onSuccess(0, null);
  expect(told).toEqual(['source-kept: sender failed to remove a: Permission denied (13)']);
});

it.each([-1, 1, 2, 3, 0x7fffffff])('refuses number %i, which stands for no file of the list', (ndx) => {
  const conn = sender(wanted);
  expect(() => conn.onSuccess(ndx, null)).toThrow(DriftlineError);
  expect(removed).toEqual([]);
});

it('refuses one whose content was asked for and has not gone out', () => {
  flags = EntryFlag.OWED;
  const conn = sender(wanted);
  expect(() => conn.onSuccess(0, null)).toThrow(expect.objectContaining({ data: expect.objectContaining({ code: 'bad-success' }) })); // prettier-ignore
  expect(removed).toEqual([]);
});
