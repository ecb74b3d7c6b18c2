import { fail, toErrorData } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import type { Connection } from '../connection.ts';
import { EntryFlag, entryName, type FileEntry } from '../flist/entry.ts';
import type { FileList } from '../flist/file-lists.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import type { Deleter, Standing } from './delete.ts';
import type { ReceiveState } from './receive-state.ts';

/** An empty folder that was taken out of the list (`-m`) is not kept. */
const isActive = (entry: FileEntry): boolean => !(entry.flags & EntryFlag.INACTIVE);

/** When deletion happens (reference §7.12): before, folder by folder, noted then and done late, or after. */
export class Deletion {
  readonly #state: ReceiveState;
  readonly #conn: Connection;
  readonly #deleter: Deleter;
  /** Whether deletions are found folder by folder, as lists arrive. */
  readonly #byFolder: boolean;
  readonly #mode: TransferOptions['deleteMode'];
  /** Children by directory, for a list of the whole tree. */
  #children: Map<ByteString, Set<ByteString>> | null = null;
  /** `--delete-delay`: what was found to be superfluous, by folder. */
  readonly #delayed: { dir: ByteString; doomed: readonly Standing[] }[] = [];

  constructor(state: ReceiveState, deleter: Deleter) {
    this.#state = state;
    this.#conn = state.conn;
    this.#deleter = deleter;
    const { options, agreed } = state.conn;
    const untimed = options.deleteMode === 'default';
    this.#mode = untimed && !agreed.dialect.deletesOnTheWay ? 'before' : options.deleteMode;
    this.#byFolder = this.#mode !== 'none' && this.#mode !== 'before' && this.#mode !== 'after';
  }

  /** Before anything is examined: `--delete-before`. */
  async first(): Promise<void> {
    if (this.#mode === 'before') await this.#everywhere();
  }

  /**
   * A folder is being examined: deletes in it, or notes what is to go for later.
   * @param list its own sub-list, or null to look it up in the list of the whole tree
   */
  inFolder(folder: FileEntry, list: FileList | null): void {
    if (!this.#byFolder || !(folder.flags & EntryFlag.CONTENT_DIR)) return;
    const dir = entryName(folder);
    const kept = list ? new Set(list.entries.filter(isActive).map((entry) => entry.base)) : this.#childrenOf(dir);
    const keep = (base: ByteString) => kept?.has(base) ?? false;
    if (this.#mode !== 'delay') return this.#delete(dir, keep);
    this.#guarded(dir, () => {
      const doomed = this.#deleter.find(dir, keep);
      if (doomed.length > 0) this.#delayed.push({ dir, doomed });
    });
  }

  /** A name that `--delete-missing-args` wants gone. */
  missing(entry: FileEntry): void {
    this.#guarded(entryName(entry), () => this.#deleter.missing(entry));
  }

  /** After all transfers: `--delete-after`, what `--delete-delay` noted, and what is to be said of all deletions. */
  async last(): Promise<void> {
    if (this.#mode === 'after' || this.#mode === 'delay') this.#deleter.startOver();
    if (this.#mode === 'after') await this.#everywhere();
    for (const { dir, doomed } of this.#delayed) {
      this.#guarded(dir, () => this.#deleter.found(doomed));
      if (this.#conn.sliceOver) await this.#conn.pause();
    }
    this.#deleter.sayLimit();
  }

  /** Every content directory in list order. */
  async #everywhere(): Promise<void> {
    // Sub-lists are dropped when they are done: what is not in a list that is still here is not known to be gone.
    if (this.#conn.agreed.incRecurse) throw fail('internal', 'deletion-without-list', 'Deletion needs the whole list.');
    for (const [name, entry] of this.#state.received.dirs) {
      if (!(entry.flags & EntryFlag.CONTENT_DIR)) continue;
      const kept = this.#childrenOf(name);
      this.#delete(name, (base) => kept?.has(base) ?? false);
      if (this.#conn.sliceOver) await this.#conn.pause();
    }
  }

  #delete(dir: ByteString, keep: (base: ByteString) => boolean): void {
    this.#guarded(dir, () => this.#deleter.inDir(dir, keep));
  }

  /** Trouble with one folder is an issue of the run, not its end. */
  #guarded(dir: ByteString, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#conn.check();
      this.#conn.issue({ code: 'delete-failed', name: dir, message: toErrorData(error).message, ioError: 0 });
    }
  }

  #childrenOf(dir: ByteString): Set<ByteString> | undefined {
    if (this.#children === null) {
      this.#children = new Map();
      for (const work of this.#state.works) {
        for (const entry of work.list.entries) {
          if (entry.base === '.' || !isActive(entry)) continue;
          const names = this.#children.get(entry.dir);
          if (names) names.add(entry.base);
          else this.#children.set(entry.dir, new Set([entry.base]));
        }
      }
    }
    return this.#children.get(dir === '.' ? '' : dir);
  }
}
