import type { ByteString } from '../../../shared/model/path.ts';
import { sumText } from '../checksum/strong.ts';
import type { Connection } from '../connection.ts';
import { entryName, type FileEntry } from '../flist/entry.ts';
import { infoLevel } from '../options/info-words.ts';
import { BasisType, isDir, ItemFlag, Msg, SIGNIFICANT_ITEM_FLAGS } from '../wire/constants.ts';
import type { Basis } from './basis.ts';
import { countKind } from './delete-stats.ts';
import type { ReceiveState } from './receive-state.ts';

/** What the generator tells the sender of each entry (reference §7.1, 7.3). */
export class Items {
  /** Whether unchanged entries are told of as well. */
  readonly tellsAll: boolean;
  readonly #state: ReceiveState;
  /** Whether they are told of by name, where no format does (`-vv`). */
  readonly tellsNames: boolean;

  constructor(state: ReceiveState) {
    this.#state = state;
    const { options } = state.conn;
    const names = infoLevel(options, 'name') > 1;
    this.tellsAll = options.itemize > 1 || names;
    this.tellsNames = names && options.itemize === 0;
  }

  /**
   * An entry that needs no data, if there is anything to tell.
   * @param xname of the file it was linked to; '' for one that it is already, null for no link
   */
  local(ndx: number, entry: FileEntry, iflags: number, xname: ByteString | null = null): void {
    const significant = (iflags & SIGNIFICANT_ITEM_FLAGS) !== 0;
    if (!significant && !xname && !this.tellsAll) return;
    const { conn } = this.#state;
    if (this.tellsNames) {
      const text = nameLine(entry, iflags, xname);
      // A server says it to its client alone, never to its log.
      if (text !== null && conn.isServer) conn.output.messageText(Msg.INFO, conn.toWire(text));
      else if (text !== null) conn.emit({ type: 'message', level: 'info', from: 'local', text });
    }
    const flags = this.#flags(entry, iflags) | (xname === null ? 0 : ItemFlag.XNAME_FOLLOWS);
    this.countCreated(entry, iflags);
    if (!conn.agreed.dialect.items) return this.#sayHere(entry, flags, xname);
    const { data } = conn.output;
    data.ndx(ndx);
    data.u16(flags);
    if (xname !== null) data.vstring(xname);
    this.#state.extended?.writeRequest(data, ndx, entry, flags);
  }

  /** A sender of old is told of no such item: a client says it itself, a server by names alone, as rsync does. */
  #sayHere(entry: FileEntry, iflags: number, xname: ByteString | null): void {
    const { conn } = this.#state;
    if (!conn.isServer) return reportItem(this.#state, entry, { iflags, xname });
    const made = isDir(entry.mode) || (iflags & ItemFlag.LOCAL_CHANGE) !== 0;
    if (!made || infoLevel(conn.options, 'name') < 1) return;
    const end = isDir(entry.mode) ? '/' : xname ? ` => ${xname}` : entry.extra?.link ? ` -> ${entry.extra.link}` : '';
    conn.emit({ type: 'message', level: 'info', from: 'local', text: `${entryName(entry)}${end}\n` });
  }

  /** The head of a request for content; sums follow. */
  request(ndx: number, entry: FileEntry, iflags: number, basis: Basis | null): void {
    const { data } = this.#state.conn.output;
    const type = basis?.type ?? BasisType.DESTINATION;
    const named = basis?.xname ?? null;
    const flags =
      this.#flags(entry, iflags) |
      (type === BasisType.DESTINATION ? 0 : ItemFlag.BASIS_TYPE_FOLLOWS) |
      (named === null ? 0 : ItemFlag.XNAME_FOLLOWS);
    data.ndx(ndx);
    if (!this.#state.conn.agreed.dialect.items) return;
    data.u16(flags);
    if (type !== BasisType.DESTINATION) data.u8(type);
    if (named !== null) data.vstring(named);
    this.#state.extended?.writeRequest(data, ndx, entry, flags);
  }

  /** Of something new, attributes are told as well. */
  #flags(entry: FileEntry, iflags: number): number {
    const { extended } = this.#state;
    return extended && iflags & ItemFlag.IS_NEW ? iflags | extended.ofNew(entry) : iflags;
  }

  countCreated(entry: FileEntry, iflags: number): void {
    if (iflags & ItemFlag.IS_NEW) countKind(this.#state.totals.created, entry.mode);
  }
}

/** Tells the user of a client, or the log of a server, of an item. */
export function reportItem(state: ReceiveState, entry: FileEntry, item: Item): void {
  const { conn } = state;
  if (!conn.tellsItems) return;
  conn.emit({
    type: 'item',
    name: state.nameOf(entry),
    iflags: item.iflags,
    mode: entry.mode,
    size: entry.size,
    mtime: entry.mtime,
    uid: entry.uid,
    gid: entry.gid,
    sum: listSumText(conn, entry),
    link: entry.extra?.link ?? null,
    linkedTo: linkedName(item),
    direction: 'recv',
  });
}

/** What an item says of its entry. */
export interface Item {
  iflags: number;
  xname: ByteString | null;
}

/** The sum of an entry in the list, as people read it. */
export function listSumText({ agreed }: Connection, entry: FileEntry): string | null {
  const sum = entry.extra?.sum;
  return sum === undefined ? null : sumText(agreed.listSum, Buffer.from(sum, 'latin1'));
}

/** What the generator says of an entry by its name (`-vv`), or null where the sender does. */
function nameLine(entry: FileEntry, iflags: number, xname: ByteString | null): ByteString | null {
  const changes = (iflags & SIGNIFICANT_ITEM_FLAGS) !== 0;
  const isLocal = (iflags & ItemFlag.LOCAL_CHANGE) !== 0;
  // Made of what an alternate folder has, or linked already: nothing of it is new.
  const isKnown = xname === '' || (isLocal && xname === null && !changes);
  if (isKnown) return `${entryName(entry)}${isDir(entry.mode) ? '/' : ''} is uptodate\n`;
  if (isLocal || isDir(entry.mode)) return null;
  return `${entryName(entry)}${changes ? '' : ' is uptodate'}\n`;
}

/** Which name of the same file an item says its entry was linked to; a name with content is that of a basis. */
export function linkedName({ iflags, xname }: Item): ByteString | null {
  return (iflags & ItemFlag.TRANSFER) === 0 && xname ? xname : null;
}
