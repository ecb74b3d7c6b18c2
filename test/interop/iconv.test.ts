import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startDaemon } from '../support/daemon.ts';
import { type Bench, startBench } from '../support/routes.ts';
import { peers } from '../support/peers.ts';
import { driftline, run } from '../support/run.ts';
import {
  build,
  differences,
  dir,
  edited,
  file,
  link,
  manifest,
  type Node,
  randomBytes,
  type Tree,
} from '../support/trees.ts';
import { compareScenarios } from './compare.ts';
import type { RouteName, Scenario } from './scenarios.ts';

const big = randomBytes(900_000, 3);

/** Names whose order differs between UTF-8 and ISO-8859-1, so that the two sides sort nothing alike. */
const words: Tree = {
  'z.txt': file('z'),
  'ä.txt': file('ae'),
  '\xa0nbsp': file('nbsp'),
  '\xff': file('y'),
  '~': file('tilde'),
  link: link('ä.txt'),
  lïnk: link('süb/ü'),
  süb: dir({
    ü: file('ue'),
    a: file('a'),
    été: dir({ noël: file('25'), b: file('b') }),
    'z dir': dir({ c: file('c') }),
  }),
  Über: dir({ ñ: file('n'), 'plain dir': dir({ d: file('d') }) }),
  'plain dir': dir({ x: file('x'), Ø: dir({ y: file(big) }) }),
  'ÿ dir': dir({}),
};

/** A tree whose names and link targets are text, as it stands in a charset. */
function stored(tree: Tree, charset: 'utf8' | 'latin1'): Tree {
  const bytes = (text: string): string => Buffer.from(text, charset).toString('latin1');
  const of = (node: Node): Node => {
    if (node.kind === 'dir') return { ...node, children: stored(node.children, charset) };
    return node.kind === 'link' ? { ...node, target: bytes(node.target) } : node;
  };
  return Object.fromEntries(Object.entries(tree).map(([name, node]) => [bytes(name), of(node)]));
}

const outdated: Tree = {
  'ä.txt': file('old'),
  'z.txt': file('z'),
  göne: dir({ ø: file('o'), p: file('p') }),
  göne2: file('x'),
  süb: dir({ 'extra é': file('e'), ü: file('older'), été: file('was a file') }),
  'plain dir': dir({ Ø: dir({ y: file(edited(big, 5, 900, 8), { mtime: 1 }) }) }),
};

const PUSHES: RouteName[] = ['push', 'local', 'push from rsync'];
const PULLS: RouteName[] = ['pull', 'pull by rsync'];

interface Case extends Omit<Scenario, 'source' | 'destination'> {
  source?: Tree;
  /** Whether the source is UTF-8 and the destination ISO-8859-1, or the other way round. */
  toLatin?: boolean;
  destination?: Tree;
  /** Names in the source that are bytes. */
  raw?: Tree;
}

/** The source in one charset, the destination in the other; which of them is whose depends on the direction. */
function both({ source = words, raw = {}, destination, toLatin = true, ...rest }: Case): Scenario[] {
  const [from, to] = toLatin ? (['utf8', 'latin1'] as const) : (['latin1', 'utf8'] as const);
  const names = { utf8: 'utf-8', latin1: 'ISO-8859-1' };
  const scenario = (all: RouteName[], value: string, way: string): Scenario => ({
    ...rest,
    name: `${rest.name}, from ${names[from]} to ${names[to]}, ${way}`,
    args: [...rest.args, `--iconv=${value}`],
    source: { ...stored(source, from), ...raw },
    ...(destination && { destination: stored(destination, to) }),
    routes: (rest.routes ?? all).filter((route) => all.includes(route)),
  });
  return [
    scenario(PUSHES, `${names[from]},${names[to]}`, 'pushed'),
    scenario(PULLS, `${names[to]},${names[from]}`, 'pulled'),
  ];
}

const hardLinked: Tree = { ...words, één: file('one file', { nsec: 5 }) };
/** More names of that file, which sort differently in the two charsets. */
const LINKS = `cd "$SRC"; sub=$(echo s*b); find . -maxdepth 1 -size 8c -links 1 -printf '%f\\n' | while read -r one
  do for name in "a $one" "$one z" "$sub/$one" "$sub/q"; do ln "$one" "$name"; done; done`;

