import { parentPort, workerData } from 'node:worker_threads';
import { toErrorData } from '../../shared/errors.ts';
import type { ByteString } from '../../shared/model/path.ts';
import { listFolder, packEntries } from '../engine/mirror.ts';
import type { FromListWorker } from './list-thread.ts';

/** One folder listed in a thread of its own, for `listInThread`. Ended from outside, when it has said its last word. */
const post = (message: FromListWorker, transfer: ArrayBuffer[] = []): void =>
  parentPort!.postMessage(message, transfer);

try {
  const entries = await listFolder(workerData as ByteString, {
    signal: new AbortController().signal,
    onEvent: (event) => post({ type: 'event', event }),
  });
  packEntries(entries, (bytes) => post({ type: 'entries', bytes }, [bytes.buffer as ArrayBuffer]));
  post({ type: 'done' });
} catch (error) {
  post({ type: 'failed', error: toErrorData(error) });
}
