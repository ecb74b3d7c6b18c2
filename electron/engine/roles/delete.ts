import { DriftlineError, toErrorData } from '../../../shared/errors.ts';
import { bytesToText, displayPath, type ByteString } from '../../../shared/model/path.ts';
import type { Connection } from '../connection.ts';
import type { FilterChain } from '../filter/chain.ts';
import { entryName, type FileEntry } from '../flist/entry.ts';
import { compareEntries } from '../flist/sort.ts';
import type { DestinationDir, Stat } from '../fs/fs.ts';
import { infoLevel } from '../options/info-words.ts';
import { IoError, isDir } from '../wire/constants.ts';
import type { Backup } from './backup.ts';
import { countDeletion, noDeletions } from './delete-stats.ts';
import type { Destination } from './destination.ts';

const NOT_EMPTY = ['ENOTEMPTY', 'EEXIST'];

/** Something at the destination, with what deleting it needs to know. */
export interface Standing {
  /** Its folder from the transfer root, '' at the top. */
  readonly dir: ByteString;
  readonly base: ByteString;
  readonly mode: number;
  readonly stat: Stat;
  /** Whether another file system begins there, with `-x`. */
  readonly isMount: boolean;
}

/** Removes what the source no longer has (reference §7.12). Names are from the transfer root. */
export class Deleter {
  readonly stats = noDeletions();
  readonly #conn: Connection;
  readonly #destination: Destination;
  readonly #filters: FilterChain;
  readonly #backup: Backup;
  readonly #report: (name: ByteString, isDir: boolean, mode: number) => void;
  /** Called with the directory whose entries changed. */
  readonly #touched: (dir: ByteString) => void;
  #saidSkipped = false;
  #deleted = 0;
  /** What `--max-delete` kept. */
  #overLimit = 0;

  constructor(
    conn: Connection,
    destination: Destination,
    filters: FilterChain,
    backup: Backup,
    report: (name: ByteString, isDir: boolean, mode: number) => void,
    touched: (dir: ByteString) => void,
  ) {
    this.#conn = conn;
    this.#destination = destination;
    this.#filters = filters;
    this.#backup = backup;
    this.#report = report;
    this.#touched = touched;
  }

  /** Forgets rule files read so far: the transfer may have replaced them. */
  startOver(): void {
    this.#filters.leaveAll();
  }

  /** Removes entries of one content directory that `keep` does not know. Nothing is removed after a listing error. */
  inDir(dir: ByteString, keep: (base: ByteString) => boolean): void {
    for (const item of this.find(dir, keep)) this.#remove(item, false);
  }

  /** What `inDir` would remove, last one first. */
  find(dir: ByteString, keep: (base: ByteString) => boolean): Standing[] {
    const rel = dir === '.' ? '' : dir;
    // Nothing is said of a folder that there is nothing in.
    if (this.#destination.dir(rel) === null || this.#isOff(dir)) return [];
    this.#filters.enter(rel);
    return this.#list(rel, (base) => !keep(base)).filter((item) => {
      if (this.#filters.check(entryName(item), isDir(item.mode)) === 'exclude') return false;
      return !this.#isKeptMount(item, `cannot delete mount point: ${entryName(item)}`);
    });
  }

  /** Removes what `find` found earlier in one directory. */
  found(items: readonly Standing[]): void {
    if (items.length > 0) this.#filters.enterPath(items[0]!.dir);
    for (const item of items) this.#remove(item, false);
  }

