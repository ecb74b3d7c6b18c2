import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Bench, startBench } from '../support/routes.ts';
import { CLI, driftline, type Outcome, run, type RunOptions } from '../support/run.ts';
import { startSshd } from '../support/sshd.ts';
import { differences, edited, manifest, randomBytes } from '../support/trees.ts';
import { Mirror } from './mirror.ts';
import { hasLoop, mountImage, unmount } from './mounts.ts';

/** Stopped and ended processes (faults.md P4, P5, N12, N13), sources that do not hold still (D16), refusals in words. */
const BIG = 8 * 1024 * 1024;
let bench: Bench;
let folder: string;
let mirror: Mirror;

beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.stop());
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'driftline-faults-'));
  mirror = new Mirror(join(folder, 'trees'), undefined, BIG);
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const ours = (args: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
  driftline(args, { limitMs: 200_000, ...options, env: { ...bench.env, ...options.env } });
const routes = ['push', 'pull'] as const;
const ends = (route: 'push' | 'pull'): string[] =>
  route === 'push'
    ? [`${mirror.source}/`, `peer:${mirror.destination}/`]
    : [`peer:${mirror.source}/`, `${mirror.destination}/`];
const rsync = (...words: string[]): string[] => ['rsync', '-a', '--delete', '--no-whole-file', ...words];

interface Child {
  pid?: number | undefined;
  kill(signal: NodeJS.Signals): boolean;
}

const partOf = (name: string): number => {
  const at = join(mirror.destination, name);
  return fs.statSync(at, { throwIfNoEntry: false })?.size ?? 0;
};
function onTheWay(): number {
  const names = fs.readdirSync(mirror.destination).filter((name) => name.startsWith('.big.bin.'));
  return Math.max(0, ...names.filter((name) => !mirror.newTree.has(name)).map(partOf));
}

/** Starts a run and waits until so much of the large file has come. */
async function midFile(words: readonly string[], bytes: number): Promise<{ child: Child; running: Promise<Outcome> }> {
  let child: Child | null = null;
  let ended = false;
  const running = ours(words, { onStart: (started) => (child = started) }).finally(() => (ended = true));
  while (!ended && onTheWay() < bytes) await pause(5);
  expect(ended).toBe(false);
  return { child: child!, running };
}

async function expectEqualAfter(route: 'push' | 'pull'): Promise<void> {
  const next = await ours([...rsync(), ...ends(route)]);
  expect(next, next.stderr).toMatchObject({ code: 0, stderr: '' });
  expect(differences(manifest(mirror.destination), mirror.newTree)).toEqual([]);
}

describe.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('P4: %s', (signal) => {
  it.each(routes)(
    'in the middle of a file, %s: ends at once, leaves each file old or new and nothing else',
    async (route) => {
      const { child, running } = await midFile([...rsync('--bwlimit=2m'), ...ends(route)], BIG / 4);
      const at = performance.now();
      child.kill(signal);
      const outcome = await running;
      expect(performance.now() - at).toBeLessThan(5000);
      expect(outcome.code, outcome.stderr).toBe(20);
      await mirror.quiet();
      expect(mirror.torn()).toEqual([]);
      expect(mirror.litter()).toEqual([]);
      await expectEqualAfter(route);
    },
  );
});

describe('P5: a run that was ended goes on from what it kept', () => {
  it('with --partial-dir 95 of 100 bytes saved are not sent again', async () => {
    const words = rsync('--partial-dir=.part', '--whole-file');
    const { child, running } = await midFile([...words, '--bwlimit=2m', ...ends('pull')], (BIG * 3) / 4);
    child.kill('SIGTERM');
    await running;
    await mirror.quiet();
    const saved = partOf('.part/big.bin');
    expect(saved).toBeGreaterThan(BIG / 2);
    const next = await ours([...rsync('--partial-dir=.part', '--stats'), ...ends('pull')]);
    expect(next, next.stderr).toMatchObject({ code: 0 });
    const matched = Number(/Matched data: ([\d,]+)/.exec(next.stdout)![1]!.replaceAll(',', ''));
    expect(matched).toBeGreaterThan(saved * 0.95);
    expect(differences(manifest(mirror.destination), mirror.newTree)).toEqual([]);
  });
});

describe('P6: a part that is not what it seems', () => {
  const parts: [what: string, make: (part: string, canary: string) => void][] = [
    ['of other content', (part) => fs.writeFileSync(part, randomBytes(BIG / 2, 77))],
    ['damaged', (part) => fs.writeFileSync(part, edited(fs.readFileSync(join(mirror.source, 'big.bin')), 40, 3, 5))],
    ['longer than the file', (part) => fs.writeFileSync(part, randomBytes(BIG + 5000, 78))],
    ['a link to another file', (part, canary) => fs.symlinkSync(canary, part)],
    ['a FIFO', (part) => execFileSync('mkfifo', [part])],
  ];
  it.each(parts)('%s: the run ends equal, nothing outside is touched', async (_what, make) => {
    const canary = join(folder, 'canary');
    fs.writeFileSync(canary, 'alive');
    fs.mkdirSync(join(mirror.destination, '.part'));
    make(join(mirror.destination, '.part/big.bin'), canary);
    for (const more of [[], ['--whole-file']]) {
      const outcome = await ours([...rsync('--partial-dir=.part', ...more), ...ends('pull')]);
      expect([0, 23], outcome.stderr).toContain(outcome.code);
    }
    expect(fs.readFileSync(canary, 'utf8')).toBe('alive');
    const now = manifest(mirror.destination);
    for (const name of now.keys()) if (name.startsWith('.part')) now.delete(name);
    const wanted = new Map(mirror.newTree);
    for (const tree of [now, wanted]) tree.delete('.');
    expect(differences(now, wanted)).toEqual([]);
  });
});

describe('N12: the listener of sshd', () => {
  it('killed: what runs goes on; the session killed: an error, and the next run after a restart ends equal', async () => {
    const sshd = await startSshd({ passwordUser: false });
    try {
      const config = join(bench.env['HOME']!, '.ssh/config');
      const lines = [`Host peer2`, `  HostName ${sshd.host}`, `  Port ${sshd.port}`, `  User ${sshd.user}`];
      lines.push(
        `  IdentityFile ${sshd.keyPath}`,
        '  IdentitiesOnly yes',
        `  UserKnownHostsFile ${sshd.knownHostsFile}`,
      );
      fs.appendFileSync(config, `\n${lines.join('\n')}\n`);
      const words = [...rsync('--bwlimit=2m'), `peer2:${mirror.source}/`, `${mirror.destination}/`];
      const { running } = await midFile(words, BIG / 8);
      // The parent of the oldest session process is the listener.
      const oldest = Math.min(...sshd.sessionPids());
      const stat = fs.readFileSync(`/proc/${oldest}/stat`, 'latin1');
      process.kill(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]), 'SIGKILL');
      const outcome = await running;
      expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
      expect(differences(manifest(mirror.destination), mirror.newTree)).toEqual([]);
      const gone = await ours(words);
      expect(gone.code).toBeGreaterThan(0);
      expect(gone.stderr).toMatch(/refused/);
    } finally {
      await sshd.stop();
    }
    mirror.reset();
    const { running } = await midFile([...rsync('--bwlimit=2m'), ...ends('pull')], BIG / 8);
    for (const pid of bench.sshd.sessionPids()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // ended with its parent
      }
    }
    const outcome = await running;
    expect([10, 12, 255], outcome.stderr).toContain(outcome.code);
    expect(mirror.torn()).toEqual([]);
    expect(mirror.litter()).toEqual([]);
    await expectEqualAfter('pull');
  });
});

