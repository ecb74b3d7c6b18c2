import { DriftlineError, fail } from '../../shared/errors.ts';
import type { ByteString } from '../../shared/model/path.ts';
import type { PlanItem } from '../../shared/plan-codec.ts';
import type { BatchWriter } from './batch/writer.ts';
import type { Connection } from './connection.ts';
import type { ListedEntry, TransferStats } from './events.ts';
import { FilterChain } from './filter/chain.ts';
import type { FilterRule } from './filter/rule.ts';
import { decodeRule, encodeRules, wantsFilterList, MAX_RULE_TEXT } from './filter/wire.ts';
import { EntryFlag, entryName, type FileEntry } from './flist/entry.ts';
import { FileLists } from './flist/file-lists.ts';
import { IdMapper, localNames, type ReceivedNames } from './flist/id-map.ts';
import { mergeFilesOf } from './merge-files.ts';
import { sendNames } from './name-channel.ts';
import { actsAsRoot, localAbilities } from './roles/attributes.ts';
import { Deleter } from './roles/delete.ts';
import type { DeleteStats } from './roles/delete-stats.ts';
import { Destination, resolveDestination, type DestinationOpener } from './roles/destination.ts';
import { ExtendedAttributes } from './roles/extended-attributes.ts';
import { Generator } from './roles/generator.ts';
import { ListReceiver, type Expectation } from './roles/list-receiver.ts';
import { ListSender, type SourceTree } from './roles/list-sender.ts';
import { ReceiveState } from './roles/receive-state.ts';
import { Receiver } from './roles/receiver.ts';
import { Sender } from './roles/sender.ts';
import { removeWhatArrived } from './roles/source-removal.ts';
import { attributeRules } from './roles/xattr-names.ts';
import { SideDirs } from './roles/side-dirs.ts';
import type { PeerExit } from './transport/transport.ts';
import { exitError } from './transport/peer-exit.ts';
import { infoLevel } from './options/info-words.ts';
import { Msg, Ndx } from './wire/constants.ts';

/** Totals of one session, before the peer's exit is known. */
export type SessionTotals = Omit<TransferStats, 'sent' | 'received'> & {
  /** Names the peer told for its ids; empty on the sending side. */
  names: ReceivedNames;
};

/** Sends the client's filter rules, if the server expects any (reference §5.1). */
export function sendFilters(conn: Connection, serverSends: boolean): void {
  if (!wantsFilterList(conn.options, serverSends, conn.agreed.dialect)) return;
  const { data } = conn.output;
  const { read } = mergeFilesOf(conn);
  for (const text of encodeRules(conn.options, serverSends, conn.agreed.dialect, read)) {
    data.i32(text.length);
    data.string(text);
  }
  data.i32(0);
}

/** A server's reading of the client's rules. */
export async function receiveFilters(conn: Connection, serverSends: boolean): Promise<FilterRule[]> {
  const rules: FilterRule[] = [];
  if (!wantsFilterList(conn.options, serverSends, conn.agreed.dialect)) return rules;
  for (;;) {
    const text = await conn.input.parse((r) => {
      const length = r.i32();
      if (length < 0 || length > MAX_RULE_TEXT)
        throw fail('protocol', 'filter-list', `The peer sent a filter rule of ${length} bytes`);
      return length === 0 ? null : r.string(length);
    });
    if (text === null) return rules;
    decodeRule(rules, text, conn.agreed.dialect);
  }
}