  /** A name whose source argument does not exist (`--delete-missing-args`). */
  missing(entry: FileEntry): void {
    const item = this.#standing(entry.dir, entry.base);
    if (item === null) return;
    this.#filters.enterPath(entry.dir);
    if (this.#filters.check(entryName(entry), isDir(item.mode)) === 'exclude') return;
    const { deleteMode, force } = this.#conn.options;
    if (deleteMode !== 'none' || force || this.#isBare(item)) this.#remove(item, false);
  }

  /**
   * Clears a directory that stands where something else is to go. Its contents are reported, it itself is not, as
   * rsync does.
   * @returns whether it is gone
   */
  makeWay(entry: FileEntry, recursive: boolean): boolean {
    const item = this.#standing(entry.dir, entry.base);
    if (item === null) return true;
    this.#filters.enterPath(entry.dir);
    return (recursive || this.#isBare(item)) && this.#remove(item, true);
  }

  /** Says how much `--max-delete` has kept. */
  sayLimit(): void {
    if (this.#overLimit === 0) return;
    this.#conn.ioError |= IoError.DEL_LIMIT;
    const text = `Deletions stopped due to --max-delete limit (${this.#overLimit} skipped)\n`;
    this.#conn.emit({ type: 'message', level: 'warning', from: 'local', text });
    this.#overLimit = 0;
  }

  #isOff(dir: ByteString): boolean {
    if (!(this.#conn.ioError & IoError.GENERAL) || this.#conn.options.ignoreErrors) return false;
    if (!this.#saidSkipped) {
      this.#saidSkipped = true;
      this.#conn.issue({
        code: 'delete-skipped-io-error',
        name: dir,
        message: 'The source could not be listed completely, so nothing is deleted',
        ioError: 0,
      });
    }
    return true;
  }

  #standing(dir: ByteString, base: ByteString): Standing | null {
    const handle = this.#destination.dir(dir);
    const stat = handle?.lstat(base);
    return handle && stat ? this.#item(handle, dir, base, stat) : null;
  }

  #item(handle: DestinationDir, dir: ByteString, base: ByteString, stat: Stat): Standing {
    const isMount = this.#conn.options.oneFileSystem > 0 && isDir(stat.mode) && stat.dev !== handle.lstat('.')?.dev;
    return { dir, base, mode: stat.mode, stat, isMount };
  }

  /** Entries in reverse sort order, as rsync deletes them. */
  #list(rel: ByteString, wanted: (base: ByteString) => boolean): Standing[] {
    const handle = this.#destination.dir(rel);
    if (!handle) return [];
    const items: Standing[] = [];
    for (const base of handle.readdir()) {
      if (!wanted(base)) continue;
      const stat = handle.lstat(base);
      if (stat) items.push(this.#item(handle, rel, base, stat));
    }
    return items.sort((a, b) => compareEntries(b, a));
  }

  #isKeptMount(item: Standing, notice: ByteString): boolean {
    if (item.isMount && infoLevel(this.#conn.options, 'mount') > 0) this.#say(notice);
    return item.isMount;
  }

  /** Says so if a folder that only goes when it is empty is not. */
  #isBare(item: Standing): boolean {
    if (!isDir(item.mode)) return true;
    const name = entryName(item);
    const bare = (this.#destination.dir(name)?.readdir().length ?? 0) === 0;
    if (!bare) this.#notEmpty(name);
    return bare;
  }

  /** Removes one item, a folder with all that is in it. @returns whether it is gone */
  #remove(item: Standing, silent: boolean): boolean {
    if (isDir(item.mode) && !this.#emptied(item)) return false;
    return this.#take(item, silent);
  }

  /** Empties a folder as far as rules and the limit allow. @returns whether nothing is left */
  #emptied(folder: Standing): boolean {
    return this.#guarded(folder, () => {
      const name = entryName(folder);
      this.#open(folder);
      this.#filters.enter(name);
      let left = false;
      for (const item of this.#list(name, () => true)) {
        const itemName = entryName(item);
        const pinned = (): boolean => this.#isKeptMount(item, `mount point, ${itemName}, pins parent directory`);
        if (this.#filters.check(itemName, isDir(item.mode), true) === 'exclude' || pinned()) {
          left = true;
          continue;
        }
        // As with rsync, a folder inside another one is tried even if something is left in it.
        const empty = !isDir(item.mode) || this.#emptied(item);
        if (!this.#take(item, false) || !empty) left = true;
      }
      if (left) this.#notEmpty(name);
      return !left;
    });
  }

  /** Removes what has nothing in it, unless the limit is reached. */
  #take(item: Standing, silent: boolean): boolean {
    const { maxDelete } = this.#conn.options;
    if (!silent && maxDelete !== null && this.#deleted >= maxDelete) {
      this.#overLimit++;
      return false;
    }
    if (!this.#guarded(item, () => this.#unlink(item))) return false;
    if (!silent) {
      this.#deleted++;
      countDeletion(this.stats, item.mode);
      this.#report(entryName(item), isDir(item.mode), item.mode);
    }
    return true;
  }

  /** A folder of ours that is closed to us is opened, since it goes anyway. */
  #open(folder: Standing): void {
    const { mode, uid } = folder.stat;
    if (this.#conn.options.dryRun || (mode & 0o200) !== 0 || uid === 0 || uid !== process.getuid?.()) return;
    const attributes = { mode: (mode & 0o7777) | 0o200, uid: null, gid: null, mtime: null, nsec: 0, atime: null };
    this.#destination.dir(folder.dir)?.setAttributes(folder.base, attributes, false);
  }

  #unlink(item: Standing): boolean {
    const { dir, base, stat } = item;
    const handle = this.#destination.dir(dir);
    if (!handle) return true;
    const { dryRun } = this.#conn.options;
    if (!isDir(item.mode)) this.#backup.remove({ dir: handle, name: base }, stat);
    else if (!dryRun) {
      try {
        handle.rmdir(base);
      } catch (error) {
        if (!(error instanceof DriftlineError) || !NOT_EMPTY.includes(String(error.data.details?.['errno'])))
          throw error;
        this.#notEmpty(entryName(item));
        return false;
      }
      this.#destination.changed(entryName(item));
    }
    if (!dryRun) this.#touched(dir);
    return true;
  }

  #guarded(item: Standing, work: () => boolean): boolean {
    try {
      return work();
    } catch (error) {
      this.#conn.check();
      const name = entryName(item);
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
  }

  #notEmpty(name: ByteString): void {
    this.#say(`cannot delete non-empty directory: ${name}`);
  }

  #say(text: ByteString): void {
    this.#conn.emit({ type: 'message', level: 'info', from: 'local', text: `${text}\n` });
  }
}
