import { fail, toErrorData } from '../../../shared/errors.ts';
import { displayPath, bytesToText, type ByteString } from '../../../shared/model/path.ts';
import type { Connection } from '../connection.ts';
import { SignatureTable } from '../delta/signature.ts';
import { basisLengthOf, validateSumHead, type SumHead } from '../delta/sum-head.ts';
import type { UpdateMode } from '../delta/update-mode.ts';
import { EntryFlag, entryName, givenName, type FileEntry } from '../flist/entry.ts';
import type { FileLists } from '../flist/file-lists.ts';
import { readXattrRequest } from '../flist/xattr.ts';
import type { ReadFile } from '../fs/fs.ts';
import { asksForXattrs, sumBounds, verifiesPrefix } from '../handshake/negotiate.ts';
import { movesContent } from '../options/transfer-options.ts';
import { BasisType, Ndx, ItemFlag, Limit, Msg, isReg } from '../wire/constants.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import { MORE } from '../wire/peer-input.ts';
import { ContentSender } from './content-sender.ts';
import { countKind, readCounts, writeDeleteStats, type DeleteStats } from './delete-stats.ts';
import { linkedName, listSumText } from './items.ts';
import type { ListSource } from './list-sender.ts';

/** A request as it stands on the wire (reference §7.1). */
interface Request {
  ndx: number;
  iflags: number;
  basisType: number;
  xname: ByteString | null;
  /** Numbers of the attributes whose values are asked for; null where none can be. */
  xattrs: number[] | null;
  /** Present when content is asked for. */
  head: SumHead | null;
}

export interface SenderTotals {
  transferred: number;
  transferredSize: number;
  literal: number;
  matched: number;
  deleted: DeleteStats | null;
  created: { total: number; regular: number; dirs: number; links: number; devices: number; specials: number };
}

/**
 * The sender: serves the generator's requests in order until both sides are done (reference §7.10).
 * States: `phase` 0 first pass, 1 redo, 2 delayed updates, then the goodbye.
 */
export class Sender {
  readonly totals: SenderTotals = {
    transferred: 0,
    transferredSize: 0,
    literal: 0,
    matched: 0,
    deleted: null,
    created: { total: 0, regular: 0, dirs: 0, links: 0, devices: 0, specials: 0 },
  };

  readonly #conn: Connection;
  readonly #lists: FileLists;
  readonly #source: ListSource;
  readonly #content: ContentSender;
  #phase = 0;
  /** io_error bits since the lists, told to the receiving side at the end (§4.6). */
  #ioError = 0;

  constructor(conn: Connection, lists: FileLists, source: ListSource) {
    this.#conn = conn;
    this.#lists = lists;
    this.#source = source;
    this.#content = new ContentSender(conn, lists, this.totals);
  }

