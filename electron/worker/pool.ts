import { totalmem } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ResourceLimits } from 'node:worker_threads';
import { DriftlineError, fail, toErrorData } from '../../shared/errors.ts';
import type { Issue } from '../../shared/model/issue.ts';
import type { RunItem, RunProgress } from '../../shared/model/run.ts';
import type { FromWorker, ToWorker, WorkerAnswer, WorkerOutcome, WorkerQuestion, WorkerTask } from './messages.ts';

export interface PoolOptions {
  /** The bundled worker; in `dist/` it lies beside the file this module is part of. */
  workerFile?: string | URL;
  /** Fires once after `ms`; returns the way to stop it. */
  timer: (ms: number, fire: () => void) => () => void;
  resourceLimits?: ResourceLimits;
  /** How long a worker may take to obey before it is terminated, in milliseconds. */
  graceMs?: number;
}

export interface WorkerEvents {
  progress: RunProgress | null;
  issues: Issue[];
  items: RunItem[];
  steps: string[];
}

export interface WorkerListener {
  onEvents(events: WorkerEvents): void;
  /** A rejection ends the worker's run. */
  onAsk(question: WorkerQuestion): Promise<WorkerAnswer>;
}

/** For work that tells nothing and asks nothing. */
export const QUIET: WorkerListener = {
  onEvents: () => undefined,
  onAsk: () => Promise.reject(fail('internal', 'unexpected-question', 'Work that has no questions asked one.')),
};

export interface WorkerRun {
  /** How it ended. Rejects with a DriftlineError. Settles within two seconds of `cancel`. */
  readonly outcome: Promise<WorkerOutcome>;
  /**
   * Resolves when the thread is gone. Later than `outcome` for a thread stuck in the kernel: whatever it may still
   * touch stays locked until then. Never rejects.
   */
  readonly exited: Promise<void>;
  cancel(): void;
  /** Stops between two tokens until `resume`; the connection is kept. */
  pause(): void;
  resume(): void;
}

/** With the parting time below: a cancel shows within two seconds. */
const GRACE_MS = 1700;
/** For a thread that said its last word: closing connections takes a moment, and nobody waits for more. */
const PARTING_MS = 250;

/** Bounds JavaScript memory of one run; Buffers are bounded by the engine itself. */
const DEFAULT_LIMITS: ResourceLimits = {
  maxOldGenerationSizeMb: Math.max(256, Math.min(2048, Math.floor(totalmem() / 2 / 1024 / 1024))),
};

/** Starts one thread per run and stands between it and the service: nothing a thread does can harm the process. */
export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #running = new Set<WorkerRun>();

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Starts a thread on a task. A plan in the task is moved, not copied. */
  start(task: WorkerTask, listener: WorkerListener): WorkerRun {
    const run = startWorker(task, listener, this.#options);
    this.#running.add(run);
    void run.exited.then(() => this.#running.delete(run));
    return run;
  }

  /** Cancels everything; resolves when each run ended or was given up. */
  async close(): Promise<void> {
    const runs = [...this.#running];
    for (const run of runs) run.cancel();
    await Promise.all(runs.map((run) => run.outcome.catch(() => undefined)));
  }
}

function startWorker(task: WorkerTask, listener: WorkerListener, options: PoolOptions): WorkerRun {
  const graceMs = options.graceMs ?? GRACE_MS;
  const cancelFlag = new SharedArrayBuffer(4);
  const worker = new Worker(options.workerFile ?? new URL('./transfer-worker.js', import.meta.url), {
    resourceLimits: options.resourceLimits ?? DEFAULT_LIMITS,
    // Nothing of ours prints; what a library prints must not end up in the output of a command.
    stdout: true,
    stderr: true,
  });
  worker.stdout.resume();
  worker.stderr.resume();

  let cancelled = false;
  let stopTimer: () => void = () => undefined;
  let ended: { ok: true; outcome: WorkerOutcome } | { ok: false; error: DriftlineError } | null = null;
  let resolveOutcome: (outcome: WorkerOutcome) => void;
  let rejectOutcome: (error: DriftlineError) => void;
  const outcome = new Promise<WorkerOutcome>((resolve, reject) => {
    resolveOutcome = resolve;
    rejectOutcome = reject;
  });
  // Whoever cares awaits it; nobody caring is no unhandled rejection.
  outcome.catch(() => undefined);

  const settle = (): void => {
    stopTimer();
    if (ended === null) return;
    if (ended.ok) resolveOutcome(ended.outcome);
    else rejectOutcome(ended.error);
  };
  const end = (result: NonNullable<typeof ended>): void => {
    ended ??= result;
  };
  const broken = (error: unknown): DriftlineError => {
    if (cancelled) return fail('cancelled', 'cancelled', 'The run was cancelled.');
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
      return fail('internal', 'worker-out-of-memory', 'The run needed more memory than one run may use.', {
        hint: 'Mirror parts of the folder with profiles of their own.',
        cause: error,
      });
    }
    return new DriftlineError(toErrorData(error), { cause: error });
  };
  /** Gives the thread `ms` to go by itself, then ends it; one that is stuck in the kernel is not waited for. */
  const expectExit = (ms: number): void => {
    stopTimer();
    stopTimer = options.timer(ms, () => {
      end({ ok: false, error: broken(new Error('the worker did not stop')) });
      void worker.terminate();
      stopTimer = options.timer(PARTING_MS, settle);
    });
  };
  const send = (message: ToWorker, transfer: ArrayBuffer[] = []): void => worker.postMessage(message, transfer);

  worker.on('message', (message: FromWorker) => {
    switch (message.type) {
      case 'ready':
        return;
      case 'events':
        if (ended === null) listener.onEvents(message);
        return;
      case 'ask':
        listener.onAsk(message.question).then(
          (answer) => send({ type: 'answer', askId: message.askId, answer }),
          (error: unknown) => {
            end({ ok: false, error: new DriftlineError(toErrorData(error)) });
            void worker.terminate();
          },
        );
        return;
      case 'done':
        end({ ok: true, outcome: message.outcome });
        expectExit(PARTING_MS);
        return;
      case 'failed':
        end({ ok: false, error: new DriftlineError(message.error) });
        expectExit(PARTING_MS);
        return;
    }
  });
  worker.on('error', (error) => end({ ok: false, error: broken(error) }));
  worker.on('messageerror', (error) => end({ ok: false, error: broken(error) }));
  const exited = new Promise<void>((resolve) => {
    worker.on('exit', (code) => {
      end({ ok: false, error: broken(new Error(`the worker ended early (code ${code})`)) });
      settle();
      resolve();
    });
  });

  const plan = task.kind === 'run' ? [task.plan.buffer as ArrayBuffer] : [];
  send({ type: 'start', task, cancelFlag }, plan);

  return {
    outcome,
    exited,
    cancel() {
      if (cancelled || ended !== null) return;
      cancelled = true;
      Atomics.store(new Int32Array(cancelFlag), 0, 1);
      send({ type: 'cancel' });
      expectExit(graceMs);
    },
    pause: () => send({ type: 'pause' }),
    resume: () => send({ type: 'resume' }),
  };
}
