import type { FileSum } from '../checksum/strong.ts';
import { createFileSum } from '../checksum/strong.ts';
import { fail } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import { entryName, type FileEntry } from '../flist/entry.ts';
import type { Stat } from '../fs/fs.ts';
import { sameTime, type DestinationView } from '../plan/decide.ts';
import { Mode, isDevice, isDir, isLink, isReg } from '../wire/constants.ts';
import { attributesFor, changedAttributes, setWhatCanBe } from './attributes.ts';
import type { Deleter } from './delete.ts';
import { shownName, type Place } from './destination.ts';
import { sumFile } from './list-sum.ts';
import type { ReceiveState } from './receive-state.ts';

/** What the generator looks at and makes at the destination itself: links, devices, attributes, room for an entry. */
export class LocalItems {
  readonly #state: ReceiveState;
  readonly #deleter: Deleter;
  readonly #listSum: FileSum | null;

  constructor(state: ReceiveState, deleter: Deleter) {
    this.#state = state;
    this.#deleter = deleter;
    const { options, agreed } = state.conn;
    this.#listSum = options.checksum ? createFileSum(agreed.listSum) : null;
  }

  /** What stands at a place, or null. */
  view(place: Place): DestinationView | null {
    const stat = place.dir.lstat(place.name);
    if (stat === null) return null;
    if (this.#state.conn.options.writeDevices && isDevice(stat.mode)) stat.size = this.#deviceSize(place);
    return {
      stat,
      link: () => place.dir.readlink(place.name),
      sum: () => this.#sumOf(place),
      xattrs: () => place.dir.xattrs(place.name),
    };
  }

  /** The same where a folder goes: with `-K`, a symlink to a folder stands for that folder. */
  folderView(entry: FileEntry, place: Place): DestinationView | null {
    const view = this.view(place);
    if (view === null || !this.#state.conn.options.keepDirlinks || !isLink(view.stat.mode)) return view;
    const stat = this.#state.destination.dir(entryName(entry))?.lstat('.');
    if (stat) return { ...view, stat };
    if (this.#state.sides.leadsToFolder(entryName(entry))) throw leadsOutside(entry);
    return view;
  }

  /** Makes a symlink, device or special over what is no folder. */
  makeNode(entry: FileEntry, { dir, name }: Place): void {
    if (isLink(entry.mode)) dir.symlink(name, entry.extra!.link!);
    else dir.mknod(name, entry.mode, entry.extra?.rdevMajor ?? 0, entry.extra?.rdevMinor ?? 0);
    this.#state.touch(entry.dir);
  }

  /**
   * @param existing what stands there, or null for what was just made
   * @param before what stood in its place, of whatever kind but a folder: its permissions stay without `-p`
   */
  setAttributes(entry: FileEntry, place: Place, existing: Stat | null, before: Stat | null = existing): void {
    const { conn, abilities, umask } = this.#state;
    const { options } = conn;
    const wanted = attributesFor(entry, before, options, abilities, umask);
    // A time that is taken for equal stays, unless equal sums say more than times do.
    const exact = options.checksum && isReg(entry.mode);
    if (existing && !exact && sameTime(entry, existing, options)) wanted.mtime = null;
    const attributes = existing ? changedAttributes(wanted, existing) : wanted;
    const refused = setWhatCanBe(place.dir, place.name, attributes, isLink(entry.mode));
    if (refused !== null) this.#state.attributesFailed(entry, refused);
  }

  /**
   * Makes room for `entry` where something of another kind stands. A folder with contents goes only where deletion was
   * asked for. What a later rename will replace stays until then.
   */
  clear(entry: FileEntry, place: Place, stat: Stat): boolean {
    const { conn, backup } = this.#state;
    const { options } = conn;
    if (!isDir(stat.mode)) {
      if (isDir(entry.mode)) backup.remove(place, stat);
      else if (!backup.isOne(place)) backup.keep(place, stat);
      return true;
    }
    const standing = { ...entry, mode: (stat.mode & Mode.PERMS) | Mode.DIR };
    const cleared = this.#deleter.makeWay(standing, options.deleteMode !== 'none' || options.force);
    if (!cleared) {
      conn.issue({
        code: 'make-way-failed',
        name: entryName(entry),
        message: `${shownName(entry)} is a folder on the destination that is not empty, so the new item cannot take its place`,
        ioError: 0,
      });
    }
    return cleared;
  }

  /** A device is written like a file as long as it (`--write-devices`). */
  #deviceSize({ dir, name }: Place): number {
    try {
      const device = dir.openRead(name, true);
      device.close();
      return device.size;
    } catch {
      return 0;
    }
  }

  #sumOf({ dir, name }: Place): ByteString | null {
    const { poll } = this.#state.conn;
    try {
      const file = dir.openRead(name);
      try {
        return sumFile(file, this.#listSum!, poll);
      } finally {
        file.close();
      }
    } catch {
      poll();
      return null; // unreadable: treated as different
    }
  }
}

function leadsOutside(entry: FileEntry): Error {
  const message = `${shownName(entry)} is a link to a folder outside of the destination, and nothing is written there`;
  return fail('fs', 'eloop', message, { details: { errno: 'ELOOP' } });
}
