import { dir, file, type Tree } from '../support/trees.ts';
import { compareScenarios } from './compare.ts';
import type { Scenario } from './scenarios.ts';

/** A tree with rule files of several kinds in it. */
const source: Tree = {
  'a.o': file('1'),
  'b.c': file('2'),
  core: file('3'),
  tmp: dir({ t: file('4') }),
  '.cvsignore': file('b.c sub2/\n'),
  '.rsync-filter': file('# notes\n- *.o\n+ /keep/**\n\n: .more\n'),
  '.words': file('-_b.c +_tmp/\t-_/keep/x\n'),
  '.bare': file('core\n/tmp\n'),
  keep: dir({ 'k.o': file('5'), x: file('6'), '.rsync-filter': file('- k.*\n'), '.more': file('- x\n') }),
  sub: dir({
    '.rsync-filter': file('!\n- /y\n'),
    '.bare': file('z\n'),
    'c.o': file('7'),
    core: file('8'),
    y: file('9'),
    deep: dir({ y: file('10'), z: file('11'), core: file('12'), '.cvsignore': file('!\n') }),
  }),
  sub2: dir({ z: file('13') }),
};
const destination: Tree = {
  ...source,
  'old.o': file('o'),
  'old.c': file('c'),
  core: file('older'),
  keep: dir({ 'k.o': file('5'), old: file('o'), '.rsync-filter': file('- k.*\nP old\n') }),
  sub: dir({ 'old.o': file('o'), deep: dir({ old: file('o'), core: file('c') }) }),
  gone: dir({ 'g.o': file('g'), core: file('c'), '.rsync-filter': file('P core\n') }),
};
const both = { source, destination };
const PLAIN = ['push', 'pull', 'local', 'push from rsync', 'pull by rsync'] as const;

const SCENARIOS: Scenario[] = [
  { name: '-F', args: ['-aiF', '--delete'], ...both, alsoOld: true },
  { name: '-FF', args: ['-aiFF', '--delete'], ...both },
  { name: '-C', args: ['-aiC', '--delete'], ...both },
  { name: '-C and --delete-excluded', args: ['-aiC', '--delete-excluded'], ...both },
  { name: '-C with rules before it', args: ['-aiC', '--include=core', '-f', 'P old.c', '--delete'], ...both },
  { name: 'CVS rules in their place', args: ['-ai', '-f', '+ core', '-f', '-C', '-f', ':C', '--delete'], ...both },
  { name: 'bare, word and inherited files', args: ['-ai', '-f', ':- .bare', '-f', ':w .words', '--delete'], ...both },
  {
    name: 'not inherited, left out themselves',
    args: ['-ai', '-f', ':ne .rsync-filter', '-f', ':-e .bare', '--delete'],
    ...both,
  },
  { name: 'for one side', args: ['-ai', '-f', ':s- .bare', '-f', ':rn- .cvsignore', '--delete'], ...both },
  { name: 'perishable', args: ['-ai', '-f', '-p core', '-f', ':p- .bare', '--delete-after'], ...both },
  { name: 'clearing', args: ['-ai', '--exclude=*', '-f', '!', '-f', ': .rsync-filter', '-f', '- *.c'], source },
  {
    name: 'a rule file with an error',
    args: ['-a', '-f', ': .cvsignore'],
    source,
    routes: ['push', 'local', 'push from rsync'],
  },
  { name: 'negation and classes', args: ['-ai', '-f', '-! */', '-f', 'S *.c', '--delete'], ...both },
  {
    name: 'rules of one side',
    args: ['-ai', '-f', 'H *.o', '-f', 'P *.c', '-f', 'R gone/', '-f', 'show core', '--delete'],
    ...both,
  },
  {
    name: 'folders hidden below what is kept',
    args: ['-ai', '--include=*/', '--include=*.o', '--exclude=*', '-m'],
    ...both,
    alsoOld: true,
  },
  {
    name: 'folders pruned, with deletion',
    args: ['-aim', '--include=*/', '--include=y', '--exclude=*', '--delete-excluded'],
    ...both,
  },
  {
    name: 'folders that two arguments have, pruned',
    args: ['-aim', '--delete'],
    sources: ['src/first/', 'src/second/'],
    source: {
      first: dir({ f: file('1'), bare: dir({}), last: dir({ bare: dir({}) }) }),
      second: dir({ bare: dir({}), last: dir({ bare: dir({}) }) }),
    },
    destination: { bare: dir({}), last: dir({ bare: dir({}) }) },
    routes: PLAIN,
  },
  {
    name: 'arguments by name, and rule files of each',
    args: ['-ai', '-f', ': .rsync-filter', '--delete'],
    sources: ['src/keep', 'src/sub', 'src/a.o'],
    ...both,
  },
  {
    name: 'arguments with contents, and rule files of each',
    args: ['-aiF', '--no-i-r'],
    sources: ['src/sub/', 'src/keep/'],
    source,
  },
  {
    name: 'relative names and rule files',
    args: ['-aiFR'],
    sources: ['src/sub/deep'],
    routes: ['push', 'pull', 'push from rsync', 'pull by rsync'],
    source,
  },
  { name: 'protocol 30', args: ['-aiF', '-f', '-p core', '--delete', '--protocol=30'], ...both, routes: PLAIN },
  {
    name: 'rules that end in NUL',
    args: ['-ai0', '-f', ': .nul'],
    source: { ...source, '.nul': file('- core\0- *.o\0# note\0') },
    routes: ['push', 'local'],
  },
  {
    name: 'rule files that are links',
    args: ['-ai', '-f', ':- .linked', '--delete'],
    ...both,
    prepare: 'ln -sf .bare $SRC/.linked; ln -sf .bare dst/.linked',
    changesSource: true,
  },
];

compareScenarios(SCENARIOS);