/** The sending side, client or server, from the file list to the goodbye. @param batch gets our statistics */
export async function sendingSide(
  conn: Connection,
  tree: SourceTree,
  batch: BatchWriter | null = null,
): Promise<SessionTotals> {
  const lists = new FileLists(conn.agreed.incRecurse, false, conn.agreed.dialect.treeOrder, conn.charset !== null);
  const listSender = new ListSender(conn, lists, tree);
  conn.mayKeepAlive = true;
  conn.emit({ type: 'phase', phase: 'listing' });
  const started = Date.now();
  const count = await listSender.sendFirst();
  const buildMs = Date.now() - started;
  await listSender.sendUntilSeed();
  const sender = new Sender(conn, lists, listSender);
  removeWhatArrived(conn, lists, listSender);
  conn.onDeleted = (name, isDir_) => conn.emit({ type: 'deleted', name, isDir: isDir_ });
  // An empty list ends a pull at once, but a push goes through the whole ending (captured: test/wire "nothing-*").
  try {
    if (count > 0 || !conn.isServer) {
      conn.emit({ type: 'phase', phase: 'transferring' });
      const stats = () => ourStats(conn, listSender.counts.totalSize, buildMs);
      await sender.run(() => {
        if (conn.isServer) for (const value of stats()) conn.output.data.long(value, 3);
        conn.output.flush();
        batch?.statistics(stats(), conn.agreed);
      });
    }
  } finally {
    sender.dispose();
  }
  const { totals } = sender;
  return {
    files: pickKinds(listSender.counts),
    created: totals.created,
    deleted: fromDeleteStats(totals.deleted),
    transferred: totals.transferred,
    totalSize: listSender.counts.totalSize,
    transferredSize: totals.transferredSize,
    literal: totals.literal,
    matched: totals.matched,
    flistBytes: listSender.counts.flistBytes,
    flistBuildMs: buildMs,
    flistXferMs: 0,
    names: { users: new Map(), groups: new Map() },
  };
}

export interface ReceivingRequest {
  path: ByteString;
  opener: DestinationOpener;
  /** Rules that protect from deletion on this side. */
  filters: readonly FilterRule[];
  expectation: Expectation | null;
  /** Names of a list on this side, which the sender is to be told; null = it has them. */
  names: readonly ByteString[] | null;
  /** Restricts the run to these items. */
  planned: Map<ByteString, PlanItem> | null;
  /** `listOnly`: takes over the entries in place of `listed` events. */
  takeList?: ((entries: FileEntry[]) => void) | undefined;
  /** Whether the peer is this process. */
  local: boolean;
}

