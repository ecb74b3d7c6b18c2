import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { looksTemporary } from '../../electron/engine/fs/temp-name.ts';
import { startService, type TestService } from '../service/harness.ts';
import { type Bench, startBench, stockRsync } from '../support/routes.ts';
import { driftline, type Outcome, run } from '../support/run.ts';
import { build, differences, dir, file, manifest, randomBytes, type Tree } from '../support/trees.ts';

/**
 * `driftline run` killed with SIGKILL while it works, and profiles that must not delete: whatever happens, each file
 * of the destination is the old one or the new one, and the next run ends equal and leaves nothing lying about.
 */
const LATER = 981_200_000;
const BIG = 24 * 1024 * 1024;
const LIMIT_MS = 60_000;

let bench: Bench;
/** What the destination holds before each run, and what the source holds. */
let old: string;
let source: string;
let destination: string;
let oldTree: Map<string, string>;
let newTree: Map<string, string>;
/** Everything we may write besides the destination. */
let ownFolders: string[];

const ours = (...words: string[]): Promise<Outcome> =>
  driftline(words, { env: { ...bench.env, TMPDIR: join(bench.folder, 'tmp') }, limitMs: LIMIT_MS });

async function succeeds(...words: string[]): Promise<Outcome> {
  const outcome = await ours(...words);
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  return outcome;
}

function smallFiles(folder: number): Tree {
  const files: Tree = {};
  for (let n = 0; n < 30; n++) files[`${n}.bin`] = file({ size: (n * 1777) % 20_000, seed: folder * 100 + n });
  return files;
}

beforeAll(async () => {
  bench = await startBench();
  [old, source, destination] = ['old', 'source', 'destination'].map((name) => join(bench.folder, name)) as [
    string,
    string,
    string,
  ];
  ownFolders = [bench.env['DRIFTLINE_HOME']!, join(bench.folder, 'tmp')];
  fs.mkdirSync(ownFolders[1]!);

  const content = randomBytes(BIG, 1);
  const tree: Tree = { a: dir(smallFiles(1)), b: dir(smallFiles(2)), c: dir(smallFiles(3)), gone: dir(smallFiles(4)) };
  build(old, dir({ ...tree, 'big.bin': file(content) }));
  delete tree['gone'];
  for (let n = 0; n < 20; n++) {
    const { children } = tree['b'] as ReturnType<typeof dir>;
    children[`${n}.bin`] = file({ size: 3000 + n * 1000, seed: 9000 + n }, { mtime: LATER });
    children[`new ${n}.bin`] = file({ size: 2000 + n * 500, seed: 9100 + n }, { mtime: LATER });
  }
  // A second half that nothing matches: both the copy of old blocks and new data take a while.
  randomBytes(BIG / 2, 2).copy(content, BIG / 2);
  build(source, dir({ ...tree, 'big.bin': file(content, { mtime: LATER }) }));
  [oldTree, newTree] = [manifest(old), manifest(source)];

  const { sshd } = bench;
  await succeeds(
    ...['host', 'add', 'nas', '--address', sshd.host, '--port', String(sshd.port), '--user', sshd.user],
    ...['--key', sshd.keyPath, '--fingerprint', sshd.hostFingerprint],
  );
  await succeeds('profile', 'add', 'push', '--source', `${source}/`, '--dest', `nas:${destination}`, '--delete');
  await succeeds('profile', 'add', 'pull', '--source', `nas:${source}/`, '--dest', destination, '--delete');
});
afterAll(() => bench.stop());

beforeEach(resetDestination);

/**
 * Links, not copies: whoever replaces files, as rsync does, leaves the other name of the old one alone. The folder itself
 * stays: the guard stops where another one has taken its place.
 */
function resetDestination(): void {
  fs.mkdirSync(destination, { recursive: true });
  for (const name of fs.readdirSync(destination)) fs.rmSync(join(destination, name), { recursive: true });
  execFileSync('cp', ['-al', `${old}/.`, destination]);
}

/** All entries below a folder, by path; an entry may vanish while somebody works there. */
function entries(folder: string): Map<string, fs.Stats> {
  const found = new Map<string, fs.Stats>();
  const visit = (at: string): void => {
    let names: string[];
    try {
      names = fs.readdirSync(join(folder, at));
    } catch {
      return;
    }
    for (const name of names) {
      const path = join(at, name);
      const stat = fs.lstatSync(join(folder, path), { throwIfNoEntry: false });
      if (stat === undefined) continue;
      found.set(path, stat);
      if (stat.isDirectory()) visit(path);
    }
  };
  visit('');
  return found;
}