/** Letters that ISO-8859-1 lacks, and bytes that are no UTF-8, among names that are in order. */
const inUtf8Alone: Tree = {
  ...words,
  'ä€': file('euro'),
  süb: dir({
    '€': file('euro'),
    a: file('a'),
    '€uro': dir({ in: file('side'), deep: dir({ er: file('e') }) }),
    z: file('z'),
  }),
};
/** Bytes that are no UTF-8. */
const broken: Tree = {
  'bad\xff': file('bad'),
  '\x80 dir': dir({ in: file('side'), deep: dir({ er: file('e') }) }),
  more: dir({ '\xe9\x80': file('bad'), 'link to bad': link('\xff'), ok: file('good'), z: dir({ '\xfe': dir({}) }) }),
};
const latin1 = (text: string): Node => file(Buffer.from(text, 'latin1'));

const WHOLE_LIST = '--no-inc-recursive';
const delta = ['--delete', '--no-whole-file'];
const cases: Case[] = [
  ...[true, false].flatMap((toLatin): Case[] => [
    { name: 'names to nowhere', alsoOld: true, toLatin, args: ['-ai'] },
    { name: 'names to nowhere in one list', toLatin, args: ['-ai', WHOLE_LIST] },
    { name: 'names to nowhere by protocol 29', toLatin, args: ['-ai', '--protocol=29'] },
    { name: 'the same again', toLatin, args: ['-ai'], destination: words },
    { name: 'a dry run', toLatin, args: ['-ain'] },
    { name: 'hard links', alsoOld: true, toLatin, args: ['-aiH'], source: hardLinked, prepare: LINKS },
    { name: 'hard links in one list', toLatin, args: ['-aiH', WHOLE_LIST], source: hardLinked, prepare: LINKS },
    { name: 'a folder by its name', toLatin, args: ['-ai'], sources: ['src'] },
    { name: 'empty folders left out', toLatin, args: ['-aim'] },
    { name: 'a delta with deletion', alsoOld: true, toLatin, args: ['-a', ...delta], destination: outdated },
    { name: 'deletion in one list', toLatin, args: ['-ac', '--delete', WHOLE_LIST], destination: outdated },
    { name: 'deletion after', toLatin, args: ['-a', '--delete-after'], destination: outdated },
    { name: 'deletion delayed', toLatin, args: ['-a', '--delete-delay'], destination: outdated },
  ]),
  // A client that is not itself in UTF-8 is told of deletions twice encoded by rsync.
  { name: 'deletion, item by item', args: ['-ai', ...delta], destination: outdated },
  {
    name: 'letters the other side lacks',
    args: ['-ai', '--delete', WHOLE_LIST],
    source: inUtf8Alone,
    destination: outdated,
    // A client of rsync 3.5 takes a name that it cannot convert for one that was not asked for.
    routes: [...PUSHES, 'pull by rsync'],
  },
  { name: 'names that are none', args: ['-ai', '--delete'], raw: broken, destination: outdated },
  {
    name: 'names that are none, in one list',
    args: ['-aiH', '--delete', WHOLE_LIST],
    raw: broken,
    destination: outdated,
  },
  {
    name: 'an argument out of sight',
    args: ['-ais'],
    sources: ['src/süb'],
    destination: {},
    toLatin: false,
    routes: PULLS,
  },
  {
    name: 'a destination out of sight',
    args: ['-ais'],
    target: 'dst/ü',
    destination: {},
    routes: ['push', 'push from rsync'],
  },
  {
    name: 'listed names',
    args: ['-ais', '--files-from=PLACE/list'],
    around: { list: file(Buffer.from('süb/ü\nplain dir/Ø\nÜber\n')) },
    toLatin: false,
    routes: PULLS,
  },
  {
    name: 'names listed on the other side',
    args: ['-ais', '--files-from=:PLACE/list'],
    around: { list: latin1('süb/ü\nplain dir/Ø\nÜber\n') },
    routes: ['push', 'push from rsync'],
  },
];

compareScenarios(cases.flatMap(both).filter(({ routes }) => routes?.length !== 0));

