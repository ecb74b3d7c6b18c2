import { Worker } from 'node:worker_threads';
import { DriftlineError, toErrorData } from '../../shared/errors.ts';
import type { ErrorData } from '../../shared/errors.ts';
import type { PathText } from '../../shared/model/path.ts';

/** What the demo server needs to know. */
export interface DemoTask {
  version: string;
  /** Gets the sample files; does not exist yet. */
  sampleFolder: PathText;
  /** All the server has. */
  serverFolder: PathText;
  /** Gets an older copy of the sample files, for the server to hold; does not exist yet. */
  copyFolder: PathText;
}

export interface DemoLogin {
  port: number;
  user: string;
  /** Known to this process only. */
  password: string;
  fingerprint: string;
}

export type FromDemoWorker = ({ type: 'ready' } & DemoLogin) | { type: 'failed'; error: ErrorData };

export interface DemoThread extends DemoLogin {
  /** Resolves when the thread has ended, whoever ended it. Never rejects. */
  readonly ended: Promise<void>;
  /** Ends the server and its connections. */
  stop(): Promise<void>;
}

/**
 * Makes the sample files and starts the embedded server, all in a thread of its own.
 *
 * @param workerFile the bundled worker; in `dist/` it lies beside the file this module is part of
 * @throws DriftlineError why the thread could not start
 */
export async function startDemoThread(task: DemoTask, workerFile?: string | URL): Promise<DemoThread> {
  const worker = new Worker(workerFile ?? new URL('./demo-worker.js', import.meta.url), {
    workerData: task,
    // Nothing of ours prints; what a library prints must not end up in the output of a command.
    stdout: true,
    stderr: true,
  });
  worker.stdout.resume();
  worker.stderr.resume();
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const login = await new Promise<DemoLogin>((resolve, reject) => {
    worker.on('message', (message: FromDemoWorker) => {
      if (message.type === 'ready') {
        const { port, user, password, fingerprint } = message;
        resolve({ port, user, password, fingerprint });
      } else reject(new DriftlineError(message.error));
    });
    worker.on('error', (error) => reject(new DriftlineError(toErrorData(error), { cause: error })));
    worker.once('exit', (code) => reject(new DriftlineError(toErrorData(new Error(`the demo ended early (${code})`)))));
  });
  return {
    ...login,
    ended,
    stop: async () => {
      await worker.terminate();
    },
  };
}
