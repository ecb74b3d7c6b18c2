import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../../build/peers.mjs';

/** The built command line. */
export const CLI = join(ROOT, 'dist/cli.js');
/** As a remote program: `rsync --rsync-path="$DRIFTLINE_RSYNC"`. */
export const DRIFTLINE_RSYNC = `${process.execPath} ${CLI} rsync`;

export interface Outcome {
  /** Null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Bytes, one character each. */
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
  /** Standard input; null leaves it open. Default: none. */
  input?: string | null;
  /** A run that takes longer is killed, which fails the test; default 100,000 ms. */
  limitMs?: number;
  /** Called with the process as soon as it is there. */
  onStart?: (child: ChildProcess) => void;
}

/** Runs a program to its end. No shell; every run has a C.UTF-8 locale. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.env },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      timeout: options.limitMs ?? 100_000,
      killSignal: 'SIGKILL',
    });
    const [out, err] = [child.stdout!, child.stderr!].map((stream) => {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      return parts;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const text = (parts: Buffer[]): string => Buffer.concat(parts).toString('latin1');
      resolve({ code, signal, stdout: text(out!), stderr: text(err!) });
    });
    child.stdin?.on('error', () => {});
    if (options.input !== null) child.stdin?.end(options.input);
    options.onStart?.(child);
  });
}

/** Runs `driftline WORDS…` as it is built in dist/. */
export const driftline = (args: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
  run(process.execPath, [CLI, ...args], options);
