import type { ByteString } from '../../../shared/model/path.ts';
import type { FilterRule } from '../filter/rule.ts';
import { SenderFilters } from '../filter/sender-filters.ts';
import type { SourceFs } from '../fs/fs.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import { EntryFlag, entryName, type FileEntry } from './entry.ts';
import { SourceScan } from './scan.ts';
import { compareEntries } from './sort.ts';

/** Entries listed ahead at most: what a sender is ahead of its peer by (`FAR_AHEAD` in roles/list-sender.ts). */
const MOST_ENTRIES = 10_000;
/** A folder whose own size says that it holds more than that, in bytes: half of its names would be read in vain. */
const LARGE_FOLDER = 1 << 20;
/** Entries, and milliseconds, after which whoever makes the connection gets a turn. */
const PIECE = 32;
const SLICE_MS = 2;
/** A login may wait for its user: what was listed longer ago, in milliseconds, is listed again. */
const GOOD_FOR_MS = 2000;

/** Thrown where a folder has something to report: it is left to the scan that may. */
const NOTICE = new Error('to be reported');

/**
 * Lists the first folders of a source while its peer is being reached: a login takes a tenth of a second, most of it
 * waiting, and lists of ten thousand files take as long. Each folder is given out once, to the scan of the conversation,
 * which lists the others. Nothing is told from here: a folder with trouble is left alone.
 */
export class ScanAhead {
  readonly #folders = new Map<string, { entries: FileEntry[]; at: number }>();
  #listed = 0;
  #stopped = false;

  /** Whether what is listed depends on nothing that is not known yet, and folders are descended into. */
  static suits(options: TransferOptions, rules: readonly FilterRule[]): boolean {
    const { recursive, relative, checksum, acls, xattrs, filesFrom } = options;
    if (!recursive || relative || checksum || acls || xattrs > 0 || filesFrom !== null) return false;
    return rules.every(({ kind }) => kind === 'pattern');
  }

  /** Lists until there is enough or {@link stop}. It never rejects. */
  async run(
    fs: SourceFs,
    args: readonly ByteString[],
    options: TransferOptions,
    rules: readonly FilterRule[],
  ): Promise<void> {
    const filters: SenderFilters = new SenderFilters(rules, (root) => scan.roots[root]!.base);
    const scan: RecordingScan = new RecordingScan(fs, args, options, filters, (dir, entries) => {
      this.#folders.set(keyOf(dir), { entries, at: Date.now() });
    });
    let sliceStart = performance.now();
    try {
      for (const _ of this.#pieces(scan)) {
        if (this.#stopped) return;
        if (performance.now() - sliceStart < SLICE_MS) continue;
        await new Promise((resolve) => setImmediate(resolve));
        sliceStart = performance.now();
      }
    } catch {
      // The scan of the conversation finds it, too, and tells.
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  /** @returns what a folder holds, if it was listed a moment ago; the next time it was not */
  take(dir: FileEntry): FileEntry[] | undefined {
    const key = keyOf(dir);
    const found = this.#folders.get(key);
    this.#folders.delete(key);
    return found && Date.now() - found.at < GOOD_FOR_MS ? found.entries : undefined;
  }

  /** Goes through the tree in the order in which lists are sent, and stops after each piece. */
  *#pieces(scan: RecordingScan): Generator<void> {
    const due: FileEntry[] = [];
    const queue = (dirs: FileEntry[]): void => {
      for (const dir of dirs.sort((a, b) => compareEntries(b, a))) due.push(dir);
    };
    let found: FileEntry[] = [];
    for (const piece of scan.scanAll()) {
      found.push(...piece.filter(descends));
      this.#listed += piece.length;
      yield;
    }
    for (queue(found); due.length > 0 && this.#listed < MOST_ENTRIES; queue(found)) {
      const dir = due.pop()!;
      found = [];
      try {
        for (const piece of scan.scanDirBatches(dir)) {
          found.push(...piece.filter(descends));
          this.#listed += piece.length;
          yield;
        }
      } catch (error) {
        if (error !== NOTICE) throw error;
      }
    }
  }
}

/** Several arguments may name one folder, and bring it under different names. */
const keyOf = (dir: FileEntry): string => `${dir.root}:${entryName(dir)}`;

/** The root of a transfer comes with its contents. */
const descends = ({ base, flags }: FileEntry): boolean => base !== '.' && (flags & EntryFlag.CONTENT_DIR) !== 0;

/** A scan in small pieces that keeps what it finds, and is given up where it would tell something. */
class RecordingScan extends SourceScan {
  readonly #onListed: (dir: FileEntry, entries: FileEntry[]) => void;

  constructor(
    fs: SourceFs,
    args: readonly ByteString[],
    options: TransferOptions,
    filters: SenderFilters,
    onListed: (dir: FileEntry, entries: FileEntry[]) => void,
  ) {
    const giveUp = (): never => {
      throw NOTICE;
    };
    super(
      fs,
      args,
      { ...options, incRecurse: true },
      (name, isDir, root) => filters.excludes(name, isDir, root),
      { issue: giveUp, message: giveUp },
      PIECE,
    );
    this.#onListed = onListed;
  }

  override *scanDirBatches(dir: FileEntry): Generator<FileEntry[]> {
    if (dir.size > LARGE_FOLDER) return;
    const entries: FileEntry[] = [];
    for (const piece of super.scanDirBatches(dir)) {
      entries.push(...piece);
      yield piece;
    }
    this.#onListed(dir, entries);
  }
}
