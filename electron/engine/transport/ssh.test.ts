import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { DriftlineError, type ErrorData } from '../../../shared/errors.ts';
import { connectSsh } from './ssh.ts';
import { checkTarget, NO_PROMPTS, type SshTarget } from './ssh-target.ts';
import { newHostKey, startSshServer, type SshServer } from './ssh-server.ts';

const open: { close(done?: () => void): unknown }[] = [];
afterEach(() => {
  for (const item of open.splice(0)) item.close();
});

async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push(server);
  return (server.address() as AddressInfo).port;
}

const target = (port: number, host = '127.0.0.1'): SshTarget => ({
  host,
  port,
  user: 'me',
  auth: [{ kind: 'password' }],
});

async function errorOf(promise: Promise<unknown>): Promise<ErrorData> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof DriftlineError)) throw error ?? new Error('expected an error');
  return error.data;
}

const options = { prompts: NO_PROMPTS, knownHosts: { own: null, readOnly: [] } };

/** A stream of the embedded server as the client sees it. */
async function connectEmbedded(server: SshServer, password = server.password, via?: Socket) {
  return connectSsh(
    { host: '127.0.0.1', port: server.port, user: server.user, auth: [{ kind: 'password' }] },
    {
      prompts: { ...NO_PROMPTS, secret: () => Promise.resolve(password) },
      knownHosts: { own: null, readOnly: [], pinned: { fingerprint: server.fingerprint } },
      ...(via && { via }),
    },
  );
}

