import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CliFailure, CliValue } from '../../shared/model/cli.ts';
import { runOnTerminal } from '../support/pty.ts';
import { CLI, type Outcome, run } from '../support/run.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';
import { build, differences, dir, file, manifest } from '../support/trees.ts';

/** Several processes on the same settings, and commands with nobody to ask. */
let sshd: Sshd;
let folder: string;
let env: Record<string, string>;
const children: ChildProcess[] = [];
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-processes-'));
  mkdirSync(at('home'));
  env = { HOME: at('home'), DRIFTLINE_HOME: at('driftline'), SSH_AUTH_SOCK: '' };
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
  }
  rmSync(folder, { recursive: true, force: true });
});

const at = (name: string): string => join(folder, name);
const alone = (...words: string[]): Promise<Outcome> => run('setsid', ['-w', process.execPath, CLI, ...words], { env });
async function json<T>(...words: string[]): Promise<T & { code: number | null }> {
  const { stdout, code } = await alone(...words, '--json');
  return { ...(JSON.parse(stdout) as T), code };
}
const status = async (...words: string[]): Promise<{ code: number | null; value: CliValue<'status'> }> =>
  json('status', ...words);

/** A run that sends one slow file and is at it when this resolves. */
async function slowRun(): Promise<ChildProcess> {
  build(at('src'), dir({ big: file({ size: 3_000_000, seed: 1 }) }));
  await alone('profile', 'add', 'p', '--source', at('src/'), '--dest', at('dst'), '--option=--bwlimit=300k');
  const child = spawn(process.execPath, [CLI, 'run', 'p'], { env: { ...process.env, ...env }, stdio: 'ignore' });
  children.push(child);
  const locks = at('driftline/locks');
  await expect
    .poll(() => readdirSync(locks).filter((name) => name.startsWith('profile-')).length, { timeout: 20_000 })
    .toBe(1);
  return child;
}

describe('while another process runs a profile', () => {
  it('it is not started again, and neither is another one to its destination; both say who is at it', async () => {
    const child = await slowRun();
    await alone('profile', 'add', 'q', '--source', at('src/'), '--dest', at('dst'));
    for (const [name, code] of [
      ['p', 'profile-busy'],
      ['q', 'destination-busy'],
    ] as const) {
      const refused = await json<CliFailure>('run', name);
      expect([refused.code, refused.error.code]).toEqual([4, code]);
      expect(refused.error.message).toMatch(
        new RegExp(`\\(process ${child.pid}, since \\d{4}-\\d\\d-\\d\\d [\\d:]{8}\\)`),
      );
    }
    const { code, value } = await status('p');
    expect(code).toBe(0);
    expect(value).toMatchObject([{ name: 'p', outcome: 'running', level: 'ok', running: { pid: child.pid } }]);
    expect(await json<CliFailure>('profile', 'remove', 'p')).toMatchObject({ error: { code: 'profile-busy' } });
    child.kill('SIGKILL');
  });

  it('another run waits for its end with --wait, or takes over when it was killed', async () => {
    const child = await slowRun();
    await alone('profile', 'edit', 'p', '--option=');
    const waiting = await run(process.execPath, [CLI, 'run', 'p', '--wait'], {
      env,
      onStart: (second) => {
        // It says whom it waits for; then that one dies.
        second.stderr!.once('data', () => child.kill('SIGKILL'));
      },
    });
    expect(waiting).toMatchObject({ code: 0 });
    expect(waiting.stderr).toContain(`is running already (process ${child.pid}, since `);
    expect(differences(manifest(at('src')), manifest(at('dst')))).toEqual([]);
    const { value } = await json<{ value: CliValue<'history'> }>('history');
    expect(value.map(({ result }) => result?.outcome)).toEqual(['success', 'interrupted']);
  });
});

it('status tells a monitor what is wrong', async () => {
  build(at('src'), dir({ a: file('a') }));
  await alone('profile', 'add', 'good', '--source', at('src/'), '--dest', at('dst'));
  await alone('profile', 'add', 'bad', '--source', at('missing/'), '--dest', at('other'));
  expect((await status()).code).toBe(0);
  await alone('run', 'good');
  expect(await status('good', '--max-age', '1h')).toMatchObject({ code: 0, value: [{ outcome: 'success' }] });
  expect((await alone('run', 'bad')).code).not.toBe(0);
  const text = await alone('status');
  expect(text.code).toBe(4);
  expect(text.stdout).toMatch(/^bad {3}.*\n(.*\n)?good {2}Last run just now, 1 file, 1 byte copied\n$/);
  expect(text.stdout).not.toContain('\x1b');
  expect(await status('bad', '--max-age', '1h')).toMatchObject({ code: 4, value: [{ overdue: true, copiedAt: null }] });
});

