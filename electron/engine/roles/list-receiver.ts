import { fail } from '../../../shared/errors.ts';
import { bytesToText, displayPath, type ByteString } from '../../../shared/model/path.ts';
import type { Connection } from '../connection.ts';
import { FlistDecoder } from '../flist/decode.ts';
import { EntryFlag, entryName, isImplied, type FileEntry } from '../flist/entry.ts';
import type { FileList, FileLists } from '../flist/file-lists.ts';
import { IdLists } from '../flist/id-lists.ts';
import { flistLayout } from '../handshake/negotiate.ts';
import { pruneEmptyDirs } from '../flist/prune.ts';
import { mungeLink } from '../flist/unsafe-link.ts';
import { changeMode } from '../options/chmod.ts';
import { isDir, isLink, isReg } from '../wire/constants.ts';
import { MORE } from '../wire/peer-input.ts';
import { countKind } from './delete-stats.ts';

/** What a client may receive: names its arguments stand for and its own filters let through (reference R17, R18). */
export interface Expectation {
  /** Whether a top-level name ('.' = the destination folder itself) may appear. */
  topName(name: ByteString): boolean;
  /** Whether a folder's contents may be sent, and what it has beside them be deleted: not a parent alone (`-R`). */
  mayHaveContents(name: ByteString): boolean;
  /** Whether our own transmitted rules hide the name. */
  hidden(name: ByteString, isDir: boolean): boolean;
}

/** Reads file lists and sub-lists, checks them, and keeps what both receiving roles need to know of them. */
export class ListReceiver {
  readonly decoder: FlistDecoder;
  readonly counts = { total: 0, regular: 0, dirs: 0, links: 0, devices: 0, specials: 0, totalSize: 0, flistBytes: 0 };
  /** Active directories by name, '.' for the root; without those whose attributes are left alone (`--no-implied-dirs`). */
  readonly dirs = new Map<ByteString, FileEntry>();
  /** Whether a rule of this side names a directory, so that it is not pruned (`-m`). */
  namesDir: (name: ByteString) => boolean = () => false;
  /** Whether links are stored so that they lead nowhere (`--munge-links`). */
  mungesLinks = false;
  /** Whether the sending half is this process: what `--chmod` makes of a mode is then what its ACL belongs to. */
  local = false;
  /** Whether somebody keeps the entries of lists that are finished: then they count as held. */
  areKept = false;
  userNames: Map<number, ByteString>;
  groupNames: Map<number, ByteString>;

  readonly #conn: Connection;
  readonly #lists: FileLists;
  readonly #expectation: Expectation | null;

