import { describe, expect, it } from 'vitest';
import type { FileEntry } from '../flist/entry.ts';
import type { Stat } from '../fs/fs.ts';
import { DEFAULT_OPTIONS, type TransferOptions } from '../options/transfer-options.ts';
import { decide, type DestinationView, type ReceiverAbilities } from './decide.ts';

const MODES = {
  file: 0o100644,
  dir: 0o040755,
  link: 0o120777,
  fifo: 0o010644,
  sock: 0o140644,
  char: 0o020644,
  block: 0o060644,
} as const;
type Kind = keyof typeof MODES;
interface Has {
  perms?: number;
  size?: number;
  mtime?: number;
  nsec?: number;
  uid?: number;
  gid?: number;
  link?: string;
  sum?: string | null;
  minor?: number;
}

const entry = (kind: Kind, has: Has = {}): FileEntry => ({
  dir: '',
  base: 'x',
  mode: has.perms === undefined ? MODES[kind] : (MODES[kind] & 0o170000) | has.perms,
  size: has.size ?? (kind === 'file' ? 10 : 0),
  mtime: has.mtime ?? 100,
  nsec: has.nsec ?? 0,
  uid: has.uid ?? 1,
  gid: has.gid ?? 1,
  flags: 0,
  root: 0,
  extra: {
    ...(kind === 'link' ? { link: has.link ?? 'target' } : {}),
    ...(kind === 'char' || kind === 'block' ? { rdevMajor: 1, rdevMinor: has.minor ?? 3 } : {}),
    ...(has.sum ? { sum: has.sum } : {}),
  },
});

const standing = (kind: Kind, has: Has = {}): DestinationView => {
  const { mode, size, mtime, nsec, uid, gid } = entry(kind, has);
  const device = kind === 'char' || kind === 'block';
  const stat: Stat = {
    mode,
    size,
    mtime,
    nsec,
    atime: 0,
    uid,
    gid,
    dev: 1,
    ino: 1,
    nlink: 1,
    rdevMajor: 0,
    rdevMinor: 0,
  };
  return {
    stat: device ? { ...stat, rdevMajor: 1, rdevMinor: has.minor ?? 3 } : stat,
    link: () => has.link ?? 'target',
    sum: () => has.sum ?? null,
  };
};

const ALL = { links: true, perms: true, times: true, owner: true, group: true, devices: true, specials: true };
const root: ReceiverAbilities = { isRoot: true, uidFor: ({ uid }) => uid, gidFor: ({ gid }) => gid };
const user: ReceiverAbilities = { isRoot: false, uidFor: () => null, gidFor: () => null };

/** `action flags`, `!` for making way; the options are those of `-a` and `more`. */
function told(
  from: FileEntry,
  to: DestinationView | null,
  more: Partial<TransferOptions> = {},
  abilities = root,
  again = false,
): string {
  const { action, iflags, makeWay } = decide(from, to, { ...DEFAULT_OPTIONS, ...ALL, ...more }, abilities, again);
  return `${action} ${iflags.toString(16)}${makeWay ? '!' : ''}`;
}

type Row = [what: string, kind: Kind, source: Has, to: DestinationView | null, expected: string, more?: object];

