import fs from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Bench, startBench } from '../support/routes.ts';
import { driftline, type Outcome } from '../support/run.ts';
import { build, differences, dir, file, manifest, randomBytes, THEN } from '../support/trees.ts';

/**
 * `driftline rsync` ended in the middle of a file, in every way of writing: SIGKILL leaves what a journal names until
 * the next start, SIGTERM leaves only what was asked for; each file is old or new but where it is written in place.
 */
const BIG = 8 * 1024 * 1024;
const content = randomBytes(BIG, 1);
const changed = Buffer.concat([content.subarray(0, BIG / 2), randomBytes(BIG / 2, 2)]);

let bench: Bench;
let source: string;
let destination: string;
let temp: string;
let shm: string | null = null;

beforeAll(async () => {
  bench = await startBench();
  [source, destination, temp] = ['source', 'destination', 'temp'].map((name) => join(bench.folder, name)) as [
    string,
    string,
    string,
  ];
  build(
    source,
    dir({
      a: file('new a'),
      big: file(changed, { mtime: THEN + 100 }),
      sub: dir({ old: file('new') }),
      z: file('new z'),
    }),
  );
  if (fs.existsSync('/dev/shm')) shm = fs.mkdtempSync('/dev/shm/driftline-kill-');
});
afterAll(async () => {
  if (shm !== null) fs.rmSync(shm, { recursive: true, force: true });
  await bench.stop();
});
beforeEach(() => {
  for (const folder of [destination, temp]) fs.rmSync(folder, { recursive: true, force: true });
  build(destination, dir({ a: file('a'), big: file(content), sub: dir({ old: file('o') }) }));
  fs.mkdirSync(temp);
});

const names = (folder: string): string[] =>
  (fs.readdirSync(folder, { recursive: true, encoding: 'latin1' }) as string[]).sort();

/** Bytes that are somewhere on the way: new names in the three places. */
function written(): number {
  let sum = 0;
  for (const folder of [destination, temp, shm]) {
    for (const name of folder === null ? [] : names(folder)) {
      if (['a', 'big', 'sub', 'sub/old', 'z'].includes(name)) continue;
      const stat = fs.lstatSync(join(folder!, name), { throwIfNoEntry: false });
      if (stat?.isFile()) sum += stat.size;
    }
  }
  return sum;
}

const args = (words: readonly string[]): string[] => [
  ...[
    'rsync',
    '-a',
    '--no-whole-file',
    '--delete',
    '--bwlimit=20m',
    ...words.map((word) => word.replace('TEMP', temp)),
  ],
  ...[`${source}/`, destination],
];

async function endedBy(
  signal: 'SIGKILL' | 'SIGTERM',
  words: readonly string[],
  reached: () => boolean,
): Promise<Outcome> {
  let child: { kill(signal: 'SIGKILL' | 'SIGTERM'): boolean } | null = null;
  let ended = false;
  const outcome = driftline(args(['--bwlimit=8m', ...words]), {
    env: bench.env,
    onStart: (started) => (child = started),
  }).finally(() => (ended = true));
  while (!ended && !reached()) await pause(1);
  child!.kill(signal);
  return outcome;
}

/** The next run makes everything right and leaves nothing anywhere. */
async function expectMended(words: readonly string[]): Promise<void> {
  const outcome = await driftline(args(words), { env: bench.env });
  expect(outcome, outcome.stderr).toMatchObject({ code: 0, stderr: '' });
  const wanted = manifest(source);
  const now = manifest(destination);
  for (const tree of [wanted, now]) for (const name of ['.', 'sub']) tree.delete(name);
  expect(differences(now, wanted)).toEqual([]);
  expect([names(temp), shm === null ? [] : names(shm)]).toEqual([[], []]);
  const journals = names(bench.env['DRIFTLINE_HOME']!).filter((name) => name.endsWith('.journal'));
  expect(journals).toEqual([]);
}

const MODES: [words: string[], left: RegExp[]][] = [
  [[], [/^\.big\.\w{6}$/]],
  [['--temp-dir=TEMP'], []],
  [['--temp-dir=SHM'], []],
  [['--partial-dir=.part'], [/^\.big\.\w{6}$/]],
  [['--delay-updates'], [/^\.~tmp~(\/a)?$/, /^\.big\.\w{6}$/]],
  [['-S', '--preallocate', '--temp-dir=TEMP', '--delay-updates'], [/^\.~tmp~(\/a)?$/]],
];

describe.each(MODES)('with %j', (mode, left) => {
  const words = (): string[] => mode.map((word) => word.replace('SHM', shm ?? temp));

  it.each([0.2, 0.9])('SIGKILL after %d of the file', async (share) => {
    const outcome = await endedBy('SIGKILL', words(), () => written() > BIG * share);
    expect(outcome.signal).toBe('SIGKILL');
    expect(fs.readFileSync(join(destination, 'big')).equals(content)).toBe(true);
    const strange = names(destination).filter(
      (name) => !['a', 'big', 'sub', 'sub/old', 'z'].includes(name) && !left.some((known) => known.test(name)),
    );
    expect(strange).toEqual([]);
    await expectMended(words());
  });
});

it.each([
  [['--partial-dir=.part'], '.part/big'],
  [['--delay-updates', '--temp-dir=TEMP'], '.~tmp~/big'],
  [['--partial'], 'big'],
])('SIGTERM with %j keeps the part', async (words, name) => {
  const outcome = await endedBy('SIGTERM', words, () => written() > BIG * 0.7);
  expect(outcome.code).toBe(20);
  const part = fs.readFileSync(join(destination, name));
  expect(part.equals(changed.subarray(0, part.length))).toBe(true);
  expect(part.length).toBeGreaterThan(BIG * 0.6);
  expect(names(temp)).toEqual([]);
  await expectMended(words);
});
