import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Host, HostDraft } from '../../shared/model/host.ts';
import type { PathText } from '../../shared/model/path.ts';
import type { Prompt, PromptAnswer } from '../../shared/model/prompt.ts';
import { DRIFTLINE_RSYNC } from '../support/run.ts';
import { sshdFor } from '../support/ssh-client.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';
import {
  errorOf,
  hostDraft,
  local,
  onHost,
  profileDraft,
  startService,
  tempFolder,
  type TestService,
} from './harness.ts';

let sshd: Sshd;
let second: Sshd;
beforeAll(async () => {
  [sshd, second] = await Promise.all([startSshd(), startSshd({ passwordUser: false })]);
});
afterAll(() => Promise.all([sshd.stop(), second.stop()]));

const signal = new AbortController().signal;
const keyHost = (server: Sshd, more: Partial<HostDraft> = {}): HostDraft =>
  hostDraft({
    ...{ port: server.port, user: server.user, auth: { kind: 'key', keyPath: server.keyPath as PathText } },
    ...more,
  });
const trusted = (server: Sshd) => ({ algorithm: 'ssh-ed25519', fingerprint: server.hostFingerprint });

/** Answers every question, and keeps them. */
function answering(service: TestService, answer: (prompt: Prompt) => PromptAnswer): Prompt[] {
  const asked: Prompt[] = [];
  service.events.on('event.prompt', (prompt) => {
    asked.push(prompt);
    service.prompts.answer(prompt.promptId, answer(prompt));
  });
  return asked;
}

const test = (service: TestService, host: Host) => service.connections.test(host.id, () => undefined, signal);

describe('a connection test', () => {
  it('tells rsync and where it is, the login, the key, a round trip and free space where profiles write', async () => {
    const service = await startService();
    const folder = tempFolder();
    const host = await service.hosts.add(keyHost(sshd), null, trusted(sshd));
    await service.profiles.add(profileDraft('a', local('/a'), onHost(host.id, folder)));
    await service.profiles.add(profileDraft('b', local('/a'), onHost(host.id, join(folder, 'missing'))));
    const result = await test(service, host);
    expect(result).toMatchObject({
      ...{ rsyncPath: '/usr/bin/rsync', ...trusted(sshd), login: [`key ${sshd.keyPath}`] },
      space: [{ path: '' }, { path: folder }],
    });
    expect(result.rsyncVersion).toMatch(/^3\./);
    expect(result.roundTripMs).toBeGreaterThan(0);
    for (const { free, total } of result.space) expect(free > 0 && free <= total).toBe(true);
  });

  it('names Driftline where that is the rsync of the server', async () => {
    const service = await startService();
    const host = await service.hosts.add(keyHost(sshd, { rsyncPath: DRIFTLINE_RSYNC }), null, trusted(sshd));
    expect((await test(service, host)).rsyncVersion).toMatch(/^driftline \d+\.\d+\.\d+/);
  });

  it('of a server that the person’s known_hosts vouches for records its key', async () => {
    const service = await startService();
    const home = withHome();
    writeFileSync(join(home, '.ssh/known_hosts'), readFileSync(sshd.knownHostsFile));
    const host = await service.hosts.add(keyHost(sshd), null);
    await test(service, host);
    expect(service.hosts.get(host.id).hostKey).toEqual(trusted(sshd));
  });

  it.each([
    ['rsync is missing', { rsyncPath: '/nowhere/rsync' }, [], 'command-not-found'],
    [
      'the shell prints text',
      {},
      ['SetEnv X=1', 'ForceCommand echo hello; eval "$SSH_ORIGINAL_COMMAND"'],
      'bad-greeting',
    ],
    ['the account is for files only', {}, ['ForceCommand internal-sftp'], null],
    ['the account is none', {}, ['ForceCommand echo "This account is closed."; exit 1'], 'command-refused'],
  ] as const)('says that %s', async (_what, more, config, code) => {
    const service = await startService();
    const server = config.length === 0 ? sshd : await sshdFor({ passwordUser: false, config: [...config] });
    const host = await service.hosts.add(keyHost(server, more), null, trusted(server));
    const error = await errorOf(test(service, host));
    if (code === null) expect(['remote', 'protocol']).toContain(error.kind);
    else expect(error.code).toBe(code);
    if (code === 'bad-greeting') expect(error.message).toContain('“hello”');
    if (code === 'command-refused') expect(error.message).toContain('“This account is closed.”');
  });

  it('works where the server runs one fixed command', async () => {
    const service = await startService();
    const folder = tempFolder();
    const script = join(folder, 'only-rsync');
    writeFileSync(
      script,
      '#!/bin/sh\ncase "$SSH_ORIGINAL_COMMAND" in\n"rsync --server "*) eval "$SSH_ORIGINAL_COMMAND";;\n*) echo no >&2; exit 1;;\nesac\n',
    );
    chmodSync(script, 0o755);
    const server = await sshdFor({ passwordUser: false, config: [`ForceCommand ${script}`] });
    const host = await service.hosts.add(keyHost(server), null, trusted(server));
    expect(await test(service, host)).toMatchObject({ rsyncVersion: null, rsyncPath: null, protocol: 32, space: [] });
  });

  it('says that the key is wrong, and what to do', async () => {
    const service = await startService();
    const keyPath = second.keyPath as PathText;
    const host = await service.hosts.add(keyHost(sshd, { auth: { kind: 'key', keyPath } }), null, trusted(sshd));
    const error = await errorOf(test(service, host));
    expect(error).toMatchObject({ kind: 'auth', code: 'key-refused' });
    expect(error.hint).toContain('authorized_keys');
  });
});