// Flags: reference §7.2, 7.3. 1 atime, 2 change, 4 size, 8 time, 10 perms, 20 owner, 40 group, 2000 new, 4000 local,
// 8000 transfer.
describe('the decision', () => {
  const rows: Row[] = [
    ['a new file', 'file', {}, null, 'transfer a000'],
    ['an equal file', 'file', {}, standing('file'), 'none 0'],
    ['another size', 'file', {}, standing('file', { size: 9 }), 'transfer 8004'],
    ['another time', 'file', {}, standing('file', { mtime: 99 }), 'transfer 8008'],
    ['another fraction of the second', 'file', { nsec: 5 }, standing('file'), 'none 0'],
    [
      'size, time, mode, owner, group',
      'file',
      {},
      standing('file', { size: 1, mtime: 1, perms: 0o600, uid: 2, gid: 2 }),
      'transfer 807c',
    ],
    ['only another mode', 'file', { perms: 0o600 }, standing('file'), 'attributes 10'],
    ['only another set-id bit', 'file', { perms: 0o4644 }, standing('file'), 'attributes 10'],
    ['only another owner and group', 'file', { uid: 2, gid: 3 }, standing('file'), 'attributes 60'],
    ['another mode without -p', 'file', { perms: 0o600 }, standing('file'), 'none 0', { perms: false }],
    [
      'another time without -t is sent and becomes "now"',
      'file',
      { mtime: 5 },
      standing('file'),
      'transfer 8008',
      { times: false },
    ],
    ['another size without -t', 'file', { size: 5 }, standing('file'), 'transfer 800c', { times: false }],
    ['what is missing, with --existing', 'file', {}, null, 'skip 0', { existing: true }],
    ['a missing folder, with --existing', 'dir', {}, null, 'skip 0', { existing: true }],
    ['what exists, with --ignore-existing', 'file', {}, standing('link'), 'skip 0', { ignoreExisting: true }],
    ['a folder that exists, all the same', 'dir', {}, standing('dir'), 'none 0', { ignoreExisting: true }],
    ['a folder over a file, with --ignore-existing', 'dir', {}, standing('file'), 'skip 0', { ignoreExisting: true }],
    ['more than --max-size', 'file', { size: 11 }, null, 'skip 0', { maxSize: 10 }],
    ['just --max-size', 'file', { size: 10 }, null, 'transfer a000', { maxSize: 10 }],
    ['less than --min-size', 'file', { size: 9 }, standing('file'), 'skip 0', { minSize: 10 }],
    ['times within the window', 'file', { mtime: 102 }, standing('file'), 'none 0', { modifyWindow: 2 }],
    ['times past the window', 'file', { mtime: 103 }, standing('file'), 'transfer 8008', { modifyWindow: 2 }],
    ['a fraction, exactly', 'file', { nsec: 5 }, standing('file'), 'transfer 8008', { modifyWindow: -1 }],
    [
      'as new as the destination, -u and a window',
      'file',
      { size: 9 },
      standing('file'),
      'skip 0',
      { update: true, modifyWindow: 1 },
    ],
    [
      'newer by as much as the window',
      'file',
      { mtime: 101 },
      standing('file', { size: 1 }),
      'transfer 8004',
      { update: true, modifyWindow: 1 },
    ],
    ['a folder of another time, with -O', 'dir', { mtime: 5 }, standing('dir'), 'none 0', { omitDirTimes: true }],
    [
      'a folder of another time, with backups beside files',
      'dir',
      { mtime: 5 },
      standing('dir'),
      'none 0',
      { backup: true },
    ],
    [
      '… with backups elsewhere',
      'dir',
      { mtime: 5 },
      standing('dir'),
      'attributes 8',
      { backup: true, backupDir: 'b' },
    ],
    ['a link of another time, with -J', 'link', { mtime: 5 }, standing('link'), 'none 0', { omitLinkTimes: true }],
    ['a folder in the way of a file', 'file', {}, standing('dir'), 'transfer a000!'],
    ['a link in the way of a file', 'file', {}, standing('link'), 'transfer a000!'],
    ['a fifo in the way of a file', 'file', {}, standing('fifo'), 'transfer a000!'],

    ['a new folder', 'dir', {}, null, 'create 6000'],
    ['an equal folder', 'dir', {}, standing('dir'), 'none 0'],
    ['a folder with another time and mode', 'dir', { perms: 0o700 }, standing('dir', { mtime: 3 }), 'attributes 18'],
    ['the size of a folder means nothing', 'dir', { size: 4096 }, standing('dir', { size: 80 }), 'none 0'],
    ['a folder without -t', 'dir', { mtime: 3 }, standing('dir'), 'none 0', { times: false }],
    ['a file in the way of a folder', 'dir', {}, standing('file'), 'create 6000!'],
    ['a link to a folder is no folder', 'dir', {}, standing('link'), 'create 6000!'],

    ['a new link', 'link', {}, null, 'create 6002'],
    ['an equal link', 'link', {}, standing('link'), 'none 0'],
    ['another target', 'link', { link: 'other' }, standing('link'), 'create 4002'],
    ['another target and time', 'link', { link: 'other' }, standing('link', { mtime: 1 }), 'create 400a'],
    ['only another time of a link', 'link', {}, standing('link', { mtime: 1 }), 'attributes 8'],
    ['the mode of a link means nothing', 'link', { perms: 0o755 }, standing('link'), 'none 0'],
    ['a file in the way of a link', 'link', {}, standing('file'), 'create 6002!'],
    ['a folder in the way of a link', 'link', {}, standing('dir'), 'create 6002!'],
    ['a link without -l', 'link', {}, null, 'skip 0', { links: false }],

    ['a new fifo', 'fifo', {}, null, 'create 6002'],
    ['an equal fifo', 'fifo', {}, standing('fifo'), 'none 0'],
    ['a socket where a fifo goes', 'fifo', {}, standing('sock'), 'create 4002'],
    ['a file in the way of a fifo', 'fifo', {}, standing('file'), 'create 6002!'],
    ['a fifo without --specials', 'fifo', {}, null, 'skip 0', { specials: false }],
    ['a new device', 'char', {}, null, 'create 6002'],
    ['an equal device', 'char', {}, standing('char'), 'none 0'],
    ['another device number', 'char', { minor: 9 }, standing('char'), 'create 4002'],
    ['a block device where a character device goes', 'char', {}, standing('block'), 'create 4002'],
    ['a device without --devices', 'block', {}, null, 'skip 0', { devices: false }],
  ];
  it.each(rows)('%s', (_what, kind, source, to, expected, more) => {
    expect(told(entry(kind, source), to, more)).toBe(expected);
  });

  it.each<Row>([
    ['-u: newer here', 'file', {}, standing('file', { mtime: 101, size: 3 }), 'skip 0', { update: true }],
    ['-u: as old', 'file', {}, standing('file', { size: 3 }), 'transfer 8004', { update: true }],
    ['-u: older here', 'file', {}, standing('file', { mtime: 99 }), 'transfer 8008', { update: true }],
    ['-u: new', 'file', {}, null, 'transfer a000', { update: true }],
    [
      '-u: a newer folder in the way does not count',
      'file',
      {},
      standing('dir', { mtime: 999 }),
      'transfer a000!',
      { update: true },
    ],
    [
      '-u says nothing of links',
      'link',
      { link: 'other' },
      standing('link', { mtime: 999 }),
      'create 400a',
      { update: true },
    ],
    [
      '-c: equal sums, another time',
      'file',
      { sum: 'A' },
      standing('file', { sum: 'A', mtime: 1 }),
      'attributes 8',
      { checksum: true },
    ],
    ['-c: equal all over', 'file', { sum: 'A' }, standing('file', { sum: 'A' }), 'none 0', { checksum: true }],
    [
      '-c: other sums, same size and time',
      'file',
      { sum: 'A' },
      standing('file', { sum: 'B' }),
      'transfer 8002',
      { checksum: true },
    ],
    ['-c: unreadable here', 'file', { sum: 'A' }, standing('file', { sum: null }), 'transfer 8002', { checksum: true }],
    ['-c: no sum for it', 'file', {}, standing('file', { sum: 'A' }), 'transfer 8002', { checksum: true }],
    ['-c: new', 'file', { sum: 'A' }, null, 'transfer a002', { checksum: true }],
    [
      '-c goes before --size-only',
      'file',
      { sum: 'A' },
      standing('file', { sum: 'B' }),
      'transfer 8002',
      { checksum: true, sizeOnly: true },
    ],
    ['--size-only: another time', 'file', {}, standing('file', { mtime: 1 }), 'attributes 8', { sizeOnly: true }],
    ['--size-only without -t', 'file', {}, standing('file', { mtime: 1 }), 'none 0', { sizeOnly: true, times: false }],
    ['--size-only: another size', 'file', {}, standing('file', { size: 1 }), 'transfer 8004', { sizeOnly: true }],
    ['--size-only goes before -I', 'file', {}, standing('file'), 'none 0', { sizeOnly: true, ignoreTimes: true }],
    ['-I: equal', 'file', {}, standing('file'), 'transfer 8000', { ignoreTimes: true }],
    [
      '-I and -u: newer here',
      'file',
      {},
      standing('file', { mtime: 101 }),
      'skip 0',
      { ignoreTimes: true, update: true },
    ],
  ])('%s', (_what, kind, source, to, expected, more) => {
    expect(told(entry(kind, source), to, more)).toBe(expected);
  });

  it('a second attempt ignores every rule that would skip', () => {
    const again = (to: DestinationView | null, more: Partial<TransferOptions>) =>
      told(entry('file', { sum: 'A' }), to, more, root, true);
    expect(again(standing('file'), {})).toBe('transfer 8000');
    expect(again(standing('file', { mtime: 999 }), { update: true })).toBe('transfer 8008');
    expect(again(standing('file', { sum: 'A' }), { checksum: true })).toBe('transfer 8000');
    expect(again(standing('file'), { sizeOnly: true })).toBe('transfer 8000');
    expect(again(null, {})).toBe('transfer a000');
  });

  it('looks at contents only where the answer depends on them', () => {
    const costly = (kind: Kind, has: Has = {}): DestinationView => ({
      ...standing(kind, has),
      sum: () => expect.unreachable('summed'),
      link: () => expect.unreachable('read'),
    });
    expect(told(entry('file', { sum: 'A' }), costly('file', { size: 1 }), { checksum: true })).toBe('transfer 8006');
    expect(told(entry('file'), costly('file'))).toBe('none 0');
    expect(told(entry('link'), costly('file'))).toBe('create 6002!');
    expect(told(entry('file'), costly('link'))).toBe('transfer a000!');
  });

  it('does not compare what it may not set', () => {
    expect(told(entry('file', { uid: 7, gid: 7 }), standing('file'), {}, user)).toBe('none 0');
    expect(told(entry('file', { perms: 0o600 }), standing('file'), {}, user)).toBe('attributes 10');
    expect(told(entry('char'), null, {}, user)).toBe('skip 0');
    expect(told(entry('fifo'), null, {}, user)).toBe('create 6002');
  });
});
