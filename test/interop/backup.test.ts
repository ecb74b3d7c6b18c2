import { compareScenarios } from './compare.ts';
import type { Scenario } from './scenarios.ts';
import { dir, edited, fifo, file, link, randomBytes, THEN, type Tree } from '../support/trees.ts';

const big = randomBytes(200_000, 5);

const source: Tree = {
  same: file('same'),
  changed: file('new'),
  big: file(edited(big, 3, 100, 6)),
  touched: file('touched', { mtime: THEN + 9 }),
  modes: file('modes', { mode: 0o600 }),
  link: link('new'),
  pipe: fifo(),
  'file, was link': file('f'),
  'file, was folder': file('f'),
  'file, was link, named as a backup~': file('f'),
  'folder, was file': dir({ in: file('in') }),
  'folder, was link': dir({}),
  'link, was file': link('x'),
  sub: dir({ deep: dir({ changed: file('new') }) }, { mode: 0o700 }),
  fresh: file('fresh'),
};
const destination: Tree = {
  same: file('same'),
  changed: file('old one'),
  'changed~': file('older'),
  big: file(big),
  touched: file('touched'),
  modes: file('modes'),
  link: link('old'),
  pipe: file('p'),
  'file, was link': link('same'),
  'file, was folder': dir({}),
  'file, was link, named as a backup~': link('same'),
  'folder, was file': file('was'),
  'folder, was link': link('sub'),
  'link, was file': file('was'),
  sub: dir({ deep: dir({ changed: file('old one'), gone: file('g') }, { mode: 0o750 }) }, { mode: 0o755 }),
  gone: file('gone'),
  'gone link': link('nowhere'),
  'gone dir': dir({ a: file('a'), 'b~': file('b'), c: dir({ d: file('d') }) }, { mode: 0o711 }),
  'lone~': file('lone'),
};

const backup = (args: string, more: Partial<Scenario> = {}): Scenario => ({
  ...{ name: args, args: ['-abi', ...args.split(' ')], source, destination, times: false },
  ...{ routes: ['push', 'pull', 'local', 'push from rsync'] },
  ...more,
});
const DIR = '--backup-dir=../bak';

const SCENARIOS: Scenario[] = [
  backup('--no-whole-file', { alsoOld: true }),
  backup('--delete'),
  backup('--delete-after --suffix=.old'),
  backup(`${DIR} --no-whole-file --delete`, { alsoOld: true }),
  backup(`${DIR} --delete-before --suffix=.old`, { routes: ['push', 'local', 'push from rsync'] }),
  backup(`${DIR} --info=backup --delete-delay`, { routes: ['pull', 'local', 'push from rsync'] }),
  backup('--info=backup', { routes: ['pull', 'local', 'push from rsync'] }),
  backup('--backup-dir=bak --delete', { routes: ['pull', 'local', 'push from rsync'] }),
  backup('--backup-dir=bak --delete-after', {
    name: 'a backup folder that deletion empties while it fills',
    routes: ['pull', 'local'],
    source: { sub: dir({ s: dir({}) }) },
    destination: { sub: dir({ s: file('s'), e: file('e') }) },
  }),
  backup('--backup-dir=../deep/er/bak', { routes: ['pull', 'local', 'push from rsync'] }),
  backup('--inplace --no-whole-file', { routes: ['pull', 'local', 'push from rsync'] }),
  backup('--inplace --no-t', { routes: ['pull', 'local'], times: true }),
  backup('--backup-dir=bak --inplace', { routes: ['pull', 'local'] }),
  backup(`${DIR} --delay-updates`, { routes: ['pull', 'local', 'push from rsync'] }),
  backup(`${DIR} -c --existing`, { routes: ['pull', 'local'] }),
  backup(`${DIR} -n --delete`, {
    ...{ routes: ['pull', 'local', 'push'] },
  }),
  backup(`${DIR} --no-p --no-o --no-g`, { routes: ['pull', 'local', 'push from rsync'] }),
  backup(`${DIR}`, {
    name: 'over an earlier backup, with other kinds in the way',
    around: { bak: dir({ changed: dir({}), sub: file('file'), link: file('l') }) },
  }),
  backup(`${DIR} --delete-excluded --exclude=gone*`, { routes: ['push', 'pull', 'local'] }),
  backup('--delete --filter=R_*~', { routes: ['push', 'local'] }),
  backup('-O', {
    name: 'times of folders without a backup folder',
    times: true,
    source: { sub: dir({ changed: file('new') }) },
  }),
  backup('--inplace --protocol=30', {
    name: 'no fractions of a second where the protocol has none',
    source: { f: file('new') },
    destination: { f: file('old one', { nsec: 125_000_000 }) },
    routes: ['pull', 'local'],
    times: true,
  }),
  backup('', {
    name: 'folders keep their times',
    ...{
      args: ['-abi'],
      source: { sub: dir({}), f: file('f') },
      destination: { sub: dir({}, { mtime: 7 }), f: file('f') },
    },
    times: true,
  }),
  backup(DIR, {
    name: 'one file',
    sources: ['src/changed'],
    target: 'dst/changed',
    routes: ['pull', 'local', 'push from rsync'],
  }),
];

compareScenarios(SCENARIOS);
