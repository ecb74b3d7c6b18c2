import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DriftlineError } from '../../shared/errors.ts';
import { runTransfer } from '../../electron/engine/index.ts';
import { parseClientWords } from '../../electron/engine/options/parse.ts';
import { serve } from '../../electron/engine/serve.ts';
import { openDaemonModule } from '../../electron/engine/transport/daemon.ts';
import { createServedPair } from '../../electron/engine/transport/local.ts';
import { ByteWriter } from '../../electron/engine/wire/byte-writer.ts';
import { Battlefield } from '../support/attacked.ts';

/** The first bytes of a conversation, of both sides and of a daemon (faults.md H19–H21). */

let field: Battlefield;
beforeEach(() => (field = new Battlefield()));
afterEach(() => {
  field.check();
  field.folders.remove();
});

const bytes = (write: (w: ByteWriter) => void): Buffer => {
  const parts: Buffer[] = [];
  const w = new ByteWriter(
    (part) => parts.push(part),
    () => 0,
  );
  write(w);
  w.flush();
  return Buffer.concat(parts);
};

/** A server that says `said` and ends. */
async function pulled(said: Buffer): Promise<string> {
  const run = runTransfer(
    {
      options: parseClientWords(['-r'], () => '').options,
      direction: 'pull',
      sources: ['/srv/'],
      destination: field.folders.dst,
      startPeer: () => {
        const { client, server } = createServedPair();
        server.stream.on('data', () => {});
        server.stream.write(said);
        server.exit(0);
        return Promise.resolve(client);
      },
      local: false,
      journalDir: field.folders.journals,
    },
    { signal: new AbortController().signal, onEvent: () => {} },
  );
  return run.then(
    () => 'done',
    (error: unknown) => {
      if (!(error instanceof DriftlineError)) throw error;
      return error.data.code;
    },
  );
}

const version = (n: number): Buffer => bytes((w) => w.i32(n));
const opened = (compat: number, checksums: string): Buffer =>
  bytes((w) => {
    w.i32(32);
    w.varint(compat);
    w.vstring(checksums);
    w.i32(1);
  });

describe('H19, H20: a server opens with', () => {
  it.each<[string, Buffer, string]>([
    ['protocol 19', version(19), 'bad-greeting'],
    ['protocol 26', version(26), 'too-old'],
    ['protocol 99', version(99), 'bad-greeting'],
    ['protocol -1', version(-1), 'bad-greeting'],
    ['words of a shell', Buffer.from('bash: rsync: command not found\n'), 'bad-greeting'],
    ['nothing', Buffer.alloc(0), 'closed-early'],
    ['half a version', Buffer.of(32, 0), 'closed-early'],
    ['lists by folder, which were not offered', opened(0x81, 'md5'), 'closed-early'],
    ['no checksum that we know', opened(0x80, 'crc32 adler'), 'no-common-checksum'],
    ['checksums that are none', opened(0x80, 'none'), 'no-common-checksum'],
    ['names of 256 bytes', opened(0x80, 'x'.repeat(256)), 'string-too-long'],
    ['names of 32 KB', opened(0x80, 'x'.repeat(32_000)), 'string-too-long'],
    ['names that steer a terminal', opened(0x80, '\x1b[2J\x9b'), 'no-common-checksum'],
    ['flags of 5 bytes', Buffer.concat([version(32), Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff)]), 'bad-varint'],
    ['what is right, and ends', opened(0x80, 'md5'), 'closed-early'],
  ])('%s', async (_, said, code) => {
    expect(await pulled(said)).toBe(code);
  });
});

describe('H19: a client that asked for secluded words and', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] }));
  afterEach(() => void vi.useRealTimers());

  /** Serves one that says a piece every 20 s. @returns how that ended, and after how many seconds; null: it did not */
  const servedSlowly = async (
    pieces: readonly string[],
  ): Promise<{ code: number; after: number; text: string } | null> => {
    const { client, server } = createServedPair();
    let text = '';
    client.stderr!.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    client.stream.on('data', () => {});
    let code: number | null = null;
    const running = serve(server, ['--server', '--sender', '-s'], { journalDir: null }).then((ended) => (code = ended));
    const began = Date.now();
    while (code === null && Date.now() - began < 1_000_000) {
      const piece = pieces[(Date.now() - began) / 20_000];
      if (piece !== undefined) client.stream.write(Buffer.from(piece, 'latin1'));
      for (let i = 0; i < 20 && code === null; i++) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        vi.advanceTimersByTime(1000);
      }
    }
    const after = (Date.now() - began) / 1000;
    const ended = code;
    client.close();
    await running;
    return ended === null ? null : { code: ended, after, text };
  };

  it.each<[string, string[], number]>([
    ['says nothing', [], 600],
    ['says a word', ['rsync\0'], 60],
    ['says a letter now and then', [...'rsync\0-logDtpr\0'], 60],
    ['says them, and nothing more', ['rsync\0-r\0.\0/\0\0'], 60],
    ['says them late, and nothing more', ['', '', 'rsync\0-r\0.\0/\0', '', '\0'], 100],
  ])('%s is given up', async (_, pieces, seconds) => {
    const ended = await servedSlowly(pieces);
    expect(ended).toMatchObject({ code: 30, text: expect.stringContaining('did not open the conversation') as string });
    expect(ended!.after).toBeGreaterThan(seconds);
    expect(ended!.after).toBeLessThan(seconds + 25);
  });
});

