import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import { isDevice, isDir, isLink, isReg, isSpecial, Limit, Mode, OldXFlag, XFlag } from '../wire/constants.ts';
import { type Dialect, dialectOf } from '../wire/dialect.ts';
import { unpackDevice } from './device-number.ts';
import { AttributesReader, keepIdName } from './entry-attributes.ts';
import { type EntryExtra, EntryFlag, entryName, type FileEntry, type FlistLayout } from './entry.ts';
import { EntryNumbers, type ListFirsts, receivedLink, SentGroups } from './hard-links.ts';
import { ListBudget, type ListLimits } from './list-budget.ts';
import { badList } from './list-fault.ts';
import { NameReader, type Naming } from './name-reader.ts';

/** The marker that ends a list (§6.11). `ioError` holds bits of §4.6, already masked. */
export interface FlistEnd {
  readonly end: true;
  readonly ioError: number;
}

export const isFlistEnd = (value: FileEntry | FlistEnd): value is FlistEnd => 'end' in value;

/** Flags of options that were not agreed on, or that nothing defines. */
const REFUSED = ~(
  XFlag.TOP_DIR |
  XFlag.SAME_MODE |
  XFlag.EXTENDED |
  XFlag.SAME_UID |
  XFlag.SAME_GID |
  XFlag.SAME_NAME |
  XFlag.LONG_NAME |
  XFlag.SAME_TIME |
  XFlag.SAME_RDEV_MAJOR |
  XFlag.USER_NAME_FOLLOWS |
  XFlag.GROUP_NAME_FOLLOWS |
  XFlag.MOD_NSEC
);
const IO_ERROR_END = XFlag.EXTENDED | XFlag.IO_ERROR_ENDLIST;

/**
 * Decodes file-list entries (§6.2–6.11). One per connection: what an entry inherits from the one before survives from
 * list to list. `readEntry` runs inside `PeerInput.tryParse`, so nothing but scratch space changes before the last byte
 * of an entry has been read. Bounds: R9–R13.
 */
export class FlistDecoder {
  /** Names the peer gave for ids along with entries (incremental recursion). */
  readonly uidNames = new Map<number, ByteString>();
  readonly gidNames = new Map<number, ByteString>();
  /** What the entries' ACLs and extended attributes stand for, or null where lists have none. */
  readonly attributes: AttributesReader | null;

  readonly #layout: FlistLayout;
  readonly #dialect: Dialect;
  readonly #refused: number;
  /** Whether ids may bring their names. */
  readonly #inlineNames: boolean;
  readonly #names: NameReader;
  readonly #budget: ListBudget;

  #mode = 0;
  #mtime = 0;
  #atime = 0;
  #uid = 0;
  #gid = 0;
  #rdevMajor = 0;
  /** Before protocol 28: the whole number of the device before, 0 behind anything else. */
  #rdev = 0;
  /** Before protocol 30: the device of the file with several names before, and which entry was the first of each. */
  #linkDev: number | bigint = 0;
  readonly #linkFiles = new SentGroups();
  /** Before protocol 30: the folder whose contents are being listed, null outside of any. */
  #hierarchy: ByteString | null = null;

  readonly #numbers: EntryNumbers;
  readonly #firsts: ListFirsts = new Map();
  /** Numbers of the groups that were opened in any list. */
  readonly #linkGroups = new Set<number>();

  // What was found with the entry being read.
  #foundUser: ByteString | null = null;
  #foundGroup: ByteString | null = null;
  #foundRdev = 0;

