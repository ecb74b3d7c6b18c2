import { compareScenarios } from './compare.ts';
import type { RouteName, Scenario } from './scenarios.ts';
import { dir, fifo, file, link, type Tree } from '../support/trees.ts';

/** What `prepare` then links to: `one` has six names in three folders, `two` two, `single` another one outside. */
const source: Tree = {
  one: file('one'),
  other: file('other'),
  two: file('two'),
  single: file('single'),
  symlink: link('one'),
  pipe: fifo(),
  a: dir({ alone: file('alone') }),
  z: dir({ deep: dir({}) }),
};
const linkSource =
  'cd $SRC; ln one b-one; ln one a/one; ln one a/y-one; ln one z/one; ln one z/deep/one; ln two z/two; ' +
  'ln single ../outside; ln -P symlink z/symlink; ln pipe a/pipe; touch -h -d @981173106 . a z z/deep; ';
const ALL: RouteName[] = ['push', 'pull', 'local', 'push from rsync', 'pull by rsync'];
const CLEAN = 'rm -f $SRC/../outside; ';

const linked = (name: string, args: string, prepare = '', more: Partial<Scenario> = {}): Scenario => ({
  ...{ name, args: ['-aHi', ...args.split(' ').filter((word) => word !== '')], source, hardLinks: true },
  ...{ changesSource: true, prepare: `(${CLEAN}${linkSource}); ${prepare}`, mirrors: true },
  ...{ routes: ['pull', 'local', 'push from rsync'] },
  ...more,
});