describe('with nobody to ask', () => {
  it('an unknown server stops a run with its fingerprint and the command that accepts it', async () => {
    build(at('src'), dir({ a: file('a') }));
    const login = ['--address', sshd.host, '--port', String(sshd.port), '--user', sshd.user, '--key', sshd.keyPath];
    await alone('host', 'add', 'my peer', ...login);
    await alone('profile', 'add', 'p', '--source', at('src/'), '--dest', `my peer:${at('dst')}`);
    const stopped = await json<CliFailure>('run', 'p');
    expect([stopped.code, stopped.error.code, stopped.result?.outcome]).toEqual([
      255,
      'unknown-host',
      'needs-attention',
    ]);
    const [, command] = /If it is the same: (driftline .*)$/.exec(stopped.error.hint ?? '') ?? [];
    expect(command).toBe(`driftline host edit 'my peer' --fingerprint ${sshd.hostFingerprint}`);
    // As it stands, in a shell.
    const words = command!.replace('driftline', `'${process.execPath}' '${CLI}'`);
    expect((await run('sh', ['-c', words], { env })).code).toBe(0);
    expect((await alone('run', 'p')).code).toBe(0);
    const other = await json<CliFailure>('host', 'edit', 'my peer', '--fingerprint', `SHA256:${'A'.repeat(43)}`);
    expect([other.code, other.error.code]).toEqual([255, 'key-accepted']);
  });

  it('the guard stops a run with counts and the command that confirms it', async () => {
    build(at('src'), dir({ a: file('a') }));
    build(at('dst'), dir({ b: file(''), c: file(''), d: file(''), e: file(''), f: file(''), g: file('') }));
    await alone('profile', 'add', 'my files', '--source', at('src/'), '--dest', at('dst'), '--delete');
    const stopped = await json<CliFailure>('run', 'my files');
    expect([stopped.code, stopped.error.kind, stopped.result?.outcome]).toEqual([4, 'guard', 'needs-attention']);
    expect(stopped.error.message).toMatch(/\b6\b/);
    const [, command] = /If the preview is right: (driftline .*)$/.exec(stopped.error.hint ?? '') ?? [];
    const words = command!.replace('driftline', `'${process.execPath}' '${CLI}'`);
    expect((await run('sh', ['-c', words], { env })).code).toBe(0);
    expect(readdirSync(at('dst'))).toEqual(['a']);
  });
});

it('on a terminal a run shows its progress on one line, in colours only where they are wanted', async () => {
  build(at('src'), dir({ big: file({ size: 2_000_000, seed: 1 }) }));
  await alone('profile', 'add', 'p', '--source', at('src/'), '--dest', at('dst'), '--option=--bwlimit=1m');
  const shown = await runOnTerminal(process.execPath, [CLI, 'run', 'p'], [], { env });
  expect(shown.code).toBe(0);
  expect(shown.stdout).toMatch(/\r\x1b\[K[01]\/\d+ files? .* of 2 MB/); // eslint-disable-line no-control-regex
  expect(shown.stdout.split('\r\x1b[K').at(-1)).toMatch(/^Mirrored 1 file, 2 MB, in \d+ s\.\r\n$/);
  const coloured = await runOnTerminal(process.execPath, [CLI, 'list'], [], { env: { ...env, TERM: 'xterm' } });
  expect(coloured.stdout).toContain('\x1b[32mLast run just now');
  const plain = await runOnTerminal(process.execPath, [CLI, 'list'], [], {
    env: { ...env, TERM: 'xterm', NO_COLOR: '1' },
  });
  expect(plain.stdout).not.toContain('\x1b');
});

it('output that nobody reads on ends quietly', async () => {
  build(at('src'), dir(Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`file number ${i}`, file('')]))));
  await alone('profile', 'add', 'p', '--source', at('src/'), '--dest', at('dst'));
  const piped = await run('sh', ['-c', `'${process.execPath}' '${CLI}' preview p | head -n 1`], { env });
  expect(piped).toMatchObject({ code: 0, stdout: 'cd+++++++++ ./\n', stderr: '' });
});
