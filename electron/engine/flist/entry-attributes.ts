import type { ByteString } from '../../../shared/model/path.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { isDir, isLink } from '../wire/constants.ts';
import { AclReader, AclTable, AclWriter, type NameOnce, type ReadAcl } from './acl.ts';
import type { EntryExtra, FileEntry, FlistLayout } from './entry.ts';
import { type ReadXattrs, XattrReader, XattrTable, XattrWriter } from './xattr.ts';

/** Memory that the name of an id takes beside its text. */
const ID_NAME_BYTES = 96;

/** Keeps the first name an id comes with. @returns the bytes of memory it takes about */
export function keepIdName(names: Map<number, ByteString>, id: number, name: ByteString | null): number {
  if (name === null || names.has(id)) return 0;
  names.set(id, name);
  return ID_NAME_BYTES + name.length;
}

/** What the indexes in a sender's entries stand for. */
export class AttributeTables {
  readonly acls = new AclTable();
  readonly defaultAcls = new AclTable();
  readonly xattrs = new XattrTable();
}

/** Writes fields 18 and 19 of §6.4: ACLs and extended attributes. */
export class AttributesWriter {
  readonly #layout: FlistLayout;
  readonly #tables: AttributeTables;
  readonly #acls = new AclWriter();
  readonly #defaultAcls = new AclWriter();
  readonly #xattrs = new XattrWriter();

  constructor(layout: FlistLayout, tables: AttributeTables) {
    this.#layout = layout;
    this.#tables = tables;
  }

  write(w: ByteWriter, { mode, extra }: FileEntry, nameOnce: NameOnce): void {
    const { acls, defaultAcls, xattrs } = this.#tables;
    if (this.#layout.acls && !isLink(mode)) {
      this.#acls.write(w, acls, extra?.acl, nameOnce);
      if (isDir(mode)) this.#defaultAcls.write(w, defaultAcls, extra?.defaultAcl, nameOnce);
    }
    if (this.#layout.xattrs) this.#xattrs.write(w, xattrs, extra?.xattr);
  }
}

/** Reads fields 18 and 19 of §6.4, and holds what the indexes in a receiver's entries stand for. */
export class AttributesReader {
  readonly acls = new AclReader();
  readonly defaultAcls = new AclReader();
  readonly xattrs = new XattrReader();

  readonly #layout: FlistLayout;
  #acl: ReadAcl | null = null;
  #defaultAcl: ReadAcl | null = null;
  #xattr: ReadXattrs | null = null;

  constructor(layout: FlistLayout) {
    this.#layout = layout;
  }

  /** Reads without keeping: the entry may have to be read again. @throws UNDERFLOW; a `protocol` error */
  read(r: ByteReader, mode: number): void {
    const acls = this.#layout.acls && !isLink(mode);
    this.#acl = acls ? this.acls.read(r) : null;
    this.#defaultAcl = acls && isDir(mode) ? this.defaultAcls.read(r) : null;
    this.#xattr = this.#layout.xattrs ? this.xattrs.read(r) : null;
  }

  /**
   * Keeps what was read last, in the entry that it belongs to.
   * @returns how many bytes of memory it takes about
   */
  keep(extra: EntryExtra, users: Map<number, ByteString>, groups: Map<number, ByteString>): number {
    let bytes = 0;
    for (const [kind, found, all] of [
      ['acl', this.#acl, this.acls],
      ['defaultAcl', this.#defaultAcl, this.defaultAcls],
    ] as const) {
      if (found === null) continue;
      all.keep(found);
      extra[kind] = found.index;
      bytes += (found.acl?.names.length ?? 0) * 32;
      for (const { isUser, id, name } of found.idNames) {
        bytes += keepIdName(isUser ? users : groups, id, name);
      }
    }
    if (this.#xattr !== null) {
      this.xattrs.keep(this.#xattr);
      extra.xattr = this.#xattr.index;
      bytes += this.#xattr.bytes;
    }
    return bytes;
  }
}
