import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CliDocumentName, CliDocuments, CliFailure, type CliValue } from '../../shared/model/cli.ts';
import { hasKeyring } from '../support/peers.ts';
import { runOnTerminal } from '../support/pty.ts';
import { CLI, driftline, type Outcome, run } from '../support/run.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';
import { build, differences, dir, edited, file, manifest, randomBytes } from '../support/trees.ts';

/** Hosts, profiles, previews and runs by the command line, over a real sshd to a stock rsync. */
let sshd: Sshd;
let folder: string;
let env: Record<string, string>;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-cli-'));
  mkdirSync(at('home'));
  env = { HOME: at('home'), DRIFTLINE_HOME: at('driftline'), SSH_AUTH_SOCK: '' };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
/** In a session of its own, so that there is nobody to ask. */
const alone = (words: readonly string[], input?: string): Promise<Outcome> =>
  run('setsid', ['-w', process.execPath, CLI, ...words], { env, input });

/** Runs a command with `--json` and checks the document against its schema. */
async function json<K extends CliDocumentName>(
  name: K,
  words: readonly string[],
  input?: string,
): Promise<CliValue<K>> {
  const outcome = await alone([...name.split(' '), ...words, '--json'], input);
  expect(outcome).toMatchObject({ code: 0 });
  return v.parse(CliDocuments[name] as v.GenericSchema<unknown, { value: CliValue<K> }>, JSON.parse(outcome.stdout))
    .value;
}
async function failure(words: readonly string[]): Promise<CliFailure & { code: number | null }> {
  const outcome = await alone([...words, '--json']);
  return { ...v.parse(CliFailure, JSON.parse(outcome.stdout)), code: outcome.code };
}

const login = (): string[] => [
  '--address',
  sshd.host,
  '--port',
  String(sshd.port),
  '--user',
  sshd.user,
  '--key',
  sshd.keyPath,
];
const addHost = (name = 'peer'): Promise<CliValue<'host add'>> =>
  json('host add', [name, ...login(), '--fingerprint', sshd.hostFingerprint]);

describe('hosts', () => {
  it('are added, listed, tested and removed', async () => {
    const { host, secret } = await addHost();
    expect([host.hostKey?.fingerprint, secret]).toEqual([sshd.hostFingerprint, 'not-given']);
    expect((await json('host list', [])).map(({ name }) => name)).toEqual(['peer']);
    const test = await json('host test', ['peer']);
    expect(test.fingerprint).toBe(sshd.hostFingerprint);
    expect(test.protocol).toBeGreaterThanOrEqual(30);
    expect(await json('host remove', ['peer'])).toEqual({ name: 'peer' });
    expect(await json('host list', [])).toEqual([]);
  });

  it('take the first key with --trust-first, and refuse any other afterwards', async () => {
    const { host } = await json('host add', ['peer', ...login(), '--trust-first']);
    expect(host.hostKey?.fingerprint).toBe(sshd.hostFingerprint);
    await json('host test', ['peer']);
    const other = `SHA256:${'A'.repeat(43)}`;
    await json('host add', ['other', ...login(), '--fingerprint', other]);
    const { code, error } = await failure(['host', 'test', 'other']);
    expect([code, error.kind]).toEqual([255, 'host-key']);
    expect(`${error.message} ${JSON.stringify(error.details)}`).toContain(sshd.hostFingerprint);
    expect(`${error.message} ${JSON.stringify(error.details)}`).toContain(other);
  });

  it('that answer at no address are not saved by --trust-first', async () => {
    const { code } = await failure(['host', 'add', 'peer', '--address', '127.0.0.1', '--port', '1', '--trust-first']);
    expect(code).not.toBe(0);
    expect(await json('host list', [])).toEqual([]);
  });

  it('whose key nobody confirmed are refused with the fingerprint, or asked about on the terminal', async () => {
    await json('host add', ['peer', ...login()]);
    const { code, error } = await failure(['host', 'test', 'peer']);
    expect([code, error.kind]).toEqual([255, 'host-key']);
    expect(error.message + JSON.stringify(error.details)).toContain(sshd.hostFingerprint);
    const asked = await runOnTerminal(
      process.execPath,
      [CLI, 'host', 'test', 'peer'],
      [['(yes/no/[fingerprint])? ', 'yes\n']],
      { env },
    );
    expect(asked.code).toBe(0);
    await json('host test', ['peer']);
  });

  it('are known to driftline rsync by their names', async () => {
    await addHost('my server');
    build(at('src'), dir({ a: file('a') }));
    const outcome = await driftline(['rsync', '-aiv', at('src/'), `my server:${at('dst')}`], { env });
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toContain('(saved host)');
    expect(differences(manifest(at('src')), manifest(at('dst')))).toEqual([]);
  });

  it('keep a password in the keychain, or say that it is not kept', async () => {
    const words = ['peer', '--address', sshd.host, '--port', String(sshd.port), '--user', sshd.passwordUser];
    const trust = ['--password-stdin', '--trust-first'];
    const { secret } = await json('host add', [...words, ...trust], `${sshd.password}\n`);
    expect(secret).toBe(hasKeyring() ? 'keychain' : 'none');
    if (hasKeyring()) {
      await json('host test', ['peer']);
      const copy = await alone(['rsync', '-a', 'peer:/etc/hostname', at('copy')]);
      expect(copy).toMatchObject({ code: 0, stderr: '' });
    } else expect((await failure(['host', 'test', 'peer'])).code).toBe(255);
    await json('host remove', ['peer']);
  });
});

