import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type CliDocumentName, CliDocuments, CliFailure, type CliValue } from '../../shared/model/cli.ts';
import { runOnTerminal } from '../support/pty.ts';
import { CLI, type Outcome, run } from '../support/run.ts';
import { sshdFor } from '../support/ssh-client.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';

/** Jump hosts, the person's `.ssh` folder and questions of servers, by the command line. */
let sshd: Sshd;
let jump: Sshd;
let folder: string;
let env: Record<string, string>;
beforeAll(async () => {
  [sshd, jump] = await Promise.all([startSshd({ passwordUser: false }), startSshd({ passwordUser: false })]);
});
afterAll(() => Promise.all([sshd.stop(), jump.stop()]));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-cli-hosts-'));
  mkdirSync(join(folder, 'home/.ssh'), { recursive: true, mode: 0o700 });
  env = { HOME: join(folder, 'home'), DRIFTLINE_HOME: join(folder, 'settings'), SSH_AUTH_SOCK: '', RSYNC_RSH: '' };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const alone = (words: readonly string[]): Promise<Outcome> =>
  run('setsid', ['-w', process.execPath, CLI, ...words], { env });
async function json<K extends CliDocumentName>(name: K, words: readonly string[]): Promise<CliValue<K>> {
  const outcome = await alone([...name.split(' '), ...words, '--json']);
  expect(outcome).toMatchObject({ code: 0 });
  return v.parse(CliDocuments[name] as v.GenericSchema<unknown, { value: CliValue<K> }>, JSON.parse(outcome.stdout))
    .value;
}
const login = (server: Sshd, user = server.user): string[] => [
  ...['--address', server.host, '--port', String(server.port), '--user', user, '--key', server.keyPath],
  ...['--fingerprint', server.hostFingerprint],
];

it('saves a way through another host, which rsync goes as well; what is needed stays', async () => {
  await json('host add', ['jump', ...login(jump)]);
  const { host } = await json('host add', ['far', ...login(sshd), '--through', 'jump']);
  expect(host.jumpHostId).not.toBeNull();
  const before = jump.log().split('Accepted publickey').length;
  const test = await json('host test', ['far']);
  expect(test.login).toEqual([`key ${sshd.keyPath}`]);
  expect(test.space.length).toBe(1);
  writeFileSync(join(folder, 'file'), 'content');
  const pushed = await alone(['rsync', '-a', join(folder, 'file'), `far:${join(folder, 'copy')}`]);
  expect(pushed).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(join(folder, 'copy'), 'utf8')).toBe('content');
  expect(jump.log().split('Accepted publickey').length - before).toBe(2);
  const removed = await alone(['host', 'remove', 'jump', '--json']);
  expect(v.parse(CliFailure, JSON.parse(removed.stdout)).error.code).toBe('host-in-use');
  expect((await json('host edit', ['far', '--through', ''])).host.jumpHostId).toBeNull();
  await json('host remove', ['jump']);
});

it('lists keys and names of ~/.ssh, and saves the names that are asked for', async () => {
  copyFileSync(sshd.keyPath, join(folder, 'home/.ssh/id_x'));
  const block = (name: string, server: Sshd, more = ''): string =>
    `Host ${name}\n  HostName ${server.host}\n  Port ${server.port}\n  User ${server.user}\n  IdentityFile ${server.keyPath}\n${more}`;
  const config = `${block('far', sshd, '  ProxyJump jump\n')}${block('jump', jump)}`;
  writeFileSync(join(folder, 'home/.ssh/config'), config);
  expect((await json('host keys', [])).map(({ path, encrypted }) => [path, encrypted])).toEqual([
    ['~/.ssh/id_x', false],
  ]);
  expect(await json('host import', [])).toMatchObject({ candidates: [{ alias: 'far' }, { alias: 'jump' }], added: [] });
  const { added } = await json('host import', ['far']);
  expect(added.map(({ name }) => name)).toEqual(['jump', 'far']);
});

it.runIf(process.getuid?.() === 0)('asks a second factor on the terminal, in the server’s words', async () => {
  const strict = await sshdFor({
    keyboardInteractive: true,
    config: ['AuthenticationMethods publickey,keyboard-interactive'],
  });
  await json('host add', ['strict', ...login(strict, strict.passwordUser)]);
  const asked = `(${strict.passwordUser}@127.0.0.1) Password: `;
  const outcome = await runOnTerminal(
    process.execPath,
    [CLI, 'host', 'test', 'strict'],
    [[asked, `${strict.password}\n`]],
    { env },
  );
  expect(outcome.code).toBe(0);
  expect(outcome.stdout).toContain('keyboard-interactive');
  expect(outcome.stdout).not.toContain(strict.password);
  // With nobody to ask it is refused at once, with a next step.
  const refused = v.parse(CliFailure, JSON.parse((await alone(['host', 'test', 'strict', '--json'])).stdout));
  expect(refused.error).toMatchObject({ kind: 'auth', code: 'no-answer' });
});
