import { compareScenarios } from './compare.ts';
import type { Scenario } from './scenarios.ts';
import { dir, edited, fifo, file, link, randomBytes, THEN, type Tree } from '../support/trees.ts';

const NOW = THEN + 1_000_000;
const big = randomBytes(700_000, 21);
const swapped = Buffer.concat([big.subarray(350_000), big.subarray(0, 350_000)]);

/** Files to be brought up to date in every way that matters to how they are written. */
const fresh: Tree = {
  same: file('same'),
  edited: file(edited(big, 10, 500, 31), { mtime: NOW }),
  swapped: file(swapped, { mtime: NOW }),
  shorter: file(big.subarray(0, 300_123), { mode: 0o600, mtime: NOW }),
  longer: file(Buffer.concat([big, randomBytes(90_000, 22)]), { mtime: NOW }),
  empty: file('', { mtime: NOW }),
  new: file({ size: 100_000, seed: 23 }, { mode: 0o750 }),
  sub: dir({ 'new too': file('new'), old: file('new and longer', { mtime: NOW }) }),
};
const stale: Tree = {
  same: file('same'),
  edited: file(big, { mode: 0o640 }),
  swapped: file(big),
  shorter: file(big),
  longer: file(big),
  empty: file('no longer'),
  sub: dir({ old: file('old') }),
  extra: file('extra'),
};
const update = (name: string, args: string[], more: Partial<Scenario> = {}): Scenario => ({
  name,
  args: ['-ai', ...args],
  source: fresh,
  destination: stale,
  ...more,
});

/** Beginnings of what the source has, or not. */
const growing: Tree = {
  half: file(big, { mtime: NOW }),
  none: file({ size: 50_000, seed: 24 }),
  other: file(big, { mtime: NOW }),
  equal: file('as long'),
  less: file('ab', { mtime: NOW }),
  touched: file('touched', { mtime: NOW }),
};
const begun: Tree = {
  half: file(big.subarray(0, 333_333), { mode: 0o600 }),
  other: file(edited(big.subarray(0, 333_333), 1, 9, 25)),
  equal: file('as_long', { mtime: NOW }),
  less: file('abc'),
  touched: file('touched'),
};

/** Zeros in all places; lengths of whole pages, since rsync gives the last one back only then. */
function holes(seed: number): Tree {
  const content = randomBytes(401_408, seed);
  for (const [from, to] of [
    [0, 70_001],
    [100_000, 101_000],
    [120_000, 300_003],
    [390_000, 401_408],
  ] as const)
    content.fill(0, from, to);
  return {
    zeros: file(Buffer.alloc(299_008), { mtime: NOW }),
    mixed: file(content, { mtime: NOW }),
    data: file({ size: 100_000, seed: seed + 1 }, { mtime: NOW }),
    grown: file(Buffer.concat([content.subarray(0, 200_704), Buffer.alloc(151_552)]), { mtime: NOW }),
  };
}
const solid: Tree = {
  zeros: file({ size: 299_008, seed: 41 }),
  mixed: file(edited((holes(40)['mixed'] as ReturnType<typeof file>).content, 10, 500, 42)),
  grown: file({ size: 150_000, seed: 43 }),
};
const sparse = (name: string, args: string[], more: Partial<Scenario> = {}): Scenario => ({
  ...{ name, args: ['-ai', ...args], source: holes(40), destination: solid, blocks: true },
  ...more,
});

/** What an interrupted run left: of a file that is there, of a new one, of one that is current, of a stranger. */
const parts = (folder: string): Tree => ({
  ...stale,
  [folder]: dir({ edited: file(edited(big, 10, 500, 31).subarray(0, 200_000)), new: file({ size: 60_000, seed: 23 }) }),
  sub: dir({ old: file('old'), [folder]: dir({ 'new too': file('ne'), stranger: file('s') }, { mode: 0o700 }) }),
});
const current = (folder: string): Tree => ({
  ...fresh,
  [folder]: dir({ same: file('half'), 'not sent': file('n') }),
  sub: dir({ ...(fresh['sub'] as ReturnType<typeof dir>).children, [folder]: dir({ old: file('old') }) }),
});

