import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peers } from '../support/peers.ts';
import { CLI, DRIFTLINE_RSYNC, type Outcome, run } from '../support/run.ts';
import { build, differences, dir, edited, file, link, manifest, randomBytes, type Tree } from '../support/trees.ts';

const LARGE = randomBytes(400_000, 3);
const SOURCE: Tree = {
  a: file('1'),
  'large one': file(LARGE),
  text: file('line of text\n'.repeat(5000)),
  empty: file(''),
  d: dir({ x: file('2'), e: dir({ y: file('3') }, { mode: 0o750 }) }),
  l: link('d/x'),
};
/** Some of it old, some of it left over. */
const OLDER: Tree = {
  'large one': file(edited(LARGE, 5, 20, 9), { mtime: 1 }),
  text: file('line of text\n'.repeat(4000), { mtime: 1 }),
  gone: file('x'),
  d: dir({ gone: dir({ z: file('z') }), x: file('2') }),
};

let root = '';
let shell = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'driftline-batch-'));
  build(join(root, 'src'), dir(SOURCE));
  // A remote shell that stays at home: rsync hands it the words of the remote command, to be joined.
  shell = join(root, 'shell');
  writeFileSync(shell, '#!/bin/sh\nshift\neval "$*"\n', { mode: 0o755 });
  // What the scripts beside batch files call.
  mkdirSync(join(root, 'bin'));
  writeFileSync(join(root, 'bin/driftline'), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`, { mode: 0o755 });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

type Client = 'ours' | 'stock';
type Place = 'push' | 'pull' | 'local';
const PLACES: readonly Place[] = ['push', 'pull', 'local'];

const rsync = (client: Client, words: readonly string[], input?: Buffer): Promise<Outcome> => {
  const [program, first] = client === 'ours' ? [process.execPath, [CLI, 'rsync']] : [peers().rsync, []];
  return run(program, [...first, ...words], { cwd: root, ...(input && { input: input.toString('latin1') }) });
};

/** Starts both destinations anew: one for the transfer, one for the batch. */
function start(): void {
  for (const name of ['dst', 'replayed', 'wanted']) {
    rmSync(join(root, name), { recursive: true, force: true });
    build(join(root, name), dir(OLDER));
  }
}

/** Copies by one client against the other's server, and writes a batch. */
const write = (client: Client, place: Place, words: readonly string[]): Promise<Outcome> =>
  rsync(client, [
    ...words,
    ...(place === 'local' ? [] : ['-e', shell]),
    ...(place !== 'local' && client === 'stock' ? [`--rsync-path=${DRIFTLINE_RSYNC}`] : []),
    `${place === 'pull' ? `h:${root}/` : ''}src/`,
    `${place === 'push' ? `h:${root}/` : ''}dst/`,
  ]);

const VARIANTS: readonly { name: string; words: readonly string[] }[] = [
  { name: 'archive', words: ['-a'] },
  { name: 'deletion', words: ['-a', '--delete'] },
  { name: 'deletion before', words: ['-a', '--delete-before', '-c'] },
  { name: 'compressed', words: ['-az', '--delete'] },
  { name: 'whole files', words: ['-aW', '--exclude=empty'] },
  { name: 'in place', words: ['-a', '--inplace', '--no-whole-file'] },
  { name: 'hard links, whole list', words: ['-aH', '--no-inc-recursive'] },
  { name: 'protocol 30', words: ['-a', '--protocol=30', '--delete'] },
  { name: 'protocol 29', words: ['-az', '--protocol=29'] },
  { name: 'without attributes', words: ['-rl'] },
];

const wanted = async (words: readonly string[]): Promise<Map<string, string>> => {
  await rsync('stock', [...words, '--no-whole-file', 'src/', 'wanted/']);
  return manifest(join(root, 'wanted'), TIMES(words));
};
/** Without -t only contents are the same. */
const TIMES = (words: readonly string[]) => ({ times: !words.includes('-rl') });

const PAIRS: readonly (readonly [writer: Client, reader: Client])[] = [['ours', 'stock']];

describe.each(PAIRS)('written by %s, read by %s', (writer, reader) => {
  describe.each(VARIANTS)('$name', ({ words }) => {
    it.each(PLACES)('%s', async (place) => {
      start();
      const tree = await wanted(words);
      const written = await write(writer, place, [...words, '--write-batch=B']);
      expect(written.code, written.stderr).toBe(0);
      expect(differences(tree, manifest(join(root, 'dst'), TIMES(words)))).toEqual([]);
      const read = await rsync(reader, [...words, '--read-batch=B', 'replayed/']);
      expect(read, read.stderr).toMatchObject({ code: 0, stdout: '', stderr: '' });
      expect(differences(tree, manifest(join(root, 'replayed'), TIMES(words)))).toEqual([]);
    });
  });

  it.each(PLACES)('alone, %s: the destination stays as it is', async (place) => {
    start();
    const words = ['-aH', '--delete', '-z'];
    const tree = await wanted(words);
    const before = manifest(join(root, 'dst'));
    const written = await write(writer, place, [...words, '-i', '--only-write-batch=B']);
    expect(written.code, written.stderr).toBe(0);
    expect(written.stdout).toContain('large one\n');
    expect(differences(before, manifest(join(root, 'dst')))).toEqual([]);
    const read = await rsync(reader, [...words, '--read-batch=B', 'replayed/']);
    expect(read, read.stderr).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(differences(tree, manifest(join(root, 'replayed')))).toEqual([]);
  });
});

describe('a batch that cannot be written', () => {
  it('ends the run', async () => {
    start();
    const script = await write('ours', 'local', ['-a', '--write-batch=none/B']);
    expect(script, script.stderr).toMatchObject({ code: 11, stderr: expect.stringContaining('none/B.sh') });
    const newline = await write('ours', 'local', ['-a', '--delete', '--exclude=a\nb', '--write-batch=B']);
    expect(newline, newline.stderr).toMatchObject({ code: 1, stderr: expect.stringContaining('newline') });
    const full = await write('ours', 'local', ['-a', '--write-batch=/dev/full']);
    expect(full.code, full.stderr).not.toBe(0);
  });

  it('is none where nothing is to change, and no server makes one', async () => {
    start();
    rmSync(join(root, 'B'), { force: true });
    expect((await write('ours', 'push', ['-an', '--write-batch=B'])).code).toBe(0);
    const { code } = await write('stock', 'push', ['-a', '-M--write-batch=B']);
    expect(code).toBe(0);
    expect(() => readFileSync(join(root, 'B'))).toThrow('ENOENT');
  });
});
