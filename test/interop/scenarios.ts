import { device, dir, edited, fifo, file, link, randomBytes, THEN, type Tree } from '../support/trees.ts';

export type RouteName = 'push' | 'pull' | 'local' | 'push from rsync' | 'pull by rsync';

/** One command line, judged by what stock rsync makes of the same start. */
export interface Scenario {
  name: string;
  /** `PLACE` in a word stands for the folder above `dst`. */
  args: string[];
  source: Tree;
  /** What the destination holds before; absent = it does not exist. */
  destination?: Tree;
  /** Relative to the folder above `src`; default `['src/']`. */
  sources?: string[];
  /** Relative to the destination's parent; default `dst`. */
  target?: string;
  /** Whether `rsync -anic --delete src/ dst/` must find nothing to do. */
  mirrors?: boolean;
  /** Whether rsync 3.2.7 is talked to as well. */
  alsoOld?: boolean;
  /** Takes long to set up, so only the main routes are gone. */
  large?: boolean;
  /** Whether access times are compared too. */
  atimes?: boolean;
  /** Whether times are part of what is compared; default true. */
  times?: boolean;
  /** Whether the blocks that files take up are. */
  blocks?: boolean;
  /** Whether extended attributes and ACLs are. */
  attributes?: boolean;
  /** The routes to go, by their names in compare.ts; default all that fit. */
  routes?: readonly RouteName[];
  /**
   * Commands for bash, run before each run in the folder above `dst`, with the source's path in $SRC: what trees as
   * data cannot say (hard links, xattrs, ACLs).
   */
  prepare?: string;
  /** More that stands beside `dst` before each run: alternate basis folders, backups. */
  around?: Tree;
  /** Whether the run changes the source: it is then made anew for each, and compared afterwards. */
  changesSource?: boolean;
  /** Whether the order of the lines counts. */
  ordered?: boolean;
}

const NOW = THEN + 1_000_000;
const big = randomBytes(1_500_000, 1);

export const everything: Tree = {
  'a.txt': file('hello\n', { mode: 0o600 }),
  empty: file(''),
  big: file(big, { mode: 0o755, nsec: 123_456_789 }),
  setuid: file('x', { mode: 0o4755 }),
  readonly: file('r', { mode: 0o444, mtime: 1 }),
  late: file('2100', { mtime: 4_102_444_800 }),
  early: file('1966', { mtime: -123_456_789 }),
  link: link('a.txt'),
  dangling: link('/no/where'),
  'link-exact': link('sub', { nsec: 987_654_321 }),
  sub: dir(
    { deep: dir({ er: dir({ file: file({ size: 70_000, seed: 2 }) }) }), 'empty dir': dir({}, { mode: 0o700 }) },
    { mode: 0o750, nsec: 1 },
  ),
  sticky: dir({}, { mode: 0o1777 }),
};

export const oddNames: Tree = {
  ' leading and trailing ': file('1'),
  'new\nline': file('2'),
  'tab\tand\x1bescape': file('3'),
  'invalid\xff\xfe': file('4'),
  'caf\xc3\xa9': dir({ '\xe2\x98\x83': file('5'), 'latin\xe9': file('6') }),
  '-rf': file('7'),
  '*': file('8'),
  '[a]?': file('9'),
  'back\\slash': file('10'),
  '\\#033': file('11'),
  'quote\'"`$(x)': file('12'),
  '~tilde': file('13'),
  'a:b': file('14'),
  '.hidden': file('15'),
  '...': file('16'),
  ['n'.repeat(255)]: file('17'),
  '\x01': file('18'),
};

export const outdated: Tree = {
  same: file('same'),
  longer: file('old'),
  newer: file('what is here', { mtime: NOW }),
  touched: file('equal', { mtime: NOW }),
  modes: file('m', { mode: 0o600 }),
  gone: file('gone'),
  'gone dir': dir({ a: file('a'), b: dir({ c: file('c') }) }),
  link: link('old'),
  'was file': file('f'),
  'was dir': dir({}),
  'was link': link('same'),
  kept: dir({ 'extra.o': file('o'), extra: file('e') }),
};
export const current: Tree = {
  same: file('same'),
  longer: file('new and longer'),
  newer: file('what is there'),
  touched: file('equal'),
  modes: file('m', { mode: 0o644 }),
  link: link('new'),
  'was file': dir({ x: file('x') }),
  'was dir': file('d'),
  'was link': file('l'),
  kept: dir({ fresh: file('fresh') }),
  fresh: dir({ sub: dir({ file: file('1') }) }),
};

