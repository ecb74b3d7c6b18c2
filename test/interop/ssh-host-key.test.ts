import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HostKeyQuestion } from '../../electron/engine/transport/ssh-target.ts';
import { connectTo, errorOf } from '../support/ssh-client.ts';
import { peers } from '../support/peers.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';

let sshd: Sshd;
/** A second server, for keys that are not the first one's. */
let stranger: Sshd;
let folder: string;
let own: string;

beforeAll(async () => {
  sshd = await startSshd({ hostKeys: ['ed25519', 'ecdsa', 'rsa'], passwordUser: false });
  stranger = await startSshd({ hostKeys: ['ed25519', 'rsa'], passwordUser: false });
});
afterAll(async () => {
  await sshd.stop();
  await stranger.stop();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-hosts-'));
  own = join(folder, 'trust', 'known_hosts');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes a known_hosts file and gives it as somebody else's. */
function listed(...lines: string[]) {
  const file = join(folder, 'user_known_hosts');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return { own, readOnly: [file] };
}

const name = (): string => `[127.0.0.1]:${sshd.port}`;

/** Fails the test if any credential is asked for. */
const noSecret = {
  secret: (): Promise<never> => Promise.reject(new Error('a credential was asked for')),
};
const passwordOnly = { auth: [{ kind: 'password' as const }] };

describe('an unknown host', () => {
  it('is refused with its fingerprint when nobody can answer, before any credential is asked for', async () => {
    const error = await errorOf(
      connectTo(sshd, { ...passwordOnly, prompts: noSecret, knownHosts: { own, readOnly: [] } }),
    );
    expect(error).toMatchObject({ kind: 'host-key', code: 'unknown-host', exitCode: 255 });
    expect(error.details).toEqual({
      host: '127.0.0.1',
      port: sshd.port,
      algorithm: 'ssh-ed25519',
      fingerprint: sshd.hostFingerprint,
    });
    expect(existsSync(own)).toBe(false);
  });

  it('is asked about before any credential, and not again once saved', async () => {
    const order: string[] = [];
    const prompts = {
      hostKey: (question: HostKeyQuestion) => {
        order.push(`${question.algorithm} ${question.fingerprint}`);
        return Promise.resolve('accept-save' as const);
      },
      secret: () => {
        order.push('secret');
        return Promise.resolve(null);
      },
    };
    const knownHosts = { own, readOnly: [] };
    expect(await errorOf(connectTo(sshd, { ...passwordOnly, prompts, knownHosts }))).toMatchObject({ kind: 'auth' });
    expect(order).toEqual([`ssh-ed25519 ${sshd.hostFingerprint}`, 'secret']);
    expect(readFileSync(own, 'utf8')).toBe(`${name()} ${sshd.hostKeys['ed25519']!.line}\n`);
    expect(statSync(own).mode & 0o777).toBe(0o600);
    // OpenSSH reads what we wrote.
    expect(execFileSync(peers().sshKeygen, ['-F', name(), '-f', own], { encoding: 'utf8' })).toContain('found');
    (await connectTo(sshd, { knownHosts })).close();
  });

  it('is let in once without being kept', async () => {
    const prompts = { hostKey: () => Promise.resolve('accept-once' as const) };
    (await connectTo(sshd, { prompts, knownHosts: { own, readOnly: [] } })).close();
    expect(existsSync(own)).toBe(false);
  });

  it('does not lose time while a person thinks', async () => {
    const prompts = {
      hostKey: () => new Promise<'accept-once'>((resolve) => setTimeout(() => resolve('accept-once'), 400)),
    };
    (await connectTo(sshd, { prompts, knownHosts: { own, readOnly: [] }, readyTimeoutMs: 300 })).close();
  });
});

describe('a changed key', () => {
  it('is refused with both fingerprints, and nobody is asked', async () => {
    const knownHosts = listed(`${name()} ${stranger.hostKeys['ed25519']!.line}`);
    const prompts = { ...noSecret, hostKey: () => Promise.reject(new Error('asked')) };
    const error = await errorOf(connectTo(sshd, { ...passwordOnly, prompts, knownHosts }));
    expect(error).toMatchObject({ kind: 'host-key', code: 'host-key-changed', exitCode: 255, retryable: false });
    expect(error.details).toMatchObject({
      fingerprint: sshd.hostFingerprint,
      known: [`ssh-ed25519 ${stranger.hostFingerprint}`],
    });
    expect(error.message).toContain(sshd.hostFingerprint);
    expect(error.message).toContain(stranger.hostFingerprint);
  });

  it('is a key of any type where one of another type is known and not shown', async () => {
    // Only RSA is known, and wrong: RSA is offered first, so that is what the server shows.
    const knownHosts = listed(`${name()} ${stranger.hostKeys['rsa']!.line}`);
    const error = await errorOf(connectTo(sshd, { knownHosts }));
    expect(error).toMatchObject({ code: 'host-key-changed' });
    expect(error.details).toMatchObject({ algorithm: 'ssh-rsa', fingerprint: sshd.hostKeys['rsa']!.fingerprint });
  });

  it('is any but the pinned one', async () => {
    const pin = (fingerprint: string, algorithm?: string) => ({
      own: null,
      readOnly: [],
      pinned: { fingerprint, algorithm },
    });
    (await connectTo(sshd, { knownHosts: pin(sshd.hostFingerprint) })).close();
    (await connectTo(sshd, { knownHosts: pin(sshd.hostKeys['rsa']!.fingerprint, 'ssh-rsa') })).close();
    const error = await errorOf(connectTo(sshd, { knownHosts: pin(stranger.hostFingerprint) }));
    expect(error.details).toMatchObject({ known: [`key ${stranger.hostFingerprint}`] });
  });
});

describe('a known key', () => {
  it('is the one asked for, whatever type it has', async () => {
    for (const type of ['ed25519', 'ecdsa', 'rsa']) {
      const key = sshd.hostKeys[type]!;
      const connection = await connectTo(sshd, { knownHosts: listed(`${name()} ${key.line}`) });
      expect(connection.hostKey.fingerprint).toBe(key.fingerprint);
      connection.close();
    }
  });

  it('is found in a hashed file as ssh-keygen writes it', async () => {
    const knownHosts = listed(`${name()} ${sshd.hostKeys['ed25519']!.line}`);
    execFileSync(peers().sshKeygen, ['-H', '-f', knownHosts.readOnly[0]!], { stdio: 'ignore' });
    expect(readFileSync(knownHosts.readOnly[0]!, 'utf8')).toMatch(/^\|1\|/);
    (await connectTo(sshd, { knownHosts })).close();
  });

  it('is refused where it is revoked', async () => {
    const line = sshd.hostKeys['ed25519']!.line;
    const knownHosts = listed(`${name()} ${line}`, `@revoked * ${line}`);
    expect(await errorOf(connectTo(sshd, { knownHosts }))).toMatchObject({
      kind: 'host-key',
      code: 'host-key-revoked',
    });
  });
});
