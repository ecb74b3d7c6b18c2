import { compareScenarios } from './compare.ts';
import type { Scenario } from './scenarios.ts';
import { dir, fifo, file, link, THEN, type Tree } from '../support/trees.ts';

const NOW = THEN + 1_000_000;

const source: Tree = {
  same: file('same'),
  older: file('older here', { mtime: THEN - 100 }),
  newer: file('newer there', { mtime: NOW }),
  'a second off': file('second'),
  'touched a second off': file('a second, content too'),
  'fraction off': file('fraction', { nsec: 500_000_000 }),
  modes: file('modes', { mode: 0o600 }),
  'modes, a second off': file('m', { mode: 0o600 }),
  big: file('x'.repeat(2000)),
  empty: file(''),
  'only here': file('only'),
  link: link('new'),
  'new link': link('x'),
  pipe: fifo(),
  'file, was folder': file('f'),
  'file, was link': file('l', { mtime: THEN - 5 }),
  'folder, was file': dir({ in: file('in') }),
  'new folder': dir({ deep: dir({ file: file('deep') }), file: file('file') }),
  folder: dir({ a: file('a'), b: file('new b') }, { mtime: NOW }),
};
const destination: Tree = {
  same: file('same'),
  older: file('newer at the destination'),
  newer: file('older'),
  'a second off': file('second', { mtime: THEN + 1 }),
  'touched a second off': file('content', { mtime: THEN + 1 }),
  'fraction off': file('fraction', { nsec: 700_000_000 }),
  modes: file('modes'),
  'modes, a second off': file('m', { mtime: THEN + 1 }),
  big: file('small'),
  empty: file('not empty'),
  link: link('old'),
  'file, was folder': dir({}, { mtime: NOW }),
  'file, was link': link('nowhere'),
  'folder, was file': file('was'),
  folder: dir({ a: file('a'), b: file('b'), extra: file('extra') }),
  extra: file('extra'),
};

const rule = (args: string, more: Partial<Scenario> = {}): Scenario => ({
  ...{ name: args, args: ['-ai', ...args.split(' ')], source, destination },
  ...{ routes: ['push', 'pull', 'local', 'push from rsync'] },
  ...more,
});

const SCENARIOS: Scenario[] = [
  rule('-u'),
  rule('-u --info=skip', { routes: ['local', 'pull', 'push from rsync'] }),
  rule('-u --modify-window=1'),
  rule('-u --modify-window=-1', { routes: ['push', 'pull'] }),
  rule('--existing'),
  rule('--existing --info=skip', { routes: ['local', 'pull', 'push from rsync'] }),
  rule('--ignore-existing'),
  rule('--ignore-existing --info=skip2', { routes: ['local', 'pull', 'push from rsync'] }),
  rule('--existing --ignore-existing --delete', { source: { ...source, 'folder, was file': file('') } }),
  rule('--existing --no-i-r', { routes: ['push', 'local'] }),
  rule('--max-size=1000 --min-size=1'),
  rule('--max-size=10 --info=skip', { routes: ['pull', 'local', 'push from rsync'] }),
  rule('--size-only'),
  rule('--size-only --modify-window=2'),
  rule('--modify-window=1'),
  rule('--modify-window=1 -c', { routes: ['push', 'pull', 'local'] }),
  rule('--modify-window=-1'),
  rule('-I --existing', { routes: ['local', 'pull'] }),
  rule('--ignore-existing -n', {
    ...{ routes: ['local', 'push', 'pull'], source: { ...source, 'folder, was file': file('') } },
  }),
  rule('--force', {
    source: { was: file('f'), link: link('x'), dir: dir({ was: file('g') }) },
    destination: {
      was: dir({ a: dir({ b: file('b') }) }),
      link: dir({ x: file('x') }),
      dir: dir({ was: dir({ y: file('y') }) }),
    },
  }),
  rule('--no-force', {
    source: { was: file('f'), link: link('x'), other: file('o') },
    destination: { was: dir({ a: dir({ b: file('b') }) }), link: dir({ x: file('x') }) },
  }),
  rule('-O', { name: 'folders without their times', source: { d: dir({ f: file('f') }), e: dir({}) }, times: false }),
  rule('-O', {
    name: 'folders that exist, without their times',
    source: { d: dir({}, { mtime: NOW, mode: 0o700 }), e: dir({}, { mtime: NOW }) },
    destination: { d: dir({}), e: dir({}) },
    routes: ['push', 'pull', 'local', 'push from rsync'],
  }),
  rule('--no-whole-file', { routes: ['local'] }),
  rule('--mkpath', { name: 'a folder with missing parents', target: 'a/b/c', times: false }),
  rule('--mkpath', {
    ...{ name: 'one file to a new name with missing parents', sources: ['src/same'], target: 'a/b/c', times: false },
    destination: {},
  }),
  rule('--mkpath -n', {
    name: 'a dry run to a folder with missing parents',
    target: 'a/b/c',
    routes: ['local', 'push', 'push from rsync'],
  }),
  rule('--mkpath --existing', {
    name: 'missing parents and --existing',
    target: 'a/b/c',
    routes: ['local'],
    times: false,
  }),
  rule('-K', {
    name: 'a link to a folder stands for a folder',
    times: false, // rsync sets the link's own time

    source: { d: dir({ f: file('f'), e: dir({ g: file('g') }) }), l: dir({ x: file('x') }), m: dir({}), o: dir({}) },
    destination: {
      real: dir({ f: file('older', { mtime: 1 }), extra: file('e') }),
      d: link('real'),
      ...{ l: link('nowhere'), o: link('o') },
      m: link('nowhere', process.getuid?.() === 0 ? { uid: 1 } : {}),
    },
  }),
  rule('-K --delete --exclude=/real', {
    name: 'deletion behind a link that stands for a folder',
    times: false,
    source: { d: dir({ f: file('f'), e: dir({ g: file('g') }) }) },
    destination: { real: dir({ extra: file('e'), k: dir({ l: file('l') }) }), d: link('real') },
  }),
  rule('-K', {
    name: 'a link to a folder beside the destination stands for a folder',
    source: { d: dir({ f: file('f') }), other: file('o') },
    destination: { d: link('../beside') },
    around: { beside: dir({ extra: file('e') }) },
  }),
];

compareScenarios(SCENARIOS);
