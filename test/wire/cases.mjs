/**
 * What capture.mjs captures: fixed trees and the command lines that move them. A tree is a list of entries; names and
 * link targets are byte strings (one character per byte). `order` is the file list the receiving side must end up with,
 * in sorted order, written by hand.
 *
 * @typedef {{ name: string, text?: string, size?: number, link?: string, same?: string, dir?: boolean, fifo?: boolean, socket?: boolean,
 *   device?: [kind: 'b' | 'c', major: number, minor: number], mode?: number, time?: string, owner?: [uid: number, gid: number] }} Node
 * @typedef {{ links: boolean, devices: boolean, specials: boolean, owner: boolean, group: boolean, numericIds: boolean, sumLength: number, hardLinks?: boolean }} Layout
 * @typedef {{ name: string, about: string, push: boolean, protocol: number, args: string[], sources?: string[], trees: Record<string, Node[]>,
 *   order: string[], from?: Record<string, string>, layout: Layout, sumName: string, rules?: boolean, dryRun?: boolean, dropLetters?: string,
 *   uid?: number, exit?: number }} Case
 */

const TIME = '1704164645';

/** @type {Layout} */
const PLAIN = {
  links: false,
  devices: false,
  specials: false,
  owner: false,
  group: false,
  numericIds: false,
  sumLength: 0,
};
/** @type {Layout} */
const ARCHIVE = { ...PLAIN, links: true, devices: true, specials: true, owner: true, group: true };

/** Every kind of entry, odd names, ids with and without names, times before 1970 and with nanoseconds. @type {Node[]} */
const KINDS = [
  { name: 'a.txt', text: 'hello\n', time: '1704164645.678901234' },
  { name: '-rf', text: '', mode: 0o600 },
  { name: 'odd\xff\nname', text: '1', owner: [1, 1] },
  { name: 'old', text: '22', time: '-86400', owner: [2, 2] },
  { name: 'setuid', text: '333', mode: 0o4755, owner: [12345, 54321] },
  { name: 'link', link: 'a.txt' },
  { name: 'loose', link: 'nowhere\xe9', owner: [1, 2] },
  { name: 'fifo', fifo: true },
  { name: 'socket', socket: true },
  { name: 'null', device: ['c', 1, 3] },
  { name: 'random', device: ['c', 1, 8] },
  { name: 'loop', device: ['b', 7, 300] },
  { name: 'a.d', dir: true },
  { name: 'a.d/k', text: 'k' },
  { name: 'a', dir: true, mode: 0o700, owner: [65534, 65534] },
  { name: 'a/x', text: 'x', owner: [65534, 65534] },
  { name: 'a/sub', dir: true },
  { name: 'a/sub/q', text: 'q', owner: [12345, 1] },
  { name: 'a0', dir: true },
];
const KINDS_ORDER = [
  ...[
    '.',
    '-rf',
    'a.txt',
    'fifo',
    'link',
    'loop',
    'loose',
    'null',
    'odd\xff\nname',
    'old',
    'random',
    'setuid',
    'socket',
  ],
  ...['a.d', 'a.d/k', 'a', 'a/x', 'a/sub', 'a/sub/q', 'a0'],
];

/** Both forms of a name's prefix length and of the rest's. @type {Node[]} */
const LONG = [
  { name: 'z', text: '' },
  { name: 'd'.repeat(200), dir: true },
  { name: `${'d'.repeat(200)}/${'e'.repeat(120)}`, dir: true },
  { name: `${'d'.repeat(200)}/${'e'.repeat(120)}/one`, text: '1' },
  { name: `${'d'.repeat(200)}/${'e'.repeat(120)}/two`, text: '2' },
];

const numbers = (/** @type {number} */ from, /** @type {number} */ to) =>
  Array.from({ length: to - from }, (_, i) => `line ${from + i}\n`).join('');

/** @type {Record<string, Node[]>} */
const DELTA = {
  src: [
    { name: 'f', text: `${numbers(0, 100)}INSERT${numbers(100, 250)}tail!` },
    { name: 'same', text: 's' },
  ],
  dst: [
    { name: 'f', text: numbers(0, 250), time: '1600000000' },
    { name: 'same', text: 's' },
  ],
};

/** @type {Record<string, Node[]>} */
const CLEAN = {
  src: [
    { name: 'keep', text: 'k' },
    { name: 'x.o', text: 'o' },
    { name: 'd', dir: true },
    { name: 'd/in', text: 'i' },
  ],
  dst: [
    ...[
      { name: 'gone', text: 'g' },
      { name: 'keepme', text: 'p' },
      { name: 'old', dir: true },
      { name: 'old/z', text: 'z' },
    ],
    ...[
      { name: 'y.o', text: 'y' },
      { name: 'd', dir: true },
      { name: 'd/out', text: 'o' },
    ],
  ],
};