describe('a profile', () => {
  const content = randomBytes(600_000, 8);
  beforeEach(async () => {
    await addHost();
    build(at('src'), dir({ big: file(content), 'bad\xff': file('x'), sub: dir({ a: file('a'), 'b.o': file('b') }) }));
  });

  it.each(['push', 'pull', 'local'] as const)('is previewed, run, changed and run again: %s', async (direction) => {
    const [source, dest] = { push: ['src/', 'peer:'], pull: ['peer:', ''], local: ['src/', ''] }[direction] as [
      string,
      string,
    ];
    const far = (prefix: string, name: string): string => (prefix === 'peer:' ? prefix : '') + at(name);
    await json('profile add', [
      'p',
      '--source',
      far(source, 'src/'),
      '--dest',
      far(dest, 'dst'),
      '--delete',
      '--exclude',
      '*.o',
    ]);
    const first = await json('preview', ['p']);
    expect(first.rows.map(({ path }) => path).sort()).toEqual(['.', 'bad\udcff', 'big', 'sub', 'sub/a']);
    expect(readdirSync(folder)).not.toContain('dst');

    expect(await json('run', ['p'])).toMatchObject({ outcome: 'success', issueCount: 0 });
    rmSync(at('src/sub/b.o'));
    const same = (): string[] =>
      differences(manifest(at('src'), { times: false }), manifest(at('dst'), { times: false }));
    expect(same()).toEqual([]);

    build(at('src/big'), file(edited(content, 3, 500, 70), { mtime: 5 }));
    build(at('src/fresh'), file('new'));
    rmSync(at('src/sub/a'));
    const text = await alone(['preview', 'p']);
    expect(text.stdout).toMatch(/^[<>]f\.\.t\.{6} big$/m);
    expect(text.stdout).toMatch(/^\*deleting {3}sub\/a$/m);
    expect(text.stdout).toContain('1 to create, 1 to update');
    const second = await json('run', ['p']);
    expect(second).toMatchObject({ outcome: 'success', totals: { deleted: 1, filesTransferred: 2 } });
    if (direction !== 'local') expect(second.totals.literal).toBeLessThan(50_000);
    expect(same()).toEqual([]);
    expect((await json('profile list', []))[0]?.lastRun?.outcome).toBe('success');
    expect(await json('profile remove', ['p'])).toEqual({ name: 'p' });
  });

  it('with deletion and an empty source deletes nothing and says why', async () => {
    build(at('dst'), dir({ precious: file('p') }));
    mkdirSync(at('empty'));
    await json('profile add', ['p', '--source', at('empty/'), '--dest', `peer:${at('dst')}`, '--delete']);
    const { code, error, result } = await failure(['run', 'p', '--yes-delete']);
    expect([code, error.kind, result?.outcome]).toEqual([4, 'guard', 'needs-attention']);
    expect(readdirSync(at('dst'))).toEqual(['precious']);
    const text = await alone(['run', 'p']);
    expect([text.code, text.stdout]).toEqual([4, '']);
    expect(text.stderr).toContain('is empty');
  });

  it('that would delete most of the destination wants --yes-delete', async () => {
    build(at('dst'), dir({ a: file(''), b: file(''), c: file(''), d: file(''), e: file(''), f: file('') }));
    await json('profile add', ['p', '--source', at('src/'), '--dest', `peer:${at('dst')}`, '--delete']);
    const { code, error } = await failure(['run', 'p']);
    expect([code, error.code]).toEqual([4, 'many-deletions']);
    expect(readdirSync(at('dst'))).toHaveLength(6);
    expect((await json('run', ['p', '--yes-delete'])).totals.deleted).toBe(6);
    expect(readdirSync(at('dst'), 'latin1').sort()).toEqual(['bad\xff', 'big', 'sub']);
  });

  it('killed in the middle leaves nothing that the next run does not put right', async () => {
    await json('profile add', ['p', '--source', `peer:${at('src/')}`, '--dest', at('dst'), '--delete']);
    const killed = await run(process.execPath, [CLI, 'run', 'p'], {
      env,
      onStart: (child) => {
        const look = (): void => {
          try {
            if (readdirSync(at('driftline/journals')).length > 0) return void child.kill('SIGKILL');
          } catch {
            // not started yet
          }
          if (child.exitCode === null) setImmediate(look);
        };
        look();
      },
    });
    expect([killed.signal, killed.code]).not.toEqual([null, 1]);
    expect(await json('run', ['p'])).toMatchObject({ outcome: 'success' });
    expect(differences(manifest(at('src')), manifest(at('dst')))).toEqual([]);
    expect(readdirSync(at('driftline/journals'))).toEqual([]);
    expect(readdirSync(at('driftline/locks'))).toEqual([]);
  });

  it('stops at a signal: exit 20', async () => {
    build(at('src/huge'), file({ size: 30_000_000, seed: 4 }));
    await json('profile add', ['p', '--source', `peer:${at('src/')}`, '--dest', at('dst')]);
    const outcome = await run(process.execPath, [CLI, 'run', 'p', '--json'], {
      env,
      onStart: (child) => {
        const look = (): void => {
          try {
            if (readdirSync(at('driftline/journals')).length > 0) return void child.kill('SIGINT');
          } catch {
            // not started yet
          }
          if (child.exitCode === null) setImmediate(look);
        };
        look();
      },
    });
    const document = v.parse(CliFailure, JSON.parse(outcome.stdout));
    expect([outcome.code, document.result?.outcome]).toEqual([20, 'cancelled']);
    expect(readdirSync(at('driftline/journals'))).toEqual([]);
  });
});

