import { createHash, timingSafeEqual } from 'node:crypto';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import ssh2, { type AuthContext, type ServerChannel } from 'ssh2';
import { fail } from '../../../shared/errors.ts';
import { type ByteString, textToBytes } from '../../../shared/model/path.ts';
import { splitShellWords } from '../../../shared/shell-words.ts';
import { fingerprint } from './known-hosts.ts';
import type { ServerSide } from './server-side.ts';
import { serveChannel } from './ssh-channel.ts';
import { offeredAlgorithms } from './ssh-policy.ts';

const MAX_CONNECTIONS = 32;
const MAX_AUTH_TRIES = 6;
const LOGIN_MS = 15_000;

export interface ExecRequest {
  /** The command line as sent. */
  command: ByteString;
  /** Its words by POSIX quoting, never expanded. */
  argv: ByteString[];
  side: ServerSide;
}

export interface SshServerOptions {
  /** Login; random where left out. */
  user?: string;
  password?: string;
  /** Public key blob that may log in as well. */
  authorizedKey?: Buffer;
  /** Serves one command; must call `side.exit` in the end. */
  onExec(request: ExecRequest): void;
}

export interface SshServer {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** `SHA256:…` of the host key, which lives as long as the server. */
  readonly fingerprint: string;
  /** Public key blob of the host key. */
  readonly hostKey: Buffer;
  /** Ends the listener and every connection. */
  close(): Promise<void>;
}

/** How often a key may come out wrong before something else is. */
const KEY_ATTEMPTS = 10;

/** A fresh Ed25519 key. ssh2 1.17 cuts a leading zero byte off the public half: one key in 256 cannot be read back. */
export function newHostKey(): { private: string; blob: Buffer } {
  let cause: Error | null = null;
  for (let i = 0; i < KEY_ATTEMPTS; i++) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519');
    const parsed = ssh2.utils.parseKey(pair.public);
    const own = ssh2.utils.parseKey(pair.private);
    if (!(parsed instanceof Error) && !(own instanceof Error))
      return { private: pair.private, blob: parsed.getPublicSSH() };
    cause = parsed instanceof Error ? parsed : (own as Error);
  }
  throw fail('internal', 'ssh-server-key', 'No host key could be made.', { cause });
}

/**
 * A small SSH server on loopback with a fresh Ed25519 host key: one user, `exec` only; shells, terminals, environment,
 * subsystems and forwarding are refused. For the demo and for tests; never meant for other machines.
 */
export async function startSshServer(options: SshServerOptions): Promise<SshServer> {
  const user = options.user ?? 'driftline';
  const password = options.password ?? randomPassword();
  const pair = newHostKey();
  const hostKey = pair.blob;

  const { cipher, kex, hmac } = offeredAlgorithms([]);
  const server = new ssh2.Server({ hostKeys: [pair.private], algorithms: { cipher, kex, hmac, compress: ['none'] } });
  server.on('connection', (connection) => {
    const timer = setTimeout(() => connection.end(), LOGIN_MS);
    let tries = 0;
    connection.on('error', () => {}); // a broken client is its own trouble
    connection.on('close', () => clearTimeout(timer));
    connection.on('authentication', (context) => {
      if (accepts(context, user, password, options.authorizedKey)) context.accept();
      else if (++tries > MAX_AUTH_TRIES) connection.end();
      else context.reject(options.authorizedKey === undefined ? ['password'] : ['publickey', 'password']);
    });
    connection.on('ready', () => clearTimeout(timer));
    connection.on('session', (accept) => {
      const session = accept();
      session.on('exec', (acceptExec, reject, info) => {
        // ssh2 decodes the command as UTF-8; a byte it could not decode must not name another file.
        const command = textToBytes(info.command);
        const argv = info.command.includes('\ufffd') ? null : splitShellWords(command);
        if (argv === null || argv.length === 0) {
          reject();
          return;
        }
        const channel: ServerChannel = acceptExec();
        options.onExec({ command, argv, side: serveChannel(channel) });
      });
    });
  });
  const sockets = new Set<Socket>();
  const listener = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    server.injectSocket(socket);
  });
  listener.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, '127.0.0.1', () => {
      listener.off('error', reject);
      resolve();
    });
  });
  return {
    port: (listener.address() as AddressInfo).port,
    user,
    password,
    fingerprint: fingerprint(hostKey),
    hostKey,
    close: () =>
      new Promise((resolve) => {
        listener.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function accepts(context: AuthContext, user: string, password: string, authorizedKey: Buffer | undefined): boolean {
  if (!sameText(context.username, user)) return false;
  if (context.method === 'password') return sameText(context.password, password);
  if (context.method !== 'publickey' || authorizedKey === undefined) return false;
  if (!context.key.data.equals(authorizedKey)) return false;
  if (context.signature === undefined || context.blob === undefined) return true; // only asks whether it may sign
  const key = ssh2.utils.parseKey(authorizedKey);
  return !(key instanceof Error) && key.verify(context.blob, context.signature, context.hashAlgo);
}

function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function randomPassword(): string {
  return crypto.randomUUID();
}