/** The receiving side, client or server: file list, then generator and receiver together, to the goodbye. */
export async function receivingSide(conn: Connection, request: ReceivingRequest): Promise<SessionTotals> {
  const { options, agreed, input } = conn;
  if (options.preallocate && !request.opener.canReserve) {
    throw fail('usage', 'not-supported', 'preallocation is not supported on this system', {
      hint: '--preallocate needs Linux and the optional package koffi.',
    });
  }
  const lists = new FileLists(agreed.incRecurse, true, agreed.dialect.treeOrder, conn.charset !== null);
  const listReceiver = new ListReceiver(conn, lists, request.expectation);
  listReceiver.local = request.local;
  listReceiver.areKept = request.takeList !== undefined;
  listReceiver.mungesLinks = options.mungeLinks && !request.local;
  const { deleteExcluded } = options;
  const chainOptions = { deleteExcluded, mergeFiles: mergeFilesOf(conn) };
  if (options.pruneEmptyDirs) {
    const named = new FilterChain(request.filters, 'receiver', '/', chainOptions);
    listReceiver.namesDir = (name) => !named.isEmpty && named.check(name, true) === 'exclude';
  }
  conn.emit({ type: 'phase', phase: 'listing' });
  const started = Date.now();
  const told = request.names && sendNames(conn, request.names);
  told?.catch((error: unknown) => conn.stop(error));
  const received = [await listReceiver.readFirst()];
  await told;
  const listTimes = { build: 0, transfer: Date.now() - started };
  conn.mayKeepAlive = true;

  let listsComplete = !agreed.incRecurse;
  // One entry that may lead to a sub-list: the destination is decided with both (§6.13 "first-list rule").
  if (agreed.incRecurse && received[0]!.entries.length <= 1) {
    const ndx = await input.parse((r) => r.ndx());
    if (ndx === Ndx.FLIST_EOF) listsComplete = true;
    else if (ndx <= Ndx.FLIST_OFFSET) received.push(await listReceiver.readSubList(Ndx.FLIST_OFFSET - ndx));
    else throw fail('protocol', 'bad-ndx', `The peer sent index ${ndx} where a list was expected`);
  }
  if (listsComplete) conn.progress.listComplete = true;
  let mapper: IdMapper | null = null;
  const ids = () =>
    (mapper ??= new IdMapper(
      { users: listReceiver.userNames, groups: listReceiver.groupNames },
      options.numericIds,
      actsAsRoot(options),
      process.getgroups?.() ?? [],
      localNames(),
      { users: options.userMap, groups: options.groupMap },
    ));
  const abilities = localAbilities(options, ids);
  const empty = received[0]!.entries.length === 0;
  const say = (text: ByteString): void => {
    if (options.quiet || (infoLevel(options, 'name') === 0 && options.itemize === 0)) return;
    conn.emit({ type: 'message', level: 'info', from: 'local', text });
  };
  const destination =
    // A client that pulls nothing ends before it looks; a server makes the folder it was told of.
    options.listOnly || (empty && !conn.isServer && !request.local)
      ? new Destination(null, false, null)
      : resolveDestination({ ...request, options, say }, received[0]!.entries, lists.totalEntries);
  const sides = new SideDirs(request.opener, destination.root?.path ?? null, request.path);
  const rules = new FilterChain(request.filters, 'receiver', destination.root?.path, chainOptions);
  const { attributes } = listReceiver.decoder;
  const extended =
    attributes &&
    new ExtendedAttributes(conn, attributes, destination, ids, attributeRules(rules), request.opener.acls);
  const state = new ReceiveState(conn, lists, listReceiver, destination, abilities, request.planned, sides, extended);
  state.local = request.local;
  state.listsComplete = listsComplete;
  conn.onAbort = () => {
    state.wake();
    state.stirReceiver();
  };
  const { takeList } = request;
  if (options.listOnly) {
    state.onList = ({ entries }) => {
      const active = entries.filter((entry) => !(entry.flags & EntryFlag.INACTIVE));
      if (takeList) takeList(active);
      else for (const entry of active) emitListed(conn, entry);
    };
  }
  for (const list of received) state.addList(list);
  const report = (name: ByteString, isDir_: boolean, mode: number) => {
    if (conn.isServer && agreed.dialect.items)
      conn.output.message(Msg.DELETED, Buffer.from(conn.toWire(name) + (isDir_ ? '\0' : ''), 'latin1'));
    else if (conn.isServer) {
      // Clients of old print what they are told.
      const start = options.itemize > 0 ? '*deleting   ' : infoLevel(options, 'del') > 0 ? 'deleting ' : null;
      if (start !== null) conn.output.messageText(Msg.INFO, conn.toWire(`${start}${name}${isDir_ ? '/' : ''}\n`));
    }
    if (conn.tellsItems) conn.emit({ type: 'deleted', name, isDir: isDir_, mode });
  };
  const deleter = new Deleter(conn, destination, rules, state.backup, report, (dir) => state.touch(dir));
  const receiver = new Receiver(state);
  const generator = new Generator(state, deleter, request.local);
  try {
    if (!empty || conn.isServer) {
      conn.emit({ type: 'phase', phase: 'transferring' });
      const readStats = conn.isServer
        ? null
        : async () => {
            const count = agreed.dialect.listTimes ? 5 : 3;
            const told = await input.parse((r) => Array.from({ length: count }, () => r.long(3)));
            [listTimes.build, listTimes.transfer] = [told[3] ?? 0, told[4] ?? 0];
          };
      await bothOrAbort(conn, receiver.run(readStats), generator.run());
    }
  } finally {
    receiver.dispose();
    sides.close();
    destination.close();
  }
  const { totals } = state;
  return {
    files: pickKinds(listReceiver.counts),
    created: totals.created,
    deleted: fromDeleteStats(conn.isServer ? null : deleter.stats),
    transferred: totals.transferred,
    totalSize: listReceiver.counts.totalSize,
    transferredSize: totals.transferredSize,
    literal: totals.literal,
    matched: totals.matched,
    flistBytes: listReceiver.counts.flistBytes,
    flistBuildMs: listTimes.build,
    flistXferMs: listTimes.transfer,
    names: { users: listReceiver.userNames, groups: listReceiver.groupNames },
  };
}