describe('no connection', () => {
  it('knows a refused connection and a name that does not resolve', async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const refused = await errorOf(connectSsh(target(port), options));
    expect(refused).toMatchObject({ kind: 'connect', code: 'refused', exitCode: 255, retryable: true });
    expect(refused.message).toContain(`me@127.0.0.1:${port}`);
    const dns = await errorOf(connectSsh(target(22, 'no-such-host.invalid'), options));
    expect(dns).toMatchObject({ kind: 'connect', code: 'dns' });
  });

  it('gives up on a server that says nothing, and on one that trickles', async () => {
    const silent = await listen(() => {});
    const error = await errorOf(connectSsh(target(silent), { ...options, readyTimeoutMs: 100 }));
    expect(error).toMatchObject({ kind: 'connect', code: 'silent' });
    expect(error.message).toContain('handshake');
    const slow = await listen((socket) => {
      const timer = setInterval(() => socket.write('x'), 10);
      socket.on('close', () => clearInterval(timer));
    });
    expect(await errorOf(connectSsh(target(slow), { ...options, readyTimeoutMs: 100 }))).toMatchObject({
      code: 'silent',
    });
  });

  it('can be cancelled while the server says nothing', async () => {
    const controller = new AbortController();
    const silent = await listen(() => controller.abort());
    const error = await errorOf(connectSsh(target(silent), { ...options, signal: controller.signal }));
    expect(error).toMatchObject({ kind: 'cancelled' });
  });

  it('knows servers that hang up or speak something else', async () => {
    const closing = await listen((socket) => socket.end());
    expect(await errorOf(connectSsh(target(closing), options))).toMatchObject({ kind: 'connect', code: 'handshake' });
    const resetting = await listen((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await errorOf(connectSsh(target(resetting), options))).toMatchObject({ code: 'handshake' });
    const old = await listen((socket) => socket.write('SSH-1.5-old\r\n'));
    expect(await errorOf(connectSsh(target(old), options))).toMatchObject({ code: 'handshake' });
    const endless = await listen((socket) => socket.write(`${'x'.repeat(100_000)}`));
    expect(await errorOf(connectSsh(target(endless), options))).toMatchObject({ code: 'no-ssh' });
    const web = await listen((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    const error = await errorOf(connectSsh(target(web), options));
    expect(error).toMatchObject({ code: 'no-ssh', retryable: false });
    expect(error.message).toContain('“HTTP/1.1 400 Bad Request”');
  });
});

describe('targets', () => {
  it.each([
    ['-oProxyCommand=x', 'me'],
    ['a b', 'me'],
    ['a\nb', 'me'],
    ['$(x)', 'me'],
    ['a;b', 'me'],
    ['', 'me'],
    ['host', 'a;b'],
    ['host', '-l'],
    ['host', '`x`'],
    ['host', 'a\nb'],
    ['host', ''],
  ])('%j %j is refused', (host, user) => {
    expect(() => checkTarget({ host, port: 22, user, auth: [] })).toThrow(DriftlineError);
  });

  it.each(['example.org', '10.0.0.1', '::1', 'fe80::1%eth0', 'a-b_c.local'])('%s is fine', (host) => {
    expect(() => checkTarget({ host, port: 22, user: 'j.doe-1', auth: [] })).not.toThrow();
  });
});

describe('the embedded server', () => {
  it('has a key that can be read back, always', () => {
    for (let i = 0; i < 600; i++) expect(newHostKey().blob.length).toBe(51);
  });

  it('serves exec with words, streams, messages and an exit code', async () => {
    const server = await startSshServer({
      onExec({ argv, side }) {
        side.stderr?.write('note');
        side.stream.on('data', (chunk: Buffer) => side.stream.write(chunk));
        side.stream.on('end', () => {
          side.stream.write(Buffer.from(argv.join('|'), 'latin1'));
          side.exit(7);
        });
      },
    });
    const connection = await connectEmbedded(server);
    const transport = await connection.exec("rsync --server . 'a b'\\''c' ä".replace('ä', '\xc3\xa4'));
    const chunk = Buffer.alloc(65_536, 'y');
    const received: Buffer[] = [];
    transport.stream.on('data', (part: Buffer) => received.push(part));
    const messages: Buffer[] = [];
    transport.stderr?.on('data', (part: Buffer) => messages.push(part));
    for (let i = 0; i < 200; i++) if (!transport.stream.write(chunk)) await once(transport.stream, 'drain');
    transport.stream.end();
    expect(await transport.exit).toEqual({ code: 7, signal: null });
    const all = Buffer.concat(received);
    const words = "rsync|--server|.|a b'c|\xc3\xa4";
    expect(all.length).toBe(200 * 65_536 + words.length);
    expect(all.subarray(-words.length).toString('latin1')).toBe(words);
    expect(Buffer.concat(messages).toString()).toBe('note');
    connection.close();
    await server.close();
  });

  it('gets what is written while the writer lets nothing else happen', async () => {
    const server = await startSshServer({ onExec: ({ side }) => side.stream.resume() });
    const socket = connect(server.port, '127.0.0.1');
    const connection = await connectEmbedded(server, server.password, socket);
    const transport = await connection.exec('x');
    const before = socket.bytesWritten;
    for (let i = 0; i < 4; i++) transport.stream.write(Buffer.alloc(65_536));
    expect(socket.bytesWritten - before).toBeGreaterThan(4 * 65_536);
    connection.close();
    await server.close();
  });

  it('refuses wrong passwords, other users, shell operators and undecodable bytes', async () => {
    const server = await startSshServer({ onExec: ({ side }) => side.exit(0) });
    expect(await errorOf(connectEmbedded(server, 'wrong'))).toMatchObject({ kind: 'auth', code: 'password-refused' });
    expect(await errorOf(connectEmbedded({ ...server, user: 'root' }))).toMatchObject({ kind: 'auth' });
    const connection = await connectEmbedded(server);
    for (const command of ['a; b', '', "x '\xff'"])
      expect(await errorOf(connection.exec(command))).toMatchObject({ kind: 'remote', code: 'command-failed' });
    connection.close();
    await server.close();
  });

  it('goes on when a client vanishes in the middle', async () => {
    const ended: Promise<unknown>[] = [];
    const server = await startSshServer({
      onExec({ side }) {
        ended.push(once(side.stream, 'end'));
        side.stream.resume();
        side.stream.write(Buffer.alloc(1 << 20));
      },
    });
    const connection = await connectEmbedded(server);
    const transport = await connection.exec('x');
    await once(transport.stream, 'readable');
    connection.close();
    await Promise.all(ended);
    (await connectEmbedded(server)).close();
    await server.close();
  });
});
