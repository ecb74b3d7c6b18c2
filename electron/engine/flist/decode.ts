import { getHeapStatistics } from 'node:v8';
import { fail } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import { isDevice, isDir, isLink, isReg, isSpecial, Limit, Mode, OldXFlag, XFlag } from '../wire/constants.ts';
import type { Charset } from '../wire/charset.ts';
import { type Dialect, dialectOf } from '../wire/dialect.ts';
import { unpackDevice } from './device-number.ts';
import { AttributesReader, keepIdName } from './entry-attributes.ts';
import { type EntryExtra, EntryFlag, entryName, type FileEntry, type FlistLayout } from './entry.ts';
import { EntryNumbers, type ListFirsts, receivedLink, SentGroups } from './hard-links.ts';

/** The marker that ends a list (§6.11). `ioError` holds bits of §4.6, already masked. */
export interface FlistEnd {
  readonly end: true;
  readonly ioError: number;
}

export const isFlistEnd = (value: FileEntry | FlistEnd): value is FlistEnd => 'end' in value;

/**
 * Entries one connection may list in all (R7, faults.md H10). Incremental recursion releases them, but a peer that
 * sends more than this is not listing a tree people keep.
 */
export const MAX_ENTRIES = 20_000_000;
/** What may be held at a time: the part of this thread's heap that its entries may take. Beyond the heap it would die. */
const HEAP_SHARE = 0.5;
/** Heap that an entry takes beside its text, and what rare fields add; measured. */
const ENTRY_BYTES = 160;
const EXTRA_BYTES = 96;
/** What a folder takes besides, in the tables that hold folders to the end. */
const FOLDER_BYTES = 128;

const SLASH = 0x2f;
const DOT = 0x2e;