describe('what is saved', () => {
  it('is changed, copied, shown, and taken from OpenSSH and rsync', async () => {
    mkdirSync(at('home/.ssh'));
    writeFileSync(at('home/.ssh/config'), 'Host web\n  HostName 192.0.2.7\n  User me\n  Port 2200\n');
    copyFileSync(sshd.keyPath, at('home/.ssh/id_ed25519'));
    expect((await json('host import', [])).candidates.map(({ alias }) => alias)).toEqual(['web']);
    expect((await json('host import', ['web'])).added).toMatchObject([
      { name: 'web', address: '192.0.2.7', port: 2200 },
    ]);
    expect((await json('host keys', [])).map(({ path }) => path)).toHaveLength(1);
    const edited = await json('host edit', ['web', '--name', 'www', '--port', '22', '--agent']);
    expect(edited.host).toMatchObject({ name: 'www', address: '192.0.2.7', port: 22, auth: { kind: 'agent' } });

    const command = `rsync -a --delete --exclude='*.o' ${at('src')}/ me@192.0.2.7:site`;
    const { profile, host } = await json('profile import-command', ['site', command]);
    expect(host).toBeNull();
    expect(profile).toMatchObject({
      name: 'site',
      source: { kind: 'local', paths: [at('src')] },
      destination: { kind: 'host', hostId: edited.host.id, path: 'site' },
      contentsOnly: true,
      options: { delete: true, filters: ['- *.o'] },
    });
    const words = [
      'site',
      '--no-delete',
      '--filter',
      '+ /keep',
      '--exclude',
      '*.tmp',
      '--tag',
      'home',
      '--source',
      at('src'),
    ];
    expect(await json('profile edit', words)).toMatchObject({
      contentsOnly: false,
      tags: ['home'],
      options: { delete: false, filters: ['+ /keep', '- *.tmp'] },
    });
    expect((await json('profile edit', ['site', '--exclude', '', '--name', 'web site'])).options.filters).toEqual([]);
    expect((await json('profile command', ['web site'])).command).toMatch(/^rsync --archive .*192\.0\.2\.7:site$/);
    expect((await json('profile duplicate', ['web site'])).name).toBe('web site (2)');
    expect((await json('profile show', ['web site'])).tags).toEqual(['home']);

    expect((await json('settings set', ['theme', 'dark'])).theme).toBe('dark');
    expect((await alone(['settings', 'get', 'theme'])).stdout).toBe('dark\n');
    expect(await json('settings export', [at('all.json')])).toMatchObject({ hosts: 1, profiles: 2 });
    env['DRIFTLINE_HOME'] = at('other');
    const { offer, result } = await json('settings import', [at('all.json'), '--dry-run']);
    expect([offer.hosts.length, offer.profiles.length, result]).toEqual([1, 2, null]);
    expect((await json('settings import', [at('all.json'), '--with-settings'])).result?.failed).toEqual([]);
    expect((await json('list', [])).map(({ name }) => name)).toEqual(['web site', 'web site (2)']);
    expect((await json('settings get', [])).theme).toBe('dark');
  });
});

