import { Connection } from '../../electron/engine/connection.ts';
import type { EngineEvent, EngineIssue } from '../../electron/engine/events.ts';
import { openJournal } from '../../electron/engine/fs/journal.ts';
import { openRoot } from '../../electron/engine/fs/root.ts';
import type { DestinationRoot } from '../../electron/engine/fs/fs.ts';
import { negotiateAsClient, receiveSeed } from '../../electron/engine/handshake/negotiate.ts';
import { allowsIncRecurse, buildServerArgs } from '../../electron/engine/handshake/server-args.ts';
import { localOpener } from '../../electron/engine/local-destination.ts';
import { parseClientWords } from '../../electron/engine/options/parse.ts';
import { serve } from '../../electron/engine/serve.ts';
import { receivingSide, sendFilters, type SessionTotals } from '../../electron/engine/session.ts';
import { createServedPair } from '../../electron/engine/transport/local.ts';

export interface PulledWith {
  exitCode: number;
  totals: SessionTotals;
  issues: EngineIssue[];
  events: EngineEvent[];
}

/** A pull from our own server into a destination that `wrap` may make fail. `words` are rsync's, without the paths. */
export async function pullWith(
  wrap: (root: DestinationRoot) => DestinationRoot,
  words: readonly string[],
  from: string,
  to: string,
): Promise<PulledWith> {
  const { options } = parseClientWords([...words], () => '');
  const { client, server } = createServedPair();
  const served = serve(server, buildServerArgs(options, { sender: true, paths: [from] }), { journalDir: null });
  const events: EngineEvent[] = [];
  const conn = new Connection(client, options, false, {
    signal: new AbortController().signal,
    onEvent: (event) => events.push(event),
  });
  const opener = localOpener(openJournal(null));
  try {
    conn.agreed = await negotiateAsClient(conn.input, conn.output, options, allowsIncRecurse(options, true));
    await receiveSeed(conn.input, conn.agreed);
    conn.output.startMux();
    conn.input.startMux();
    sendFilters(conn, true);
    conn.output.flush();
    const totals = await receivingSide(conn, {
      path: to,
      opener: { ...opener, open: (path) => wrap(openRoot(path)) },
      filters: options.filters,
      names: null,
      expectation: null,
      planned: null,
      local: false,
    });
    const exit = await conn.finish();
    const issues = events.flatMap((event) => (event.type === 'issue' ? [event.issue] : []));
    return { exitCode: Math.max(conn.exitCode(), exit.code ?? 12), totals, issues, events };
  } finally {
    conn.dispose();
    await served;
  }
}
