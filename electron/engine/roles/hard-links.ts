import { entryName, type FileEntry } from '../flist/entry.ts';
import { differences } from '../plan/decide.ts';
import { ItemFlag, Mode, isDir } from '../wire/constants.ts';
import { type AltDest, sameFile } from './alt-dest.ts';
import { shownName } from './destination.ts';
import { itemFailed } from './item-trouble.ts';
import type { Items } from './items.ts';
import type { LinkGroup, LinkGroups, Member } from './link-groups.ts';
import type { LocalItems } from './local-items.ts';
import type { ReceiveState } from './receive-state.ts';

/**
 * `-H` on the receiving side (reference §7.11): the first name of a file that is found or made is its group's leader;
 * every other one is linked to it, and waits while the leader's content is on the way.
 */
export class HardLinks {
  readonly #state: ReceiveState;
  readonly #groups: LinkGroups;
  readonly #items: Items;
  readonly #locals: LocalItems;
  readonly #alternates: AltDest | null;

  constructor(groups: LinkGroups, state: ReceiveState, items: Items, locals: LocalItems, alternates: AltDest | null) {
    this.#groups = groups;
    this.#state = state;
    this.#items = items;
    this.#locals = locals;
    this.#alternates = alternates;
  }

  /** A name is being examined: links it, or lets it wait. @returns whether nothing else is to be done with it */
  take(member: Member): boolean {
    const group = this.#groups.of(member.entry);
    if (group === null) return false;
    group.unexamined--;
    if (group.leader === null || !sameType(group.leader, member.entry)) return false;
    if (group.isPlaced) return this.#link(member, group.leader, this.#alternates);
    this.#wait(group, member);
    return true;
  }

  /** A missing name with nothing to build it from: another one may be there yet. @returns whether it waits for that */
  defer(member: Member): boolean {
    const group = this.#groups.of(member.entry);
    if (group === null || group.leader !== null || group.unexamined === 0) return false;
    this.#wait(group, member);
    return true;
  }

  /** The content of a name was asked for. */
  requested(entry: FileEntry): void {
    const group = this.#groups.of(entry);
    if (group === null || group.leader !== null) return;
    group.leader = entry;
    if (this.#state.conn.options.dryRun) this.placed(entry);
  }

  /** A name is in place: the others are linked to it. */
  placed(entry: FileEntry): void {
    const group = this.#groups.of(entry);
    if (group === null || group.isPlaced) return;
    group.leader = entry;
    group.isPlaced = true;
    for (let member = group.waiting.pop(); member; member = group.waiting.pop()) {
      member.work.outstanding--;
      // rsync no longer looks into alternate folders for a name that had to wait.
      this.#link(member, entry, null);
    }
  }

  /**
   * A name was left alone, or its content did not come.
   * @returns the name that is to be examined in its stead, if none is left that may lead the group
   */
  missed(entry: FileEntry): Member | null {
    const group = this.#groups.of(entry);
    if (group === null || group.isPlaced) return null;
    if (group.leader === entry) group.leader = null;
    if (group.leader !== null || group.unexamined > 0) return null;
    const member = group.waiting.pop() ?? null;
    if (member === null) return null;
    member.work.outstanding--;
    group.unexamined++;
    return member;
  }

  /** The same for a name that was not even looked at. */
  skipped(entry: FileEntry): Member | null {
    const group = this.#groups.of(entry);
    if (group === null) return null;
    group.unexamined--;
    return this.missed(entry);
  }

  #wait(group: LinkGroup, member: Member): void {
    // Items name entries of lists that are not finished: the list waits too.
    member.work.outstanding++;
    group.waiting.push(member);
  }

  /** @returns whether it is linked now, or cannot be; false if there is nothing to link to */
  #link({ ndx, entry, replaced }: Member, leader: FileEntry, alternates: AltDest | null): boolean {
    const { destination, conn, backup, abilities } = this.#state;
    const { options, progress } = conn;
    const made = ItemFlag.LOCAL_CHANGE;
    try {
      const place = destination.place(entry);
      const from = destination.place(leader);
      const target = from?.dir.lstat(from.name) ?? null;
      if (!options.dryRun && (!place || !from || !target || isDir(target.mode))) return false;
      const stat = place?.dir.lstat(place.name) ?? null;
      const flags = (rewritten: boolean): number =>
        stat && !replaced ? differences(entry, { stat }, options, abilities, rewritten) : ItemFlag.IS_NEW;
      if (stat && target && sameFile(stat, target)) this.#items.local(ndx, entry, made | flags(false), '');
      else {
        if (stat && isDir(stat.mode) && !this.#locals.clear(entry, place!, stat)) return true;
        // What an alternate folder has as well is no news. A dry run has made no leader; rsync looks for that of files alone.
        const known = stat
          ? null
          : (alternates?.knownLink(entry, place, target ?? alternates.linkFor(leader, from)) ?? null);
        if (stat && !isDir(stat.mode)) backup.keep(place!, stat);
        if (!options.dryRun) {
          from!.dir.link(from!.name, place!.dir, place!.name);
          this.#state.touch(entry.dir);
        }
        if (known !== 'linked' || this.#items.tellsAll) {
          const iflags = known === 'linked' ? 0 : (known ?? flags(true));
          const isNews = known !== 'linked' || !this.#items.tellsNames;
          this.#items.local(ndx, entry, made | iflags, isNews ? entryName(leader) : '');
        }
      }
      this.#state.succeeded(ndx, entry);
      progress.filesDone++;
      if ((entry.mode & Mode.TYPE) === Mode.REG) progress.bytesDone += entry.size;
    } catch (error) {
      itemFailed(this.#state, entry, error, `${shownName(entry)} could not be linked to ${shownName(leader)}`);
    }
    return true;
  }
}

const sameType = (a: { mode: number }, b: { mode: number }): boolean => (a.mode & Mode.TYPE) === (b.mode & Mode.TYPE);
