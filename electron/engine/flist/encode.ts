import type { ByteString } from '../../../shared/model/path.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { isDevice, isDir, isLink, isReg, isSpecial, OldXFlag, XFlag } from '../wire/constants.ts';
import { type Dialect, dialectOf } from '../wire/dialect.ts';
import type { NameOnce } from './acl.ts';
import { AttributesWriter, AttributeTables } from './entry-attributes.ts';
import { EntryFlag, entryName, givenName, type FileEntry, type FlistLayout, type HardLink } from './entry.ts';
import { EntryNumbers, type ListFirsts, SentGroups } from './hard-links.ts';
import type { IdNames } from './id-map.ts';
import { packDevice } from './device-number.ts';

const MAX_SHARED = 255;
const NO_SUM = '\0'.repeat(64);

/** What an entry's flags were made of and its fields need. */
interface FileFields {
  device: boolean;
  special: boolean;
  /** Both parts of a device number, where they travel as one. */
  rdev: number;
  userName: ByteString | null;
  groupName: ByteString | null;
}

/**
 * Encodes file-list entries (§6.2–6.11). One per connection: what an entry inherits from the one before survives from
 * list to list.
 */
export class FlistEncoder {
  readonly #layout: FlistLayout;
  readonly #dialect: Dialect;
  readonly #names: IdNames | null;
  readonly #attributes: AttributesWriter | null;
  /** Ids that occurred, with their name or null, in the order they occurred. */
  readonly #users = new Map<number, ByteString | null>();
  readonly #groups = new Map<number, ByteString | null>();
  #first = true;
  #dir: ByteString = '';
  #base: ByteString = '';
  /** 1 where the name had a slash in front. */
  #lead = 0;
  #mode = 0;
  #mtime = 0;
  #atime = 0;
  #uid = 0;
  #gid = 0;
  #rdevMajor = 0;
  /** Before protocol 28: the whole number of the device before, 0 behind anything else. */
  #rdev = 0;
  /** Before protocol 30: the device of the file with several names before. */
  #linkDev: number | bigint | null = null;
  readonly #numbers: EntryNumbers;
  readonly #linkGroups = new SentGroups();
  readonly #firsts: ListFirsts = new Map();

  /**
   * @param names local names of ids; null sends none, as with `--numeric-ids`
   * @param tables what the entries' ACLs and extended attributes stand for
   */
  constructor(layout: FlistLayout, names: IdNames | null, tables = new AttributeTables()) {
    this.#layout = layout;
    this.#dialect = dialectOf(layout.protocol);
    this.#attributes = layout.acls || layout.xattrs ? new AttributesWriter(layout, tables) : null;
    this.#names = layout.numericIds ? null : names;
    this.#numbers = new EntryNumbers(layout.incRecurse);
  }