describe('H19, H20: a client opens with', () => {
  const served = async (said: Buffer): Promise<{ exitCode: number; text: string }> => {
    const { client, server } = createServedPair();
    let text = '';
    client.stderr!.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    client.stream.on('data', () => {});
    const words = ['--server', '--sender', '-re.LsfxCIvu', '.', `${field.folders.src}/`];
    const running = serve(server, words, { journalDir: null });
    client.stream.write(said);
    client.stream.end();
    return { exitCode: await running, text };
  };

  it.each<[string, Buffer, number]>([
    ['protocol 19', version(19), 2],
    ['protocol 99', version(99), 2],
    ['nothing', Buffer.alloc(0), 12],
    ['no checksum that we know', bytes((w) => (w.i32(32), w.vstring('crc32'))), 4],
    ['names of 32 KB', bytes((w) => (w.i32(32), w.vstring('x'.repeat(32_000)))), 12],
    ['a rule of 2^31-1 bytes', bytes((w) => (w.i32(32), w.vstring('md5'), w.i32(0x7fffffff))), 12],
  ])('%s', async (_, said, exitCode) => {
    const outcome = await served(said);
    expect(outcome.exitCode).toBe(exitCode);
    expect(outcome.text).toMatch(/^driftline: /);
    expect(outcome.text).not.toContain('Unexpected failure');
  });
});

describe('H21: a daemon', () => {
  /** What a client makes of a daemon that says this, over a real socket. */
  const opens = async (said: string | Buffer): Promise<string> => {
    const listener = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => {});
      socket.end(said);
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as { port: number };
    try {
      const transport = await openDaemonModule(
        {
          ...{ host: '127.0.0.1', route: { kind: 'tcp', port, proxy: null }, timeoutMs: 0 },
          wording: { secludedArgs: false, oldArgs: 0, iconv: null },
          request: { module: 'm', user: 'u', protocol: 32, earlyInput: null, allowMd4: false },
          tcp: { family: 4, localAddress: null, sockopts: null, contimeoutMs: 0 },
          ...{ onText: () => {}, notice: () => {}, password: () => Promise.resolve('secret') },
        },
        ['--server', '--sender', '-r', '.', 'm/'],
      );
      transport.close();
      return 'open';
    } catch (error) {
      if (!(error instanceof DriftlineError)) throw error;
      return error.data.code;
    } finally {
      listener.close();
    }
  };
  const HELLO = '@RSYNCD: 32.0 sha512 sha256 md5 md4\n';

  it.each<[string, string | Buffer, string]>([
    ['that keeps to the rules', `${HELLO}Welcome\n@RSYNCD: OK\n`, 'open'],
    ['that asks for a password by the rules', `${HELLO}@RSYNCD: AUTHREQD abc\n@RSYNCD: OK\n`, 'open'],
    ['of protocol 19', '@RSYNCD: 19.0\n@RSYNCD: OK\n', 'open'],
    ['of no version', 'HTTP/1.1 400 Bad Request\n', 'daemon-greeting'],
    ['that says a line of 10 MB', Buffer.alloc(10 * 2 ** 20, 'x'), 'bad-line'],
    ['that greets with 10 MB of lines', HELLO + 'x\n'.repeat(5 * 2 ** 20), 'bad-line'],
    ['that sends binary data', `${HELLO}a\0b\n`, 'bad-line'],
    ['that asks twice', `${HELLO}@RSYNCD: AUTHREQD a\n@RSYNCD: AUTHREQD b\n`, 'bad-line'],
    ['that knows md4 alone', '@RSYNCD: 32.0 md4\n@RSYNCD: AUTHREQD a\n', 'weak-digest'],
    [
      'that fails in the middle of a login',
      `${HELLO}@RSYNCD: AUTHREQD a\n@ERROR: auth failed on module m\n`,
      'daemon-auth-failed',
    ],
    ['that ends', HELLO, 'closed-early'],
  ])('%s', async (_, said, code) => {
    expect(await opens(said)).toBe(code);
  });
});