describe('N13: our process stopped for a minute', () => {
  it.each(routes)('%s: goes on where it was', async (route) => {
    const { child, running } = await midFile([...rsync('--bwlimit=2m'), ...ends(route)], BIG / 8);
    child.kill('SIGSTOP');
    await pause(60_000);
    child.kill('SIGCONT');
    const outcome = await running;
    expect(outcome, outcome.stderr).toMatchObject({ code: 0, stderr: '' });
    expect(differences(manifest(mirror.destination), mirror.newTree)).toEqual([]);
  });

  it('longer than the timeout that the server was given: an error, and the next run ends equal', async () => {
    const { child, running } = await midFile([...rsync('--bwlimit=2m', '--timeout=5'), ...ends('pull')], BIG / 8);
    child.kill('SIGSTOP');
    await pause(15_000);
    child.kill('SIGCONT');
    const outcome = await running;
    if (outcome.code !== 0) {
      expect([10, 12, 30], outcome.stderr).toContain(outcome.code);
      expect(mirror.torn()).toEqual([]);
      expect(mirror.litter()).toEqual([]);
    }
    await expectEqualAfter('pull');
  });
});

describe.each(['push', 'pull', 'local'] as const)('D16: a source that does not hold still, %s', (route) => {
  it('runs end with 0, 23 or 24 and send what comes later; once it rests, equal', async () => {
    const at = (name: string): string => join(mirror.source, name);
    let over = false;
    const restless = (async () => {
      for (let n = 0; !over; n++) {
        fs.writeFileSync(at('a/0.bin'), 'x'.repeat((n * 37_000) % 900_000)); // grows and shrinks
        fs.appendFileSync(at('a/1.bin'), 'more');
        fs.rmSync(at('a/2.bin'), { force: true });
        if (n % 2 === 0) fs.symlinkSync('/etc/passwd', at('a/2.bin'));
        else fs.writeFileSync(at('a/2.bin'), `file again ${n}`);
        fs.rmSync(at('a/vanishing'), { recursive: true, force: true });
        if (n % 2 === 1) fs.mkdirSync(at('a/vanishing/deep'), { recursive: true });
        await pause(1);
      }
    })();
    const [from, to] = route === 'local' ? [`${mirror.source}/`, `${mirror.destination}/`] : ends(route);
    for (let n = 0; n < 8; n++) {
      const outcome = await ours([...rsync(), from!, to!]);
      expect([0, 23, 24], outcome.stderr).toContain(outcome.code);
      const rest = [...mirror.newTree].filter(([path]) => path.startsWith('b/') || path === 'big.bin');
      const now = manifest(mirror.destination);
      expect(rest.filter(([path, line]) => now.get(path) !== line)).toEqual([]);
    }
    over = true;
    await restless;
    // Links whose times differ in the fraction of a second alone are equal, as in rsync.
    fs.lutimesSync(at('a/2.bin'), 1_000_000_000, 1_000_000_000);
    const last = await ours([...rsync('-c'), from!, to!]);
    expect(last, last.stderr).toMatchObject({ code: 0 });
    expect(differences(manifest(mirror.destination), manifest(mirror.source))).toEqual([]);
  });
});

describe.runIf(hasLoop)('promise 6: a server that refuses one file', () => {
  it('is told with its words, in a profile', async () => {
    const place = join(folder, 'place');
    mountImage(join(folder, 'disk.img'), place);
    try {
      const there = new Mirror(place, undefined, 1024 * 1024);
      execFileSync('chattr', ['+i', join(there.destination, 'b')]);
      const { sshd } = bench;
      await ours([
        ...['host', 'add', 'nas', '--address', sshd.host, '--port', String(sshd.port), '--user', sshd.user],
        ...['--key', sshd.keyPath, '--fingerprint', sshd.hostFingerprint],
      ]);
      await ours(['profile', 'add', 'p', '--source', `${there.source}/`, '--dest', `nas:${there.destination}`]);
      const outcome = await run(process.execPath, [CLI, 'run', 'p'], { env: bench.env });
      expect(outcome.code).toBe(23);
      expect(outcome.stderr).toMatch(/The server says: .*new 3\.bin.*Operation not permitted/);
      execFileSync('chattr', ['-i', join(there.destination, 'b')]);
    } finally {
      unmount(place);
    }
  });
});
