import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { STATUS_CODES } from 'node:http';
import { WebSocketServer } from 'ws';
import { fail } from '../../shared/errors.ts';
import type { LinkScreen } from '../service/envelope.ts';
import { SECURITY_HEADERS, openRendererFiles } from '../service/renderer-files.ts';
import type { RendererFiles } from '../service/renderer-files.ts';
import { createAccess } from './access.ts';
import type { Access } from './access.ts';
import { MAX_MESSAGE_BYTES, serveSocket } from './socket.ts';

export interface BrowserShellOptions {
  /** 0 (the default) lets the system choose. */
  port?: number;
  /** Absolute path of the built renderer. */
  rendererDir: string;
  /** How a page reaches the service. */
  link: LinkScreen;
  /** Other than the usual ones, for tests. */
  limits?: Partial<typeof LIMITS>;
}

export interface BrowserShell {
  /** Opens the page once it is visited with the token: `http://127.0.0.1:PORT/?token=…`. Print it, do not log it. */
  url: string;
  token: string;
  port: number;
  /** Ends every connection; runs are the service's own and go on. */
  close(): Promise<void>;
}

/** More pages than a person has; a page that leaks sockets must not take all file descriptors. */
const MAX_PAGES = 32;
const MAX_HEADER_BYTES = 16 * 1024;

/**
 * What a connection may take from us. A browser sends its few lines at once; who sends them one byte a minute, or holds
 * connections open without a word, is none.
 */
const LIMITS = {
  /** Milliseconds until a request's headers are complete. */
  headersTimeout: 10_000,
  /** Milliseconds until the whole request is there. */
  requestTimeout: 15_000,
  /** Milliseconds that an idle connection is kept. */
  keepAliveTimeout: 5_000,
  /** Milliseconds between two looks at the above. */
  connectionsCheckingInterval: 2_000,
  /** Connections at a time, sockets of pages included. */
  maxConnections: 256,
};

/**
 * Serves the window to an ordinary browser, on the loopback address only (faults.md E11).
 *
 * @throws DriftlineError `fs`/`renderer-missing` without a built renderer, `usage`/`port-taken`, `port-refused`
 */
export async function startBrowserShell(options: BrowserShellOptions): Promise<BrowserShell> {
  const files = openFiles(options.rendererDir);
  const { maxConnections, ...times } = { ...LIMITS, ...options.limits };
  const server = createServer({ maxHeaderSize: MAX_HEADER_BYTES, ...times });
  server.maxConnections = maxConnections;
  const port = await listen(server, options.port ?? 0);
  const access = createAccess(port);
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
  server.on('request', (request, response) => void answer(access, files, request, response));
  server.on('upgrade', (request, socket, head) => {
    const status = checkUpgrade(access, request) ?? (sockets.clients.size >= MAX_PAGES ? 503 : null);
    if (status !== null) return refuseUpgrade(socket, status);
    sockets.handleUpgrade(request, socket, head, (webSocket) => serveSocket(webSocket, options.link));
  });
  return {
    url: `http://127.0.0.1:${port}/?token=${access.token}`,
    token: access.token,
    port,
    async close() {
      for (const client of sockets.clients) client.terminate();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function openFiles(folder: string): RendererFiles {
  try {
    return openRendererFiles(folder);
  } catch (error) {
    throw fail('fs', 'renderer-missing', 'The files of the window are missing.', {
      hint: 'Build them with `npm run build`.',
      cause: error,
    });
  }
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        fail(
          'usage',
          taken ? 'port-taken' : 'port-refused',
          `Cannot listen on port ${port}: ${taken ? 'it is in use' : error.message}.`,
          {
            hint: 'Choose another port, or 0 for any free one.',
            cause: error,
          },
        ),
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

async function answer(
  access: Access,
  files: RendererFiles,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const url = parseUrl(request);
  const refusal = access.checkHost(request) ?? (isRead ? null : access.checkOrigin(request));
  if (refusal !== null) return plain(response, refusal);
  // Nothing that we answer takes a body, so none is read.
  if (hasBody(request)) return plain(response, isRead ? 413 : 405);

  const token = url?.searchParams.get('token');
  if (isRead && url?.pathname === '/' && token !== null && token !== undefined && access.isToken(token)) {
    // The token leaves the address bar and the history; from here on only the cookie speaks.
    response.writeHead(303, { Location: '/', 'Set-Cookie': access.cookie }).end();
    return;
  }
  const unknown = access.checkSession(request);
  if (unknown !== null) return plain(response, unknown);
  if (!isRead) return plain(response.setHeader('Allow', 'GET, HEAD'), 405);
  try {
    const file = url === null ? null : await files.read(url.pathname);
    if (file === null) return plain(response, 404);
    response.writeHead(200, { 'Content-Type': file.type, 'Content-Length': file.body.length });
    response.end(request.method === 'HEAD' ? undefined : file.body);
  } catch {
    plain(response, 500);
  }
}

function checkUpgrade(access: Access, request: IncomingMessage): number | null {
  const refusal = access.checkHost(request) ?? access.checkOrigin(request) ?? access.checkSession(request);
  return refusal ?? (parseUrl(request)?.pathname === '/ws' ? null : 404);
}

/** Null for a target that is no path of ours (`*`, another server's URL, nonsense). */
function parseUrl(request: IncomingMessage): URL | null {
  const target = request.url ?? '';
  return target.startsWith('/') && !target.startsWith('//') && URL.canParse(target, 'http://localhost')
    ? new URL(target, 'http://localhost')
    : null;
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || !['0', undefined].includes(headers['content-length']);

/** Also ends the connection: who was refused has nothing more to say on it. */
function plain(response: ServerResponse, status: number): void {
  const text = `${status} ${STATUS_CODES[status] ?? ''}\n${status === 401 ? 'Open the address that driftline serve printed.\n' : ''}`;
  response.shouldKeepAlive = false;
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': text.length }).end(text);
}

function refuseUpgrade(socket: Duplex, status: number): void {
  socket.on('error', () => undefined);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
