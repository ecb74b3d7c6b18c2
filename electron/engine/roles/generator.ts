import { toErrorData } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import { checksumLength, createBlockSum, createFileSum, type FileSum } from '../checksum/strong.ts';
import type { Connection } from '../connection.ts';
import { SignatureWriter } from '../delta/signature.ts';
import { NO_BASIS, chooseSumHead, type SumHead } from '../delta/sum-head.ts';
import { EntryFlag, entryName, type FileEntry } from '../flist/entry.ts';
import type { DestinationDir, ReadFile, Stat } from '../fs/fs.ts';
import { decide, type Decision, type DestinationView } from '../plan/decide.ts';
import { ItemFlag, Mode, Ndx, SIGNIFICANT_ITEM_FLAGS, isDir, isLink, isReg } from '../wire/constants.ts';
import { attributesFor, changedAttributes, setWhatCanBe } from './attributes.ts';
import { countKind, writeDeleteStats } from './delete-stats.ts';
import type { Deleter } from './delete.ts';
import { Deletion } from './deletion.ts';
import { folderMissing, isDiskFull, shownName, type Place } from './destination.ts';
import { sumFile } from './list-sum.ts';
import type { ListWork, Pending, ReceiveState } from './receive-state.ts';

/** Item flags that must be as planned for an item to be carried out; attributes are best effort (design §5). */
export const PLAN_MASK =
  ItemFlag.TRANSFER | ItemFlag.IS_NEW | ItemFlag.REPORT_SIZE | ItemFlag.REPORT_TIME | ItemFlag.REPORT_CHANGE;

/**
 * The generator: examines every entry of every list, makes what can be made locally, and asks the sender for content
 * (reference §7.3, 7.4). It never waits for the receiver except where the protocol says so (§7.10).
 */
export class Generator {
  readonly #state: ReceiveState;
  readonly #conn: Connection;
  readonly #deleter: Deleter;
  readonly #deletion: Deletion;
  readonly #signature: SignatureWriter | null;
  readonly #listSum: FileSum | null;
  readonly #wholeFile: boolean;
  #dirFailed = new Set<ByteString>();
  #redoSent = false;

  /** @param local whether both ends are this process, which makes whole files the default (§7.4) */
  constructor(state: ReceiveState, deleter: Deleter, local: boolean) {
    this.#state = state;
    this.#conn = state.conn;
    this.#deleter = deleter;
    this.#deletion = new Deletion(state, deleter);
    const { transferSum, listSum, seed, seedFirst } = state.conn.agreed;
    this.#wholeFile = transferSum === 'none' || (state.conn.options.wholeFile ?? local);
    this.#signature =
      transferSum === 'none' ? null : new SignatureWriter(createBlockSum(transferSum, seed, { seedFirst }));
    this.#listSum = state.conn.options.checksum ? createFileSum(listSum) : null;
  }

