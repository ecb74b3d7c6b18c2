import { Connection } from '../../electron/engine/connection.ts';
import { FlistEncoder } from '../../electron/engine/flist/encode.ts';
import type { AttributeTables } from '../../electron/engine/flist/entry-attributes.ts';
import type { FileEntry } from '../../electron/engine/flist/entry.ts';
import { readXattrRequest } from '../../electron/engine/flist/xattr.ts';
import {
  asksForXattrs,
  flistLayout,
  negotiateAsClient,
  negotiateAsServer,
} from '../../electron/engine/handshake/negotiate.ts';
import { buildServerArgs } from '../../electron/engine/handshake/server-args.ts';
import type { PeerStarter } from '../../electron/engine/index.ts';
import { parseClientWords, parseServerWords } from '../../electron/engine/options/parse.ts';
import { serve } from '../../electron/engine/serve.ts';
import { receiveFilters, sendFilters } from '../../electron/engine/session.ts';
import { createServedPair } from '../../electron/engine/transport/local.ts';
import type { ServerSide } from '../../electron/engine/transport/server-side.ts';
import type { Transport } from '../../electron/engine/transport/transport.ts';
import { ItemFlag, Ndx } from '../../electron/engine/wire/constants.ts';

/** A peer that speaks the protocol correctly up to the first list and then does what its script says. */
export interface ScriptedPeer {
  conn: Connection;
  /** Sends a non-incremental list. */
  list(entries: Partial<FileEntry>[], tables?: AttributeTables): void;
  /** Reads one request (block sums included) or NDX_DONE. */
  request(): Promise<{ ndx: number; iflags: number; xattrs?: number[]; head: number[] }>;
  /** Writes item fields and a sum head; the tokens are the script's. */
  reply(ndx: number, iflags: number, head?: readonly number[]): void;
  /** Flushes, then reads until the other side ends. */
  wait(): Promise<void>;
}

const quiet = { signal: new AbortController().signal, onEvent: () => {} };

/** A sending server: pull from it. Its status is 0 unless `exit` is called on the side it is given. */
export function scriptedServer(script: (peer: ScriptedPeer, side: ServerSide) => Promise<void> | void): PeerStarter {
  return (words) => {
    const { client, server } = createServedPair();
    void (async () => {
      const { options, capabilities } = parseServerWords(words);
      const conn = new Connection(asTransport(server), options, true, quiet);
      try {
        conn.agreed = await negotiateAsServer(conn.input, conn.output, options, capabilities, false);
        conn.output.startMux();
        conn.input.startMux();
        await receiveFilters(conn, true);
        await script(peerOn(conn), server);
      } catch {
        // The client refused and went: that is what the test looks at.
      } finally {
        conn.release();
        server.exit(0);
      }
    })();
    return Promise.resolve(client);
  };
}

/** A receiving client of our own server. @returns what the server said and ended with. */
export async function scriptedClient(
  words: readonly string[],
  source: string,
  script: (peer: ScriptedPeer) => Promise<void>,
): Promise<{ exitCode: number; text: string }> {
  const { options } = parseClientWords([...words], () => '');
  const { client, server } = createServedPair();
  let text = '';
  client.stderr!.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  const served = serve(server, buildServerArgs(options, { sender: true, paths: [source] }), { journalDir: null });
  const conn = new Connection({ ...client, stderr: null }, options, false, quiet);
  try {
    conn.agreed = await negotiateAsClient(conn.input, conn.output, options, false);
    conn.output.startMux();
    conn.input.startMux();
    sendFilters(conn, true);
    conn.output.flush();
    await script(peerOn(conn));
    return { exitCode: await served, text };
  } finally {
    conn.dispose();
  }
}

function asTransport(side: ServerSide): Transport {
  return {
    stream: side.stream,
    stderr: null,
    exit: Promise.resolve({ code: 0, signal: null }),
    description: 'client',
    close: () => side.stream.destroy(),
  };
}

function peerOn(conn: Connection): ScriptedPeer {
  const { input, output } = conn;
  const { data } = output;
  return {
    conn,
    list(entries, tables) {
      const encoder = new FlistEncoder(flistLayout(conn.agreed, conn.options), null, tables);
      for (const entry of entries) encoder.writeEntry(data, { ...BLANK, ...entry });
      encoder.writeEnd(data, 0);
      output.flush();
    },
    async request() {
      const head = await input.parse((r) => {
        const ndx = r.ndx();
        if (ndx === Ndx.DONE) return { ndx, iflags: 0, head: [0, 0, 0, 0] };
        const iflags = r.u16();
        const xattrs = asksForXattrs(conn.agreed, conn.options, iflags) ? readXattrRequest(r) : [];
        return {
          ndx,
          iflags,
          xattrs,
          head: iflags & ItemFlag.TRANSFER ? [r.i32(), r.i32(), r.i32(), r.i32()] : [0, 0, 0, 0],
        };
      });
      const sums = conn.options.append === 'off' ? head.head[0]! : 0;
      for (let i = 0; i < sums; i++) await input.parse((r) => r.string(4 + head.head[2]!));
      return head;
    },
    reply(ndx, iflags, head) {
      data.ndx(ndx);
      data.u16(iflags);
      for (const value of head ?? []) data.i32(value);
    },
    async wait() {
      output.flush();
      await input.readToEnd();
    },
  };
}

const BLANK: FileEntry = {
  ...{ dir: '', base: '', mode: 0o100644, size: 0, mtime: 1_000_000_000, nsec: 0 },
  ...{ uid: 0, gid: 0, flags: 0, root: 0, extra: null },
};