/** Generator and receiver run together; the first failure ends the conversation for both. */
async function bothOrAbort(conn: Connection, ...roles: Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(
    roles.map((role) =>
      role.catch((error: unknown) => {
        conn.stop(error);
        throw error;
      }),
    ),
  );
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw conn.firstError ?? failed.reason;
}

/** How long a peer that is ending may take to say why, in milliseconds. */
const LAST_WORDS_MS = 2000;

/** Waits for the end of the peer, which may wait for ours; its standard error says why (reference §4.3, 4.4). */
async function lastWords(conn: Connection, wait: number): Promise<PeerExit> {
  if (wait === 0) conn.transport.close();
  else conn.output.end();
  const timer = setTimeout(() => conn.transport.close(), wait);
  try {
    return await conn.transport.exit;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Turns whatever ended a session into the error that explains it best: messages and exit status of the peer that
 * arrived behind it say more than "the connection was closed".
 */
export async function explainFailure(conn: Connection, error: unknown): Promise<unknown> {
  if (
    error instanceof DriftlineError &&
    !['closed-early', 'stream-failed', 'peer-exit'].includes(error.data.code) &&
    error.data.kind !== 'internal'
  )
    return error;
  const ending = error instanceof DriftlineError && ['closed-early', 'peer-exit'].includes(error.data.code);
  const exit = await lastWords(conn, ending ? LAST_WORDS_MS : 0);
  if (error instanceof DriftlineError && error.data.code === 'peer-exit') return error;
  try {
    conn.input.drainMessages();
  } catch (late) {
    return late;
  }
  if (!(error instanceof DriftlineError)) return error;
  return exitError(exit, conn.options.rsyncPath, conn.transport.description) ?? error;
}

function emitListed(conn: Connection, entry: FileEntry): void {
  const listed: ListedEntry = {
    name: entryName(entry),
    mode: entry.mode,
    size: entry.size,
    mtime: entry.mtime,
    nsec: entry.nsec,
    atime: entry.extra?.atime ?? 0,
    crtime: entry.extra?.crtime ?? 0,
    uid: entry.uid,
    gid: entry.gid,
    rdevMajor: entry.extra?.rdevMajor ?? 0,
    rdevMinor: entry.extra?.rdevMinor ?? 0,
    link: entry.extra?.link ?? null,
    sum: entry.extra?.sum ?? null,
  };
  conn.emit({ type: 'listed', entry: listed });
}

/** §7.14: read, written, total size, list building and sending time, as we saw them. */
function ourStats({ agreed, input, output }: Connection, totalSize: number, buildMs: number): number[] {
  const times = agreed.dialect.listTimes ? [Math.max(1, buildMs), 0] : [];
  return [input.received, output.sent, totalSize, ...times];
}

type Kinds = TransferStats['files'];

function pickKinds({ total, regular, dirs, links, devices, specials }: Kinds): Kinds {
  return { total, regular, dirs, links, devices, specials };
}

function fromDeleteStats(stats: DeleteStats | null): Kinds {
  const [regular, dirs, links, devices, specials] = stats?.wire ?? [0, 0, 0, 0, 0];
  return { total: regular + dirs + links + devices + specials, regular, dirs, links, devices, specials };
}
