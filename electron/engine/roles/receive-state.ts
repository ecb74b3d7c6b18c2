import { toErrorData } from '../../../shared/errors.ts';
import type { Connection } from '../connection.ts';
import type { SumHead } from '../delta/sum-head.ts';
import { entryName, givenName, type FileEntry } from '../flist/entry.ts';
import type { FileList, FileLists } from '../flist/file-lists.ts';
import type { PlanItem } from '../../../shared/plan-codec.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import { sameTime, type ReceiverAbilities } from '../plan/decide.ts';
import type { Stat, XattrDoor } from '../fs/fs.ts';
import { Msg } from '../wire/constants.ts';
import { attributesFor, changedAttributes, setWhatCanBe } from './attributes.ts';
import { Backup } from './backup.ts';
import type { Basis } from './basis.ts';
import { folderMissing, shownName, type Destination, type Place } from './destination.ts';
import type { ExtendedAttributes } from './extended-attributes.ts';
import { LinkGroups } from './link-groups.ts';
import type { ListReceiver } from './list-receiver.ts';
import { PartialFolder } from './partial-folder.ts';
import type { SideDirs } from './side-dirs.ts';

/** One file list on its way through the generator. */
export interface ListWork {
  list: FileList;
  /** Requests without a result yet, redo requests included. */
  outstanding: number;
  examined: boolean;
  /** A batch file has nothing more for it: what is asked for from now on will not come. */
  closed: boolean;
}

/** A content request whose reply has not come. */
export interface Pending {
  ndx: number;
  entry: FileEntry;
  work: ListWork;
  /** The sum head this side generated; block numbers mean nothing else (R25). */
  head: SumHead;
  basis: Basis | null;
  existing: Stat | null;
  again: boolean;
}

