import { createHash, randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitError } from '../../electron/engine/transport/peer-exit.ts';
import type { SshConnection } from '../../electron/engine/transport/ssh.ts';
import { startLink } from '../bench/link.ts';
import { connectTo, errorOf, readAll, sshdFor } from '../support/ssh-client.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';

let sshd: Sshd;
let connection: SshConnection;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-exec-'));
  const banner = join(folder, 'banner');
  writeFileSync(banner, 'Welcome\t\u001b[31mfriend\nsecond line\n');
  sshd = await startSshd({ passwordUser: false, config: [`Banner ${banner}`] });
  connection = await connectTo(sshd);
});
afterAll(async () => {
  connection.close();
  await sshd.stop();
  rmSync(folder, { recursive: true, force: true });
});

const sum = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

/** How much arrives while nobody reads; then all of it is read. */
async function sentAhead(over: SshConnection): Promise<number> {
  const total = 40 << 20;
  const transport = await over.exec(`head -c ${total} /dev/zero`);
  let held: number;
  do {
    held = transport.stream.readableLength;
    // Whatever the server was allowed to send is here before the answers to these.
    for (let i = 0; i < 3; i++) await over.roundTripMs();
  } while (held < 2 << 20 || transport.stream.readableLength > held);
  const { out } = await readAll(transport);
  expect(out.length).toBe(total);
  expect(await transport.exit).toEqual({ code: 0, signal: null });
  return held;
}

describe('exec', () => {
  it('carries 16 MiB of binary data both ways unchanged, with a clean exit', async () => {
    const data = randomFillSync(Buffer.allocUnsafe(16 << 20));
    const transport = await connection.exec('cat');
    const reading = readAll(transport);
    for (let at = 0; at < data.length; at += 65_536)
      if (!transport.stream.write(data.subarray(at, at + 65_536))) await once(transport.stream, 'drain');
    transport.stream.end();
    const { out, err } = await reading;
    expect(out.length).toBe(data.length);
    expect(sum(out)).toBe(sum(data));
    expect(err.length).toBe(0);
    expect(await transport.exit).toEqual({ code: 0, signal: null });
  });

  it('sends the bytes of the command as they are, valid UTF-8 or not', async () => {
    const name = Buffer.from(join(folder, 'x')).toString('latin1') + '\xff\xfe\xe4';
    const transport = await connection.exec(`printf ok > '${name}' && printf '%s' '${name}' | od -An -tx1`);
    const { out } = await readAll(transport);
    expect(out.toString().trim().endsWith('78 ff fe e4')).toBe(true);
    expect(existsSync(Buffer.from(name, 'latin1'))).toBe(true);
    expect(readdirSync(folder, { encoding: 'buffer' }).some((entry) => entry.includes(0xff))).toBe(true);
  });

  it('keeps stdout and stderr apart and reports the code', async () => {
    const transport = await connection.exec('echo out; echo err >&2; exit 23');
    const { out, err } = await readAll(transport);
    expect([out.toString(), err.toString()]).toEqual(['out\n', 'err\n']);
    const exit = await transport.exit;
    expect(exit).toEqual({ code: 23, signal: null });
    expect(exitError(exit, 'rsync', transport.description)?.data).toMatchObject({
      code: 'command-failed',
      exitCode: 23,
    });
  });

  it('tells a missing command and an end by signal apart from success', async () => {
    const missing = await connection.exec('/no/such/program');
    await readAll(missing);
    const notFound = await missing.exit;
    expect(exitError(notFound, 'rsync', 'x')?.data).toMatchObject({ code: 'command-not-found', exitCode: 127 });
    const killed = await connection.exec('kill -KILL $$');
    await readAll(killed);
    expect(await killed.exit).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('lets a server that is far away send more ahead than one that is near, and no more than 16 MiB', async () => {
    const link = await startLink(sshd.port, 50);
    const far = await connectTo(sshd, { via: connect(link.port, '127.0.0.1') });
    try {
      expect(await sentAhead(connection)).toBeLessThanOrEqual(16 << 20);
      expect(await sentAhead(far)).toBe(16 << 20);
    } finally {
      far.close();
      await link.close();
    }
  });

  it('makes a writer wait for a peer that does not read', async () => {
    const transport = await connection.exec('sleep 60');
    const chunk = Buffer.alloc(65_536);
    let written = 0;
    // The server's window, the wrapper's own limit, and the pipe to the program.
    while (written < 64 << 20 && transport.stream.write(chunk)) {
      written += chunk.length;
      await connection.roundTripMs();
    }
    expect(written).toBeLessThan(8 << 20);
    transport.close();
    expect(await transport.exit).toEqual({ code: null, signal: null });
  });

  it('drops what is written after the peer has gone, and still gives all it said', async () => {
    const transport = await connection.exec('echo last words; exec 0<&-; exit 3');
    const { out } = await readAll(transport);
    expect(out.toString()).toBe('last words\n');
    expect(await transport.exit).toEqual({ code: 3, signal: null });
    await new Promise<void>((resolve) => transport.stream.write(Buffer.alloc(100_000), () => resolve()));
    transport.close();
  });

  it('runs several commands on one connection', async () => {
    const outs = await Promise.all(
      ['1', '2', '3'].map(async (word) => (await readAll(await connection.exec(`echo ${word}`))).out.toString()),
    );
    expect(outs).toEqual(['1\n', '2\n', '3\n']);
  });

  it('survives rekeying in the middle of a transfer, the host key being the same', async () => {
    const rekeying = await sshdFor({ passwordUser: false, config: ['RekeyLimit 1M'] });
    const other = await connectTo(rekeying);
    const transport = await other.exec('head -c 5000000 /dev/zero | tr "\\\\0" x');
    const { out } = await readAll(transport);
    expect(out.length).toBe(5_000_000);
    expect(out.every((byte) => byte === 0x78)).toBe(true);
    other.close();
  });
});

describe('the end of a connection', () => {
  it('is an end without a status for what runs on it when the server is killed', async () => {
    const other = await connectTo(sshd);
    const before = new Set(sshd.sessionPids());
    const transport = await other.exec('exec sleep 60');
    const failed = errorOf(once(transport.stream, 'end'));
    transport.stream.resume();
    // Everything that serves connections; the shared connection is replaced.
    for (const pid of [...before, ...sshd.sessionPids()]) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // ended with its parent
      }
    }
    expect(await failed).toMatchObject({ kind: 'connect', code: 'closed-early', retryable: true });
    expect(await transport.exit).toEqual({ code: null, signal: null });
    expect((await other.closed)?.data.code).toBe('closed-early');
    expect((await errorOf(other.exec('true'))).code).toBe('closed-early');
    expect(exitError(await transport.exit, 'rsync', 'x')?.data.code).toBe('closed-early');
    connection = await connectTo(sshd);
  });

  it('says what the server’s banner says, escaped', async () => {
    const texts: string[] = [];
    (await connectTo(sshd, { onBanner: (text) => texts.push(text) })).close();
    expect(texts.join('')).toBe('Welcome \\x1b[31mfriend\nsecond line\n');
  });

  it('is reported as a refusal when the server allows no session', async () => {
    const closedDoor = await sshdFor({ passwordUser: false, config: ['MaxSessions 0'] });
    const other = await connectTo(closedDoor);
    expect(await errorOf(other.exec('true'))).toMatchObject({ kind: 'remote', code: 'command-failed' });
    other.close();
  });
});
