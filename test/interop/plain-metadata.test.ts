import { device, dir, fifo, file, link, type Tree } from '../support/trees.ts';
import { compareScenarios } from './compare.ts';
import type { Scenario } from './scenarios.ts';

const hasRoot = process.getuid?.() === 0;
const NEWER = 1_300_000_000;

const modes: Tree = {
  plain: file('p', { mode: 0o640 }),
  script: file('s', { mode: 0o755 }),
  setuid: file('u', { mode: 0o6755 }),
  closed: file('c', { mode: 0o400 }),
  link: link('plain'),
  pipe: fifo({ mode: 0o600 }),
  dir: dir({ inner: file('i', { mode: 0o666 }) }, { mode: 0o2770 }),
  sticky: dir({}, { mode: 0o1777 }),
};
/** The same things, with other modes, times and contents. */
const others: Tree = {
  plain: file('p', { mode: 0o755 }),
  script: file('S', { mode: 0o644, mtime: NEWER }),
  setuid: file('u', { mode: 0o600, mtime: NEWER }),
  closed: link('plain'),
  link: link('plain', { mtime: NEWER }),
  dir: dir({ inner: file('i', { mode: 0o600 }) }, { mode: 0o700, mtime: NEWER }),
};

const permissions: Scenario[] = [
  { name: 'without -p, to nothing', args: ['-rlti'], source: modes },
  { name: 'without -p, over something', args: ['-rlti'], source: modes, destination: others },
  {
    name: 'without -p, over another kind',
    args: ['-ai', '--no-p', '--delete'],
    source: { pipe: fifo(), 'pipe too': fifo(), file: file('f'), link: link('file') },
    destination: {
      ...{ pipe: file('p', { mode: 0o600 }), 'pipe too': dir({}, { mode: 0o700 }) },
      ...{ file: fifo({ mode: 0o600 }), link: file('l', { mode: 0o600 }) },
    },
  },
  {
    name: 'without -p, below a set-group folder',
    args: ['-ri'],
    source: modes,
    destination: { dir: dir({}, { mode: 0o755 }) },
    prepare: 'chmod 2750 dst',
    times: false,
  },
  { name: '-E', alsoOld: true, args: ['-rltiE'], source: modes, destination: others },
  { name: '-E to nothing, and with -p', args: ['-rltipE'], source: modes, destination: others },
  { name: '-E without times', args: ['-rcE', '-ii'], source: modes, destination: others, times: false },
  ...[
    ['--chmod=D755,F644'],
    ['--chmod=Dg+s,ug+w,Fo-w,+X'],
    ['--chmod=a-x', '--chmod=u+x,D+x'],
    ['--chmod=u=rwX,g=u,o='],
  ].map((chmod) => ({ name: chmod.join(' '), args: ['-ai', ...chmod], source: modes, destination: others })),
  { name: '--chmod without -p', args: ['-rlti', '--chmod=go=,D+x'], source: modes, destination: others },
  { name: '--chmod without -p, to nothing', args: ['-rlti', '--chmod=D700'], source: modes },
  { name: '--chmod with -E', args: ['-rltiE', '--chmod=+x'], source: modes, destination: others },
  {
    name: '--chmod, -H and checksums',
    args: ['-aiHc', '--chmod=g=u,F-x'],
    source: modes,
    prepare: 'ln -f "$SRC/plain" "$SRC/dir/plain"',
    changesSource: true,
  },
];

