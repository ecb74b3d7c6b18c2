import { parentPort, workerData } from 'node:worker_threads';
import { toErrorData } from '../../shared/errors.ts';
import { textToBytes } from '../../shared/model/path.ts';
import { startEmbeddedServer } from '../engine/embedded-server.ts';
import { makeOlderCopy, makeSampleFiles } from './demo-files.ts';
import type { DemoTask, FromDemoWorker } from './demo-thread.ts';

/** The embedded demo server in a thread of its own, until it is terminated. */
const post = (message: FromDemoWorker): void => parentPort!.postMessage(message);
const { version, sampleFolder, serverFolder, copyFolder } = workerData as DemoTask;

try {
  makeSampleFiles(sampleFolder);
  makeOlderCopy(copyFolder);
  const { port, user, password, fingerprint } = await startEmbeddedServer({
    version,
    root: textToBytes(serverFolder),
    // Whatever a killed server leaves goes with the folder.
    journalDir: null,
  });
  post({ type: 'ready', port, user, password, fingerprint });
} catch (error) {
  post({ type: 'failed', error: toErrorData(error) });
}