const SCENARIOS: Scenario[] = [
  linked('names of one file, to nowhere', '', '', { alsoOld: true, routes: ALL }),
  linked('without incremental recursion', '--no-inc-recursive', '', { routes: ALL }),
  linked('protocol 30', '--protocol=30', '', { routes: ['push', 'pull'] }),
  linked('protocol 29, where devices and inodes are told', '--protocol=29', '', { routes: ALL }),
  linked('protocol 27, where they are told of every file', '--protocol=27', '', { routes: ['push', 'pull'] }),
  linked('the same again, named with -ii', '-i', 'cp -a $SRC dst'),
  linked('one of them exists and is current', '', 'mkdir -p dst/a; cp -p $SRC/one dst/a/one'),
  linked('two of them exist, apart', '', 'mkdir -p dst/z; cp -p $SRC/one dst/z/one; cp -p $SRC/one dst/b-one'),
  linked('one of them exists and is outdated', '--no-whole-file', 'mkdir -p dst/a; echo old > dst/a/one'),
  linked(
    'some are outdated, some are something else',
    '',
    [
      'mkdir -p dst/a dst/z/one; echo old > dst/a/one; ln -s x dst/b-one; ln dst/a/one dst/two; mkfifo dst/z/two',
      'touch -d @1 dst/a/one',
    ].join(';'),
  ),
  linked('wrongly linked to each other', '', 'cp -a $SRC dst; ln -f dst/other dst/two; ln -f dst/other dst/z/one'),
  linked(
    'linked at the destination and apart at the source',
    '',
    'mkdir -p dst; echo z > dst/other; ln dst/other dst/one',
    {
      mirrors: false,
    },
  ),
  linked('a dry run to nowhere', '-n', '', { mirrors: false }),
  linked(
    'a dry run over what is outdated',
    '-n',
    'mkdir -p dst/a dst/z; echo o > dst/a/one; ln dst/a/one dst/z/one; cp -p $SRC/two dst',
    {
      mirrors: false,
    },
  ),
  linked('new attributes for one file', '', 'cp -a $SRC dst; chmod 600 $SRC/one; touch -d @5 $SRC/two', {
    routes: ['push', 'pull', 'local', 'push from rsync'],
  }),
  linked('by checksum', '-c', 'cp -a $SRC dst; touch -d @5 dst/one; echo oNe > dst/two; touch -d @981173106 dst/two', {
    routes: ['push', 'pull', 'local'],
  }),
  linked('with deletion', '--delete', 'cp -a $SRC dst; ln dst/one dst/extra; rm dst/a/one; ln dst/two dst/a/two'),
  linked('only what exists', '--existing', 'mkdir -p dst/a; echo old > dst/a/one; cp -p $SRC/one dst/b-one', {
    mirrors: false,
  }),
  linked('only what does not exist', '--ignore-existing', 'mkdir -p dst/a; echo old > dst/a/one; echo old > dst/one', {
    mirrors: false,
  }),
  linked('only what is newer', '-u', 'mkdir -p dst/a; echo new > dst/one; echo new > dst/a/one; echo new > dst/z-no', {
    mirrors: false,
  }),
  linked('not what is larger', '--max-size=3', 'echo longer > $SRC/one; touch -d @981173106 $SRC/one', {
    mirrors: false,
  }),
  linked('excluded names', '--exclude=b-one --exclude=deep', '', { mirrors: false }),
  linked('whole groups of one folder each', '', 'rm $SRC/z/* -rf', {
    mirrors: false,
    routes: ['push', 'pull', 'local'],
  }),
  linked(
    'with backups',
    '-b --backup-dir=../bak',
    'cp -a $SRC dst; echo n > dst/one; rm dst/b-one; echo b > dst/b-one',
    {
      times: false,
      mirrors: false,
    },
  ),
  linked('with delayed updates', '--delay-updates', 'mkdir -p dst/a; echo old > dst/a/one', {
    routes: ['push', 'pull', 'local', 'push from rsync'],
  }),
  linked('in place', '--inplace', 'mkdir -p dst/a; echo old > dst/a/one; echo old > dst/two', {
    routes: ['pull', 'local', 'push from rsync'],
  }),
  linked('without -H', '--no-H', '', { mirrors: false, routes: ['push', 'pull'] }),
  linked('with --link-dest', '--link-dest=../alt', 'cp -a $SRC alt', { alsoOld: true }),
  linked('with --link-dest, apart there', '--link-dest=../alt', 'cp -rp $SRC alt'),
  linked(
    'with --link-dest, half of them there',
    '--link-dest=../alt -i',
    'cp -a $SRC alt; rm alt/one alt/a/one; echo x > alt/two',
  ),
  linked('with --copy-dest', '--copy-dest=../alt', 'cp -a $SRC alt; rm alt/a/one', { mirrors: true }),
  linked(
    'with --copy-dest, names that wait for one that is sent',
    '--copy-dest=../alt',
    'cp -a $SRC alt; rm alt/b-one; mkdir dst; echo old > dst/b-one',
  ),
  ...['', '--link-dest=../alt', '--copy-dest=../alt', '--compare-dest=../alt'].map((more) =>
    linked(`told by name ${more}`, `--no-i --info=name2 ${more}`, `cp -a $SRC ${more === '' ? 'dst' : 'alt'}`, {
      ...{ mirrors: false, routes: ['push', 'pull', 'local'] },
    }),
  ),
  // What an alternate folder has as well is no news in a dry run either, where nothing is made that would show it.
  ...['link', 'copy', 'compare'].flatMap((kind) => [
    linked(`a dry run with --${kind}-dest`, `-n --${kind}-dest=../alt`, 'cp -a $SRC alt', { mirrors: false }),
    linked(
      `a dry run with --${kind}-dest, outdated there`,
      `-n --${kind}-dest=../alt`,
      'cp -a $SRC alt; echo old > alt/one; touch -d @1 alt/one; chmod 600 alt/two',
      { mirrors: false },
    ),
  ]),
  // Stock rsync hangs where a name is missing there that another one waits for.
  linked('with --compare-dest', '--compare-dest=../alt', 'cp -a $SRC alt; echo x > alt/two; rm alt/symlink', {
    mirrors: false,
  }),
];

compareScenarios(SCENARIOS);
