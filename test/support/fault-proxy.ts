import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** One fault of a connection, after `at` bytes of one direction. */
export interface ProxyFault {
  /**
   * `reset`: both ends get a RST. `end`: the receiver gets a FIN, what follows is lost. `stall`: nothing more passes this
   * way. `flip`: one bit of byte `at` is changed.
   */
  kind: 'reset' | 'end' | 'stall' | 'flip';
  direction: 'toClient' | 'toServer';
  at: number;
  /** Which bit `flip` changes, 0–7. */
  bit?: number;
}

/** A TCP proxy on loopback that passes everything on, but for one fault. */
export interface FaultProxy {
  port: number;
  /** Bytes taken in each direction, over all connections. */
  readonly seen: { toClient: number; toServer: number };
  /** `performance.now()` at the fault; null until then. It strikes once: later connections are whole. */
  readonly struckAt: number | null;
  close(): Promise<void>;
}

/** @param port where the real server listens, on loopback */
export async function startFaultProxy(port: number, fault: ProxyFault | null = null): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const seen = { toClient: 0, toServer: 0 };
  let struckAt: number | null = null;

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    for (const socket of [client, far]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      // Whatever ends one side in disorder ends the other.
      socket.on('error', () => {
        client.destroy();
        far.destroy();
      });
    }
    pump(client, far, 'toServer');
    pump(far, client, 'toClient');
  });

  function pump(from: Socket, to: Socket, direction: ProxyFault['direction']): void {
    let offset = 0;
    let stuck = false;
    const pass = (chunk: Buffer): void => {
      if (chunk.length === 0 || to.write(chunk)) return;
      from.pause();
      to.once('drain', () => {
        if (!stuck) from.resume();
      });
    };
    from.on('end', () => {
      if (!stuck) to.end();
    });
    from.on('data', (chunk: Buffer) => {
      const start = offset;
      offset += chunk.length;
      seen[direction] += chunk.length;
      if (stuck) return;
      if (fault?.direction !== direction || struckAt !== null || offset <= fault.at) return pass(chunk);
      struckAt = performance.now();
      const cut = fault.at - start;
      if (fault.kind === 'flip') {
        const changed = Buffer.from(chunk);
        changed[cut]! ^= 1 << (fault.bit ?? 0);
        return pass(changed);
      }
      stuck = true;
      pass(chunk.subarray(0, cut));
      switch (fault.kind) {
        case 'reset':
          from.resetAndDestroy();
          to.resetAndDestroy();
          break;
        case 'end':
          to.end();
          from.resume();
          break;
        case 'stall':
          from.pause();
      }
    });
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    get struckAt() {
      return struckAt;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
