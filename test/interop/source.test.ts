import { device, dir, fifo, file, link, type Tree } from '../support/trees.ts';
import { compareScenarios } from './compare.ts';
import type { Scenario } from './scenarios.ts';

const hasRoot = process.getuid?.() === 0;

const nested: Tree = {
  a: dir({ b: dir({ c: dir({ f: file('f') }, { mode: 0o750 }) }, { mode: 0o711 }), g: file('g') }, { mode: 0o700 }),
  x: dir({ h: file('h'), y: dir({ z: file('z') }) }),
  top: file('top'),
  'link to b': link('a/b'),
};

const links: Tree = {
  src: dir({
    file: file('in'),
    sub: dir({ s: file('s'), up: link('../file'), out: link('../../outside/o') }),
    in: link('file'),
    indir: link('sub'),
    outfile: link('../outside/o'),
    outdir: link('../outside'),
    dangling: link('nowhere'),
    'dangling out': link('../nowhere'),
    absolute: link('/etc/hostname'),
    'up in the middle': link('sub/../file'),
    back: link('../src/file'),
    circle: link('circle'),
  }),
  outside: dir({ o: file('out'), deeper: dir({ p: file('p') }) }),
};

const relative: Scenario[] = [
  { name: 'relative: one file', args: ['-aiR'], source: nested, sources: ['./src/a/b/c/f'], alsoOld: true },
  { name: 'relative: behind a mark', args: ['-aiR'], source: nested, sources: ['src/./a/b/c/f', 'src/./x'] },
  ...['', '--no-inc-recursive'].map((option) => ({
    name: `relative: parents that are shared and repeated ${option}`,
    args: ['-aiR', ...(option ? [option] : [])],
    source: nested,
    sources: ['src/./a/b/c/f', 'src/./a/g', 'src/./x/h', 'src/./a/b', 'src/./top', 'src/x/./y'],
  })),
  {
    name: 'relative: a folder named twice, pruned',
    args: ['-aimR', '--exclude=f'],
    source: nested,
    sources: ['src/a/b', 'src/a/b', 'src/none'],
  },
  {
    name: 'relative: a whole tree after a part of it',
    args: ['-aiR'],
    source: nested,
    sources: ['src/./a/b', 'src/./'],
  },
  {
    name: 'relative: without recursion',
    args: ['-diR'],
    source: nested,
    sources: ['src/./a/b/', 'src/./x'],
    times: false,
  },
  { name: 'relative: files alone', args: ['-tiR'], source: nested, sources: ['src/./a/b', 'src/./a/g'] },
  { name: 'relative: a parent that is a link', args: ['-aiR'], source: nested, sources: ['src/./link to b/c/f'] },
  {
    name: 'relative: parents left as they are',
    args: ['-aiR', '--no-implied-dirs'],
    source: nested,
    destination: { a: dir({}, { mode: 0o755 }), elsewhere: dir({}), x: link('elsewhere') },
    sources: ['src/./a/b/c/f', 'src/./x/h'],
  },
  {
    name: 'relative: parents given their attributes',
    args: ['-aiR'],
    source: nested,
    destination: { a: dir({}, { mode: 0o755 }), x: file('in the way') },
    sources: ['src/./a/b/c/f', 'src/./x/h'],
  },
  {
    name: 'relative: deletion keeps to what was named',
    args: ['-aiR', '--delete'],
    source: nested,
    destination: { a: dir({ b: dir({ old: file('o') }), old: file('o') }), old: file('o') },
    sources: ['src/./a/b', 'src/./x/h'],
  },
  {
    name: 'relative: excluded parents',
    // A stock client refuses what its own server sends here.
    routes: ['push', 'local', 'push from rsync'],
    args: ['-aiR', '--exclude=/a', '--exclude=y'],
    source: nested,
    sources: ['src/./a/b/c', 'src/./x', 'src/./x/y/z'],
  },
  ...['', '--no-inc-recursive'].map((option) => ({
    name: `relative: absolute names among others ${option}`,
    args: ['-aiR', ...(option ? [option] : [])],
    source: { '-x': dir({ a: file('a') }), '0': dir({ b: file('b') }), '!': dir({ c: file('c') }), f: file('f') },
    sources: ['src/0', 'src/./0', 'src/./-x', 'src/!/c', 'src/./!', 'src/./f'],
  })),
  {
    name: 'relative: a name with ..',
    args: ['-aiR'],
    source: nested,
    sources: ['src/./a/../x/h'],
    // A server of ours tells why; stock clients make 12 of what theirs does.
    routes: ['push', 'local'],
  },
  {
    name: 'relative with hard links across arguments',
    args: ['-aiHR'],
    source: nested,
    prepare: 'ln -f "$SRC/a/g" "$SRC/x/same"; ln -f "$SRC/a/g" "$SRC/a/b/same"',
    changesSource: true,
    sources: ['src/./a/b', 'src/./x', 'src/./a/g'],
  },
];

