import { fail } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';

/** One named entry of an ACL. */
export interface AclName {
  readonly isUser: boolean;
  readonly id: number;
  /** 0..7: rwx = 4, 2, 1. */
  readonly access: number;
}

/** A POSIX ACL; permissions are 0..7, or NONE where the ACL does not say. */
export interface Acl {
  readonly user: number;
  readonly group: number;
  readonly mask: number;
  readonly other: number;
  /** Users before groups, by id. */
  readonly names: readonly AclName[];
}

export const NONE = -1;
export const NO_ACL: Acl = Object.freeze({ user: NONE, group: NONE, mask: NONE, other: NONE, names: [] });

/** Named entries of one ACL at most (§12.2). */
const MAX_NAMES = 65536;
/** All text in one ACL, in bytes. An ACL is parsed in one piece, which this keeps small. */
const MAX_TEXT = 2 ** 20;
const Part = { USER: 1, GROUP: 2, MASK: 4, OTHER: 8, NAMES: 16 } as const;
const ALL_PARTS = 31;

export const sortNames = (names: AclName[]): AclName[] =>
  names.sort((a, b) => Number(b.isUser) - Number(a.isUser) || a.id - b.id);

/** Whether an access ACL says more than permission bits can. */
export const isExtended = (acl: Acl): boolean => acl.names.length > 0 || acl.mask !== NONE;

/** An access ACL without what follows from the mode, as it travels (§6.9). */
export function stripAcl(acl: Acl, mode: number): Acl {
  const bits = (mode >> 3) & 7;
  return {
    user: NONE,
    other: NONE,
    group: acl.mask === NONE || acl.group === bits ? NONE : acl.group,
    mask: acl.names.length > 0 && acl.mask === bits ? NONE : acl.mask,
    names: acl.names,
  };
}

/** The whole of a stripped access ACL for a file of this mode. */
export function completeAcl(acl: Acl, mode: number): Acl {
  const bits = (mode >> 3) & 7;
  return {
    user: (mode >> 6) & 7,
    other: mode & 7,
    group: acl.group === NONE ? bits : acl.group,
    mask: acl.mask === NONE && acl.names.length > 0 ? bits : acl.mask,
    names: acl.names,
  };
}

/** A default ACL with what the system needs of one: base entries, and a mask where names are. */
export function completeDefaultAcl(acl: Acl): Acl {
  if (acl.user === NONE && acl.group === NONE && acl.other === NONE && !isExtended(acl)) return NO_ACL;
  const group = Math.max(acl.group, 0);
  const union = acl.names.reduce((sum, { isUser, access }) => (isUser ? sum : sum | access), group);
  const all = acl.names.reduce((sum, { access }) => sum | access, union);
  return {
    user: Math.max(acl.user, 0),
    group,
    mask: acl.mask === NONE && acl.names.length > 0 ? all : acl.mask,
    other: Math.max(acl.other, 0),
    names: acl.names,
  };
}

const keyOf = ({ user, group, mask, other, names }: Acl): string => {
  let key = `${user},${group},${mask},${other}`;
  for (const { isUser, id, access } of names) key += `${isUser ? 'u' : 'g'}${id}:${access}`;
  return key;
};

export const sameAcl = (a: Acl, b: Acl): boolean => keyOf(a) === keyOf(b);

/** Sending side: each different ACL once. Entries hold indexes into it. */
export class AclTable {
  readonly #indexes = new Map<string, number>();
  readonly #all: Acl[] = [];

  add(acl: Acl): number {
    const key = keyOf(acl);
    let index = this.#indexes.get(key);
    if (index === undefined) {
      index = this.#all.push(acl) - 1;
      this.#indexes.set(key, index);
    }
    return index;
  }

  get(index: number | undefined): Acl {
    return index === undefined ? NO_ACL : this.#all[index]!;
  }
}

/** The name to send with an id: the first time it is mentioned, where names travel with entries; else null. */
export type NameOnce = (isUser: boolean, id: number) => ByteString | null;