interface Point {
  name: string;
  /** Looked at again and again until it is true; then the process is killed. */
  reached: () => boolean;
}

/** Points spread over a run, by what can be seen from outside: no clock decides. */
function points(count: number, seed: number): Point[] {
  const oldInodes = new Set([...entries(old).values()].map(({ ino }) => ino));
  const oldNames = [...entries(old).keys()];
  const newBytes = (): number => {
    let sum = 0;
    for (const stat of entries(destination).values()) if (stat.isFile() && !oldInodes.has(stat.ino)) sum += stat.size;
    return sum;
  };
  const total = [...entries(source)].reduce(
    (sum, [path, { size }]) => (newTree.get(path) === oldTree.get(path) ? sum : sum + size),
    0,
  );
  const locked = (): boolean =>
    fs.readdirSync(join(ownFolders[0]!, 'locks')).some((name) => name.startsWith('profile-'));
  const deleting = (): boolean => oldNames.some((path) => !fs.existsSync(join(destination, path)));
  const random = randomBytes(4 * count, seed);
  const found: Point[] = [
    { name: 'the profile is locked', reached: locked },
    { name: 'something is deleted', reached: deleting },
  ];
  for (let i = 0; found.length < count; i++) {
    const wanted = 1 + Math.floor((random.readUInt32LE(4 * i) / 2 ** 32) * total * 0.98);
    found.push({ name: `${wanted} bytes are new`, reached: () => newBytes() >= wanted });
  }
  return found;
}

/** Whether a server is still tidying up: it outlives its connection, and works inside the destination. */
function farEndWorks(): boolean {
  return fs.readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && fs.readlinkSync(`/proc/${pid}/cwd`) === destination;
    } catch {
      return false; // ended meanwhile, or somebody else's
    }
  });
}

/** Kills a run at a point. @returns false when the run ended before anybody saw that point */
async function killAt(profile: string, { reached }: Point): Promise<boolean> {
  let child: { kill(signal: 'SIGKILL'): boolean } | null = null;
  let ended = false;
  const outcome = driftline(['run', profile], {
    env: { ...bench.env, TMPDIR: ownFolders[1]! },
    limitMs: LIMIT_MS,
    onStart: (started) => (child = started),
  }).finally(() => (ended = true));
  while (!ended && !reached()) await pause(1);
  child!.kill('SIGKILL');
  const { signal } = await outcome;
  while (bench.sshd.sessionPids().length > 0 || farEndWorks()) await pause(5);
  return signal === 'SIGKILL';
}

/** Each file is old or new, whole, with its attributes; what both have is there. */
function expectNothingTorn(): void {
  const now = manifest(destination);
  const wrong: string[] = [];
  for (const [path, line] of now) {
    const isFile = line.startsWith('100');
    if (!isFile || looksTemporary(basename(path))) continue;
    if (line !== oldTree.get(path) && line !== newTree.get(path)) wrong.push(`${path}: ${line}`);
  }
  for (const path of oldTree.keys()) if (newTree.has(path) && !now.has(path)) wrong.push(`${path} is missing`);
  expect(wrong).toEqual([]);
}

const ownNames = (): string[] => ownFolders.flatMap((folder) => [...entries(folder).keys()]).sort();

describe.each(['push', 'pull'] as const)('a %s killed at 10 points', (profile) => {
  it(
    'leaves every file old or new; the next run ends equal and tidies up',
    async () => {
      await succeeds('run', profile);
      expect(differences(manifest(destination), newTree)).toEqual([]);
      const clean = ownNames();

      let leftByServer = 0;
      for (const point of points(10, profile === 'push' ? 11 : 22)) {
        let killed = false;
        for (let attempt = 0; !killed && attempt < 5; attempt++) {
          resetDestination();
          killed = await killAt(profile, point);
        }
        expect(killed, `${point.name}: seen before the run ended`).toBe(true);
        expectNothingTorn();
        if (profile === 'push') {
          leftByServer += [...entries(destination).keys()].filter((path) => looksTemporary(basename(path))).length;
        }

        await succeeds('run', profile);
        expect(differences(manifest(destination), newTree), point.name).toEqual([]);
        expect(ownNames(), point.name).toEqual(clean);
      }
      if (leftByServer > 0)
        console.log(`${leftByServer} temporary files left by rsync's server; the next run deleted them`);
      const judged = await run(stockRsync('3.5'), ['-anic', '--delete', `${source}/`, `${destination}/`]);
      expect(judged).toMatchObject({ code: 0, stdout: '', stderr: '' });
      expect(differences(manifest(source), newTree)).toEqual([]);
    },
    10 * LIMIT_MS,
  );
});

