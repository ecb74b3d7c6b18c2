import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startBrowserShell } from '../../electron/browser/browser-shell.ts';
import type { BrowserShell } from '../../electron/browser/browser-shell.ts';
import { MAX_MESSAGE_BYTES } from '../../electron/browser/socket.ts';
import type { LinkScreen } from '../../electron/service/envelope.ts';
import type { FromService, ToService } from '../../shared/ipc/define.ts';

/** Records what reaches the service, and answers calls: the shell itself is what is under test. */
function recorder() {
  const received: ToService[] = [];
  let gone: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (gone = resolve));
  let links = 0;
  let post: (message: FromService) => void = () => undefined;
  const link: LinkScreen = (sink) => {
    links++;
    post = sink;
    return {
      receive(message) {
        received.push(message);
        if (message.type === 'call')
          sink({ type: 'reply', id: message.id, result: { ok: true, value: message.input } });
      },
      close: () => gone(),
    };
  };
  return { link, received, closed, links: () => links, post: (message: FromService) => post(message) };
}

describe('the browser shell', () => {
  let root: string;
  let shell: BrowserShell;
  let service: ReturnType<typeof recorder>;

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'driftline-shell-'));
    mkdirSync(join(root, 'renderer/assets'), { recursive: true });
    writeFileSync(join(root, 'renderer/index.html'), '<!doctype html><title>Driftline</title>');
    writeFileSync(join(root, 'renderer/assets/index.js'), 'export {};');
    writeFileSync(join(root, 'renderer/notes.bak'), 'not part of the window');
    writeFileSync(join(root, 'secret.json'), '{"secret":true}');
    symlinkSync('../secret.json', join(root, 'renderer/link.json'));
    service = recorder();
    shell = await startBrowserShell({ rendererDir: join(root, 'renderer'), link: service.link });
  });
  afterEach(async () => {
    await shell.close();
    rmSync(root, { recursive: true, force: true });
  });

  interface Answer {
    status: number;
    headers: IncomingHttpHeaders;
    body: string;
  }

  /** Sends the path exactly as written, which fetch() would not. */
  function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port: shell.port, path, method, headers, agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      });
      sent.on('error', reject);
      sent.end();
    });
  }

  async function cookie(): Promise<string> {
    const { headers } = await get(`/?token=${shell.token}`);
    return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  }

  /** Opens the WebSocket, or gives the status it was refused with. */
  function open(headers: Record<string, string>, path = '/ws'): Promise<WebSocket | number> {
    const origin = `http://127.0.0.1:${shell.port}`;
    const socket = new WebSocket(`ws://127.0.0.1:${shell.port}${path}`, { headers: { Origin: origin, ...headers } });
    return new Promise((resolve, reject) => {
      socket.on('open', () => resolve(socket));
      socket.on('unexpected-response', (sent, response: IncomingMessage) => {
        resolve(response.statusCode ?? 0);
        sent.destroy();
      });
      socket.on('error', reject);
    });
  }

  async function opened(): Promise<WebSocket> {
    const socket = await open({ Cookie: await cookie() });
    if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
    return socket;
  }

  const nextMessage = (socket: WebSocket): Promise<FromService> =>
    new Promise((resolve) => socket.once('message', (data) => resolve(JSON.parse(String(data)) as FromService)));
  const closeCode = (socket: WebSocket): Promise<number> => new Promise((resolve) => socket.once('close', resolve));

  it('exchanges the token for a strict cookie and leaves it out of the address', async () => {
    const answer = await get(`/?token=${shell.token}`);
    expect(answer.status).toBe(303);
    expect(answer.headers.location).toBe('/');
    const [set] = answer.headers['set-cookie'] ?? [];
    expect(set).toMatch(new RegExp(`^driftline-${shell.port}=[0-9a-f]{64}; HttpOnly; SameSite=Strict; Path=/$`));
    expect(set).not.toContain(shell.token);
    const page = await get('/', { Cookie: await cookie() });
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.body).toContain('Driftline');
  });

  it('answers 401 to everything else without the cookie', async () => {
    for (const path of [
      '/',
      '/index.html',
      '/assets/index.js',
      '/missing',
      '/?token=',
      `/?token=${'0'.repeat(64)}`,
      `/index.html?token=${shell.token}`,
    ]) {
      expect([path, (await get(path)).status]).toEqual([path, 401]);
    }
    expect((await get('/', { Cookie: `driftline-${shell.port}=${'0'.repeat(64)}` })).status).toBe(401);
    expect((await get('/', { Cookie: `driftline-${shell.port}=${shell.token}` })).status).toBe(401);
    expect((await get('/', {}, 'HEAD')).status).toBe(401);
    expect(await open({})).toBe(401);
    expect(service.links()).toBe(0);
  });

  it('refuses other names of this machine, even with the cookie or the token', async () => {
    const headers = { Cookie: await cookie() };
    for (const Host of [
      'evil.example',
      `evil.example:${shell.port}`,
      '127.0.0.1',
      'localhost',
      `127.0.0.1:${shell.port + 1}`,
      `127.0.0.1.:${shell.port}`,
    ]) {
      expect([Host, (await get('/', { ...headers, Host })).status]).toEqual([Host, 403]);
      expect([Host, (await get(`/?token=${shell.token}`, { Host })).headers['set-cookie']]).toEqual([Host, undefined]);
      expect([Host, await open({ ...headers, Host, Origin: `http://${Host}` })]).toEqual([Host, 403]);
    }
    expect((await get('/', { ...headers, Host: `localhost:${shell.port}` })).status).toBe(200);
  });

  it('refuses a socket or a change asked for by another origin', async () => {
    const Cookie = await cookie();
    const port = shell.port;
    for (const Origin of [
      'http://evil.example',
      `http://127.0.0.1:${port + 1}`,
      `https://127.0.0.1:${port}`,
      'null',
      '',
      `http://localhost:${port}`,
    ]) {
      expect([Origin, await open({ Cookie, Origin })]).toEqual([Origin, 403]);
      expect([Origin, (await get('/', { Cookie, Origin }, 'POST')).status]).toEqual([Origin, 403]);
    }
    expect((await get('/', { Cookie }, 'POST')).status).toBe(403);
    expect((await get('/', { Cookie, Origin: `http://127.0.0.1:${port}` }, 'POST')).status).toBe(405);
    expect(service.links()).toBe(0);
  });

  it('serves nothing but the files of the window', async () => {
    const Cookie = await cookie();
    expect((await get('/assets/index.js', { Cookie })).headers['content-type']).toBe('text/javascript; charset=utf-8');
    const outside = [
      '/../secret.json',
      '/..%2fsecret.json',
      '/%2e%2e/secret.json',
      '/assets/../../secret.json',
      '/..\\secret.json',
      '//secret.json',
      '/link.json',
      '/notes.bak',
      '/assets',
      '/assets/',
      '/index.html/',
      '/index.html%00.js',
      '/%ff',
    ];
    for (const path of outside) expect([path, (await get(path, { Cookie })).status]).toEqual([path, 404]);
    expect(await open({ Cookie }, '/')).toBe(404);
  });

  it('sends the security headers with every answer', async () => {
    const Cookie = await cookie();
    for (const answer of [
      await get('/', { Cookie }),
      await get('/'),
      await get('/missing', { Cookie }),
      await get('/', { Host: 'evil.example' }),
      await get(`/?token=${shell.token}`),
    ]) {
      expect(answer.headers).toMatchObject({
        'content-security-policy':
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html",
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
      });
      expect(answer.body).not.toContain(shell.token);
    }
  });

  it('answers HEAD without a body', async () => {
    const answer = await get('/', { Cookie: await cookie() }, 'HEAD');
    expect([answer.status, answer.body]).toEqual([200, '']);
  });

  it('listens on the loopback address only', async () => {
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((address) => address?.family === 'IPv4' && !address.internal);
    if (outside === undefined) return;
    const code = await new Promise((resolve) => {
      const socket = connect(shell.port, outside.address, () => resolve('connected'));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    });
    expect(code).toBe('ECONNREFUSED');
  });

  it('carries calls, replies and events', async () => {
    const socket = await opened();
    const echo = nextMessage(socket);
    socket.send(JSON.stringify({ type: 'call', id: 'a1', name: 'echo', input: { name: 'caf\udce9' } }));
    expect(await echo).toEqual({ type: 'reply', id: 'a1', result: { ok: true, value: { name: 'caf\udce9' } } });
    const event = nextMessage(socket);
    service.post({ type: 'event', name: 'event.show', payload: { view: 'home' } });
    expect(await event).toEqual({ type: 'event', name: 'event.show', payload: { view: 'home' } });
    socket.close();
  });

  it('closes the link to the service with the socket', async () => {
    const socket = await opened();
    socket.terminate();
    await service.closed;
  });

  it('closes a socket that sends anything but messages', async () => {
    const bad = [
      '',
      'null',
      '[]',
      '{"type":"call"}',
      '{"type":"reply","id":"a"}',
      '{"type":"cancel","id":"a","more":1}',
      '{"type":"cancel","id":"../"}',
    ];
    for (const text of bad) {
      const socket = await opened();
      const code = closeCode(socket);
      socket.send(text);
      expect([text, await code]).toEqual([text, 1008]);
    }
    const binary = await opened();
    const code = closeCode(binary);
    binary.send(Buffer.from('{"type":"cancel","id":"a"}'));
    expect(await code).toBe(1008);
    expect(service.received).toEqual([]);
  });

  it('refuses a message above the limit', async () => {
    const socket = await opened();
    const code = closeCode(socket);
    socket.send(JSON.stringify({ type: 'call', id: 'a', name: 'echo', input: 'x'.repeat(MAX_MESSAGE_BYTES) }));
    expect(await code).toBe(1009);
    expect(service.received).toEqual([]);
  });

  it('keeps the last state and every end for a client that does not read', async () => {
    const socket = await opened();
    socket.pause();
    const issues = Array.from({ length: 200 }, (_, n) => ({ message: 'x'.repeat(500), n }));
    for (let n = 0; n < 2000; n++) {
      service.post({ type: 'event', name: 'event.run', payload: { runId: 'a', n, issues, result: null } });
    }
    service.post({
      type: 'event',
      name: 'event.run',
      payload: { runId: 'a', n: 2000, issues, result: { outcome: 'success' } },
    });
    service.post({ type: 'reply', id: 'last', result: { ok: true, value: null } });
    const got: FromService[] = [];
    const last = new Promise<void>((resolve) =>
      socket.on('message', (data) => {
        const message = JSON.parse(String(data)) as FromService;
        got.push(message);
        if (message.type === 'reply') resolve();
      }),
    );
    socket.resume();
    await last;
    expect(got.length).toBeLessThan(500);
    expect(got.at(-2)).toMatchObject({ payload: { n: 2000, result: { outcome: 'success' } } });
    socket.close();
  });

  /** What the shell says on a plain connection until it ends it. */
  function raw(text: string): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect(shell.port, '127.0.0.1', () => socket.write(text));
      let said = '';
      socket.setEncoding('latin1').on('data', (data: string) => (said += data));
      socket.on('error', () => undefined).on('close', () => resolve(said));
    });
  }

  const status = (answer: string): string => answer.split(' ')[1] ?? '';

  it('takes no bodies, and ends the connection of who was refused', async () => {
    const Cookie = await cookie();
    const host = `Host: 127.0.0.1:${shell.port}`;
    const head = (line: string, ...more: string[]) => `${[line, host, ...more].join('\r\n')}\r\n\r\n`;
    expect(status(await raw(head('GET / HTTP/1.1', `Cookie: ${Cookie}`, 'Content-Length: 5')))).toBe('413');
    expect(status(await raw(head('GET / HTTP/1.1', `Cookie: ${Cookie}`, 'Transfer-Encoding: chunked')))).toBe('413');
    const origin = `Origin: http://127.0.0.1:${shell.port}`;
    expect(status(await raw(head('POST / HTTP/1.1', `Cookie: ${Cookie}`, origin, 'Content-Length: 5')))).toBe('405');
    expect(status(await raw(head('GET / HTTP/1.1')))).toBe('401');
  });

  it('refuses what is no request of a browser', async () => {
    const Cookie = await cookie();
    const host = `Host: 127.0.0.1:${shell.port}`;
    expect(status(await raw('GET / HTTP/1.1\r\n\r\n'))).toBe('400');
    expect(status(await raw('nonsense\r\n\r\n'))).toBe('400');
    expect(status(await raw(`GET / HTTP/1.1\r\n${host}\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`))).toBe('431');
    // A proxy's form names another server: it is none of our files.
    const absolute = `GET http://evil.example/ HTTP/1.1\r\n${host}\r\nCookie: ${Cookie}\r\n\r\n`;
    expect(status(await raw(absolute))).toBe('404');
    for (const method of ['PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'])
      expect([method, status(await raw(`${method} / HTTP/1.1\r\n${host}\r\nCookie: ${Cookie}\r\n\r\n`))]).toEqual([
        method,
        '403',
      ]);
  });

  it('gives up on connections that say little or nothing, and keeps those of pages', async () => {
    await shell.close();
    const limits = { headersTimeout: 40, requestTimeout: 60, keepAliveTimeout: 30, connectionsCheckingInterval: 10 };
    shell = await startBrowserShell({ rendererDir: join(root, 'renderer'), link: service.link, limits });
    const socket = await opened();
    expect(status(await raw(''))).toBe('408');
    expect(status(await raw('GET / HTTP/1.1\r\nHost:'))).toBe('408');
    expect(status(await raw(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${shell.port}\r\nX-Slow: `))).toBe('408');
    const echo = nextMessage(socket);
    socket.send(JSON.stringify({ type: 'call', id: 'a1', name: 'echo', input: 1 }));
    expect(await echo).toMatchObject({ id: 'a1' });
    socket.close();
  });

  it('has an end of connections and of pages', async () => {
    await shell.close();
    shell = await startBrowserShell({
      rendererDir: join(root, 'renderer'),
      link: service.link,
      limits: { maxConnections: 40 },
    });
    const Cookie = await cookie();
    const pages: (WebSocket | number)[] = [];
    for (let n = 0; n < 33; n++) pages.push(await open({ Cookie }));
    expect(pages.filter((page) => typeof page !== 'number')).toHaveLength(32);
    expect(pages.at(-1)).toBe(503);
    // Who may not come in does not learn that it is full.
    expect(await open({})).toBe(401);
    const idle = Array.from({ length: 20 }, () => connect(shell.port, '127.0.0.1').on('error', () => undefined));
    const dropped = Promise.race(idle.map((each) => new Promise((resolve) => each.on('close', resolve))));
    await dropped;
    for (const each of idle) each.destroy();
    for (const page of pages) if (typeof page !== 'number') page.terminate();
  });

  it('says which port is taken', async () => {
    await expect(
      startBrowserShell({ port: shell.port, rendererDir: join(root, 'renderer'), link: service.link }),
    ).rejects.toMatchObject({ data: { kind: 'usage', code: 'port-taken' } });
  });

  it('says so when the window was not built', async () => {
    await expect(startBrowserShell({ rendererDir: join(root, 'none'), link: service.link })).rejects.toMatchObject({
      data: { kind: 'fs', code: 'renderer-missing' },
    });
  });
});