/** Two sources whose names meet in every way. @type {Record<string, Node[]>} */
const MEETING = {
  one: [
    ...[
      { name: 'file', text: 'first' },
      { name: 'd', dir: true },
      { name: 'd/1', text: '1' },
    ],
    ...[
      { name: 'mixed', text: 'a file' },
      { name: 'turned', dir: true },
      { name: 'turned/t', text: 't' },
    ],
  ],
  two: [
    ...[
      { name: 'file', text: 'second' },
      { name: 'd', dir: true, mode: 0o700 },
      { name: 'd/2', text: '2' },
    ],
    ...[
      { name: 'mixed', dir: true },
      { name: 'mixed/m', text: 'm' },
      { name: 'turned', text: 'a file' },
    ],
  ],
};

const MEETING_FROM = {
  ...{ '.': 'one', file: 'one/file', d: 'one/d', 'd/1': 'one/d/1', 'd/2': 'two/d/2' },
  ...{ mixed: 'two/mixed', 'mixed/m': 'two/mixed/m', turned: 'one/turned', 'turned/t': 'one/turned/t' },
};

/** @type {Record<string, Node[]>} */
const SHUT = {
  src: [
    { name: 'f', text: 'f' },
    { name: 'shut', dir: true, mode: 0 },
  ],
};

/** Files with several names, here and elsewhere. @type {Node[]} */
const LINKED = [
  { name: 'a', text: 'one' },
  { name: 'b', same: 'a' },
  { name: 'c', text: 'alone' },
  { name: 'd', dir: true },
  { name: 'd/e', same: 'a' },
  { name: 'd/f', text: 'two' },
  { name: 'g', same: 'd/f' },
  { name: 'link', link: 'a' },
];

/** @type {Case[]} */
export const CASES = [];

for (const protocol of [27, 28, 29]) {
  const inOrder = (/** @type {string[]} */ names) => (protocol < 29 ? [...names].sort() : names);
  /** @type {Omit<Case, 'name' | 'about' | 'push' | 'trees' | 'args' | 'order'>} */
  const common = { protocol, layout: PLAIN, sumName: 'md4' };
  for (const push of [true, false]) {
    const way = push ? 'push' : 'pull';
    const delta = inOrder(['.', 'f', 'same']);
    CASES.push(
      {
        ...{ ...common, name: `kinds-${protocol}-${way}`, about: 'rsync -a of every kind of entry', push },
        ...{ args: ['-a'], trees: { src: KINDS }, order: inOrder(KINDS_ORDER), layout: ARCHIVE },
      },
      {
        ...{ ...common, name: `delta-${protocol}-${way}`, about: 'a file with an insertion and a new end', push },
        ...{ args: ['-rt', '--no-whole-file'], trees: DELTA, order: delta },
      },
      {
        ...{ ...common, name: `nothing-${protocol}-${way}`, about: 'an empty list', push, args: ['-rt'] },
        ...{ sources: ['src/nowhere'], trees: { src: [] }, order: [], exit: 23 },
      },
      {
        ...{ ...common, name: `delete-${protocol}-${way}`, about: '--delete with an exclude', push },
        ...{ args: ['-rtp', '--delete', '--exclude=*.o'], trees: CLEAN, rules: true },
        order: inOrder(['.', 'keep', 'd', 'd/in']),
      },
      {
        ...{ ...common, name: `links-${protocol}-${way}`, about: 'rsync -aH', push, args: ['-aH'] },
        ...{ trees: { src: LINKED }, layout: { ...ARCHIVE, hardLinks: true } },
        order: inOrder(['.', 'a', 'b', 'c', 'g', 'link', 'd', 'd/e', 'd/f']),
      },
    );
  }
  CASES.push(
    {
      ...{ ...common, name: `list-sums-${protocol}`, about: '--checksum', push: true, args: ['-rtc'] },
      ...{ trees: DELTA, order: inOrder(['.', 'f', 'same']), layout: { ...PLAIN, sumLength: 16 } },
    },
    {
      ...{ ...common, name: `long-names-${protocol}`, about: 'names beyond 255 bytes', push: true, args: ['-rt'] },
      ...{ trees: { src: LONG }, order: inOrder(['.', 'z', ...LONG.slice(1).map((node) => node.name)]) },
    },
    {
      ...{ ...common, name: `meeting-names-${protocol}`, about: 'two sources with names in common', push: true },
      ...{ args: ['-rt'], sources: ['one/', 'two/'], trees: MEETING, from: MEETING_FROM },
      order: inOrder(['.', 'file', 'd', 'd/1', 'd/2', 'mixed', 'mixed/m', 'turned', 'turned/t']),
    },
    {
      ...{ ...common, name: `unreadable-${protocol}`, about: 'the error bits behind the list, exit 23', push: true },
      ...{ args: ['-rt'], trees: SHUT, order: inOrder(['.', 'f', 'shut']), uid: 65534, exit: 23 },
    },
    {
      ...{ ...common, name: `big-numbers-${protocol}`, about: 'dry run: 5 GiB, the year 2103', push: true },
      ...{ args: ['-rtn'], order: inOrder(['.', 'big']), dryRun: true },
      trees: { src: [{ name: 'big', size: 5 * 2 ** 30, time: '4200000000' }], dst: [] },
    },
    {
      ...{ ...common, name: `numeric-ids-${protocol}`, about: 'no id names', push: false },
      ...{ args: ['-a', '--numeric-ids'], trees: { src: KINDS }, order: inOrder(KINDS_ORDER) },
      layout: { ...ARCHIVE, numericIds: true },
    },
  );
}

