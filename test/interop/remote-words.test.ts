import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { type Bench, startBench, type Transfer } from '../support/routes.ts';
import { driftline, type Outcome, run } from '../support/run.ts';
import { peers } from '../support/peers.ts';
import { build, dir, file, manifest } from '../support/trees.ts';

/** How words reach the other side: `-s`, `--old-args`, `-M`, `--trust-sender`. */
let bench: Bench;
let folder: string;

beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.stop());
beforeEach(() => {
  folder = join(bench.folder, 'words');
  mkdirSync(folder);
  build(
    join(folder, 'src'),
    dir({
      ...{
        'a.txt': file('a'),
        '.b.txt': file('b'),
        'c d': file('c'),
        "it's; $(x) `y` \\z": file('q'),
        '[n]': file('n'),
      },
      ...{ sub: dir({ 'e.txt': file('e'), deep: dir({ 'f.txt': file('f') }) }), 'a b': dir({ g: file('g') }) },
    }),
  );
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Names, modes and contents. */
async function untimed(root: string): Promise<string[]> {
  return [...(await manifest(root))].map(([name, what]) => `${name} ${what.replace(/ \d{19}/, '')}`);
}

const WAYS = ['ours', 'stockToOurs'] as const;

/**
 * The same by stock rsync and by one of the ways with us in it; each begins with what `before` makes.
 * @param made name of the destination, and what it is called in the command
 */
async function both(
  way: (typeof WAYS)[number],
  transfer: Omit<Transfer, 'destination'>,
  before: (destination: string) => void = () => {},
  [made, called] = ['dst', 'dst'],
): Promise<Outcome[]> {
  const seen: unknown[] = [];
  const outcomes: Outcome[] = [];
  for (const each of ['stock', way] as const) {
    const destination = join(folder, made);
    mkdirSync(destination);
    before(destination);
    const outcome = await bench[each]({ ...transfer, destination: join(folder, called), cwd: folder });
    outcomes.push(outcome);
    seen.push({ code: outcome.code, tree: await untimed(destination), complains: outcome.stderr !== '' });
    rmSync(destination, { recursive: true });
  }
  expect({ seen: seen[1], stderr: outcomes[1]!.stderr }).toEqual({ seen: seen[0], stderr: outcomes[1]!.stderr });
  return outcomes;
}

describe.each(WAYS)('secluded, %s', (way) => {
  const pull = (sources: string[], args = ['-rts']) =>
    both(way, { direction: 'pull', args, sources: sources.map((source) => join(folder, 'src', source)) });

  it.each([
    [['*.txt']],
    [['s?b/*/[a-z].txt']],
    [['.*']],
    [['nothing*', 'a.txt']],
    [['\\[n]', '[n]']],
    [['c d', "it's; $(x) `y` \\z"]],
    [['*/']],
    [['./s*/./e.txt']],
  ])('the wildcards of %j are expanded by the sending side', async (sources) => {
    await pull(sources);
    await pull(sources, ['-rRts']);
  });

  it('a list of names on the other side', async () => {
    writeFileSync(join(folder, 'list *'), 'c d\nsub/e.txt\n');
    await pull([''], ['-rts', `--files-from=:${folder}/list *`]);
  });

  it.each([
    ['dst', 'dst'],
    ['dst', 'd[a-s]t'],
    ["a $(b) 'c", "a $(b) 'c"],
  ])('a pushed destination %j called %j, options with blanks', async (...names) => {
    const args = ['-rts', '-b', '--suffix= (old)', '--backup-dir=b *'];
    const older = (destination: string): void => writeFileSync(join(destination, 'a.txt'), 'older');
    await both(way, { direction: 'push', args, sources: ['src/'] }, older, names);
  });
});

describe.each(WAYS)('as they are, %s', (way) => {
  it('--old-args splits paths', async () => {
    const sources = [`${folder}/src/a.txt ${folder}/src/sub`];
    await both(way, { direction: 'pull', args: ['-r', '--old-args'], sources });
  });

  it('-M for the other side alone', async () => {
    const args = ['-r', '-M--ignore-existing'];
    const existing = (destination: string): void => writeFileSync(join(destination, 'a.txt'), 'stays');
    await both(way, { direction: 'push', args, sources: ['src/'] }, existing);
  });
});

it.each(WAYS)('-M tells the server where to log (%s)', async (way) => {
  const log = join(folder, 'log *');
  const transfer = { direction: 'push', args: ['-r', `-M--log-file=${log}`], sources: ['src/'], cwd: folder } as const;
  expect((await bench[way]({ ...transfer, destination: join(folder, 'dst') })).code).toBe(0);
  expect(readFileSync(log, 'utf8')).toContain('sub/e.txt');
});

it('a log that cannot be opened does not end the transfer', async () => {
  const args = ['-r', `-M--log-file=${folder}/no/log`];
  const [, ours] = await both('stockToOurs', { direction: 'push', args, sources: ['src/'] });
  expect(ours!.stderr).toContain(
    `failed to open log-file ${folder}/no/log: ENOENT: no such file or directory\nIgnoring "log file" setting.\n`,
  );
});

it('-M of a local copy is for the receiving half', async () => {
  const outcomes = await both(
    'ours',
    { direction: 'local', args: ['-ri', '-M--ignore-existing', '-M--no-i'], sources: ['src/'] },
    (destination) => writeFileSync(join(destination, 'a.txt'), 'stays'),
  );
  expect(outcomes[1]!.code).toBe(0);
  const wrong = await bench.ours({
    ...{ direction: 'local', args: ['-r', '-M--bogus'], sources: ['src/'] },
    destination: 'd',
    cwd: folder,
  });
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('--bogus: unknown option') });
});

