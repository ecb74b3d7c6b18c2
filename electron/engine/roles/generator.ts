import type { Connection } from '../connection.ts';
import { EntryFlag, type FileEntry } from '../flist/entry.ts';
import type { Stat } from '../fs/fs.ts';
import { decide, differences, type Decision, type DestinationView } from '../plan/decide.ts';
import { ItemFlag, Mode, Ndx, isDir, isReg } from '../wire/constants.ts';
import { AltDest, type AltMatch, type AltOutcome } from './alt-dest.ts';
import { ContentRequests, type Request } from './content-requests.ts';
import { writeDeleteStats } from './delete-stats.ts';
import type { Deleter } from './delete.ts';
import { Deletion } from './deletion.ts';
import { folderMissing, type Place } from './destination.ts';
import { Folders } from './folders.ts';
import { Fuzzy } from './fuzzy.ts';
import { HardLinks } from './hard-links.ts';
import { isAsPlanned, itemFailed } from './item-trouble.ts';
import { Items } from './items.ts';
import type { Member } from './link-groups.ts';
import { LocalItems } from './local-items.ts';
import type { ListWork, ReceiveState } from './receive-state.ts';
import { SkipNotices } from './skip-notices.ts';

/** How many entries senders send ahead of requests, and how long these are waited for, in milliseconds. */
const LOOKAHEAD = 1000;
const LOOKAHEAD_MS = 300;

/**
 * The generator: examines every entry of every list, makes what can be made locally, and asks the sender for content
 * (reference §7.3, 7.4). It never waits for the receiver except where the protocol says so (§7.10).
 */
export class Generator {
  readonly #state: ReceiveState;
  readonly #conn: Connection;
  readonly #deleter: Deleter;
  readonly #deletion: Deletion;
  readonly #items: Items;
  readonly #locals: LocalItems;
  readonly #alternates: AltDest | null;
  readonly #links: HardLinks | null;
  readonly #requests: ContentRequests;
  readonly #notices: SkipNotices;
  readonly #folders: Folders;
  /** Requests in this phase must be answered before it ends. */
  #redoSent = false;

