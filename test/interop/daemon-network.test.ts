import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { peers } from '../support/peers.ts';
import { runOnTerminal } from '../support/pty.ts';
import { CLI, driftline, type Outcome, run, type RunOptions } from '../support/run.ts';
import { stockRsync } from '../support/routes.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';
import { build, dir, file } from '../support/trees.ts';

let daemon: Daemon;
let sshd: Sshd;
let folder: string;
const servers: Server[] = [];

beforeAll(async () => {
  [daemon, sshd] = await Promise.all([
    startDaemon({
      motd: 'Welcome\n',
      secrets: ['alice:s3cret'],
      modules: {
        data: [],
        near: ['hosts allow = 127.0.0.1'],
        locked: ['auth users = alice', 'secrets file = %SECRETS%'],
      },
    }),
    startSshd({ passwordUser: false }),
  ]);
  for (const name of ['data', 'near', 'locked']) build(join(daemon.folder, name), dir({ file: file('x') }));
});
afterAll(() => Promise.all([daemon.stop(), sshd.stop()]));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-network-'));
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** The same words by stock rsync and by Driftline. */
async function both(args: readonly string[], env: Record<string, string> = {}): Promise<[Outcome, Outcome]> {
  const options: RunOptions = {
    env: { ...env, HOME: folder, DRIFTLINE_HOME: join(folder, 'driftline'), USER: 'alice' },
  };
  const stock = await run(stockRsync('3.5'), args, options);
  return [stock, await driftline(['rsync', ...args], options)];
}

function expectSame([stock, ours]: [Outcome, Outcome]): void {
  const facts = ({ code, stdout, stderr }: Outcome) => ({ code, stdout, complains: stderr !== '' });
  expect({ ...facts(ours), stderr: ours.stderr }).toEqual({ ...facts(stock), stderr: ours.stderr });
}

describe('RSYNC_PROXY', () => {
  /** An HTTP proxy that connects to wherever it is asked, and notes the requests. */
  async function startProxy(): Promise<{ port: number; requests: string[] }> {
    const requests: string[] = [];
    const port = await listen((socket) => {
      let head = '';
      const onData = (chunk: Buffer): void => {
        head += chunk.toString('latin1');
        if (!head.includes('\r\n\r\n')) return;
        socket.off('data', onData);
        requests.push(head);
        const target = /^CONNECT ([\d.]+):(\d+) /.exec(head)!;
        const onward = connect(Number(target[2]), target[1], () => {
          socket.write('HTTP/1.0 200 Connection established\r\nProxy-agent: test\r\n\r\n');
          socket.pipe(onward).pipe(socket);
        });
        onward.on('error', () => socket.end('HTTP/1.0 502 Bad Gateway\r\n\r\n'));
      };
      socket.on('data', onData);
    });
    return { port, requests };
  }

  it('is gone through, with a login', async () => {
    const proxy = await startProxy();
    const env = { RSYNC_PROXY: `sam:pa:ss@127.0.0.1:${proxy.port}` };
    expectSame(await both(['-r', `${daemon.url}/data`], env));
    expect(proxy.requests).toHaveLength(2);
    expect(proxy.requests[1]).toBe(proxy.requests[0]);
    expect(proxy.requests[0]).toContain(`CONNECT 127.0.0.1:${daemon.port} HTTP/1.0\r\n`);
  });

  it('says when it refuses, is none, or is not there', async () => {
    const proxy = await startProxy();
    expectSame(await both(['rsync://127.0.0.1:1/data'], { RSYNC_PROXY: `127.0.0.1:${proxy.port}` }));
    expectSame(await both([`${daemon.url}/data`], { RSYNC_PROXY: `127.0.0.1:${daemon.port}` }));
    expectSame(await both([`${daemon.url}/data`], { RSYNC_PROXY: '127.0.0.1:1' }));
    expectSame(await both([`${daemon.url}/data`], { RSYNC_PROXY: 'proxy' }));
  });

  it('is not asked for a host that would add lines to the request', async () => {
    const proxy = await startProxy();
    expectSame(await both(['rsync://host\r\nX: y/data'], { RSYNC_PROXY: `127.0.0.1:${proxy.port}` }));
    expect(proxy.requests).toEqual([]);
  });
});