describe.each(['push', 'pull'] as const)('a %s that deletes', (direction) => {
  const empty = (): string => join(bench.folder, 'empty');

  it('deletes nothing when the source is empty, and says why', async () => {
    const profile = `empty ${direction}`;
    fs.rmSync(empty(), { recursive: true, force: true });
    fs.mkdirSync(empty());
    const ends = direction === 'push' ? [`${empty()}/`, `nas:${destination}`] : [`nas:${empty()}/`, destination];
    await succeeds('profile', 'add', profile, '--source', ends[0]!, '--dest', ends[1]!, '--delete');

    for (const words of [[], ['--yes-delete']]) {
      const outcome = await ours('run', profile, ...words);
      expect(outcome).toMatchObject({ code: 4 });
      expect(outcome.stdout + outcome.stderr).toMatch(/The source .*empty.* is empty/);
    }
    const { code, stdout } = await ours('run', profile, '--json');
    expect({ code, ...(JSON.parse(stdout) as object) }).toMatchObject({
      code: 4,
      ok: false,
      error: { kind: 'guard', code: 'empty-source' },
      result: { outcome: 'needs-attention', totals: { deleted: 0, created: 0 } },
    });
    expect(differences(manifest(destination), oldTree)).toEqual([]);
  });

  it('keeps what was made on the destination after the preview', async () => {
    const service = await startService({ homeFolder: ownFolders[0]! });
    const { id } = service.profiles.list().find(({ name }) => name === direction)!;
    const { planId, counts } = await service.previews.create(id, () => undefined, new AbortController().signal);
    // gone/ and what is in it
    expect(counts).toMatchObject({ delete: 31, create: 20, update: 21 });

    const late = { 'made later.txt': 'beside', 'gone/made later.txt': 'in a doomed folder' };
    const { result, rest } = await runPlan(service, id, planId, late);
    expect(result).toMatchObject({ totals: { created: 20, deleted: 30 } });
    const wanted = new Map(newTree);
    for (const path of ['.', 'gone', ...Object.keys(late)]) for (const tree of [rest, wanted]) tree.delete(path);
    expect(differences(rest, wanted)).toEqual([]);
  });

  it('does not write over what was made under a planned name, and then deletes nothing', async () => {
    const service = await startService({ homeFolder: ownFolders[0]! });
    const { id } = service.profiles.list().find(({ name }) => name === direction)!;
    const { planId } = await service.previews.create(id, () => undefined, new AbortController().signal);
    const { result, rest } = await runPlan(service, id, planId, { 'b/new 3.bin': 'in the way' });
    expect(result).toMatchObject({ outcome: 'partial', exitCode: 23, totals: { deleted: 0 } });
    const { issues } = await service.handlers['runs.get']({ runId: result.runId });
    expect(issues.map(({ code, path }) => [code, path])).toEqual([
      ['changed-since-preview', 'b/new 3.bin'],
      ['delete-skipped-io-error', ''],
    ]);
    const wanted = new Map([...oldTree, ...newTree]);
    for (const path of ['.', 'b', 'b/new 3.bin']) for (const tree of [rest, wanted]) tree.delete(path);
    expect(differences(rest, wanted)).toEqual([]);
  });
});

/** Makes files on the destination, then carries out the plan, which must leave them alone. */
async function runPlan(service: TestService, profileId: string, planId: string, late: Record<string, string>) {
  for (const [path, content] of Object.entries(late)) fs.writeFileSync(join(destination, path), content);
  const { runId } = await service.runs.start({ profileId, planId, confirmed: [] });
  const result = await service.runs.ended(runId);
  const kept = Object.keys(late).map((path) => [path, fs.readFileSync(join(destination, path), 'utf8')]);
  expect(Object.fromEntries(kept)).toEqual(late);
  return { result, rest: manifest(destination) };
}
