import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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

  it('skips Match blocks and runs nothing', () => {
    expect(read('a', `Match exec "touch ${folder}/ran"\n  Port 1\nMatch all\n  Port 2\n`)).toMatchObject({ port: 2 });
  });

  it('refuses hosts behind a proxy by name, and only those', () => {
    const text = 'Host far\n  ProxyJump hop\nHost farther\n  ProxyCommand nc %h %p\nHost near\n  ProxyJump none\n';
    for (const name of ['far', 'farther']) expect(() => read(name, text)).toThrow(DriftlineError);
    expect(read('near', text)).toMatchObject({ named: true });
    expect(() => read('a', 'Port many')).toThrow(DriftlineError);
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
    expect(resolve('box')).toEqual({ target: saved, from: 'saved host' });
    expect(resolve('box', 'root', 1)).toEqual({ target: { ...saved, user: 'root', port: 1 }, from: 'saved host' });
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
    expect(auth('b')).toEqual([key, { kind: 'password' }]);
  });
});
