import type { Duplex } from 'node:stream';
import { fail } from '../../../shared/errors.ts';
import { bytesToText, displayPath, textToBytes } from '../../../shared/model/path.ts';
import { LineReader } from '../wire/line-reader.ts';
import { connectTcp, describeAddress, type TcpOptions } from './tcp.ts';

const CONTROL = /[\x00-\x1f\x7f]/; // eslint-disable-line no-control-regex
const MAX_LINE = 8192;
const MAX_HEADERS = 64 << 10;
/** How long a proxy may take to connect onwards. */
const ANSWER_MS = 60_000;

export interface Proxy {
  host: string;
  port: number;
  /** `user:password`, or null. */
  login: string | null;
}

/**
 * Reads RSYNC_PROXY: `[USER:PASSWORD@]HOST:PORT`.
 * @throws `usage`/`bad-proxy` (exit 10, as rsync)
 */
export function parseProxy(text: string): Proxy {
  const match = /^(?:(.*)@)?(\[[^\]]+\]|[^:@[\]]+):(\d{1,5})$/s.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port < 1 || port > 65535)
    throw fail('usage', 'bad-proxy', 'invalid proxy specification: should be HOST:PORT', {
      exitCode: 10,
      hint: 'Check the RSYNC_PROXY variable.',
    });
  return { host: match[2]!.replace(/^\[(.*)\]$/, '$1'), port, login: match[1] ?? null };
}

/**
 * Connects through an HTTP proxy (RFC 9110 §9.3.6).
 * @throws `usage`/`bad-host` (exit 10) for a host with control characters, which would add lines to the request; as
 * `connectTcp`; `connect`/`proxy-refused` (exit 10) for any answer but 2xx
 */
export async function connectThroughProxy(
  proxy: Proxy,
  host: string,
  port: number,
  options: TcpOptions,
): Promise<Duplex> {
  if (CONTROL.test(host))
    throw fail('usage', 'bad-host', `invalid control character in proxy CONNECT host: ${displayPath(host)}`, {
      exitCode: 10,
      hint: 'Check the name of the host.',
    });
  const stream = await connectTcp(proxy.host, proxy.port, options);
  const lines = new LineReader(stream, MAX_LINE, MAX_HEADERS);
  const limit = options.contimeoutMs > 0 ? options.contimeoutMs : ANSWER_MS;
  const expire = (): void => {
    stream.destroy(
      fail('connect', 'timeout', `The proxy did not answer within ${limit / 1000} seconds.`, {
        exitCode: options.contimeoutMs > 0 ? 35 : 10,
      }),
    );
  };
  const onAbort = (): void => void stream.destroy(fail('cancelled', 'cancelled', 'Cancelled.'));
  const timer = setTimeout(expire, limit);
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.signal?.aborted === true) onAbort();
  try {
    const login =
      proxy.login === null
        ? ''
        : `Proxy-Authorization: Basic ${Buffer.from(textToBytes(proxy.login), 'latin1').toString('base64')}\r\n`;
    stream.write(Buffer.from(`CONNECT ${describeAddress(host, port)} HTTP/1.0\r\n${login}\r\n`, 'latin1'));
    const status = await lines.line();
    if (status === null || !/^HTTP\/\d+\.\d+ +2\d\d/.test(status))
      throw fail('connect', 'proxy-refused', `bad response from proxy -- ${displayPath(bytesToText(status ?? ''))}`, {
        hint: 'Check the RSYNC_PROXY variable, and that the proxy allows connections to this port.',
      });
    for (let line = await lines.line(); line !== ''; line = await lines.line()) {
      if (line === null) throw fail('connect', 'closed-early', 'The proxy ended the connection.');
    }
  } catch (error) {
    stream.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
    lines.release();
  }
  return stream;
}