const many = (folders: number, files: number): Tree => {
  const tree: Tree = {};
  for (let i = 0; i < folders; i++) {
    const children: Tree = {};
    for (let k = 0; k < files; k++) children[`file-${i}-${k}`] = file(`${i} ${k}`);
    tree[`folder-${i % 20}`] ??= dir({});
    const parent = tree[`folder-${i % 20}`]!;
    if (parent.kind === 'dir') parent.children[`part-${i}`] = dir(children);
  }
  return tree;
};

const hasRoot = process.getuid?.() === 0;

export const SCENARIOS: Scenario[] = [
  { name: 'a tree to nowhere', alsoOld: true, args: ['-ai'], source: everything, mirrors: true },
  { name: 'the same tree again', args: ['-ai'], source: everything, destination: everything, mirrors: true },
  {
    name: 'unchanged items named with -ii',
    args: ['-aii'],
    source: everything,
    destination: everything,
    mirrors: true,
  },
  { name: 'without incremental recursion', args: ['-ai', '--no-inc-recursive'], source: everything, mirrors: true },
  { name: 'protocol 31', args: ['-ai', '--protocol=31'], source: everything, mirrors: true },
  { name: 'protocol 30', args: ['-ai', '--protocol=30'], source: everything, mirrors: true },
  {
    name: 'protocol 30 without incremental recursion, with a delta',
    alsoOld: true,
    args: ['-ai', '--protocol=30', '--no-inc-recursive', '--no-whole-file'],
    source: { ...everything, big: file(edited(big, 5, 3000, 50), { mtime: NOW }) },
    destination: everything,
    mirrors: true,
  },
  { name: 'odd names', alsoOld: true, args: ['-ai'], source: oddNames, mirrors: true },
  {
    name: 'odd names, deleted',
    args: ['-ai', '--delete'],
    source: { '-': file('') },
    destination: oddNames,
    mirrors: true,
  },
  {
    name: 'a delta',
    alsoOld: true,
    args: ['-ai', '--no-whole-file'],
    source: { big: file(edited(big, 20, 2_600, 100)) },
    destination: { big: file(big, { mtime: NOW }) },
    mirrors: true,
  },
  {
    name: 'a delta with blocks of 1 KiB and md5',
    args: ['-ai', '--no-whole-file', '--block-size=1024', '--checksum-choice=md5'],
    source: { big: file(edited(big, 20, 2_600, 100)) },
    destination: { big: file(big, { mtime: NOW }) },
    mirrors: true,
  },
  {
    name: 'whole files',
    args: ['-aiW'],
    source: { big: file(edited(big, 20, 2_600, 100)) },
    destination: { big: file(big, { mtime: NOW }) },
    mirrors: true,
  },
  { name: 'an update without deletion', args: ['-ai'], source: current, destination: outdated },
  ...['--delete', '--delete-before', '--delete-during', '--delete-delay', '--delete-after'].map((option) => ({
    ...{ name: `an update with ${option}`, args: ['-ai', option] },
    ...{ source: current, destination: outdated, mirrors: true },
  })),
  {
    name: 'a dry run with deletion',
    alsoOld: true,
    args: ['-ain', '--delete'],
    source: current,
    destination: outdated,
  },
  { name: 'a dry run to nowhere', args: ['-ain'], source: everything },
  { name: 'only what is newer', args: ['-aiu'], source: current, destination: outdated },
  {
    name: 'by checksum',
    alsoOld: true,
    args: ['-aic', '--delete'],
    source: current,
    destination: outdated,
    mirrors: true,
  },
  { name: 'by checksum, protocol 30', args: ['-aic', '--protocol=30'], source: current, destination: outdated },
  { name: 'by size alone', args: ['-ai', '--size-only'], source: current, destination: outdated },
  { name: 'ignoring times', args: ['-aiI'], source: current, destination: outdated },
  { name: 'numeric ids', args: ['-ai', '--numeric-ids'], source: everything, mirrors: true },
  {
    name: 'excludes and includes',
    args: ['-ai', '--exclude=*.o', '--include=/keep/**', '--exclude=/top', '--exclude=cache/', '--exclude=**/x?[0-9]'],
    source: {
      'a.o': file('1'),
      'a.c': file('2'),
      top: file('3'),
      sub: dir({ top: file('4'), cache: dir({ c: file('5') }), 'b.o': file('6'), xa1: file('7'), xab: file('8') }),
      keep: dir({ 'c.o': file('9'), k: file('10') }),
      cache: file('11'),
    },
  },
  {
    name: 'deletion with excludes, which protect',
    args: ['-ai', '--delete', '--exclude=*.o', '--exclude=/mine'],
    source: current,
    destination: { ...outdated, mine: dir({ a: file('a') }), 'x.o': file('x') },
  },
  { name: 'recursion alone', args: ['-ri'], source: current, times: false },
  { name: 'links without times', args: ['-rlpi'], source: current, destination: outdated, times: false },
  { name: 'no recursion', args: ['-i', '--exclude=sub'], source: everything, times: false },
  { name: 'folders without recursion', args: ['-dlti'], source: everything },
  { name: 'times without permissions', args: ['-rlti'], source: everything },
  { name: 'permissions without times', args: ['-rlpi'], source: everything, times: false },
  { name: 'a folder by its name', args: ['-ai'], source: everything, sources: ['src'] },
  { name: 'two folders', args: ['-ai'], source: everything, sources: ['src/sub', 'src/sticky'], destination: {} },
  { name: 'two folders that share names', args: ['-ai'], source: everything, sources: ['src/sub/', 'src/'] },
  { name: 'one file to a folder', args: ['-ai'], source: everything, sources: ['src/a.txt'], destination: {} },
  { name: 'one file to a new name', args: ['-ai'], source: everything, sources: ['src/a.txt'], target: 'renamed' },
  {
    name: 'one file onto a file',
    args: ['-ai'],
    source: everything,
    sources: ['src/a.txt'],
    destination: { f: file('old one') },
    target: 'dst/f',
  },
  { name: 'an empty folder', args: ['-ai', '--delete'], source: {}, destination: outdated, mirrors: true },
  {
    name: 'a source that is not there',
    args: ['-ai'],
    source: everything,
    sources: ['src/none', 'src/a.txt'],
    destination: {},
  },
  { name: 'no links, no devices asked for', args: ['-rti'], source: { ...current, pipe: fifo() } },
  {
    name: 'pipes and specials',
    args: ['-ai'],
    source: { pipe: fifo({ mode: 0o640 }), sub: dir({ p: fifo() }) },
    destination: { pipe: file('in the way') },
    mirrors: true,
  },
  ...(hasRoot
    ? [
        {
          name: 'devices and owners',
          alsoOld: true,
          args: ['-ai'],
          source: {
            tty: device('char', 4, 64, { mode: 0o620 }),
            disk: device('block', 8, 1),
            huge: device('char', 511, 1_000_000),
            mine: file('m', { uid: 12_345, gid: 54_321 }),
            daemons: dir({ l: link('x', { uid: 1, gid: 1 }) }, { uid: 1, gid: 1 }),
          },
          destination: { tty: device('char', 4, 65), mine: file('m') },
          mirrors: true,
        },
      ]
    : []),
  {
    name: 'more than 10,000 entries in more than 200 folders',
    args: ['-ai'],
    source: many(240, 42),
    mirrors: true,
    large: true,
  },
  {
    name: 'more than 10,000 entries, some of them changed and gone',
    args: ['-ai', '--delete'],
    source: { ...many(230, 44), 'folder-3': dir({ other: file('x') }) },
    destination: many(240, 42),
    mirrors: true,
    large: true,
  },
];
