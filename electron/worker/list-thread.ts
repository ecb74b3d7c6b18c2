import { resourceLimits, Worker } from 'node:worker_threads';
import { DriftlineError, type ErrorData, toErrorData } from '../../shared/errors.ts';
import { EntryUnpacker, type EngineEvent, type FolderLister } from '../engine/mirror.ts';

/** What the thread says; `entries` come in list order, `done` once they are all there. */
export type FromListWorker =
  | { type: 'event'; event: EngineEvent }
  | { type: 'entries'; bytes: Uint8Array }
  | { type: 'done' }
  | { type: 'failed'; error: ErrorData };

/** Lists a folder in a thread of its own, which is ended when the work is cancelled. */
export const listInThread: FolderLister = async (argument, { signal, onEvent }) => {
  const worker = new Worker(new URL('./list-worker.js', import.meta.url), {
    workerData: argument,
    resourceLimits,
    // Nothing of ours prints; what a library prints must not end up in the output of a command.
    stdout: true,
    stderr: true,
  });
  worker.stdout.resume();
  worker.stderr.resume();
  const unpacker = new EntryUnpacker();
  const stop = (): void => void worker.terminate();
  try {
    await new Promise<void>((resolve, reject) => {
      const failed = (error: unknown): void => reject(new DriftlineError(toErrorData(error), { cause: error }));
      worker.on('message', (message: FromListWorker) => {
        try {
          if (message.type === 'event') onEvent(message.event);
          else if (message.type === 'entries') unpacker.take(asBuffer(message.bytes));
          else if (message.type === 'done') resolve();
          else reject(new DriftlineError(message.error));
        } catch (error) {
          failed(error);
        }
      });
      worker.on('error', failed);
      worker.once('exit', (code) => failed(signal.reason ?? new Error(`the thread that lists ended early (${code})`)));
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
    });
  } finally {
    signal.removeEventListener('abort', stop);
    await worker.terminate();
  }
  return unpacker.entries;
};

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