const SCENARIOS: Scenario[] = [
  update('in place', ['--inplace', '--no-whole-file'], { alsoOld: true }),
  update('in place, whole files', ['--inplace', '-W']),
  update('in place, blocks of 1000 bytes, without incremental recursion', [
    ...['--inplace', '--no-whole-file', '-B1000', '--no-i-r', '--delete-before'],
  ]),
  update('in place with backups', ['--inplace', '--no-whole-file', '-b', '--delete']),
  update('in place with backups in a folder', ['--inplace', '--no-whole-file', '-b', '--backup-dir=.kept']),
  update('in place with a basis in another folder', ['--inplace', '--no-whole-file', '--copy-dest=PLACE/other'], {
    destination: { edited: file(big), sub: dir({ old: file('old') }) },
    around: { other: dir(stale) },
  }),
  update('in place over other kinds', ['--inplace'], {
    destination: { edited: link('same'), swapped: fifo(), shorter: dir({}), same: file('SAME') },
  }),
  {
    ...update('in place keeps hard links', ['--inplace', '--no-whole-file']),
    prepare: 'ln dst/edited dst/second; ln dst/same dst/third',
  },
  update('in place without times and modes', ['--inplace', '--no-whole-file', '--no-t', '--no-p'], { times: false }),
  {
    ...update('in place where nothing changed, without times', ['--inplace', '--no-whole-file', '--no-t', '-I']),
    source: { same: file(big, { mtime: NOW }) },
    destination: { same: file(big) },
  },
  update('in place, compressed', ['--inplace', '--no-whole-file', '-z']),
  { name: 'appending', args: ['-ai', '--append'], source: growing, destination: begun, alsoOld: true },
  {
    name: 'appending, verified, with redo',
    args: ['-ai', '--append-verify'],
    source: growing,
    destination: begun,
  },
  { name: 'appending with backups', args: ['-aib', '--append'], source: growing, destination: begun },
  { name: 'appending, verified, with backups', args: ['-aib', '--append-verify'], source: growing, destination: begun },
  { name: 'appending by checksum', args: ['-aic', '--append-verify', '-z'], source: growing, destination: begun },
  {
    name: 'appending, deletion before',
    args: ['-ai', '--append', '--delete-before', '--no-i-r'],
    source: growing,
    destination: { ...begun, extra: file('e') },
  },
  { name: 'appending, a dry run', args: ['-ain', '--append'], source: growing, destination: begun },

  update('partial files have a folder', ['--partial-dir=.part', '--no-whole-file', '--delete'], {
    alsoOld: true,
    destination: parts('.part'),
  }),
  update('partial files have a folder, whole files', ['--partial-dir=.part', '-W'], { destination: parts('.part') }),
  update('partial files of current files go', ['--partial-dir=.part', '--delete'], { destination: current('.part') }),
  update('partial files have one folder for all', ['--partial-dir=PLACE/part', '--no-whole-file'], {
    destination: stale,
    around: { part: dir({ edited: file(big.subarray(0, 200_000)), 'new too': file('ne') }) },
  }),
  update('partial files have a folder with a path', ['--partial-dir=.a/b', '--no-whole-file'], {
    destination: { ...stale, '.a': dir({ b: dir({ new: file({ size: 60_000, seed: 23 }) }) }) },
  }),
  update('partial files have a folder that is a link', ['--partial-dir=.part', '--no-whole-file'], {
    destination: { ...stale, '.part': link('elsewhere') },
    around: { elsewhere: dir({ other: file('o') }) },
  }),
  update('partial files have a folder, a dry run', ['-n', '--partial-dir=.part'], { destination: parts('.part') }),

  update('delayed updates', ['--delay-updates', '--no-whole-file'], { alsoOld: true }),
  update('delayed updates, whole files', ['--delay-updates', '-W', '--no-i-r']),
  update('delayed updates of what an interrupted run left', ['--delay-updates', '--no-whole-file', '--delete'], {
    destination: parts('.~tmp~'),
  }),
  update('delayed updates in a named folder, deletion after', [
    '--delay-updates',
    '--partial-dir=.wait',
    '--delete-after',
  ]),
  update('delayed updates, deletion delayed, with backups', [
    '--delay-updates',
    '--delete-delay',
    '-b',
    '--suffix=.old',
  ]),
  update('delayed updates with backups in a folder', [
    '--delay-updates',
    '-b',
    '--backup-dir=.kept',
    '--delete-during',
  ]),
  {
    ...update('delayed updates with hard links', ['--delay-updates', '-H']),
    source: { a: file('new a', { mtime: NOW }) },
    destination: { a: file('old') },
    changesSource: true,
    prepare: 'ln -f "$SRC/a" "$SRC/b"; ln -f "$SRC/a" "$SRC/c"',
  },
  {
    ...update('delayed updates that remove the source', ['--delay-updates', '--remove-source-files']),
    changesSource: true,
  },

  update('temporary files apart', ['--temp-dir=PLACE/temp', '--no-whole-file', '-b'], { around: { temp: dir({}) } }),
  update('temporary files apart, in the destination', ['-T', '.temp', '--delay-updates'], {
    destination: { ...stale, '.temp': dir({}) },
  }),
  // A client may end before its ssh has brought the last words.
  update('temporary files apart, nowhere', ['--temp-dir=nowhere'], { routes: ['push', 'pull', 'local'] }),
  update('temporary files apart, in a file', ['--temp-dir=PLACE/temp'], {
    around: { temp: file('') },
    routes: ['push', 'pull', 'local'],
  }),
  update('temporary files on another file system', ['--temp-dir=/dev/shm', '--no-whole-file', '--partial-dir=.part'], {
    destination: parts('.part'),
  }),

  sparse('holes', ['-S', '--no-whole-file'], { alsoOld: true }),
  sparse('holes in new files', ['-S'], { destination: {} }),
  sparse('holes in place', ['-S', '--inplace', '--no-whole-file']),
  sparse('holes in place, whole files', ['-S', '--inplace', '-W']),
  sparse('holes in delayed updates', ['-S', '--delay-updates', '-z']),
  sparse('space is reserved', ['--preallocate', '--no-whole-file'], { blocks: false }),
  sparse('space is reserved in place', ['--preallocate', '--inplace'], { blocks: false }),
  sparse('space is reserved, and given back for holes', ['--preallocate', '-S'], { blocks: false }),
  update('flushed to the disk', ['--fsync', '--no-whole-file'], { destination: { edited: file(big) } }),

  ...conflicts([
    ['--inplace', '--partial-dir=x'],
    ['--inplace', '--delay-updates'],
    ['--append', '-W'],
    ['--append', '--partial-dir=x'],
    ['--write-devices', '--partial-dir=x'],
  ]),
];

function conflicts(words: string[][]): Scenario[] {
  const routes = ['local'] as const;
  return words.map((args) => ({ name: `refused: ${args.join(' ')}`, args: ['-a', ...args], source: {}, routes }));
}

compareScenarios(SCENARIOS);
