import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type DriftlineError, fail } from '../../../shared/errors.ts';
import { displayPath } from '../../../shared/model/path.ts';
import { setSocketOptions } from './socket-options.ts';
import { largeReads } from './socket-reads.ts';
import type { PeerExit, Transport } from './transport.ts';

/** How long a connection may take where the user sets no limit. */
const CONNECT_MS = 15_000;

export interface TcpOptions {
  /** 4 or 6 to use addresses of that family alone. */
  family: 0 | 4 | 6;
  /** Address or name to connect from (`--address`), or null. */
  localAddress: string | null;
  /** `--sockopts`, or null. */
  sockopts: string | null;
  /** `--contimeout` in milliseconds; 0 = our own limit. */
  contimeoutMs: number;
  signal?: AbortSignal;
  /** For complaints that end nothing. */
  notice: (text: string) => void;
}

/**
 * Connects to a TCP server.
 * @throws `connect` (dns, refused, unreachable, address, timeout), exit 10, or 35 where `--contimeout` ran out;
 *   `cancelled`
 */
export async function connectTcp(host: string, port: number, options: TcpOptions): Promise<Duplex> {
  const where = displayPath(describeAddress(host, port));
  const from = options.localAddress === null ? undefined : await resolveLocal(options.localAddress, options.family);
  const family = options.family !== 0 ? options.family : from === undefined ? 0 : isIP(from);
  // A literal address is taken as it is, whatever the family.
  if (family !== 0 && isIP(host) !== 0 && isIP(host) !== family)
    throw fail('connect', 'dns', `${where} is no IPv${family} address.`, { hint: 'Check -4, -6 and --address.' });
  const limit = options.contimeoutMs > 0 ? options.contimeoutMs : CONNECT_MS;
  const socket: Socket = connect({
    host,
    port,
    family,
    noDelay: true,
    onread: largeReads(() => socket),
    ...(from !== undefined && { localAddress: from }),
    // Every address of a name gets its turn within the limit.
    autoSelectFamilyAttemptTimeout: Math.max(250, Math.floor(limit / 4)),
  });
  await new Promise<void>((resolve, reject) => {
    const finish = (error: DriftlineError | null): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
      socket.off('connect', onConnect);
      if (error === null) return resolve();
      socket.destroy();
      reject(error);
    };
    const onConnect = (): void => finish(null);
    const onAbort = (): void => finish(fail('cancelled', 'cancelled', 'Cancelled.'));
    const timer = setTimeout(() => {
      const exitCode = options.contimeoutMs > 0 ? 35 : 10;
      finish(fail('connect', 'timeout', `${where} did not answer within ${limit / 1000} seconds.`, { exitCode }));
    }, limit);
    if (options.signal?.aborted === true) return onAbort();
    options.signal?.addEventListener('abort', onAbort, { once: true });
    socket.once('connect', onConnect);
    socket.once('error', (error: NodeJS.ErrnoException) => finish(connectError(error, where, from)));
  });
  if (options.sockopts !== null) setSocketOptions(socket, options.sockopts, options.notice);
  return new SocketStream(socket, where);
}

/** `host:port` for messages and for an HTTP proxy. */
export function describeAddress(host: string, port: number): string {
  return `${isIP(host) === 6 || host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function resolveLocal(address: string, family: 0 | 4 | 6): Promise<string> {
  try {
    return (await lookup(address, { family })).address;
  } catch (cause) {
    throw fail('connect', 'address', `There is no local address ${displayPath(address)}.`, {
      hint: 'Check the --address option.',
      cause,
    });
  }
}

function connectError(error: NodeJS.ErrnoException, where: string, from: string | undefined): DriftlineError {
  const all = (error as { errors?: NodeJS.ErrnoException[] }).errors;
  const code = error.code ?? all?.find((item) => item.code !== undefined)?.code ?? '';
  const make = (name: string, message: string, hint: string): DriftlineError =>
    fail('connect', name, message, { hint, cause: error });
  if (['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_ADDRFAMILY'].includes(code))
    return make('dns', `The name of ${where} cannot be resolved.`, 'Check the spelling, the network, and -4 or -6.');
  if (code === 'ECONNREFUSED')
    return make('refused', `${where} refused the connection.`, 'Check the port, and that the rsync daemon is running.');
  if (from !== undefined && ['EADDRNOTAVAIL', 'EINVAL'].includes(code))
    return make('address', `Connections to ${where} cannot be made from ${from}.`, 'Check the --address option.');
  if (['EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'EADDRNOTAVAIL'].includes(code))
    return make('unreachable', `There is no route to ${where}.`, 'Check the network or the VPN.');
  if (code === 'ETIMEDOUT')
    return make('timeout', `${where} did not answer in time.`, 'Check the address and the port.');
  return make('unreachable', `No connection to ${where}: ${displayPath(error.message)}.`, 'Check the network.');
}

/** A connection as a transport. */
export function socketTransport(stream: Duplex, description: string): Transport {
  // A socket has no exit status: what the conversation itself says of its end is all there is.
  const exit = new Promise<PeerExit>((resolve) => {
    stream.once('end', () => resolve({ code: 0, signal: null }));
    stream.once('close', () => resolve({ code: 0, signal: null }));
  });
  return { stream, stderr: null, exit, description, close: () => void stream.destroy() };
}

/**
 * A socket by the rules of `Transport.stream`. What arrived before a reset is delivered before it: a daemon that gives
 * up closes on what we are still sending, and its last words count. Once we have ended, a reset is an end.
 */
export class SocketStream extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket, where: string) {
    super({ readableHighWaterMark: 256 << 10, writableHighWaterMark: 256 << 10 });
    this.#socket = socket;
    this.on('error', () => {}); // its reader sees it; without one it must not end the process
    socket.on('error', (cause) => {
      if (this.destroyed || this.readableLength > 0 || this.writableEnded) return; // 'close' follows
      const message = `The connection to ${where} was lost: ${displayPath(cause.message)}`;
      this.destroy(fail('connect', 'stream-failed', message, { cause }));
    });
    socket.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) socket.pause();
    });
    const end = (): void => {
      if (!this.destroyed && !this.readableEnded) this.push(null);
    };
    socket.once('end', end).once('close', end);
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    if (this.#socket.destroyed) callback();
    else this.#socket.write(chunk, () => callback());
  }

  override _writev(chunks: { chunk: Buffer }[], callback: () => void): void {
    const socket = this.#socket;
    if (socket.destroyed) return callback();
    socket.cork();
    chunks.forEach(({ chunk }, index) =>
      socket.write(chunk, index === chunks.length - 1 ? () => callback() : undefined),
    );
    socket.uncork();
  }

  override _final(callback: () => void): void {
    this.#socket.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#socket.destroy();
    callback(error);
  }
}
