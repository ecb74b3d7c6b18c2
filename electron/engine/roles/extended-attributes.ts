import { fail } from '../../../shared/errors.ts';
import type { Connection } from '../connection.ts';
import {
  type Acl,
  completeAcl,
  completeDefaultAcl,
  isExtended,
  NO_ACL,
  NONE,
  sameAcl,
  sortNames,
  stripAcl,
} from '../flist/acl.ts';
import type { AttributesReader } from '../flist/entry-attributes.ts';
import type { FileEntry } from '../flist/entry.ts';
import type { IdMapper } from '../flist/id-map.ts';
import { type ListedXattr, readValueHead, writeXattrRequest, type XattrSet } from '../flist/xattr.ts';
import type { AclStore, Stat, XattrDoor } from '../fs/fs.ts';
import { asksForXattrs } from '../handshake/negotiate.ts';
import type { ExtendedRules } from '../plan/decide.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import { readsBatch } from '../options/transfer-options.ts';
import { isDir, isLink, ItemFlag } from '../wire/constants.ts';
import { MORE } from '../wire/peer-input.ts';
import { actsAsRoot } from './attributes.ts';
import { type Destination, shownName } from './destination.ts';
import { heldNames, localName, type XattrRules } from './xattr-names.ts';
import { isValueOf, XattrValues } from './xattr-values.ts';

/** A listed attribute and what it is called here. */
interface LocalXattr {
  readonly name: string;
  readonly listed: ListedXattr;
}

const NOTHING = { mode: null, uid: null, gid: null, mtime: null, nsec: 0, atime: null } as const;

/**
 * Receiving side of `-A` and `-X`: compares what entries carry with what stands here, asks for long values, and sets it
 * all (reference §6.9, 6.10). Generator and receiver share it.
 */
export class ExtendedAttributes implements ExtendedRules {
  readonly #conn: Connection;
  readonly #listed: AttributesReader;
  readonly #destination: Destination;
  readonly #ids: () => IdMapper;
  readonly #rules: XattrRules;
  readonly #isRoot: boolean;
  readonly #store: AclStore;
  readonly #values: XattrValues;
  readonly #sets = new WeakMap<XattrSet, readonly LocalXattr[]>();
  readonly #mapped = new WeakMap<Acl, Acl>();
  /** Values asked for, by the index of the item that asked. */
  readonly #requested = new Map<number, ListedXattr[]>();
  /** Entries that got all but values that are on their way. */
  readonly #unfinished = new Set<FileEntry>();

  /**
   * @param ids what the peer's ids are here
   * @param excludes filter rules about attributes, or null
   * @param store where ACLs lie here
   */
  constructor(
    conn: Connection,
    listed: AttributesReader,
    destination: Destination,
    ids: () => IdMapper,
    excludes: XattrRules['excludes'],
    store: AclStore,
  ) {
    const { xattrs, fakeSuper } = conn.options;
    this.#conn = conn;
    this.#isRoot = actsAsRoot(conn.options);
    this.#listed = listed;
    this.#destination = destination;
    this.#ids = ids;
    this.#rules = { level: xattrs, fakeSuper, excludes };
    this.#store = store;
    this.#values = new XattrValues((rel, name) => destination.dir(rel)?.xattrs(name) ?? null);
  }

  /** Told of what could not be set. */
  onFailed: (entry: FileEntry, error: unknown) => void = () => {};

  /** Item flags of an entry that does not exist here. */
  ofNew(entry: FileEntry): number {
    return this.#conn.options.xattrs > 0 && this.#setOf(entry).length > 0 ? ItemFlag.REPORT_XATTR : 0;
  }

