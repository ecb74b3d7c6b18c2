import { toErrorData } from '../../../shared/errors.ts';
import { bytesToText, displayPath, joinPath, type ByteString } from '../../../shared/model/path.ts';
import type { Connection } from '../connection.ts';
import type { FilterChain } from '../filter/chain.ts';
import type { FileEntry } from '../flist/entry.ts';
import { compareEntries } from '../flist/sort.ts';
import { IoError, isDir } from '../wire/constants.ts';
import { countDeletion, noDeletions } from './delete-stats.ts';
import type { Destination } from './destination.ts';

/** Removes what the source no longer has (reference §7.12). Names are from the transfer root. */
export class Deleter {
  readonly stats = noDeletions();
  readonly #conn: Connection;
  readonly #destination: Destination;
  readonly #filters: FilterChain;
  readonly #report: (name: ByteString, isDir: boolean) => void;
  /** Called with the directory whose entries changed. */
  readonly #touched: (dir: ByteString) => void;
  #saidSkipped = false;

  constructor(
    conn: Connection,
    destination: Destination,
    filters: FilterChain,
    report: (name: ByteString, isDir: boolean) => void,
    touched: (dir: ByteString) => void,
  ) {
    this.#conn = conn;
    this.#destination = destination;
    this.#filters = filters;
    this.#report = report;
    this.#touched = touched;
  }

  /** Removes entries of one content directory that `keep` does not know. Nothing is removed after a listing error. */
  inDir(dir: ByteString, keep: (base: ByteString) => boolean): void {
    if (this.#conn.ioError & IoError.GENERAL) {
      if (!this.#saidSkipped) {
        this.#saidSkipped = true;
        this.#conn.issue({
          code: 'delete-skipped-io-error',
          name: dir,
          message: 'The source could not be listed completely, so nothing is deleted',
          ioError: 0,
        });
      }
      return;
    }
    const rel = dir === '.' ? '' : dir;
    this.#filters.enter(rel);
    for (const entry of this.#list(rel, (base) => !keep(base))) {
      if (this.#filters.check(nameOf(entry), isDir(entry.mode)) === 'exclude') continue;
      this.#remove(entry, true);
    }
  }

  /** The entries that `inDir` would remove, as far as names tell. */
  namesIn(dir: ByteString, keep: (base: ByteString) => boolean): ByteString[] {
    const handle = this.#destination.dir(dir === '.' ? '' : dir);
    return handle === null ? [] : handle.readdir().filter((base) => !keep(base));
  }

  /**
   * Clears a directory that stands where something else is to go. Its contents are reported, it itself is not, as
   * rsync does.
   * @returns whether it is gone
   */
  makeWay(entry: FileEntry, recursive: boolean): boolean {
    return this.#remove(entry, recursive, true);
  }

  /** Entries in reverse sort order, as rsync deletes them. */
  #list(rel: ByteString, wanted: (base: ByteString) => boolean): FileEntry[] {
    const handle = this.#destination.dir(rel);
    if (!handle) return [];
    const entries: FileEntry[] = [];
    for (const base of handle.readdir()) {
      if (!wanted(base)) continue;
      const stat = handle.lstat(base);
      if (stat)
        entries.push({
          dir: rel,
          base,
          mode: stat.mode,
          size: stat.size,
          mtime: 0,
          nsec: 0,
          uid: 0,
          gid: 0,
          flags: 0,
          root: 0,
          extra: null,
        });
    }
    return entries.sort((a, b) => compareEntries(b, a));
  }

  #remove(entry: FileEntry, recursive: boolean, silent = false): boolean {
    const name = nameOf(entry);
    const dir = isDir(entry.mode);
    const { dryRun } = this.#conn.options;
    try {
      if (dir && recursive) {
        let kept = false;
        this.#filters.enter(name);
        for (const child of this.#list(name, () => true)) {
          if (this.#filters.check(nameOf(child), isDir(child.mode), true) === 'exclude' || !this.#remove(child, true))
            kept = true;
        }
        if (kept) {
          this.#conn.emit({
            type: 'message',
            level: 'info',
            from: 'local',
            text: `cannot delete non-empty directory: ${name}\n`,
          });
          return false;
        }
      }
      if (!dryRun) {
        const handle = this.#destination.dir(entry.dir);
        if (!handle) return true;
        if (dir) {
          handle.rmdir(entry.base);
          this.#destination.changed(name);
        } else handle.unlink(entry.base);
        this.#touched(entry.dir);
      }
    } catch (error) {
      const { message, details } = toErrorData(error);
      this.#conn.issue({
        code: 'delete-failed',
        name,
        errno: typeof details?.['errno'] === 'string' ? details['errno'] : undefined,
        message: `${displayPath(bytesToText(name))} could not be deleted: ${message}`,
        ioError: 0,
      });
      return false;
    }
    if (!silent) {
      countDeletion(this.stats, entry.mode);
      this.#report(name, dir);
    }
    return true;
  }
}

function nameOf(entry: FileEntry): ByteString {
  return joinPath(entry.dir, entry.base);
}