describe.runIf(process.getuid?.() === 0)('keyboard-interactive', () => {
  it('takes the password for PAM’s question, and remembers it when asked to', async () => {
    const service = await startService();
    const server = await sshdFor({ keyboardInteractive: true });
    const draft = hostDraft({ port: server.port, user: server.passwordUser });
    const host = await service.hosts.add(draft, null, trusted(server));
    const asked = answering(service, () => ({ kind: 'secret', secret: server.password, remember: true }));
    expect((await test(service, host)).login).toEqual(['keyboard-interactive']);
    expect((await test(service, host)).login).toEqual(['keyboard-interactive']);
    expect(asked.map(({ question }) => question.kind)).toEqual(['password']);
  });

  it('asks the second factor of a key’s login in the server’s words, and keeps nothing of it', async () => {
    const service = await startService();
    const server = await sshdFor({
      keyboardInteractive: true,
      config: ['AuthenticationMethods publickey,keyboard-interactive'],
    });
    const host = await service.hosts.add(keyHost(server, { user: server.passwordUser }), null, trusted(server));
    const asked = answering(service, () => ({ kind: 'answers', answers: [server.password] }));
    expect((await test(service, host)).login).toEqual([`key ${server.keyPath}`, 'keyboard-interactive']);
    expect(asked).toMatchObject([
      { hostId: host.id, question: { kind: 'login', fields: [{ label: 'Password:', echo: false }] } },
    ]);
    expect(service.keychain.items.size).toBe(0);
    const refused = await startService();
    const again = await refused.hosts.add(keyHost(server, { user: server.passwordUser }), null, trusted(server));
    answering(refused, () => ({ kind: 'refuse' }));
    expect(await errorOf(test(refused, again))).toMatchObject({ kind: 'auth', code: 'no-answer' });
  });
});

describe('jump hosts', () => {
  it('are asked about by name, checked and logged in to one by one', async () => {
    const service = await startService();
    const jump = await service.hosts.add(keyHost(second, { name: 'jump' }), null);
    const host = await service.hosts.add(keyHost(sshd, { name: 'inner', jumpHostId: jump.id }), null);
    const asked = answering(service, () => ({ kind: 'accept-host-key' }));
    await test(service, host);
    expect(asked).toMatchObject([
      { hostId: jump.id, onTheWayTo: 'inner', question: { fingerprint: second.hostFingerprint } },
      { hostId: host.id, onTheWayTo: null, question: { fingerprint: sshd.hostFingerprint } },
    ]);
    expect(service.hosts.list().map(({ hostKey }) => hostKey)).toEqual([trusted(second), trusted(sshd)]);
    await test(service, host);
    expect(asked).toHaveLength(2);
  });

  it('whose key changed are refused before any login', async () => {
    const service = await startService();
    const jump = await service.hosts.add(keyHost(second, { name: 'jump' }), null, trusted(sshd));
    const host = await service.hosts.add(keyHost(sshd, { jumpHostId: jump.id }), null, trusted(sshd));
    const before = second.log().length;
    expect(await errorOf(test(service, host))).toMatchObject({
      code: 'host-key-changed',
      details: { fingerprint: second.hostFingerprint },
    });
    expect(second.log().slice(before)).not.toContain('Accepted');
  });

  it('go in no circles, and stay while another host needs them', async () => {
    const service = await startService();
    const a = await service.hosts.add(hostDraft({ name: 'a' }), null);
    const b = await service.hosts.add(hostDraft({ name: 'b', port: 23, jumpHostId: a.id }), null);
    const circle = service.hosts.update(a.id, hostDraft({ name: 'a', jumpHostId: b.id }), null);
    expect(await errorOf(circle)).toMatchObject({ code: 'jump-cycle' });
    const itself = service.hosts.update(a.id, hostDraft({ name: 'a', jumpHostId: a.id }), null);
    expect(await errorOf(itself)).toMatchObject({ code: 'jump-cycle' });
    expect(await errorOf(service.hosts.remove(a.id))).toMatchObject({ code: 'host-in-use' });
    await service.hosts.remove(b.id);
    await service.hosts.remove(a.id);
  });
});

