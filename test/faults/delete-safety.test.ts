import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ErrorData } from '../../shared/errors.ts';
import { CLI, driftline, type Outcome, run } from '../support/run.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';
import { build, differences, dir, file, manifest, type Tree } from '../support/trees.ts';

/**
 * Profile runs that would lose data with stock rsync (faults.md X1, X4, X5, D13), over a real sshd: the run stops, says
 * why, and not one entry of either side changes.
 */
const USER = 12_345;
const isRoot = process.getuid?.() === 0;
const as = ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'];

let sshd: Sshd;
let folder: string;
let place: string;
let env: Record<string, string>;
let number = 0;

beforeAll(async () => {
  sshd = await startSshd();
  folder = fs.mkdtempSync(join(tmpdir(), 'driftline-faults-'));
  fs.chmodSync(folder, 0o755);
});
afterAll(async () => {
  await sshd.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  place = join(folder, `case ${++number}`);
  const home = join(place, 'home');
  fs.mkdirSync(home, { recursive: true });
  env = { HOME: home, DRIFTLINE_HOME: join(home, 'driftline'), SSH_AUTH_SOCK: '' };
  await succeeds(
    ...['host', 'add', 'nas', '--address', sshd.host, '--port', String(sshd.port), '--user', sshd.user],
    ...['--key', sshd.keyPath, '--fingerprint', sshd.hostFingerprint],
  );
});

const ours = (...words: string[]): Promise<Outcome> => driftline(words, { env });

async function succeeds(...words: string[]): Promise<void> {
  const outcome = await ours(...words);
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
}

const profile = (source: string, dest: string): Promise<void> =>
  succeeds('profile', 'add', 'it', '--source', source, '--dest', dest, '--delete');

function files(count: number, first = 0): Tree {
  const tree: Tree = {};
  for (let n = first; n < first + count; n++) tree[`f${n}`] = file(`content ${n}`);
  return tree;
}

const routes = ['local', 'push', 'pull'] as const;
type Route = (typeof routes)[number];
const far = (path: string): string => `nas:${path}`;
function profileBy(route: Route, source: string, destination: string): Promise<void> {
  return profile(
    route === 'pull' ? `${far(source)}/` : `${source}/`,
    route === 'push' ? far(destination) : destination,
  );
}

/** The run is stopped by the guard for this reason, and nothing below the folder changes. */
async function expectStopped(code: string, ...words: string[]): Promise<void> {
  const tree = (): Map<string, string> => {
    const all = manifest(place);
    return new Map([...all].filter(([path]) => path !== '.' && !/^home(\/|$)/.test(path)));
  };
  const before = tree();
  const outcome = await ours('run', 'it', '--json', ...words);
  expect(outcome.stdout, outcome.stderr).not.toBe('');
  expect(outcome.code).toBe(4);
  const { ok, error } = JSON.parse(outcome.stdout) as { ok: boolean; error: ErrorData };
  expect({ ok, kind: error.kind, codes: error.findings?.map((found) => found.code) }).toEqual({
    ok: false,
    kind: 'guard',
    codes: expect.arrayContaining([code]) as string[],
  });
  expect(differences(before, tree())).toEqual([]);
}

describe.each(routes)('X1: an empty source, %s', (route) => {
  it('deletes nothing, whatever is confirmed', async () => {
    build(join(place, 'source'), dir());
    build(join(place, 'destination'), dir({ ...files(20), sub: dir(files(3)) }));
    await profileBy(route, join(place, 'source'), join(place, 'destination'));
    await expectStopped('empty-source');
    await expectStopped('empty-source', '--yes-delete');
  });

  it('that is not there, or a file, deletes nothing', async () => {
    build(join(place, 'source'), dir(files(1)));
    build(join(place, 'destination'), dir({ ...files(20), sub: dir(files(3)) }));
    await profileBy(route, join(place, 'source'), join(place, 'destination'));
    const before = manifest(join(place, 'destination'));
    fs.rmSync(join(place, 'source'), { recursive: true });
    for (const words of [[], ['--yes-delete']]) {
      const outcome = await ours('run', 'it', ...words);
      // Of a folder on a server its rsync tells.
      expect(outcome.code, outcome.stderr).toBe(route === 'pull' ? 23 : 4);
      expect(outcome.stderr).not.toBe('');
    }
    fs.writeFileSync(join(place, 'source'), 'a file');
    expect((await ours('run', 'it', '--yes-delete')).code).not.toBe(0);
    expect(differences(before, manifest(join(place, 'destination')))).toEqual([]);
  });
});

