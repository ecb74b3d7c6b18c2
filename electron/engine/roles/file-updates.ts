import { fail, toErrorData } from '../../../shared/errors.ts';
import { bytesToText, displayPath, type ByteString } from '../../../shared/model/path.ts';
import type { Connection } from '../connection.ts';
import { basisLengthOf } from '../delta/sum-head.ts';
import type { UpdateMode } from '../delta/update-mode.ts';
import { entryName } from '../flist/entry.ts';
import type { DestinationDir, NewAttributes, OutputFile, ReadFile, WriteOptions } from '../fs/fs.ts';
import { verifiesPrefix } from '../handshake/negotiate.ts';
import { BasisType, isDevice, isDir, isReg } from '../wire/constants.ts';
import { attributesFor, lesserAttributes } from './attributes.ts';
import type { Basis } from './basis.ts';
import { folderMissing, isDiskFull, type Place } from './destination.ts';
import type { Pending, ReceiveState } from './receive-state.ts';

/** One file whose new content is on its way. */
export interface Update {
  readonly pending: Pending;
  readonly place: Place;
  readonly output: OutputFile;
  readonly basis: ReadFile | null;
  readonly mode: UpdateMode;
  /** What is written: a file that takes its place later, the file itself, or what an earlier run left of it. */
  readonly manner: 'apart' | 'in place' | 'partial';
}

/** What becomes of a file that was not received whole, for messages. */
export type Kept = 'discarded' | 'retained' | 'put into partial-dir';

/**
 * Where the content of files is written and how they get to their places (reference §7.8, 12.7): beside the target, in
 * `--temp-dir`, in place; kept in part; put in place at once or, with `--delay-updates`, all together.
 */
export class FileUpdates {
  readonly #state: ReceiveState;
  readonly #conn: Connection;
  readonly #delayed: Update[] = [];
  readonly #write: WriteOptions;

  constructor(state: ReceiveState) {
    this.#state = state;
    this.#conn = state.conn;
    const { sparse, fsync, tempDir } = state.conn.options;
    this.#write = { sparse, fsync };
    if (tempDir !== null) this.#tempDir(tempDir);
  }

  /** What is kept of a file that was not received whole. */
  get kept(): Kept {
    const { inplace, partial, partialDir } = this.#conn.options;
    if (!inplace && !partial) return 'discarded';
    return partialDir === null ? 'retained' : 'put into partial-dir';
  }

  /** @throws fs what keeps it from being written */
  open(pending: Pending): Update {
    const { options, agreed } = this.#conn;
    const { entry, basis, head, again } = pending;
    const place = this.#state.destination.place(entry);
    if (!place) throw folderMissing(entry);
    const appends = options.append !== 'off' && !again;
    const sumsPrefix = appends && verifiesPrefix(options, agreed);
    const from = appends ? basisLengthOf(head) : 0;
    const manner = options.inplace
      ? 'in place'
      : basis?.type === BasisType.PARTIAL && agreed.inplacePartial
        ? 'partial'
        : 'apart';
    const inPlace =
      manner === 'partial' ||
      (manner === 'in place' && (basis?.type === BasisType.DESTINATION || basis?.type === BasisType.BACKUP));
    const output = this.#create(pending, place, manner, from);
    if (output.refused !== '') {
      const text = `cannot reserve space for ${entryName(entry)}: ${output.refused}\n`;
      this.#conn.emit({ type: 'message', level: 'warning', from: 'local', text });
    }
    const wantsBasis = head.count > 0 && (!appends || sumsPrefix);
    return {
      pending,
      place,
      output,
      manner,
      basis: wantsBasis ? openBasis(basis!, options.writeDevices) : null,
      mode: { inPlace, from, sumsPrefix },
    };
  }

  /**
   * The content is verified: owner, mode and time, then the place. What is refused of the former is reported and left
   * out, since the content belongs there all the same.
   * @returns whether it is there, or will be at the end
   * @throws fs where everything that follows would fail the same way
   */
  finish(update: Update): boolean {
    const { pending, place, manner } = update;
    const { partials } = this.#state;
    const { delayUpdates, tempDir } = this.#conn.options;
    try {
      if (delayUpdates) {
        const dir = partials.make(place);
        this.#commit(update, null, manner === 'partial' ? null : { dir, name: place.name });
        this.#delayed.push(update);
        return true;
      }
      if (manner !== 'in place') this.#backUp(place);
      this.#commit(update, null, manner === 'partial' || (manner === 'apart' && tempDir !== null) ? place : null);
      if (manner === 'partial') partials.tidy(place);
      else if (pending.basis?.type === BasisType.PARTIAL) partials.remove(place);
      return true;
    } catch (error) {
      update.output.discard();
      this.failed(pending, error);
      return false;
    }
  }

  /** The content is wrong. It is kept where the user asked for that, as a basis for the next attempt. */
  reject(update: Update): void {
    const { manner } = update;
    if (manner === 'partial') update.output.discard();
    else if (manner === 'in place') this.#keep(update, () => this.#commit(update, { mtime: null, atime: null }, null));
    else this.#keepPart(update, null);
  }

  /**
   * The run ends in the middle of the file.
   * @param gotData whether anything came that the basis did not have
   */
  interrupt(update: Update, gotData: boolean): void {
    if (update.manner !== 'apart' || !gotData) update.output.discard();
    else this.#keepPart(update, 0);
  }