  /**
   * Runs to the end of the conversation.
   * @param writeStats called where a server-sender reports its statistics (§7.14)
   */
  async run(writeStats: () => void): Promise<void> {
    const { input, output, agreed } = this.#conn;
    let flushed = false;
    for (;;) {
      // Look-ahead before each request keeps sub-lists between items (§6.13).
      if (!this.#source.isAhead) await this.#source.keepAhead();
      const request = input.tryParse((r) => this.#readRequest(r));
      if (request === MORE) {
        // What is asked for comes before further lists.
        if (input.advance()) continue;
        // With what is ready the other side has work while more lists are made.
        if (!flushed) output.flush();
        flushed = true;
        if (await this.#source.sendInIdleTime()) continue;
        output.flush();
        this.#conn.progress.name = '';
        await input.fill();
        continue;
      }
      flushed = false;
      if (request.ndx === Ndx.DONE) {
        if (this.#finishList()) continue;
        if (++this.#phase > (agreed.dialect.delayPhase ? 2 : 1)) break;
        output.data.ndx(Ndx.DONE);
        output.flush();
      } else if (request.ndx === Ndx.DEL_STATS) this.#tellDeleted();
      else if (isKeepAlive(request, this.#conn, this.#lists)) output.keepAlive();
      else {
        await this.#serve(request);
        if (this.#conn.sliceOver) {
          output.flush();
          await this.#conn.pause();
        }
        if (output.congested) await this.#conn.drained();
        if (this.#content.isAhead) await this.#content.room();
      }
    }
    this.#content.tellMatches();
    const ioError = this.#ioError | this.#content.ioError;
    if (ioError !== 0) output.messageInt(Msg.IO_ERROR, ioError);
    output.data.ndx(Ndx.DONE);
    writeStats();
    output.flush();
    if (agreed.dialect.deletionCounts) {
      let request = await input.parse((r) => this.#readRequest(r));
      if (request.ndx === Ndx.DEL_STATS) {
        this.#tellDeleted();
        request = await input.parse((r) => this.#readRequest(r));
      }
      if (request.ndx !== Ndx.DONE) throw unexpectedNdx(request.ndx);
      output.data.ndx(Ndx.DONE);
      output.flush();
    }
    const last = await input.parse((r) => r.ndx());
    if (last !== Ndx.DONE) throw unexpectedNdx(last);
  }

  /** Gives memory back; after {@link run}. */
  dispose(): void {
    this.#content.dispose();
  }

  /** A server tells its client what it was told; with delayed updates that comes before their phase. */
  #tellDeleted(): void {
    const { output, isServer } = this.#conn;
    if (isServer) writeDeleteStats(output.data, this.totals.deleted!);
  }

  /** One list is finished. @returns false when it was the last, so that this DONE ends the phase. */
  #finishList(): boolean {
    if (!this.#conn.agreed.incRecurse || this.#lists.first === null) return false;
    this.#lists.dropFirst();
    if (this.#lists.first === null) return false;
    this.#conn.output.data.ndx(Ndx.DONE);
    return true;
  }

  #readRequest(r: ByteReader): Request {
    const ndx = r.ndx();
    if (ndx === Ndx.DEL_STATS && this.#phase >= 2 && this.totals.deleted === null) {
      this.totals.deleted = readCounts(r);
      return { ndx, iflags: 0, basisType: BasisType.DESTINATION, xname: null, xattrs: null, head: null };
    }
    if (ndx === Ndx.DONE)
      return { ndx, iflags: 0, basisType: BasisType.DESTINATION, xname: null, xattrs: null, head: null };
    if (ndx < 0) throw unexpectedNdx(ndx);
    const { items } = this.#conn.agreed.dialect;
    const iflags = items ? r.u16() : ItemFlag.TRANSFER | ItemFlag.REASONS_UNKNOWN;
    const basisType = iflags & ItemFlag.BASIS_TYPE_FOLLOWS ? r.u8() : BasisType.DESTINATION;
    const xname = iflags & ItemFlag.XNAME_FOLLOWS ? r.vstring(Limit.PATH) : null;
    const xattrs = asksForXattrs(this.#conn.agreed, this.#conn.options, iflags) ? readXattrRequest(r) : null;
    let head: SumHead | null = null;
    if (iflags & ItemFlag.TRANSFER && movesContent(this.#conn.options)) {
      head = { count: r.i32(), blockLength: r.i32(), strongLength: r.i32(), remainder: r.i32() };
      validateSumHead(head, sumBounds(this.#conn.agreed));
    }
    return { ndx, iflags, basisType, xname, xattrs, head };
  }

  async #serve(request: Request): Promise<void> {
    const found = this.#lists.find(request.ndx);
    const entry = found?.entry;
    if (!entry || entry.flags & EntryFlag.INACTIVE) throw unexpectedNdx(request.ndx);
    const wantsContent = (request.iflags & ItemFlag.TRANSFER) !== 0;
    if (wantsContent && (!isReg(entry.mode) || this.#phase >= 2)) {
      throw fail(
        'protocol',
        'bad-request',
        `The peer asked for the content of ${displayPath(bytesToText(entryName(entry)))}, which it may not`,
      );
    }
    if (request.xattrs?.length && this.#source.attributes?.has(entry, request.xattrs) !== true) {
      throw fail('protocol', 'bad-request', 'The peer asked for an attribute that was never listed');
    }
    if (wantsContent) entry.flags |= EntryFlag.OWED;
    const appends = this.#conn.options.append !== 'off' && !(entry.flags & EntryFlag.SENT);
    // Most requests have no sums, and no table is made for those.
    const hasSums = request.head !== null && request.head.count > 0 && !appends;
    const table = hasSums ? await this.#readSums(request.head!) : null;
    if (!this.#source.accepts(entry, request.iflags)) {
      if (wantsContent) this.#conn.output.messageInt(Msg.NO_SEND, request.ndx);
      else this.#writeHeader(request, entry);
      return;
    }
    if (request.head === null) {
      this.#report(entry, request);
      // In a dry run what would be sent counts as sent.
      if (wantsContent) this.#countTransferred(entry);
      this.#writeHeader(request, entry);
      return;
    }
    const file = this.#open(entry);
    if (file === null) {
      this.#conn.output.messageInt(Msg.NO_SEND, request.ndx);
      return;
    }
    try {
      if (appends && file.size < entry.size) return this.#diminished(request.ndx, entry);
      this.#report(entry, request);
      const from = this.#conn.output.data.total;
      this.#writeHeader(request, entry);
      const { ndx, head } = request;
      await this.#content.send({ ndx, entry, head, table, file, mode: this.#modeOf(request, appends), from });
    } finally {
      file.close();
    }
  }

  #countTransferred(entry: FileEntry): void {
    this.totals.transferred++;
    this.totals.transferredSize += entry.size;
  }

  #report(entry: FileEntry, request: Request): void {
    if (request.iflags & ItemFlag.IS_NEW && !(entry.flags & EntryFlag.SENT)) countKind(this.totals.created, entry.mode);
    if (!this.#conn.tellsItems) return;
    this.#conn.emit({
      type: 'item',
      name: givenName(entry),
      iflags: request.iflags,
      mode: entry.mode,
      size: entry.size,
      mtime: entry.mtime,
      uid: entry.uid,
      gid: entry.gid,
      sum: listSumText(this.#conn, entry),
      link: entry.extra?.link ?? null,
      linkedTo: linkedName(request),
      direction: 'send',
    });
  }

  /** Reads the basis sums in slices, straight into the search table. */
  async #readSums(head: SumHead): Promise<SignatureTable> {
    const table = new SignatureTable(head);
    const { input } = this.#conn;
    const size = 4 + head.strongLength;
    let left = head.count * size;
    while (left > 0) {
      const view = input.tryParse((r) => {
        const whole = Math.min(left, r.available - (r.available % size));
        return r.view(Math.max(size, whole));
      });
      if (view === MORE) {
        await input.fill();
        continue;
      }
      table.add(view, 0, view.length);
      left -= view.length;
      if (this.#conn.sliceOver) await this.#conn.pause();
    }
    return table;
  }

  /** What the receiver does with its file restricts what it may be sent (§7.8, 7.9). */
  #modeOf({ head, basisType }: Request, appends: boolean): UpdateMode {
    const { options, agreed } = this.#conn;
    if (appends && head !== null) {
      return { from: basisLengthOf(head), sumsPrefix: verifiesPrefix(options, agreed) };
    }
    // Old receivers do not tell of a backup; with one, the basis is the copy.
    if (basisType === BasisType.DESTINATION)
      return { inPlace: options.inplace && (agreed.dialect.items || !options.backup) };
    return { inPlace: basisType === BasisType.PARTIAL && agreed.inplacePartial };
  }

  /** Shorter than it was listed: what the receiver has may not be its beginning. */
  #diminished(ndx: number, entry: FileEntry): void {
    this.#conn.emit({
      type: 'message',
      level: 'warning',
      from: 'local',
      text: `skipped diminished file: ${entryName(entry)}\n`,
    });
    this.#conn.output.messageInt(Msg.NO_SEND, ndx);
  }

  #writeHeader(request: Request, entry: FileEntry): void {
    const { data } = this.#conn.output;
    data.ndx(request.ndx);
    if (!this.#conn.agreed.dialect.items) return;
    data.u16(request.iflags);
    if (request.iflags & ItemFlag.BASIS_TYPE_FOLLOWS) data.u8(request.basisType);
    if (request.xname !== null) data.vstring(request.xname);
    if (request.xattrs?.length) this.#source.attributes!.writeValues(data, entry, request.xattrs);
    else if (request.xattrs) data.varint(0);
  }

  #open(entry: FileEntry): ReadFile | null {
    try {
      return this.#source.open(entry);
    } catch (error) {
      const { message, details, code } = toErrorData(error);
      const vanished = details?.['errno'] === 'ENOENT' || code === 'enoent';
      this.#ioError |= vanished ? 2 : 1;
      this.#conn.issue({
        code: vanished ? 'vanished' : 'read-failed',
        name: entryName(entry),
        errno: typeof details?.['errno'] === 'string' ? details['errno'] : undefined,
        message: vanished ? `${displayPath(bytesToText(entryName(entry)))} vanished before it could be sent` : message,
        ioError: vanished ? 2 : 1,
      });
      return null;
    }
  }
}

/** A sign of life as protocol 29 has it, whose generators may have no frames: an item behind the last (§4.5). */
export function isKeepAlive(
  { ndx, iflags }: { ndx: number; iflags: number },
  { agreed }: Connection,
  { totalEntries }: FileLists,
): boolean {
  return !agreed.dialect.clientFrames && ndx === totalEntries && iflags === ItemFlag.IS_NEW;
}

export function unexpectedNdx(ndx: number): Error {
  return fail('protocol', 'bad-ndx', `The peer named a file index that is not in use (${ndx})`);
}
