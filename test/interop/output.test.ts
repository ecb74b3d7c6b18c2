import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, beforeAll, describe, expect, it } from 'vitest';
import { RsyncPrinter } from '../../electron/cli/rsync/output.ts';
import { parseRsyncArgs } from '../../electron/cli/rsync/parse-args.ts';
import type { EngineEvent, ItemEvent, TransferStats } from '../../electron/engine/events.ts';
import { peers } from '../support/peers.ts';

const FILE = 0o100644;
const DIR = 0o040755;
const LINK = 0o120777;
const WEIRD = 'we\tird\n\x80\\#123 \xc3\xa9 \x1b[m';
const BIG = 1_234_567;
const TIME = 981_173_106;

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'driftline-output-'));
  writeFileSync(join(root, 'rsh'), '#!/bin/sh\nshift\nexec "$@"\n');
  chmodSync(join(root, 'rsh'), 0o755);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function makeTree(name: string): void {
  const base = join(root, name);
  rmSync(base, { recursive: true, force: true });
  mkdirSync(join(base, 'd/e'), { recursive: true });
  const weird = Buffer.from(`${base}/${WEIRD}`, 'latin1');
  writeFileSync(join(base, 'a'), 'hi\n');
  writeFileSync(join(base, 'big'), '');
  truncateSync(join(base, 'big'), BIG);
  writeFileSync(join(base, 'd/b'), 'x\n');
  writeFileSync(weird, 'x');
  symlinkSync('a', join(base, 'l'));
  lutimesSync(join(base, 'l'), TIME, TIME);
  for (const path of ['a', 'big', 'd/b', 'd/e', 'd', '.']) utimesSync(join(base, path), TIME, TIME);
  utimesSync(weird, TIME, TIME);
  utimesSync(base, TIME, TIME);
}

beforeEach(() => {
  makeTree('src');
  makeTree('dst');
});