  /** `--delay-updates`: puts everything in place that waits for it. */
  async putDelayed(): Promise<void> {
    for (const { pending, place } of this.#delayed) {
      try {
        const dir = this.#state.partials.make(place);
        this.#backUp(place);
        dir.rename(place.name, place.dir, place.name);
        this.#state.partials.tidy(place);
        this.#state.touch(pending.entry.dir);
        this.#state.linked(pending.entry, true);
        this.#state.succeeded(pending.ndx, pending.entry);
      } catch (error) {
        this.failed(pending, error);
        this.#state.linked(pending.entry, false);
      }
      if (this.#conn.sliceOver) await this.#conn.pause();
    }
    this.#delayed.length = 0;
  }

  /** Reports what went wrong with one file. @throws the error itself where every further file would fail as well */
  failed({ entry }: Pending, error: unknown): void {
    this.#conn.check();
    if (isDiskFull(error)) throw error;
    const { message, details } = toErrorData(error);
    const errno = details?.['errno'];
    this.#conn.issue({
      code: 'write-failed',
      name: entryName(entry),
      errno: typeof errno === 'string' ? errno : undefined,
      message,
      ioError: 0,
    });
  }

  #create({ entry, basis }: Pending, place: Place, manner: Update['manner'], from: number): OutputFile {
    const { options } = this.#conn;
    const write = options.preallocate ? { ...this.#write, reserve: entry.size } : this.#write;
    if (manner === 'partial') return basis!.place.dir.openInPlace(basis!.place.name, write);
    if (manner === 'in place') {
      const stat = place.dir.lstat(place.name);
      // A link or the like gives way; nothing is written through it.
      if (stat && !isReg(stat.mode) && !isDir(stat.mode) && !(options.writeDevices && isDevice(stat.mode)))
        place.dir.unlink(place.name);
      return place.dir.openInPlace(place.name, { ...write, from, devices: options.writeDevices });
    }
    if (options.tempDir === null) return place.dir.createTemp(place.name, write);
    return this.#tempDir(options.tempDir)!.createTemp(place.name, { ...write, apart: true });
  }

  /** @returns null where nothing is written */
  #tempDir(named: ByteString): DestinationDir | null {
    const { sides } = this.#state;
    const shown = displayPath(bytesToText(named));
    let dir: DestinationDir | null;
    try {
      dir = sides.open(named)?.dir('') ?? null;
    } catch (error) {
      if (toErrorData(error).code !== 'enotdir') throw error;
      throw fail('usage', 'temp-dir', `The temp-dir is not a directory: ${shown}`);
    }
    if (dir === null && sides.resolve(named) !== null)
      throw fail('usage', 'temp-dir', `The temp-dir does not exist: ${shown}`);
    return dir;
  }

  /** @param mtime for a file that is kept under its own name, or null to leave it as it is */
  #keepPart(update: Update, mtime: number | null): void {
    const { place } = update;
    const { partial } = this.#conn.options;
    const { partials } = this.#state;
    if (!partial) return update.output.discard();
    this.#keep(update, () => {
      if (partials.on) {
        const dir = partials.make(place);
        return this.#commit(update, { mtime: null, atime: null }, { dir, name: place.name });
      }
      this.#backUp(place);
      // Something really old is never taken for newer, and stands out.
      this.#commit(update, { mtime, nsec: 0, atime: null }, this.#conn.options.tempDir === null ? null : place);
      this.#state.touch(update.pending.entry.dir);
    });
  }

  /** Keeping a part is worth a try, no more. */
  #keep(update: Update, keep: () => void): void {
    try {
      keep();
    } catch {
      update.output.discard();
    }
  }

  #backUp(place: Place): void {
    const { backup } = this.#state;
    if (!backup.on) return;
    const stat = place.dir.lstat(place.name);
    if (stat && isReg(stat.mode)) backup.keep(place, stat);
  }

  /** @param changes to the attributes the entry asks for, if any */
  #commit({ pending, output }: Update, changes: Partial<NewAttributes> | null, to: Place | null): void {
    const { entry, existing } = pending;
    const { abilities, umask } = this.#state;
    const wanted = attributesFor(entry, existing, this.#conn.options, abilities, umask);
    let first: unknown = null;
    let last: unknown = null;
    let attributes: NewAttributes | null = changes === null ? wanted : { ...wanted, ...changes };
    for (; attributes; attributes = lesserAttributes(attributes)) {
      try {
        output.commit(attributes, to);
        if (first !== null) this.#state.attributesFailed(entry, first);
        return;
      } catch (error) {
        if (toErrorData(error).code === 'temp-ended') break; // it was the rename that failed
        last = error;
        first ??= error;
      }
    }
    throw last;
  }
}

/** A basis that cannot be opened any more is as good as one that vanished: the whole file is then asked for again. */
function openBasis({ place }: Basis, devices: boolean): ReadFile {
  try {
    return place.dir.openRead(place.name, devices);
  } catch {
    return NOTHING;
  }
}

/** A basis that vanished between signature and data: reads as zeros, which the whole-file sum catches. */
const NOTHING: ReadFile = {
  size: 0,
  mtime: 0,
  nsec: 0,
  read: () => 0,
  close: () => {},
};
