import type { ByteString } from '../../../shared/model/path.ts';
import type { FileEntry } from '../flist/entry.ts';
import { infoLevel } from '../options/info-words.ts';
import { BasisType, ItemFlag, SIGNIFICANT_ITEM_FLAGS } from '../wire/constants.ts';
import type { Basis } from './basis.ts';
import { countKind } from './delete-stats.ts';
import type { ReceiveState } from './receive-state.ts';

/** What the generator tells the sender of each entry (reference §7.1, 7.3). */
export class Items {
  /** Whether unchanged entries are told of as well. */
  readonly tellsAll: boolean;
  readonly #state: ReceiveState;

  constructor(state: ReceiveState) {
    this.#state = state;
    const { options } = state.conn;
    this.tellsAll = options.itemize > 1 || infoLevel(options, 'name') > 1;
  }

  /**
   * An entry that needs no data, if there is anything to tell.
   * @param xname of the file it was linked to; '' for one that it is already, null for no link
   */
  local(ndx: number, entry: FileEntry, iflags: number, xname: ByteString | null = null): void {
    if ((iflags & SIGNIFICANT_ITEM_FLAGS) === 0 && !xname && !this.tellsAll) return;
    const { data } = this.#state.conn.output;
    data.ndx(ndx);
    data.u16(xname === null ? iflags : iflags | ItemFlag.XNAME_FOLLOWS);
    if (xname !== null) data.vstring(xname);
    this.countCreated(entry, iflags);
  }

  /** The head of a request for content; sums follow. */
  request(ndx: number, iflags: number, basis: Basis | null): void {
    const { data } = this.#state.conn.output;
    const type = basis?.type ?? BasisType.DESTINATION;
    const named = basis?.xname ?? null;
    data.ndx(ndx);
    data.u16(
      iflags |
        (type === BasisType.DESTINATION ? 0 : ItemFlag.BASIS_TYPE_FOLLOWS) |
        (named === null ? 0 : ItemFlag.XNAME_FOLLOWS),
    );
    if (type !== BasisType.DESTINATION) data.u8(type);
    if (named !== null) data.vstring(named);
  }

  countCreated(entry: FileEntry, iflags: number): void {
    if (iflags & ItemFlag.IS_NEW) countKind(this.#state.totals.created, entry.mode);
  }
}