  async run(): Promise<void> {
    const { output, options, agreed } = this.#conn;
    const state = this.#state;
    await this.#deletion.first();
    await this.#examineAll();
    if (!agreed.incRecurse) {
      this.#done();
      output.flush();
    }
    await this.#until(() => state.phase >= 1);
    await this.#sendRedos();
    this.#done();
    if (this.#redoSent) {
      output.flush();
      await this.#until(() => state.phase >= 2);
    }
    await this.#deletion.last();
    state.retouchDirs();
    this.#done();
    if (agreed.protocol >= 31) {
      if (options.deleteMode !== 'none') writeDeleteStats(output.data, this.#deleter.stats);
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

  async #examineAll(): Promise<void> {
    const state = this.#state;
    const { output, agreed } = this.#conn;
    for (;;) {
      const work = state.unexamined.shift();
      if (work) {
        await this.#examineList(work);
        work.examined = true;
      }
      if (!agreed.incRecurse) return;
      await this.#sendRedos();
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
    while (!condition()) {
      this.#conn.output.flush();
      await this.#state.changed();
    }
  }

  async #sendRedos(): Promise<void> {
    for (let redo = this.#state.redo.shift(); redo; redo = this.#state.redo.shift()) {
      redo.work.outstanding--; // #request counts it again
      const place = this.#state.destination.place(redo.entry);
      if (!place) {
        this.#failed(redo.entry, folderMissing(redo.entry));
        continue;
      }
      this.#redoSent = true;
      const view = this.#view(place);
      const decision = decide(redo.entry, view, this.#conn.options, this.#state.abilities, true);
      const existing = decision.makeWay ? null : (view?.stat ?? null);
      await this.#request(redo.ndx, redo.entry, decision.iflags, place, existing, redo.work, true);
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
        this.#directory(list.ndxStart - 1, dir);
        this.#deletion.inFolder(dir, list);
      }
    }
    for (let i = 0; i < list.entries.length; i++) {
      const entry = list.entries[i]!;
      if (entry.flags & EntryFlag.INACTIVE) continue;
      const ndx = list.ndxStart + i;
      if (isDir(entry.mode)) {
        if (inc) continue; // its own sub-list brings it
        this.#directory(ndx, entry);
        this.#deletion.inFolder(entry, null);
      } else await this.#nonDirectory(ndx, entry, work);
      if (this.#conn.output.congested) await this.#conn.drained();
      else if (this.#conn.sliceOver) {
        this.#conn.output.flush();
        await this.#conn.pause();
      }
    }
  }

  /** The item of a directory: make it or set its attributes (§7.3). */
  #directory(ndx: number, entry: FileEntry): void {
    const state = this.#state;
    const name = entryName(entry);
    if (this.#parentFailed(entry)) {
      this.#dirFailed.add(name);
      return;
    }
    try {
      if (name === '.') {
        const stat = state.statOf(entry);
        if (state.destination.created) {
          this.#item(ndx, entry, { action: 'create', iflags: ItemFlag.IS_NEW | ItemFlag.LOCAL_CHANGE, makeWay: false });
        } else {
          this.#item(
            ndx,
            entry,
            decide(entry, stat && { stat, link: none, sum: none }, this.#conn.options, state.abilities),
          );
        }
        if (!this.#conn.options.dryRun) state.setDirAttributes(entry, stat, true);
        state.touch('.');
        return;
      }
      const place = state.destination.place(entry);
      const view = place && this.#view(place);
      const decision = decide(entry, view, this.#conn.options, state.abilities);
      if (!this.#asPlanned(entry, decision)) return;
      if (decision.makeWay && !this.#clear(entry, place!, view!.stat)) {
        this.#dirFailed.add(name);
        return;
      }
      if (!this.#conn.options.dryRun) {
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
      this.#item(ndx, entry, decision);
    } catch (error) {
      this.#failed(entry, error);
      this.#dirFailed.add(name);
    }
  }

  /** Whether a folder of ours refuses us new entries until its mode is changed; root is refused nothing. */
  #isClosed(stat: Stat): boolean {
    return !this.#state.abilities.isRoot && (stat.mode & 0o300) !== 0o300 && stat.uid === process.getuid?.();
  }

  async #nonDirectory(ndx: number, entry: FileEntry, work: ListWork): Promise<void> {
    if (this.#parentFailed(entry)) return;
    const state = this.#state;
    let place: Place | null;
    let view: DestinationView | null;
    let decision: Decision;
    try {
      place = state.destination.place(entry);
      view = place && this.#view(place);
      decision = decide(entry, view, this.#conn.options, state.abilities);
      if (!this.#asPlanned(entry, decision)) return;
      if (place === null && decision.action !== 'skip' && !this.#conn.options.dryRun) throw folderMissing(entry);
      if (!isReg(entry.mode)) return this.#make(ndx, entry, place, view, decision);
      if (decision.action !== 'transfer') {
        if (decision.action === 'attributes' && !this.#conn.options.dryRun)
          this.#setAttributes(entry, place!, view!.stat);
        this.#item(ndx, entry, decision);
        this.#conn.progress.filesDone++;
        this.#conn.progress.bytesDone += entry.size;
        return;
      }
      if (decision.makeWay && !this.#clear(entry, place!, view!.stat)) return;
    } catch (error) {
      return this.#failed(entry, error);
    }
    await this.#request(
      ndx,
      entry,
      decision.iflags,
      place,
      decision.makeWay ? null : (view?.stat ?? null),
      work,
      false,
    );
  }

  /** Symlinks, devices and specials are made here; no data is asked for. */
  #make(ndx: number, entry: FileEntry, place: Place | null, view: DestinationView | null, decision: Decision): void {
    const { options } = this.#conn;
    if (decision.action === 'skip') {
      this.#conn.issue({
        code: 'skipped-non-regular',
        name: entryName(entry),
        message: `skipping non-regular file "${shownName(entry)}"`,
        ioError: 0,
      });
      return;
    }
    if (!options.dryRun && place) {
      if (decision.makeWay && isDir(view!.stat.mode) && !this.#clear(entry, place, view!.stat)) return;
      if (decision.action === 'create') {
        if (isLink(entry.mode)) place.dir.symlink(place.name, entry.extra!.link!);
        else place.dir.mknod(place.name, entry.mode, entry.extra?.rdevMajor ?? 0, entry.extra?.rdevMinor ?? 0);
        this.#state.touch(entry.dir);
      }
      if (decision.action !== 'none')
        this.#setAttributes(entry, place, decision.action === 'create' ? null : view!.stat);
    }
    this.#item(ndx, entry, decision);
  }

  /** Asks for content: item, sum head, block sums (§7.1, 7.5). */
  async #request(
    ndx: number,
    entry: FileEntry,
    iflags: number,
    place: Place | null,
    existing: Stat | null,
    work: ListWork,
    again: boolean,
  ): Promise<void> {
    const { output, options, agreed } = this.#conn;
    const { data } = output;
    data.ndx(ndx);
    data.u16(iflags);
    if (options.dryRun) {
      this.#countCreated(entry, iflags);
      this.#conn.progress.bytesDone += entry.size;
      return;
    }
    let basis: ReadFile | null = null;
    if (!this.#wholeFile && existing && isReg(existing.mode) && existing.size > 0 && place) {
      try {
        basis = place.dir.openRead(place.name);
      } catch {
        basis = null; // no basis is always valid: everything is then sent literally
      }
    }
    try {
      const head: SumHead = basis
        ? chooseSumHead(basis.size, {
            blockSize: options.blockSize,
            checksumLength: checksumLength(agreed.transferSum),
            redo: again,
          })
        : NO_BASIS;
      work.outstanding++;
      this.#state.pending.set(ndx, { ndx, entry, work, head, existing, again } satisfies Pending);
      if (!again) this.#countCreated(entry, iflags);
      data.i32(head.count);
      data.i32(head.blockLength);
      data.i32(head.strongLength);
      data.i32(head.remainder);
      if (head.count === 0 || !basis) return;
      this.#signature!.begin(head, basis);
      for (let sums = this.#signature!.next(); sums !== null; sums = this.#signature!.next()) {
        data.bytes(sums, 0, sums.length);
        if (output.congested) await this.#conn.drained();
        else if (this.#conn.sliceOver) {
          output.flush();
          await this.#conn.pause();
        }
      }
    } finally {
      basis?.close();
    }
  }

  /** Sends an item that needs no data, if there is anything to tell (§7.3). */
  #item(ndx: number, entry: FileEntry, decision: Decision): void {
    if (decision.action === 'skip') return;
    const { options, output } = this.#conn;
    if ((decision.iflags & SIGNIFICANT_ITEM_FLAGS) === 0 && options.itemize < 2 && options.verbose < 2) return;
    output.data.ndx(ndx);
    output.data.u16(decision.iflags);
    this.#countCreated(entry, decision.iflags);
  }

  #countCreated(entry: FileEntry, iflags: number): void {
    if (iflags & ItemFlag.IS_NEW) countKind(this.#state.totals.created, entry.mode);
  }

  /** A plan carries out its own items only, and only as they were previewed (design §5). */
  #asPlanned(entry: FileEntry, decision: Decision): boolean {
    const { planned } = this.#state;
    if (planned === null || decision.action === 'none' || decision.action === 'skip') return true;
    const item = planned.get(entryName(entry));
    if (item === undefined) return false;
    if ((item.iflags & PLAN_MASK) === (decision.iflags & PLAN_MASK)) return true;
    this.#conn.issue({
      code: 'changed-since-preview',
      name: entryName(entry),
      message: `${shownName(entry)} changed since the preview and was left alone`,
      ioError: 0,
    });
    return false;
  }

  #view(place: Place): DestinationView | null {
    const stat = place.dir.lstat(place.name);
    if (stat === null) return null;
    return {
      stat,
      link: () => place.dir.readlink(place.name),
      sum: () => this.#sumOf(place.dir, place.name),
    };
  }

  #sumOf(dir: DestinationDir, name: ByteString): ByteString | null {
    try {
      const file = dir.openRead(name);
      try {
        return sumFile(file, this.#listSum!, this.#conn.poll);
      } finally {
        file.close();
      }
    } catch {
      this.#conn.poll();
      return null; // unreadable: treated as different
    }
  }

  #setAttributes(entry: FileEntry, place: Place, existing: Stat | null): void {
    const { options } = this.#conn;
    const wanted = attributesFor(entry, existing, options, this.#state.abilities, this.#state.umask);
    const attributes = existing ? changedAttributes(wanted, existing, this.#conn.agreed.protocol >= 31) : wanted;
    const refused = setWhatCanBe(place.dir, place.name, attributes, isLink(entry.mode));
    if (refused !== null) this.#state.attributesFailed(entry, refused);
  }

  /** Removes what stands where `entry` goes. A folder with contents goes only where deletion was asked for. */
  #clear(entry: FileEntry, place: Place, stat: Stat): boolean {
    if (this.#conn.options.dryRun) return true;
    if (!isDir(stat.mode)) {
      if (isDir(entry.mode)) place.dir.unlink(place.name); // for others the final rename replaces it
      return true;
    }
    const standing = { ...entry, mode: (stat.mode & Mode.PERMS) | Mode.DIR };
    const cleared = this.#deleter.makeWay(standing, this.#conn.options.deleteMode !== 'none');
    if (!cleared) {
      this.#conn.issue({
        code: 'make-way-failed',
        name: entryName(entry),
        message: `${shownName(entry)} is a folder on the destination that is not empty, so the new item cannot take its place`,
        ioError: 0,
      });
    }
    return cleared;
  }

  #parentFailed(entry: FileEntry): boolean {
    return this.#dirFailed.size > 0 && this.#dirFailed.has(entry.dir);
  }

  #failed(entry: FileEntry, error: unknown): void {
    this.#conn.check();
    if (isDiskFull(error)) throw error;
    const { message, details } = toErrorData(error);
    const errno = details?.['errno'];
    this.#conn.issue({
      code:
        details?.['errno'] === 'ENOTSUP' || toErrorData(error).code === 'not-supported'
          ? 'not-supported'
          : 'write-failed',
      name: entryName(entry),
      errno: typeof errno === 'string' ? errno : undefined,
      message,
      ioError: 0,
    });
  }
}

const none = (): never => {
  throw new Error('a directory has no link target or sum');
};
