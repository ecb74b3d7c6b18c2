import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { fail } from '../../../shared/errors.ts';
import { displayPath } from '../../../shared/model/path.ts';
import { SocketStream, socketTransport } from './tcp.ts';
import type { Transport } from './transport.ts';

/**
 * Hosts that a program may be given. Quotes keep a host one word for the shell that runs the program, but not for a
 * shell that the program starts itself, so nothing that means anything to a shell is let through. The first character
 * must not turn the word into an option, a home directory or a job.
 */
const PLAIN_HOST = /^(?![-+~%])[\w.:%+~-]+$/;

/**
 * Starts the command of RSYNC_CONNECT_PROG, whose standard input and output are the connection: `%H` stands for the
 * host, `%%` for a percent sign. Both are one loopback socket, as with rsync: a daemon that is started this way speaks
 * on its standard input alone, and looks up the address of its client there. Standard error stays ours, and how the
 * program ends is not looked at.
 * @param shell RSYNC_SHELL, or null for the system's
 * @throws `usage`/`bad-host` (exit 10, as rsync 3.5) for a host with characters that a shell may take for its own
 */
export async function spawnConnectProgram(
  command: string,
  host: string,
  shell: string | null,
  signal?: AbortSignal,
): Promise<Transport> {
  if (command.includes('%') && !PLAIN_HOST.test(host))
    throw fail('usage', 'bad-host', `unsafe host characters for RSYNC_CONNECT_PROG: ${displayPath(host)}`, {
      exitCode: 10,
      hint: 'A host consists of letters, digits and . _ - : % + ~ here.',
    });
  const quoted = `'${host.replaceAll("'", "'\\''")}'`;
  const line = command.replace(/%([%H])/g, (_, char: string) => (char === 'H' ? quoted : '%'));
  const [near, far] = await socketPair();
  const stream = new SocketStream(near, displayPath(host));
  const program = shell ?? '/bin/sh';
  const child = spawn(program, ['-c', line], { stdio: [far, far, 'inherit'] });
  far.destroy(); // the child has its own
  child.unref();
  child.on('error', (cause) => {
    const message = `The shell ${displayPath(program)} cannot be started.`;
    const hint = 'Check RSYNC_SHELL.';
    stream.destroy(fail('connect', 'remote-shell-missing', message, { hint, exitCode: 14, retryable: false, cause }));
  });
  const onAbort = (): void => void stream.destroy(fail('cancelled', 'cancelled', 'Cancelled.'));
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  stream.once('close', () => signal?.removeEventListener('abort', onAbort));
  return socketTransport(stream, host);
}

/** Two ends of one loopback connection, the second of which nothing is read from. Others who connect are hung up on. */
async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const near = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, noDelay: true });
    const far = new Promise<Socket>((resolve) => {
      server.on('connection', (socket) => {
        if (socket.remotePort === near.localPort) resolve(socket);
        else socket.destroy();
      });
    });
    await once(near, 'connect');
    return [near, await far];
  } catch (cause) {
    throw fail('connect', 'address', 'No connection can be made over the loopback network.', { cause });
  } finally {
    server.close();
  }
}
