import { fail } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import { dialectOf } from '../wire/dialect.ts';
import type { FlistLayout } from './entry.ts';
import type { ReceivedNames } from './id-map.ts';

/** Ids one list may name: more than any system has, few enough to hold. */
const MAX_IDS = 200_000;

/**
 * Reads what follows a non-incremental file list: the id lists (§6.12), none where the layout has none, and the errors
 * where the list's end could not tell of them (§6.11). The name of id 0 is included when the peer sends it, though it is
 * never used for mapping.
 */
export class IdLists implements ReceivedNames {
  readonly users = new Map<number, ByteString>();
  readonly groups = new Map<number, ByteString>();
  /** Bits of §4.6. */
  ioError = 0;

  readonly #id0Names: boolean;
  readonly #left: Map<number, ByteString>[];
  #errorsFollow: boolean;
  #inZero = false;
  #count = 0;

  constructor(layout: FlistLayout) {
    const { incRecurse, numericIds, acls, owner, group, id0Names } = layout;
    const present = !incRecurse && !numericIds;
    this.#id0Names = id0Names;
    this.#errorsFollow = !incRecurse && !dialectOf(layout.protocol).listErrors;
    this.#left = [
      ...(present && (owner || acls) ? [this.users] : []),
      ...(present && (group || acls) ? [this.groups] : []),
    ];
  }

  /**
   * A parser for one name: read as one piece, a long list that comes in many would be read again for each of them.
   * @returns whether there is more
   * @throws UNDERFLOW when bytes are missing; a `protocol` error for an endless list
   */
  readonly step = (reader: ByteReader): boolean => {
    const list = this.#left[0];
    if (list === undefined) {
      if (this.#errorsFollow) this.ioError = reader.i32() & 7;
      this.#errorsFollow = false;
      return false;
    }
    const id = this.#inZero ? 0 : reader.num() >>> 0;
    if (id === 0 && this.#id0Names && !this.#inZero) {
      this.#inZero = true;
      return true;
    }
    if (id !== 0 || this.#inZero) list.set(id, reader.string(reader.u8()));
    if (++this.#count > MAX_IDS) {
      throw fail('protocol', 'flist-ids', `The peer’s file list contains more than ${MAX_IDS} user or group names`, {
        hint: 'Nothing was changed because of it. The server may be damaged or hostile.',
      });
    }
    if (id !== 0) return true;
    this.#inZero = false;
    this.#count = 0;
    this.#left.shift();
    return this.#left.length > 0 || this.#errorsFollow;
  };
}
