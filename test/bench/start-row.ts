import { execFileSync } from 'node:child_process';
import { constants, openSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { type BenchRun, ends } from './bench-run.ts';
import { type Command, measure, median } from './measure.ts';
import type { Outcome } from './outcome.ts';
import { TARGET } from './transfer-rows.ts';

const LIMITS = { goal: 80 };
/** A start takes a fraction of a second and wavers: more of them cost nothing. */
const STARTS_PER_RUN = 3;

/** How long each program takes until the first byte of its own goes out, with an empty folder to copy. */
export async function firstBytes(bench: BenchRun): Promise<Outcome[]> {
  return [await throughSsh(bench), await throughShell(bench)];
}

/** Through ssh: until the server gets the first byte of the SSH handshake. */
async function throughSsh(bench: BenchRun): Promise<Outcome> {
  const link = await bench.rig.open('watched');
  const args = await emptyPush(bench);
  return race(bench, {
    label: 'start-up: first byte to the SSH server',
    ours: bench.rig.driftline(args, 'watched'),
    stock: bench.rig.rsync(args, 'same', 'watched'),
    watch(seen) {
      link.onFirstByte = seen;
      return () => (link.onFirstByte = null);
    },
  });
}

/** Through a remote shell program: until it gets the first byte of the rsync protocol. */
async function throughShell(bench: BenchRun): Promise<Outcome> {
  const shell = bench.path('shell');
  const fifo = bench.path('first-bytes');
  // Its own output stays open: that it closed would be an end as well.
  writeFileSync(shell, `#!/bin/sh\nexec cat 3>&1 >${fifo}\n`, { mode: 0o755 });
  const args = ['-e', shell, ...(await emptyPush(bench))];
  const { program, env } = bench.rig.rsync([]);
  return race(bench, {
    label: 'start-up: first byte to a remote shell (-e)',
    ours: bench.rig.driftline(args),
    stock: { program, env, args: args.map((arg) => arg.replace(/^HOST:/, 'direct:')) },
    watch(seen) {
      execFileSync('mkfifo', [fifo]);
      // Open for writing too: the open would wait for the writer otherwise.
      const reader = new Socket({ fd: openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK), writable: false });
      reader.once('data', seen);
      return () => {
        reader.destroy();
        rmSync(fifo);
      };
    },
  });
}

async function emptyPush(bench: BenchRun): Promise<string[]> {
  return ['-a', ...ends('push', `${await bench.nothing()}/`, `${bench.path(TARGET)}/`)];
}

interface Race {
  label: string;
  ours: Command;
  stock: Command;
  /** Calls `seen` at the first byte of the next program. Returns what stops watching. */
  watch(seen: () => void): () => void;
}

async function race(bench: BenchRun, { label, ours, stock, watch }: Race): Promise<Outcome> {
  const milliseconds: { ours: number[]; stock: number[] } = { ours: [], stock: [] };
  for (let i = 0; i < bench.runs * STARTS_PER_RUN; i++) {
    for (const [name, command] of [
      ['ours', ours],
      ['stock', stock],
    ] as const) {
      bench.say(`${label}: ${name === 'ours' ? 'driftline' : 'rsync'} ${i + 1}`);
      milliseconds[name].push(await untilSeen(bench, command, watch));
    }
  }
  const [least, most] = [Math.min(...milliseconds.stock), Math.max(...milliseconds.stock)];
  return {
    kind: 'figure',
    ...{ label, limits: LIMITS, unit: 'ms' },
    samples: milliseconds.ours,
    note: `rsync ${median(milliseconds.stock).toFixed(0)} ms (${least.toFixed(0)} to ${most.toFixed(0)})`,
  };
}

/** Milliseconds from the start of a program to its first byte, where it is ended. */
async function untilSeen(bench: BenchRun, command: Command, watch: Race['watch']): Promise<number> {
  const enough = new AbortController();
  let seenAt = 0;
  const unwatch = watch(() => {
    seenAt = performance.now();
    enough.abort();
  });
  const started = performance.now();
  try {
    await measure(command, AbortSignal.any([bench.signal, enough.signal]));
  } catch (error) {
    bench.signal.throwIfAborted();
    if (seenAt === 0) throw error;
  } finally {
    unwatch();
  }
  if (seenAt === 0) throw new Error(`${command.program} ended without a byte`);
  return seenAt - started;
}
