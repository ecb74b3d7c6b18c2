import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { driftline, type Outcome } from '../support/run.ts';
import { sshdFor } from '../support/ssh-client.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';

/** Two jump hosts and a server, each with keys of its own. */
let first: Sshd;
let second: Sshd;
let server: Sshd;
let folder: string;

beforeAll(async () => {
  const options = { passwordUser: false };
  [first, second, server] = await Promise.all([startSshd(options), startSshd(options), startSshd(options)]);
});
afterAll(() => Promise.all([first, second, server].map((sshd) => sshd.stop())));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-jump-'));
  mkdirSync(join(folder, '.ssh'), { mode: 0o700 });
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'src/file'), 'x'.repeat(300_000));
  return () => rmSync(folder, { recursive: true, force: true });
});

const block = (name: string, sshd: Sshd, ...more: string[]): string =>
  [
    `Host ${name}`,
    `  HostName ${sshd.host}`,
    `  Port ${sshd.port}`,
    `  IdentityFile ${sshd.keyPath}`,
    `  UserKnownHostsFile ${sshd.knownHostsFile}`,
    '  IdentitiesOnly yes',
    ...more.map((line) => `  ${line}`),
  ].join('\n');

/** Pushes `src` to the host called `far` by the configuration. */
function push(...blocks: string[]): Promise<Outcome> {
  writeFileSync(join(folder, '.ssh/config'), `${blocks.join('\n')}\n`);
  return driftline(['rsync', '-a', join(folder, 'src/'), `far:${join(folder, 'dst')}`], {
    env: { HOME: folder, DRIFTLINE_HOME: join(folder, 'driftline'), SSH_AUTH_SOCK: '', RSYNC_RSH: '' },
  });
}

describe('jump hosts', () => {
  it('are gone through, each with its own login and key', async () => {
    const way = block('far', server, 'ProxyJump one,two');
    const outcome = await push(way, block('one', first), block('two', second));
    expect(outcome).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    expect(readFileSync(join(folder, 'dst/file'), 'utf8')).toBe('x'.repeat(300_000));
    // The server was reached from the last hop, and the hops by nothing but their own names.
    for (const sshd of [first, second, server]) expect(sshd.log()).toMatch(/Accepted publickey/);
  });

  it('of a jump host count too', async () => {
    const way = [block('far', server, 'ProxyJump two'), block('two', second, 'ProxyJump one'), block('one', first)];
    expect((await push(...way)).code).toBe(0);
  });

  it('with a key that is not theirs are refused before any login', async () => {
    const before = first.log().length;
    const wrong = block('one', first).replace(first.knownHostsFile, join(folder, 'known'));
    const line = readFileSync(second.knownHostsFile, 'utf8').replace(`:${second.port} `, `:${first.port} `);
    writeFileSync(join(folder, 'known'), line);
    const outcome = await push(block('far', server, 'ProxyJump one'), wrong);
    expect(outcome.code).toBe(255);
    expect(outcome.stderr).toContain('has changed');
    expect(outcome.stderr).toContain(`:${first.port}`);
    expect(first.log().slice(before)).not.toContain('Accepted');
  });

  it('do not vouch for the server behind them', async () => {
    const unknown = block('far', server, 'ProxyJump one').replace(server.knownHostsFile, '/dev/null');
    const outcome = await push(unknown, block('one', first));
    expect(outcome.code).toBe(255);
    expect(outcome.stderr).toContain(server.hostFingerprint);
  });

  it('say when they cannot connect further', async () => {
    const nowhere = block('far', { ...server, port: 1 }, 'ProxyJump one');
    const outcome = await push(nowhere, block('one', first));
    expect(outcome.code).toBe(255);
    expect(outcome.stderr).toMatch(/does not connect to 127\.0\.0\.1:1/);
  });
});

describe('settings', () => {
  it('come from included files and from Match blocks', async () => {
    writeFileSync(join(folder, '.ssh/more'), `${block('far', server)}\n`);
    expect((await push('Include more')).code).toBe(0);
    const parts = block('far', server).split('\n');
    const matched = ['Host far', parts[1]!, 'Match originalhost far host 127.0.0.1', ...parts.slice(2)];
    expect((await push(...matched)).code).toBe(0);
  });

  it('may keep a key under another name', async () => {
    const line = readFileSync(server.knownHostsFile, 'utf8').replace(/^\S+/, 'alias');
    writeFileSync(join(folder, 'known'), line);
    const aliased = block('far', server, 'HostKeyAlias alias').replace(server.knownHostsFile, join(folder, 'known'));
    expect((await push(aliased)).code).toBe(0);
  });

  it.runIf(
    Object.values(networkInterfaces())
      .flat()
      .some((at) => at?.address === '::1'),
  )('reach IPv6 addresses in brackets', async () => {
    const sshd = await sshdFor({ passwordUser: false, config: ['ListenAddress ::1'] });
    writeFileSync(join(folder, 'known'), `[::1]:${sshd.port} ${sshd.hostKeys['ed25519']!.line}\n`);
    const lines = block('::1', sshd).replace(sshd.knownHostsFile, join(folder, 'known')).split('\n');
    const config = lines.filter((line) => !line.includes('HostName'));
    writeFileSync(join(folder, '.ssh/config'), `${config.join('\n')}\n`);
    for (const address of ['[::1]', `${sshd.user}@[::1]`]) {
      const outcome = await driftline(
        ['rsync', '-a', '-6', join(folder, 'src/'), `${address}:${join(folder, 'dst')}`],
        {
          env: { HOME: folder, DRIFTLINE_HOME: join(folder, 'driftline'), SSH_AUTH_SOCK: '', RSYNC_RSH: '' },
        },
      );
      expect(outcome).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    }
  });
});
