import { execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SecretQuestion } from '../../electron/engine/transport/ssh-target.ts';
import type { PathText } from '../../shared/model/path.ts';
import { peers } from '../support/peers.ts';
import { agentFor, connectTo, errorOf, sshdFor } from '../support/ssh-client.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';

let sshd: Sshd;
let folder: string;

beforeAll(async () => {
  sshd = await startSshd({ hostKeys: ['ed25519', 'rsa'] });
  folder = mkdtempSync(join(tmpdir(), 'driftline-auth-'));
});
afterAll(async () => {
  await sshd.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Answers secrets from a list, noting the questions. */
function answers(...given: (string | null)[]) {
  const asked: SecretQuestion[] = [];
  return {
    asked,
    secret: (question: SecretQuestion): Promise<string | null> => {
      asked.push(question);
      return Promise.resolve(given[asked.length - 1] ?? null);
    },
  };
}

describe('keys', () => {
  it('logs in with a plain key and says which host key was proved', async () => {
    const connection = await connectTo(sshd);
    expect(connection.hostKey).toEqual({ algorithm: 'ssh-ed25519', fingerprint: sshd.hostFingerprint });
    expect(await connection.roundTripMs()).toBeGreaterThan(0);
    connection.close();
    expect(await connection.closed).toBeNull();
  });

  it('asks for the passphrase of an encrypted key, again when it was wrong', async () => {
    const path = sshd.encryptedKeyPath as PathText;
    const prompts = answers('wrong', sshd.passphrase);
    const connection = await connectTo(sshd, { auth: [{ kind: 'key', path }], prompts });
    connection.close();
    expect(prompts.asked).toMatchObject([
      { kind: 'passphrase', keyPath: path, attempt: 1 },
      { kind: 'passphrase', keyPath: path, attempt: 2 },
    ]);
  });

  it('gives up after three wrong passphrases and names the key', async () => {
    const path = sshd.encryptedKeyPath as PathText;
    const prompts = answers('a', 'b', 'c', sshd.passphrase);
    const error = await errorOf(connectTo(sshd, { auth: [{ kind: 'key', path }], prompts }));
    expect(error).toMatchObject({ kind: 'auth', code: 'key-passphrase-wrong', exitCode: 255 });
    expect(error.message).toContain('is wrong');
    expect(prompts.asked).toHaveLength(3);
  });

  it('says that a passphrase is needed when nobody gives one', async () => {
    const error = await errorOf(connectTo(sshd, { auth: [{ kind: 'key', path: sshd.encryptedKeyPath as PathText }] }));
    expect(error).toMatchObject({ kind: 'auth', code: 'key-passphrase-wrong' });
    expect(error.message).toContain('needs its passphrase');
  });

  it('tells unreadable, foreign and public key files apart from refused ones', async () => {
    const auth = (path: string) => ({ auth: [{ kind: 'key' as const, path: path as PathText }] });
    expect(await errorOf(connectTo(sshd, auth(join(folder, 'absent'))))).toMatchObject({ code: 'key-unreadable' });
    expect(await errorOf(connectTo(sshd, auth(folder)))).toMatchObject({ code: 'key-unreadable' });
    expect(await errorOf(connectTo(sshd, auth(`${sshd.keyPath}.pub`)))).toMatchObject({ code: 'key-unreadable' });
    const junk = join(folder, 'junk');
    writeFileSync(junk, '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n');
    expect(await errorOf(connectTo(sshd, auth(junk)))).toMatchObject({ code: 'key-unreadable' });
  });

  it('reports a refused key with what was tried and what the server offers, and sends no password', async () => {
    const other = await sshdFor({ passwordUser: false });
    const prompts = answers(sshd.password);
    const path = other.keyPath as PathText;
    const error = await errorOf(connectTo(sshd, { auth: [{ kind: 'key', path }], prompts }));
    expect(error).toMatchObject({ kind: 'auth', code: 'key-refused', exitCode: 255, retryable: false });
    expect(error.details).toEqual({ tried: [`key ${path}`], offered: ['publickey', 'password'] });
    expect(prompts.asked).toEqual([]);
  });
});

describe('passwords', () => {
  it('logs in, asking again after a wrong one', async () => {
    const prompts = answers('wrong', sshd.password);
    const connection = await connectTo(sshd, { user: sshd.passwordUser, auth: [{ kind: 'password' }], prompts });
    connection.close();
    expect(prompts.asked.map((question) => question.attempt)).toEqual([1, 2]);
  });

  it('fails after three wrong ones', async () => {
    const prompts = answers('a', 'b', 'c');
    const error = await errorOf(connectTo(sshd, { user: sshd.passwordUser, auth: [{ kind: 'password' }], prompts }));
    expect(error).toMatchObject({ kind: 'auth', code: 'password-refused' });
    expect(error.details?.['tried']).toEqual(['password', 'password', 'password']);
  });

  it('says that none was given', async () => {
    const error = await errorOf(connectTo(sshd, { auth: [{ kind: 'password' }] }));
    expect(error).toMatchObject({ kind: 'auth', code: 'no-password' });
  });

  it('follows a refused key only where the host is set up so', async () => {
    const other = await sshdFor({ passwordUser: false });
    const prompts = answers(sshd.password);
    const auth = [{ kind: 'key' as const, path: other.keyPath as PathText }, { kind: 'password' as const }];
    const connection = await connectTo(sshd, { user: sshd.passwordUser, auth, prompts });
    connection.close();
    expect(prompts.asked).toHaveLength(1);
  });

  it('answers one hidden keyboard-interactive question', async () => {
    const kbd = await sshdFor({ keyboardInteractive: true });
    const prompts = answers('wrong', kbd.password);
    const connection = await connectTo(kbd, { user: kbd.passwordUser, auth: [{ kind: 'password' }], prompts });
    connection.close();
    expect(prompts.asked.map((question) => question.kind)).toEqual(['password', 'password']);
  });
});

describe('two factors', () => {
  it('goes on to the password after the key was right, whatever their order', async () => {
    const strict = await sshdFor({ config: ['AuthenticationMethods publickey,password'] });
    // The password account needs a key of its own: one authorized_keys file serves every account.
    const auth = [{ kind: 'password' as const }, { kind: 'key' as const, path: strict.keyPath as PathText }];
    const prompts = answers(strict.password);
    const connection = await connectTo(strict, { user: strict.passwordUser, auth, prompts });
    connection.close();
    expect(prompts.asked).toHaveLength(1);
  });
});

describe('limits', () => {
  it('knows too many failures from a refusal', async () => {
    const strict = await sshdFor({ maxAuthTries: 2 });
    const error = await errorOf(
      connectTo(strict, { user: strict.passwordUser, auth: [{ kind: 'password' }], prompts: answers('a', 'b', 'c') }),
    );
    expect(error).toMatchObject({ kind: 'auth', code: 'too-many-auth-failures', exitCode: 255 });
    expect(error.details?.['tried']).toEqual(['password', 'password']);
  });
});

describe('agent', () => {
  it('logs in with a key of the agent, after others were refused', async () => {
    const other = await sshdFor({ passwordUser: false });
    const agent = await agentFor([other.keyPath, sshd.keyPath]);
    const lines = (text: string): number => sshd.log().split(text).length - 1;
    const [asked, accepted] = [lines('Postponed publickey'), lines('Accepted publickey')];
    const connection = await connectTo(sshd, { auth: [{ kind: 'agent', socket: agent.socket }] });
    connection.close();
    (await connectTo(sshd)).close();
    await expect.poll(() => lines('Accepted publickey')).toBe(accepted + 2);
    // Of the agent only the key that will do signs, since that may ask the person. A key file signs at once.
    expect(lines('Postponed publickey')).toBe(asked + 1);
  });

  it('asks the agent for the configured keys alone where the host is set up so', async () => {
    const agent = await agentFor([sshd.keyPath]);
    const auth = (path: string) => [{ kind: 'agent' as const, socket: agent.socket, only: [path as PathText] }];
    (await connectTo(sshd, { auth: auth(sshd.keyPath) })).close();
    const other = await errorOf(connectTo(sshd, { auth: auth(sshd.encryptedKeyPath) }));
    expect(other).toMatchObject({ kind: 'auth', code: 'auth-failed' });
    expect(other.message).toContain('Nothing could be tried');
  });

  it('says that the agent is absent, empty or locked', async () => {
    const absent = await errorOf(connectTo(sshd, { auth: [{ kind: 'agent', socket: join(folder, 'none') }] }));
    expect(absent).toMatchObject({ kind: 'auth', code: 'agent-unavailable' });
    expect(absent.message).toContain('cannot be reached');
    const agent = await agentFor();
    const auth = [{ kind: 'agent' as const, socket: agent.socket }];
    expect((await errorOf(connectTo(sshd, { auth }))).message).toContain('holds no keys');
    agent.add(sshd.keyPath);
    await agent.lock();
    expect((await errorOf(connectTo(sshd, { auth }))).message).toContain('holds no keys');
  });

  it('says that the server takes no more keys than it allows', async () => {
    const keys = Array.from({ length: 7 }, (_, index) => join(folder, `key${index}`));
    for (const key of keys) execFileSync(peers().sshKeygen, ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', key]);
    const agent = await agentFor([...keys, sshd.keyPath]);
    const error = await errorOf(connectTo(sshd, { auth: [{ kind: 'agent', socket: agent.socket }] }));
    expect(error).toMatchObject({ kind: 'auth', code: 'too-many-auth-failures' });
    expect(error.details?.['tried']).toHaveLength(6);
  });

  it('goes on to the next method when the agent is absent', async () => {
    const auth = [
      { kind: 'agent' as const, socket: join(folder, 'none') },
      { kind: 'key' as const, path: sshd.keyPath as PathText },
    ];
    (await connectTo(sshd, { auth })).close();
  });

  it('cancels while an agent hangs', async () => {
    const socket = join(folder, 'hang.sock');
    const controller = new AbortController();
    const hanging: Server = createServer((client) => client.once('data', () => controller.abort()));
    await new Promise<void>((resolve) => hanging.listen(socket, resolve));
    const error = await errorOf(connectTo(sshd, { auth: [{ kind: 'agent', socket }], signal: controller.signal }));
    expect(error).toMatchObject({ kind: 'cancelled', code: 'cancelled' });
    await new Promise((resolve) => hanging.close(resolve));
  });
});