describe('RSYNC_CONNECT_PROG', () => {
  const program = (): string => `${peers().rsync} --server --daemon --config=${daemon.config} .`;

  it('is the connection', async () => {
    expectSame(await both(['-r', 'host::data'], { RSYNC_CONNECT_PROG: program() }));
    expectSame(await both(['host::'], { RSYNC_CONNECT_PROG: program() }));
    expectSame(await both(['-r', 'host::locked'], { RSYNC_CONNECT_PROG: program(), RSYNC_PASSWORD: 's3cret' }));
  });

  it('is a socket of the loopback network, which a daemon serves as inetd would start it', async () => {
    const command = `${peers().rsync} --daemon --config=${daemon.config}`;
    expectSame(await both(['-r', 'host::data'], { RSYNC_CONNECT_PROG: command }));
    expectSame(await both(['-r', 'host::near'], { RSYNC_CONNECT_PROG: command }));
  });

  it('is told the host, by the shell that was asked for', async () => {
    const script = join(folder, 'shell');
    writeFileSync(script, `#!/bin/sh\nprintf '%s\\n' "$2" >> ${folder}/told\nexec sh "$@"\n`, { mode: 0o755 });
    const command = `echo %H 100%% >> ${folder}/said; ${program()}`;
    const env = { RSYNC_CONNECT_PROG: command, RSYNC_SHELL: script };
    expectSame(await both(['-r', 'a-host::data'], env));
    for (const name of ['told', 'said']) {
      const [stock, ours] = readFileSync(join(folder, name), 'utf8').trim().split('\n');
      expect(ours).toBe(stock);
    }
  });

  it.each(['$(touch${IFS}bad)', '+x', '~root', '%self', 'a b', "a'b"])('is not given the host %j', async (host) => {
    const told = join(folder, 'refused');
    const env = { RSYNC_CONNECT_PROG: `sh -c 'echo %H' >> ${told}` };
    expectSame(await both([`rsync://${host}/data`], env));
    expect(existsSync(told)).toBe(false);
  });

  it.each(['example.com.', 'host_name', 'host+alias', 'host~alias', '[fe80::1%eth0]'])(
    'is given the host %j',
    async (host) => {
      const told = join(folder, 'given');
      expectSame(await both([`rsync://${host}/data`], { RSYNC_CONNECT_PROG: `echo %H >> ${told}; ${program()}` }));
      const [stock, ours] = readFileSync(told, 'utf8').trim().split('\n');
      expect(ours).toBe(stock);
      rmSync(told);
    },
  );

  it('says what it printed instead of a greeting', async () => {
    expectSame(await both(['host::data'], { RSYNC_CONNECT_PROG: 'read greeting; exit 5' }));
    expectSame(await both(['host::data'], { RSYNC_CONNECT_PROG: 'read greeting; echo hello' }));
    const [, ours] = await both(['host::data'], { RSYNC_CONNECT_PROG: 'read greeting; echo why >&2; exit 5' });
    expect(ours.stderr).toContain('why\n');
  });
});

