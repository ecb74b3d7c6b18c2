import { checksumLength } from '../../electron/engine/checksum/strong.ts';
import { Connection } from '../../electron/engine/connection.ts';
import { FlistDecoder, isFlistEnd } from '../../electron/engine/flist/decode.ts';
import { FlistEncoder } from '../../electron/engine/flist/encode.ts';
import type { AttributeTables } from '../../electron/engine/flist/entry-attributes.ts';
import type { FileEntry, FlistLayout } from '../../electron/engine/flist/entry.ts';
import { IdLists } from '../../electron/engine/flist/id-lists.ts';
import { readXattrRequest } from '../../electron/engine/flist/xattr.ts';
import {
  asksForXattrs,
  flistLayout,
  negotiateAsClient,
  negotiateAsServer,
  receiveSeed,
} from '../../electron/engine/handshake/negotiate.ts';
import { buildServerArgs } from '../../electron/engine/handshake/server-args.ts';
import type { PeerStarter } from '../../electron/engine/index.ts';
import { parseClientWords, parseServerWords } from '../../electron/engine/options/parse.ts';
import { serve } from '../../electron/engine/serve.ts';
import { receiveFilters, sendFilters } from '../../electron/engine/session.ts';
import { createServedPair } from '../../electron/engine/transport/local.ts';
import type { ServerSide } from '../../electron/engine/transport/server-side.ts';
import type { Transport } from '../../electron/engine/transport/transport.ts';
import { ItemFlag, Limit, Ndx } from '../../electron/engine/wire/constants.ts';
import { DriftlineError } from '../../shared/errors.ts';
import { type Faults, faultTransport } from './fault-transport.ts';

/** What a peer asks for, or answers with. `head` is a sum head; `ndx` may be one of `Ndx`. */
export interface Item {
  ndx: number;
  iflags: number;
  xattrs?: number[];
  head: number[];
}

/**
 * The documented place for peers that break the rules: a connection that was opened correctly, by the engine's own
 * codecs, and what a script needs to go on from there, rightly or wrongly. `scripts.ts` has whole conversations.
 */
export interface ScriptedPeer {
  conn: Connection;
  /** Sends the first list. @param layout in place of what was agreed on */
  list(entries: Partial<FileEntry>[], more?: { tables?: AttributeTables; layout?: Partial<FlistLayout> }): void;
  /** Writes an entry of a list that is not ended. */
  entry(entry: Partial<FileEntry>): void;
  /** Incremental recursion: the contents of a folder, by its number. */
  subList(dirIndex: number, entries: Partial<FileEntry>[]): void;
  /** Incremental recursion: there are no more lists. */
  lastList(): void;
  /** Reads the first list, as a receiver. */
  readList(): Promise<FileEntry[]>;
  /** Reads one request (block sums included), NDX_DONE or deletion counts. */
  request(): Promise<Item>;
  /** Writes item fields and a sum head; the tokens are the script's. */
  reply(ndx: number, iflags: number, head?: readonly number[]): void;
  /** Reads uncompressed content and its sum, behind a reply. */
  content(): Promise<Buffer>;
  /** Flushes, then reads until the other side ends. */
  wait(): Promise<void>;
}

const quiet = { signal: new AbortController().signal, onEvent: () => {} };

/**
 * A server for a client of ours, sender or receiver as its words say. Its status is 0 unless `exit` is called on the
 * side it is given.
 */
export function scriptedServer(
  script: (peer: ScriptedPeer, side: ServerSide) => Promise<void> | void,
  mayIncRecurse = false,
): PeerStarter {
  return (words) => {
    const { client, server } = createServedPair();
    void (async () => {
      const { options, capabilities, sender } = parseServerWords(words);
      const conn = new Connection(asTransport(server), options, true, quiet);
      try {
        conn.agreed = await negotiateAsServer(conn.input, conn.output, options, capabilities, mayIncRecurse);
        conn.output.startMux();
        conn.input.startMux();
        await receiveFilters(conn, sender);
        await script(peerOn(conn), server);
      } catch (error) {
        // The client refused and went: that is what the test looks at. Anything else is a mistake in the script.
        if (!(error instanceof DriftlineError)) throw error;
      } finally {
        conn.release();
        server.exit(0);
      }
    })();
    return Promise.resolve(client);
  };
}

/** What our server said to a scripted client, and ended with; `told` is the code the client was told before that. */
export interface Served {
  exitCode: number;
  text: string;
  told: number | null;
}

export interface ClientSettings {
  /** Whether the server is the sender. */
  serverSends?: boolean | undefined;
  incRecurse?: boolean | undefined;
  /** What the server may reach; absent: all. */
  root?: string | undefined;
  /** Damages what the client sends. */
  damage?: Faults['send'] | undefined;
  /** The client goes after so many milliseconds. */
  patience?: number | undefined;
}

