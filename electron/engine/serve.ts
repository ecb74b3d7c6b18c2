import { type ErrorData, fail, toErrorData } from '../../shared/errors.ts';
import { bytesToText, displayPath, type ByteString } from '../../shared/model/path.ts';
import { confineRequest } from './confine.ts';
import { Connection } from './connection.ts';
import type { EngineEvent } from './events.ts';
import { openJournal } from './fs/journal.ts';
import { expandWildcards } from './flist/wildcards.ts';
import { framesClient, negotiateAsServer } from './handshake/negotiate.ts';
import { OpeningDeadline } from './handshake/opening-deadline.ts';
import { readSecludedArgs } from './handshake/secluded-args.ts';
import { needsWholeList } from './handshake/server-args.ts';
import { heldSource, localOpener, localSource } from './local-destination.ts';
import { listedArguments, namesAreRaw, ownNames, receiveNames } from './name-channel.ts';
import { infoLevel } from './options/info-words.ts';
import { parseServerWords, type ServerRequest } from './options/parse.ts';
import { serverRules } from './filter/wire.ts';
import { receiveFilters, receivingSide, sendingSide } from './session.ts';
import { scanTree } from './source-tree.ts';
import type { ServerSide } from './transport/server-side.ts';
import type { Transport } from './transport/transport.ts';
import { charsetOf } from './wire/charset.ts';
import { Msg } from './wire/constants.ts';

export interface ServeOptions {
  signal?: AbortSignal;
  /** Folder for the journal of temporary files, or null for none. */
  journalDir: ByteString | null;
  /** The folder that is all the client can reach; absent: whatever this process can. */
  root?: ByteString;
  /** Makes this process another user's, for `--copy-as`; absent where others depend on who it is. */
  becomeUser?: (name: ByteString) => void;
  /** Opens what `--log-file` names, null if it cannot be; absent where clients may not have files written. */
  openLog?: (request: ServerRequest) => ServerLog | null;
}

/** What a server writes down of its work. */
export interface ServerLog {
  event(event: EngineEvent): void;
  /**
   * Ends the log.
   * @param error what ended the conversation early, or null
   */
  finish(exit: number, error: ErrorData | null, traffic: ServerTraffic): void;
}

/** Bytes of the connection in both directions, and of the files that were listed. */
export interface ServerTraffic {
  sent: number;
  received: number;
  totalSize: number;
}

/**
 * Plays `rsync --server …` for one client: the embedded SSH server, the local pair and `driftline rsync --server`.
 * @param words the client's words behind the program name, from `--server` on
 * @returns the exit code, which `side` was told as well. Never rejects.
 */
export async function serve(side: ServerSide, words: readonly ByteString[], options: ServeOptions): Promise<number> {
  const say = (text: ByteString) => side.stderr?.write(Buffer.from(text, 'latin1'));
  let told = false;
  const complain = (error: unknown) => {
    const { message, hint } = toErrorData(error);
    if (!told) say(utf8(`driftline: ${message}${hint ? ` (${hint})` : ''}\n`));
    told = true;
  };
  let code: number;
  try {
    code = await converse(side, words, options, say, complain);
  } catch (error) {
    complain(error);
    code = toErrorData(error).exitCode;
  }
  side.exit(code);
  return code;
}