const SET_GID = 0o2000;

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
  /** NDX_DONEs the generator sent and those the sender answered: an answer to nothing would end a phase too early. */
  donesSent = 0;
  donesAnswered = 0;
  readonly dirtyDirs = new Set<ByteString>();
  /** Modes of directories that are kept open to us until everything inside is done. */
  readonly #finalModes = new Map<ByteString, number>();
  readonly totals = {
    transferred: 0,
    transferredSize: 0,
    literal: 0,
    matched: 0,
    created: { total: 0, regular: 0, dirs: 0, links: 0, devices: 0, specials: 0 },
  };
  readonly umask: number;
  /** Whether the peer is this process: then names are shown as they were given. */
  local = false;
  readonly planned: Map<ByteString, PlanItem> | null;

  readonly conn: Connection;
  readonly lists: FileLists;
  readonly received: ListReceiver;
  readonly destination: Destination;
  readonly abilities: ReceiverAbilities;
  /** Folders the user named beside the destination. */
  readonly sides: SideDirs;
  readonly backup: Backup;
  /** `-H`: the names of each file that has several; else null. */
  readonly linkGroups: LinkGroups | null;
  /** What became of the content of such names, for the generator, which links the others. */
  readonly linkResults: { entry: FileEntry; placed: boolean }[] = [];
  readonly partials: PartialFolder;
  /** `-A` and `-X`; else null. */
  readonly extended: ExtendedAttributes | null;
  /** What the folder asked about last allows new entries. */
  #defaults: { rel: ByteString; mode: number | null } | null = null;
  #wake: (() => void) | null = null;
  #stirReceiver: (() => void) | null = null;
  #woken = false;

  constructor(
    conn: Connection,
    lists: FileLists,
    received: ListReceiver,
    destination: Destination,
    abilities: ReceiverAbilities,
    planned: Map<ByteString, PlanItem> | null,
    sides: SideDirs,
    extended: ExtendedAttributes | null,
  ) {
    this.conn = conn;
    this.lists = lists;
    this.received = received;
    this.destination = destination;
    this.abilities = abilities;
    this.planned = planned;
    this.sides = sides;
    this.extended = extended;
    if (!conn.options.perms) abilities.defaultMode = (entry) => this.#defaultMode(entry.dir);
    if (extended) {
      abilities.extended = extended;
      extended.onFailed = (entry, error) => this.attributesFailed(entry, error);
    }
    this.backup = new Backup(conn, destination, sides, abilities, (rel) => this.#finalModes.get(rel));
    this.partials = new PartialFolder(conn.options.partialDir, destination, sides);
    this.linkGroups = conn.options.hardLinks ? new LinkGroups() : null;
    this.umask = process.umask();
  }

  /** Told of each list as it arrives; for `--list-only`. */
  onList: (list: FileList) => void = () => {};

  /** Name of an entry where people read it. */
  nameOf(entry: FileEntry): ByteString {
    return this.local ? givenName(entry) : entryName(entry);
  }

  addList(list: FileList): void {
    this.onList(list);
    this.linkGroups?.add(list);
    const work: ListWork = { list, outstanding: 0, examined: false, closed: false };
    this.works.push(work);
    this.unexamined.push(work);
    this.wake();
  }

  /** The result of a request is known. A `delayed` one is told of again when it is placed. */
  settle(pending: Pending, result: 'placed' | 'delayed' | 'failed' = 'failed'): void {
    if (!this.pending.delete(pending.ndx)) return;
    if (result !== 'delayed') this.linked(pending.entry, result === 'placed');
    if (result === 'placed') this.succeeded(pending.ndx, pending.entry);
    pending.work.outstanding--;
    this.wake();
  }

  /** An entry is as it should be: with `--remove-source-files` the sender may remove it (§7.15). */
  succeeded(ndx: number, entry: FileEntry): void {
    const { options, output } = this.conn;
    if (!options.removeSourceFiles || options.dryRun) return;
    if (!this.local) return output.messageInt(Msg.SUCCESS, ndx);
    // In one file system the copy may be the source itself.
    const stat = this.statOf(entry);
    const payload = Buffer.alloc(20);
    payload.writeInt32LE(ndx);
    payload.writeBigUInt64LE(BigInt(stat?.dev ?? 0), 4);
    payload.writeBigUInt64LE(BigInt(stat?.ino ?? 0), 12);
    output.message(Msg.SUCCESS, payload);
  }

  /** Tells the generator what became of a name that others may be linked to. */
  linked(entry: FileEntry, placed: boolean): void {
    if (this.linkGroups === null || entry.extra?.hardLink === undefined) return;
    this.linkResults.push({ entry, placed });
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
        this.setDirAttributes(entry, null, false);
      } catch (error) {
        this.attributesFailed(entry, error);
      }
    }
  }

  /** What was refused is reported; the entry itself is in place. */
  attributesFailed(entry: FileEntry, error: unknown): void {
    const { message, details } = toErrorData(error);
    const errno = details?.['errno'];
    this.conn.issue({
      code: 'attributes-failed',
      name: entryName(entry),
      errno: typeof errno === 'string' ? errno : undefined,
      message,
      ioError: 0,
    });
  }

  /**
   * Attributes of a directory that exists. What is refused becomes an issue.
   * @param before what stood there before this run, or null if the run made it; counts while `working`
   * @param working keep it open to us until everything inside is done
   */
  setDirAttributes(entry: FileEntry, before: Stat | null, working: boolean): void {
    const { conn, abilities } = this;
    const place = this.#folderPlace(entry);
    const stat = place?.dir.lstat(place.name);
    if (!place || !stat) return;
    const name = entryName(entry);
    const wanted = attributesFor(entry, working ? before : stat, conn.options, abilities, this.umask);
    // A new folder takes the set-group bit from the one it is in.
    if (working && before === null && !conn.options.perms && wanted.mode !== null) wanted.mode |= stat.mode & SET_GID;
    // A time that is taken for equal stays.
    if ((before || !working) && sameTime(entry, stat, conn.options)) wanted.mtime = null;
    if (!working) wanted.mode = this.#finalModes.get(name) ?? wanted.mode;
    else if (wanted.mode !== null && (wanted.mode & 0o700) !== 0o700) {
      this.#finalModes.set(name, wanted.mode);
      wanted.mode |= 0o700;
      this.touch(name);
    }
    const refused = setWhatCanBe(place.dir, place.name, changedAttributes(wanted, stat), false);
    if (refused !== null) this.attributesFailed(entry, refused);
  }

  #defaultMode(rel: ByteString): number | null {
    if (this.#defaults?.rel === rel) return this.#defaults.mode;
    const dir = this.destination.dir(rel);
    if (dir === null) return null;
    this.#defaults = { rel, mode: dir.defaultMode() };
    return this.#defaults.mode;
  }

  /** @throws fs `enoent` if there is no such entry */
  xattrsOf(entry: FileEntry): XattrDoor {
    const place = this.destination.place(entry);
    if (!place) throw folderMissing(entry);
    return place.dir.xattrs(place.name);
  }

  /** With `-K` a symlink may stand for a folder: attributes are those of what it leads to. */
  #folderPlace(entry: FileEntry): Place | null {
    const place = this.destination.place(entry);
    if (!place || !this.conn.options.keepDirlinks || place.name === '.') return place;
    const dir = this.destination.dir(entryName(entry));
    return dir ? { dir, name: '.' } : place;
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

  /** The generator has seen every entry of a list. */
  examined(work: ListWork): void {
    work.examined = true;
    this.stirReceiver();
  }

  /** Lets the receiver see what it waits for in `whenExamined`, or the end of the run. */
  stirReceiver(): void {
    const stir = this.#stirReceiver;
    this.#stirReceiver = null;
    stir?.();
  }

  /** Resolves when the generator has asked for all it wants of a list, or once the list is finished. */
  async whenExamined(list: FileList | null): Promise<ListWork | undefined> {
    for (;;) {
      this.conn.check();
      const work = this.works.find((each) => each.list === list);
      if (!work || work.examined) return work;
      await new Promise<void>((resolve) => (this.#stirReceiver = resolve));
    }
  }

  /** A batch file does not have what was asked for. */
  notInBatch(pending: Pending): void {
    const { entry, again } = pending;
    const message = `(No batched update for${again ? ' resend of' : ''} "${shownName(entry)}")`;
    this.conn.issue({ code: 'write-failed', name: entryName(entry), message, ioError: 0 });
    this.settle(pending);
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