  constructor(conn: Connection, lists: FileLists, expectation: Expectation | null) {
    this.#conn = conn;
    this.#lists = lists;
    this.#expectation = expectation;
    const { charset, agreed } = conn;
    const naming = charset && { charset, links: agreed.convertsLinks, lost: (what: string) => this.#lost(what) };
    this.decoder = new FlistDecoder(flistLayout(agreed, conn.options), { naming });
    this.userNames = this.decoder.uidNames;
    this.groupNames = this.decoder.gidNames;
  }

  async readFirst(): Promise<FileList> {
    const { agreed, options, input, progress } = this.#conn;
    const before = input.received;
    const entries = await this.#readEntries();
    if (!agreed.incRecurse) {
      const tail = new IdLists(flistLayout(agreed, options));
      while (await input.parse(tail.step));
      this.userNames = tail.users;
      this.groupNames = tail.groups;
      this.#conn.ioError |= tail.ioError;
      progress.listComplete = true;
    }
    this.counts.flistBytes += input.received - before;
    const list = this.#accept(entries, -1);
    // Before the first item: who prints the list's length waits for nothing else.
    this.#conn.tick(true);
    return list;
  }

  /** Reads the sub-list announced by `dirIndex` (reference §6.13); one that is not due is refused before it is read. */
  async readSubList(dirIndex: number): Promise<FileList> {
    if (!this.#lists.allDirs[dirIndex] || this.#lists.isListed(dirIndex))
      throw fail('protocol', 'flist-structure', 'The peer announced the contents of a folder that is not due');
    const before = this.#conn.input.received;
    const entries = await this.#readEntries();
    this.counts.flistBytes += this.#conn.input.received - before;
    return this.#accept(entries, dirIndex);
  }

  /** The oldest list is finished. */
  releaseFirst(): void {
    const { first } = this.#lists;
    if (first !== null && !this.areKept) this.decoder.release(first.entries);
    this.#lists.dropFirst();
  }

  async #readEntries(): Promise<FileEntry[]> {
    const { input } = this.#conn;
    const entries: FileEntry[] = [];
    for (;;) {
      const next = input.tryParse((r) => this.decoder.readEntry(r));
      if (next === MORE) {
        await input.fill();
      } else if ('end' in next) {
        if (next.ioError !== 0) this.#conn.ioError |= next.ioError & 7;
        return entries;
      } else {
        entries.push(next);
        if ((entries.length & 1023) === 0 && this.#conn.sliceOver) await this.#conn.pause();
      }
    }
  }

  #accept(entries: FileEntry[], dirIndex: number): FileList {
    const { progress, options } = this.#conn;
    if (options.chmod.length > 0 || this.mungesLinks) for (const entry of entries) this.#adapt(entry);
    const list = this.#lists.add(entries, dirIndex);
    if (options.pruneEmptyDirs) pruneEmptyDirs(list.entries, this.namesDir);
    for (const entry of list.entries) {
      this.#count(entry);
      if (entry.flags & EntryFlag.INACTIVE) continue;
      const name = entryName(entry);
      if (entry.dir === '') this.#checkTop(name);
      // Rules do not apply to the parents of what was named.
      const implied = options.relative && isImplied(entry);
      if (name !== '.' && !implied && this.#expectation?.hidden(name, isDir(entry.mode))) {
        throw fail(
          'protocol',
          'excluded-sent',
          `The server sent ${displayPath(bytesToText(name))}, which the filters exclude`,
          { exitCode: 4 },
        );
      }
      if (isDir(entry.mode)) {
        this.#checkContents(entry, name);
        if (options.impliedDirs || !isImplied(entry)) this.dirs.set(name, entry);
      }
    }
    progress.filesTotal = this.counts.total;
    progress.bytesTotal = this.counts.totalSize;
    return list;
  }

  /** What cannot be called as the sender calls it is not made, and what stands there is not taken for gone. */
  #lost(what: string): void {
    this.#conn.issue({ code: 'write-failed', name: '', message: `cannot convert ${what} (--iconv)`, ioError: 1 });
  }

  #checkContents(entry: FileEntry, name: ByteString): void {
    if (!(entry.flags & EntryFlag.CONTENT_DIR) || !this.#expectation || this.#expectation.mayHaveContents(name)) return;
    if (!this.#conn.agreed.dialect.contentFlags) {
      // Nobody said so: it was guessed.
      entry.flags &= ~EntryFlag.CONTENT_DIR;
      return;
    }
    const shown = displayPath(bytesToText(name));
    throw fail('protocol', 'unrequested', `The server sent ${shown} with its contents, which was not asked for`, {
      exitCode: 4,
    });
  }

  /** What this side's options make of an entry. */
  #adapt(entry: FileEntry): void {
    const { chmod } = this.#conn.options;
    if (!isLink(entry.mode)) {
      if (this.local && entry.extra?.acl !== undefined) entry.extra.aclMode = entry.mode;
      if (entry.mode !== 0) entry.mode = changeMode(entry.mode, isDir(entry.mode), chmod);
    } else if (this.mungesLinks && entry.extra?.link !== undefined) entry.extra.link = mungeLink(entry.extra.link);
  }

  #checkTop(name: ByteString): void {
    if (this.#expectation && !this.#expectation.topName(name)) {
      throw fail(
        'protocol',
        'unrequested',
        `The server sent ${displayPath(bytesToText(name))}, which was not asked for`,
        { exitCode: 4 },
      );
    }
  }

  #count(entry: FileEntry): void {
    countKind(this.counts, entry.mode);
    if (isReg(entry.mode) || isLink(entry.mode)) this.counts.totalSize += entry.size;
  }
}
