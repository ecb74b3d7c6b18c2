import { type ChildProcess, spawn } from 'node:child_process';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { DriftlineError, fail } from '../../../shared/errors.ts';
import { bytesToText, type ByteString, displayPath } from '../../../shared/model/path.ts';
import { splitRemoteShell } from '../../../shared/remote-shell.ts';
import type { PeerExit, Transport } from './transport.ts';

/** How long a remote shell that was told to end may take before it is killed. */
const KILL_MS = 2_000;

export interface RemoteShell {
  /** `-e` or RSYNC_RSH, e.g. `ssh -p 2222`. */
  command: string;
  /** Null = the shell's own choice. */
  user: string | null;
  host: string;
  /** -4 or -6, which ssh is told as well; 0 = neither. */
  ipVersion: 0 | 4 | 6;
}

/**
 * Starts `COMMAND [-l user] host ARGS…` without a shell, as rsync does (reference §1.1), and talks to it over its
 * stdin and stdout. `args` are bytes, already quoted for the remote side's shell. A program that cannot be started
 * fails the stream with `connect`/`remote-shell-missing`.
 */
export function spawnRemoteShell(shell: RemoteShell, args: readonly ByteString[], signal?: AbortSignal): Transport {
  const description = shell.user === null ? shell.host : `${shell.user}@${shell.host}`;
  return spawnTransport(shellWords(shell, false), args, description, signal);
}

/** The words up to the host. @param daemon whether a `-l` of the command's own takes the place of the user */
function shellWords({ command, user, host, ipVersion }: RemoteShell, daemon: boolean): string[] {
  const words = splitRemoteShell(command);
  if (host.startsWith('-') || host === '')
    throw fail('usage', 'bad-host', 'The host name contains characters that are not allowed.');
  const isSsh = words[0]!.slice(words[0]!.lastIndexOf('/') + 1) === 'ssh';
  return [
    ...words,
    ...(user === null || (daemon && words.includes('-l')) ? [] : ['-l', user]),
    ...(isSsh && ipVersion !== 0 ? [`-${ipVersion}`] : []),
    host,
  ];
}

/**
 * Starts a daemon for one connection through a remote shell (rsync(1) "Using rsync-daemon features via a remote-shell
 * connection"). A `-l` of the command's own keeps the user's name, who is then the module's user alone; the shell
 * finds the port that was asked for in RSYNC_PORT.
 */
export function spawnDaemonShell(
  shell: RemoteShell,
  rsyncPath: ByteString,
  port: number | null,
  signal?: AbortSignal,
): Transport {
  const env = { ...process.env, RSYNC_PORT: String(port ?? 0) };
  const args = [rsyncPath, '--server', '--daemon', '.'];
  return spawnTransport(shellWords(shell, true), args, shell.host, signal, env);
}

/** Starts a program with the given words and byte arguments as a transport; see `spawnRemoteShell`. */
export function spawnTransport(
  words: readonly string[],
  args: readonly ByteString[],
  description: string,
  signal?: AbortSignal,
  env: NodeJS.ProcessEnv = process.env,
): Transport {
  const [program, ...rest] = encodeArguments(words, args);
  const child = spawn(program!, rest, { stdio: ['pipe', 'pipe', 'pipe'], shell: false, windowsHide: true, env });
  const stream = new ChildStream(child, displayPath(words[0]!));
  const exit = new Promise<PeerExit>((resolve) => {
    child.on('close', (code, signalName) => resolve({ code, signal: signalName }));
    child.on('error', () => {
      if (child.pid === undefined) resolve({ code: null, signal: null });
    });
  });
  const close = (): void => void stream.destroy();
  const onAbort = (): void => void stream.destroy(fail('cancelled', 'cancelled', 'Cancelled.'));
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  void exit.then(() => signal?.removeEventListener('abort', onAbort));
  return { stream, stderr: child.stderr, exit, description, close };
}

/**
 * Node passes arguments as UTF-8 text, which cannot carry every byte. Where one is not valid UTF-8, a constant script
 * for the local POSIX shell rebuilds all of them from octal escapes and then becomes the wanted program.
 */
function encodeArguments(words: readonly string[], args: readonly ByteString[]): string[] {
  const texts = args.map((arg) => bytesToText(arg));
  if (!texts.some((text) => LONE_BYTE.test(text))) return [...words, ...texts];
  const bytes = args.map((arg) =>
    arg.replace(/[^A-Za-z0-9_./=:,@-]/g, (c) => `\\0${c.charCodeAt(0).toString(8).padStart(3, '0')}`),
  );
  return ['/bin/sh', '-c', REBUILD, 'sh', String(args.length), ...words, ...bytes];
}

/** A byte that is not UTF-8, as `bytesToText` carries it. */
const LONE_BYTE = /(?<![\ud800-\udbff])[\udc80-\udcff]/;

/** `$1` = how many trailing arguments are octal; the `x` keeps trailing newlines from being cut. */
const REBUILD =
  'n=$1; shift; k=$(($# - n)); while [ $k -gt 0 ]; do set -- "$@" "$1"; shift; k=$((k - 1)); done; ' +
  'while [ $n -gt 0 ]; do a=$(printf "%bx" "$1"); set -- "$@" "${a%x}"; shift; n=$((n - 1)); done; exec "$@"';

/** A child's stdin and stdout as one stream. Bytes written after the child closed its stdin are dropped. */
class ChildStream extends Duplex {
  readonly #child: ChildProcess;
  readonly #input: Writable;
  readonly #output: Readable;

  constructor(child: ChildProcess, program: string) {
    super({ readableHighWaterMark: 256 << 10, writableHighWaterMark: 256 << 10 });
    this.#child = child;
    this.#input = child.stdin!;
    this.#output = child.stdout!;
    this.on('error', () => {}); // its reader sees it; without one it must not end the process
    this.#input.on('error', () => {}); // the child has gone: shows as the end of its output
    this.#output.on('error', () => {});
    this.#output.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) this.#output.pause();
    });
    this.#output.on('end', () => {
      if (!this.destroyed) this.push(null);
    });
    child.on('error', (cause) => {
      if (child.pid !== undefined) return;
      const message = `The remote shell ${program} cannot be started.`;
      this.destroy(
        fail('connect', 'remote-shell-missing', message, {
          hint: 'Check the -e option or RSYNC_RSH.',
          exitCode: 14,
          retryable: false,
          cause,
        }),
      );
    });
  }

  override _read(): void {
    this.#output.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#input.write(chunk, () => callback());
  }

  override _writev(chunks: { chunk: Buffer }[], callback: () => void): void {
    this.#input.cork();
    chunks.forEach(({ chunk }, index) => {
      if (index < chunks.length - 1) this.#input.write(chunk);
      else this.#input.write(chunk, () => callback());
    });
    this.#input.uncork();
  }

  override _final(callback: () => void): void {
    this.#input.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#input.destroy();
    const child = this.#child;
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      // One that has closed its output is ending: its code must not become our signal. Reading to the end with
      // `for await` comes here with an AbortError of Node's.
      const ending = !(error instanceof DriftlineError) && this.#output.readableEnded;
      if (!ending) child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), KILL_MS);
      child.once('exit', () => clearTimeout(timer));
    }
    this.#output.destroy();
    callback(error);
  }
}
