import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import { resolveRemoteName } from './remote-name.ts';
import { readSshConfig } from './ssh-config.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-config-'));
  file = join(folder, 'config');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function read(name: string, text: string) {
  writeFileSync(file, text);
  return readSshConfig(name, file);
}

describe('readSshConfig', () => {
  it('takes the first value of each keyword over all blocks that match', () => {
    const text = `
# comment
Host web *.example.org !bad.example.org
  HostName = real-%h
  Port 2222
  User "j doe"
  IdentityFile ~/.ssh/one
Host *
  User other
  Port 9
  IdentityFile %d/two
`;
    expect(read('web', text)).toEqual({
      named: true,
      hostName: 'real-web',
      port: 2222,
      user: 'j doe',
      identityFiles: [join(homedir(), '.ssh/one'), join(homedir(), 'two')],
      identityAgent: null,
      identitiesOnly: false,
      proxyJump: [],
      skipped: [],
      knownHosts: [
        ...[join(homedir(), '.ssh/known_hosts'), join(homedir(), '.ssh/known_hosts2')],
        ...['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'],
      ],
      hostKeyAlias: null,
      family: null,
    });
    expect(read('bad.example.org', text)).toMatchObject({ named: false, hostName: null, port: 9, user: 'other' });
    expect(read('x.EXAMPLE.org', text)).toMatchObject({ named: true, port: 2222 });
  });

  it('reads included files, with wildcards, only where their block matches', () => {
    mkdirSync(join(folder, 'd'));
    writeFileSync(join(folder, 'd', '1.conf'), 'Host a\n  Port 1\n');
    writeFileSync(join(folder, 'd', '2.conf'), 'Host b\n  Port 2\n');
    expect(read('b', 'Include d/*.conf\nPort 3\n')).toMatchObject({ port: 2 });
    expect(read('c', 'Include d/*.conf\nPort 3\n')).toMatchObject({ port: 3 });
    expect(read('a', 'Host z\nInclude d/1.conf\n')).toMatchObject({ port: null });
    expect(read('a', `Include config\nPort 5\n`)).toMatchObject({ port: 5 });
  });

  it('runs nothing, and skips Match blocks with conditions it does not judge', () => {
    expect(read('a', `Match exec "touch ${folder}/ran"\n  Port 1\nMatch all\n  Port 2\n`)).toMatchObject({ port: 2 });
    expect(read('a', `Match host a exec "true"\n  Port 1\n`)).toMatchObject({ port: null });
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });

  it.each<[string, number | null]>([
    ['Match host real', 1],
    ['Match originalhost alias', 1],
    ['Match originalhost real', null],
    ['Match host other,re*', 1],
    ['Match host *,!real', null],
    ['Match !host real', null],
    ['Match !host other', 1],
    ['Match host real user sam', 1],
    ['Match host real user tom', null],
    [`Match localuser ${userInfo().username}`, 1],
    ['Match host', null],
    ['Match canonical', null],
  ])('%s', (line, port) => {
    expect(read('alias', `Host alias\n  HostName real\n  User sam\n${line}\n  Port 1\n`).port).toBe(port);
  });

  it('knows jump hosts, and refuses programs in their place', () => {
    const text = [
      'Host far\n  ProxyJump me@hop:2222,[::1]:22\n  ProxyCommand none',
      'Host farther\n  ProxyCommand nc %h %p\n  ProxyJump hop',
      'Host both\n  ProxyJump hop\n  ProxyCommand nc %h %p',
      'Host near\n  ProxyJump none\n',
    ].join('\n');
    expect(read('far', text).proxyJump).toEqual(['me@hop:2222', '[::1]:22']);
    expect(read('both', text).proxyJump).toEqual(['hop']);
    expect(read('near', text)).toMatchObject({ named: true, proxyJump: [] });
    expect(() => read('farther', text)).toThrow(DriftlineError);
    expect(() => read('a', 'Port many')).toThrow(DriftlineError);
  });

  it('knows where trusted keys are, and under which name', () => {
    const text =
      'Host a\n  UserKnownHostsFile ~/own "/with blank"\n  GlobalKnownHostsFile none\n  HostKeyAlias x\n  AddressFamily inet6\n';
    expect(read('a', text)).toMatchObject({
      ...{ knownHosts: [join(homedir(), 'own'), '/with blank'], hostKeyAlias: 'x', family: 6 },
    });
  });

  it('takes a missing file for an empty one', () => {
    expect(readSshConfig('a', join(folder, 'none'))).toMatchObject({ named: false, hostName: null });
  });
});

describe('resolveRemoteName', () => {
  const saved = { host: 'saved.example.org', port: 2200, user: 'sam', auth: [] };
  const sources = () => ({
    saved: (name: string) => (name === 'box' ? saved : null),
    sshConfig: file,
    keyFolder: folder,
  });

  it('prefers a saved host to an alias to a host name; user@ and the port override', () => {
    writeFileSync(file, 'Host box alias\n  HostName other\n  User al\n  Port 77\n');
    const resolve = (name: string, user: string | null = null, port: number | null = null) =>
      resolveRemoteName({ name, user, port }, sources());
    expect(resolve('box')).toMatchObject({ target: saved, from: 'saved host', jumps: [] });
    expect(resolve('box', 'root', 1).target).toEqual({ ...saved, user: 'root', port: 1 });
    expect(resolve('alias')).toMatchObject({ target: { host: 'other', user: 'al', port: 77 }, from: 'ssh config' });
    expect(resolve('plain')).toMatchObject({
      target: { host: 'plain', user: userInfo().username, port: 22 },
      from: 'host name',
    });
    expect(() => resolve('-oProxyCommand=x')).toThrow(DriftlineError);
  });

  it('tries the agent, the keys that exist and a password, in this order', () => {
    writeFileSync(join(folder, 'id_ed25519'), '');
    writeFileSync(file, 'Host a\n  IdentityAgent /agent\nHost b\n  IdentityAgent /agent\n  IdentitiesOnly yes\n');
    const auth = (name: string) => resolveRemoteName({ name, user: null, port: null }, sources()).target.auth;
    const key = { kind: 'key', path: join(folder, 'id_ed25519') };
    expect(auth('a')).toEqual([{ kind: 'agent', socket: '/agent' }, key, { kind: 'password' }]);
    expect(auth('b')).toEqual([
      { kind: 'agent', socket: '/agent', only: ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(folder, name)) },
      ...[key, { kind: 'password' }],
    ]);
  });

  it('finds the way through jump hosts, whose own settings count', () => {
    writeFileSync(
      file,
      [
        'Host far\n  ProxyJump mid,tom@last:9',
        'Host mid\n  HostName mid.example.org\n  Port 77\n  ProxyJump first\n  UserKnownHostsFile /mid',
        'Host first\n  User al',
        'Host last\n  ProxyJump never',
        'Host loop\n  ProxyJump loop\n',
      ].join('\n'),
    );
    const resolve = (name: string) => resolveRemoteName({ name, user: null, port: null }, sources());
    expect(resolve('far').jumps.map(({ target: { host, port, user } }) => `${user}@${host}:${port}`)).toEqual([
      ...['al@first:22', `${userInfo().username}@mid.example.org:77`, 'tom@last:9'],
    ]);
    expect(resolve('far').jumps[1]!.knownHosts[0]).toBe('/mid');
    expect(() => resolve('loop')).toThrow('too many hosts');
    writeFileSync(file, 'Host a\n  ProxyJump -oProxyCommand=x\nHost b\n  ProxyJump "x y"\n');
    for (const name of ['a', 'b']) expect(() => resolve(name)).toThrow(DriftlineError);
  });
});
