import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { peers } from '../support/peers.ts';
import { runOnTerminal } from '../support/pty.ts';
import { CLI, driftline, run } from '../support/run.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';
import { build, differences, dir, edited, file, manifest, randomBytes } from '../support/trees.ts';

/** `driftline rsync` as a program: prompts, signals, broken pipes, remote shells, bytes in arguments. */
let sshd: Sshd;
let folder: string;
let env: Record<string, string>;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-cli-'));
  mkdirSync(join(folder, 'home'));
  env = { HOME: join(folder, 'home'), DRIFTLINE_HOME: join(folder, 'driftline'), SSH_AUTH_SOCK: '', RSYNC_RSH: '' };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const sshConfig = (user: string, more: string[] = []): void => {
  mkdirSync(at('home/.ssh'), { mode: 0o700 });
  const lines = ['Host peer', `HostName ${sshd.host}`, `Port ${sshd.port}`, `User ${user}`, ...more];
  build(at('home/.ssh/config'), file(`${lines.join('\n')}\n`));
};
const remoteShell = (): string => ['ssh', ...sshd.sshArgs].join(' ');

/** Waits until something of that kind is in a folder; the process that makes it is running. */
async function appears(path: string, wanted: (name: string) => boolean): Promise<string> {
  for (;;) {
    const found = existsSync(path) ? readdirSync(path).find(wanted) : undefined;
    if (found !== undefined) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
const isTemporary = (name: string): boolean => /^\.big\.\w{6,}$/.test(name);

describe('an unknown server', () => {
  it('is refused with its fingerprint and a way on where nobody can be asked', async () => {
    sshConfig(sshd.user, [`IdentityFile ${sshd.keyPath}`]);
    // A session of its own: no terminal, whoever runs the tests.
    const outcome = await run('setsid', ['-w', process.execPath, CLI, 'rsync', '-a', 'peer:/etc/hostname', at('x')], {
      env,
    });
    expect(outcome.code).toBe(255);
    expect(outcome.stderr).toContain(sshd.hostFingerprint);
    expect(outcome.stderr).toContain('driftline host add');
    expect(existsSync(at('x'))).toBe(false);
    expect(existsSync(at('driftline/known_hosts'))).toBe(false);
  });

  it('is asked about on the terminal, then the password; both are not asked for in vain', async () => {
    sshConfig(sshd.passwordUser);
    const words = [CLI, 'rsync', '-a', 'peer:/etc/hostname', at('x')];
    const first = await runOnTerminal(
      process.execPath,
      words,
      [
        ['(yes/no/[fingerprint])? ', 'maybe\n'],
        ["'yes', 'no' or the fingerprint: ", `${sshd.hostFingerprint}\n`],
        ["'s password: ", 'wrong\n'],
        ["'s password: ", `${sshd.password.slice(0, -1)}xx\x7f\x7f${sshd.password.at(-1)}\n`],
      ],
      { env },
    );
    expect([first.code, first.stdout]).toEqual([0, expect.stringContaining(sshd.hostFingerprint)]);
    expect(first.stdout).not.toContain(sshd.password.slice(0, 8));
    expect(readFileSync(at('x'))).toEqual(readFileSync('/etc/hostname'));
    expect(statSync(at('driftline/known_hosts')).mode & 0o777).toBe(0o600);

    const second = await runOnTerminal(process.execPath, words, [["'s password: ", `${sshd.password}\n`]], { env });
    expect(second.code).toBe(0);
    expect(second.stdout).not.toContain('fingerprint');
  });

  it('is left alone when the person says no', async () => {
    sshConfig(sshd.passwordUser);
    const words = [CLI, 'rsync', '-a', 'peer:/etc/hostname', at('x')];
    const outcome = await runOnTerminal(process.execPath, words, [['(yes/no/[fingerprint])? ', 'no\n']], { env });
    expect(outcome.code).toBe(255);
    expect(existsSync(at('driftline/known_hosts'))).toBe(false);
  });

  it('a password prompt ends with Ctrl-C', async () => {
    sshConfig(sshd.passwordUser);
    mkdirSync(at('driftline'), { recursive: true });
    build(at('driftline/known_hosts'), file(readFileSync(sshd.knownHostsFile)));
    const words = [CLI, 'rsync', '-a', 'peer:/etc/hostname', at('x')];
    const outcome = await runOnTerminal(process.execPath, words, [["'s password: ", '\x03']], { env });
    expect(outcome.code).toBe(20);
  });
});

describe('remote shells', () => {
  const content = randomBytes(400_000, 5);

  it('are used for push and pull with -e, with deltas', async () => {
    build(at('src'), dir({ big: file(content), sub: dir({ 'a b': file('x') }) }));
    for (const [mtime, now] of [content, edited(content, 4, 1000, 9)].entries()) {
      build(at('src/big'), file(now, { mtime }));
      const push = await driftline(['rsync', '-a', '-e', remoteShell(), at('src/'), `${sshd.host}:${at('pushed')}`], {
        env,
      });
      expect(push).toMatchObject({ code: 0, stderr: '' });
      const pull = await driftline(['rsync', '-a', `${sshd.host}:${at('src/')}`, at('pulled')], {
        env: { ...env, RSYNC_RSH: remoteShell() },
      });
      expect(pull).toMatchObject({ code: 0, stderr: '' });
      expect(differences(manifest(at('src')), manifest(at('pushed')))).toEqual([]);
      expect(differences(manifest(at('src')), manifest(at('pulled')))).toEqual([]);
    }
  });

  it('that cannot be started say so', async () => {
    const outcome = await driftline(['rsync', '-a', '-e', '/no/such/shell', at('src'), 'h:x'], { env });
    expect(outcome.code).toBe(14);
    expect(outcome.stderr).toContain('/no/such/shell');
  });

  it('that end without a word are an error with the exit code of rsync', async () => {
    const outcome = await driftline(['rsync', '-a', '-e', 'false', at('src'), 'h:x'], { env });
    expect(outcome.code).toBeGreaterThan(0);
    expect(outcome.stderr).toContain('driftline error: ');
  });

  it('a missing remote rsync is 127', async () => {
    const words = ['rsync', '-a', '-e', remoteShell(), '--rsync-path=/no/rsync', folder, `${sshd.host}:x`];
    expect((await driftline(words, { env })).code).toBe(127);
  });
});

describe('literal data', () => {
  it('is within a block per edit of what rsync sends, both ways', async () => {
    const old = randomBytes(4_000_000, 11);
    build(at('src'), dir({ big: file(edited(old, 25, 5_000, 60)) }));
    const literal = async (program: string, more: string[], from: string, to: string): Promise<number> => {
      rmSync(at('dst'), { recursive: true, force: true });
      build(at('dst'), dir({ big: file(old, { mtime: 1 }) }));
      const outcome = await run(program, [...more, '-a', '--no-whole-file', '--stats', '-e', remoteShell(), from, to], {
        env,
      });
      expect(outcome).toMatchObject({ code: 0, stderr: '' });
      expect(differences(manifest(at('src')), manifest(at('dst')))).toEqual([]);
      return Number(/Literal data: ([\d,]+) bytes/.exec(outcome.stdout)![1]!.replaceAll(',', ''));
    };
    const block = 2000; // the square root of the size
    for (const [from, to] of [
      [at('src/'), `${sshd.host}:${at('dst')}`],
      [`${sshd.host}:${at('src/')}`, at('dst')],
    ] as const) {
      const theirs = await literal(peers().rsync, [], from, to);
      const ours = await literal(process.execPath, [CLI, 'rsync'], from, to);
      expect(Math.abs(ours - theirs)).toBeLessThanOrEqual(25 * block);
    }
  });
});

describe('arguments', () => {
  it('are bytes', async () => {
    build(at('src'), dir({ 'bad\xff\xe9': file('x'), other: file('y') }));
    const script = `exec "$0" "$1" rsync -ai --exclude "$(printf 'o\\303ther')" "$(printf '%s/bad\\377\\351' "$2")" "$2/../dst/"`;
    const outcome = await run('sh', ['-c', script, process.execPath, CLI, at('src')], { env });
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(at('dst'), { encoding: 'latin1' })).toEqual(['bad\xff\xe9']);
  });

  it('that rsync has and we do not are refused by name', async () => {
    const outcome = await driftline(['rsync', '-a', '--qsort', 'a', 'b'], { env });
    expect([outcome.code, outcome.stdout]).toEqual([1, '']);
    expect(outcome.stderr).toContain('--qsort');
  });

  it('help and version', async () => {
    expect((await driftline(['rsync', '--help'], { env })).stdout).toContain('--checksum');
    expect((await driftline(['rsync', '--version'], { env })).stdout).toContain('protocol version 32');
  });
});

describe('the end of a run', () => {
  const slow = [`--rsync-path=${'rsync'} --bwlimit=200`];
  const pull = (): string[] => [
    CLI,
    'rsync',
    '-a',
    '-e',
    remoteShell(),
    ...slow,
    `${sshd.host}:${at('src/')}`,
    at('dst'),
  ];
  beforeEach(() => build(at('src'), dir({ big: file(randomBytes(3_000_000, 3)) })));

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s leaves nothing behind: exit 20', async (signal) => {
    const outcome = await run(process.execPath, pull(), {
      env,
      onStart: (child) => void appears(at('dst'), isTemporary).then(() => child.kill(signal)),
    });
    expect([outcome.code, outcome.signal]).toEqual([20, null]);
    expect(readdirSync(at('dst'))).toEqual([]);
    expect(readdirSync(at('driftline/journals'))).toEqual([]);
  });

  it('by SIGKILL is cleaned up at the next start', async () => {
    const outcome = await run(process.execPath, pull(), {
      env,
      onStart: (child) => void appears(at('dst'), isTemporary).then(() => child.kill('SIGKILL')),
    });
    expect(outcome.signal).toBe('SIGKILL');
    expect(readdirSync(at('dst')).filter(isTemporary)).toHaveLength(1);
    const next = await driftline(['rsync', '-a', at('src/'), at('dst')], { env });
    expect(next).toMatchObject({ code: 0, stderr: '' });
    expect(readdirSync(at('dst'))).toEqual(['big']);
    expect(readdirSync(at('driftline/journals'))).toEqual([]);
  });

  it('a reader of our output that goes away ends it, as it ends rsync', async () => {
    const many: Record<string, ReturnType<typeof file>> = {};
    for (let i = 0; i < 3000; i++) many[`a-file-with-a-long-name-${i}`] = file('');
    build(at('many'), dir(many));
    const child = spawn(process.execPath, [CLI, 'rsync', '-ai', at('many/'), at('copied')], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    child.stderr.resume();
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(13);
  });
});