  /** @param local whether both ends are this process, which makes whole files the default (§7.4) */
  constructor(state: ReceiveState, deleter: Deleter, local: boolean) {
    this.#state = state;
    this.#conn = state.conn;
    this.#deleter = deleter;
    this.#deletion = new Deletion(state, deleter);
    this.#items = new Items(state);
    this.#locals = new LocalItems(state, deleter);
    this.#notices = new SkipNotices(state);
    const { options } = state.conn;
    // A client that pulls nothing ends before it looks.
    const alternates = state.lists.totalEntries > 0 || state.conn.isServer || local ? options.altDest : null;
    this.#alternates = alternates ? new AltDest(alternates.kind, state, this.#locals) : null;
    this.#folders = new Folders(state, this.#items, this.#locals, this.#notices, this.#alternates);
    this.#links = state.linkGroups
      ? new HardLinks(state.linkGroups, state, this.#items, this.#locals, this.#alternates)
      : null;
    const others = options.fuzzy > 1 ? (this.#alternates?.folders ?? []) : [];
    const fuzzy = options.fuzzy > 0 ? new Fuzzy(options, others, this.#conn.poll) : null;
    this.#requests = new ContentRequests(state, this.#items, fuzzy, local);
  }

  async run(): Promise<void> {
    const { output, options, agreed } = this.#conn;
    const state = this.#state;
    state.backup.announce();
    await this.#deletion.first();
    if (this.#links && agreed.incRecurse) await this.#listsAhead();
    await this.#examineAll();
    if (!agreed.incRecurse) {
      this.#done();
      output.flush();
    }
    await this.#until(() => state.phase >= 1);
    await this.#sendRedos();
    this.#done();
    const { delayPhase } = agreed.dialect;
    if (this.#redoSent || options.delayUpdates || !delayPhase) {
      output.flush();
      await this.#until(() => state.phase >= 2);
    }
    await this.#deletion.last();
    state.retouchDirs();
    if (delayPhase) this.#done();
    if (agreed.dialect.deletionCounts) {
      if (options.deleteMode !== 'none' || options.force) writeDeleteStats(output.data, this.#deleter.stats);
      this.#done();
    }
    output.flush();
    await this.#until(() => state.finished);
    this.#done();
    output.flush();
  }

  /** Ends a list or a phase; the sender answers each. */
  #done(): void {
    this.#state.donesSent++;
    this.#conn.output.data.ndx(Ndx.DONE);
  }

  /**
   * Waits for the lists a sender sends unasked (§6.13): a file's later names decide which one's content is asked for.
   * It is no more than a preference, so a sender that sends none ahead is not waited for long.
   */
  async #listsAhead(): Promise<void> {
    const { lists, works } = this.#state;
    let waits = true;
    const enough = (): boolean =>
      !waits || this.#state.listsComplete || lists.liveEntries - works[0]!.list.entries.length >= LOOKAHEAD;
    const timer = setTimeout(() => {
      waits = false;
      this.#state.wake();
    }, LOOKAHEAD_MS);
    try {
      await this.#until(enough);
    } finally {
      clearTimeout(timer);
    }
  }

  async #examineAll(): Promise<void> {
    const state = this.#state;
    const { output, agreed } = this.#conn;
    for (;;) {
      const work = state.unexamined.shift();
      if (work) {
        await this.#examineList(work);
        state.examined(work);
      }
      if (!agreed.incRecurse) return;
      await this.#sendRedos();
      await this.#link();
      while (this.#oldestIsDone()) {
        state.works.shift();
        this.#done();
      }
      if (state.unexamined.length > 0) continue;
      if (state.listsComplete && state.works.length === 0) break;
      output.flush();
      await state.changed();
    }
    output.flush();
  }

  /** A list's DONE goes out in order, once every result of it is known; the last one only after the end of lists. */
  #oldestIsDone(): boolean {
    const { works, listsComplete } = this.#state;
    const oldest = works[0];
    if (!oldest?.examined || oldest.outstanding > 0) return false;
    return works.length > 1 || listsComplete;
  }

  async #until(condition: () => boolean): Promise<void> {
    for (;;) {
      await this.#link();
      if (condition()) return;
      this.#conn.output.flush();
      await this.#state.changed();
    }
  }

  async #sendRedos(): Promise<void> {
    for (let redo = this.#state.redo.shift(); redo; redo = this.#state.redo.shift()) {
      const { ndx, entry, work } = redo;
      work.outstanding--; // the request counts it again
      const place = this.#state.destination.place(entry);
      if (!place) {
        itemFailed(this.#state, entry, folderMissing(entry));
        await this.#missed(this.#links?.missed(entry));
        continue;
      }
      this.#redoSent = true;
      const view = this.#locals.view(place);
      const { iflags, makeWay } = decide(entry, view, this.#conn.options, this.#state.abilities, true);
      const existing = makeWay ? null : (view?.stat ?? null);
      const alternate = this.#alternates?.find(entry, place) ?? null;
      await this.#request(
        { ndx, entry, iflags, place, existing, replaced: makeWay, work, again: true },
        alternate,
        redo,
      );
    }
  }