describe('a daemon by a remote shell', () => {
  const rsh = (...more: string[]): string => [peers().ssh, ...sshd.sshArgs, ...more].join(' ');
  /** `rsync` on the far side, which finds its configuration where rsync looks for it. */
  function farRsync(): string {
    const script = join(folder, 'far-rsync');
    writeFileSync(script, `#!/bin/sh\nexec ${peers().rsync} --config=${daemon.config} "$@"\n`, { mode: 0o755 });
    return `--rsync-path=${script}`;
  }

  it('is started where -e is given, whatever the form of the address', async () => {
    const options = ['-r', '-e', rsh(), farRsync()];
    expectSame(await both([...options, `${sshd.host}::data`]));
    expectSame(await both([...options, `rsync://${sshd.host}/data`]));
    expectSame(await both([...options, `${sshd.host}::`]));
    expectSame(await both([...options, `${sshd.host}::none`]));
  });

  it('logs in to the module and to the shell as different users', async () => {
    const options = ['-r', '-e', rsh('-l', sshd.user), farRsync()];
    expectSame(await both([...options, `alice@${sshd.host}::locked`], { RSYNC_PASSWORD: 's3cret' }));
  });

  it('is not started by RSYNC_RSH alone', async () => {
    expectSame(await both(['-r', `${daemon.url}/data`], { RSYNC_RSH: '/no/such/shell' }));
  });

  it('passes on why there is none', async () => {
    const [, ours] = await both(['-e', rsh(), '--rsync-path=/no/such/rsync', `${sshd.host}::data`]);
    expect(ours.code).toBe(5);
    expect(ours.stderr).toContain('/no/such/rsync');
  });
});

describe.runIf(
  Object.values(networkInterfaces())
    .flat()
    .some((at) => at?.address === '::1'),
)('IPv6', () => {
  it('addresses stand in brackets', async () => {
    const six = await startDaemon({ address: '::1', modules: { data: [] } });
    try {
      build(join(six.folder, 'data'), dir({ file: file('x') }));
      expectSame(await both(['-r', `${six.url}/data`]));
      expectSame(await both(['-r', '-6', `--port=${six.port}`, '[::1]::data']));
      expectSame(await both(['-r', '-4', `${six.url}/data`]));
      expectSame(await both(['-r', '--address=::1', `${six.url}/data`]));
    } finally {
      await six.stop();
    }
  });
});

describe('a terminal', () => {
  it('is asked for the password, which it does not show', async () => {
    mkdirSync(join(folder, 'dst'));
    const words = [CLI, 'rsync', '-r', `rsync://alice@127.0.0.1:${daemon.port}/locked`, join(folder, 'dst')];
    const screen = await runOnTerminal(process.execPath, words, [['Password: ', 's3cret\r']], {
      env: { HOME: folder, DRIFTLINE_HOME: join(folder, 'driftline') },
    });
    expect(screen.code).toBe(0);
    expect(screen.stdout).not.toContain('s3cret');
    expect(readFileSync(join(folder, 'dst/file'), 'utf8')).toBe('x');
  });
});

describe('a daemon that is none', () => {
  const pull = (port: number, ...args: string[]): Promise<Outcome> =>
    driftline(['rsync', ...args, `rsync://127.0.0.1:${port}/data`, join(folder, 'dst')]);

  it('that says nothing ends with the timeout', async () => {
    const silent = await listen(() => {});
    expect(await pull(silent, '--timeout=1')).toMatchObject({ code: 30 });
  });

  it('that resets in the middle ends with an error', async () => {
    const resetting = await listen((socket) => {
      socket.write('@RSYNCD: 31.0\n@RSYNCD: OK\n');
      socket.once('data', () => socket.resetAndDestroy());
    });
    expect((await pull(resetting)).code).toBeGreaterThan(0);
  });

  it('that goes away after opening the module ends with an error', async () => {
    const closing = await listen((socket) => {
      socket.write('@RSYNCD: 31.0\n@RSYNCD: OK\n');
      socket.once('data', () => socket.end());
    });
    expect(await pull(closing)).toMatchObject({ code: 12 });
  });

  it('that ends before its greeting, or ends the session instead, is no success', async () => {
    const mute = await listen((socket) => socket.end());
    expect(await pull(mute)).toMatchObject({ code: 5 });
    const ending = await listen((socket) => socket.end('@RSYNCD: 31.0\n@RSYNCD: EXIT\n'));
    expect(await pull(ending)).toMatchObject({ code: 5 });
  });
});
