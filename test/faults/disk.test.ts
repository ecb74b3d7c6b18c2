import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../differential/random.ts';
import { type Bench, startBench } from '../support/routes.ts';
import { CLI, driftline, type Outcome, run, type RunOptions } from '../support/run.ts';
import { build, differences, dir, file, fifo, manifest, randomBytes } from '../support/trees.ts';
import { Mirror, SCALE, SEED } from './mirror.ts';
import { cutPower, failing, hasLoop, isRoot, mountImage, mountTmpfs, remount, unmount } from './mounts.ts';

/** faults.md D: real file systems that are full, read-only or gone, and system calls that strace makes fail. */
const random = new Random(SEED);

let bench: Bench;
let folder: string;
/** Where a test mounts something. */
let place: string;

beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.stop());
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'driftline-faults-'));
  place = join(folder, 'place');
});
afterEach(() => {
  unmount(place);
  fs.rmSync(folder, { recursive: true, force: true });
});

const ours = (args: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
  driftline(args, { ...options, env: { ...bench.env, ...options.env } });
/** The same with a system call failing. */
function oursWith([program, before]: [string, string[]], args: readonly string[], options: RunOptions = {}) {
  return run(program, [...before, process.execPath, CLI, ...args], { ...options, env: bench.env });
}
const journals = (): string[] =>
  fs.existsSync(bench.env['DRIFTLINE_HOME']!)
    ? fs
        .readdirSync(bench.env['DRIFTLINE_HOME']!, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.journal'))
    : [];

/** Failed with this code and these words; nothing torn, nothing left, and the next run is well once the fault is over. */
async function expectHarmless(mirror: Mirror, outcome: Outcome, code: number, words: RegExp): Promise<void> {
  expect(outcome.code, outcome.stderr).toBe(code);
  expect(outcome.stderr).toMatch(words);
  expect(mirror.torn()).toEqual([]);
  expect(mirror.litter()).toEqual([]);
  expect(journals()).toEqual([]);
}
async function expectNextEqual(mirror: Mirror, args: readonly string[]): Promise<void> {
  const next = await ours(args);
  expect(next, next.stderr).toMatchObject({ code: 0, stderr: '' });
  expect(differences(manifest(mirror.destination), mirror.newTree)).toEqual([]);
}

const routes = ['local', 'pull'] as const;
const syncWords = (mirror: Mirror, route: 'local' | 'pull', more: readonly string[] = []): string[] => [
  ...['rsync', '-a', '--delete', '--no-whole-file', ...more],
  `${route === 'pull' ? 'peer:' : ''}${mirror.source}/`,
  `${mirror.destination}/`,
];

describe.runIf(isRoot)('D1–3: no room', () => {
  // tmpfs has no hard links to the state kept elsewhere: it lies on it as well.
  it.each(routes)('for bytes, %s: the run ends at once, the old files stay', async (route) => {
    mountTmpfs(place, 'size=64m');
    const mirror = new Mirror(place);
    const used = 64 - Math.floor(fs.statfsSync(place).bavail / 256);
    remount(place, `size=${used + 1}m`);
    const outcome = await ours(syncWords(mirror, route));
    await expectHarmless(mirror, outcome, 11, /the disk is full/);
    remount(place, 'size=64m');
    await expectNextEqual(mirror, syncWords(mirror, route));
  });

  it.each(routes)('for files, %s: said as such', async (route) => {
    mountTmpfs(place, 'size=64m,nr_inodes=400');
    const mirror = new Mirror(place);
    const { files, ffree } = fs.statfsSync(place);
    remount(place, `nr_inodes=${files - ffree + 3}`);
    // What is to be deleted would make room before.
    const outcome = await ours(syncWords(mirror, route, ['--delete-after']));
    await expectHarmless(mirror, outcome, 11, /out of inodes/);
    remount(place, 'nr_inodes=1000');
    await expectNextEqual(mirror, syncWords(mirror, route));
  });

  it.each(routes)('within the quota, %s', async (route) => {
    const mirror = new Mirror(place);
    const outcome = await oursWith(failing('pwrite64:error=EDQUOT:when=4+'), syncWords(mirror, route));
    await expectHarmless(mirror, outcome, 11, /quota/);
    await expectNextEqual(mirror, syncWords(mirror, route));
  });
});

describe.runIf(isRoot)('D4–5, D10: calls that fail at the destination', () => {
  const faults: [inject: string, words: string[], code: number, said: RegExp][] = [
    ['pwrite64:error=EIO:when=5', [], 11, /input\/output error/],
    ['pwrite64:error=EIO:when=1+', [], 11, /input\/output error/],
    ['fsync:error=EIO:when=1', ['--fsync'], 23, /input\/output error/],
    ['rename:error=EACCES:when=1', [], 23, /permission denied/],
    ['rename:error=EIO:when=3+', [], 23, /input\/output error/],
  ];
  describe.each(faults)('%s %j', (inject, more, code, said) => {
    it.each(routes)('%s', async (route) => {
      const mirror = new Mirror(place);
      const outcome = await oursWith(failing(inject), syncWords(mirror, route, more));
      await expectHarmless(mirror, outcome, code, said);
      await expectNextEqual(mirror, syncWords(mirror, route));
    });
  });
});

describe.runIf(isRoot)('D6–7: calls that fail at the source', () => {
  const faults: [what: string, inject: string, path: string][] = [
    ['a file that cannot be read', 'pread64,read:error=EIO', 'a/7.bin'],
    ['a folder that cannot be listed', 'getdents64:error=EIO', 'a'],
  ];
  it.each(faults)('%s, in a profile: the rest arrives, nothing at all is deleted', async (_what, inject, path) => {
    const mirror = new Mirror(place);
    fs.utimesSync(join(mirror.source, 'a/7.bin'), 7, 7);
    await ours([
      'profile',
      'add',
      folder,
      '--source',
      `${mirror.source}/`,
      '--dest',
      mirror.destination,
      '--delete',
      '--checksum',
    ]);
    const outcome = await oursWith(failing(inject, [join(mirror.source, path)]), ['run', folder]);
    expect(outcome.code, outcome.stderr).toBe(23);
    expect(outcome.stdout + outcome.stderr).toMatch(/input\/output error|failed verification/i);
    expect([...mirror.oldTree.keys()].filter((each) => !fs.existsSync(join(mirror.destination, each)))).toEqual([]);
    const big = (tree: string): Buffer => fs.readFileSync(join(tree, 'big.bin'));
    expect(big(mirror.destination).equals(big(mirror.source))).toBe(true);
    expect(mirror.litter()).toEqual([]);
  });

  // A block device that has lost its end: the kernel's own error, without strace.
  it.runIf(hasLoop)('a disk that has lost its end, in a profile', async () => {
    const image = join(folder, 'disk.img');
    mountImage(image, place, 'ext2', 8);
    fs.mkdirSync(join(place, 'source'));
    for (let n = 0; n < 12; n++) fs.writeFileSync(join(place, `source/f${n}`), randomBytes(512 * 1024, n));
    unmount(place);
    const size = fs.statSync(image).size;
    mountImage(image, place, 'ext2');
    fs.readdirSync(join(place, 'source'));
    fs.truncateSync(image, size - 3 * 1024 * 1024);
    const readable = fs.readdirSync(join(place, 'source')).filter((name) => {
      try {
        return fs.readFileSync(join(place, 'source', name)).length > 0;
      } catch {
        return false;
      }
    });
    expect(readable.length).toBeGreaterThan(0);
    expect(readable.length).toBeLessThan(12);

    build(join(folder, 'mirror'), dir({ surplus: file('s'), f0: file('old') }));
    await ours([
      'profile',
      'add',
      folder,
      '--source',
      `${place}/source/`,
      '--dest',
      join(folder, 'mirror'),
      '--delete',
    ]);
    const outcome = await ours(['run', folder, '--yes-delete']);
    expect(outcome.code, outcome.stderr).toBe(23);
    for (const name of readable) expect(fs.existsSync(join(folder, 'mirror', name)), name).toBe(true);
    expect(fs.existsSync(join(folder, 'mirror/surplus'))).toBe(true);
  });
});

describe.runIf(isRoot)('D8: every write takes five seconds', () => {
  it('a run can be cancelled all the same', async () => {
    const mirror = new Mirror(place);
    const slow = failing('pwrite64:delay_enter=5000000');
    await ours(['profile', 'add', folder, '--source', `${mirror.source}/`, '--dest', mirror.destination, '--delete']);
    let ended = false;
    const words = ['-f', join(folder, 'pid'), process.execPath, CLI, 'run', folder];
    const running = run(slow[0], [...slow[1], 'sh', '-c', 'echo $$ > "$2"; shift 2; exec "$@"', 'sh', ...words], {
      env: bench.env,
    }).finally(() => (ended = true));
    while (!ended && !mirror.litter().some((name) => name.startsWith('.big'))) await pause(20);
    expect(ended).toBe(false);
    const pid = Number(fs.readFileSync(join(folder, 'pid'), 'utf8'));
    const at = performance.now();
    process.kill(pid, 'SIGINT');
    const outcome = await running;
    // The write under way ends first: nothing interrupts it.
    expect(performance.now() - at).toBeLessThan(12_000);
    expect(outcome.code, outcome.stderr).toBe(20);
    expect(mirror.torn()).toEqual([]);
    // A worker that does not come back is ended; what it left is named, and swept by the next start.
    expect(journals()).toHaveLength(mirror.litter().length);
    await ours(['rsync', '-a', `${mirror.source}/a/0.bin`, join(folder, 'elsewhere')]);
    expect(mirror.litter()).toEqual([]);
    expect(journals()).toEqual([]);
  });
});

describe.runIf(hasLoop)('D9: power cuts', () => {
  const words = (mirror: Mirror): string[] => syncWords(mirror, 'local', ['--fsync', '--bwlimit=8m']);

  it(`at ${5 * SCALE} seeded moments of a run with --fsync: each file old, new or absent`, async () => {
    for (let n = 0; n < 5 * SCALE; n++) {
      const image = join(folder, `disk${n}.img`);
      mountImage(image, place);
      const mirror = new Mirror(place, undefined, 4 * 1024 * 1024);
      const safe = new Mirror(join(folder, `safe${n}`), undefined, 4 * 1024 * 1024);
      execFileSync('sync', ['-f', place]);
      const running = ours(['rsync', ...words(mirror).slice(1, -2), `${safe.source}/`, `${mirror.destination}/`]);
      await Promise.race([pause(random.int(300, 2000)), running]);
      cutPower(place);
      const outcome = await running;
      unmount(place);
      mountImage(image, place);
      expect(mirror.torn(), outcome.stderr).toEqual([]);
      await expectNextEqual(mirror, [
        'rsync',
        ...words(mirror).slice(1, -2),
        `${safe.source}/`,
        `${mirror.destination}/`,
      ]);
      unmount(place);
      fs.rmSync(image);
    }
  });
});

describe.runIf(isRoot)('D11: what cannot be changed', () => {
  it('a read-only destination fails before anything is sent', async () => {
    mountTmpfs(place, 'size=64m');
    const mirror = new Mirror(place);
    remount(place, 'ro');
    for (const route of routes) {
      const outcome = await ours(syncWords(mirror, route));
      expect([11, 23], outcome.stderr).toContain(outcome.code);
      expect(outcome.stderr).toMatch(/read-only/);
    }
    expect(differences(manifest(mirror.destination), mirror.oldTree)).toEqual([]);
    remount(place, 'rw');
  });

  it.runIf(hasLoop)('an immutable file costs itself alone', async () => {
    mountImage(join(folder, 'disk.img'), place);
    const mirror = new Mirror(place);
    // Links of the old state share it: the destination gets a file of its own.
    const target = join(mirror.destination, 'big.bin');
    fs.copyFileSync(target, `${target}.copy`);
    fs.renameSync(`${target}.copy`, target);
    execFileSync('chattr', ['+i', target]);
    const before = fs.readFileSync(target);
    const outcome = await ours(syncWords(mirror, 'pull'));
    expect(outcome.code, outcome.stderr).toBe(23);
    expect(outcome.stderr).toMatch(/big\.bin.*operation not permitted/);
    expect(fs.readFileSync(target).equals(before)).toBe(true);
    expect(mirror.litter()).toEqual([]);
    expect(fs.existsSync(join(mirror.destination, 'b/new 3.bin'))).toBe(true);
    execFileSync('chattr', ['-i', target]);
    await expectNextEqual(mirror, syncWords(mirror, 'pull'));
  });
});

describe('D18–19: what stands where a file goes', () => {
  it('a FIFO or a socket never blocks a run; a folder with content stays unless its removal was asked for', async () => {
    build(join(folder, 'source'), dir({ a: file('new a'), b: file('new b'), c: file('new c'), pipe: fifo() }));
    build(join(folder, 'destination'), dir({ a: fifo(), b: dir({ kept: file('k') }), c: file('old') }));
    const open = fs.openSync(join(folder, 'destination/c'), 'r');
    const words = ['rsync', '-rt', `${folder}/source/`, `${folder}/destination/`];
    const outcome = await ours(words, { limitMs: 60_000 });
    expect(outcome.code, outcome.stderr).toBe(23);
    expect(outcome.stderr).toMatch(/\bb\b/);
    expect(fs.readFileSync(join(folder, 'destination/a'), 'utf8')).toBe('new a');
    expect(fs.readFileSync(join(folder, 'destination/b/kept'), 'utf8')).toBe('k');
    // Whoever had the old file open still reads it.
    expect(fs.readFileSync(open, 'utf8')).toBe('old');
    fs.closeSync(open);
    const forced = await ours([...words.slice(0, 2), '--force', ...words.slice(2)], { limitMs: 60_000 });
    expect(forced, forced.stderr).toMatchObject({ code: 0 });
    expect(fs.readFileSync(join(folder, 'destination/b'), 'utf8')).toBe('new b');
  });
});

describe.runIf(isRoot)('D20, X3: the volume of the destination goes away', () => {
  it('in the middle of a run: nothing is written into the bare folder; the next run of the profile is refused', async () => {
    mountTmpfs(place, 'size=64m');
    const mirror = new Mirror(folder, join(folder, 'place/destination'));
    const profile = [
      'profile',
      'add',
      folder,
      '--source',
      `${mirror.source}/`,
      '--dest',
      mirror.destination,
      '--delete',
    ];
    await ours([...profile, '--option=--bwlimit=2m']);
    expect(await ours(['run', folder])).toMatchObject({ code: 0 });
    for (const name of fs.readdirSync(mirror.destination))
      fs.rmSync(join(mirror.destination, name), { recursive: true });
    let ended = false;
    const running = ours(['run', folder, '--confirm=destination-emptied']).finally(() => (ended = true));
    while (!ended && fs.readdirSync(mirror.destination).length === 0) await pause(5);
    unmount(place, true);
    const outcome = await running;
    expect(fs.readdirSync(place), outcome.stderr).toEqual([]);
    fs.mkdirSync(mirror.destination);
    const next = await ours(['run', folder]);
    expect(next.code, next.stderr).toBe(4);
    expect(fs.readdirSync(mirror.destination)).toEqual([]);
  });
});

describe.runIf(process.platform === 'linux')('D21: ten thousand files', () => {
  it('on a slow disk take a bounded number of open files', async () => {
    for (let n = 0; n < 100; n++) {
      fs.mkdirSync(join(folder, `source/${n}`), { recursive: true });
      for (let k = 0; k < 100; k++) fs.writeFileSync(join(folder, `source/${n}/${k}`), `${n} ${k}`);
    }
    let most = 0;
    let ended = false;
    let pid = 0;
    const words = ['rsync', '-a', `peer:${folder}/source/`, `${folder}/destination/`];
    const running = ours(words, { onStart: (child) => (pid = child.pid!) }).finally(() => (ended = true));
    while (!ended) {
      try {
        most = Math.max(most, fs.readdirSync(`/proc/${pid}/fd`).length);
      } catch {
        // not yet there, or ended
      }
      await pause(2);
    }
    expect(await running).toMatchObject({ code: 0 });
    expect(most).toBeGreaterThan(10);
    expect(most).toBeLessThan(128);
  });
});