describe('folders on a server', () => {
  const list = (service: TestService, host: Host, path: string) =>
    service.connections.folders(host.id, path as PathText, () => undefined, signal);

  it('are listed over one connection, links to folders too, names as they are', async () => {
    const service = await startService();
    const folder = tempFolder();
    for (const name of ['b', 'a', "it's <b> $(x)", 'ö']) mkdirSync(join(folder, name));
    mkdirSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x78, 0xff])]));
    writeFileSync(join(folder, 'file'), '');
    symlinkSync('a', join(folder, 'link'));
    symlinkSync('file', join(folder, 'no-folder'));
    const host = await service.hosts.add(keyHost(sshd), null, trusted(sshd));
    const before = logins();
    const names = ['a', 'b', "it's <b> $(x)", 'link', 'x\udcff', 'ö'];
    expect(await list(service, host, folder)).toEqual({
      path: folder,
      folders: names.map((name) => `${folder}/${name}`),
    });
    expect((await list(service, host, join(folder, 'a'))).folders).toEqual([]);
    expect(await errorOf(list(service, host, join(folder, 'gone')))).toMatchObject({ code: 'folder-missing' });
    expect(await errorOf(list(service, host, join(folder, 'file')))).toMatchObject({ code: 'folder-not-folder' });
    expect((await list(service, host, '')).folders.every((path) => !path.startsWith('/'))).toBe(true);
    expect(logins() - before).toBe(1);
  });

  it('of a host that cannot be reached say so, and are asked for anew the next time', async () => {
    const service = await startService();
    const host = await service.hosts.add(keyHost(sshd), null);
    let accepts = false;
    answering(service, () => ({ kind: accepts ? 'accept-host-key' : 'refuse' }));
    expect(await errorOf(list(service, host, '/'))).toMatchObject({ code: 'unknown-host' });
    accepts = true;
    expect((await list(service, host, '/')).folders).toContain('/tmp');
  });

  const logins = (): number => sshd.log().split('Accepted publickey').length;
});

describe('the person’s .ssh folder', () => {
  it('shows its keys and never their content', async () => {
    const home = withHome();
    for (const [name, from] of [
      ['plain', sshd.keyPath],
      ['locked', sshd.encryptedKeyPath],
    ] as const) {
      writeFileSync(join(home, '.ssh', name), readFileSync(from));
      writeFileSync(join(home, '.ssh', `${name}.pub`), readFileSync(`${from}.pub`));
    }
    writeFileSync(join(home, '.ssh/known_hosts'), 'x');
    writeFileSync(
      join(home, '.ssh/broken'),
      '-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n',
    );
    const service = await startService();
    expect(await service.connections.keys()).toEqual([
      { path: '~/.ssh/locked', type: 'ssh-ed25519', bits: null, comment: 'ed25519 test key', encrypted: true },
      { path: '~/.ssh/plain', type: 'ssh-ed25519', bits: null, comment: 'ed25519 test key', encrypted: false },
    ]);
  });

  it('gives the hosts of its configuration, with the hosts on the way, and runs nothing', async () => {
    const home = withHome();
    const ran = join(home, 'ran');
    writeFileSync(
      join(home, '.ssh/config'),
      `Include more
Host inner !other *.pattern
  HostName 127.0.0.1
  Port ${sshd.port}
  User ${sshd.user}
  IdentityFile ${sshd.keyPath}
  ProxyJump bastion
  LocalCommand touch ${ran}
Host evil
  ProxyCommand touch ${ran}
Host bad;name
  HostName a;b
Match exec "touch ${ran}"
  User nobody
`,
    );
    writeFileSync(
      join(home, '.ssh/more'),
      `Host bastion\n  HostName 127.0.0.1\n  Port ${second.port}\n  User ${second.user}\n  IdentityFile ${second.keyPath}\n`,
    );
    const service = await startService();
    const found = await service.hostImports.candidates();
    expect(found.map(({ alias, draft, jumps }) => [alias, draft !== null, jumps])).toEqual([
      ['bastion', true, []],
      ['inner', true, ['bastion']],
      ['evil', false, []],
      ['bad;name', false, []],
    ]);
    expect(found[1]!.notes).toEqual(['LocalCommand is not carried out.', 'Match exec is not carried out.']);
    expect(found[2]!.notes[0]).toContain('through another program');
    const added = await service.hostImports.save(['inner']);
    expect(added.map(({ name }) => name)).toEqual(['bastion', 'inner']);
    expect(added[1]!.jumpHostId).toBe(added[0]!.id);
    expect(await service.hostImports.save(['inner', 'bastion'])).toEqual([]);
    expect((await service.hostImports.candidates()).map(({ savedAs }) => savedAs)).toEqual([
      'bastion',
      'inner',
      null,
      null,
    ]);
    expect(await errorOf(service.hostImports.save(['evil']))).toMatchObject({ code: 'ssh-config-bad' });
    answering(service, () => ({ kind: 'accept-host-key' }));
    expect((await test(service, added[1]!)).login).toEqual([`key ${sshd.keyPath}`]);
    expect(() => readFileSync(ran)).toThrow();
  });
});

const realHome = process.env['HOME'];
afterEach(() => {
  process.env['HOME'] = realHome;
});

/** A home folder of its own for workers, which inherit the environment. */
function withHome(): string {
  const home = tempFolder();
  mkdirSync(join(home, '.ssh'), { mode: 0o700 });
  process.env['HOME'] = home;
  return home;
}
