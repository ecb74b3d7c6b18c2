import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DriftlineError } from '../../shared/errors.ts';
import type { ErrorData } from '../../shared/errors.ts';
import type { WorkerTask } from './messages.ts';
import { WorkerPool } from './pool.ts';
import type { PoolOptions, WorkerListener } from './pool.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-pool-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const DONE = `parentPort.postMessage({ type: 'done', outcome: { kind: 'ran', totals: {}, issueCount: 0, exitCode: 0 } });`;

/** A real worker file; `body` runs when the task arrives. */
function workerFile(name: string, body: string): string {
  const path = join(folder, `${name}.mjs`);
  const code = `import { parentPort } from 'node:worker_threads';
parentPort.on('message', (message) => {
  if (message.type === 'start') { const { task, cancelFlag } = message; ${body} }
  else globalThis.received?.(message);
});
parentPort.postMessage({ type: 'ready' });`;
  writeFileSync(path, code);
  return path;
}

const systemTimer: PoolOptions['timer'] = (ms, fire) => {
  const timeout = setTimeout(fire, ms);
  return () => clearTimeout(timeout);
};

/** Time that passes when the test says so. */
function manualTimer() {
  const pending = new Set<() => void>();
  const timer: PoolOptions['timer'] = (_ms, fire) => {
    pending.add(fire);
    return () => pending.delete(fire);
  };
  return { timer, fire: () => [...pending].forEach((each) => each()) };
}

const TASK = { kind: 'plan-and-run' } as WorkerTask;
const nothing: WorkerListener = { onEvents: () => undefined, onAsk: () => Promise.reject(new Error('asked')) };

async function errorOf(promise: Promise<unknown>): Promise<ErrorData> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof DriftlineError) return error.data;
    throw error;
  }
  throw new Error('it succeeded');
}

/** The next run after the one under test must work. */
async function worksAgain(): Promise<void> {
  const pool = new WorkerPool({ workerFile: workerFile('good', DONE), timer: systemTimer });
  expect(await pool.start(TASK, nothing).outcome).toMatchObject({ kind: 'ran', exitCode: 0 });
}

describe('a worker that breaks fails its run and nothing else', () => {
  const cases: [name: string, body: string, expected: Partial<ErrorData>][] = [
    ['throws', `throw new Error('broken here');`, { kind: 'internal', message: 'Unexpected failure: broken here' }],
    ['rejects', `Promise.reject(new Error('nobody catches'));`, { kind: 'internal' }],
    ['exits', `process.exit(0);`, { kind: 'internal', message: 'Unexpected failure: the worker ended early (code 0)' }],
    ['exits with a code', `process.exit(7);`, { kind: 'internal' }],
    ['just ends', `parentPort.close();`, { kind: 'internal' }],
    [
      'reports',
      `parentPort.postMessage({ type: 'failed', error: { kind: 'auth', code: 'no', message: 'No.', exitCode: 255, retryable: false } });`,
      { kind: 'auth', code: 'no' },
    ],
    [
      'runs out of heap',
      `const all = []; for (;;) all.push(new Array(1000).fill({}));`,
      { kind: 'internal', code: 'worker-out-of-memory' },
    ],
  ];
  it.each(cases)('%s', async (name, body, expected) => {
    const pool = new WorkerPool({
      workerFile: workerFile(name.replaceAll(' ', '-'), body),
      timer: systemTimer,
      resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 8 },
    });
    const run = pool.start(TASK, nothing);
    expect(await errorOf(run.outcome)).toMatchObject(expected);
    await run.exited;
    await worksAgain();
  });

  it('has no file', async () => {
    const pool = new WorkerPool({ workerFile: join(folder, 'absent.mjs'), timer: systemTimer });
    expect(await errorOf(pool.start(TASK, nothing).outcome)).toMatchObject({ kind: 'internal' });
  });
});

describe('questions and events', () => {
  it('carries events out and answers in', async () => {
    const body = `
      globalThis.received = (message) => {
        if (message.answer.answer.kind === 'refuse') ${DONE}
      };
      parentPort.postMessage({ type: 'events', progress: null, issues: [], items: [], steps: ['one'] });
      parentPort.postMessage({ type: 'ask', askId: 5, question: { kind: 'prompt', question: { kind: 'password' } } });`;
    const pool = new WorkerPool({ workerFile: workerFile('asks', body), timer: systemTimer });
    const steps: string[] = [];
    const run = pool.start(TASK, {
      onEvents: (events) => steps.push(...events.steps),
      onAsk: () => Promise.resolve({ kind: 'prompt', answer: { kind: 'refuse' } }),
    });
    await run.outcome;
    expect(steps).toEqual(['one']);
  });

  it('a question that cannot be answered ends the run with its reason', async () => {
    const body = `parentPort.postMessage({ type: 'ask', askId: 1, question: { kind: 'judge' } });`;
    const pool = new WorkerPool({ workerFile: workerFile('asks-in-vain', body), timer: systemTimer });
    expect(await errorOf(pool.start(TASK, nothing).outcome)).toMatchObject({ message: 'Unexpected failure: asked' });
  });

  it('moves the plan to the thread', async () => {
    const body = `if (task.plan.length === 3) ${DONE}`;
    const pool = new WorkerPool({ workerFile: workerFile('plan', body), timer: systemTimer });
    const plan = new Uint8Array([1, 2, 3]);
    await pool.start({ kind: 'run', plan } as WorkerTask, nothing).outcome;
    expect(plan.byteLength).toBe(0);
  });
});

describe('cancel', () => {
  it('reaches a thread by message and by flag', async () => {
    const body = `globalThis.received = (message) => {
        const flag = Atomics.load(new Int32Array(cancelFlag), 0);
        if (message.type === 'cancel' && flag === 1)
          parentPort.postMessage({ type: 'failed', error: { kind: 'cancelled', code: 'mine', message: 'Stopped.', exitCode: 20, retryable: false } });
      };
      parentPort.postMessage({ type: 'events', progress: null, issues: [], items: [], steps: ['busy'] });`;
    const pool = new WorkerPool({ workerFile: workerFile('obeys', body), timer: systemTimer });
    const run = pool.start(TASK, { ...nothing, onEvents: () => run.cancel() });
    expect(await errorOf(run.outcome)).toMatchObject({ kind: 'cancelled', code: 'mine' });
    await run.exited;
  });

  it('ends the run after the grace time when the thread hangs', async () => {
    const body = `parentPort.postMessage({ type: 'events', progress: null, issues: [], items: [], steps: ['hangs'] }); for (;;);`;
    const { timer, fire } = manualTimer();
    const pool = new WorkerPool({ workerFile: workerFile('hangs', body), timer });
    let hangs: () => void = () => undefined;
    const hanging = new Promise<void>((resolve) => (hangs = resolve));
    const { outcome, exited, cancel } = pool.start(TASK, { ...nothing, onEvents: () => hangs() });
    await hanging;
    cancel();
    fire();
    expect(await errorOf(outcome)).toMatchObject({ kind: 'cancelled' });
    await exited;
    await worksAgain();
  });

  it('close() ends everything', async () => {
    const pool = new WorkerPool({ workerFile: workerFile('waits', ''), timer: systemTimer, graceMs: 1 });
    const runs = [pool.start(TASK, nothing), pool.start(TASK, nothing)];
    await pool.close();
    for (const run of runs) expect(await errorOf(run.outcome)).toMatchObject({ kind: 'cancelled' });
  });
});