  /**
   * Adds the item flags for what differs.
   * @param flags those of everything else
   * @param rewritten content is sent or made anew
   */
  differences(entry: FileEntry, stat: Stat, at: XattrDoor, flags: number, rewritten: boolean): number {
    const { options } = this.#conn;
    let found = flags;
    if (options.xattrs > 0 && !this.#sameXattrs(entry, at)) found |= ItemFlag.REPORT_XATTR;
    if (!options.acls || isLink(entry.mode)) return found;
    if (!this.#sameAccess(entry, stat, at)) {
      found |= ItemFlag.REPORT_ACL;
      // Setting the ACL of what is no folder sets its mode along with it, before anything is told.
      const special = (entry.mode ^ stat.mode) & 0o7000;
      const apart = rewritten || options.dryRun || options.fakeSuper || isDir(entry.mode);
      if (!apart && special === 0) found &= ~ItemFlag.REPORT_PERMS;
    } else if (isDir(entry.mode) && !sameAcl(this.#defaultAcl(entry), this.#store.default(at))) {
      found |= ItemFlag.REPORT_ACL;
    }
    return found;
  }

  /** Sets all an entry carries; what is refused is reported. @param mode of the file, or null for a symlink */
  set(at: XattrDoor, entry: FileEntry, mode: number | null): void {
    if (this.#conn.options.xattrs > 0) this.#setXattrs(at, entry);
    if (!this.#conn.options.acls || mode === null) return;
    this.#try(entry, () => {
      const listed = this.#accessAcl(entry, mode);
      // The mode has the last word, also where it is not set again because it is right already.
      const access = listed.mask === NONE ? listed : { ...listed, mask: (mode >> 3) & 7 };
      if (!sameAcl(access, this.#store.access(at, mode))) this.#store.setAccess(at, access, mode);
      if (!isDir(entry.mode)) return;
      const byDefault = this.#defaultAcl(entry);
      if (!sameAcl(byDefault, this.#store.default(at))) this.#store.setDefault(at, byDefault);
    });
  }

  /** Gives a backup what its file or folder has. @throws fs what is refused */
  copy(from: XattrDoor, at: XattrDoor, mode: number): void {
    const { xattrs, acls } = this.#conn.options;
    // As in rsync, folders of backups get the ACLs of theirs and no other attributes.
    const names = xattrs > 0 && !isDir(mode) ? heldNames(from, this.#rules, this.#isRoot) : [];
    for (const name of names) {
      const value = from.get(name);
      if (value) at.set(name, value);
    }
    if (!acls || isLink(mode)) return;
    const access = this.#store.access(from, mode);
    if (!sameAcl(access, this.#store.access(at, mode))) this.#store.setAccess(at, access, mode);
    if (!isDir(mode)) return;
    const byDefault = this.#store.default(from);
    if (!sameAcl(byDefault, this.#store.default(at))) this.#store.setDefault(at, byDefault);
  }

  /** Asks for the values an item needs, where items ask (§7.1). */
  writeRequest(w: ByteWriter, ndx: number, entry: FileEntry, iflags: number): void {
    if (!asksForXattrs(this.#conn.agreed, this.#conn.options, iflags)) return;
    const missing = this.#setOf(entry).flatMap(({ listed }) =>
      listed.isLong && !this.#values.isComing(listed) ? [listed] : [],
    );
    missing.sort((a, b) => a.number - b.number);
    for (const listed of missing) this.#values.ask(listed);
    if (missing.length > 0) this.#requested.set(ndx, [...(this.#requested.get(ndx) ?? []), ...missing]);
    writeXattrRequest(
      w,
      missing.map(({ number }) => number),
    );
  }

  /** Reads the values that come with an item. @throws a `protocol` error for what was not asked for */
  async readValues(ndx: number, entry: FileEntry): Promise<void> {
    const { input } = this.#conn;
    // A batch file has what was asked for where it was written.
    const requested = readsBatch(this.#conn.options)
      ? this.#listed.xattrs.get(entry.extra?.xattr)
      : (this.#requested.get(ndx) ?? []);
    this.#requested.delete(ndx);
    for (let previous = 0; ;) {
      const head = await input.parse((r) => readValueHead(r, previous));
      if (head === null) return;
      const listed = requested.find(({ number }) => number === head.number);
      if (listed === undefined) {
        throw fail('protocol', 'xattr', `The peer sent an attribute of ${shownName(entry)} that was not asked for`);
      }
      this.#values.keep(listed, await this.#readValue(head.size));
      previous = head.number;
    }
  }

  /** What belongs to an item has come: sets what had to wait for it. */
  settled(entry: FileEntry): void {
    if (this.#unfinished.size === 0 || !this.#unfinished.delete(entry)) return;
    this.#try(entry, () => {
      const place = this.#destination.place(entry);
      const extended = (at: XattrDoor): void => this.#setXattrs(at, entry);
      place?.dir.setAttributes(place.name, { ...NOTHING, extended }, isLink(entry.mode));
      if (!this.#unfinished.delete(entry)) return;
      throw fail('fs', 'xattr-missing', `An attribute of ${shownName(entry)} never came`);
    });
  }

  async #readValue(size: number): Promise<Buffer> {
    const { input } = this.#conn;
    const parts: Buffer[] = [];
    for (let left = size; left > 0;) {
      const part = input.tryParse((r) => Buffer.from(r.some(left)));
      if (part === MORE) await input.fill();
      else {
        parts.push(part);
        left -= part.length;
      }
    }
    return Buffer.concat(parts);
  }

  #setOf(entry: FileEntry): readonly LocalXattr[] {
    const set = this.#listed.xattrs.get(entry.extra?.xattr);
    let local = this.#sets.get(set);
    if (local === undefined) {
      const byName = new Map<string, LocalXattr>();
      for (const listed of set) {
        const name = localName(listed.name, this.#rules, this.#isRoot);
        if (name !== null) byName.set(name, { name, listed });
      }
      local = [...byName.values()];
      this.#sets.set(set, local);
    }
    return local;
  }

  #sameXattrs(entry: FileEntry, at: XattrDoor): boolean {
    const wanted = this.#setOf(entry);
    let same = heldNames(at, this.#rules, this.#isRoot).length === wanted.length;
    for (const { name, listed } of wanted) {
      const value = at.get(name);
      if (value === null || !isValueOf(listed, value)) same = false;
      else if (listed.isLong) this.#values.keep(listed, value);
    }
    return same;
  }

  #setXattrs(at: XattrDoor, entry: FileEntry): void {
    const wanted = this.#setOf(entry);
    const extra = new Set<string>();
    this.#try(entry, () => {
      for (const name of heldNames(at, this.#rules, this.#isRoot)) extra.add(name);
    });
    for (const { name, listed } of wanted) {
      extra.delete(name);
      this.#try(entry, () => {
        const held = at.get(name);
        if (held !== null && isValueOf(listed, held)) return;
        const value = listed.isLong ? this.#longValue(entry, name, listed) : Buffer.from(listed.content, 'latin1');
        if (value === null) this.#unfinished.add(entry);
        else at.set(name, value);
      });
    }
    for (const name of extra) this.#try(entry, () => at.remove(name));
  }

  /** From memory, or from the file that is being replaced. */
  #longValue(entry: FileEntry, name: string, listed: ListedXattr): Buffer | null {
    const place = this.#destination.place(entry);
    const known = this.#values.get(listed);
    if (known !== null) {
      if (place) this.#values.settle(listed, place.dir.rel, place.name, name);
      return known;
    }
    if (!place?.dir.lstat(place.name)) return null;
    const held = place.dir.xattrs(place.name).get(name);
    return held !== null && isValueOf(listed, held) ? held : null;
  }

  /** rsync's idea of equal: what the mode says anyway does not count. */
  #sameAccess(entry: FileEntry, stat: Stat, at: XattrDoor): boolean {
    const wanted = this.#accessAcl(entry, entry.mode);
    const held = this.#store.access(at, stat.mode);
    if (!isExtended(wanted) || !isExtended(held)) return isExtended(wanted) === isExtended(held);
    const parts = ({ group, names }: Acl): Acl => ({ ...NO_ACL, group, names });
    return sameAcl(parts(wanted), parts(held));
  }

  #accessAcl(entry: FileEntry, mode: number): Acl {
    const { acl: index, aclMode } = entry.extra ?? {};
    const listed = this.#local(this.#listed.acls.get(index));
    const acl = aclMode === undefined ? listed : stripAcl(completeAcl(listed, aclMode), entry.mode);
    return isExtended(acl) ? completeAcl(acl, mode) : NO_ACL;
  }

  #defaultAcl(entry: FileEntry): Acl {
    return completeDefaultAcl(this.#local(this.#listed.defaultAcls.get(entry.extra?.defaultAcl)));
  }

  /** The same ACL with the ids of this system. */
  #local(acl: Acl): Acl {
    if (acl.names.length === 0) return acl;
    let mapped = this.#mapped.get(acl);
    if (mapped === undefined) {
      const ids = this.#ids();
      const names = acl.names.map((name) => ({
        ...name,
        id: name.isUser ? ids.aclUser(name.id) : ids.aclGroup(name.id),
      }));
      mapped = { ...acl, names: sortNames(names) };
      this.#mapped.set(acl, mapped);
    }
    return mapped;
  }

  #try(entry: FileEntry, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.onFailed(entry, error);
    }
  }
}
