import type { ByteString } from '../../../shared/model/path.ts';
import { DriftlineError } from '../../../shared/errors.ts';
import { Connection, type ConnectionHooks } from '../connection.ts';
import { clientRules } from '../filter/wire.ts';
import { openJournal } from '../fs/journal.ts';
import { readAgreement } from '../handshake/negotiate.ts';
import { localOpener } from '../local-destination.ts';
import { infoLevel } from '../options/info-words.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import { receivingSide } from '../session.ts';
import type { TransferResult } from '../index.ts';
import { batchShort, openBatch, optionsOf } from './reader.ts';

export interface ReplayRequest {
  /** `batch` names the file. */
  options: TransferOptions;
  destination: ByteString;
  /** Folder for the journal of temporary files, or null for none. */
  journalDir: ByteString | null;
}

/**
 * Applies a batch file: a pull whose sender is the file (reference §8.1). What is not needed is skipped; what is needed
 * and not there, or does not fit what is there, leaves the old file and is reported, as in {@link TransferResult}.
 * @throws DriftlineError when it could not be carried to its end
 */
export async function replayBatch(request: ReplayRequest, hooks: ConnectionHooks): Promise<TransferResult> {
  const { path } = request.options.batch!;
  const batch = openBatch(path, request.options);
  let conn: Connection | null = null;
  const journal = openJournal(request.journalDir);
  try {
    const options = optionsOf(batch, request.options, (text) => {
      if (infoLevel(request.options, 'misc') > 0)
        hooks.onEvent({ type: 'message', level: 'info', from: 'local', text });
    });
    conn = new Connection(batch.transport, options, false, hooks);
    conn.agreed = await readAgreement(conn.input, conn.output, options, batch.protocol);
    const { names, ...stats } = await receivingSide(conn, {
      path: request.destination,
      opener: localOpener(journal, options),
      filters: clientRules(options, false),
      // Whoever has the file has chosen to trust it.
      expectation: null,
      names: null,
      planned: null,
      local: false,
    });
    conn.tick(true);
    return {
      names,
      stats: { ...stats, sent: 0, received: conn.input.received },
      exitCode: conn.exitCode(),
      ioError: conn.ioError,
      issueCount: conn.issueCount,
      protocol: conn.agreed.protocol,
    };
  } catch (error) {
    const first = conn?.firstError ?? error;
    throw first instanceof DriftlineError && first.data.code === 'closed-early' ? batchShort(path) : first;
  } finally {
    conn?.dispose();
    batch.transport.close();
    journal.close();
  }
}