/**
 * A client of our own server.
 * @param words rsync's, without the path
 * @param script may throw what ends the connection
 */
export async function scriptedClient(
  words: readonly string[],
  path: string,
  script: (peer: ScriptedPeer) => Promise<void>,
  { serverSends = true, incRecurse = false, root, damage, patience }: ClientSettings = {},
): Promise<Served> {
  const { options } = parseClientWords([...words], () => '');
  const { client, server } = createServedPair();
  let text = '';
  client.stderr!.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  const serverWords = buildServerArgs({ ...options, incRecurse }, { sender: serverSends, paths: [path] });
  const served = serve(server, serverWords, { journalDir: null, ...(root === undefined ? {} : { root }) });
  const transport = damage ? faultTransport(client, { send: damage }) : client;
  const conn = new Connection({ ...transport, stderr: null }, options, false, quiet);
  const timer = patience === undefined ? undefined : setTimeout(() => transport.close(), patience);
  let told: number | null = null;
  try {
    conn.agreed = await negotiateAsClient(conn.input, conn.output, options, incRecurse);
    await receiveSeed(conn.input, conn.agreed);
    conn.output.startMux();
    conn.input.startMux();
    sendFilters(conn, serverSends);
    conn.output.flush();
    await script(peerOn(conn));
  } catch (error) {
    if (!(error instanceof DriftlineError)) throw error;
    told = error.data.exitCode;
  } finally {
    clearTimeout(timer);
    conn.dispose();
  }
  return { exitCode: await served, text, told };
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
  let encoder: FlistEncoder | null = null;
  const writeList = (entries: Partial<FileEntry>[]): void => {
    encoder ??= new FlistEncoder(flistLayout(conn.agreed, conn.options), null);
    for (const entry of entries) encoder.writeEntry(data, { ...BLANK, ...entry });
    encoder.writeEnd(data, 0);
    output.flush();
  };
  return {
    conn,
    list(entries, { tables, layout } = {}) {
      encoder = new FlistEncoder({ ...flistLayout(conn.agreed, conn.options), ...layout }, null, tables);
      writeList(entries);
      encoder.writeTail(data, 0);
      output.flush();
    },
    entry(entry) {
      encoder ??= new FlistEncoder(flistLayout(conn.agreed, conn.options), null);
      encoder.writeEntry(data, { ...BLANK, ...entry });
    },
    subList(dirIndex, entries) {
      data.ndx(Ndx.FLIST_OFFSET - dirIndex);
      writeList(entries);
    },
    lastList() {
      data.ndx(Ndx.FLIST_EOF);
      output.flush();
    },
    async readList() {
      const layout = flistLayout(conn.agreed, conn.options);
      const decoder = new FlistDecoder(layout);
      const entries: FileEntry[] = [];
      for (;;) {
        const next = await input.parse((r) => decoder.readEntry(r));
        if (isFlistEnd(next)) break;
        entries.push(next);
      }
      const ids = new IdLists(layout);
      while (await input.parse(ids.step));
      return entries;
    },
    async request() {
      const item = await input.parse((r): Item => {
        const ndx = r.ndx();
        if (ndx === Ndx.DEL_STATS) for (let i = 0; i < 5; i++) r.varint();
        if (ndx < 0) return { ndx, iflags: 0, head: [0, 0, 0, 0] };
        const iflags = r.u16();
        if (iflags & ItemFlag.BASIS_TYPE_FOLLOWS) r.u8();
        if (iflags & ItemFlag.XNAME_FOLLOWS) r.vstring(Limit.PATH);
        const xattrs = asksForXattrs(conn.agreed, conn.options, iflags) ? readXattrRequest(r) : [];
        const head = iflags & ItemFlag.TRANSFER ? [r.i32(), r.i32(), r.i32(), r.i32()] : [0, 0, 0, 0];
        return { ndx, iflags, xattrs, head };
      });
      const sums = conn.options.append === 'off' ? item.head[0]! : 0;
      for (let i = 0; i < sums; i++) await input.parse((r) => r.string(4 + item.head[2]!));
      return item;
    },
    reply(ndx, iflags, head) {
      data.ndx(ndx);
      data.u16(iflags);
      for (const value of head ?? []) data.i32(value);
    },
    async content() {
      const parts: string[] = [];
      for (;;) {
        const part = await input.parse((r) => {
          const length = r.i32();
          return length > 0 ? r.string(length) : length;
        });
        if (part === 0) break;
        parts.push(String(part));
      }
      await input.parse((r) => r.string(checksumLength(conn.agreed.transferSum)));
      return Buffer.from(parts.join(''), 'latin1');
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
