import { toErrorData } from '../../../shared/errors.ts';
import { bytesToText, displayPath } from '../../../shared/model/path.ts';
import { createBlockSum, createFileSum, type FileSum, sumText } from '../checksum/strong.ts';
import { createTokenWriter, type TokenWriter } from '../compress/token-writer.ts';
import type { Connection } from '../connection.ts';
import { Matcher } from '../delta/match.ts';
import type { SignatureTable } from '../delta/signature.ts';
import { NO_BASIS, SUM_HEAD_BYTES, type SumHead } from '../delta/sum-head.ts';
import type { UpdateMode } from '../delta/update-mode.ts';
import { EntryFlag, entryName, givenName, type FileEntry } from '../flist/entry.ts';
import type { FileLists } from '../flist/file-lists.ts';
import type { ReadFile } from '../fs/fs.ts';
import { debugLevel } from '../options/info-words.ts';
import { copiedAs, type CountContent, HandingOver } from './handing-over.ts';
import type { SenderTotals } from './sender.ts';

/** Bytes the search may handle between looks at the clock and the output. */
const STEP_BYTES = 1 << 20;

/** A file that was asked for, open, whose item has been named to the receiver. */
export interface Reply {
  ndx: number;
  entry: FileEntry;
  head: SumHead;
  /** Sums of what the receiver has; null where it has nothing, or all of what it has is to stay. */
  table: SignatureTable | null;
  file: ReadFile;
  mode: UpdateMode;
  /** `data.total` of the output before the item. */
  from: number;
}

/** Contents of files as the sender gives them: tokens and a sum (reference §7.6, 7.7), or handed over in a local copy. */
export class ContentSender {
  /** io_error bits of files that could not be read, or not as they were listed (§4.6). */
  ioError = 0;

  readonly #conn: Connection;
  readonly #lists: FileLists;
  readonly #totals: SenderTotals;
  readonly #fileSum: FileSum;
  readonly #tokens: TokenWriter;
  readonly #matcher: Matcher;
  readonly #handing: HandingOver | null;

