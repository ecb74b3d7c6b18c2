import { DriftlineError } from '../../shared/errors.ts';
import type { ByteString } from '../../shared/model/path.ts';
import type { PlanItem } from '../../shared/plan-codec.ts';
import { BatchWriter } from './batch/writer.ts';
import { Connection, cancelledError, type ConnectionHooks } from './connection.ts';
import type { TransferStats } from './events.ts';
import { clientRules } from './filter/wire.ts';
import type { ReceivedNames } from './flist/id-map.ts';
import type { SourceFs } from './fs/fs.ts';
import { openJournal } from './fs/journal.ts';
import { framesClient, negotiateAsClient } from './handshake/negotiate.ts';
import { allowsIncRecurse, buildServerArgs, localWords } from './handshake/server-args.ts';
import { heldSource, localOpener, localSource } from './local-destination.ts';
import { namesToldNear } from './local-names.ts';
import { listedArguments, namesAreRaw, ownNames, receiveNames } from './name-channel.ts';
import { type TransferOptions, writesBatch } from './options/transfer-options.ts';
import { expectationOf } from './roles/expectation.ts';
import type { SourceTree } from './roles/list-sender.ts';
import { serve } from './serve.ts';
import { explainFailure, receivingSide, sendFilters, sendingSide, type SessionTotals } from './session.ts';
import { scanTree } from './source-tree.ts';
import { createServedPair } from './transport/local.ts';
import type { Transport } from './transport/transport.ts';

/** Starts `rsync --server` with these words on the peer: over ssh, a remote shell program, or in this process. */
export type PeerStarter = (words: readonly ByteString[]) => Promise<Transport>;

export interface TransferRequest {
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
  /** Folder for the journal of temporary files, or null for none. */
  journalDir: ByteString | null;
  /** Push: entries to send instead of scanning `sources`, and where they are read from. */
  tree?: (conn: Connection, fs: SourceFs) => SourceTree;
  /** Pull: restricts the run to these items (design §5). */
  planned?: Map<ByteString, PlanItem>;
}

export { replayBatch } from './batch/replay.ts';

export type TransferHooks = ConnectionHooks;

export interface TransferResult {
  stats: TransferStats;
  /** The worse of our own exit code and the remote's (reference §8.8). */
  exitCode: number;
  ioError: number;
  issueCount: number;
  protocol: number;
  /** Names a sending server told for its user and group ids. */
  names: ReceivedNames;
}

/**
 * Runs one transfer as the client. Per-item trouble is reported by events and shows in the exit code.
 * @throws DriftlineError when the run could not be carried to its end
 */
export async function runTransfer(request: TransferRequest, hooks: TransferHooks): Promise<TransferResult> {
  const { options, direction } = request;
  const pull = direction === 'pull';
  const listed = ownNames(options, !pull || request.local);
  const near =
    request.local && options.iconv !== null
      ? { ...hooks, onEvent: namesToldNear(options.iconv, hooks.onEvent) }
      : hooks;
  hooks.onEvent({ type: 'phase', phase: 'connecting' });
  const paths = pull ? request.sources : [request.destination];
  const told = request.peerOptions ?? options;
  const words = buildServerArgs(told, { sender: pull, paths });
  if (request.local) words.splice(1, 0, ...localWords(told));
  const batch = writesBatch(options) ? new BatchWriter(options.batch!.path, options) : null;
  let transport: Transport;
  try {
    transport = await started(request.startPeer(words), hooks.signal);
  } catch (error) {
    batch?.close();
    throw error;
  }
  const conn = new Connection(transport, options, false, near);
  const journal = openJournal(pull ? request.journalDir : null);
  try {
    const mayIncRecurse = allowsIncRecurse(options, pull);
    conn.agreed = await negotiateAsClient(conn.input, conn.output, options, mayIncRecurse, transport.greeted);
    if (framesClient(conn.agreed, options, pull)) conn.output.startMux();
    const listIsRemote = !pull && options.filesFrom?.at === 'remote';
    const raw = listIsRemote && namesAreRaw(conn);
    if (!raw) conn.input.startMux();
    sendFilters(conn, pull);
    batch?.begin(conn.agreed);
    if (batch && pull) conn.input.copyTo = batch.take;
    let totals: SessionTotals;
    if (pull) {
      conn.output.flush();
      // A daemon's names are below its module.
      const inModule = options.relative && transport.greeted !== undefined;
      // What the other half of this process lists is in another charset than what was asked for.
      const expects = !options.trustSender && !(request.local && options.iconv !== null);
      const named = inModule ? request.sources.map((each) => each.replace(/^[^/]*\/?/, '')) : request.sources;
      totals = await receivingSide(conn, {
        path: request.destination,
        opener: localOpener(journal, options),
        filters: clientRules(options, !request.local),
        expectation: expects ? expectationOf(named, listed, options) : null,
        names: listed,
        planned: request.planned ?? null,
        local: request.local,
      });
    } else {
      conn.output.flush();
      const names = listIsRemote ? await receiveNames(conn) : listed;
      if (raw) conn.input.startMux();
      const source = localSource(options.fakeSuper);
      const sources = names ? listedArguments(source, request.sources, names, options) : request.sources;
      const held = heldSource(options, sources);
      try {
        const tree = request.tree?.(conn, held.fs) ?? scanTree(conn, held.fs, sources, clientRules(options, false));
        if (batch) conn.output.copyTo(batch.take);
        totals = await sendingSide(conn, tree, batch);
      } finally {
        held.close();
      }
    }
    hooks.onEvent({ type: 'phase', phase: 'finishing' });
    const exit = await conn.finish();
    conn.tick(true);
    // No status is no success: what the server has to say of its own errors is in it.
    const remote = exit.code ?? 12;
    const { names, ...stats } = totals;
    return {
      names,
      stats: { ...stats, sent: conn.output.sent, received: conn.input.received },
      exitCode: Math.max(conn.exitCode(), remote),
      ioError: conn.ioError,
      issueCount: conn.issueCount,
      protocol: conn.agreed.protocol,
    };
  } catch (error) {
    const explained = await explainFailure(conn, conn.firstError ?? error);
    conn.tick(true);
    throw explained instanceof DriftlineError ? explained : error;
  } finally {
    conn.dispose();
    journal.close();
    batch?.close();
  }
}

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

/** A peer inside this process, for local copies. */
export const localPeer =
  (journalDir: ByteString | null, signal: AbortSignal): PeerStarter =>
  (words) => {
    const { client, server } = createServedPair();
    void serve(server, words, { journalDir, signal });
    return Promise.resolve(client);
  };