for (const protocol of [30, 31, 32]) {
  for (const push of [true, false]) {
    for (const inc of [true, false]) {
      CASES.push({
        name: `kinds-${protocol}-${push ? 'push' : 'pull'}-${inc ? 'inc' : 'whole'}`,
        about: 'rsync -a of every kind of entry',
        push,
        protocol,
        args: ['-a', inc ? '--inc-recursive' : '--no-inc-recursive', '--checksum-choice=md5'],
        trees: { src: KINDS },
        order: KINDS_ORDER,
        layout: ARCHIVE,
        sumName: 'md5',
      });
    }
  }
  for (const inc of [true, false]) {
    CASES.push({
      name: `byte-flags-${protocol}-${inc ? 'inc' : 'whole'}`,
      about: 'with a server that knows neither varint flags nor names of id 0',
      push: inc,
      protocol,
      args: ['-a', inc ? '--inc-recursive' : '--no-inc-recursive'],
      trees: { src: KINDS },
      order: KINDS_ORDER,
      layout: ARCHIVE,
      sumName: 'md5',
      dropLetters: 'vuIC',
    });
  }
}

for (const inc of [true, false]) {
  const word = inc ? 'inc' : 'whole';
  const recursion = inc ? '--inc-recursive' : '--no-inc-recursive';
  CASES.push(
    {
      name: `numeric-ids-${word}`,
      about: 'no id names in any form',
      push: true,
      protocol: 32,
      args: ['-a', recursion, '--numeric-ids'],
      trees: { src: KINDS },
      order: KINDS_ORDER,
      layout: { ...ARCHIVE, numericIds: true },
      sumName: 'xxh128',
    },
    {
      name: `long-names-${word}`,
      about: 'names beyond 255 bytes',
      push: !inc,
      protocol: 32,
      args: ['-rt', recursion],
      trees: { src: LONG },
      order: ['.', 'z', ...LONG.slice(1).map((node) => node.name)],
      layout: PLAIN,
      sumName: 'xxh128',
    },
    {
      name: `meeting-names-${word}`,
      about: 'two sources with names in common',
      push: true,
      protocol: 32,
      args: ['-rt', recursion],
      sources: ['one/', 'two/'],
      trees: MEETING,
      order: ['.', 'file', 'd', 'd/1', 'd/2', 'mixed', 'mixed/m', 'turned', 'turned/t'],
      from: MEETING_FROM,
      layout: PLAIN,
      sumName: 'xxh128',
    },
    {
      name: `delete-push-${word}`,
      about: '--delete with an exclude and a protect rule',
      push: true,
      protocol: 32,
      args: ['-rtp', recursion, '--delete', '--exclude=*.o', '--filter=P keepme'],
      trees: CLEAN,
      order: ['.', 'keep', 'd', 'd/in'],
      layout: PLAIN,
      sumName: 'xxh128',
      rules: true,
    },
    {
      name: `delete-pull-${word}`,
      about: '--delete with an exclude and a protect rule',
      push: false,
      protocol: 32,
      args: ['-rtp', recursion, '--delete', '--exclude=*.o', '--filter=P keepme'],
      trees: CLEAN,
      order: ['.', 'keep', 'd', 'd/in'],
      layout: PLAIN,
      sumName: 'xxh128',
      rules: true,
    },
    {
      name: `unreadable-${word}`,
      about: 'a directory that cannot be listed: the error bits at the end of a list, messages as frames, exit 23',
      push: false,
      protocol: 31,
      args: ['-rt', recursion, '--no-msgs2stderr'],
      trees: SHUT,
      order: ['.', 'f', 'shut'],
      layout: PLAIN,
      sumName: 'xxh128',
      uid: 65534,
      exit: 23,
    },
  );
}

