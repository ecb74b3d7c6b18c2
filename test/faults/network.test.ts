import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { Random } from '../differential/random.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { type FaultProxy, type ProxyFault, startFaultProxy } from '../support/fault-proxy.ts';
import { type Bench, startBench } from '../support/routes.ts';
import { driftline, type Outcome, type RunOptions } from '../support/run.ts';
import { differences, manifest } from '../support/trees.ts';
import { Mirror, SCALE, SEED } from './mirror.ts';

/** faults.md N over real connections: a proxy before a stock daemon, a real sshd whose processes are killed or stopped. */
const BIG = 8 * 1024 * 1024;
type Direction = 'push' | 'pull';
const directions: Direction[] = ['push', 'pull'];

let folder: string;
let bench: Bench;
let daemon: Daemon;
let mirror: Mirror;
const random = new Random(SEED);

beforeAll(async () => {
  folder = fs.mkdtempSync(join(tmpdir(), 'driftline-faults-'));
  [bench, daemon] = await Promise.all([
    startBench(),
    startDaemon({
      modules: {
        source: [`path = ${join(folder, 'source')}`, 'read only = yes'],
        destination: [`path = ${join(folder, 'destination')}`, 'read only = no'],
      },
    }),
  ]);
  mirror = new Mirror(folder, undefined, BIG);
});
afterAll(async () => {
  await Promise.all([daemon.stop(), bench.stop()]);
  fs.rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => mirror.reset());

const ours = (args: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
  driftline(['rsync', '-a', '--delete', ...args], {
    limitMs: 300_000,
    ...options,
    env: { ...bench.env, ...options.env },
  });

/** Source and destination where the daemon, at this port, has one of them. */
function ends(direction: Direction, port: number, { source, destination } = mirror): string[] {
  const url = `rsync://127.0.0.1:${port}`;
  return direction === 'push' ? [`${source}/`, `${url}/destination/`] : [`${url}/source/`, `${destination}/`];
}
const sshEnds = (direction: Direction): string[] =>
  direction === 'push'
    ? [`${mirror.source}/`, `peer:${mirror.destination}/`]
    : [`peer:${mirror.source}/`, `${mirror.destination}/`];

async function proxied(fault: ProxyFault | null): Promise<FaultProxy> {
  const proxy = await startFaultProxy(daemon.port, fault);
  onTestFinished(() => proxy.close());
  return proxy;
}

/** One run through a proxy with a fault. */
async function through(direction: Direction, fault: ProxyFault, words: readonly string[] = []) {
  const proxy = await startFaultProxy(daemon.port, fault);
  const outcome = await ours([...words, ...ends(direction, proxy.port)]);
  const endedAt = performance.now();
  await proxy.close();
  await mirror.quiet();
  return { outcome, struck: proxy.struckAt !== null, tookMs: proxy.struckAt === null ? 0 : endedAt - proxy.struckAt };
}

/** The failure is said, nothing is torn, nothing of ours lies about, and the next run ends equal. */
async function expectHarmless(outcome: Outcome, direction: Direction, codes: readonly number[]): Promise<void> {
  expect(codes, outcome.stderr).toContain(outcome.code);
  expect(outcome.stderr).not.toBe('');
  expect(mirror.torn()).toEqual([]);
  // What a killed server leaves has the names the server gave; ours leaves nothing.
  if (direction === 'pull') expect(mirror.litter()).toEqual([]);
  await expectNextEqual(direction);
}

async function expectNextEqual(direction: Direction): Promise<void> {
  const next = await ours(ends(direction, daemon.port));
  expect(next, next.stderr).toMatchObject({ code: 0, stderr: '' });
  expect(differences(manifest(mirror.destination), mirror.newTree)).toEqual([]);
}

/** How much of the large file lies on the way somewhere, under a name of its own. */
function onTheWay(): number {
  let sum = 0;
  for (const name of fs.readdirSync(mirror.destination)) {
    if (!name.startsWith('.big.bin.') || mirror.newTree.has(name)) continue;
    sum += fs.statSync(join(mirror.destination, name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return sum;
}

const rsyncsOf = (pids: number[]): number[] =>
  pids.filter((pid) => {
    try {
      return fs.readFileSync(`/proc/${pid}/comm`, 'latin1').trim() === 'rsync';
    } catch {
      return false;
    }
  });

function signal(pids: number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // ended meanwhile
    }
  }
}

/** Starts a slow run over ssh and acts once the large file is on its way. */
async function midFile(direction: Direction, words: readonly string[], act: () => void): Promise<[Outcome, number]> {
  let ended = false;
  const running = ours(['--no-whole-file', '--bwlimit=1m', ...words, ...sshEnds(direction)]).finally(
    () => (ended = true),
  );
  while (!ended && onTheWay() < BIG / 8) await pause(5);
  expect(ended).toBe(false);
  const at = performance.now();
  act();
  return [await running, performance.now() - at];
}

describe.each(directions)('N1–2: the remote rsync killed in the middle of a file, %s', (direction) => {
  it('is no success, says so, and the next run ends equal', async () => {
    const [outcome] = await midFile(direction, [], () => signal(rsyncsOf(bench.sshd.sessionPids()), 'SIGKILL'));
    await mirror.quiet();
    expect(outcome.stderr).toMatch(/ended|killed|signal/i);
    await expectHarmless(outcome, direction, [12]);
  });
});

describe.each(directions)('N3, N17: a reset, %s', (direction) => {
  it(`at ${10 * SCALE} seeded offsets leaves each file old or new`, async () => {
    const way = direction === 'push' ? 'toServer' : 'toClient';
    const offsets = [5_000_000, ...Array.from({ length: 10 * SCALE - 1 }, () => random.int(0, 1.05 * BIG))];
    for (const at of offsets) {
      mirror.reset();
      const { outcome, struck } = await through(direction, { kind: 'reset', direction: way, at }, ['-W']);
      if (struck) await expectHarmless(outcome, direction, [5, 10, 12]);
      else expect(outcome.code, `nothing was sent at ${at}`).toBe(0);
    }
  });

  it('again and again with --partial-dir ends equal and sends little twice', async () => {
    const way = direction === 'push' ? 'toServer' : 'toClient';
    const words = ['--partial-dir=.part', '--no-whole-file'];
    let sent = 0;
    let runs = 0;
    for (let code: number | null = null; code !== 0; runs++) {
      expect(runs).toBeLessThan(20);
      const proxy = await startFaultProxy(daemon.port, { kind: 'reset', direction: way, at: 1_500_000 });
      ({ code } = await ours([...words, ...ends(direction, proxy.port)]));
      await proxy.close();
      await mirror.quiet();
      sent += proxy.seen[way];
      expect(mirror.torn().filter((line) => !line.startsWith('.part'))).toEqual([]);
    }
    expect(runs).toBeGreaterThan(2);
    expect(differences(manifest(mirror.destination), mirror.newTree)).toEqual([]);
    // Half of the large file is new and there are some small ones. Each reset costs what lies in the connection's buffers,
    // which is much on a busy machine; without the parts no run would come further than the one before.
    expect(sent).toBeLessThan(2 * BIG);
  });
});

describe.each(directions)('N4: what comes from the server stalls while what we write still goes, %s', (direction) => {
  it('fails at the timeout and a fifth', async () => {
    const timeout = 10;
    const most = direction === 'pull' ? BIG : 400;
    const offsets = [0, 30, ...Array.from({ length: 4 * SCALE }, () => random.int(60, most))];
    const results = await Promise.all(
      offsets.map(async (at) => {
        // Each has a destination of its own; a daemon's list of modules is fixed, so what it writes to is the same.
        const proxy = await proxied({ kind: 'stall', direction: 'toClient', at });
        const [from, to] = ends(direction, proxy.port);
        const own = fs.mkdtempSync(join(folder, 'stalled-'));
        const where = direction === 'push' ? `${to}${own.slice(-6)}/` : `${own}/`;
        const outcome = await ours(['-W', '--bwlimit=500', `--timeout=${timeout}`, from!, where]);
        return { at, ...outcome, tookMs: performance.now() - (proxy.struckAt ?? NaN) };
      }),
    );
    for (const { at, code, stderr, tookMs } of results) {
      const what = `stalled at ${at}: ${tookMs} ms, ${stderr}`;
      expect([30, 35, 5], what).toContain(code);
      expect(stderr, what).not.toBe('');
      expect(tookMs, what).toBeLessThan(timeout * 1200 + 1000);
      expect(tookMs, what).toBeGreaterThan(timeout * 900);
    }
    await mirror.quiet();
  });

  it('a run that takes longer than its timeout is no stall', async () => {
    const started = performance.now();
    const outcome = await ours(['-W', '--bwlimit=1m', '--timeout=3', ...ends(direction, daemon.port)]);
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    expect(performance.now() - started).toBeGreaterThan(5000);
  });
});

describe.each(directions)('N5: the remote rsync stopped, its sshd alive, %s', (direction) => {
  it('our timeout fires', async () => {
    let stopped: number[] = [];
    const [outcome, tookMs] = await midFile(direction, ['--timeout=10'], () => {
      stopped = rsyncsOf(bench.sshd.sessionPids());
      signal(stopped, 'SIGSTOP');
    });
    signal(stopped, 'SIGKILL');
    await mirror.quiet();
    expect(tookMs).toBeLessThan(13_000);
    await expectHarmless(outcome, direction, [30]);
  });
});

describe.each(directions)('N6: the sshd session stopped, %s', (direction) => {
  it('the keep-alive of ssh ends the run within a minute, without any --timeout', async () => {
    let stopped: number[] = [];
    const [outcome, tookMs] = await midFile(direction, [], () => {
      stopped = bench.sshd.sessionPids();
      signal(stopped, 'SIGSTOP');
    });
    signal(stopped, 'SIGKILL');
    await mirror.quiet();
    expect(tookMs).toBeLessThan(66_000);
    await expectHarmless(outcome, direction, [10, 12, 30, 255]);
  });
});

describe.each(directions)('N7: one bit flipped on the way, rsync://, %s', (direction) => {
  it(`at ${12 * SCALE} seeded places is refused or redone, never wrong bytes`, async () => {
    const way = direction === 'push' ? 'toServer' : 'toClient';
    let redone = 0;
    for (let n = 0; n < 12 * SCALE; n++) {
      mirror.reset();
      // Behind the list, whose names and times no sum protects.
      const at = random.int(100_000, BIG / 2);
      const fault = { kind: 'flip', direction: way, at, bit: random.int(0, 7) } as const;
      const { outcome, struck } = await through(direction, fault, ['--no-whole-file', '--timeout=20']);
      const what = `bit ${fault.bit} of byte ${at}: ${outcome.stderr}`;
      expect(struck, what).toBe(true);
      expect(mirror.torn(), what).toEqual([]);
      if (outcome.code === 0) {
        redone++;
        expect(differences(manifest(mirror.destination), mirror.newTree), what).toEqual([]);
      } else {
        await expectHarmless(outcome, direction, [2, 12, 23, 30]);
      }
    }
    console.log(`${direction}: ${redone} of ${12 * SCALE} flipped bits were made good within the run`);
  });
});

describe.each(directions)('N18: the server ends the connection before its last words, %s', (direction) => {
  it('is not success', async () => {
    const whole = await proxied(null);
    expect(await ours(['-W', ...ends(direction, whole.port)])).toMatchObject({ code: 0 });
    const total = whole.seen.toClient;
    // Numbers in the statistics take a byte more or less from run to run.
    for (let missing = 6; missing <= 24; missing += 3) {
      mirror.reset();
      const fault = { kind: 'end', direction: 'toClient', at: total - missing } as const;
      const { outcome, struck } = await through(direction, fault, ['-W']);
      expect({ struck, missing }).toEqual({ struck: true, missing });
      await expectHarmless(outcome, direction, [12]);
    }
  });
});

describe('N9–11: links', () => {
  it('2 Mbit/s: a cancel acts within two seconds', async () => {
    for (const direction of directions) {
      mirror.reset();
      let child: { kill(signal: NodeJS.Signals): boolean } | null = null;
      let ended = false;
      const words = ['-W', '--bwlimit=250', ...ends(direction, daemon.port)];
      const running = ours(words, { onStart: (started) => (child = started) }).finally(() => (ended = true));
      while (!ended && onTheWay() === 0) await pause(5);
      const at = performance.now();
      child!.kill('SIGINT');
      const outcome = await running;
      expect(performance.now() - at).toBeLessThan(2000);
      await mirror.quiet();
      await expectHarmless(outcome, direction, [20]);
    }
  });

  // A link of its own into a namespace of its own: nothing else on the machine is touched.
  describe.runIf(canLink())('a link that goes down', () => {
    const id = process.pid % 60_000;
    const [space, near, far] = [`dlns${id}`, `dla${id}`, `dlb${id}`];
    const ip = (...words: string[]) => execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
    let there: Daemon;

    beforeAll(async () => {
      ip('netns', 'add', space);
      ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', space);
      ip('addr', 'add', '198.18.77.1/30', 'dev', near);
      ip('link', 'set', near, 'up');
      ip('-n', space, 'addr', 'add', '198.18.77.2/30', 'dev', far);
      ip('-n', space, 'link', 'set', far, 'up');
      there = await startDaemon({
        address: '198.18.77.1',
        modules: {
          source: [`path = ${mirror.source}`, 'read only = yes'],
          destination: [`path = ${mirror.destination}`, 'read only = no'],
        },
      });
    });
    afterAll(async () => {
      await there?.stop();
      ip('netns', 'del', space);
    });

    async function downFor(direction: Direction, seconds: number, words: readonly string[]): Promise<Outcome> {
      const [from, to] = ends(direction, there.port).map((end) => end.replace('127.0.0.1', there.host));
      const { run, CLI } = await import('../support/run.ts');
      let ended = false;
      const args = ['netns', 'exec', space, process.execPath, CLI, 'rsync', '-a', '--delete', '-W', '--bwlimit=1m'];
      const running = run('ip', [...args, ...words, from!, to!], { env: bench.env, limitMs: 300_000 }).finally(
        () => (ended = true),
      );
      while (!ended && onTheWay() === 0) await pause(5);
      ip('link', 'set', near, 'down');
      await Promise.race([pause(seconds * 1000), running]);
      ip('link', 'set', near, 'up');
      return running;
    }

    it.each(directions)('for 3 s, %s: the run survives', async (direction) => {
      const outcome = await downFor(direction, 3, ['--timeout=30']);
      expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
      expect(differences(manifest(mirror.destination), mirror.newTree)).toEqual([]);
    });

    it.each(directions)('for 120 s, %s: the timeout ends it', async (direction) => {
      const outcome = await downFor(direction, 120, ['--timeout=20']);
      expect(outcome.code, outcome.stderr).toBe(30);
      await mirror.quiet();
      await expectHarmless(outcome, direction, [30]);
    });
  });
});

function canLink(): boolean {
  if (process.getuid?.() !== 0) return false;
  const name = `dlp${process.pid % 60_000}`;
  try {
    execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' });
    execFileSync('ip', ['-n', name, 'link', 'add', 'name', 'v0', 'type', 'veth', 'peer', 'name', 'v1'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  } finally {
    try {
      execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
    } catch {
      // never made
    }
  }
}
