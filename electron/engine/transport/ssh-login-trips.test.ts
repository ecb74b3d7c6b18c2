import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PathText } from '../../../shared/model/path.ts';
import { fingerprint } from './known-hosts.ts';
import { connectSsh } from './ssh.ts';
import { newHostKey } from './ssh-server.ts';
import { NO_PROMPTS, type SshAuth } from './ssh-target.ts';

/** SSH_MSG_NEWKEYS: what follows it is encrypted. */
const NEWKEYS = 21;
const GCM_TAG = 16;

let folder: string;
const open: (ssh2.Server | Server)[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'driftline-trips-'))));
afterEach(() => {
  for (const server of open.splice(0)) server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function port(server: ssh2.Server | Server): Promise<number> {
  open.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A server that takes `key` alone and notes what is tried, with `?` where it is only asked. */
async function serverFor(key: { blob: Buffer }): Promise<{ port: number; attempts: string[]; hostKey: Buffer }> {
  const hostKey = newHostKey();
  const attempts: string[] = [];
  const server = new ssh2.Server({ hostKeys: [hostKey.private] }, (client) => {
    client.on('error', () => {});
    client.on('authentication', (context) => {
      const asked = context.method === 'publickey' && context.signature === undefined;
      attempts.push(`${context.method}${asked ? '?' : ''}`);
      if (context.method === 'publickey' && context.key.data.equals(key.blob)) context.accept();
      else context.reject(['publickey']);
    });
  });
  return { port: await port(server), attempts, hostKey: hostKey.blob };
}

/** Takes one direction of a connection apart; packets are counted by their lengths, which AES-GCM leaves readable. */
class Packets {
  /** Those behind NEWKEYS. */
  sealed = 0;
  /** Bytes up to the end of NEWKEYS, once it has come. */
  plainBytes: number | null = null;
  #taken = 0;
  #rest = Buffer.alloc(0);
  #greeted = false;

  take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const size = this.#next();
      if (size === null || size > this.#rest.length) return;
      const sealed = this.plainBytes !== null;
      const type = this.#rest[5];
      this.#taken += size;
      this.#rest = this.#rest.subarray(size);
      if (sealed) this.sealed++;
      else if (!this.#greeted) this.#greeted = true;
      else if (type === NEWKEYS) this.plainBytes = this.#taken;
    }
  }

  #next(): number | null {
    const end = this.#rest.indexOf('\n');
    if (!this.#greeted) return end < 0 ? null : end + 1;
    if (this.#rest.length < 6) return null;
    return 4 + this.#rest.readUInt32BE(0) + (this.plainBytes === null ? 0 : GCM_TAG);
  }
}

/** A way to the server on which its answers behind the key exchange wait until the client has sent so many packets. */
async function heldUntil(target: number, packets: number): Promise<number> {
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    const [sent, answered] = [new Packets(), new Packets()];
    const held: Buffer[] = [];
    let passed = 0;
    const release = (): void => {
      if (sent.sealed >= packets) for (const chunk of held.splice(0)) near.write(chunk);
    };
    near.on('data', (chunk) => {
      sent.take(chunk);
      far.write(chunk);
      release();
    });
    far.on('data', (chunk) => {
      answered.take(chunk);
      const plain = Math.max(0, Math.min(chunk.length, (answered.plainBytes ?? Infinity) - passed));
      passed += chunk.length;
      near.write(chunk.subarray(0, plain));
      held.push(chunk.subarray(plain));
      release();
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  return port(server);
}

function logIn(at: number, hostKey: Buffer, ...keys: string[]) {
  const auth = keys.map((text, i): SshAuth => {
    const path = join(folder, `key-${i}`);
    writeFileSync(path, text, { mode: 0o600 });
    return { kind: 'key', path: path as PathText };
  });
  const knownHosts = { own: null, readOnly: [], pinned: { fingerprint: fingerprint(hostKey) } };
  return connectSsh({ host: '127.0.0.1', port: at, user: 'me', auth }, { prompts: NO_PROMPTS, knownHosts });
}

describe('round trips of a login', () => {
  it('the first attempt goes out with the request for the service', async () => {
    const key = newHostKey();
    const server = await serverFor(key);
    (await logIn(await heldUntil(server.port, 2), server.hostKey, key.private)).close();
    expect(server.attempts).toEqual(['none', 'publickey']);
  });

  it('a key signs without being asked about, once', async () => {
    const [first, second] = [newHostKey(), newHostKey()];
    const server = await serverFor(second);
    (await logIn(server.port, server.hostKey, first.private, second.private)).close();
    expect(server.attempts).toEqual(['none', 'publickey', 'publickey']);
  });

  it('RSA keys sign with SHA-2 at once', async () => {
    const pair = ssh2.utils.generateKeyPairSync('rsa', { bits: 2048 });
    const parsed = ssh2.utils.parseKey(pair.public);
    if (parsed instanceof Error) throw parsed;
    const server = await serverFor({ blob: parsed.getPublicSSH() });
    (await logIn(server.port, server.hostKey, pair.private)).close();
    expect(server.attempts).toEqual(['none', 'publickey']);
  });
});
