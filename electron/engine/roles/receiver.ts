import { fail, toErrorData } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import { checksumLength, createFileSum, type FileSum } from '../checksum/strong.ts';
import type { Connection } from '../connection.ts';
import { Applier } from '../delta/apply.ts';
import { sameSumHead, validateSumHead, type SumHead } from '../delta/sum-head.ts';
import { EntryFlag, entryName, type FileEntry } from '../flist/entry.ts';
import type { NewAttributes, ReadFile, TempFile } from '../fs/fs.ts';
import { ItemFlag, Limit, Ndx, isReg } from '../wire/constants.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import { MORE } from '../wire/peer-input.ts';
import { attributesFor, lesserAttributes } from './attributes.ts';
import { readCounts, type DeleteStats } from './delete-stats.ts';
import { folderMissing, isDiskFull, shownName, type Place } from './destination.ts';
import type { Pending, ReceiveState } from './receive-state.ts';
import { unexpectedNdx } from './sender.ts';

interface Reply {
  ndx: number;
  iflags: number;
  xname: ByteString | null;
  head: SumHead | null;
}

/** Longest literal token taken; stock writers stay at 32 KiB. */
const MAX_LITERAL = 1 << 24;

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

  constructor(state: ReceiveState) {
    this.#state = state;
    this.#conn = state.conn;
    this.#fileSum = createFileSum(state.conn.agreed.transferSum);
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
    const { input, agreed, isServer } = this.#conn;
    const state = this.#state;
    while (state.phase < 3) {
      const reply = input.tryParse((r) => this.#readReply(r));
      if (reply === MORE) {
        this.#conn.progress.name = '';
        await input.fill();
        continue;
      }
      if (reply.ndx === Ndx.DONE) this.#done();
      else if (reply.ndx === Ndx.FLIST_EOF) this.#listsComplete();
      else if (reply.ndx <= Ndx.FLIST_OFFSET) {
        if (!agreed.incRecurse || state.listsComplete) throw unexpectedNdx(reply.ndx);
        state.addList(await state.received.readSubList(Ndx.FLIST_OFFSET - reply.ndx));
      } else await this.#item(reply);
      if (this.#conn.sliceOver) await this.#conn.pause();
    }
    await readStats?.();
    if (agreed.protocol >= 31) {
      let ndx = await input.parse((r) => r.ndx());
      if (ndx === Ndx.DEL_STATS && !isServer) {
        this.deleted = await input.parse(readCounts);
        ndx = await input.parse((r) => r.ndx());
      }
      if (ndx !== Ndx.DONE) throw unexpectedNdx(ndx);
    }
    state.finished = true;
    state.wake();
  }

  #done(): void {
    const { agreed } = this.#conn;
    const state = this.#state;
    if (++state.donesAnswered > state.donesSent) throw unexpectedNdx(Ndx.DONE);
    if (agreed.incRecurse && state.lists.first !== null) {
      state.lists.dropFirst();
      if (state.lists.first !== null) return;
    }
    for (const pending of [...state.pending.values()]) {
      this.#conn.issue({
        code: 'write-failed',
        name: entryName(pending.entry),
        message: `${shownName(pending.entry)} was asked for and never sent`,
        ioError: 0,
      });
      state.settle(pending);
    }
    state.phase++;
    state.wake();
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
      if (ndx !== Ndx.DONE && ndx !== Ndx.FLIST_EOF && ndx > Ndx.FLIST_OFFSET) throw unexpectedNdx(ndx);
      return { ndx, iflags: 0, xname: null, head: null };
    }
    const iflags = r.u16();
    if (iflags & ItemFlag.BASIS_TYPE_FOLLOWS) r.u8();
    const xname = iflags & ItemFlag.XNAME_FOLLOWS ? r.vstring(Limit.PATH) : null;
    let head: SumHead | null = null;
    if (iflags & ItemFlag.TRANSFER && !this.#conn.options.dryRun) {
      head = { count: r.i32(), blockLength: r.i32(), strongLength: r.i32(), remainder: r.i32() };
      validateSumHead(head, { checksumLength: checksumLength(this.#conn.agreed.transferSum) });
    }
    return { ndx, iflags, xname, head };
  }

  async #item(reply: Reply): Promise<void> {
    const entry = this.#state.lists.find(reply.ndx)?.entry;
    if (!entry || entry.flags & EntryFlag.INACTIVE) throw unexpectedNdx(reply.ndx);
    if (reply.head) {
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
      if (!pending.again) this.#report(entry, reply);
      await this.#content(pending);
    } else if (this.#state.pending.has(reply.ndx)) {
      throw fail('protocol', 'no-data', `The peer answered for ${shownName(entry)} without its content`);
    } else this.#report(entry, reply);
  }

  #report(entry: FileEntry, reply: Reply): void {
    if (this.#conn.isServer) return;
    this.#conn.emit({
      type: 'item',
      name: entryName(entry),
      iflags: reply.iflags,
      mode: entry.mode,
      size: entry.size,
      mtime: entry.mtime,
      link: reply.xname ?? entry.extra?.link ?? null,
      direction: 'recv',
    });
  }

  async #content(pending: Pending): Promise<void> {
    const { entry } = pending;
    const place = this.#state.destination.place(entry);
    const { progress } = this.#conn;
    progress.name = entryName(entry);
    progress.nameSize = entry.size;
    progress.nameBytes = 0;
    let basis: ReadFile | null = null;
    let temp: TempFile | null = null;
    try {
      try {
        if (!place) throw folderMissing(entry);
        if (pending.head.count > 0) basis = openBasis(place);
        temp = place.dir.createTemp(place.name);
      } catch (error) {
        this.#writeFailed(pending, error);
      }
      const verified = await this.#tokens(pending, basis, temp);
      if (temp === null) return this.#state.settle(pending);
      if (!verified) {
        temp.discard();
        return this.#verifyFailed(pending);
      }
      const { options } = this.#conn;
      const attributes = attributesFor(entry, pending.existing, options, this.#state.abilities, this.#state.umask);
      if (!this.#putInPlace(pending, temp, attributes)) return this.#state.settle(pending);
      this.#state.touch(entry.dir);
      this.#state.totals.transferred++;
      this.#state.totals.transferredSize += entry.size;
      progress.filesDone++;
      this.#state.settle(pending);
    } catch (error) {
      temp?.discard();
      throw error;
    } finally {
      basis?.close();
    }
  }

  /**
   * Owner, mode and time, then the rename. What is refused of the former is reported and left out: the content is
   * verified and belongs in place. @returns whether it is there
   */
  #putInPlace(pending: Pending, temp: TempFile, wanted: NewAttributes): boolean {
    let first: unknown = null;
    let last: unknown = null;
    for (let attributes: NewAttributes | null = wanted; attributes; attributes = lesserAttributes(attributes)) {
      try {
        temp.commit(attributes);
        if (first !== null) this.#state.attributesFailed(pending.entry, first);
        return true;
      } catch (error) {
        if (toErrorData(error).code === 'temp-ended') break; // it was the rename that failed
        last = error;
        first ??= error;
      }
    }
    temp.discard();
    this.#writeFailed(pending, last);
    return false;
  }

  /** Consumes the token stream. @returns whether the whole-file sum was right. */
  async #tokens(pending: Pending, basis: ReadFile | null, temp: TempFile | null): Promise<boolean> {
    const { input, progress, agreed } = this.#conn;
    const applier = this.#applier;
    const { totals } = this.#state;
    applier.begin(pending.head, basis ?? (pending.head.count > 0 ? NOTHING : null), temp ?? DISCARD, this.#fileSum);
    // The second attempt counts no bytes again: progress never runs backwards, and ends at the total.
    const bytesBefore = progress.bytesDone - (pending.again ? pending.entry.size : 0);
    let literalLeft = 0;
    for (;;) {
      const step = input.tryParse((r) => {
        if (literalLeft > 0) {
          const part = r.some(literalLeft);
          literalLeft -= part.length;
          applier.literal(part, 0, part.length);
          return 1;
        }
        const token = r.i32();
        if (token < 0) applier.block(-(token + 1));
        else literalLeft = token;
        return token;
      });
      if (step === MORE) {
        progress.nameBytes = applier.literalBytes + applier.matchedBytes;
        progress.bytesDone = Math.max(
          progress.bytesDone,
          bytesBefore + Math.min(progress.nameBytes, pending.entry.size),
        );
        progress.literal = totals.literal + applier.literalBytes;
        progress.matched = totals.matched + applier.matchedBytes;
        await input.fill();
      } else if (step === 0) break;
      else if (literalLeft > MAX_LITERAL)
        throw fail('protocol', 'literal-too-long', `The peer announced ${literalLeft} bytes of data in one piece`);
      if (this.#conn.sliceOver) await this.#conn.pause();
    }
    const ours = applier.finish();
    const theirs = await input.parse((r) => r.string(checksumLength(agreed.transferSum)));
    progress.literal = totals.literal += applier.literalBytes;
    progress.matched = totals.matched += applier.matchedBytes;
    progress.bytesDone = bytesBefore + pending.entry.size;
    return agreed.transferSum === 'none' || Buffer.from(ours).toString('latin1') === theirs;
  }

  /** First failure: ask again with full sums. Second: the old file stays and the run is partial (§7.13). */
  #verifyFailed(pending: Pending): void {
    const shown = shownName(pending.entry);
    if (!pending.again) {
      this.#conn.emit({
        type: 'message',
        level: 'warning',
        from: 'local',
        text: `${entryName(pending.entry)} failed verification -- will try again\n`,
      });
      return this.#state.requeue(pending);
    }
    this.#conn.issue({
      code: 'verify-failed',
      name: entryName(pending.entry),
      message: `${shown} failed verification twice; the old file was kept`,
      ioError: 0,
    });
    this.#state.settle(pending);
  }

  #writeFailed(pending: Pending, error: unknown): void {
    this.#conn.check();
    if (isDiskFull(error)) throw error;
    const { message, details } = toErrorData(error);
    const errno = details?.['errno'];
    this.#conn.issue({
      code: 'write-failed',
      name: entryName(pending.entry),
      errno: typeof errno === 'string' ? errno : undefined,
      message,
      ioError: 0,
    });
  }
}

/** A basis that cannot be opened any more is as good as one that vanished: the whole file is then asked for again. */
function openBasis({ dir, name }: Place): ReadFile | null {
  try {
    return dir.openRead(name);
  } catch {
    return null;
  }
}

/** A basis that vanished between signature and data: reads as zeros, which the whole-file sum catches. */
const NOTHING: ReadFile = {
  size: 0,
  mtime: 0,
  nsec: 0,
  read: () => 0,
  close: () => {},
};
const DISCARD = { write: () => {}, pass: () => {} };
