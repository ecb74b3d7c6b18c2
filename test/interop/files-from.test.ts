import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peers } from '../support/peers.ts';
import { CLI, DRIFTLINE_RSYNC, type Outcome, run } from '../support/run.ts';
import { build, differences, dir, file, link, manifest, type Tree } from '../support/trees.ts';

const SOURCE: Tree = {
  a: file('1'),
  d: dir({ x: file('2'), e: dir({ y: file('3'), z: dir({ deep: file('4') }) }) }, { mode: 0o750 }),
  k: dir({ z: file('5'), 'n.o': file('6') }),
  ld: link('d'),
  '# c': file('7'),
  ' blanks ': file('8'),
  'new\nline': file('9'),
};

let root = '';
let shell = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'driftline-files-from-'));
  build(join(root, 'src'), dir(SOURCE));
  // A remote shell that stays at home: rsync hands it the words of the remote command, to be joined.
  shell = join(root, 'shell');
  writeFileSync(shell, '#!/bin/sh\nshift\neval "$*"\n', { mode: 0o755 });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

type Place = 'local' | 'pull, list here' | 'pull, list there' | 'push, list here' | 'push, list there';
const PLACES: Place[] = ['local', 'pull, list here', 'pull, list there', 'push, list here', 'push, list there'];

interface Listed {
  name: string;
  list: string;
  args?: string[];
  destination?: Tree;
  places?: Place[];
  /** The list is handed over as standard input. */
  stdin?: boolean;
}

const LISTS: Listed[] = [
  { name: 'names of files and folders', list: 'a\nd/x\nd/e/y\nk\n' },
  { name: 'comments, blank lines and line ends', list: '# c\n; a\n\na\r\n\r\nd/x\n blanks ' },
  { name: 'names that end in NUL', list: 'new\nline\0\0# c\0d/x', args: ['-0'] },
  { name: 'folders with a slash', list: 'd/e/\nk/\n' },
  { name: 'folders, descended into', list: 'd\nk/z\n', args: ['-r'] },
  { name: 'slashes in front', list: '/a\n/d/x\n//k//z\n' },
  { name: 'the folder itself', list: '.\n' },
  { name: 'dots in names', list: './a\nd/./e/y\nk/./\n' },
  // A stock client that pulls refuses what its own list asked for with dots.
  {
    name: 'names that climb',
    list: '../a\nd/../k/z\n../../etc/passwd\n',
    places: ['local', 'push, list here', 'push, list there'],
  },
  { name: 'names through a link', list: 'ld/x\nld\n' },
  { name: 'names that are missing', list: 'none\na\nd/none\n' },
  { name: 'an empty list', list: '' },
  { name: 'without parents', list: 'd/e/y\nk/z\n', args: ['--no-R'] },
  { name: 'without attributes of parents', list: 'd/e/y\nld/x\n', args: ['--no-implied-dirs'] },
  { name: 'with rules', list: 'a\nk/z\nk/n.o\nd/x\n', args: ['--exclude=*.o', '--exclude=x'] },
  {
    name: 'with deletion',
    list: 'd/e/\nk\n',
    args: ['-r', '--delete'],
    destination: {
      extra: file('e'),
      d: dir({ extra: file('e'), e: dir({ extra: file('e') }) }),
      k: dir({ extra: file('e') }),
    },
  },
  {
    name: 'missing names deleted',
    list: 'a\nk/extra\nextra\n',
    args: ['--delete-missing-args'],
    destination: { extra: file('e'), k: dir({ extra: file('e') }) },
  },
  { name: 'without frames', list: 'a\nd/x\n', args: ['--protocol=30'] },
  { name: 'an empty list without frames', list: '', args: ['--protocol=30'] },
  { name: 'standard input', list: 'a\nd/e/y\n', stdin: true, places: ['local', 'pull, list here', 'push, list here'] },
  { name: 'a long list', list: Array.from({ length: 30_000 }, (_, i) => `d/x${'/'.repeat(i % 3)}\n`).join('') + 'a\n' },
];

