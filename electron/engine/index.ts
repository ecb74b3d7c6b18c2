import { DriftlineError } from '../../shared/errors.ts';
import type { ByteString } from '../../shared/model/path.ts';
import type { PlanItem } from '../../shared/plan-codec.ts';
import { BatchWriter } from './batch/writer.ts';
import type { Connection, ConnectionHooks } from './connection.ts';
import type { TransferStats } from './events.ts';
import { clientRules } from './filter/wire.ts';
import type { FileEntry } from './flist/entry.ts';
import type { ReceivedNames } from './flist/id-map.ts';
import { ScanAhead } from './flist/scan-ahead.ts';
import type { SourceFs } from './fs/fs.ts';
import { openJournal } from './fs/journal.ts';
import { framesClient, receiveSeed } from './handshake/negotiate.ts';
import { heldSource, localOpener, localSource } from './local-destination.ts';
import { namesToldNear } from './local-names.ts';
import { listedArguments, namesAreRaw, ownNames, receiveNames } from './name-channel.ts';
import { openConnection, type PeerRequest, type PeerStarter } from './opening.ts';
import { writesBatch } from './options/transfer-options.ts';
import { expectationOf } from './roles/expectation.ts';
import type { SourceTree } from './roles/list-sender.ts';
import { serve } from './serve.ts';
import { explainFailure, receivingSide, sendFilters, sendingSide, type SessionTotals } from './session.ts';
import { scanTree } from './source-tree.ts';
import { createLocalPair } from './transport/local.ts';

export interface TransferRequest extends PeerRequest {
  /** Folder for the journal of temporary files, or null for none. */
  journalDir: ByteString | null;
  /** Push: entries to send instead of scanning `sources`, and where they are read from. */
  tree?: (conn: Connection, fs: SourceFs) => SourceTree;
  /** Pull: restricts the run to these items (design §5). */
  planned?: Map<ByteString, PlanItem>;
  /** Pull with `listOnly`: takes over the entries as they arrive, a list at a time, in place of `listed` events. */
  takeList?: (entries: FileEntry[]) => void;
}

export type { PeerStarter } from './opening.ts';
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
  let convertsLinks = false;
  const near =
    request.local && options.iconv !== null
      ? { ...hooks, onEvent: namesToldNear(options.iconv, () => convertsLinks, hooks.onEvent) }
      : hooks;
  hooks.onEvent({ type: 'phase', phase: 'connecting' });
  const batch = writesBatch(options) ? new BatchWriter(options.batch!.path, options) : null;
  const ahead = pull ? null : scanAhead(request);
  let conn: Connection;
  try {
    conn = await openConnection(request, near);
    ({ convertsLinks } = conn.agreed);
  } catch (error) {
    batch?.close();
    throw error;
  } finally {
    ahead?.stop();
  }
  const journal = openJournal(pull ? request.journalDir : null);
  try {
    if (framesClient(conn.agreed, options, pull)) conn.output.startMux();
    const listIsRemote = !pull && options.filesFrom?.at === 'remote';
    const raw = listIsRemote && namesAreRaw(conn);
    sendFilters(conn, pull);
    conn.output.flush();
    conn.awaitSeed(async () => {
      await receiveSeed(conn.input, conn.agreed);
      if (!raw) conn.input.startMux();
    });
    // The lists of a push go out meanwhile. Names are read behind the seed, and a batch begins with it.
    if (pull || listIsRemote || batch) await conn.seedDue;
    batch?.begin(conn.agreed);
    if (batch && pull) conn.input.copyTo = batch.take;
    let totals: SessionTotals;
    if (pull) {
      // A daemon's names are below its module.
      const inModule = options.relative && conn.transport.greeted !== undefined;
      // The other half of this process sends what was asked for, and what of it is gone.
      const expects = !options.trustSender && !request.local;
      const named = inModule ? request.sources.map((each) => each.replace(/^[^/]*\/?/, '')) : request.sources;
      totals = await receivingSide(conn, {
        path: request.destination,
        opener: localOpener(journal, options),
        filters: clientRules(options, !request.local),
        expectation: expects ? expectationOf(named, listed, options) : null,
        names: listed,
        planned: request.planned ?? null,
        takeList: request.takeList,
        local: request.local,
      });
    } else {
      const names = listIsRemote ? await receiveNames(conn) : listed;
      if (raw) conn.input.startMux();
      const source = localSource(options.fakeSuper);
      const sources = names ? listedArguments(source, request.sources, names, options) : request.sources;
      const held = heldSource(options, sources);
      try {
        const rules = clientRules(options, false);
        const tree = request.tree?.(conn, held.fs) ?? scanTree(conn, held.fs, sources, rules, ahead);
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

/** Begins to list the source of a push while its server is being reached. */
function scanAhead({ options, sources, tree, local }: TransferRequest): ScanAhead | null {
  const rules = clientRules(options, false);
  if (local || tree !== undefined || !ScanAhead.suits(options, rules)) return null;
  const ahead = new ScanAhead();
  const { fs, close } = heldSource(options, sources);
  void ahead.run(fs, sources, options, rules).finally(close);
  return ahead;
}

/** A peer inside this process, for local copies. */
export const localPeer =
  (journalDir: ByteString | null, signal: AbortSignal): PeerStarter =>
  (words) => {
    const { client, server } = createLocalPair();
    void serve(server, words, { journalDir, signal });
    return Promise.resolve(client);
  };
