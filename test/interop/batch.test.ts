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

const rsync = (client: Client, words: readonly string[]): Promise<Outcome> => {
  const [program, first] = client === 'ours' ? [process.execPath, [CLI, 'rsync']] : [peers().rsync, []];
  return run(program, [...first, ...words], { cwd: root });
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

const PAIRS: readonly (readonly [writer: Client, reader: Client])[] = [
  ['ours', 'stock'],
  ['stock', 'ours'],
  ['ours', 'ours'],
];

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
    // rsync cannot throw compressed content away that refers to what it does not keep (3.5.0, code 12).
    const words = ['-aH', '--delete', ...(writer === 'stock' && place === 'pull' ? [] : ['-z'])];
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

describe('a batch applied to another folder', () => {
  /** The same batch by both, from the same start. */
  async function both(words: readonly string[], destination: Tree) {
    const outcomes = [];
    for (const reader of ['stock', 'ours'] as const) {
      rmSync(join(root, 'replayed'), { recursive: true, force: true });
      build(join(root, 'replayed'), dir(destination));
      const outcome = await rsync(reader, [...words, '--read-batch=B', 'replayed/']);
      outcomes.push({ outcome, tree: manifest(join(root, 'replayed')) });
    }
    return { stock: outcomes[0]!, ours: outcomes[1]! };
  }
  const lines = ({ stdout }: Outcome): string[] => stdout.split('\n').sort();

  it.each(['ours', 'stock'] as const)('skips what is there already, written by %s', async (writer) => {
    start();
    expect((await write(writer, 'push', ['-a', '--write-batch=B'])).code).toBe(0);
    const { stock, ours } = await both(['-ai'], SOURCE);
    expect(stock.outcome.stdout).toContain('(Skipping batched update for "large one")');
    expect([ours.outcome.code, lines(ours.outcome)]).toEqual([stock.outcome.code, lines(stock.outcome)]);
    expect(differences(stock.tree, ours.tree)).toEqual([]);
  });

  it('skips compressed deltas, which refer to what is not there', async () => {
    start();
    expect((await write('stock', 'push', ['-az', '--write-batch=B'])).code).toBe(0);
    build(join(root, 'full'), dir(SOURCE));
    expect(await rsync('ours', ['-az', '--read-batch=B', 'full/'])).toMatchObject({ code: 0, stderr: '' });
  });

  it.each([
    ['with incremental recursion', ['-a']],
    ['with the whole list', ['-a', '--no-inc-recursive']],
  ])('leaves what it does not fit and reports it, %s', async (_, words) => {
    start();
    // What was up to date there is not in the batch.
    build(join(root, 'dst/a'), file('1'));
    expect((await write('stock', 'push', [...words, '--write-batch=B'])).code).toBe(0);
    const unlike: Tree = {
      'large one': file(randomBytes(400_000, 8), { mtime: 1 }),
      text: file('x'.repeat(60_000)),
      d: dir({ x: file('other') }),
    };
    rmSync(join(root, 'replayed'), { recursive: true });
    build(join(root, 'replayed'), dir(unlike));
    const { code, stderr } = await rsync('ours', [...words, '--read-batch=B', 'replayed/']);
    const left = manifest(join(root, 'replayed'));
    expect(code).toBe(23);
    for (const text of ['update for "a"', 'resend of "large one"', 'resend of "text"'])
      expect(stderr).toContain(`(No batched ${text.startsWith('u') ? '' : 'update for '}${text})`);
    // rsync 3.5.0 does not end after a failed attempt with incremental recursion.
    if (!words.includes('--no-inc-recursive')) return;
    build(join(root, 'again'), dir(unlike));
    expect(await rsync('stock', [...words, '--read-batch=B', 'again/'])).toMatchObject({ code: 23 });
    expect(differences(manifest(join(root, 'again')), left)).toEqual([]);
  });

  it('leaves everything as it is in a dry run', async () => {
    start();
    expect((await write('ours', 'local', ['-a', '--delete', '--write-batch=B'])).code).toBe(0);
    const { stock, ours } = await both(['-ani', '--delete'], OLDER);
    expect(lines(ours.outcome)).toEqual(lines(stock.outcome));
    expect(differences(stock.tree, ours.tree)).toEqual([]);
  });

  it('takes the options that the file was written with', async () => {
    start();
    expect((await write('ours', 'push', ['-a', '--no-inc-recursive', '--write-batch=B'])).code).toBe(0);
    const { stock, ours } = await both(['-tpv', '--info=misc'], OLDER);
    expect(ours.outcome).toMatchObject({ code: 0, stderr: '' });
    const about = (outcome: Outcome) => lines(outcome).filter((line) => line.includes('match the batchfile'));
    expect(about(ours.outcome)).toEqual(about(stock.outcome));
    expect(about(ours.outcome)).toHaveLength(6);
    expect(differences(stock.tree, ours.tree)).toEqual([]);
    expect((await write('ours', 'push', ['-a', '--write-batch=B'])).code).toBe(0);
    const before = await both(['-a', '--delete-before'], OLDER);
    expect([before.stock.outcome.code, before.ours.outcome.code]).toEqual([1, 1]);
  });
});

describe('the script beside a batch', () => {
  const script = (...words: string[]): Promise<Outcome> =>
    run('sh', ['B.sh', ...words], { cwd: root, env: { PATH: `${root}/bin:${process.env['PATH']}` } });

  it('applies it with the same options and rules', async () => {
    start();
    const words = ['-a', '--delete', '-f', 'P gone', '--exclude', "it's*", '--suffix=$x `y`'];
    const written = await write('ours', 'pull', [...words, '--write-batch=B']);
    expect(written.code, written.stderr).toBe(0);
    expect(await script('replayed/')).toMatchObject({ code: 0, stderr: '' });
    expect(differences(manifest(join(root, 'dst')), manifest(join(root, 'replayed')))).toEqual([]);
    build(join(root, 'dst'), dir({ later: file('x') }));
    expect(await script()).toMatchObject({ code: 0, stderr: '' });
    expect([...manifest(join(root, 'dst')).keys()]).not.toContain('later');
  });

  it('knows names that were listed', async () => {
    start();
    writeFileSync(join(root, 'list'), 'd/x\nd/e/\n');
    const written = await write('ours', 'push', ['-a', '--files-from=list', '--write-batch=B']);
    expect(written.code, written.stderr).toBe(0);
    expect(await script('replayed/')).toMatchObject({ code: 0, stderr: '' });
    expect(differences(manifest(join(root, 'dst')), manifest(join(root, 'replayed')))).toEqual([]);
  });
});

describe('a batch that cannot be read', () => {
  const read = (path: string) => rsync('ours', ['-a', `--read-batch=${path}`, 'replayed/']);
  /** The same as standard input. */
  const readInput = (path: string) =>
    run('sh', ['-c', 'exec "$0" "$@" <"$FILE"', process.execPath, CLI, 'rsync', '-a', '--read-batch=-', 'replayed/'], {
      cwd: root,
      env: { FILE: path },
    });

  it('is told of', async () => {
    start();
    expect(await read('none')).toMatchObject({ code: 11, stderr: expect.stringContaining('none') });
    expect(await read('src')).toMatchObject({ code: 11, stderr: expect.stringContaining('not a regular file') });
    writeFileSync(join(root, 'bad'), Buffer.from([1, 0, 0, 0, 99, 0, 0, 0]));
    expect(await read('bad')).toMatchObject({ code: 2, stderr: expect.stringContaining('too new (99 > 32)') });
    expect(await rsync('ours', ['-a', '--read-batch=bad', 'h:replayed/'])).toMatchObject({ code: 1 });
    expect(await rsync('ours', ['-a', '--read-batch=bad'])).toMatchObject({ code: 1 });
  });

  it('leaves files whole wherever it ends, also as standard input', async () => {
    start();
    expect((await write('ours', 'push', ['-a', '--write-batch=B'])).code).toBe(0);
    const whole = readFileSync(join(root, 'B'));
    const [old, full] = [manifest(join(root, 'replayed')), manifest(join(root, 'dst'))];
    start();
    expect(await readInput('B')).toMatchObject({ code: 0, stderr: '' });
    for (const end of [0, 3, 7, 9, 40, 200, 700, whole.length >> 1, whole.length - 30, whole.length - 1]) {
      start();
      writeFileSync(join(root, 'cut'), whole.subarray(0, end));
      const outcome = await (end % 2 === 0 ? read('cut') : readInput('cut'));
      expect(outcome, `${end}`).toMatchObject({ code: 12, stderr: expect.stringContaining('ends in the middle') });
      for (const [name, what] of manifest(join(root, 'replayed'))) {
        if (!/(large one|text|a|x|y)$/.test(name)) continue;
        expect([old.get(name), full.get(name)], `${end}`).toContain(what);
      }
    }
  });

  it('is not trusted with a single byte', async () => {
    start();
    expect((await write('ours', 'push', ['-a', '--write-batch=B'])).code).toBe(0);
    const whole = readFileSync(join(root, 'B'));
    for (let at = 8; at < whole.length; at += Math.ceil(whole.length / 25)) {
      start();
      const bad = Buffer.from(whole);
      bad[at]! ^= 0x55;
      writeFileSync(join(root, 'bad'), bad);
      const { code, signal, stderr } = await read('bad');
      expect(signal, `${at}`).toBe(null);
      expect(stderr, `${at}`).not.toContain('internal');
      if (code === 0) expect(stderr, `${at}`).toBe('');
    }
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

describe('names in the charsets of two sides', () => {
  const NAMES: Tree = { 'caf\xc3\xa9': file('1'), d: dir({ '\xc3\xbc': file('2') }), 'l\xc3\xa4': link('caf\xc3\xa9') };
  const LATIN: Tree = { 'caf\xe9': file('1'), d: dir({ '\xfc': file('2') }), 'l\xe4': link('caf\xe9') };
  const WORDS = ['-ai', '--delete', '--iconv=UTF-8,ISO-8859-1'];
  /** Whatever the file was written with, a reader says itself which charset it has. */
  const READERS: readonly (readonly [name: string, words: readonly string[], code: number])[] = [
    ['the same option', WORDS, 0],
    ['the other charset', ['-ai', '--iconv=ISO-8859-1'], 0],
    ['UTF-8', ['-ai', '--iconv=UTF-8'], 0],
    ['no charset', ['-ai'], 1],
  ];
  const tree = (name: string): string[] => [...manifest(join(root, name), { times: false })].map(String);

  it.each(PLACES)('%s: what each writes both read alike', async (place) => {
    rmSync(join(root, 'src'), { recursive: true });
    try {
      // Where the near side receives, the far one has ISO-8859-1.
      build(join(root, 'src'), dir(place === 'pull' ? LATIN : NAMES));
      const seen = new Map<string, unknown[]>();
      for (const writer of ['stock', 'ours'] as const) {
        rmSync(join(root, 'dst'), { recursive: true, force: true });
        mkdirSync(join(root, 'dst'));
        const written = await write(writer, place, [...WORDS, '--write-batch=B']);
        expect(written, written.stderr).toMatchObject({ code: 0, stderr: '' });
        seen.set('written', [...(seen.get('written') ?? []), tree('dst')]);
        for (const reader of ['stock', 'ours'] as const) {
          for (const [name, words, code] of READERS) {
            rmSync(join(root, 'replayed'), { recursive: true, force: true });
            mkdirSync(join(root, 'replayed'));
            const read = await rsync(reader, [...words, '--read-batch=B', 'replayed/']);
            expect(read.code, read.stderr).toBe(code);
            if (code !== 0) expect(read.stderr).toContain('Please specify the --iconv option to use this batch file.');
            seen.set(name, [
              ...(seen.get(name) ?? []),
              { stdout: read.stdout.split('\n').sort(), tree: tree('replayed') },
            ]);
          }
        }
      }
      for (const [name, [first, ...others]] of seen) for (const other of others) expect(other, name).toEqual(first);
    } finally {
      rmSync(join(root, 'src'), { recursive: true });
      build(join(root, 'src'), dir(SOURCE));
    }
  });
});
