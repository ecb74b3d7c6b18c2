import { dir, file, link, type Tree } from '../support/trees.ts';
import { compareScenarios } from './compare.ts';
import type { Scenario } from './scenarios.ts';

const source: Tree = {
  a: file('a'),
  kept: dir({ k: file('k') }),
  other: dir({ sub: dir({ s: file('s') }) }),
};
const destination: Tree = {
  p: file('p'),
  'q.o': file('q'),
  'r~': file('an old backup'),
  l: link('q'),
  e: dir({}),
  x: dir({ f: file('f'), 'g.o': file('g'), y: dir({ z: file('z'), 'w.o': file('w') }) }),
  kept: dir({ k: file('old'), gone: file('g'), 'gone.o': file('o'), deep: dir({ 'd.o': file('d') }) }),
  other: dir({ sub: dir({ extra: file('e') }) }),
};
const TIMINGS = ['--delete-before', '--delete-during', '--delete-delay', '--delete-after'];

/** A folder with contents where a file and a link go. */
const inTheWay: Scenario = {
  name: '',
  args: [],
  source: { x: file('now a file'), d: dir({ l: link('q') }) },
  destination: {
    x: dir({ f: file('f'), g: file('g'), y: dir({ z: file('z') }) }),
    d: dir({ l: dir({ m: dir({}), k: file('k') }) }),
  },
  routes: ['push', 'pull', 'push from rsync'],
};

const missing: Scenario = {
  name: '',
  args: [],
  source,
  destination,
  sources: ['src/a', 'src/p', 'src/e', 'src/x', 'src/not-there-either'],
};

const SCENARIOS: Scenario[] = [
  ...TIMINGS.map((timing) => ({
    ...{ name: `rules that protect, ${timing}`, source, destination },
    args: ['-ai', timing, '--exclude=*.o', '--filter=P e', '--filter=R q.o'],
    routes: timing === '--delete-during' ? undefined : (['push', 'pull', 'push from rsync'] as const),
  })),
  ...TIMINGS.map((timing) => ({
    ...{ name: `rule files that arrive with the transfer, ${timing}` },
    args: ['-ai', timing, '--filter=: .rules', '--filter=P *.o'],
    source: { ...source, '.rules': file('- p\n'), kept: dir({ '.rules': file('P gone\n'), k: file('k') }) },
    destination: { ...destination, '.rules': file('- l\n') },
    routes: ['push', 'pull', 'push from rsync'] as const,
  })),
  {
    name: 'what is excluded goes too',
    args: ['-ai', '--delete-excluded', '--exclude=*.o', '-f', 'P e'],
    source,
    destination,
  },
  {
    name: 'what is excluded by rule files goes too',
    args: ['-aiFF', '--delete-excluded', '--filter=:- .cvs'],
    source: { ...source, '.rsync-filter': file('- *.o\nP l\n'), '.cvs': file('p\n') },
    destination: { ...destination, '.rsync-filter': file('- *.o\nP l\n'), '.cvs': file('p\n') },
  },
  { name: 'a limit', args: ['-ai', '--delete', '--max-delete=3'], source, destination },
  { name: 'a limit that is not reached', args: ['-ai', '--delete', '--max-delete=30'], source, destination },
  { name: 'a limit of nothing, by stats', args: ['-ai', '--delete-after', '--max-delete=0'], source, destination },
  { name: 'a limit, in a dry run', args: ['-ain', '--delete-delay', '--max-delete=4'], source, destination },
  { name: 'a dry run with rules', args: ['-ain', '--delete', '--exclude=*.o'], source, destination },
  { name: 'backups of what goes', args: ['-ai', '--delete', '--backup'], source, destination },
  {
    name: 'backups elsewhere of what goes',
    args: ['-ai', '--delete', '--backup-dir=../backups', '--delete-excluded', '--exclude=*.o'],
    source,
    destination,
  },
  { name: 'names alone', args: ['-a', '--delete', '--info=del,name'], source, destination },
  {
    name: 'folders without recursion',
    args: ['-dti', '--delete'],
    source,
    destination,
    routes: ['push', 'pull', 'push from rsync'],
  },
  {
    name: 'two folders that share names',
    args: ['-ai', '--delete'],
    source,
    destination: { ...destination, sub: dir({ s: file('s'), t: file('t') }) },
    sources: ['src/kept/', 'src/other/'],
  },
  {
    name: 'a folder by its name, beside others',
    args: ['-ai', '--delete'],
    source,
    destination,
    sources: ['src/kept', 'src/other'],
  },
  {
    name: 'after an error of the source, with --ignore-errors',
    args: ['-ai', '--delete', '--ignore-errors'],
    source,
    destination,
    sources: ['src/', 'src/none'],
  },
  ...[
    { name: 'a folder in the way', args: ['-ai'] },
    { name: 'a folder in the way, dry', args: ['-ain'] },
    { name: 'a folder in the way, by force', args: ['-ai', '--force'] },
    { name: 'a folder in the way, with deletion, dry', args: ['-ain', '--delete'] },
    { name: 'a folder in the way that rules protect', args: ['-ai', '--force', '--exclude=z'] },
    { name: 'a folder in the way beyond the limit', args: ['-ai', '--delete', '--max-delete=1'] },
    { name: 'a folder in the way, with backups', args: ['-aib', '--force'] },
  ].map((each) => ({ ...inTheWay, ...each })),
  ...[
    { name: 'arguments that are missing', args: ['-ai', '--delete-missing-args'] },
    { name: 'arguments that are missing, by force', args: ['-ai', '--delete-missing-args', '--force'] },
    { name: 'arguments that are missing, dry', args: ['-ain', '--delete-missing-args', '--force'] },
    {
      name: 'arguments that are missing, protected',
      args: ['-ai', '--delete-missing-args', '-f', 'P e'],
    },
    {
      name: 'arguments that are missing, limited',
      args: ['-aib', '--delete-missing-args', '--force', '--max-delete=2'],
    },
    { name: 'arguments that are missing, ignored', args: ['-ai', '--ignore-missing-args'] },
  ].map((each) => ({ ...missing, ...each })),
];

compareScenarios(SCENARIOS);