for (const protocol of [30, 32]) {
  for (const push of [true, false]) {
    for (const inc of [true, false]) {
      CASES.push({
        name: `nothing-${protocol}-${push ? 'push' : 'pull'}-${inc ? 'inc' : 'whole'}`,
        about: 'an empty list',
        push,
        protocol,
        args: ['-rt', inc ? '--inc-recursive' : '--no-inc-recursive'],
        sources: ['src/nowhere'],
        trees: { src: [] },
        order: [],
        layout: PLAIN,
        sumName: 'xxh128',
        exit: 23,
      });
    }
  }
}

for (const sumName of ['md5', 'xxh64']) {
  const sumLength = sumName === 'md5' ? 16 : 8;
  for (const push of [true, false]) {
    CASES.push({
      name: `delta-${sumName}-${push ? 'push' : 'pull'}`,
      about: 'a file with an insertion and a new end; its sibling is unchanged',
      push,
      protocol: 32,
      args: ['-rt', '--no-whole-file', `--checksum-choice=${sumName}`],
      trees: DELTA,
      order: ['.', 'f', 'same'],
      layout: PLAIN,
      sumName,
    });
  }
  CASES.push({
    name: `list-sums-${sumName}`,
    about: '--checksum',
    push: sumName === 'md5',
    protocol: 32,
    args: ['-rtc', `--checksum-choice=${sumName}`],
    trees: DELTA,
    order: ['.', 'f', 'same'],
    layout: { ...PLAIN, sumLength },
    sumName,
  });
}

CASES.push(
  {
    name: 'kinds-without-options',
    about: 'links, devices and specials are listed without their values',
    push: true,
    protocol: 32,
    args: ['-r'],
    trees: { src: KINDS },
    order: KINDS_ORDER,
    layout: PLAIN,
    sumName: 'xxh128',
  },
  {
    name: 'devices-without-specials',
    about: '--devices alone, protocol 30',
    push: false,
    protocol: 30,
    args: ['-rlt', '--devices'],
    trees: { src: KINDS },
    order: KINDS_ORDER,
    layout: { ...PLAIN, links: true, devices: true },
    sumName: 'xxh128',
  },
  {
    name: 'unreadable-byte-flags-31',
    about: 'the error bits in the two-byte end marker',
    push: true,
    protocol: 31,
    args: ['-rt', '--no-inc-recursive'],
    trees: SHUT,
    order: ['.', 'f', 'shut'],
    layout: PLAIN,
    sumName: 'md5',
    dropLetters: 'vuIC',
    uid: 65534,
    exit: 23,
  },
  {
    name: 'unreadable-byte-flags-30',
    about: 'the error bits as a frame',
    push: true,
    protocol: 30,
    args: ['-rt', '--no-inc-recursive'],
    trees: SHUT,
    order: ['.', 'f', 'shut'],
    layout: PLAIN,
    sumName: 'md5',
    dropLetters: 'vuICf',
    uid: 65534,
    exit: 23,
  },
  {
    name: 'big-numbers',
    about: 'dry run: 5 GiB, the year 2242',
    push: true,
    protocol: 32,
    args: ['-rtn'],
    trees: { src: [{ name: 'big', size: 5 * 2 ** 30, time: '8589934592.000000001' }], dst: [] },
    order: ['.', 'big'],
    layout: PLAIN,
    sumName: 'xxh128',
    dryRun: true,
  },
  {
    name: 'one-file',
    about: 'a single file argument',
    push: true,
    protocol: 32,
    args: ['-t'],
    sources: ['src/f'],
    trees: { src: [{ name: 'f', text: 'f' }] },
    order: ['f'],
    layout: PLAIN,
    sumName: 'xxh128',
  },
  {
    name: 'named-directory',
    about: 'a directory argument without a slash: one entry in the first list, so its sub-list follows at once',
    push: false,
    protocol: 32,
    args: ['-rt'],
    sources: ['src'],
    trees: {
      src: [
        { name: 'f', text: 'f' },
        { name: 'd', dir: true },
      ],
    },
    order: ['src', 'src/f', 'src/d'],
    from: { src: 'src', 'src/f': 'src/f', 'src/d': 'src/d' },
    layout: PLAIN,
    sumName: 'xxh128',
  },
  {
    name: 'dirs',
    about: '-d: one level, directories without contents',
    push: true,
    protocol: 32,
    args: ['-dt'],
    trees: {
      src: [
        { name: 'f', text: 'f' },
        { name: 'd', dir: true },
        { name: 'd/x', text: 'x' },
      ],
    },
    order: ['.', 'f', 'd'],
    layout: PLAIN,
    sumName: 'xxh128',
  },
);

/** Seconds and nanoseconds every entry gets that names no time of its own. */
export const DEFAULT_TIME = TIME;
