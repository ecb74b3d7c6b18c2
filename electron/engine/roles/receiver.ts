import { fail } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import { checksumLength, createFileSum, sumText, type FileSum } from '../checksum/strong.ts';
import { createTokenReader, type TokenReader } from '../compress/token-reader.ts';
import type { Connection } from '../connection.ts';
import { Applier } from '../delta/apply.ts';
import {
  NO_BASIS,
  SUM_HEAD_BYTES,
  basisLengthOf,
  sameSumHead,
  validateSumHead,
  type SumHead,
} from '../delta/sum-head.ts';
import { EntryFlag, entryName, type FileEntry } from '../flist/entry.ts';
import { asksForXattrs, sumBounds } from '../handshake/negotiate.ts';
import { infoLevel } from '../options/info-words.ts';
import { movesContent, readsBatch } from '../options/transfer-options.ts';
import { ItemFlag, Limit, Msg, Ndx, isReg } from '../wire/constants.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import { messageCode } from '../wire/dialect.ts';
import { MORE } from '../wire/peer-input.ts';
import { readCounts, type DeleteStats } from './delete-stats.ts';
import { shownName } from './destination.ts';
import { FileUpdates, type Update } from './file-updates.ts';
import { TakingOver } from './handing-over.ts';
import { reportItem } from './items.ts';
import type { Pending, ReceiveState } from './receive-state.ts';
import { isKeepAlive, unexpectedNdx } from './sender.ts';

/** Bytes of an appended file's beginning that are summed between turns of the event loop. */
const PREFIX_BYTES = 1 << 22;

interface Reply {
  ndx: number;
  iflags: number;
  xname: ByteString | null;
  head: SumHead | null;
}

/**
 * The receiver: reads replies in the sender's order, rebuilds files beside their targets and puts them in place once the
 * whole-file sum is right (reference §7.7, 7.10).
 */
export class Receiver {
  /** Deletions a server-sender echoes; display only. */
  deleted: DeleteStats | null = null;
  readonly #state: ReceiveState;
  readonly #conn: Connection;
  readonly #fileSum: FileSum;
  readonly #applier = new Applier();
  readonly #updates: FileUpdates;
  readonly #taking: TakingOver;
  readonly #tokenReader: TokenReader;
  /** With `--only-write-batch` a sending client keeps contents to itself. */
  readonly #getsContent: boolean;
  /** A batch file says what it holds, whatever was asked for. */
  readonly #replays: boolean;
  /** Sum of the file received last, as the sender has it. */
  #sum: ByteString = '';
  readonly #readToken = (r: ByteReader): boolean => this.#tokenReader.step(r);

  constructor(state: ReceiveState) {
    this.#state = state;
    this.#conn = state.conn;
    this.#updates = new FileUpdates(state);
    this.#taking = new TakingOver(state);
    const { isServer, options } = state.conn;
    this.#replays = readsBatch(options);
    this.#getsContent = movesContent(options) && !(isServer && options.batch !== null);
    const { transferSum, seed, seedsFiles, compression, protocol } = state.conn.agreed;
    this.#fileSum = createFileSum(transferSum, seedsFiles ? seed : null);
    this.#tokenReader = createTokenReader(compression, protocol);
    state.conn.onNoSend = (ndx) => {
      const pending = state.pending.get(ndx);
      if (!pending) return;
      state.conn.progress.filesDone++;
      state.settle(pending);
    };
  }