describe('by other ways', () => {
  let bench: Bench;
  let place: string;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench.stop());
  beforeEach(() => {
    place = mkdtempSync(join(bench.folder, 'place-'));
  });

  it.each(['3.5', '3.2.7'] as const)('pulls from rsync %s what it can name, and deletes nothing', async (release) => {
    build(join(place, 'src'), dir(stored(inUtf8Alone, 'utf8')));
    build(join(place, 'dst'), dir({ here: file('stays') }));
    const outcome = await bench.ours(
      {
        direction: 'pull',
        args: ['-aH', '--delete', '--iconv=ISO-8859-1,utf-8'],
        sources: [join(place, 'src/')],
        destination: join(place, 'dst'),
      },
      release,
    );
    expect(outcome.code).toBe(23);
    expect(outcome.stderr).toContain(Buffer.from('cannot convert filename: ä€').toString('latin1'));
    const all = { ...words, süb: dir({ a: file('a'), z: file('z') }), here: file('stays') };
    build(join(place, 'wanted'), dir(stored(all, 'latin1')));
    expect(differences(manifest(join(place, 'wanted')), manifest(join(place, 'dst')))).toEqual([]);
  });

  it('takes the charsets from RSYNC_ICONV, and `.` for that of the locale', async () => {
    build(join(place, 'src'), dir(stored(words, 'latin1')));
    build(join(place, 'wanted'), dir(stored(words, 'utf8')));
    const copy = async (name: string, args: string[], env: Record<string, string>): Promise<string[]> => {
      const all = ['rsync', '-a', ...args, join(place, 'src/'), join(place, name)];
      const outcome = await driftline(all, { env: { ...bench.env, ...env } });
      expect(outcome).toMatchObject({ code: 0, stderr: '' });
      return differences(manifest(join(place, 'wanted')), manifest(join(place, name)));
    };
    expect(await copy('a', [], { RSYNC_ICONV: 'latin1,utf8' })).toEqual([]);
    expect(await copy('b', ['--iconv=.,utf8'], { LC_ALL: 'de_DE.ISO-8859-1' })).toEqual([]);
    expect(await copy('c', ['--no-iconv'], { RSYNC_ICONV: 'latin1,utf8' })).not.toEqual([]);
  });

  it('starts nothing with a charset that a side does not know', async () => {
    build(join(place, 'src'), dir({ x: file('x') }));
    const push = (iconv: string) => ({
      ...{ direction: 'push' as const, args: ['-a', `--iconv=${iconv}`], sources: [join(place, 'src/')] },
      destination: join(place, 'dst'),
    });
    const here = await bench.ours(push('nonsense'));
    expect(here.code).toBe(4);
    expect(here.stderr).toContain('nonsense');
    expect((await bench.ours(push('utf8,nonsense'))).code).not.toBe(0);
    const words = ['--server', '-re.iLsfxCIvu', '--iconv=nonsense', '.', join(place, 'dst')];
    expect((await driftline(['rsync', ...words], bench)).code).toBe(4);
    expect((await run(peers().rsync, words)).code).toBe(4);
    expect(existsSync(join(place, 'dst'))).toBe(false);
  });

  it('asks a daemon for its own charset', async () => {
    const daemon = await startDaemon({ modules: { old: ['charset = ISO-8859-1', 'read only = no'], plain: [] } });
    try {
      build(join(daemon.folder, 'old'), dir(stored(words, 'latin1')));
      build(join(place, 'wanted'), dir(stored(words, 'utf8')));
      const pulled = await driftline(['rsync', '-aH', '--iconv=utf8', `${daemon.url}/old/`, join(place, 'dst')], bench);
      expect(pulled).toMatchObject({ code: 0, stderr: '' });
      expect(differences(manifest(join(place, 'wanted')), manifest(join(place, 'dst')))).toEqual([]);
      const pushed = ['rsync', '-as', '--iconv=utf8', join(place, 'dst/süb'), `${daemon.url}/old/Über`];
      expect(await driftline(pushed, bench)).toMatchObject({ code: 0, stderr: '' });
      const noel = Buffer.from(join(daemon.folder, 'old/Über/süb/été/noël'), 'latin1');
      expect(readFileSync(noel, 'utf8')).toBe('25');
      const refused = await driftline(
        ['rsync', '-a', '--iconv=utf8', `${daemon.url}/plain/`, join(place, 'no')],
        bench,
      );
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain('iconv');
    } finally {
      await daemon.stop();
    }
  });
});