async function converse(
  side: ServerSide,
  words: readonly ByteString[],
  serveOptions: ServeOptions,
  say: (text: ByteString) => void,
  complain: (error: unknown) => void,
): Promise<number> {
  const inSight = parseServerWords(words);
  const { secludedArgs } = inSight.options;
  const opening = new OpeningDeadline();
  const asked = secludedArgs ? parseServerWords(words, await secludedWords(side, inSight, opening)) : inSight;
  const request = serveOptions.root === undefined ? asked : confineRequest(asked, serveOptions.root);
  const { options, sender } = request;
  const args = secludedArgs && serveOptions.root === undefined ? expanded(request) : request.args;
  const names = ownNames(options, sender);
  const listIsRemote = sender && options.filesFrom?.at === 'remote';
  // The log is that of the user we start as.
  const log = openLog(request, serveOptions);
  if (options.copyAs !== null) {
    if (serveOptions.becomeUser === undefined) throw notHere('--copy-as');
    serveOptions.becomeUser(options.copyAs);
  }
  const conn = new Connection(asTransport(side), options, true, {
    signal: serveOptions.signal ?? new AbortController().signal,
    onEvent: (event) => {
      report(conn, event, request.messages, say);
      log?.event(event);
    },
    logsItems: log !== null,
    opening,
  });
  const traffic = (): ServerTraffic => ({
    sent: conn.output.sent,
    received: conn.input.received,
    totalSize: conn.progress.bytesTotal,
  });
  const journal = openJournal(request.sender || options.copyAs !== null ? null : serveOptions.journalDir);
  try {
    conn.agreed = await negotiateAsServer(
      conn.input,
      conn.output,
      options,
      request.capabilities,
      mayIncRecurse(request),
    );
    const raw = namesAreRaw(conn);
    if (!raw || sender || names === null) conn.output.startMux();
    const framed = framesClient(conn.agreed, options, sender);
    if (framed) conn.input.startMux();
    conn.input.frameByFrame = framed && raw && listIsRemote;
    const received = await receiveFilters(conn, sender);
    if (sender) {
      if (framed && raw && listIsRemote) conn.input.stopMux();
      const listed = listIsRemote ? await receiveNames(conn) : names;
      if (framed && raw && listIsRemote) conn.input.startMux();
      const source = localSource(options.fakeSuper);
      const sources = listed ? listedArguments(source, args, listed, options) : args;
      const held = heldSource(options, sources);
      const rules = serverRules(options, received, true, conn.agreed.dialect);
      try {
        await sendingSide(conn, scanTree(conn, held.fs, sources, rules));
      } finally {
        held.close();
      }
    } else {
      await receivingSide(conn, {
        path: args[0]!,
        opener: localOpener(journal, options),
        filters: serverRules(options, received, false, conn.agreed.dialect),
        expectation: null,
        names,
        planned: null,
        local: false,
      });
    }
    await conn.output.taken();
    log?.finish(conn.exitCode(), null, traffic());
    return conn.exitCode();
  } catch (error) {
    // Before the client is told to end: it may not wait for what comes later.
    complain(error);
    conn.stop(error);
    const data = toErrorData(error);
    log?.finish(data.exitCode, data, traffic());
    throw error;
  } finally {
    conn.release();
    journal.close();
  }
}

function openLog(request: ServerRequest, { openLog: open }: ServeOptions): ServerLog | null {
  if (request.options.logFile === null) return null;
  if (open === undefined) throw notHere('--log-file');
  return open(request);
}

const notHere = (option: string): Error =>
  fail('usage', 'not-supported', `${option} is not supported here`, { exitCode: 4 });

function secludedWords(side: ServerSide, { options }: ServerRequest, opening: OpeningDeadline): Promise<ByteString[]> {
  return readSecludedArgs(side.stream, options.iconv === null ? null : charsetOf(options.iconv, true), opening);
}

/** Wildcards, which no shell has expanded. A server with a root of its own takes names for names. */
function expanded({ sender, args, options }: ServerRequest): ByteString[] {
  const source = localSource(options.fakeSuper);
  const names = args.flatMap((arg) => expandWildcards(source, arg));
  if (!sender && names.length > 1)
    throw fail('usage', 'too-many-paths', `${displayPath(bytesToText(args[0]!))} stands for more than one destination`);
  return names;
}

function mayIncRecurse(request: ReturnType<typeof parseServerWords>): boolean {
  const { options, sender } = request;
  return options.recursive && (sender || !needsWholeList(options));
}

function report(
  conn: Connection,
  event: EngineEvent,
  channel: 'stderr' | 'frames',
  say: (text: ByteString) => void,
): void {
  const text = (code: number, line: ByteString) => {
    // Clients of old may have no place for a server's standard error.
    const frames = channel === 'frames' || (conn.agreed && !conn.agreed.dialect.items);
    if (frames && conn.output.muxed) conn.output.messageText(code, line);
    else say(line);
  };
  if (event.type === 'issue') {
    const { code, name, message } = event.issue;
    const info = (line: ByteString): void => void conn.output.messageText(Msg.INFO, conn.toWire(line));
    if (code === 'delete-skipped-io-error') info('IO error encountered -- skipping file deletion\n');
    else if (code !== 'skipped-non-regular') text(Msg.ERROR_XFER, utf8(`driftline: ${message}\n`));
    // The name as it is: escaping is for the client, who shows it.
    else if (infoLevel(conn.options, 'nonreg') > 0) info(`skipping non-regular file "${name}"\n`);
  } else if (event.type === 'message') {
    if (event.from === 'remote') return;
    if (event.level === 'info') conn.output.messageText(Msg.INFO, conn.toWire(event.text));
    else text(event.level === 'warning' ? Msg.WARNING : Msg.ERROR, displayPath(event.text.replace(/\n$/, '')) + '\n');
  }
}

/** Text for people as the bytes that travel. */
const utf8 = (text: string): ByteString => Buffer.from(text, 'utf8').toString('latin1');

function asTransport(side: ServerSide): Transport {
  return {
    stream: side.stream,
    stderr: null,
    exit: Promise.resolve({ code: 0, signal: null }),
    description: 'client',
    ...(side.handover && { handover: side.handover }),
    close: () => side.stream.destroy(),
  };
}
