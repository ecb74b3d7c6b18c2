import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Link {
  port: number;
  /** Called at the first byte a client sends on each connection. */
  onFirstByte: (() => void) | null;
  close(): Promise<void>;
}

/**
 * A TCP proxy on loopback that delivers every byte `delayMs` later, in both directions. Bandwidth and what may be under
 * way are not limited, so what bounds a transfer through it is the programs' own windows.
 */
export async function startLink(target: number, delayMs: number): Promise<Link> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => {
        near.destroy();
        far.destroy();
      });
    }
    near.once('data', () => link.onFirstByte?.());
    delay(near, far, delayMs);
    delay(far, near, delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const link: Link = {
    port: (server.address() as AddressInfo).port,
    onFirstByte: null,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return link;
}

function delay(from: Socket, to: Socket, ms: number): void {
  const later = (action: () => void): unknown => (ms === 0 ? action() : setTimeout(action, ms));
  from.on('data', (chunk: Buffer) => later(() => to.write(chunk)));
  from.on('end', () => later(() => to.end()));
}
