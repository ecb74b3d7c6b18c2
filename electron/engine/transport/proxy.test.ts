import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { DriftlineError, type ErrorData } from '../../../shared/errors.ts';
import { connectThroughProxy, parseProxy } from './proxy.ts';
import type { TcpOptions } from './tcp.ts';

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

const OPTIONS: TcpOptions = { family: 0, localAddress: null, sockopts: null, contimeoutMs: 0, notice: () => {} };

/** A proxy that gives this answer to a whole request, which it notes. */
async function proxy(answer: string, more: Partial<TcpOptions> = {}, login: string | null = null) {
  const sockets: Socket[] = [];
  let request = '';
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      request += chunk.toString('latin1');
      if (request.endsWith('\r\n\r\n')) socket.write(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(server);
  const { port } = server.address() as AddressInfo;
  const at = { host: '127.0.0.1', port, login };
  const outcome = await connectThroughProxy(at, 'fe80::1', 873, { ...OPTIONS, ...more }).then(
    (stream) => ({ stream }),
    (error: unknown) => ({ error }),
  );
  if ('error' in outcome) {
    for (const socket of sockets) socket.destroy();
    if (!(outcome.error instanceof DriftlineError)) throw outcome.error;
    return { request, error: outcome.error.data as ErrorData };
  }
  const [first] = (await once(outcome.stream, 'data')) as [Buffer];
  outcome.stream.destroy();
  return { request, first: first.toString('latin1') };
}

describe('parseProxy', () => {
  it.each([
    ['proxy:3128', { host: 'proxy', port: 3128, login: null }],
    ['u:p@ss@proxy:1', { host: 'proxy', port: 1, login: 'u:p@ss' }],
    ['[::1]:8080', { host: '::1', port: 8080, login: null }],
  ])('%s', (text, expected) => expect(parseProxy(text)).toEqual(expected));

  it.each(['', 'proxy', 'proxy:', ':1', 'proxy:0', 'proxy:99999', 'http://proxy:1', '::1:80'])('refuses %j', (text) => {
    expect(() => parseProxy(text)).toThrow('should be HOST:PORT');
  });
});

describe('connectThroughProxy', () => {
  it('asks for the host and leaves what follows the headers alone', async () => {
    const answer = 'HTTP/1.0 200 OK\r\nVia: x\r\n\r\n@RSYNCD: 31.0\n';
    expect(await proxy(answer)).toEqual({
      request: 'CONNECT [fe80::1]:873 HTTP/1.0\r\n\r\n',
      first: '@RSYNCD: 31.0\n',
    });
  });

  it('logs in', async () => {
    const { request } = await proxy('HTTP/1.1 200 OK\r\n\r\nx', {}, 'sam:pässe');
    const login = Buffer.from('sam:pässe', 'utf8').toString('base64');
    expect(request).toBe(`CONNECT [fe80::1]:873 HTTP/1.0\r\nProxy-Authorization: Basic ${login}\r\n\r\n`);
  });

  it.each([
    ['HTTP/1.0 403 Forbidden\r\n\r\n', 'bad response from proxy -- HTTP/1.0 403 Forbidden'],
    ['@RSYNCD: 31.0\n', 'bad response from proxy -- @RSYNCD: 31.0'],
  ])('refuses %j', async (answer, message) => {
    expect((await proxy(answer)).error).toMatchObject({ code: 'proxy-refused', message, exitCode: 10 });
  });

  it('gives up on endless headers, on silence, and when cancelled', async () => {
    const header = `X: ${'x'.repeat(8000)}\r\n`;
    expect((await proxy(`HTTP/1.0 200 OK\r\n${header.repeat(20)}`)).error).toMatchObject({ code: 'bad-line' });
    expect((await proxy('', { contimeoutMs: 30 })).error).toMatchObject({ code: 'timeout', exitCode: 35 });
    const controller = new AbortController();
    const waiting = proxy('', { signal: controller.signal });
    setImmediate(() => controller.abort());
    expect((await waiting).error).toMatchObject({ kind: 'cancelled' });
  });
});
