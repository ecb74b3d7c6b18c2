import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { randomBytes } from '../../../test/support/trees.ts';
import { largeReads } from './socket-reads.ts';

it('reads everything in order, into few large blocks of memory, and waits where the reader does', async () => {
  const content = randomBytes(5_000_000, 3);
  const server = createServer((peer) => peer.end(content)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const socket: Socket = connect({ port, host: '127.0.0.1', onread: largeReads(() => socket) });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (chunks.length % 3 !== 0) return;
      socket.pause();
      setImmediate(() => {
        expect(chunks.length % 3).toBe(0);
        socket.resume();
      });
    });
    await once(socket, 'close');
    // Compared after the last read: no block of memory was written twice.
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
    expect(new Set(chunks.map(({ buffer }) => buffer)).size).toBeLessThanOrEqual(6);
  } finally {
    server.close();
  }
});