  /** @param totals of the sender, counted here as far as they are of contents */
  constructor(conn: Connection, lists: FileLists, totals: SenderTotals) {
    this.#conn = conn;
    this.#lists = lists;
    this.#totals = totals;
    const { transferSum, seed, seedFirst, seedsFiles, compression, protocol } = conn.agreed;
    this.#fileSum = createFileSum(transferSum, seedsFiles ? seed : null);
    this.#tokens = createTokenWriter(conn.output.data, compression, protocol);
    this.#matcher = new Matcher(
      this.#tokens,
      transferSum === 'none' ? null : createBlockSum(transferSum, seed, { seedFirst }),
    );
    this.#handing = HandingOver.within(conn);
  }

  /** Whether so much was handed over that the receiver has to come first: {@link room}. */
  get isAhead(): boolean {
    return this.#handing?.full === true;
  }

  async room(): Promise<void> {
    await this.#handing?.room();
  }

  async send({ ndx, entry, head, table, file, mode, from }: Reply): Promise<void> {
    const conn = this.#conn;
    const totals = this.#totals;
    const { data } = conn.output;
    const { progress } = conn;
    const again = (entry.flags & EntryFlag.SENT) !== 0;
    entry.flags |= EntryFlag.SENT;
    // The receiving side is to learn of the item and to get nothing.
    const aside = conn.options.batch?.kind === 'only-write';
    if (aside) conn.output.withhold(true);
    const echo = head.count > 0 ? head : NO_BASIS;
    data.i32(echo.count);
    data.i32(echo.blockLength);
    data.i32(echo.strongLength);
    data.i32(echo.remainder);

    progress.name = givenName(entry);
    progress.nameSize = file.size;
    progress.nameBytes = 0;
    // A second attempt counts nothing again: progress never runs backwards, and ends at the total.
    const bytesBefore = progress.bytesDone - (again ? entry.size : 0);
    const literalBefore = totals.literal;
    const matchedBefore = totals.matched;
    const count = (read: number, literal: number, matched: number): void => {
      progress.nameBytes = read;
      progress.bytesDone = Math.max(progress.bytesDone, bytesBefore + Math.min(read, entry.size));
      progress.literal = literalBefore + literal;
      progress.matched = matchedBefore + matched;
    };
    let sum: Uint8Array | null = null;
    const whole = head.count === 0 && mode.from === undefined;
    let handed = whole && this.#handing !== null && this.#handing.give(ndx, file, count);
    // Awaited only where there is something to wait for: most files are small, and a promise for each costs.
    if (typeof handed !== 'boolean') handed = await handed;
    if (handed) {
      entry.flags &= ~EntryFlag.OWED;
      totals.literal += file.size;
      conn.output.sent += copiedAs(file.size, conn.agreed);
    } else {
      sum = await this.#sendTokens(table, entry, file, mode, count);
      totals.literal += this.#matcher.literalBytes;
      totals.matched += this.#matcher.matchedBytes;
    }
    if (aside) conn.output.withhold(false);
    progress.literal = totals.literal;
    progress.matched = totals.matched;
    progress.bytesDone = bytesBefore + entry.size;
    if (!again) progress.filesDone++;
    totals.transferred++;
    totals.transferredSize += entry.size;
    if (!conn.tellsItems || again) return;
    conn.emit({
      type: 'transferred',
      name: givenName(entry),
      size: entry.size,
      bytes: data.total - from + (sum === null ? copiedAs(file.size, conn.agreed) : 0),
      sumBytes: SUM_HEAD_BYTES + head.count * (4 + head.strongLength),
      sum: sum === null ? '' : sumText(conn.agreed.transferSum, sum),
      filesTotal: this.#lists.totalEntries,
      filesLeft: this.#lists.behind(ndx),
      listComplete: progress.listComplete,
      totalSize: progress.bytesTotal,
    });
  }

  /** `--debug=deltasum`: how the search went, at the end of all. */
  tellMatches(): void {
    if (debugLevel(this.#conn.options, 'deltasum') === 0) return;
    const { matches, hits, falseAlarms } = this.#matcher;
    const text = `total: matches=${matches}  hash_hits=${hits}  false_alarms=${falseAlarms} data=${this.#totals.literal}\n`;
    this.#conn.emit({ type: 'message', level: 'info', from: 'local', text });
  }

  /** Gives memory back. */
  dispose(): void {
    this.#tokens.dispose();
  }

  /** @returns the sum that was sent */
  async #sendTokens(
    table: SignatureTable | null,
    entry: FileEntry,
    file: ReadFile,
    mode: UpdateMode,
    count: CountContent,
  ): Promise<Uint8Array> {
    const conn = this.#conn;
    const { data } = conn.output;
    this.#tokens.begin();
    this.#matcher.begin(file, file.size, table, this.#fileSum, mode);
    let sum: Uint8Array;
    try {
      while (this.#matcher.step(STEP_BYTES)) {
        count(this.#matcher.bytesRead, this.#matcher.literalBytes, this.#matcher.matchedBytes);
        if (conn.output.congested) await conn.drained();
        else if (conn.sliceOver) await conn.pause();
      }
      sum = this.#fileSum.digest();
      entry.flags &= ~EntryFlag.OWED;
      if (this.#matcher.bytesRead < file.size) this.#shrank(entry, this.#matcher.bytesRead, file.size);
    } catch (error) {
      conn.check(); // an abort is not a read error
      this.ioError |= 1;
      conn.issue({
        code: 'read-failed',
        name: entryName(entry),
        message: toErrorData(error).message,
        ioError: 1,
      });
      // A wrong sum on purpose: the receiver must not take what it got for the file (§7.6).
      sum = this.#fileSum.digest();
      const zero = sum.every((byte) => byte === 0);
      sum.fill(0);
      if (zero) sum[sum.length - 1] = 1;
    }
    this.#tokens.end();
    data.bytes(sum, 0, sum.length);
    return sum;
  }

  /** What was read is one state of the file and verified as that, but not the one that was listed. */
  #shrank(entry: FileEntry, read: number, expected: number): void {
    this.ioError |= 2;
    this.#conn.issue({
      code: 'changed-while-sending',
      name: entryName(entry),
      message: `${displayPath(bytesToText(entryName(entry)))} became shorter while it was sent: ${read} of ${expected} bytes`,
      ioError: 2,
    });
  }
}