  /** Appends one entry. A regular file without its `--checksum` sum (unreadable) gets zeros. */
  writeEntry(w: ByteWriter, entry: FileEntry): void {
    const layout = this.#layout;
    const number = this.#numbers.next++;
    const dialect = this.#dialect;
    const hardLink = layout.hardLinks ? this.#linkOf(entry, number) : undefined;
    const first = hardLink === undefined || !dialect.linkNumbers ? -1 : this.#linkGroups.firstOf(hardLink, number);
    // A later name in the list of the first says nothing about the file: both sides take it from the first.
    const sameFile = first >= this.#numbers.start ? this.#firsts.get(first)! : null;
    const file = sameFile ?? entry;
    const { mode, mtime, uid, gid } = file;
    const directory = isDir(mode);
    const device = layout.devices && isDevice(mode);
    const special = layout.specials && !dialect.bareSpecials && isSpecial(mode);
    const rdev =
      device && !dialect.deviceParts ? packDevice(file.extra?.rdevMajor ?? 0, file.extra?.rdevMinor ?? 0) : 0;

    let xflags = 0;
    if (directory) {
      const contents = (entry.flags & EntryFlag.CONTENT_DIR) !== 0;
      if (entry.flags & EntryFlag.TOP_DIR && (contents || dialect.contentFlags)) xflags |= XFlag.TOP_DIR;
      if (!contents && dialect.contentFlags) xflags |= XFlag.NO_CONTENT_DIR;
    } else if (!dialect.deviceParts) {
      if (special || (device && rdev === this.#rdev)) xflags |= OldXFlag.SAME_RDEV;
    } else {
      if (special || (device && file.extra?.rdevMajor === this.#rdevMajor)) xflags |= XFlag.SAME_RDEV_MAJOR;
      const short = special || (device && (file.extra?.rdevMinor ?? 0) <= 0xff);
      if (short && !dialect.compactNumbers) xflags |= OldXFlag.SHORT_MINOR;
    }
    if (mode === this.#mode) xflags |= XFlag.SAME_MODE;
    if (mtime === this.#mtime) xflags |= XFlag.SAME_TIME;
    if (file.nsec !== 0 && dialect.nanoseconds) xflags |= XFlag.MOD_NSEC;
    const atime = layout.atimes && !directory ? (file.extra?.atime ?? 0) : null;
    if (atime === this.#atime) xflags |= XFlag.SAME_ATIME;
    if (hardLink !== undefined) {
      if (dialect.linkFlag) xflags |= XFlag.HLINKED;
      if (!dialect.linkNumbers) {
        if (dialect.linkFlag && hardLink.dev === this.#linkDev) xflags |= OldXFlag.SAME_DEV;
      } else if (first < 0) {
        xflags |= XFlag.HLINK_FIRST;
        this.#firsts.set(number, entry);
      }
    }

    let userName: ByteString | null = null;
    if (!layout.owner || (uid === this.#uid && !this.#first)) xflags |= XFlag.SAME_UID;
    else if (this.#names && !this.#users.has(uid)) {
      userName = this.#names.user(uid);
      this.#users.set(uid, userName);
      if (!layout.incRecurse) userName = null;
      if (userName !== null) xflags |= XFlag.USER_NAME_FOLLOWS;
    }
    let groupName: ByteString | null = null;
    if (!layout.group || (gid === this.#gid && !this.#first)) xflags |= XFlag.SAME_GID;
    else if (this.#names && !this.#groups.has(gid)) {
      groupName = this.#names.group(gid);
      this.#groups.set(gid, groupName);
      if (!layout.incRecurse) groupName = null;
      if (groupName !== null) xflags |= XFlag.GROUP_NAME_FOLLOWS;
    }

    const shared = this.#sharedPrefix(entry);
    const lead = entry.flags & EntryFlag.ABSOLUTE ? 1 : 0;
    const dirLength = lead + (entry.dir === '' ? 0 : entry.dir.length + 1);
    const tail = shared >= dirLength ? entry.base.slice(shared - dirLength) : givenName(entry).slice(shared);
    if (shared > 0) xflags |= XFlag.SAME_NAME;
    if (tail.length > 255) xflags |= XFlag.LONG_NAME;

    if (layout.varintFlags) w.varint(xflags === 0 ? XFlag.EXTENDED : xflags);
    else {
      // No flag at all would end the list: one that means nothing here stands in.
      if (xflags === 0 && !directory) xflags = XFlag.TOP_DIR;
      if (!dialect.wideFlags) w.u8((xflags |= xflags === 0 ? XFlag.LONG_NAME : 0));
      else if (xflags === 0 || xflags > 0xff) w.u16(xflags | XFlag.EXTENDED);
      else w.u8(xflags);
    }
    if (shared > 0) w.u8(shared);
    if (xflags & XFlag.LONG_NAME) w.num(tail.length);
    else w.u8(tail.length);
    w.string(tail);
    if (first >= 0) w.varint(first);
    if (sameFile === null) {
      this.#writeFile(w, entry, xflags, { device, special, rdev, userName, groupName });
      if (hardLink !== undefined && !dialect.linkNumbers) this.#writeLink(w, hardLink, xflags);
      if (layout.sumLength > 0 && (isReg(mode) || !dialect.sumsOfFiles))
        w.string(entry.extra?.sum ?? NO_SUM.slice(0, layout.sumLength));
    }
    this.#attributes?.write(w, entry, this.#nameOnce);
    if (device) this.#rdevMajor = sameFile === null ? (file.extra?.rdevMajor ?? 0) : -1;
    if (device || !special) this.#rdev = rdev;

    this.#first = false;
    this.#dir = entry.dir;
    this.#base = entry.base;
    this.#lead = lead;
    this.#mode = mode;
    this.#mtime = mtime;
    if (atime !== null) this.#atime = atime;
    if (layout.owner) this.#uid = uid;
    if (layout.group) this.#gid = gid;
  }

  /** Names of ids in ACLs travel as those of owners do. */
  readonly #nameOnce: NameOnce = (isUser, id) => {
    const mentioned = isUser ? this.#users : this.#groups;
    if (!this.#names || mentioned.has(id)) return null;
    const name = isUser ? this.#names.user(id) : this.#names.group(id);
    mentioned.set(id, name);
    return this.#layout.incRecurse ? name : null;
  };

  /** Before links had a flag, a file with one name was told to be the only one of its inode. */
  #linkOf(entry: FileEntry, number: number): HardLink | undefined {
    const link = entry.extra?.hardLink;
    if (this.#dialect.linkFlag) return link;
    return isReg(entry.mode) ? (link ?? { dev: 0, ino: number, first: -1 }) : undefined;
  }

  /** The file that links of old refer to: field 16 of §6.4. */
  #writeLink(w: ByteWriter, { dev, ino }: HardLink, xflags: number): void {
    if (!(xflags & OldXFlag.SAME_DEV)) w.longint(BigInt(dev) + 1n);
    this.#linkDev = dev;
    w.longint(ino);
  }

  /** What is said about the file behind a name: fields 6 to 15 of §6.4. */
  #writeFile(
    w: ByteWriter,
    entry: FileEntry,
    xflags: number,
    { device, special, rdev, userName, groupName }: FileFields,
  ): void {
    const layout = this.#layout;
    const dialect = this.#dialect;
    const { mode } = entry;
    w.long(entry.size, 3);
    if (!(xflags & XFlag.SAME_TIME)) {
      if (w.fixed) w.i32(entry.mtime);
      else w.varlong(entry.mtime, 4);
    }
    if (xflags & XFlag.MOD_NSEC) w.varint(entry.nsec);
    if (!(xflags & XFlag.SAME_MODE)) w.i32(mode);
    if (layout.atimes && !isDir(mode) && !(xflags & XFlag.SAME_ATIME)) w.varlong(entry.extra?.atime ?? 0, 4);
    if (!(xflags & XFlag.SAME_UID)) {
      w.num(entry.uid);
      if (userName !== null) writeName(w, userName);
    }
    if (!(xflags & XFlag.SAME_GID)) {
      w.num(entry.gid);
      if (groupName !== null) writeName(w, groupName);
    }
    if (!dialect.deviceParts) {
      if (device && !(xflags & OldXFlag.SAME_RDEV)) w.i32(rdev);
    } else if (device || special) {
      if (!(xflags & XFlag.SAME_RDEV_MAJOR)) w.num(entry.extra?.rdevMajor ?? 0);
      const minor = special ? 0 : (entry.extra?.rdevMinor ?? 0);
      if (w.fixed && xflags & OldXFlag.SHORT_MINOR) w.u8(minor);
      else w.num(minor);
    }
    if (layout.links && isLink(mode)) {
      const link = entry.extra?.link ?? '';
      w.num(link.length);
      w.string(link);
    }
  }

  /**
   * Ends a list (§6.11). At protocol 30 without safe lists an error has no place here: the caller sends it as an
   * IO_ERROR frame.
   * @param ioError bits of §4.6
   */
  writeEnd(w: ByteWriter, ioError: number): void {
    this.#numbers.endList();
    this.#firsts.clear();
    if (this.#layout.varintFlags) {
      w.varint(0);
      w.varint(ioError);
    } else if (ioError !== 0 && this.#layout.safeFlist) {
      w.u16(XFlag.EXTENDED | XFlag.IO_ERROR_ENDLIST);
      w.varint(ioError);
    } else w.u8(0);
  }

  /**
   * Writes what follows the list of a non-incremental connection: the id lists (§6.12), where the layout has them, and
   * the errors, where its end says nothing of them (§6.11).
   * @param ioError bits of §4.6
   */
  writeTail(w: ByteWriter, ioError: number): void {
    const layout = this.#layout;
    if (layout.incRecurse) return;
    if (!layout.numericIds) {
      if (layout.owner || layout.acls) this.#writeIdList(w, this.#users, this.#names?.user(0) ?? '');
      if (layout.group || layout.acls) this.#writeIdList(w, this.#groups, this.#names?.group(0) ?? '');
    }
    if (!this.#dialect.listErrors) w.i32(ioError);
  }

  #writeIdList(w: ByteWriter, ids: Map<number, ByteString | null>, zeroName: ByteString): void {
    // Latest first, as rsync has it, so that connections compare byte for byte.
    for (const [id, name] of [...ids].reverse()) {
      if (id === 0 || name === null) continue;
      w.num(id);
      writeName(w, name);
    }
    w.num(0);
    if (this.#layout.id0Names) writeName(w, zeroName);
  }

  /** Bytes the full name has in common with the previous one, at most 255. */
  #sharedPrefix(entry: FileEntry): number {
    if (this.#first) return 0;
    const lead = entry.flags & EntryFlag.ABSOLUTE ? 1 : 0;
    if (lead !== this.#lead) return 0;
    let a: ByteString;
    let b: ByteString;
    let at = lead;
    if (entry.dir === this.#dir) {
      at += entry.dir === '' ? 0 : entry.dir.length + 1;
      if (at >= MAX_SHARED) return MAX_SHARED;
      a = entry.base;
      b = this.#base;
    } else {
      a = entryName(entry);
      b = this.#dir === '' ? this.#base : `${this.#dir}/${this.#base}`;
    }
    const end = Math.min(a.length, b.length, MAX_SHARED - at);
    let i = 0;
    while (i < end && a.charCodeAt(i) === b.charCodeAt(i)) i++;
    return at + i;
  }
}

/** A length byte and the name; names longer than that can say are cut, as no system has them. */
function writeName(w: ByteWriter, name: ByteString): void {
  const text = name.slice(0, 255);
  w.u8(text.length);
  w.string(text);
}
