import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import { spawnDaemonShell, spawnRemoteShell, spawnTransport } from './command.ts';
import type { Transport } from './transport.ts';

async function output(transport: Transport): Promise<string> {
  let text = '';
  for await (const part of transport.stream as AsyncIterable<Buffer>) text += part.toString('latin1');
  return text;
}

/** A "remote shell" that prints its arguments, each in brackets, as bytes. */
const ECHO = `/bin/sh -c 'printf "[%s]" "$@"' sh`;

describe('spawnRemoteShell', () => {
  it('puts the user and the host before the command, each word an argument of its own', async () => {
    const shell = { command: ECHO, user: 'me', host: 'box', ipVersion: 0 as const };
    const transport = spawnRemoteShell(shell, ['rsync', '--server', '.', "it's $HOME"]);
    expect(await output(transport)).toBe("[-l][me][box][rsync][--server][.][it's $HOME]");
    expect(await transport.exit).toEqual({ code: 0, signal: null });
    expect(transport.description).toBe('me@box');
  });

  it('carries every byte in arguments', async () => {
    const all = Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1)).join('');
    const transport = spawnRemoteShell({ command: ECHO, user: null, host: 'box', ipVersion: 0 }, [
      'rsync',
      all,
      'end\n\n',
      '',
    ]);
    expect(await output(transport)).toBe(`[box][rsync][${all}][end\n\n][]`);
    // valid UTF-8 needs no help
    const plain = spawnRemoteShell({ command: ECHO, user: null, host: 'box', ipVersion: 0 }, [
      '\xc3\xa4\xf0\x9f\x98\x80',
    ]);
    expect(await output(plain)).toBe('[box][\xc3\xa4\xf0\x9f\x98\x80]');
  });

  it('refuses a host that is an option', () => {
    expect(() => spawnRemoteShell({ command: 'ssh', user: null, host: '-oProxyCommand=x', ipVersion: 0 }, [])).toThrow(
      DriftlineError,
    );
  });

  it('fails the stream when the program is missing', async () => {
    const transport = spawnRemoteShell({ command: '/no/such/shell', user: null, host: 'box', ipVersion: 0 }, []);
    const [error] = (await once(transport.stream, 'error')) as [DriftlineError];
    expect(error.data).toMatchObject({ kind: 'connect', code: 'remote-shell-missing', exitCode: 14 });
    expect(await transport.exit).toEqual({ code: null, signal: null });
  });
});

describe('ssh as the remote shell', () => {
  it('is told the address family, behind the user, and only ssh is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'driftline-rsh-'));
    for (const name of ['ssh', 'other']) {
      writeFileSync(join(folder, name), '#!/bin/sh\nprintf "[%s]" "$@" "$RSYNC_PORT"\n', { mode: 0o755 });
    }
    const shell = { command: `${folder}/ssh -x`, user: 'me', host: 'box', ipVersion: 6 as const };
    const at = { daemon: ['--server', '--daemon', '.'].map((word) => `[${word}]`).join('') };
    expect(await output(spawnRemoteShell(shell, ['rsync']))).toBe('[-x][-l][me][-6][box][rsync][]');
    expect(await output(spawnRemoteShell({ ...shell, command: `${folder}/other` }, ['rsync']))).toBe(
      '[-l][me][box][rsync][]',
    );
    // A daemon's port goes by the environment, and a login of the command's own stands.
    expect(await output(spawnDaemonShell(shell, 'rsync', 99))).toBe(`[-x][-l][me][-6][box][rsync]${at.daemon}[99]`);
    expect(await output(spawnDaemonShell({ ...shell, command: `${folder}/other -l you` }, 'rsync', null))).toBe(
      `[-l][you][box][rsync]${at.daemon}[0]`,
    );
    rmSync(folder, { recursive: true });
  });
});

describe('spawnTransport', () => {
  it('carries data both ways with backpressure, and keeps stderr apart', async () => {
    const transport = spawnTransport(['/bin/sh', '-c', 'echo note >&2; exec cat'], [], 'test');
    const chunk = Buffer.alloc(100_000, 'z');
    const reading = output(transport);
    for (let i = 0; i < 50; i++) if (!transport.stream.write(chunk)) await once(transport.stream, 'drain');
    transport.stream.end();
    expect((await reading).length).toBe(5_000_000);
    let text = '';
    for await (const part of transport.stderr!) text += String(part);
    expect(text).toBe('note\n');
    expect(await transport.exit).toEqual({ code: 0, signal: null });
  });

  it('maps codes and signals, and drops what nobody takes', async () => {
    const code = spawnTransport(['/bin/sh', '-c', 'exec 0<&-; echo bye; exit 12'], [], 'test');
    code.stream.on('data', () => {});
    expect(await code.exit).toEqual({ code: 12, signal: null });
    await new Promise<void>((resolve) => code.stream.write(Buffer.alloc(10), () => resolve()));
    const killed = spawnTransport(['/bin/sh', '-c', 'kill -KILL $$'], [], 'test');
    expect(await killed.exit).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('ends the program on close and on abort', async () => {
    const closed = spawnTransport(['/bin/sleep', '1000'], [], 'test');
    closed.close();
    closed.close();
    expect(await closed.exit).toEqual({ code: null, signal: 'SIGTERM' });
    const controller = new AbortController();
    const aborted = spawnTransport(['/bin/sleep', '1000'], [], 'test', controller.signal);
    const failed = once(aborted.stream, 'error') as Promise<[DriftlineError]>;
    controller.abort();
    expect((await failed)[0].data.kind).toBe('cancelled');
    expect((await aborted.exit).signal).toBe('SIGTERM');
  });
});