function rsync(args: string[]): string {
  const result = spawnSync(peers().rsync, args, {
    cwd: root,
    encoding: 'latin1',
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  expect([args, result.stderr]).toEqual([args, '']);
  return result.stdout;
}

type Change = [name: string, mode: number, iflags: number, more?: Partial<ItemEvent>];

const item = ([name, mode, iflags, more]: Change): ItemEvent => ({
  ...{ type: 'item', name, mode, iflags, size: 0, mtime: TIME, link: null, linkedTo: null, direction: 'recv' },
  ...{ uid: 0, gid: 0, sum: null },
  ...more,
});

const none = { total: 0, regular: 0, dirs: 0, links: 0, devices: 0, specials: 0 };
const STATS: TransferStats = {
  ...{ files: { ...none, total: 8, regular: 4, dirs: 3, links: 1 }, created: none, deleted: none },
  ...{ transferred: 0, totalSize: BIG + 7, transferredSize: 0, literal: 0, matched: 0 },
  ...{ flistBytes: 0, flistBuildMs: 1, flistXferMs: 0, sent: 0, received: 0 },
};

/** Figures that depend on the connection, taken from what rsync printed. */
function figures(theirs: string): Partial<TransferStats> {
  const number = (pattern: RegExp): number => Number((pattern.exec(theirs)?.[1] ?? '0').replaceAll(',', ''));
  return {
    sent: number(/sent ([\d,]+) bytes/),
    received: number(/received ([\d,]+) bytes/),
    flistBytes: number(/list size: ([\d,]+)/),
    flistBuildMs: 1000 * number(/generation time: ([\d.]+)/),
    flistXferMs: 1000 * number(/transfer time: ([\d.]+)/),
  };
}

/** Whole seconds rsync says it took: the rate it prints is over half a second more. */
function seconds(theirs: string): number {
  const match = /sent ([\d,]+) bytes {2}received ([\d,]+) bytes {2}([\d,.]+) bytes/.exec(theirs);
  if (match === null) return 0;
  const [sent, received, rate] = match.slice(1).map((text) => Number(text.replaceAll(',', '')));
  return Math.round((sent! + received!) / rate! - 0.5);
}

function print(
  args: string[],
  direction: 'push' | 'pull' | 'local',
  events: EngineEvent[],
  stats: TransferStats | null,
  seconds = 0,
): string {
  const command = parseRsyncArgs(args, {});
  if (command.mode !== 'client') throw new Error(command.mode);
  let out = '';
  let now = 1_000_000;
  const printer = new RsyncPrinter(
    { options: command.options, direction, now: () => now },
    (bytes) => (out += bytes.toString('latin1')),
    (bytes) => (out += bytes.toString('latin1')),
  );
  printer.event({ type: 'phase', phase: 'listing' });
  for (const event of events) printer.event(event);
  now += seconds * 1000;
  printer.finish(stats, 0, 32);
  return out;
}

function compare(
  args: string[],
  events: EngineEvent[],
  stats: Partial<TransferStats> = {},
  direction: 'push' | 'pull' | 'local' = 'local',
): void {
  const theirs = rsync(args);
  expect(print(args, direction, events, { ...STATS, ...figures(theirs), ...stats }, seconds(theirs))).toBe(theirs);
}

/** The tree against an empty folder that exists. */
const everything = (direction: 'send' | 'recv' = 'recv'): EngineEvent[] =>
  (
    [
      ['.', DIR, 0x0008],
      ['a', FILE, 0xa000, { size: 3 }],
      ['big', FILE, 0xa000, { size: BIG }],
      ['l', LINK, 0x6002, { link: 'a' }],
      [WEIRD, FILE, 0xa000, { size: 1 }],
      ['d', DIR, 0x6000],
      ['d/b', FILE, 0xa000, { size: 2 }],
      ['d/e', DIR, 0x6000],
    ] as Change[]
  ).map((change) => item([change[0], change[1], change[2], { direction, ...change[3] }]));

const CREATED = {
  created: { ...none, total: 7, regular: 4, dirs: 2, links: 1 },
  ...{ transferred: 4, transferredSize: BIG + 6 },
};

describe('what a transfer prints', () => {
  const empty = (): void => {
    rmSync(join(root, 'dst'), { recursive: true });
    mkdirSync(join(root, 'dst'));
  };

  it.each(['-a', '-av', '-ai', '-avi', '-aq', '-avh', '-av --no-h', '-a --stats', '-avhh --stats'])(
    'a new copy, %s',
    (options) => {
      empty();
      const args = [...options.split(' '), '-n', 'src/', 'dst'];
      if (/hh/.test(options))
        return void expect(print(args, 'local', everything(), STATS)).toContain('Total file size: 1.18M bytes');
      compare(args, everything(), CREATED);
    },
  );
  it.each(['-av', '-ai'])('over a remote shell, %s', (options) => {
    empty();
    const rsh = ['-e', join(root, 'rsh')];
    compare([options, '-n', ...rsh, 'src/', `h:${root}/dst`], everything('send'), CREATED, 'push');
    compare([options, '-n', ...rsh, `h:${root}/src/`, 'dst'], everything(), CREATED, 'pull');
  });

  it.each(['-av', '-ai', '-aii', '-aivv', '-a --progress', '-av --no-i-r', '-rv', '-ri', '-v'])(
    'changes and deletions, %s',
    (options) => {
      chmodSync(join(root, 'dst/a'), 0o600);
      writeFileSync(join(root, 'dst/big'), 'old');
      mkdirSync(join(root, 'dst/extra/x'), { recursive: true });
      utimesSync(join(root, 'dst'), TIME, TIME);
      const words = options.split(' ');
      if (options === '-v') {
        compare([...words, '-n', 'src/a', 'src/d/b', 'dst'], [item(['b', FILE, 0xa000])], {
          ...{ totalSize: 5, files: none },
        });
        return;
      }
      const perms = words[0]!.includes('a');
      const unchanged = /vv|ii/.test(options);
      const events: EngineEvent[] = [
        { type: 'deleted', name: 'extra/x', isDir: true },
        { type: 'deleted', name: 'extra', isDir: true },
        ...(unchanged ? [item(['.', DIR, 0])] : []),
        perms ? item(['a', FILE, 0x0010]) : null,
        item(['big', FILE, 0x800c, { size: BIG }]),
        ...(unchanged && perms
          ? (
              [
                ['l', LINK, 0, { link: 'a' }],
                [WEIRD, FILE, 0],
                ['d', DIR, 0],
                ['d/b', FILE, 0],
                ['d/e', DIR, 0],
              ] as Change[]
            ).map(item)
          : []),
      ].filter((event) => event !== null) as EngineEvent[];
      if (!perms) {
        const skipped = { code: 'skipped-non-regular', name: 'l', message: '', ioError: 0 } as const;
        events.splice(2, 0, { type: 'issue', issue: skipped });
      }
      const theirs = rsync([...words, '-n', '--delete', 'src/', 'dst']);
      const stats = { ...STATS, ...figures(theirs), totalSize: BIG + 7 };
      const ours = print([...words, '-n', '--delete', 'src/', 'dst'], 'local', events, stats, seconds(theirs));
      // Notes on the delta search are not printed; where unchanged files come between is a race of rsync's two processes.
      const lines = (text: string): string[] => (unchanged ? text.split('\n').sort() : text.split('\n'));
      expect(lines(ours)).toEqual(lines(theirs.replace(/^(delta-transmission|total: matches).*\n/gm, '')));
    },
  );

  it("progress lines have rsync's layout", () => {
    empty();
    const args = ['-a', '--progress', 'src/', 'dst'];
    const shape = (text: string): string[] =>
      text.split('\n').map((line) =>
        line
          .slice(line.lastIndexOf('\r') + 1)
          .replace(/ *[\d.]+[kMG]B\/s/, ' RATE')
          .replace(/-chk=\d+\/\d+/, '-chk'),
      );
    const events: EngineEvent[] = [];
    for (const event of everything()) {
      events.push(event);
      if (event.type !== 'item') continue;
      const rest = {
        filesDone: 1,
        filesTotal: 8,
        bytesDone: 0,
        bytesTotal: 0,
        literal: 0,
        matched: 0,
        sent: 0,
        received: 0,
      };
      events.push({
        type: 'progress',
        name: event.name,
        nameBytes: Math.floor(event.size / 2),
        nameSize: event.size,
        listComplete: true,
        ...rest,
      });
      if ((event.iflags & 0x8000) === 0) continue;
      events.push({
        ...{ type: 'transferred', name: event.name, size: event.size, bytes: 0, sumBytes: 0, sum: '' },
        ...{ filesTotal: 8, filesLeft: 7, listComplete: true, totalSize: BIG + 6 },
      });
    }
    const ours = print(args, 'local', events, STATS);
    expect(shape(ours)).toEqual(shape(rsync(args)));
    expect(ours).toContain('\r         32,768   2%    0.00kB/s    0:00:00  \r      1,234,567 100%');
    expect(ours).toContain('(xfr#4, to-chk=7/8)\n');
  });

  it('counts files before a list that is not incremental', () => {
    empty();
    const listed: EngineEvent = {
      ...{
        type: 'progress',
        name: '',
        nameBytes: 0,
        nameSize: 0,
        filesDone: 0,
        filesTotal: 8,
        bytesDone: 0,
        bytesTotal: 0,
      },
      ...{ literal: 0, matched: 0, listComplete: true, sent: 0, received: 0 },
    };
    const args = ['-an', '--progress', '--no-i-r', 'src/', 'dst'];
    compare(args, [listed, ...everything()]);
  });
});

describe('listings', () => {
  const SIZES = [
    0, 9, 999, 1000, 1001, 1023, 1024, 1025, 999_999, 1_000_000, 1_048_575, 1_048_576, 2_147_483_648, 999_994_999, 5e12,
  ];

  it.each(['--no-h', '-r', '-h', '-hh', '-v'])('sizes as %s prints them', (option) => {
    const entries: EngineEvent[] = [];
    mkdirSync(join(root, 'src/sizes'));
    for (const size of [...SIZES].sort((a, b) => a - b)) {
      const name = String(size).padStart(14, '0');
      writeFileSync(join(root, 'src/sizes', name), '');
      truncateSync(join(root, 'src/sizes', name), size);
      utimesSync(join(root, 'src/sizes', name), TIME, TIME);
      entries.push({
        type: 'listed',
        entry: {
          name,
          mode: FILE,
          size,
          mtime: TIME,
          nsec: 0,
          atime: 0,
          crtime: 0,
          uid: 0,
          gid: 0,
          rdevMajor: 0,
          rdevMinor: 0,
          link: null,
          sum: null,
        },
      });
    }
    const args = [option, '-rt', '--list-only', '--exclude=/.', 'src/sizes/'];
    const theirs = rsync(args)
      .split('\n')
      .filter((line) => !/ \.$/.test(line));
    const stats = { ...STATS, ...figures(theirs.join('\n')), totalSize: SIZES.reduce((sum, size) => sum + size) };
    const ours = print(args, 'local', entries, stats, seconds(theirs.join('\n'))).split('\n');
    rmSync(join(root, 'src/sizes'), { recursive: true });
    expect(ours).toEqual(theirs);
  });

  it('permissions, links and special bits', () => {
    const modes = [0o100644, 0o104755, 0o104644, 0o102644, 0o102711, 0o041777, 0o041776, 0o100000];
    mkdirSync(join(root, 'src/modes'));
    const entries: EngineEvent[] = [];
    const facts = {
      size: 0,
      mtime: TIME,
      nsec: 0,
      atime: 0,
      crtime: 0,
      uid: 0,
      gid: 0,
      rdevMajor: 0,
      rdevMinor: 0,
      sum: null,
    };
    for (const [i, mode] of modes.entries()) {
      const path = join(root, 'src/modes', `m${i}`);
      const dir = mode >> 12 === 4;
      if (dir) mkdirSync(path);
      else writeFileSync(path, '');
      chmodSync(path, mode & 0o7777);
      utimesSync(path, TIME, TIME);
      if (!dir) entries.push({ type: 'listed', entry: { name: `m${i}`, mode, link: null, ...facts } });
    }
    symlinkSync('x y', join(root, 'src/modes/n'));
    lutimesSync(join(root, 'src/modes/n'), TIME, TIME);
    entries.push({ type: 'listed', entry: { name: 'n', mode: LINK, link: 'x y', ...facts, size: 3 } });
    for (const i of [5, 6]) {
      entries.push({ type: 'listed', entry: { name: `m${i}`, mode: modes[i]!, link: null, ...facts, size: 4096 } });
    }
    const args = ['-a', '--list-only', 'src/modes/'];
    const clean = (text: string): string[] =>
      text
        .split('\n')
        .filter((line) => !/ \.$/.test(line))
        .map((line) => line.replace(/^(d.{9}) +[\d,]+/, '$1'))
        .sort();
    expect(clean(print(args, 'local', entries, null))).toEqual(clean(rsync(args)));
  });
});

describe('text from elsewhere', () => {
  it('cannot steer the terminal', () => {
    const events: EngineEvent[] = [
      {
        type: 'message',
        level: 'info',
        from: 'remote',
        text: 'created directory x\n\x1b[2J\xc2\x9b1m \xe2\x80\xae\xff\n',
      },
      { type: 'message', level: 'error', from: 'remote', text: 'bad' },
      { type: 'issue', issue: { code: 'read-failed', name: 'x', message: 'cannot read é', ioError: 1 } },
    ];
    expect(print(['-a', 'x', 'y'], 'push', events, null)).toBe(
      'created directory x\\#012\\#033[2J\\#302\\#2331m \\#342\\#200\\#256\\#377\nbad\ndriftline: cannot read \xc3\xa9\n',
    );
    expect(print(['-aq', 'x', 'y'], 'push', events, null)).toBe('bad\ndriftline: cannot read \xc3\xa9\n');
  });

  it('is escaped whole where the terminal reads no UTF-8', () => {
    let out = '';
    const command = parseRsyncArgs(['-v', 'x', 'y'], {});
    if (command.mode !== 'client') throw new Error(command.mode);
    const settings = { options: command.options, direction: 'local' as const, utf8: false };
    new RsyncPrinter(
      settings,
      (bytes) => (out += bytes.toString('latin1')),
      () => undefined,
    ).event(item([WEIRD, FILE, 0xa000]));
    expect(out).toBe('we\tird\\#012\\#200\\#134#123 \\#303\\#251 \\#033[m\n');
  });
});