  /**
   * Reads to the end of the conversation.
   * @param readStats reads a server-sender's statistics where they stand (§7.14), or null on a push
   */
  async run(readStats: (() => Promise<void>) | null): Promise<void> {
    const { input, agreed } = this.#conn;
    const state = this.#state;
    while (state.phase < (agreed.dialect.delayPhase ? 3 : 2)) {
      const reply = input.tryParse((r) => this.#readReply(r));
      if (reply === MORE) {
        this.#conn.progress.name = '';
        await input.fill();
        continue;
      }
      if (reply.ndx === Ndx.DONE) {
        if (state.phase === 1) await this.#updates.putDelayed();
        if (this.#replays) await this.#replayed();
        this.#done();
      } else if (reply.ndx === Ndx.FLIST_EOF) this.#listsComplete();
      else if (reply.ndx <= Ndx.FLIST_OFFSET) {
        if (!agreed.incRecurse || state.listsComplete) throw unexpectedNdx(reply.ndx);
        state.addList(await state.received.readSubList(Ndx.FLIST_OFFSET - reply.ndx));
      } else if (reply.ndx !== Ndx.DEL_STATS && !isKeepAlive(reply, this.#conn, state.lists)) await this.#item(reply);
      if (this.#conn.sliceOver) await this.#conn.pause();
    }
    await readStats?.();
    if (agreed.dialect.deletionCounts) {
      let { ndx } = await input.parse((r) => this.#readReply(r));
      if (ndx === Ndx.DEL_STATS) ({ ndx } = await input.parse((r) => this.#readReply(r)));
      if (ndx !== Ndx.DONE) throw unexpectedNdx(ndx);
    }
    state.finished = true;
    state.wake();
  }

  /** Gives memory back; after {@link run}. */
  dispose(): void {
    this.#tokenReader.dispose();
  }

  #done(): void {
    const { agreed } = this.#conn;
    const state = this.#state;
    if (++state.donesAnswered > state.donesSent && !this.#replays) throw unexpectedNdx(Ndx.DONE);
    if (agreed.incRecurse && state.lists.first !== null) {
      state.received.releaseFirst();
      if (state.lists.first !== null) return;
    }
    // Senders of old say nothing of files they cannot send; how they end tells it.
    const mayBeSilent = messageCode(agreed.dialect, Msg.NO_SEND) === null;
    for (const pending of this.#replays ? [] : [...state.pending.values()]) {
      if (mayBeSilent) {
        this.#conn.onNoSend(pending.ndx);
        continue;
      }
      this.#conn.issue({
        code: 'write-failed',
        name: entryName(pending.entry),
        message: `${shownName(pending.entry)} was asked for and never sent`,
        ioError: 0,
      });
      state.settle(pending);
    }
    // Nobody was asked, so nothing else keeps a batch file from ending before its lists do.
    if (this.#replays && agreed.incRecurse && !state.listsComplete) throw unexpectedNdx(Ndx.DONE);
    state.phase++;
    state.wake();
  }

  /** A batch file has no more for the oldest list, or for this phase. Requests for what it does not hold are given up. */
  async #replayed(): Promise<void> {
    const { lists, pending, works, phase } = this.#state;
    const oldest = this.#conn.agreed.incRecurse ? lists.first : null;
    for (const work of phase > 0 ? works : works.filter(({ list }) => oldest === null || list === oldest)) {
      await this.#state.whenExamined(work.list);
      work.closed = true;
    }
    for (const each of [...pending.values()]) {
      // Without incremental recursion second attempts follow in the next phase.
      const comes = oldest === null && phase === 0 && each.again;
      if (each.work.closed && !comes) this.#state.notInBatch(each);
    }
  }

  /** Content that a batch file holds: taken if it was asked for and fits what is here, else passed over. */
  async #batched(ndx: number, entry: FileEntry, head: SumHead): Promise<boolean> {
    const pending = this.#state.pending.get(ndx);
    if (pending && isReg(entry.mode) && this.#state.phase < 2) {
      await this.#content({ ...pending, head });
      return true;
    }
    const resend = this.#state.phase > 0 ? ' resend of' : '';
    const text = `(Skipping batched update for${resend} "${entryName(entry)}")\n`;
    this.#conn.emit({ type: 'message', level: 'info', from: 'local', text });
    await this.#tokens({ entry, head, again: true }, null);
    return false;
  }

  /** @throws fs where a delta was made against another file than the one that is here */
  #checkBasis({ entry, basis, existing, head, again }: Pending): void {
    const appends = this.#conn.options.append !== 'off' && !again;
    const fits = appends ? basisLengthOf(head) === (existing?.size ?? 0) : head.count === 0 || basis !== null;
    if (!fits) throw fail('fs', 'no-basis', `${shownName(entry)} is not what the batch file was made for`);
  }

  #listsComplete(): void {
    if (!this.#conn.agreed.incRecurse || this.#state.listsComplete) throw unexpectedNdx(Ndx.FLIST_EOF);
    this.#state.listsComplete = true;
    this.#conn.progress.listComplete = true;
    this.#state.wake();
  }

  #readReply(r: ByteReader): Reply {
    const ndx = r.ndx();
    if (ndx < 0) {
      // With delayed updates they come before the answer to those.
      const deleted = ndx === Ndx.DEL_STATS && this.#state.phase >= 2 && !this.#conn.isServer && this.deleted === null;
      if (deleted) this.deleted = readCounts(r);
      else if (ndx !== Ndx.DONE && ndx !== Ndx.FLIST_EOF && ndx > Ndx.FLIST_OFFSET) throw unexpectedNdx(ndx);
      return { ndx, iflags: 0, xname: null, head: null };
    }
    const { items } = this.#conn.agreed.dialect;
    const iflags = items ? r.u16() : ItemFlag.TRANSFER | ItemFlag.REASONS_UNKNOWN;
    if (iflags & ItemFlag.BASIS_TYPE_FOLLOWS) r.u8();
    const xname = iflags & ItemFlag.XNAME_FOLLOWS ? r.vstring(Limit.PATH) : null;
    // Values of attributes stand in between and may be long.
    const head = asksForXattrs(this.#conn.agreed, this.#conn.options, iflags) ? null : this.#readHead(r, iflags);
    return { ndx, iflags, xname, head };
  }

  #readHead(r: ByteReader, iflags: number): SumHead | null {
    if (!(iflags & ItemFlag.TRANSFER) || !this.#getsContent) return null;
    const head = { count: r.i32(), blockLength: r.i32(), strongLength: r.i32(), remainder: r.i32() };
    validateSumHead(head, sumBounds(this.#conn.agreed));
    return head;
  }

  async #item(reply: Reply): Promise<void> {
    const found = this.#state.lists.find(reply.ndx);
    const entry = found?.entry;
    if (!entry || entry.flags & EntryFlag.INACTIVE) throw unexpectedNdx(reply.ndx);
    if (this.#replays) await this.#state.whenExamined(found.list);
    const { extended } = this.#state;
    if (extended && asksForXattrs(this.#conn.agreed, this.#conn.options, reply.iflags)) {
      await extended.readValues(reply.ndx, entry);
      reply.head = await this.#conn.input.parse((r) => this.#readHead(r, reply.iflags));
    }
    if (reply.head && this.#replays) {
      if (await this.#batched(reply.ndx, entry, reply.head)) reportItem(this.#state, entry, reply);
    } else if (reply.head) {
      const pending = this.#state.pending.get(reply.ndx);
      if (!pending || !isReg(entry.mode) || this.#state.phase >= 2) {
        throw fail(
          'protocol',
          'unrequested-data',
          `The peer sent content of ${shownName(entry)}, which was not asked for`,
        );
      }
      if (!sameSumHead(pending.head, reply.head)) {
        throw fail(
          'protocol',
          'bad-sum-head',
          `The peer answered for ${shownName(entry)} with other block sizes than were sent`,
        );
      }
      reportItem(this.#state, entry, reply);
      await this.#content(pending);
    } else if (this.#getsContent && this.#state.pending.has(reply.ndx)) {
      throw fail('protocol', 'no-data', `The peer answered for ${shownName(entry)} without its content`);
    } else {
      // Where no content comes: what would be transferred counts.
      if (reply.iflags & ItemFlag.TRANSFER) {
        this.#state.totals.transferred++;
        this.#state.totals.transferredSize += entry.size;
      }
      reportItem(this.#state, entry, reply);
      const pending = this.#state.pending.get(reply.ndx);
      if (pending) this.#state.settle(pending, 'placed');
    }
    extended?.settled(entry);
  }

  async #content(pending: Pending): Promise<void> {
    const { entry } = pending;
    const { progress } = this.#conn;
    progress.name = this.#state.nameOf(entry);
    progress.nameSize = entry.size;
    progress.nameBytes = 0;
    // A second attempt counts like the first, as on the sending side.
    this.#state.totals.transferred++;
    this.#state.totals.transferredSize += entry.size;
    let update: Update | null = null;
    const readBefore = this.#conn.input.reader.total - SUM_HEAD_BYTES;
    try {
      try {
        if (this.#replays) this.#checkBasis(pending);
        if (!this.#conn.options.dryRun) update = this.#updates.open(pending);
      } catch (error) {
        this.#updates.failed(pending, error);
      }
      let taken = this.#taking.take(pending, update);
      if (typeof taken !== 'boolean') taken = await taken;
      if (taken) this.#sum = '';
      const verified = taken || (await this.#tokens(pending, update));
      this.#transferred(pending, readBefore - this.#taking.counted);
      if (update === null) {
        if (this.#conn.options.dryRun) progress.filesDone++;
        return this.#state.settle(pending, this.#conn.options.dryRun ? 'placed' : 'failed');
      }
      if (!verified) {
        this.#updates.reject(update);
        return this.#verifyFailed(pending);
      }
      if (!this.#updates.finish(update)) return this.#state.settle(pending);
      this.#state.touch(entry.dir);
      progress.filesDone++;
      this.#state.settle(pending, this.#conn.options.delayUpdates ? 'delayed' : 'placed');
    } catch (error) {
      if (update !== null) this.#interrupt(update);
      throw error;
    } finally {
      update?.basis?.close();
    }
  }

  #transferred({ entry, ndx, head, again }: Pending, readBefore: number): void {
    const { conn, lists } = this.#state;
    if (!conn.tellsItems || again) return;
    conn.emit({
      type: 'transferred',
      name: this.#state.nameOf(entry),
      size: entry.size,
      bytes: conn.input.reader.total - readBefore,
      sumBytes: SUM_HEAD_BYTES + head.count * (4 + head.strongLength),
      sum: sumText(conn.agreed.transferSum, Buffer.from(this.#sum, 'latin1')),
      filesTotal: lists.totalEntries,
      filesLeft: lists.behind(ndx),
      listComplete: conn.progress.listComplete,
      totalSize: conn.progress.bytesTotal,
    });
  }

  /** The run ends here: what has come of the file is kept if the user wants that. */
  #interrupt(update: Update): void {
    try {
      if (this.#updates.kept !== 'discarded') this.#applier.spill();
    } catch {
      // What is on the disk must do.
    }
    this.#updates.interrupt(update, this.#applier.literalBytes + this.#taking.taken > 0);
  }

  /** Consumes the token stream. @returns whether the whole-file sum was right. */
  async #tokens(pending: Pick<Pending, 'entry' | 'head' | 'again'>, update: Update | null): Promise<boolean> {
    const { input, progress, agreed, options } = this.#conn;
    const applier = this.#applier;
    const { totals } = this.#state;
    // What is appended refers to no block.
    const head = options.append !== 'off' && !pending.again ? NO_BASIS : pending.head;
    const basis = update ? update.basis : head.count > 0 ? NOTHING : null;
    applier.begin(head, basis, update?.output ?? DISCARD, this.#fileSum, update?.mode);
    while (applier.prefix(PREFIX_BYTES)) await this.#conn.pause();
    // The second attempt counts no bytes again: progress never runs backwards, and ends at the total.
    const bytesBefore = progress.bytesDone - (pending.again ? pending.entry.size : 0);
    this.#tokenReader.begin(applier);
    for (;;) {
      const more = input.tryParse(this.#readToken);
      if (more === MORE) {
        progress.nameBytes = applier.literalBytes + applier.matchedBytes;
        progress.bytesDone = Math.max(
          progress.bytesDone,
          bytesBefore + Math.min(progress.nameBytes, pending.entry.size),
        );
        progress.literal = totals.literal + applier.literalBytes;
        progress.matched = totals.matched + applier.matchedBytes;
        await input.fill();
      } else if (!more) break;
      if (this.#conn.sliceOver) await this.#conn.pause();
    }
    const ours = applier.finish();
    const theirs = await input.parse((r) => r.string(checksumLength(agreed.transferSum)));
    progress.literal = totals.literal += applier.literalBytes;
    progress.matched = totals.matched += applier.matchedBytes;
    progress.bytesDone = bytesBefore + pending.entry.size;
    this.#sum = theirs;
    return agreed.transferSum === 'none' || Buffer.from(ours).toString('latin1') === theirs;
  }

  /** First failure: ask again with full sums. Second: the run is partial (§7.13). */
  #verifyFailed(pending: Pending): void {
    const { options } = this.#conn;
    const { kept } = this.#updates;
    if (!pending.again) {
      if (options.itemize > 0 || infoLevel(options, 'name') > 0) {
        const name = entryName(pending.entry);
        const text = `WARNING: ${name} failed verification -- update ${kept} (will try again).\n`;
        this.#conn.emit({ type: 'message', level: 'warning', from: 'local', text });
      }
      // A batch file has a second attempt, or it has none.
      if (this.#replays) this.#state.pending.set(pending.ndx, { ...pending, again: true });
      else this.#state.requeue(pending);
      return;
    }
    this.#conn.issue({
      code: 'verify-failed',
      name: entryName(pending.entry),
      message: `ERROR: ${shownName(pending.entry)} failed verification -- update ${kept}.`,
      ioError: 0,
    });
    this.#state.settle(pending);
  }
}

/** Stands for a basis where nothing can be written anyway. */
const NOTHING = { read: () => 0 };
const DISCARD = { write: () => {}, pass: () => {} };
