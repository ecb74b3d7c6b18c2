import { toErrorData } from '../../../shared/errors.ts';
import { bytesToText, displayPath, type ByteString } from '../../../shared/model/path.ts';
import type { Connection } from '../connection.ts';
import { NO_ACL, stripAcl } from '../flist/acl.ts';
import { AttributeTables } from '../flist/entry-attributes.ts';
import { entryName, type FileEntry } from '../flist/entry.ts';
import { sourceXattr } from '../flist/xattr.ts';
import type { SourceFs } from '../fs/fs.ts';
import { changeMode } from '../options/chmod.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { isDir, isLink } from '../wire/constants.ts';
import { sentNames, wireName, type XattrRules } from './xattr-names.ts';

/** Sending side of `-A` and `-X`: what entries carry in the list, and long values on request (reference §6.9, 6.10). */
export class SourceAttributes {
  readonly tables = new AttributeTables();
  readonly #conn: Connection;
  readonly #fs: SourceFs;
  readonly #excludes: () => XattrRules['excludes'];
  #known: XattrRules | null = null;
  readonly #localPath: (entry: FileEntry) => ByteString;

  /**
   * @param excludes filter rules about attributes, or null; asked once there is something to list
   * @param localPath of an entry that was listed
   */
  constructor(
    conn: Connection,
    fs: SourceFs,
    excludes: () => XattrRules['excludes'],
    localPath: (entry: FileEntry) => ByteString,
  ) {
    this.#conn = conn;
    this.#fs = fs;
    this.#excludes = excludes;
    this.#localPath = localPath;
  }

  get #rules(): XattrRules {
    const { xattrs, fakeSuper } = this.#conn.options;
    return (this.#known ??= { level: xattrs, fakeSuper, excludes: this.#excludes() });
  }

  /** Whether this run has any such attributes. */
  static wanted({ options }: Connection): boolean {
    return options.acls || options.xattrs > 0;
  }

  /**
   * Looks at a file that is about to be listed.
   * @param aclPath where its ACL is, if that is elsewhere
   * @throws fs what cannot be read
   */
  attach(entry: FileEntry, path: ByteString, aclPath = path): void {
    const { options } = this.#conn;
    const at = this.#fs.xattrs(path);
    const { mode } = entry;
    if (options.acls && !isLink(mode)) {
      const store = this.#fs.acls;
      const aclAt = aclPath === path ? at : this.#fs.xattrs(aclPath);
      const acl = store.access(aclAt, mode);
      if (acl !== NO_ACL) (entry.extra ??= {}).acl = this.tables.acls.add(stripAcl(acl, this.#sentMode(mode)));
      const byDefault = isDir(mode) ? store.default(aclAt) : NO_ACL;
      if (byDefault !== NO_ACL) (entry.extra ??= {}).defaultAcl = this.tables.defaultAcls.add(byDefault);
    }
    if (options.xattrs === 0) return;
    const set = sentNames(at, this.#rules).flatMap((name) => {
      const value = at.get(name);
      return value === null ? [] : [sourceXattr(wireName(name, this.#rules), name, value)];
    });
    if (set.length > 0) (entry.extra ??= {}).xattr = this.tables.xattrs.add(set);
  }

  /** What the entry's mode will be once it is sent: the ACL goes with that one. */
  #sentMode(mode: number): number {
    const { chmod } = this.#conn.options;
    return chmod.length > 0 ? changeMode(mode, isDir(mode), chmod) : mode;
  }

  /** Answers a request for values; one that cannot be read any more is empty. */
  writeValues(w: ByteWriter, entry: FileEntry, numbers: readonly number[]): void {
    const set = this.tables.xattrs.get(entry.extra?.xattr);
    let previous = 0;
    for (const number of numbers) {
      const value = this.#value(entry, set[number - 1]!.localName);
      w.varint(number - previous);
      w.varint(value.length);
      w.bytes(value, 0, value.length);
      previous = number;
    }
    w.varint(0);
  }

  /** Whether every number names an attribute of the entry. */
  has(entry: FileEntry, numbers: readonly number[]): boolean {
    const count = this.tables.xattrs.get(entry.extra?.xattr).length;
    return numbers.every((number) => number <= count);
  }

  #value(entry: FileEntry, name: ByteString): Uint8Array {
    const path = this.#localPath(entry);
    let message = `${displayPath(bytesToText(path))} lost its attribute ${name} while it was sent`;
    try {
      const value = this.#fs.xattrs(path).get(name);
      if (value !== null) return value;
    } catch (error) {
      message = toErrorData(error).message;
    }
    this.#conn.issue({ code: 'read-failed', name: entryName(entry), message, ioError: 1 });
    return new Uint8Array(0);
  }
}
