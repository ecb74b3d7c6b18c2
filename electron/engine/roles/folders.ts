import type { ByteString } from '../../../shared/model/path.ts';
import { entryName, isImplied, type FileEntry } from '../flist/entry.ts';
import type { Stat } from '../fs/fs.ts';
import { decide } from '../plan/decide.ts';
import { ItemFlag } from '../wire/constants.ts';
import type { AltDest } from './alt-dest.ts';
import { folderMissing } from './destination.ts';
import { isAsPlanned, itemFailed } from './item-trouble.ts';
import type { Items } from './items.ts';
import type { LocalItems } from './local-items.ts';
import type { ReceiveState } from './receive-state.ts';
import type { SkipNotices } from './skip-notices.ts';

/** The items of folders: they are made before what goes into them, and get their final attributes at the end. */
export class Folders {
  readonly #state: ReceiveState;
  readonly #items: Items;
  readonly #locals: LocalItems;
  readonly #notices: SkipNotices;
  readonly #alternates: AltDest | null;
  /** Folders that were not made, so that nothing goes below them. */
  readonly #barred = new Set<ByteString>();

  constructor(state: ReceiveState, items: Items, locals: LocalItems, notices: SkipNotices, alternates: AltDest | null) {
    this.#state = state;
    this.#items = items;
    this.#locals = locals;
    this.#notices = notices;
    this.#alternates = alternates;
  }

  /** Whether the folder of an entry could not be made, so that the entry is passed over. */
  isBarred(entry: FileEntry): boolean {
    return this.#barred.size > 0 && this.#barred.has(entry.dir);
  }

  /** The item of a directory: make it or set its attributes (§7.3). */
  examine(ndx: number, entry: FileEntry): void {
    const state = this.#state;
    const { options } = this.#state.conn;
    const name = entryName(entry);
    if (this.isBarred(entry)) {
      this.#barred.add(name);
      return;
    }
    try {
      if (options.relative && !options.impliedDirs && isImplied(entry)) return this.#impliedFolder(entry, name);
      if (name === '.') return this.#root(ndx, entry);
      const place = state.destination.place(entry);
      const view = place && this.#locals.folderView(entry, place);
      const decision = decide(entry, view, options, state.abilities);
      if (decision.action === 'skip') {
        this.#notices.tell(entry, decision, view);
        if (view === null) this.#barred.add(name);
        return;
      }
      if (!isAsPlanned(state, entry, decision)) return;
      if (decision.makeWay && !this.#locals.clear(entry, place!, view!.stat)) {
        this.#barred.add(name);
        return;
      }
      if (!options.dryRun) {
        if (place === null) throw folderMissing(entry);
        const before = decision.action === 'create' ? null : view!.stat;
        if (before === null) {
          place.dir.mkdir(place.name, (entry.mode & 0o777) | 0o700);
          state.destination.changed(name);
          state.touch(entry.dir);
          state.touch(name);
        }
        if (decision.action !== 'none' || this.#isClosed(before!)) state.setDirAttributes(entry, before, true);
      }
      const known = decision.action === 'create' ? this.#alternates?.folderFlags(entry, place) : null;
      this.#items.local(ndx, entry, known ?? decision.iflags);
    } catch (error) {
      itemFailed(state, entry, error);
      this.#barred.add(name);
    }
  }

  /** `--no-implied-dirs`: a parent of what was named is made if it is missing, and is otherwise nobody's business. */
  #impliedFolder(entry: FileEntry, name: ByteString): void {
    const { destination } = this.#state;
    if (this.#state.conn.options.dryRun || destination.dir(name)) return;
    const place = destination.place(entry);
    if (place === null) throw folderMissing(entry);
    const view = this.#locals.view(place);
    if (view && !this.#locals.clear(entry, place, view.stat)) return void this.#barred.add(name);
    place.dir.mkdir(place.name, 0o777);
    destination.changed(name);
    this.#state.touch(entry.dir);
  }

  /** The destination's folder itself. */
  #root(ndx: number, entry: FileEntry): void {
    const state = this.#state;
    const { options } = this.#state.conn;
    if (state.destination.created && options.dryRun && options.existing) {
      return this.#notices.tell(entry, decide(entry, null, options, state.abilities), null);
    }
    const stat = state.statOf(entry);
    const iflags = state.destination.created
      ? (this.#alternates?.folderFlags(entry, state.destination.place(entry)) ??
        ItemFlag.IS_NEW | ItemFlag.LOCAL_CHANGE)
      : decide(
          entry,
          stat && { stat, link: none, sum: none, xattrs: () => state.xattrsOf(entry) },
          options,
          state.abilities,
        ).iflags;
    this.#items.local(ndx, entry, iflags);
    if (!options.dryRun) state.setDirAttributes(entry, state.destination.created ? null : stat, true);
    state.touch('.');
  }

  /** Whether a folder of ours refuses us new entries until its mode is changed; root is refused nothing. */
  #isClosed(stat: Stat): boolean {
    return !this.#state.abilities.isRoot && (stat.mode & 0o300) !== 0o300 && stat.uid === process.getuid?.();
  }
}

const none = (): never => {
  throw new Error('a directory has no link target or sum');
};