  constructor(layout: FlistLayout, { naming = null, ...limits }: ListLimits & { naming?: Naming | null } = {}) {
    this.#layout = layout;
    this.#names = new NameReader(layout.relative === true, naming);
    this.#budget = new ListBudget(limits);
    const dialect = dialectOf(layout.protocol);
    this.#dialect = dialect;
    this.#numbers = new EntryNumbers(layout.incRecurse);
    this.attributes = layout.acls || layout.xattrs ? new AttributesReader(layout) : null;
    const inline = layout.incRecurse && !layout.numericIds;
    this.#inlineNames = inline;
    let refused = REFUSED;
    if (!inline || !layout.owner) refused |= XFlag.USER_NAME_FOLLOWS;
    if (!inline || !layout.group) refused |= XFlag.GROUP_NAME_FOLLOWS;
    if (!dialect.nanoseconds) refused |= XFlag.MOD_NSEC;
    if (layout.hardLinks) refused &= ~(dialect.linkNumbers ? XFlag.HLINKED | XFlag.HLINK_FIRST : XFlag.HLINKED);
    if (!dialect.compactNumbers) refused &= ~(OldXFlag.SAME_DEV | OldXFlag.SHORT_MINOR);
    if (layout.atimes) refused &= ~XFlag.SAME_ATIME;
    this.#refused = refused;
  }

