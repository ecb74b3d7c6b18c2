import { bytesToText, displayPath, type ByteString } from '../../../shared/model/path.ts';
import type { Connection } from '../connection.ts';
import { FlistEncoder } from '../flist/encode.ts';
import { EntryFlag, entryName, type FileEntry } from '../flist/entry.ts';
import type { FileLists } from '../flist/file-lists.ts';
import type { IdNames } from '../flist/id-map.ts';
import { localNames } from '../flist/id-map.ts';
import type { ReadFile, Stat } from '../fs/fs.ts';
import { flistLayout } from '../handshake/negotiate.ts';
import { changeMode } from '../options/chmod.ts';
import { countKind } from './delete-stats.ts';
import type { SourceAttributes } from './source-attributes.ts';
import type { Charset } from '../wire/charset.ts';
import { IoError, Mode, Msg, Ndx, isDir, isLink, isReg } from '../wire/constants.ts';

/** Where a sender's entries and contents come from: a scan of arguments, or the items of a plan. */
export interface SourceTree {
  /** Non-incremental: the whole tree in sending order, in batches. Incremental: the first list only. */
  batches(): Iterable<FileEntry[]>;
  /** Incremental: the entries of directories that go by one name. */
  children(dirs: readonly FileEntry[]): FileEntry[];
  open(entry: FileEntry): ReadFile;
  /** io_error bits of the scan so far, for the end of a list (§6.11). */
  readonly ioError: number;
  /** What stands where an entry was listed, and its removal (`--remove-source-files`); absent where nothing is removed. */
  readonly removal?: { stat(entry: FileEntry): Stat | null; unlink(entry: FileEntry): void };
  /** Whether a request with these item flags is served; a plan refuses what differs from it. */
  accepts(entry: FileEntry, iflags: number): boolean;
  /** ACLs and extended attributes of its entries; absent where it has none. */
  readonly attributes?: SourceAttributes | undefined;
}

/** Entries to be ahead of the generator by before a request is answered, and while there is nothing to answer. */
const AHEAD = 1000;
const FAR_AHEAD = 10_000;
/** How long lists that are made in idle time may wait to go out, in milliseconds. */
const IDLE_MS = 5;

/** What the sender role needs of the list side. */
export type ListSource = Pick<ListSender, 'isAhead' | 'keepAhead' | 'sendInIdleTime'> &
  Pick<SourceTree, 'open' | 'accepts' | 'attributes' | 'removal'>;

/**
 * Sends the file list: whole, or (incremental recursion) the first list at once and one sub-list per directory as the
 * conversation goes on, depth first (reference §6.13).
 */
export class ListSender {
  /** Counts for statistics, filled while sending. */
  readonly counts = { total: 0, regular: 0, dirs: 0, links: 0, devices: 0, specials: 0, totalSize: 0, flistBytes: 0 };

  readonly #conn: Connection;
  readonly #lists: FileLists;
  readonly #tree: SourceTree;
  readonly #encoder: FlistEncoder;
  /** Directory indexes whose sub-lists are due, next one last. */
  readonly #due: number[] = [];
  /** Folders whose names could not be converted, and those in them: nothing more is said of what they hold. */
  readonly #leftOut = new Set<ByteString>();
  #lastDir: ByteString = '';
  #lastDirSent: ByteString | null = '';
  #conversionError = 0;
  #eofSent = false;

  constructor(conn: Connection, lists: FileLists, tree: SourceTree) {
    this.#conn = conn;
    this.#lists = lists;
    this.#tree = tree;
    const names: IdNames | null = conn.options.numericIds ? null : localNames();
    this.#encoder = new FlistEncoder(flistLayout(conn.agreed, conn.options), names, tree.attributes?.tables);
  }

  open(entry: FileEntry): ReadFile {
    return this.#tree.open(entry);
  }

  get removal(): SourceTree['removal'] {
    return this.#tree.removal;
  }

  get attributes(): SourceAttributes | undefined {
    return this.#tree.attributes;
  }

  accepts(entry: FileEntry, iflags: number): boolean {
    return this.#tree.accepts(entry, iflags);
  }

