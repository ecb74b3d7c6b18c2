import { DriftlineError } from '../../shared/errors.ts';
import type { ByteString } from '../../shared/model/path.ts';
import { Connection, cancelledError, type ConnectionHooks } from './connection.ts';
import { negotiateAsClient } from './handshake/negotiate.ts';
import { RefusalWatch, stillAsksFor, unknownOption } from './handshake/refusal.ts';
import { allowsIncRecurse, buildServerArgs, localWords } from './handshake/server-args.ts';
import type { TransferOptions } from './options/transfer-options.ts';
import { explainFailure } from './session.ts';
import type { Transport } from './transport/transport.ts';

/** Starts `rsync --server` with these words on the peer: over ssh, a remote shell program, or in this process. */
export type PeerStarter = (words: readonly ByteString[]) => Promise<Transport>;

/** What a peer is started for. */
export interface PeerRequest {
  options: TransferOptions;
  /** What the peer is told, where that differs (`-M` for the receiving half of a local copy). */
  peerOptions?: TransferOptions;
  direction: 'push' | 'pull';
  /** Push: local paths. Pull: remote paths. Paths as given, with the meaning of a trailing slash (reference §6.16). */
  sources: readonly ByteString[];
  /** Push: one remote path. Pull: one local path. */
  destination: ByteString;
  startPeer: PeerStarter;
  /** Whether the peer is this process (whole files by default). */
  local: boolean;
}

/** Whose servers refused words they could do without: the next session with one begins with the fewest. */
const fewWords = new WeakSet<PeerStarter>();

/**
 * Starts the peer and agrees with it on a protocol. One that does not know an option is started once more without the
 * words that change nothing, if that is one of them: openrsync and old rsyncs end before anything is transferred.
 * @throws DriftlineError, `remote`/`unknown-option` where what was asked for cannot be said to that server
 */
export async function openConnection(request: PeerRequest, hooks: ConnectionHooks): Promise<Connection> {
  const { options, startPeer, local } = request;
  const sender = request.direction === 'pull';
  const told = request.peerOptions ?? options;
  const paths = sender ? request.sources : [request.destination];
  const all = buildServerArgs(told, { sender, paths });
  if (local) all.splice(1, 0, ...localWords(told));
  const few = buildServerArgs(told, { sender, paths, fewest: true });
  // With --copy-as we are somebody else by now, who may not reach the server.
  const mayAskAgain = !local && options.copyAs === null;
  let words = mayAskAgain && fewWords.has(startPeer) ? few : all;
  for (;;) {
    const transport = await started(startPeer(words), hooks.signal);
    const watch = new RefusalWatch(hooks.onEvent);
    const conn = new Connection(transport, options, false, { ...hooks, onEvent: watch.onEvent });
    try {
      const mayIncRecurse = allowsIncRecurse(options, sender);
      conn.agreed = await negotiateAsClient(conn.input, conn.output, options, mayIncRecurse, transport.greeted);
      watch.tell();
      if (words === few) fewWords.add(startPeer);
      return conn;
    } catch (error) {
      const explained = await explainFailure(conn, conn.firstError ?? error);
      conn.dispose();
      const { refused } = watch;
      const refuses = refused !== null && conn.input.received === 0 && endedItself(explained);
      if (refuses && mayAskAgain && words === all && !stillAsksFor(few, refused)) {
        words = few;
        continue;
      }
      watch.tell();
      conn.tick(true);
      if (refuses) throw unknownOption(explained, refused, options.rsyncPath, transport.description);
      throw explained instanceof DriftlineError ? explained : error;
    }
  }
}

const endedItself = (error: unknown): error is DriftlineError =>
  error instanceof DriftlineError && error.data.code === 'command-failed';

/** Waits for the peer, but not past an abort: a transport that comes later is closed. */
function started(starting: Promise<Transport>, signal: AbortSignal): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      reject(cancelledError(signal.reason));
      starting.then(
        (late) => late.close(),
        () => {},
      );
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    starting.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