  async #examineList(work: ListWork): Promise<void> {
    const { list } = work;
    const { agreed, options } = this.#conn;
    const inc = agreed.incRecurse;
    if (options.listOnly) return;
    if (inc) {
      const dir = list.parent;
      if (dir) {
        this.#folders.examine(list.ndxStart - 1, dir);
        this.#deletion.inFolder(dir, list);
      }
    }
    for (let i = 0; i < list.entries.length; i++) {
      const entry = list.entries[i]!;
      if (entry.flags & EntryFlag.INACTIVE) continue;
      const ndx = this.#state.lists.numberOf(list, i);
      if (isDir(entry.mode)) {
        if (inc) continue; // its own sub-list brings it
        this.#folders.examine(ndx, entry);
        this.#deletion.inFolder(entry, null);
      } else if (entry.mode === 0) this.#deletion.missing(entry);
      else await this.#nonDirectory({ ndx, entry, work });
      if (this.#conn.output.congested) await this.#conn.drained();
      else if (this.#conn.sliceOver) {
        this.#conn.output.flush();
        await this.#conn.pause();
      }
    }
  }

  async #nonDirectory(member: Member): Promise<void> {
    const { ndx, entry, work } = member;
    const state = this.#state;
    const { options } = this.#conn;
    if (this.#folders.isBarred(entry)) return this.#missed(this.#links?.skipped(entry));
    let request: Request;
    let alternate: AltMatch | null;
    try {
      const place = state.destination.place(entry);
      const view = place && this.#locals.view(place);
      const decision = decide(entry, view, options, state.abilities);
      const { why } = decision;
      if (why === 'exists' || why === 'not-existing') {
        this.#notices.tell(entry, decision, view);
        return this.#missed(this.#links?.skipped(entry));
      }
      if (this.#links?.take(member)) return;
      if (decision.action === 'skip') {
        this.#notices.tell(entry, decision, view);
        return this.#missed(this.#links?.missed(entry));
      }
      if (!isAsPlanned(state, entry, decision)) return this.#missed(this.#links?.missed(entry));
      if (place === null && !options.dryRun) throw folderMissing(entry);
      if (!isReg(entry.mode)) return await this.#make(member, place, view, decision);
      const existing = decision.makeWay ? null : (view?.stat ?? null);
      alternate = this.#alternates?.find(entry, place) ?? null;
      if (decision.makeWay && !this.#locals.clear(entry, place!, view!.stat)) {
        return this.#missed(this.#links?.missed(entry));
      }
      const made = alternate && this.#alternates!.takeFile(entry, alternate, place, existing);
      if (made) return await this.#taken(member, made);
      if (decision.action !== 'transfer') return this.#kept(member, place!, view!.stat, decision);
      // A file of an alternate folder counts as the old one here, too.
      const iflags =
        alternate && !existing
          ? (decision.iflags & ~ItemFlag.IS_NEW) | differences(entry, alternate.view, options, state.abilities, true)
          : decision.iflags;
      request = { ndx, entry, iflags, place, existing, replaced: decision.makeWay, work, again: false };
    } catch (error) {
      itemFailed(this.#state, entry, error);
      return this.#missed(this.#links?.missed(entry));
    }
    await this.#request(request, alternate, member);
  }

  async #request(request: Request, alternate: AltMatch | null, member: Member): Promise<void> {
    const { entry, replaced } = request;
    let basis;
    try {
      basis = this.#requests.basis(request, alternate);
    } catch (error) {
      itemFailed(this.#state, entry, error);
      return this.#missed(this.#links?.missed(entry));
    }
    if (!request.existing && !alternate && !basis && !request.again && this.#links?.defer({ ...member, replaced }))
      return;
    if (this.#state.donesSent > 0 && !this.#conn.agreed.incRecurse) this.#redoSent = true;
    this.#links?.requested(entry);
    await this.#requests.send(request, basis);
  }

  /** A regular file whose content is right already. */
  #kept({ ndx, entry }: Member, place: Place, stat: Stat, decision: Decision): void {
    const { partials } = this.#state;
    const { options, progress } = this.#conn;
    // Equal sums say more than times that are taken for equal.
    const inexact = options.checksum && (entry.mtime !== stat.mtime || entry.nsec !== stat.nsec);
    let { iflags } = decision;
    if ((decision.action === 'attributes' || inexact) && !options.dryRun) {
      this.#locals.setAttributes(entry, place, stat);
      iflags = afterChown(entry, stat, iflags, options.perms);
    }
    // Another way than the partial file has made this one current.
    if (partials.on && !options.dryRun && partials.remove(place)) this.#state.touch(entry.dir);
    this.#items.local(ndx, entry, iflags);
    progress.filesDone++;
    progress.bytesDone += entry.size;
    this.#state.succeeded(ndx, entry);
    this.#links?.placed(entry);
  }

  /** An entry that an alternate folder had. */
  #taken({ ndx, entry }: Member, { iflags, xname, placed }: AltOutcome): Promise<void> {
    const { progress } = this.#conn;
    this.#items.local(ndx, entry, iflags, xname);
    progress.filesDone++;
    if (isReg(entry.mode)) progress.bytesDone += entry.size;
    // As in rsync, the source keeps what is no file and was only found elsewhere (`--remove-source-files`).
    if (isReg(entry.mode) || (placed && xname === null)) this.#state.succeeded(ndx, entry);
    if (!placed) return this.#missed(this.#links?.missed(entry));
    this.#links?.placed(entry);
    return Promise.resolve();
  }

  /** Symlinks, devices and specials are made here; no data is asked for. */
  async #make(member: Member, place: Place | null, view: DestinationView | null, decision: Decision): Promise<void> {
    const { ndx, entry } = member;
    const { dryRun, perms } = this.#conn.options;
    let { iflags } = decision;
    const before = view && !isDir(view.stat.mode) ? view.stat : null;
    const make = (): void => {
      this.#locals.makeNode(entry, place!);
      this.#locals.setAttributes(entry, place!, null, before);
    };
    if (decision.action === 'create') {
      if (view && place) {
        if (decision.makeWay && isDir(view.stat.mode)) {
          if (!this.#locals.clear(entry, place, view.stat)) return this.#missed(this.#links?.missed(entry));
        } else this.#state.backup.keep(place, view.stat);
      }
      const found = view ? null : (this.#alternates?.takeNode(entry, place, make) ?? null);
      if (found) return this.#taken(member, found);
      if (!dryRun) make();
    } else if (decision.action === 'attributes' && !dryRun) {
      this.#locals.setAttributes(entry, place!, view!.stat);
      iflags = afterChown(entry, view!.stat, iflags, perms);
    }
    this.#items.local(ndx, entry, iflags);
    this.#state.succeeded(ndx, entry);
    this.#links?.placed(entry);
  }

  /** A group's name that is to be examined because another one did not come. */
  async #missed(next: Member | null | undefined): Promise<void> {
    if (!next) return;
    if (this.#state.phase < 2) return this.#nonDirectory(next);
    itemFailed(this.#state, next.entry, new Error('the content it shares with another name did not arrive'));
  }

  /** Links names whose leader's content has arrived since the last look. */
  async #link(): Promise<void> {
    const { linkResults } = this.#state;
    for (let result = linkResults.shift(); result; result = linkResults.shift()) {
      if (result.placed) this.#links?.placed(result.entry);
      else await this.#missed(this.#links?.missed(result.entry));
    }
  }
}

/**
 * What is told of a file whose set-id bits a new owner has cleared: rsync looks at it again in between, so that the
 * owner no longer differs and the mode does.
 */
function afterChown(entry: FileEntry, { mode }: Stat, iflags: number, keepsMode: boolean): number {
  const owners = ItemFlag.REPORT_OWNER | ItemFlag.REPORT_GROUP;
  if ((iflags & owners) === 0 || (mode & 0o6000) === 0) return iflags;
  const cleared = mode & ~(mode & 0o010 ? 0o6000 : 0o4000) & Mode.PERMS;
  const permissions = keepsMode && cleared !== (entry.mode & Mode.PERMS) ? ItemFlag.REPORT_PERMS : 0;
  return (iflags & ~(owners | ItemFlag.REPORT_PERMS)) | permissions;
}
