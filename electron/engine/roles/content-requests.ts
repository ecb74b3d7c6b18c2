import { createBlockSum } from '../checksum/strong.ts';
import type { Connection } from '../connection.ts';
import { SignatureWriter } from '../delta/signature.ts';
import { NO_BASIS, chooseSumHead, type SumHead } from '../delta/sum-head.ts';
import type { FileEntry } from '../flist/entry.ts';
import type { ReadFile, Stat } from '../fs/fs.ts';
import { sumBounds } from '../handshake/negotiate.ts';
import { debugLevel } from '../options/info-words.ts';
import { movesContent, readsBatch } from '../options/transfer-options.ts';
import { BasisType } from '../wire/constants.ts';
import type { AltMatch } from './alt-dest.ts';
import { chooseBasis, type Basis } from './basis.ts';
import type { Place } from './destination.ts';
import type { Fuzzy } from './fuzzy.ts';
import type { Items } from './items.ts';
import type { ListWork, Pending, ReceiveState } from './receive-state.ts';

export interface Request {
  ndx: number;
  entry: FileEntry;
  iflags: number;
  place: Place | null;
  /** What stands there and is to be replaced by its like, or null. */
  existing: Stat | null;
  /** Whether something of another kind gave way. */
  replaced: boolean;
  work: ListWork;
  again: boolean;
}

/** Asks the sender for content: item, sum head, block sums of the best basis there is (reference §7.1, 7.5). */
export class ContentRequests {
  readonly #state: ReceiveState;
  readonly #conn: Connection;
  readonly #items: Items;
  readonly #signature: SignatureWriter | null;
  readonly #wholeFile: boolean;
  readonly #fuzzy: Fuzzy | null;

  /** @param local whether both ends are this process, which makes whole files the default (§7.4) */
  constructor(state: ReceiveState, items: Items, fuzzy: Fuzzy | null, local: boolean) {
    this.#state = state;
    this.#conn = state.conn;
    this.#items = items;
    const { transferSum, seed, seedFirst } = state.conn.agreed;
    const { options } = state.conn;
    this.#wholeFile =
      transferSum === 'none' ||
      readsBatch(options) ||
      (options.wholeFile ?? (local && options.append === 'off' && options.batch === null));
    this.#fuzzy = fuzzy;
    if (debugLevel(options, 'deltasum') > 0) {
      const how = this.#wholeFile ? 'disabled for local transfer or --whole-file' : 'enabled';
      state.conn.emit({ type: 'message', level: 'info', from: 'local', text: `delta-transmission ${how}\n` });
    }
    this.#signature =
      transferSum === 'none' ? null : new SignatureWriter(createBlockSum(transferSum, seed, { seedFirst }));
  }

  /**
   * What a delta of this file will be made against.
   * @throws fs see `chooseBasis`
   */
  basis({ entry, place, existing, again }: Request, alternate: AltMatch | null): Basis | null {
    if (!place) return null;
    return chooseBasis(this.#state, entry, { place, existing, alternate, fuzzy: this.#fuzzy, again });
  }

  async send({ ndx, entry, iflags, place, existing, work, again }: Request, found: Basis | null): Promise<void> {
    const { output, options, agreed, progress } = this.#conn;
    const { data } = output;
    const like = existing ?? (found && lenderOfMode(found));
    const appends = options.append !== 'off' && !again;
    let basis = found;
    let file: ReadFile | null = null;
    if (basis && !this.#wholeFile && movesContent(options)) {
      try {
        file = basis.place.dir.openRead(basis.place.name, options.writeDevices);
      } catch {
        // No basis is always valid: everything is then sent literally.
        if (basis.xname !== null) basis = null;
      }
    }
    this.#items.request(ndx, entry, iflags, basis);
    if (!movesContent(options)) {
      this.#items.countCreated(entry, iflags);
      progress.bytesDone += entry.size;
      return;
    }
    // Where nothing is built from it, a file that changes may still lend its mode, as in rsync.
    if (place && !this.#wholeFile) this.#fuzzy?.take(place);
    try {
      const head: SumHead = file
        ? chooseSumHead(file.size, {
            blockSize: options.blockSize,
            ...sumBounds(agreed),
            redo: again,
          })
        : NO_BASIS;
      work.outstanding++;
      const pending: Pending = { ndx, entry, work, head, basis, existing: like, again };
      this.#state.pending.set(ndx, pending);
      if (work.closed) return this.#state.notInBatch(pending);
      if (!again) this.#items.countCreated(entry, iflags);
      data.i32(head.count);
      data.i32(head.blockLength);
      data.i32(head.strongLength);
      data.i32(head.remainder);
      if (head.count === 0 || !file || appends) return;
      this.#signature!.begin(head, file);
      for (let sums = this.#signature!.next(); sums !== null; sums = this.#signature!.next()) {
        data.bytes(sums, 0, sums.length);
        if (output.congested) await this.#conn.drained();
        else if (this.#conn.sliceOver) {
          output.flush();
          await this.#conn.pause();
        }
      }
    } finally {
      file?.close();
    }
  }
}

/**
 * A new file's basis lends it its mode where permissions are not preserved, as in rsync. Set-id bits meant for another
 * file are not lent: rsync lends those, too.
 */
function lenderOfMode({ type, stat }: Basis): Stat | null {
  if (type < BasisType.DESTINATION) return stat;
  return type >= BasisType.FUZZY ? { ...stat, mode: stat.mode & ~0o7000 } : null;
}
