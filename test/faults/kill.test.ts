import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../differential/random.ts';
import { type Bench, startBench } from '../support/routes.ts';
import { driftline, type Outcome } from '../support/run.ts';
import { differences, manifest } from '../support/trees.ts';
import { Mirror, SCALE, SEED } from './mirror.ts';

/**
 * faults.md P1–P3: SIGKILL at seeded moments of a run, judged from outside. 50 points, 500 with DRIFTLINE_FAULT_SCALE=10.
 * `test/interop/kill.test.ts` and `kill-writing.test.ts` have points chosen by what the run has done so far.
 */
const LIMIT_MS = 60_000;
/** The shares of all points add up to one. */
const KINDS: [name: string, share: number, words: (mirror: Mirror) => string[]][] = [
  ['a profile, push', 0.2, () => ['run', 'push']],
  ['a profile, pull', 0.2, () => ['run', 'pull']],
  ['rsync, pull', 0.2, (mirror) => [...rsync(), `peer:${mirror.source}/`, `${mirror.destination}/`]],
  ['rsync, local', 0.1, (mirror) => [...rsync(), `${mirror.source}/`, `${mirror.destination}/`]],
  ['--delay-updates', 0.1, (mirror) => [...rsync('--delay-updates'), `peer:${mirror.source}/`, mirror.destination]],
  ['--partial-dir', 0.1, (mirror) => [...rsync('--partial-dir=.part'), `peer:${mirror.source}/`, mirror.destination]],
  ['--temp-dir', 0.1, (mirror) => [...rsync(`--temp-dir=${temp}`), `peer:${mirror.source}/`, mirror.destination]],
];
/** Slow enough that most moments fall into the transfer. */
const RATE = '3m';
const rsync = (...words: string[]): string[] => [
  ...['rsync', '-a', '--delete', '--no-whole-file', `--bwlimit=${RATE}`],
  ...words,
];

let folder: string;
let bench: Bench;
let mirror: Mirror;
let own: string[];
let temp: string;
const random = new Random(SEED);

beforeAll(async () => {
  bench = await startBench();
  folder = fs.mkdtempSync(join(tmpdir(), 'driftline-faults-'));
  mirror = new Mirror(folder);
  temp = join(folder, 'temp');
  own = [bench.env['DRIFTLINE_HOME']!, join(folder, 'tmp'), temp];
  for (const each of own.slice(1)) fs.mkdirSync(each);
  const { sshd } = bench;
  await succeeds(
    ...['host', 'add', 'nas', '--address', sshd.host, '--port', String(sshd.port), '--user', sshd.user],
    ...['--key', sshd.keyPath, '--fingerprint', sshd.hostFingerprint],
  );
  const { source, destination } = mirror;
  for (const [name, from, to] of [
    ['push', `${source}/`, `nas:${destination}`],
    ['pull', `nas:${source}/`, destination],
  ] as const) {
    await succeeds('profile', 'add', name, '--source', from, '--dest', to, '--delete', `--option=--bwlimit=${RATE}`);
  }
});
afterAll(async () => {
  await bench.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

const ours = (words: readonly string[], onStart?: (child: { kill(signal: 'SIGKILL'): boolean }) => void) =>
  driftline(words, { env: { ...bench.env, TMPDIR: own[1]! }, limitMs: LIMIT_MS, ...(onStart && { onStart }) });

async function succeeds(...words: string[]): Promise<Outcome> {
  const outcome = await ours(words);
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  return outcome;
}

const below = (place: string): string[] => fs.readdirSync(place, { recursive: true, encoding: 'utf8' }).sort();
const ownNames = (): string[] => own.flatMap(below);

/** Everything the journals name. */
function journals(): string {
  const found = below(own[0]!).filter((name) => name.endsWith('.journal'));
  return found.map((name) => fs.readFileSync(join(own[0]!, name), 'latin1')).join('');
}

/** Ends a run after so many milliseconds. @returns false when it had ended by itself */
async function killedAfter(words: readonly string[], ms: number): Promise<boolean> {
  let child: { kill(signal: 'SIGKILL'): boolean } | null = null;
  const running = ours(words, (started) => (child = started));
  await Promise.race([pause(ms), running]);
  child!.kill('SIGKILL');
  const { signal } = await running;
  while (bench.sshd.sessionPids().length > 0) await pause(5);
  await mirror.quiet();
  return signal === 'SIGKILL';
}

describe.each(KINDS)('P1–3: SIGKILL at seeded moments, %s', (name, share, wordsFor) => {
  const count = Math.round(50 * SCALE * share);

  it(`${count} times: each file old or new, litter named and swept, a user’s files kept, the next run ends equal`, async () => {
    const words = wordsFor(mirror);
    mirror.reset();
    await succeeds(...words);
    mirror.reset();
    const started = performance.now();
    await succeeds(...words);
    const tookMs = performance.now() - started;
    expect(differences(manifest(mirror.destination), mirror.newTree)).toEqual([]);
    const clean = ownNames();

    let killed = 0;
    let left = 0;
    for (let n = 0; n < count; n++) {
      mirror.reset();
      const at = Math.round(random.next() * tookMs);
      const what = `${name}, killed after ${at} of ${Math.round(tookMs)} ms`;
      if (await killedAfter(words, at)) killed++;
      expect(mirror.torn(), what).toEqual([]);

      const litter = mirror.litter();
      left += litter.length;
      if (name !== 'a profile, push') {
        const named = journals();
        // Of a folder for updates its rsync's own word is kept: what is in it is whole, or named.
        const strange = litter.filter((path) => !named.includes(path) && !/^(\.~tmp~|\.part)(\/|$)/.test(path));
        expect(strange, what).toEqual([]);
        // Any next start tidies up, whatever it does.
        await succeeds('rsync', '-a', `${mirror.source}/a/0.bin`, join(folder, 'elsewhere'));
        expect(
          mirror.litter().filter((path) => litter.includes(path) && named.includes(path)),
          what,
        ).toEqual([]);
        expect(journals(), what).toBe('');
      }
      expect(mirror.torn(), what).toEqual([]);
      await succeeds(...words);
      expect(differences(manifest(mirror.destination), mirror.newTree), what).toEqual([]);
      expect(ownNames(), what).toEqual(clean);
    }
    console.log(`${name}: ${killed} of ${count} runs were killed before their end, ${left} entries were left to sweep`);
    expect(killed).toBeGreaterThan(count / 3);
  });
});
