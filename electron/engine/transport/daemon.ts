import type { Duplex } from 'node:stream';
import { fail } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import {
  daemonArguments,
  type DaemonAnswer,
  type DaemonRequest,
  type DaemonWording,
  greetDaemon,
} from '../handshake/daemon.ts';
import { type RemoteShell, spawnDaemonShell } from './command.ts';
import { spawnConnectProgram } from './connect-program.ts';
import { connectThroughProxy, parseProxy } from './proxy.ts';
import { connectTcp, socketTransport, type TcpOptions } from './tcp.ts';
import type { Transport } from './transport.ts';

/** Where rsync's own daemons listen. */
const RSYNC_PORT = 873;
/** How long a program whose connection failed may take to end by itself, in milliseconds. */
const LAST_WORDS_MS = 1000;

/** How a daemon is reached. */
export type DaemonRoute =
  /** `proxy` as in RSYNC_PROXY, or null. */
  | { kind: 'tcp'; port: number | null; proxy: string | null }
  /** RSYNC_CONNECT_PROG and RSYNC_SHELL. */
  | { kind: 'program'; command: string; shell: string | null }
  /** The remote shell starts a daemon for this connection alone. */
  | { kind: 'shell'; shell: RemoteShell; rsyncPath: ByteString; port: number | null };

export interface DaemonOptions {
  host: string;
  route: DaemonRoute;
  request: DaemonRequest;
  wording: DaemonWording;
  tcp: Omit<TcpOptions, 'signal' | 'notice'>;
  /** I/O timeout in milliseconds; 0 = none of the user's. */
  timeoutMs: number;
  /** A line of the message of the day or of the list of modules. */
  onText: (line: ByteString) => void;
  /** Asked for when the module wants a password. */
  password: () => Promise<ByteString>;
  /** Text for the person, without a line end. */
  notice: (text: string) => void;
  signal?: AbortSignal;
}

/**
 * Opens a module of an rsync daemon and hands it the words of `buildServerArgs`, whose paths begin with the module's
 * name.
 * @throws as `connectTcp`, `connectThroughProxy`, `spawnDaemonShell` and `greetDaemon`
 */
export async function openDaemonModule(options: DaemonOptions, words: readonly ByteString[]): Promise<Transport> {
  const transport = await connect(options);
  const answer = await greet(transport, options);
  if (answer.kind === 'done') {
    transport.close();
    const message = 'The daemon ended the session instead of opening the module';
    throw fail('remote', 'daemon-exit', message, { exitCode: 5 });
  }
  transport.stream.write(daemonArguments(words, options.request.module, answer.protocol, options.wording));
  return { ...transport, greeted: answer.protocol };
}

/** Has a daemon list its modules, through `onText`. @throws as `openDaemonModule` */
export async function listDaemonModules(options: DaemonOptions): Promise<void> {
  const transport = await connect(options);
  await greet(transport, options);
  transport.stream.end();
  transport.close();
}

async function connect(options: DaemonOptions): Promise<Transport> {
  const { host, route, signal, notice } = options;
  switch (route.kind) {
    case 'shell':
      return spawnDaemonShell(route.shell, route.rsyncPath, route.port, signal);
    case 'program':
      return spawnConnectProgram(route.command, host, route.shell, signal);
    case 'tcp': {
      const port = route.port ?? RSYNC_PORT;
      const tcp: TcpOptions = { ...options.tcp, signal, notice };
      const stream: Duplex =
        route.proxy === null
          ? await connectTcp(host, port, tcp)
          : await connectThroughProxy(parseProxy(route.proxy), host, port, tcp);
      return socketTransport(stream, host);
    }
  }
}

async function greet(transport: Transport, options: DaemonOptions): Promise<DaemonAnswer> {
  const { onText, password, signal, timeoutMs } = options;
  // Until the transfer reads it, what a remote shell or program complains of goes straight on.
  const relay = (chunk: Buffer): void =>
    options.notice(displayPath(bytesToText(chunk.toString('latin1').replace(/\n$/, ''))));
  transport.stderr?.on('data', relay);
  try {
    return await greetDaemon(transport.stream, options.request, { onText, password, signal, timeoutMs });
  } catch (error) {
    if (transport.stderr !== null) await ended(transport);
    transport.close();
    throw error;
  } finally {
    transport.stderr?.off('data', relay);
  }
}

/** Gives a program a moment to end by itself and say why. */
async function ended(transport: Transport): Promise<void> {
  transport.stream.end();
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([transport.exit, new Promise((resolve) => (timer = setTimeout(resolve, LAST_WORDS_MS)))]);
  clearTimeout(timer);
}