const times: Scenario[] = [
  { name: '-O', args: ['-aiO'], source: modes, destination: others },
  { name: '-J', args: ['-aiJ'], source: modes, destination: others },
  { name: '-OJ without -t', args: ['-rliOJ'], source: modes, destination: others, times: false },
  {
    name: 'a fraction that protocol 30 cannot send, after equal sums, which links have not',
    args: ['-aic', '--protocol=30'],
    source: { f: file('f'), link: link('f', { uid: 1234 }) },
    destination: { f: file('f', { nsec: 375_000_000 }), link: link('f', { nsec: 875_000_000 }) },
  },
  {
    name: 'the fraction of a folder that takes another mode',
    args: ['-ai'],
    source: { closed: dir({}, { mode: 0o555, nsec: 625_000_000 }) },
    destination: { closed: dir({}) },
  },
  {
    name: '-O with deletion',
    args: ['-aiO', '--delete'],
    source: modes,
    destination: { ...others, dir: dir({ x: file('x') }) },
  },
  ...[
    ['-aiU'],
    ['-aiUU'],
    ['-riU'],
    ['-aiU', '--protocol=30'],
    ['-aiUH', '--no-inc-recursive'],
    ['-aiUc', '--open-noatime'],
  ].map((args) => ({
    name: `access times: ${args.join(' ')}`,
    args,
    source: modes,
    destination: others,
    atimes: true,
    times: !args.includes('-riU'),
    prepare:
      'ln -f "$SRC/plain" "$SRC/dir/linked"; cd "$SRC"; touch -a -d @1000000000 plain script dir/inner; touch -a -d @-5.5 closed; ' +
      'touch -a -d @1200000000 setuid pipe; cd - >/dev/null; touch -a -d @1000000000 dst/plain; touch -a -d @77 dst/setuid',
    changesSource: true,
  })),
  {
    name: 'only the access time differs',
    alsoOld: true,
    args: ['-aiU'],
    source: { a: file('a'), b: file('b'), p: fifo() },
    destination: { a: file('a'), b: file('b'), p: fifo() },
    atimes: true,
    prepare: 'touch -a -d @1000000000 "$SRC/a" "$SRC/p"; touch -a -d @1000000000 "$SRC/b" dst/b',
    changesSource: true,
  },
  {
    name: 'the source keeps its access times',
    args: ['-ai', '--open-noatime'],
    source: { a: file('a'), b: file('b') },
    atimes: true,
    prepare: 'touch -a -d @1000000000 "$SRC/a" "$SRC/b"',
    changesSource: true,
  },
];

const owned: Tree = {
  root: file('r', { uid: 0, gid: 0 }),
  daemon: file('d', { uid: 1, gid: 1 }),
  bin: file('b', { uid: 2, gid: 2 }),
  unnamed: file('n', { uid: 54_321, gid: 54_322 }),
  link: link('x', { uid: 54_321, gid: 1 }),
  sub: dir({ suid: file('s', { uid: 1, gid: 2, mode: 0o4755 }) }, { uid: 2, gid: 54_322 }),
  tty: device('char', 4, 64, { uid: 1 }),
};

const owners: Scenario[] = hasRoot
  ? [
      ...[
        ['--usermap=daemon:bin,bin:daemon', '--groupmap=1:games'],
        ['--usermap=0-1:4242,*:5', '--groupmap=:7,d*:8'],
        ['--usermap=54321:daemon,*:6', '--groupmap=54000-55000:bin', '--no-inc-recursive'],
        ['--chown=daemon:bin'],
        ['--chown=:4711', '--numeric-ids'],
        ['--usermap=:9,*:10', '--numeric-ids'],
      ].map((map) => ({ name: map.join(' '), args: ['-ai', ...map], source: owned, destination: { root: file('r') } })),
      {
        name: 'a new owner clears set-id bits',
        args: ['-ai'],
        source: { f: file('f', { mode: 0o755 }), pipe: fifo({ mode: 0o644 }), 'pipe too': fifo({ mode: 0o755 }) },
        destination: {
          f: file('f', { mode: 0o4755, uid: 1 }),
          pipe: fifo({ mode: 0o4755, uid: 1 }),
          'pipe too': fifo({ mode: 0o4755, gid: 1 }),
        },
      },
      { name: '--chown alone', args: ['-rlti', '--chown=1:2'], source: owned },
      { name: '--no-super', args: ['-ai', '--no-super'], source: owned, destination: { daemon: file('d') } },
      { name: '--super', args: ['-ai', '--super'], source: owned },
      { name: 'no owner', args: ['-ai', '--no-owner'], source: owned },
      { name: 'no group', args: ['-ai', '--no-g'], source: owned, destination: { daemon: file('d', { gid: 2 }) } },
    ]
  : [];

compareScenarios([...permissions, ...times, ...owners]);