/** How names and, where `links` says so, what links lead to are converted (`--iconv`). */
export interface Naming {
  readonly charset: Charset;
  readonly links: boolean;
  /** Told what could not be converted: that entry keeps its place in the list and is nothing else. */
  readonly lost: (what: string) => void;
}

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
  readonly #naming: Naming | null;
  /** The name of the entry being read in this side's charset. */
  readonly #local = Buffer.alloc(Limit.PATH);
  /** What of the entry being read could not be converted. */
  #lost: string | null = null;
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  #entries = 0;
  /** Memory held by entries that were not released, and by what is kept along with them. */
  #bytes = 0;

  /** The previous name as it was on the wire, which the next one's prefix refers to, and space to build the next in. */
  #name = Buffer.alloc(Limit.PATH);
  #scratch = Buffer.alloc(Limit.PATH);
  #nameLength = 0;
  /** Index of the last slash of the previous name, -1 if it has none or was not in normal form. */
  #slash = -1;
  /** Whether the previous name was in normal form, so that a prefix of it need not be checked again. */
  #normal = true;
  #dir: ByteString = '';
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

  // Results of #readName, valid until the next call.
  #foundDir: ByteString = '';
  #foundBase: ByteString = '';
  #foundSlash = -1;
  #foundNormal = true;
  #foundLength = 0;
  #foundUser: ByteString | null = null;
  #foundGroup: ByteString | null = null;
  #foundRdev = 0;

  /**
   * @param limits `maxEntries`: entries accepted over the whole connection, by default MAX_ENTRIES; `maxBytes`: memory
   *   they may hold at a time, by default a part of the heap; `naming`: `--iconv`
   */
  constructor(layout: FlistLayout, limits: { maxEntries?: number; maxBytes?: number; naming?: Naming | null } = {}) {
    this.#layout = layout;
    this.#naming = limits.naming ?? null;
    const dialect = dialectOf(layout.protocol);
    this.#dialect = dialect;
    this.#maxEntries = limits.maxEntries ?? MAX_ENTRIES;
    this.#maxBytes = limits.maxBytes ?? getHeapStatistics().heap_size_limit * HEAP_SHARE;
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
      throw bad('flist-flags', `an entry with properties that were not agreed on (flags 0x${found.toString(16)})`);
    }

    this.#readName(reader, xflags);

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
    let kept = entry.dir === this.#dir ? 0 : entry.dir.length;
    // Folders are looked up by their whole name.
    if (isDir(entry.mode)) kept += FOLDER_BYTES + entry.dir.length + entry.base.length;
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
    this.#count(bytesOf(entry) + kept);
    if (file === null && xflags & XFlag.HLINKED && first < 0) {
      this.#linkGroups.add(this.#numbers.next);
      this.#firsts.set(this.#numbers.next, entry);
    }
    if (this.#lost !== null) this.#naming?.lost(this.#lost);
    this.#numbers.next++;
    this.#keepName();
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
    if (!directory && this.#foundBase === '.') throw this.#badEntry('flist-root', 'a root that is not a folder');

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
        const link = this.#localTarget(reader.string(length));
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
      dir: this.#foundDir,
      base: this.#foundBase,
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
    if (this.#lost !== null) return EntryFlag.INACTIVE;
    return this.#scratch[0] === SLASH ? EntryFlag.ABSOLUTE : 0;
  }

  /** What a link leads to in this side's charset; as it came where that has no such characters. */
  #localTarget(wire: ByteString): ByteString {
    if (this.#naming === null || !this.#naming.links) return wire;
    const local = this.#naming.charset.fromWire(wire);
    if (local === null) this.#lost ??= `symlink data for: ${displayPath(bytesToText(this.#foundName()))}`;
    return local ?? wire;
  }

  #foundName(): ByteString {
    return this.#foundDir === '' ? this.#foundBase : `${this.#foundDir}/${this.#foundBase}`;
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
      dir: this.#foundDir,
      base: this.#foundBase,
      flags: this.#nameFlags(),
      extra: { ...file.extra },
    };
  }

  /** Builds the name in #scratch and splits it into #foundDir and #foundBase (§6.5, R9, R10). */
  #readName(reader: ByteReader, xflags: number): void {
    const shared = xflags & XFlag.SAME_NAME ? reader.u8() : 0;
    const rest = xflags & XFlag.LONG_NAME ? reader.num() : reader.u8();
    if (rest < 0 || shared + rest >= Limit.PATH) throw bad('flist-name', `a name of ${shared + rest} bytes`);
    if (shared > this.#nameLength) throw bad('flist-name', 'a name that refers beyond the one before it');
    let name = this.#scratch;
    let length = shared + rest;
    if (length === 0) throw bad('flist-name', 'an empty name');
    reader.copyTo(name, shared, rest);
    const previous = this.#name;
    for (let i = 0; i < shared; i++) name[i] = previous[i]!;
    this.#foundLength = length;
    this.#lost = null;
    if (this.#naming !== null) {
      const wire = name.toString('latin1', 0, length);
      const local = this.#naming.charset.fromWire(wire);
      if (local === null || local.length >= Limit.PATH) return this.#loseName(wire);
      name = this.#local;
      length = name.write(local, 'latin1');
    }

    // A prefix of whole components of a name that was in order needs no second look.
    let start = 0;
    if (this.#normal && this.#naming === null) {
      start = this.#slash < shared ? this.#slash + 1 : shared;
      while (start > 0 && name[start - 1] !== SLASH) start--;
    }
    let slash = start - 1;
    let normal = true;
    let part = start;
    for (let i = start; i <= length; i++) {
      const byte = i < length ? name[i]! : SLASH;
      if (byte === 0) throw bad('flist-name', 'a name with a zero byte');
      if (byte !== SLASH) continue;
      const size = i - part;
      if (size === 0) {
        if (i === 0 && this.#layout.relative !== true)
          throw bad('flist-name', 'a name that starts at the root of the file system');
        normal = false;
      } else if (name[part] === DOT) {
        if (size === 1) normal &&= length === 1;
        else if (size === 2 && name[part + 1] === DOT)
          throw bad('flist-name', 'a name that leads out of its folder (“..”)');
      }
      if (i < length) slash = i;
      part = i + 1;
    }

    this.#foundNormal = normal;
    this.#foundSlash = normal ? slash : -1;
    if (!normal) return this.#normalise(name.toString('latin1', 0, length));
    if (slash < 0) this.#foundDir = '';
    else if (slash === this.#slash && slash < shared && this.#naming === null) this.#foundDir = this.#dir;
    else this.#foundDir = this.#sharedDir(name.toString('latin1', 0, slash));
    this.#foundBase = name.toString('latin1', slash + 1, length);
  }

  #loseName(wire: ByteString): void {
    this.#lost = `filename: ${displayPath(bytesToText(wire))}`;
    this.#foundDir = '';
    this.#foundBase = '';
    this.#foundNormal = true;
    this.#foundSlash = -1;
  }

  /** Drops empty and `.` components; what is left of nothing is the root. */
  #normalise(raw: ByteString): void {
    const parts = raw.split('/').filter((part) => part !== '' && part !== '.');
    this.#foundBase = parts.pop() ?? '.';
    this.#foundDir = this.#sharedDir(parts.join('/'));
  }

  #sharedDir(dir: ByteString): ByteString {
    return dir === this.#dir ? this.#dir : dir;
  }

  #keepName(): void {
    const previous = this.#name;
    this.#name = this.#scratch;
    this.#scratch = previous;
    this.#nameLength = this.#foundLength;
    this.#slash = this.#foundSlash;
    this.#normal = this.#foundNormal;
    this.#dir = this.#foundDir;
  }

  /** These entries are held no longer. Their folders' names and what several entries share stay. */
  release(entries: readonly FileEntry[]): void {
    for (const entry of entries) if (!isDir(entry.mode)) this.#bytes -= bytesOf(entry);
  }

  #count(bytes: number): void {
    this.#entries++;
    this.#bytes += bytes;
    if (this.#entries <= this.#maxEntries && this.#bytes <= this.#maxBytes) return;
    throw fail('protocol', 'flist-too-long', `The peer listed more than ${this.#entries - 1} entries`, {
      hint: 'They do not fit into memory. Transfer parts of the folder separately.',
    });
  }

  #badEntry(code: string, what: string): Error {
    return bad(code, `${what} for “${displayPath(bytesToText(this.#foundName()))}”`);
  }
}

/** Memory that goes when an entry goes. */
function bytesOf({ base, extra }: FileEntry): number {
  if (extra === null) return ENTRY_BYTES + base.length;
  return ENTRY_BYTES + EXTRA_BYTES + base.length + (extra.link?.length ?? 0) + (extra.sum?.length ?? 0);
}

/** True for the seven types of R12. */
function isKnownType(mode: number): boolean {
  if (mode < 0 || mode > 0o177777) return false;
  const type = mode & Mode.TYPE;
  return type === Mode.REG || type === Mode.DIR || type === Mode.LINK || isDevice(mode) || isSpecial(mode);
}

function bad(code: string, what: string): Error {
  return fail('protocol', code, `The peer’s file list contains ${what}`, {
    hint: 'Nothing was changed because of it. The server may be damaged or hostile.',
  });
}