it('--trust-sender takes what comes', async () => {
  const script = join(folder, 'other');
  // A server that sends another file than the one it was asked for.
  writeFileSync(script, `#!/bin/sh\nshift\nexec sh -c "$(echo "$*" | sed s/a.txt/sub/)"\n`, { mode: 0o755 });
  for (const more of [[], ['--trust-sender'], ['--old-args']]) {
    const results: unknown[] = [];
    for (const command of [[peers().rsync], null]) {
      const args = ['-r', ...more, '-e', script, `h:${folder}/src/a.txt`, 'to/'];
      const outcome = await (command === null
        ? driftline(['rsync', ...args], { cwd: folder, env: bench.env })
        : run(command[0]!, args, { cwd: folder, env: bench.env }));
      results.push({
        code: outcome.code,
        names: existsSync(join(folder, 'to')) ? readdirSync(join(folder, 'to')) : [],
      });
      rmSync(join(folder, 'to'), { recursive: true, force: true });
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[1]).toMatchObject({ code: more.length === 0 ? 4 : 0 });
  }
});

it.each([
  ['', 'dst'],
  ['src/', ''],
])('an empty path is an error: %j to %j', async (source, destination) => {
  for (const more of [[], ['--old-args']]) {
    const args = ['-r', ...more, source, destination];
    const stock = await run(peers().rsync, args, { cwd: folder });
    const ours = await driftline(['rsync', ...args], { cwd: folder, env: bench.env });
    expect([ours.code, ours.stderr]).toEqual([
      stock.code,
      stock.code === 0 ? '' : expect.stringContaining(' arg specified'),
    ]);
  }
});

describe('a daemon', () => {
  let daemon: Daemon;
  beforeEach(async () => {
    daemon = await startDaemon({ modules: { data: [`path = ${folder}/src`] } });
  });
  afterEach(() => daemon.stop());

  it.each([['-rs'], ['-rs', '--protocol=30'], ['-r'], ['-r', '--old-args']])(
    'reads the words of %j',
    async (...args) => {
      for (const source of ['data/*.txt', 'data/c d', 'data/c d data/a.txt', "data/it's; $(x) `y` \\z"]) {
        const results: unknown[] = [];
        for (const program of ['stock', 'ours']) {
          const words = [...args, `${daemon.url}/${source}`, 'to/'];
          const outcome = await (program === 'stock'
            ? run(peers().rsync, words, { cwd: folder })
            : driftline(['rsync', ...words], { cwd: folder, env: bench.env }));
          results.push({
            code: outcome.code,
            names: existsSync(join(folder, 'to')) ? readdirSync(join(folder, 'to')).sort() : [],
          });
          rmSync(join(folder, 'to'), { recursive: true, force: true });
        }
        expect([source, results[1]]).toEqual([source, results[0]]);
      }
    },
  );
});
