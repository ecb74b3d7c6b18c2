import { createHash } from 'node:crypto';
import { fail } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';

/** Values up to this travel in the list; of longer ones only their MD5 does (§6.10). */
const INLINE_BYTES = 32;
const DIGEST_BYTES = 16;

/** What a peer may send (§12.2, R20). */
const MAX_COUNT = 65536;
const MAX_NAME = 4096;
const MAX_VALUE = 128 * 2 ** 20;
const MAX_SET = 512 * 2 ** 20;
/** All names of one file; Linux allows 64 KiB. A set is parsed in one piece, which this keeps small. */
const MAX_NAMES = 2 ** 20;

/** Memory an attribute takes beside its name. */
const ATTRIBUTE_BYTES = 160;

/** `--fake-super`: where an ordinary user keeps what it may not give a file: kind, mode and owner, and both ACLs. */
export const FakeXattr = {
  STAT: 'user.rsync.%stat',
  ACCESS: 'user.rsync.%aacl',
  DEFAULT: 'user.rsync.%dacl',
} as const;

/** The MD5 a long value is recognised by, as bytes. */
export const digestOf = (value: Uint8Array): ByteString => createHash('md5').update(value).digest().toString('latin1');

/** One attribute of a file on the sending side. */
export interface SourceXattr {
  /** As it travels. */
  readonly name: ByteString;
  /** As it is called here. */
  readonly localName: ByteString;
  readonly size: number;
  /** The value, or the digest of a long one. */
  readonly content: ByteString;
}

export const sourceXattr = (name: ByteString, localName: ByteString, value: Buffer): SourceXattr => ({
  ...{ name, localName, size: value.length },
  content: value.length <= INLINE_BYTES ? value.toString('latin1') : digestOf(value),
});

/** Sending side: each different set of attributes once. Entries hold indexes into it. */
export class XattrTable {
  readonly #indexes = new Map<ByteString, number>();
  readonly #all: (readonly SourceXattr[])[] = [];

  /** @param set sorted by local name */
  add(set: readonly SourceXattr[]): number {
    const key = set.map(({ name, size, content }) => `${name}\0${size}\0${content}`).join('\0');
    let index = this.#indexes.get(key);
    if (index === undefined) {
      index = this.#all.push(set) - 1;
      this.#indexes.set(key, index);
    }
    return index;
  }

  get(index: number | undefined): readonly SourceXattr[] {
    return index === undefined ? [] : this.#all[index]!;
  }
}

/** Writes sets of attributes: the first time in full, then as a number. */
export class XattrWriter {
  /** Numbers on the wire by index in the table. */
  readonly #sent = new Map<number | undefined, number>();

  /** @param index in `table`; undefined = no attributes */
  write(w: ByteWriter, table: XattrTable, index: number | undefined): void {
    const known = this.#sent.get(index);
    if (known !== undefined) return w.varint(known + 1);
    this.#sent.set(index, this.#sent.size);
    const set = table.get(index);
    w.varint(0);
    w.varint(set.length);
    for (const { name, size, content } of set) {
      w.varint(name.length + 1);
      w.varint(size);
      w.string(name);
      w.u8(0);
      w.string(content);
    }
  }
}

/** One attribute the peer listed. */
export interface ListedXattr {
  /** Position in its set, from 1: what a long value is asked for by. */
  readonly number: number;
  readonly name: ByteString;
  readonly size: number;
  /** The value, or the digest of a long one. */
  readonly content: ByteString;
  readonly isLong: boolean;
}

export type XattrSet = readonly ListedXattr[];

const NO_XATTRS: XattrSet = Object.freeze([]);

/** A set as it was read: a new one, or the number of one that came before. */
export interface ReadXattrs {
  readonly index: number;
  readonly set: XattrSet | null;
  /** Memory it takes, about. */
  readonly bytes: number;
}

/** Receiving side: the sets of attributes the peer listed. Entries hold indexes into it. */
export class XattrReader {
  readonly #all: XattrSet[] = [];

  get(index: number | undefined): XattrSet {
    return index === undefined ? NO_XATTRS : (this.#all[index] ?? NO_XATTRS);
  }

  /**
   * Reads without keeping: the entry may have to be read again.
   * @throws UNDERFLOW; a `protocol` error for anything out of bounds (R20)
   */
  read(r: ByteReader): ReadXattrs {
    const number = r.varint();
    if (number < 0 || number > this.#all.length) throw bad(`attributes by a number that was never sent (${number})`);
    if (number > 0) return { index: number - 1, set: null, bytes: 0 };
    const count = r.varint();
    if (count < 0 || count > MAX_COUNT) throw bad(`a file with ${count} attributes`);
    const set: ListedXattr[] = [];
    let bytes = 0;
    let total = 0;
    for (let i = 0; i < count; i++) {
      const length = r.varint();
      const size = r.varint();
      if (length < 2 || length > MAX_NAME) throw bad(`an attribute name of ${length} bytes`);
      if (size < 0 || size > MAX_VALUE) throw bad(`an attribute of ${size} bytes`);
      if ((bytes += length) > MAX_NAMES || (total += size) > MAX_SET) throw bad('a file with too many attributes');
      const name = r.string(length);
      if (name.indexOf('\0') !== length - 1) throw bad('an attribute name that does not end where it should');
      const isLong = size > INLINE_BYTES;
      const content = r.string(isLong ? DIGEST_BYTES : size);
      set.push({ number: i + 1, name: name.slice(0, -1), size, content, isLong });
    }
    return { index: this.#all.length, set, bytes: bytes + count * ATTRIBUTE_BYTES };
  }

  keep({ set }: ReadXattrs): void {
    if (set !== null) this.#all.push(set);
  }
}

/**
 * Reads the numbers of the values a peer asks for (§6.10), each larger than the one before.
 * @throws UNDERFLOW; a `protocol` error for a number no set has
 */
export function readXattrRequest(r: ByteReader): number[] {
  const numbers: number[] = [];
  for (let number = 0; ;) {
    const step = r.varint();
    if (step === 0) return numbers;
    number += step;
    if (step < 0 || number > MAX_COUNT) throw bad(`attribute number ${number}`);
    numbers.push(number);
  }
}

/** Asks for values by number, in rising order. */
export function writeXattrRequest(w: ByteWriter, numbers: readonly number[]): void {
  let previous = 0;
  for (const number of numbers) {
    w.varint(number - previous);
    previous = number;
  }
  w.varint(0);
}

/** What stands in front of a value that was asked for, or null at the end of them. */
export function readValueHead(r: ByteReader, previous: number): { number: number; size: number } | null {
  const step = r.varint();
  if (step === 0) return null;
  const size = r.varint();
  if (step < 0 || previous + step > MAX_COUNT) throw bad(`attribute number ${previous + step}`);
  if (size < 0 || size > MAX_VALUE) throw bad(`an attribute of ${size} bytes`);
  return { number: previous + step, size };
}

function bad(what: string): Error {
  return fail('protocol', 'xattr', `The peer sent ${what}`, {
    hint: 'The server may be damaged or hostile.',
  });
}