  /** Sends the first list. @returns its number of entries; 0 ends the conversation (§6.15). */
  async sendFirst(): Promise<number> {
    const { output, agreed, progress } = this.#conn;
    const entries: FileEntry[] = [];
    const sentBefore = output.sent + output.data.pending;
    for (const batch of this.#tree.batches()) {
      for (const entry of batch) {
        if (this.#write(entry)) entries.push(entry);
      }
      progress.filesTotal = entries.length;
      progress.bytesTotal = this.counts.totalSize;
      if (output.congested) await this.#conn.drained();
      else if (this.#conn.sliceOver) await this.#conn.pause();
    }
    this.#writeEnd();
    this.#encoder.writeTail(output.data, this.#ioError);
    const first = this.#lists.add(entries, -1);
    this.counts.flistBytes += output.sent + output.data.pending - sentBefore;
    if (agreed.incRecurse) {
      this.#queueDirs(first.entries);
      if (first.entries.length === 1 && this.#due.length > 0) this.#sendSubList(this.#due.pop()!);
      this.#sendEofIfDone();
    } else {
      this.#eofSent = true;
      progress.listComplete = true;
    }
    // Before the receiving side can say anything: in a local copy its items come through the same listener.
    this.#conn.tick(true);
    output.flush();
    return first.entries.length;
  }

  /** Sends lists while the server's seed is on its way: with the first ones it has work, and they need no seed. */
  async sendUntilSeed(): Promise<void> {
    while (this.#conn.seedDue !== null && (await this.sendInIdleTime()));
    this.#conn.output.flush();
    await this.#conn.seedDue;
  }

  /**
   * Sends one more sub-list while there is nothing else to do. The other side has work with what is ready, and what it
   * asks for comes before further lists. @returns whether it did
   */
  async sendInIdleTime(): Promise<boolean> {
    const { output } = this.#conn;
    if (!(await this.#sendNextIfBelow(FAR_AHEAD))) return false;
    if (Date.now() - output.lastWrite >= IDLE_MS) {
      output.flush();
      await this.#conn.pause();
    }
    return true;
  }

  /** Sends sub-lists until enough entries of not yet finished lists are ahead of the generator. */
  async keepAhead(): Promise<void> {
    while (await this.#sendNextIfBelow(AHEAD));
  }

  /** Sends one more sub-list unless `entries` are ahead already. @returns whether it did. */
  async #sendNextIfBelow(entries: number): Promise<boolean> {
    if (!this.#isBelow(entries)) return false;
    this.#sendSubList(this.#due.pop()!);
    this.#sendEofIfDone();
    if (this.#conn.output.congested) await this.#conn.drained();
    else if (this.#conn.sliceOver) {
      this.#conn.output.flush();
      await this.#conn.pause();
    }
    return true;
  }

  /** Whether {@link keepAhead} has nothing to do. */
  get isAhead(): boolean {
    return !this.#isBelow(AHEAD);
  }

  /** Whether more lists follow, and fewer than `entries` of not yet finished ones are ahead of the generator. */
  #isBelow(entries: number): boolean {
    if (this.#eofSent) return false;
    return this.#lists.liveEntries - (this.#lists.first?.entries.length ?? 0) < entries;
  }

  #sendSubList(dirIndex: number): void {
    const { output, progress } = this.#conn;
    const sentBefore = output.sent + output.data.pending;
    output.data.ndx(Ndx.FLIST_OFFSET - dirIndex);
    // Directories of the same name from several arguments share one list (§6.14).
    const entries = this.#tree.children(this.#lists.sameNameDirs(dirIndex)).filter((entry) => this.#write(entry));
    this.#writeEnd();
    const list = this.#lists.add(entries, dirIndex);
    this.counts.flistBytes += output.sent + output.data.pending - sentBefore;
    progress.filesTotal += entries.length;
    progress.bytesTotal = this.counts.totalSize;
    this.#queueDirs(list.entries);
  }

  /** The directories of a list just added are the last ones of all. */
  #queueDirs(sorted: readonly FileEntry[]): void {
    let place = this.#lists.allDirs.length;
    for (let i = sorted.length - 1; i >= 0; i--) {
      const entry = sorted[i]!;
      if (!isDir(entry.mode)) continue;
      place--;
      if (entry.base !== '.' && !(entry.flags & EntryFlag.INACTIVE)) this.#due.push(this.#lists.dirIndexAt(place));
    }
  }

  #sendEofIfDone(): void {
    if (this.#due.length > 0 || this.#eofSent) return;
    this.#conn.output.data.ndx(Ndx.FLIST_EOF);
    this.#eofSent = true;
    this.#conn.progress.listComplete = true;
  }

  /** An end marker without room for errors is followed by a message (§6.11). */
  #writeEnd(): void {
    const { output, agreed } = this.#conn;
    const ioError = this.#ioError;
    this.#encoder.writeEnd(output.data, ioError);
    if (ioError !== 0 && !agreed.safeFlist && !agreed.varintFlags) output.messageInt(Msg.IO_ERROR, ioError);
  }

  get #ioError(): number {
    return this.#tree.ioError | this.#conversionError;
  }

  /** @returns false for an entry that is left out */
  #write(entry: FileEntry): boolean {
    const { chmod } = this.#conn.options;
    if (chmod.length > 0 && !isLink(entry.mode) && entry.mode !== 0)
      entry.mode = changeMode(entry.mode, isDir(entry.mode), chmod);
    const converted = this.#conn.charset === null ? entry : this.#converted(entry, this.#conn.charset);
    if (converted === null) return false;
    this.#encoder.writeEntry(this.#conn.output.data, converted);
    // What is missing and to be deleted counts as a file here; the receiving side takes it for a special one.
    countKind(this.counts, entry.mode || Mode.REG);
    if (isReg(entry.mode) || isLink(entry.mode)) this.counts.totalSize += entry.size;
    return true;
  }

  /** The entry as it travels, or null if it cannot: then whoever receives must not take what is missing for gone. */
  #converted(entry: FileEntry, charset: Charset): FileEntry | null {
    if (this.#leftOut.has(entry.dir)) return this.#leaveOut(entry, null);
    if (entry.dir !== this.#lastDir) {
      this.#lastDir = entry.dir;
      this.#lastDirSent = charset.toWire(entry.dir);
    }
    const dir = this.#lastDirSent;
    const base = charset.toWire(entry.base);
    if (dir === null || base === null) return this.#leaveOut(entry, 'cannot convert filename');
    const target = entry.extra?.link;
    if (target === undefined || !isLink(entry.mode) || !this.#conn.agreed.convertsLinks) return { ...entry, dir, base };
    const link = charset.toWire(target);
    if (link === null) return this.#leaveOut(entry, 'cannot convert symlink data for');
    return { ...entry, dir, base, extra: { ...entry.extra, link } };
  }

  #leaveOut(entry: FileEntry, why: string | null): null {
    const name = entryName(entry);
    if (isDir(entry.mode)) this.#leftOut.add(name);
    if (why === null) return null;
    this.#conversionError = IoError.GENERAL;
    this.#conn.issue({
      code: 'read-failed',
      name,
      message: `${why}: ${displayPath(bytesToText(name))} (--iconv)`,
      ioError: IoError.GENERAL,
    });
    return null;
  }
}