/** Runs the same words by one client against one server. */
async function transfer(listed: Listed, place: Place, client: 'ours' | 'stock', server: 'ours' | 'stock', to: string) {
  rmSync(join(root, to), { recursive: true, force: true });
  mkdirSync(join(root, to));
  if (listed.destination) build(join(root, to), dir(listed.destination));
  writeFileSync(join(root, 'list'), listed.list);
  const [push, pull] = [place.startsWith('push'), place.startsWith('pull')];
  const list = listed.stdin === true ? '-' : place.endsWith('there') ? `:${join(root, 'list')}` : join(root, 'list');
  const words = [
    ...(client === 'ours' ? [CLI, 'rsync'] : []),
    ...['-ai', ...(listed.args ?? []), `--files-from=${list}`],
    ...(place === 'local' ? [] : ['-e', shell]),
    ...(place === 'local' || server === 'stock' ? [] : [`--rsync-path=${DRIFTLINE_RSYNC}`]),
    `${pull ? 'h:' : ''}${join(root, 'src')}`,
    `${push ? 'h:' : ''}${join(root, to)}`,
  ];
  const program = client === 'ours' ? process.execPath : peers().rsync;
  return run(program, words, listed.stdin === true ? { input: listed.list } : {});
}

const linesOf = ({ stdout }: Outcome): string[] =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .sort();

describe.each(LISTS)('$name', (listed) => {
  it.each(listed.places ?? PLACES)('%s', async (place) => {
    const expected = await transfer(listed, place, 'stock', 'stock', 'aa');
    const tree = manifest(join(root, 'aa'), { times: false });
    const pairs =
      place === 'local'
        ? ([['ours', 'ours']] as const)
        : ([
            ['ours', 'stock'],
            ['stock', 'ours'],
          ] as const);
    for (const [client, server] of pairs) {
      const outcome = await transfer(listed, place, client, server, 'bb');
      const title = `${client} with ${server}: ${outcome.stderr}`;
      expect({ code: outcome.code, lines: linesOf(outcome) }, title).toEqual({
        code: expected.code,
        lines: linesOf(expected),
      });
      expect(differences(tree, manifest(join(root, 'bb'), { times: false })), title).toEqual([]);
    }
  });
});

it.each([
  ['d/x\nd/e/y\nd/e/z/deep\n', []],
  ['d/none\nd/x\nd/none2\nd/e/y\n', []],
  ['gone/x\na\ngone/x\nd/y\n', ['--delete-missing-args']],
  ['d/e/y\nk/z\nd\nd/x\n', ['-r', '--no-i-r']],
])('counts files as rsync does, parents that come again among them: %j', async (list, more) => {
  const destination: Tree = { gone: dir({ x: file('old') }), d: dir({ y: file('old') }) };
  const listed = { name: '', list, args: ['--stats', ...more], destination };
  for (const place of ['push, list here', 'pull, list here'] as const) {
    const [stock, ours] = [
      await transfer(listed, place, 'stock', 'stock', 'aa'),
      await transfer(listed, place, 'ours', 'stock', 'bb'),
    ];
    const counted = ({ stdout, code }: Outcome) => ({ code, lines: /^Number of files: .*$/m.exec(stdout)?.[0] });
    expect(counted(ours), ours.stderr).toEqual(counted(stock));
    expect(
      differences(manifest(join(root, 'aa'), { times: false }), manifest(join(root, 'bb'), { times: false })),
    ).toEqual([]);
  }
});

describe('a list that cannot be used', () => {
  const ours = (...args: string[]): Promise<Outcome> =>
    run(process.execPath, [CLI, 'rsync', '-a', ...args], { cwd: root });

  it('is refused before anything begins', async () => {
    const missing = await ours('--files-from=nowhere', 'src', 'dst');
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('files-from file nowhere') });
    writeFileSync(join(root, 'list'), 'a\n');
    expect(await ours('--files-from=list', 'src/a', 'dst')).toMatchObject({ code: 3 });
    expect(await ours('--files-from=list', 'src', 'src/d', 'dst')).toMatchObject({ code: 1 });
    const remote = await ours('-e', shell, `--files-from=:${join(root, 'nowhere')}`, `h:${join(root, 'src')}`, 'dst');
    expect(remote.code).not.toBe(0);
  });
});