const following: Scenario[] = [
  { name: '-L', alsoOld: true, args: ['-aiL'], source: links, sources: ['src/src/'] },
  { name: '-k', args: ['-aik'], source: links, sources: ['src/src/', 'src/src/outdir'] },
  {
    name: '-L with deletion',
    args: ['-aiL', '--delete'],
    source: links,
    sources: ['src/src/'],
    destination: { x: file('') },
  },
  {
    name: '--copy-unsafe-links',
    args: ['-ai', '--info=symsafe', '--copy-unsafe-links'],
    source: links,
    sources: ['src/src/'],
  },
  { name: '--safe-links', args: ['-ai', '--info=name', '--safe-links'], source: links, sources: ['src/src/'] },
  {
    name: '--safe-links over what is there',
    args: ['-ai', '--safe-links', '--delete'],
    source: links,
    sources: ['src/src/'],
    destination: { outfile: link('../outside/o'), back: file('b'), extra: file('e') },
  },
  {
    name: '--copy-unsafe-links --safe-links',
    args: ['-ai', '--copy-unsafe-links', '--safe-links'],
    source: links,
    sources: ['src/src'],
  },
  { name: '-k --safe-links -c', args: ['-aikc', '--safe-links'], source: links, sources: ['src/src/'] },
  { name: '--munge-links', args: ['-ai', '--munge-links'], source: links, sources: ['src/src/'] },
  {
    name: '--munge-links over and from munged ones',
    args: ['-ai', '--munge-links'],
    source: { l: link('/rsyncd-munged/x'), m: link('y'), n: link('/rsyncd-munged//etc/passwd') },
    destination: { l: link('x'), m: link('/rsyncd-munged/y'), n: link('/rsyncd-munged//etc/passwd') },
  },
  { name: 'links that are not asked for', args: ['-ri'], source: links, sources: ['src/src/'], times: false },
  {
    name: 'a link as an argument',
    args: ['-ai'],
    source: links,
    sources: ['src/src/indir', 'src/src/outdir/', 'src/src/in'],
  },
  {
    name: '-L, ACLs and extended attributes',
    args: ['-aiLAX'],
    source: links,
    sources: ['src/src/'],
    prepare:
      'setfattr -n user.of -v file "$SRC/src/file"; setfattr -n user.of -v outside "$SRC/outside"; setfacl -m u:daemon:rwx "$SRC/src/file"; setfacl -d -m g:bin:rx "$SRC/outside"',
    changesSource: true,
    attributes: true,
  },
  { name: '-L, checksums and hard links', args: ['-aiLcH'], source: links, sources: ['src/src/'] },
];

const scope: Scenario[] = [
  {
    name: '-d of several kinds',
    args: ['-dli'],
    source: nested,
    sources: ['src/a', 'src/x/', 'src/top'],
    times: false,
  },
  { name: 'neither -r nor -d', args: ['-li'], source: nested, sources: ['src/a', 'src/x/', 'src/top'], times: false },
  { name: '--old-dirs', args: ['-i', '--old-dirs'], source: nested, times: false },
  {
    name: 'only listed',
    args: ['--list-only'],
    source: nested,
    sources: ['src/', 'src/a'],
    routes: ['pull', 'local', 'pull by rsync'],
  },
  {
    name: 'only listed, with -R and -r',
    args: ['-rR', '--list-only'],
    source: nested,
    sources: ['src/./a/b', 'src/./top'],
    routes: ['pull', 'local', 'pull by rsync'],
  },
  {
    name: 'empty folders left out',
    alsoOld: true,
    args: ['-aim'],
    source: { e: dir({ e: dir({ e: dir({}) }) }), f: dir({ g: dir({ h: file('h') }), i: dir({}) }), 'a.d': dir({}) },
  },
  {
    name: 'empty folders left out, and deleted unless protected',
    args: ['-aim', '--delete', '--filter=P keep/', '--exclude=*.o'],
    source: { a: dir({ b: dir({ 'x.o': file('o') }) }), keep: dir({}), c: dir({ f: file('f') }) },
    destination: { a: dir({ b: dir({}) }), keep: dir({}), c: dir({ d: dir({}) }) },
  },
  {
    name: 'empty folders left out, named parents too',
    args: ['-aimR', '--exclude=*.o'],
    source: { a: dir({ b: dir({ 'x.o': file('o') }) }), c: dir({ f: file('f') }) },
    sources: ['src/./a/b', 'src/./c'],
  },
  {
    name: 'missing arguments',
    args: ['-ai'],
    source: nested,
    sources: ['src/none', 'src/top', 'src/none/', 'src/a'],
    destination: { none: file('n') },
  },
  ...['src/none/', 'src/none/x', 'src/top/', 'src/top/x'].map((lost) => ({
    name: `the folder of ${lost} is none: nothing is deleted`,
    args: ['-ai', '--delete'],
    source: nested,
    sources: [lost, 'src/'],
    destination: { old: file('o') },
  })),
  {
    name: 'missing arguments ignored',
    args: ['-ai', '--ignore-missing-args', '--delete'],
    source: nested,
    sources: ['src/none', 'src/top', 'src/a'],
    destination: { none: file('n'), a: dir({ old: file('o') }) },
  },
  ...['', '-R'].map((option) => ({
    name: `missing arguments deleted ${option}`,
    args: ['-ai', '--delete-missing-args', ...(option ? [option] : [])],
    source: nested,
    sources: ['src/./none', 'src/./top', 'src/./a/none', 'src/./gone'],
    destination: { none: file('n'), a: dir({ none: dir({}) }), gone: dir({ full: file('f') }) },
  })),
  // Rules of the sending side alone do not keep what is missing from being named, and so deleted.
  ...['--exclude=none', '-fH none'].map((rule) => ({
    name: `missing arguments deleted, ${rule}`,
    args: ['-aiR', '--delete-missing-args', rule],
    source: nested,
    sources: ['src/./none', 'src/./top', 'src/./a/none'],
    destination: { none: file('n'), a: dir({ none: file('f') }) },
  })),
  {
    name: 'the first of equal names wins',
    args: ['-ai'],
    source: { one: dir({ f: file('1'), d: dir({ x: file('x') }) }), two: dir({ f: file('22'), d: file('file') }) },
    sources: ['src/one/', 'src/two/'],
  },
];

