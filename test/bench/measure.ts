import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** One program to time. */
export interface Command {
  program: string;
  args: readonly string[];
  env?: Record<string, string>;
  /** Standard input. */
  input?: string;
}

export interface Measured {
  /** Wall time from start to exit, in seconds. */
  seconds: number;
  /** Highest resident set of the started process itself (VmHWM of proc_pid_status(5)), in KiB; 0 where unknown. */
  peakKib: number;
  /** Processor time of the started process itself, in seconds: steadier than wall time on a busy machine. */
  cpuSeconds: number;
  stdout: string;
}

const POLL_MS = 20;
const SHOWN_STDERR = 2000;

const running = new Set<ChildProcess>();

/** Ends a program with all it started. Each has a process group of its own, so that Ctrl-C reaches us first. */
function kill(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, 'SIGKILL');
  } catch {
    // it ended
  }
}

process.once('exit', () => running.forEach(kill));

/**
 * Runs a program to its end. Memory and processor time are polled; both only grow, so only the last moment is missed.
 *
 * @param signal kills it
 * @throws the signal's reason; Error with the end of its stderr when it does not exit with 0
 */
export function measure({ program, args, env, input }: Command, signal?: AbortSignal): Promise<Measured> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const started = performance.now();
    const child = spawn(program, args, {
      env: { ...process.env, LC_ALL: 'C.UTF-8', ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      detached: true,
    });
    running.add(child);
    const abort = (): void => kill(child);
    signal?.addEventListener('abort', abort);
    let peakKib = 0;
    let cpuSeconds = 0;
    const poll = (): void => {
      peakKib = Math.max(peakKib, peakOf(child.pid));
      cpuSeconds = Math.max(cpuSeconds, cpuOf(child.pid));
    };
    const timer = setInterval(poll, POLL_MS);
    const ended = (): void => {
      clearInterval(timer);
      running.delete(child);
      signal?.removeEventListener('abort', abort);
    };
    let stdout = '';
    let stderr = '';
    child.stdout!.setEncoding('latin1').on('data', (text: string) => (stdout += text));
    child.stderr!.setEncoding('latin1').on('data', (text: string) => (stderr = (stderr + text).slice(-SHOWN_STDERR)));
    let seconds = 0;
    child.on('exit', () => (seconds = (performance.now() - started) / 1000));
    child.on('error', (error) => {
      ended();
      reject(error);
    });
    child.on('close', (code, by) => {
      ended();
      const said = stderr || stdout.slice(-SHOWN_STDERR);
      if (signal?.aborted === true) reject(signal.reason as Error);
      else if (code === 0) resolve({ seconds, peakKib, cpuSeconds, stdout });
      else reject(new Error(`${program} ${args.join(' ')}\nended with ${code ?? by}: ${said}`));
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    poll();
  });
}

function peakOf(pid: number | undefined): number {
  try {
    return Number(/^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
  } catch {
    return 0; // it ended, or there is no /proc
  }
}

/** Ticks of utime and stime in proc_pid_stat(5); Linux shows 100 a second whatever the kernel uses. */
const TICKS = 100;

function cpuOf(pid: number | undefined): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything; utime and stime are the 12th and 13th words behind it.
    const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(words[11]) + Number(words[12])) / TICKS;
  } catch {
    return 0;
  }
}

export interface Series {
  name: string;
  /** Seconds of each run, in order. */
  seconds: number[];
  median: number;
  /** (slowest − fastest) / median: how far one run is from another. */
  spread: number;
  /** Of each run; 0 where unknown. */
  peaksKib: number[];
  /** Median. */
  cpuSeconds: number;
}

/** @param runs memory and processor time 0 where they are not known */
export function summarize(name: string, runs: readonly Pick<Measured, 'seconds' | 'peakKib' | 'cpuSeconds'>[]): Series {
  const seconds = runs.map((run) => run.seconds);
  const middle = median(seconds);
  const spread = (Math.max(...seconds) - Math.min(...seconds)) / middle;
  return {
    ...{ name, seconds, median: middle, spread },
    peaksKib: runs.map((run) => run.peakKib),
    cpuSeconds: median(runs.map((run) => run.cpuSeconds)),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
