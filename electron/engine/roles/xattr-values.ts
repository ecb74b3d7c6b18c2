import type { ByteString } from '../../../shared/model/path.ts';
import type { XattrDoor } from '../fs/fs.ts';
import { digestOf, type ListedXattr } from '../flist/xattr.ts';

/** Long values kept in memory. */
const BUDGET = 64 * 2 ** 20;

/** Opens the attributes of a file below the destination, or answers null where it is gone. */
export type Reopen = (rel: ByteString, name: ByteString) => XattrDoor | null;

interface Home {
  readonly rel: ByteString;
  readonly name: ByteString;
  readonly attribute: ByteString;
}

/**
 * Long values of extended attributes by what they contain. A peer sends each only once, however many files share it, so
 * one that falls out of memory is read again from a file that got it.
 */
export class XattrValues {
  readonly #values = new Map<string, Buffer>();
  readonly #homes = new Map<string, Home>();
  readonly #asked = new Set<string>();
  readonly #reopen: Reopen;
  #bytes = 0;

  constructor(reopen: Reopen) {
    this.#reopen = reopen;
  }

  /** Whether the value is here, or on its way. */
  isComing(listed: ListedXattr): boolean {
    const key = keyOf(listed);
    return this.#asked.has(key) || this.#values.has(key) || this.#homes.has(key);
  }

  ask(listed: ListedXattr): void {
    this.#asked.add(keyOf(listed));
  }

  keep(listed: ListedXattr, value: Buffer): void {
    const key = keyOf(listed);
    if (this.#values.has(key)) return;
    this.#values.set(key, value);
    this.#bytes += value.length;
    for (const [oldest, { length }] of this.#values) {
      if (this.#bytes <= BUDGET || oldest === key) break;
      this.#values.delete(oldest);
      this.#bytes -= length;
    }
  }

  /** Remembers where a value was set. */
  settle(listed: ListedXattr, rel: ByteString, name: ByteString, attribute: ByteString): void {
    const key = keyOf(listed);
    if (!this.#homes.has(key)) this.#homes.set(key, { rel, name, attribute });
  }

  /** The value, or null while it is unknown. */
  get(listed: ListedXattr): Buffer | null {
    const key = keyOf(listed);
    const value = this.#values.get(key);
    if (value !== undefined) return value;
    const home = this.#homes.get(key);
    if (home === undefined) return null;
    const found = this.#reopen(home.rel, home.name)?.get(home.attribute) ?? null;
    return found !== null && isValueOf(listed, found) ? found : null;
  }
}

const keyOf = ({ size, content }: ListedXattr): string => `${size}:${content}`;

/** Whether a value is the one that was listed. */
export function isValueOf({ size, content, isLong }: ListedXattr, value: Buffer): boolean {
  if (value.length !== size) return false;
  return (isLong ? digestOf(value) : value.toString('latin1')) === content;
}