const nodes: Scenario[] = hasRoot
  ? [
      {
        name: 'devices as files',
        args: ['-ai', '--copy-devices'],
        source: { null: device('char', 1, 3), pipe: fifo(), f: file('f') },
      },
    ]
  : [];

const moving: Tree = {
  same: file('same'),
  new: file('new'),
  changed: file('changed'),
  kept: file('kept', { mtime: 5 }),
  link: link('same'),
  pipe: fifo(),
  sub: dir({ f: file('f'), empty: dir({}) }),
};
const moved: Tree = {
  same: file('same'),
  changed: file('old', { mtime: 5 }),
  kept: file('newer here'),
  link: link('same'),
  sub: dir({ f: file('other', { mtime: 5 }) }),
};

const removing: Scenario[] = [
  {
    name: 'moved away',
    alsoOld: true,
    args: ['-aiu', '--remove-source-files', '--info=remove'],
    source: moving,
    destination: moved,
    changesSource: true,
  },
  {
    name: 'moved away, without incremental recursion, delayed',
    args: ['-ai', '--remove-source-files', '--delay-updates', '--no-whole-file'],
    source: moving,
    destination: moved,
    changesSource: true,
  },
  {
    name: 'moved away with hard links and alternates',
    args: ['-aiH', '--remove-source-files', '--link-dest=PLACE/alt', '--existing'],
    source: moving,
    destination: moved,
    around: { alt: dir({ changed: file('changed'), new: file('new') }) },
    prepare: 'ln -f "$SRC/new" "$SRC/sub/new"; ln -f "$SRC/same" "$SRC/sub/same"; ln -f dst/same dst/sub/same',
    changesSource: true,
  },
  {
    name: 'moved away, with what another folder has',
    args: ['-ai', '--remove-source-files', '--compare-dest=PLACE/alt'],
    source: { same: file('same'), link: link('same'), new: file('new') },
    around: { alt: dir({ same: file('same'), link: link('same') }) },
    changesSource: true,
  },
  {
    name: 'moved away, unsafe links made files',
    args: ['-rti', '--copy-unsafe-links', '--remove-source-files'],
    source: { same: file('same'), safe: link('same'), unsafe: link('../around') },
    around: { around: file('around') },
    changesSource: true,
  },
  {
    name: 'moved away in a dry run',
    args: ['-ain', '--remove-source-files'],
    source: moving,
    destination: moved,
    changesSource: true,
  },
  {
    name: 'moved away through links',
    args: ['-aiL', '--remove-source-files'],
    source: { real: file('r'), d: dir({ l: link('../real') }) },
    sources: ['src/d/'],
    changesSource: true,
  },
  {
    name: 'moved away from -d',
    args: ['-dli', '--remove-source-files'],
    source: moving,
    sources: ['src/', 'src/sub'],
    times: false,
    changesSource: true,
  },
];

compareScenarios([...removing, ...relative, ...following, ...scope, ...nodes]);