describe('words', () => {
  it.each([
    [['rum', 'p'], 'driftline run'],
    [['host', 'tset'], 'driftline host test'],
    [['host'], 'needs another word'],
    [['run', '--yes-delet', 'x'], '--yes-delete'],
    [['completion', 'tcsh'], 'bash, zsh, fish'],
    [['settings', 'get', 'them'], 'theme'],
    [['settings', 'set', 'theme', 'pink'], 'Now it is system'],
    [['status', '--max-age', 'old'], '26h'],
    [['run', 'none'], 'profile list'],
    [['run'], 'The name of the profile is missing'],
    [['run', 'a', 'b'], 'one word too many'],
    [['run', 'a', '--force'], '--force'],
    [['host', 'add', 'x', '--address', 'a b'], 'a host name or an IP address'],
    [['host', 'add', 'x', '--address', 'a', '--port', '99999'], '--port'],
    [['profile', 'add', 'x', '--source', 'a', '--dest', 'nohost:b'], 'no host named'],
  ])('%j → %s', async (words, expected) => {
    const outcome = await alone(words);
    expect([outcome.code, outcome.stdout]).toEqual([1, '']);
    expect(outcome.stderr).toContain(expected);
    expect((await failure(words)).code).toBe(1);
  });

  it('have help', async () => {
    const overview = await alone([]);
    expect([overview.code, overview.stdout]).toEqual([1, expect.stringContaining('driftline profile add')]);
    expect((await alone(['--help'])).stdout).toContain('profile add');
    expect((await alone(['run', '--help'])).stdout).toBe((await alone(['help', 'run'])).stdout);
    expect((await alone(['--version'])).stdout).toMatch(/^driftline \d+\.\d+\.\d+\n$/);
  });
});

it('serve prints an address that wants its token, and ends at a signal', async () => {
  const statuses: number[] = [];
  const outcome = await run(process.execPath, [CLI, 'serve'], {
    env,
    onStart: (child) => {
      child.stdout!.once('data', (text: Buffer) => {
        const url = text.toString().trim();
        void (async () => {
          statuses.push((await fetch(new URL('/', url))).status, (await fetch(url, { redirect: 'manual' })).status);
          child.kill('SIGTERM');
        })();
      });
    },
  });
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  expect(statuses[0]).toBe(401);
  expect(statuses[1]).toBeLessThan(400);
});