describe.each(routes)('X4: most of the destination would go, %s', (route) => {
  it('stops before the first deletion; a person may agree', async () => {
    build(join(place, 'source'), dir(files(45)));
    build(join(place, 'destination'), dir(files(100)));
    await profileBy(route, join(place, 'source'), join(place, 'destination'));
    await expectStopped('many-deletions');
    await succeeds('run', 'it', '--yes-delete');
    expect(fs.readdirSync(join(place, 'destination'))).toHaveLength(45);
  });

  it('a smaller share is what a mirror is for', async () => {
    build(join(place, 'source'), dir(files(60)));
    build(join(place, 'destination'), dir(files(100)));
    await profileBy(route, join(place, 'source'), join(place, 'destination'));
    await succeeds('run', 'it');
    expect(fs.readdirSync(join(place, 'destination'))).toHaveLength(60);
  });
});

/** Whatever a person may confirm is confirmed. */
const AGREED = ['--yes-delete', '--confirm=destination-link', '--confirm=wrong-folder'];

describe('X5–6: one folder inside the other, or the same', () => {
  /** What leads to the outer folder: as it is, by a link, through `..`, by a bind mount. */
  const ways: [name: string, lead: (outer: string) => string][] = [
    ['as it is', (outer) => outer],
    [
      'by a link',
      (outer) => {
        fs.symlinkSync(outer, join(place, 'link'));
        return join(place, 'link');
      },
    ],
    ['through ..', (outer) => `${place}/elsewhere/../${outer.slice(place.length + 1)}`],
  ];
  if (isRoot) {
    ways.push([
      'by a bind mount',
      (outer) => {
        const bound = join(place, 'bound');
        fs.mkdirSync(bound);
        execFileSync('mount', ['--bind', outer, bound]);
        return bound;
      },
    ]);
  }

  beforeEach(() => {
    build(join(place, 'outer'), dir({ ...files(5), inner: dir(files(5, 20)) }));
    build(join(place, 'elsewhere'), dir());
    return () => {
      if (fs.existsSync(join(place, 'bound'))) execFileSync('umount', [join(place, 'bound')]);
    };
  });

  describe.each(ways)('%s', (_name, lead) => {
    it.each(routes)('the destination in the source, %s', async (route) => {
      const outer = lead(join(place, 'outer'));
      await profileBy(route, outer, join(place, 'outer/inner'));
      await expectStopped('nested-path', ...AGREED);
    });

    it.each(routes)('the source in the destination, %s', async (route) => {
      const outer = lead(join(place, 'outer'));
      await profileBy(route, join(place, 'outer/inner'), outer);
      await expectStopped('nested-path', ...AGREED);
    });

    it.each(routes)('the same folder, %s', async (route) => {
      const outer = lead(join(place, 'outer'));
      if (route === 'local' && resolve(outer) === join(place, 'outer')) {
        // Not even saved.
        const outcome = await ours(
          'profile',
          'add',
          'it',
          '--source',
          join(place, 'outer'),
          '--dest',
          outer,
          '--delete',
        );
        expect(outcome).toMatchObject({ code: 1, stderr: expect.stringContaining('are the same folder') as string });
        return;
      }
      await profileBy(route, join(place, 'outer'), outer);
      await expectStopped('same-path', ...AGREED);
    });
  });
});

describe.runIf(isRoot)('D13: part of the source cannot be read', () => {
  it.each(routes)('%s: the readable rest arrives, nothing at all is deleted', async (route) => {
    build(join(place, 'source'), dir({ ...files(50), closed: dir(files(3)), open: dir(files(2)) }));
    build(
      join(place, 'destination'),
      dir({ ...files(45), surplus: file('s'), closed: dir(files(5)), open: dir({ ...files(2), more: file('m') }) }),
    );
    fs.chmodSync(join(place, 'source/closed'), 0o700);
    let program: (...words: string[]) => Promise<Outcome> = ours;
    if (route === 'pull') {
      await succeeds('host', 'edit', 'nas', '--user', sshd.passwordUser);
      await profileBy(route, join(place, 'source'), join(place, 'destination'));
    } else {
      const key = join(place, 'home/key');
      fs.copyFileSync(sshd.keyPath, key);
      await succeeds('host', 'edit', 'nas', '--key', key);
      await profileBy(route, join(place, 'source'), join(place, 'destination'));
      const mine = route === 'local' ? ['home', 'destination'] : ['home'];
      execFileSync('chown', ['-R', `${USER}:${USER}`, ...mine.map((name) => join(place, name))]);
      program = (...words) => run(as[0]!, [...as.slice(1), process.execPath, CLI, ...words], { env });
    }
    const before = [...manifest(join(place, 'destination')).keys()];
    const outcome = await program('run', 'it', '--yes-delete', '--json');
    expect(outcome.code, outcome.stdout + outcome.stderr).toBe(23);
    const after = new Set(manifest(join(place, 'destination')).keys());
    expect(before.filter((path) => !after.has(path))).toEqual([]);
    expect([...after].filter((path) => /^f4[5-9]$/.test(path))).toHaveLength(5);
    expect(JSON.parse(outcome.stdout)).toMatchObject({ value: { outcome: 'partial', totals: { deleted: 0 } } });
  });
});
