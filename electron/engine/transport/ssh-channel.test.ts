import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import ssh2, { type ClientChannel, type ServerChannel } from 'ssh2';
import { describe, expect, it } from 'vitest';
import { aheadFor, ChannelStream, windowFor } from './ssh-channel.ts';
import { newHostKey } from './ssh-server.ts';

describe('windowFor', () => {
  it('is what OpenSSH has for a server close by, and grows with the way up to 16 MiB', () => {
    const MIB = 1 << 20;
    expect([0, 0.3, 8, 20, 64, 100, Infinity].map((ms) => windowFor(ms) / MIB)).toEqual([2, 2, 2, 5, 16, 16, 16]);
  });
});

describe('aheadFor', () => {
  it('leaves half of the window of an OpenSSH near by unused, and no other', () => {
    const HALF = 1 << 20;
    expect(aheadFor(0.3, 'OpenSSH_9.2p1 Debian-2')).toBeGreaterThan(HALF);
    expect(aheadFor(10, 'OpenSSH_9.2p1 Debian-2')).toBeLessThan(1.1 * HALF);
    expect(aheadFor(100, 'OpenSSH_9.2p1')).toBeGreaterThan(20 * HALF);
    expect(aheadFor(14.7, 'OpenSSH_9.2p1')).toBe(Math.round(6.7 * (256 << 10))); // whole bytes
    expect(aheadFor(Infinity, 'OpenSSH_9.2p1')).toBe(Infinity);
    expect(aheadFor(0.3, 'dropbear_2022.83')).toBe(Infinity);
  });
});

/** Both ends of a channel over loopback. */
async function channelPair(): Promise<{ near: ClientChannel; far: ServerChannel; close(): void }> {
  const server = new ssh2.Server({ hostKeys: [newHostKey().private] });
  const far = new Promise<ServerChannel>((resolve) => {
    server.on('connection', (peer) => {
      peer.on('error', () => {});
      peer.on('authentication', (context) => context.accept());
      peer.on('session', (accept) => accept().on('exec', (acceptExec: () => ServerChannel) => resolve(acceptExec())));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new ssh2.Client();
  client.connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, username: 'me' });
  await once(client, 'ready');
  const near = await new Promise<ClientChannel>((resolve, reject) => {
    client.exec('program', (error, channel) => (error ? reject(error) : resolve(channel)));
  });
  const close = (): void => {
    client.end();
    server.close();
  };
  return { near, far: await far, close };
}

describe('ChannelStream', () => {
  it('has no more under way than it may, and sends all of it as it is read', async () => {
    const AHEAD = (1 << 20) + 5;
    const { near, far, close } = await channelPair();
    try {
      const stream = new ChannelStream(near, 'client', 2 << 20, AHEAD);
      const data = Buffer.alloc(5 << 20, 'some of it ');
      stream.end(data);
      far.read(0);
      while (far.readableLength < AHEAD) await new Promise((resolve) => setImmediate(resolve));
      expect((near as unknown as { outgoing: { window: number } }).outgoing.window).toBe(0);
      expect(far.readableLength).toBe(AHEAD);
      const read: Buffer[] = [];
      for await (const chunk of far) read.push(chunk as Buffer);
      expect(Buffer.concat(read).equals(data)).toBe(true);
    } finally {
      close();
    }
  });
});