/** Writes one kind of ACL, access or default: the first time in full, then as a number (§6.9). */
export class AclWriter {
  /** Numbers on the wire by index in the table. */
  readonly #sent = new Map<number | undefined, number>();

  /** @param index in `table`; undefined = no ACL */
  write(w: ByteWriter, table: AclTable, index: number | undefined, nameOnce: NameOnce): void {
    const known = this.#sent.get(index);
    if (known !== undefined) return w.varint(known + 1);
    this.#sent.set(index, this.#sent.size);
    w.varint(0);
    const { user, group, mask, other, names } = table.get(index);
    w.u8(
      (user === NONE ? 0 : Part.USER) |
        (group === NONE ? 0 : Part.GROUP) |
        (mask === NONE ? 0 : Part.MASK) |
        (other === NONE ? 0 : Part.OTHER) |
        (names.length === 0 ? 0 : Part.NAMES),
    );
    for (const access of [user, group, mask, other]) if (access !== NONE) w.varint(access);
    if (names.length === 0) return;
    w.varint(names.length);
    for (const { isUser, id, access } of names) {
      const name = nameOnce(isUser, id)?.slice(0, 255) ?? null;
      w.varint(id);
      w.varint((access << 2) | (isUser ? 2 : 0) | (name === null ? 0 : 1));
      if (name === null) continue;
      w.u8(name.length);
      w.string(name);
    }
  }
}

/** An ACL as it was read: a new one, or the number of one that came before. */
export interface ReadAcl {
  readonly index: number;
  readonly acl: Acl | null;
  /** Names that came with ids. */
  readonly idNames: readonly { isUser: boolean; id: number; name: ByteString }[];
}

/** Reads one kind of ACL, access or default. */
export class AclReader {
  readonly #all: Acl[] = [];

  get(index: number | undefined): Acl {
    return index === undefined ? NO_ACL : (this.#all[index] ?? NO_ACL);
  }

  /**
   * Reads without keeping: the entry may have to be read again.
   * @throws UNDERFLOW; a `protocol` error for anything out of bounds (R20)
   */
  read(r: ByteReader): ReadAcl {
    const number = r.varint();
    if (number < 0 || number > this.#all.length) throw bad(`the number of an ACL that was never sent (${number})`);
    if (number > 0) return { index: number - 1, acl: null, idNames: [] };
    const parts = r.u8();
    if (parts & ~ALL_PARTS) throw bad(`an ACL with unknown parts (0x${parts.toString(16)})`);
    const part = (bit: number): number => (parts & bit ? permissions(r.varint()) : NONE);
    const [user, group, mask, other] = [part(Part.USER), part(Part.GROUP), part(Part.MASK), part(Part.OTHER)];
    const names: AclName[] = [];
    const idNames: ReadAcl['idNames'][number][] = [];
    if (parts & Part.NAMES) {
      const count = r.varint();
      if (count < 0 || count > MAX_NAMES) throw bad(`an ACL of ${count} names`);
      let text = 0;
      for (let i = 0; i < count; i++) {
        const id = r.varint() >>> 0;
        const word = r.varint();
        const isUser = (word & 2) !== 0;
        if (word & 1) {
          const length = r.u8();
          if ((text += length) > MAX_TEXT) throw bad('an ACL with too many names');
          idNames.push({ isUser, id, name: r.string(length) });
        }
        names.push({ isUser, id, access: permissions(word >> 2) });
      }
    }
    return { index: this.#all.length, acl: { user, group, mask, other, names }, idNames };
  }

  keep({ acl }: ReadAcl): void {
    if (acl !== null) this.#all.push(acl);
  }
}

function permissions(value: number): number {
  if (value < 0 || value > 7) throw bad(`an ACL with impossible permissions (${value})`);
  return value;
}

function bad(what: string): Error {
  return fail('protocol', 'flist-acl', `The peer’s file list contains ${what}`, {
    hint: 'Nothing was changed because of it. The server may be damaged or hostile.',
  });
}