  /**
   * Reads one entry or the end of the list.
   * @throws UNDERFLOW when bytes are missing (then nothing has changed); a `protocol` error for anything out of bounds
   */
  readEntry(reader: ByteReader): FileEntry | FlistEnd {
    const layout = this.#layout;
    let xflags: number;
    if (layout.varintFlags) {
      xflags = reader.varint();
      if (xflags === 0) return this.#end(reader.varint());
    } else {
      xflags = reader.u8();
      if (xflags === 0) return this.#end(0);
      if (xflags & XFlag.EXTENDED && this.#dialect.wideFlags) xflags |= reader.u8() << 8;
      if (xflags === IO_ERROR_END && layout.safeFlist) return this.#end(reader.varint());
    }
    if (xflags & this.#refused) {
      const found = (xflags & this.#refused) >>> 0;
      throw badList('flist-flags', `an entry with properties that were not agreed on (flags 0x${found.toString(16)})`);
    }

    this.#names.read(reader, xflags);

    let first = -1;
    if (xflags & XFlag.HLINKED && !(xflags & XFlag.HLINK_FIRST) && this.#dialect.linkNumbers) {
      first = reader.varint();
      if (!this.#linkGroups.has(first)) throw this.#badEntry('flist-link-group', 'a link to an entry that is none');
    }
    // A later name in the list of the first says nothing about the file: both sides take it from the first (§6.8).
    const sameFile = first >= this.#numbers.start ? this.#firsts.get(first)! : null;
    const entry = sameFile === null ? this.#readFile(reader, xflags) : this.#nameOf(sameFile);
    if (xflags & XFlag.HLINKED) {
      if (isDir(entry.mode)) throw this.#badEntry('flist-link-group', 'a folder with several names');
      if (this.#dialect.linkNumbers)
        (entry.extra ??= {}).hardLink = receivedLink(first < 0 ? this.#numbers.next : first, first);
    }
    const file = this.#readLink(reader, entry.mode, xflags);
    if (sameFile === null && this.#layout.sumLength > 0) {
      if (isReg(entry.mode)) (entry.extra ??= {}).sum = reader.string(this.#layout.sumLength);
      else if (!this.#dialect.sumsOfFiles) reader.view(this.#layout.sumLength);
    }
    this.attributes?.read(reader, entry.mode);

    // That was the last read: from here on the entry counts.
    const { extra } = entry;
    let kept = this.#names.isBeside ? 0 : entry.dir.length;
    if (sameFile === null) {
      kept += keepIdName(this.uidNames, entry.uid, this.#foundUser);
      kept += keepIdName(this.gidNames, entry.gid, this.#foundGroup);
    }
    if (this.attributes !== null) kept += this.attributes.keep((entry.extra ??= {}), this.uidNames, this.gidNames);
    if (file !== null) {
      this.#linkDev = file.dev;
      const own = this.#numbers.next;
      const firstName = this.#linkFiles.firstOf(file, own);
      (entry.extra ??= {}).hardLink = receivedLink(firstName < 0 ? own : firstName, firstName);
    }
    this.#budget.add(entry, kept);
    if (file === null && xflags & XFlag.HLINKED && first < 0) {
      this.#linkGroups.add(this.#numbers.next);
      this.#firsts.set(this.#numbers.next, entry);
    }
    this.#names.tellLost();
    this.#numbers.next++;
    this.#names.keep();
    this.#mtime = entry.mtime;
    this.#mode = entry.mode;
    this.#uid = entry.uid;
    this.#gid = entry.gid;
    this.#rdev = this.#foundRdev;
    if (isDir(entry.mode) && !this.#dialect.contentFlags) this.#guessContents(entry, xflags);
    if (extra !== null) {
      if (extra.atime !== undefined) this.#atime = extra.atime;
      if (extra.rdevMajor !== undefined) this.#rdevMajor = extra.rdevMajor;
    }
    return entry;
  }

  #end(ioError: number): FlistEnd {
    this.#numbers.endList();
    this.#firsts.clear();
    return { end: true, ioError: ioError & 7 };
  }

  /** The file that a link of old refers to, which is told of every regular file where links have no flag (§6.8). */
  #readLink(
    reader: ByteReader,
    mode: number,
    xflags: number,
  ): { dev: number | bigint; ino: number | bigint; first: number } | null {
    if (this.#dialect.linkNumbers || !this.#layout.hardLinks) return null;
    if (this.#dialect.linkFlag ? !(xflags & XFlag.HLINKED) : !isReg(mode)) return null;
    const dev = this.#dialect.linkFlag && xflags & OldXFlag.SAME_DEV ? this.#linkDev : reader.longint();
    return { dev, ino: reader.longint(), first: -1 };
  }

  /**
   * Before folders said it themselves: the contents of those named as arguments, and of all folders in these, are part
   * of the transfer; with `-R` others may stand between them (§6.5).
   */
  #guessContents(entry: FileEntry, xflags: number): void {
    const { recursive, relative } = this.#layout;
    const name = entryName(entry);
    if (xflags & XFlag.TOP_DIR) {
      this.#hierarchy = recursive === true ? (name === '.' ? '' : name) : null;
      entry.flags |= EntryFlag.TOP_DIR | EntryFlag.CONTENT_DIR;
      return;
    }
    const inside = this.#hierarchy === '' || name.startsWith(`${this.#hierarchy}/`);
    if (relative === true && !inside) {
      this.#hierarchy = null;
      entry.flags |= EntryFlag.TOP_DIR; // the parent of what was named
    } else if (this.#hierarchy !== null) entry.flags |= EntryFlag.CONTENT_DIR;
  }

  /** Fields 6 to 15 of §6.4, what is said about the file behind the name that was just read. */
  #readFile(reader: ByteReader, xflags: number): FileEntry {
    const layout = this.#layout;
    const size = reader.long(3);
    if (size < 0) throw this.#badEntry('flist-size', 'a negative size');
    const mtime = xflags & XFlag.SAME_TIME ? this.#mtime : reader.fixed ? reader.i32() >>> 0 : reader.varlong(4);
    const nsec = xflags & XFlag.MOD_NSEC ? reader.varint() : 0;
    if (nsec < 0 || nsec > 999_999_999) throw this.#badEntry('flist-time', 'an impossible time');
    const mode = xflags & XFlag.SAME_MODE ? this.#mode : reader.i32();
    if (!isKnownType(mode) && !(mode === 0 && layout.missing))
      throw this.#badEntry('flist-mode', `an unknown file type (mode 0${(mode >>> 0).toString(8)})`);
    const directory = isDir(mode);
    if (!directory && this.#names.base === '.') throw this.#badEntry('flist-root', 'a root that is not a folder');

    let extra: EntryExtra | null = null;
    if (layout.atimes && !directory) {
      extra = { atime: xflags & XFlag.SAME_ATIME ? this.#atime : reader.varlong(4) };
    }
    let uid = this.#uid;
    this.#foundUser = null;
    if (layout.owner && !(xflags & XFlag.SAME_UID)) {
      uid = reader.num() >>> 0;
      if (this.#inlineNames && xflags & XFlag.USER_NAME_FOLLOWS) this.#foundUser = reader.string(reader.u8());
    }
    let gid = this.#gid;
    this.#foundGroup = null;
    if (layout.group && !(xflags & XFlag.SAME_GID)) {
      gid = reader.num() >>> 0;
      if (this.#inlineNames && xflags & XFlag.GROUP_NAME_FOLLOWS) this.#foundGroup = reader.string(reader.u8());
    }

    this.#foundRdev = 0;
    if (!directory && !isReg(mode)) {
      const device = isDevice(mode);
      if (device ? layout.devices : layout.specials && !this.#dialect.bareSpecials && isSpecial(mode)) {
        const { major, minor } = this.#readDevice(reader, xflags);
        if (device) {
          extra ??= {};
          extra.rdevMajor = major;
          extra.rdevMinor = minor;
        }
      } else if (layout.links && isLink(mode)) {
        const length = reader.num();
        if (length < 1 || length >= Limit.PATH) throw this.#badEntry('flist-link', `a link target of ${length} bytes`);
        const link = this.#names.target(reader.string(length));
        if (link.includes('\0')) throw this.#badEntry('flist-link', 'a link target with a zero byte');
        (extra ??= {}).link = link;
      }
    }

    let flags = this.#nameFlags();
    if (directory && this.#dialect.contentFlags) {
      if (xflags & XFlag.TOP_DIR) flags |= EntryFlag.TOP_DIR;
      if (!(xflags & XFlag.NO_CONTENT_DIR)) flags |= EntryFlag.CONTENT_DIR;
    }
    return {
      dir: this.#names.dir,
      base: this.#names.base,
      mode,
      size,
      mtime,
      nsec,
      uid,
      gid,
      flags,
      root: 0,
      extra,
    };
  }

  #nameFlags(): number {
    if (this.#names.lost !== null) return EntryFlag.INACTIVE;
    return this.#names.isAbsolute ? EntryFlag.ABSOLUTE : 0;
  }

  #readDevice(reader: ByteReader, xflags: number): { major: number; minor: number } {
    if (!this.#dialect.deviceParts) {
      this.#foundRdev = xflags & OldXFlag.SAME_RDEV ? this.#rdev : reader.i32() >>> 0;
      return unpackDevice(this.#foundRdev);
    }
    const major = xflags & XFlag.SAME_RDEV_MAJOR ? this.#rdevMajor : reader.num() >>> 0;
    if (reader.fixed && xflags & OldXFlag.SHORT_MINOR) return { major, minor: reader.u8() };
    return { major, minor: reader.num() >>> 0 };
  }

  /** Another name of a file in this list. */
  #nameOf(file: FileEntry): FileEntry {
    return {
      ...file,
      dir: this.#names.dir,
      base: this.#names.base,
      flags: this.#nameFlags(),
      extra: { ...file.extra },
    };
  }

  /** These entries are held no longer. Their folders' names and what several entries share stay. */
  release(entries: readonly FileEntry[]): void {
    this.#budget.release(entries);
  }

  #badEntry(code: string, what: string): Error {
    return badList(code, `${what} for “${displayPath(bytesToText(this.#names.name))}”`);
  }
}

/** True for the seven types of R12. */
function isKnownType(mode: number): boolean {
  if (mode < 0 || mode > 0o177777) return false;
  const type = mode & Mode.TYPE;
  return type === Mode.REG || type === Mode.DIR || type === Mode.LINK || isDevice(mode) || isSpecial(mode);
}
