import type { Connection } from '../connection.ts';
import type { SumHead } from '../delta/sum-head.ts';
import { entryName, type FileEntry } from '../flist/entry.ts';
import type { FileList, FileLists } from '../flist/file-lists.ts';
import type { PlanItem } from '../../../shared/plan-codec.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import type { ReceiverAbilities } from '../plan/decide.ts';
import type { Stat } from '../fs/fs.ts';
import { attributesFor } from './attributes.ts';
import { Destination } from './destination.ts';
import type { ListReceiver } from './list-receiver.ts';

/** One file list on its way through the generator. */
export interface ListWork {
  list: FileList;
  /** Requests without a result yet, redo requests included. */
  outstanding: number;
  examined: boolean;
}

/** A content request whose reply has not come. */
export interface Pending {
  ndx: number;
  entry: FileEntry;
  work: ListWork;
  /** The sum head this side generated; block numbers mean nothing else (R25). */
  head: SumHead;
  existing: Stat | null;
  again: boolean;
}

/**
 * What generator and receiver share: the internal channel that never crosses the wire (reference §0.2). The receiver
 * only sets state and wakes the generator; all writing to the peer is the generator's.
 */
export class ReceiveState {
  readonly pending = new Map<number, Pending>();
  readonly redo: Pending[] = [];
  /** Lists not yet finished, oldest first. */
  readonly works: ListWork[] = [];
  /** Lists not yet examined, oldest first. */
  readonly unexamined: ListWork[] = [];
  listsComplete = false;
  /** NDX_DONEs received after the last list: 1 = first pass answered, 2 = redo, 3 = delayed updates. */
  phase = 0;
  /** Everything up to the goodbye was read. */
  finished = false;
  readonly dirtyDirs = new Set<ByteString>();
  readonly totals = {
    transferred: 0,
    transferredSize: 0,
    literal: 0,
    matched: 0,
    created: { total: 0, regular: 0, dirs: 0, links: 0, devices: 0, specials: 0 },
  };
  readonly umask: number;
  readonly planned: Map<ByteString, PlanItem> | null;

  readonly conn: Connection;
  readonly lists: FileLists;
  readonly received: ListReceiver;
  readonly destination: Destination;
  readonly abilities: ReceiverAbilities;
  #wake: (() => void) | null = null;
  #woken = false;

  constructor(
    conn: Connection,
    lists: FileLists,
    received: ListReceiver,
    destination: Destination,
    abilities: ReceiverAbilities,
    planned: Map<ByteString, PlanItem> | null,
  ) {
    this.conn = conn;
    this.lists = lists;
    this.received = received;
    this.destination = destination;
    this.abilities = abilities;
    this.planned = planned;
    this.umask = process.umask();
  }

  /** Told of each list as it arrives; for `--list-only`. */
  onList: (list: FileList) => void = () => {};

  addList(list: FileList): void {
    this.onList(list);
    const work: ListWork = { list, outstanding: 0, examined: false };
    this.works.push(work);
    this.unexamined.push(work);
    this.wake();
  }

  /** The result of a request is known. */
  settle(pending: Pending): void {
    this.pending.delete(pending.ndx);
    pending.work.outstanding--;
    this.wake();
  }

  /** The first attempt failed verification: the generator will ask again. */
  requeue(pending: Pending): void {
    this.pending.delete(pending.ndx);
    this.redo.push({ ...pending, again: true });
    this.wake();
  }

  /** Marks a directory whose time (and mode) must be set again at the end. */
  touch(dir: ByteString): void {
    this.dirtyDirs.add(dir === '' ? '.' : dir);
  }

  /** Sets the final attributes of every directory that changed, deepest first. */
  retouchDirs(): void {
    const { options } = this.conn;
    if (options.dryRun) return;
    const names = [...this.dirtyDirs].filter((name) => this.received.dirs.has(name)).sort((a, b) => (a < b ? 1 : -1));
    for (const name of names) {
      const entry = this.received.dirs.get(name)!;
      try {
        this.setDirAttributes(entry, false);
      } catch (error) {
        this.conn.issue({
          code: 'attributes-failed',
          name,
          message: error instanceof Error ? error.message : String(error),
          ioError: 0,
        });
      }
    }
  }

  /**
   * Attributes of an existing directory.
   * @param working keep it writable for us until everything inside is done
   */
  setDirAttributes(entry: FileEntry, working: boolean): void {
    const { destination, conn, abilities } = this;
    const stat = this.statOf(entry);
    if (!stat) return;
    const wanted = attributesFor(entry, stat, conn.options, abilities, this.umask);
    const mode = working && wanted.mode !== null ? wanted.mode | 0o700 : wanted.mode;
    if (working && mode !== wanted.mode) this.touch(entryName(entry));
    const attributes = { ...wanted, mode };
    const place = destination.place(entry);
    place?.dir.setAttributes(place.name, attributes, false);
  }

  statOf(entry: FileEntry): Stat | null {
    const place = this.destination.place(entry);
    return place ? place.dir.lstat(place.name) : null;
  }

  wake(): void {
    this.#woken = true;
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  /** Resolves at the next `wake` (or at once if one came since the last wait). */
  async changed(): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#woken = false;
    this.conn.check();
  }
}
