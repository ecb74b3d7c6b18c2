import { createRequire } from 'node:module';
import { getSystemErrorName } from 'node:util';
import type { ByteString } from '../../../shared/model/path.ts';
import { errnoError } from './fs-error.ts';
import type { XattrDoor } from './fs.ts';

/** xattr(7) through the optional package koffi. Calls answer a size, or the errno's name. */
interface XattrCalls {
  list(at: Target, into: Buffer): number | string;
  get(at: Target, name: ByteString, into: Buffer): number | string;
  set(at: Target, name: ByteString, value: Uint8Array): number | string;
  remove(at: Target, name: ByteString): number | string;
}

/** An open file, or a path that is not followed. */
type Target = number | ByteString;

/** The part of koffi used here; its own types answer `any`. */
interface Koffi {
  load(path: null): { func(definition: string): unknown };
  errno(): number;
}

/** Linux's limits for the names of one file and for one value (limits.h). */
const LIST_BYTES = 65536;
const VALUE_BYTES = 65536;

let cached: XattrCalls | null | undefined;

/** Whether extended attributes (and with them ACLs) can be read and set here: Linux, with koffi. */
export function hasXattrs(): boolean {
  return calls() !== null;
}

function calls(): XattrCalls | null {
  if (cached === undefined) cached = load();
  return cached;
}

function load(): XattrCalls | null {
  if (process.platform !== 'linux') return null;
  try {
    return bind(createRequire(import.meta.url)('koffi') as Koffi);
  } catch {
    return null;
  }
}

function bind(koffi: Koffi): XattrCalls {
  const lib = koffi.load(null);
  type AtPath<T extends unknown[]> = (path: Buffer, ...rest: T) => number;
  type AtFile<T extends unknown[]> = (fd: number, ...rest: T) => number;
  const pair = <T extends unknown[]>(type: string, name: string, rest: string) => {
    const path = lib.func(`${type} l${name}(const char *${rest})`) as AtPath<T>;
    const file = lib.func(`${type} f${name}(int${rest})`) as AtFile<T>;
    return (at: Target, ...args: T): number | string => {
      const result = typeof at === 'number' ? file(at, ...args) : path(cString(at), ...args);
      return result >= 0 ? result : getSystemErrorName(-koffi.errno());
    };
  };
  const list = pair<[Buffer, number]>('long', 'listxattr', ', void *, size_t');
  const get = pair<[Buffer, Buffer, number]>('long', 'getxattr', ', const char *, void *, size_t');
  const set = pair<[Buffer, Buffer, number, number]>('int', 'setxattr', ', const char *, const void *, size_t, int');
  const remove = pair<[Buffer]>('int', 'removexattr', ', const char *');
  return {
    list: (at, into) => list(at, into, into.length),
    get: (at, name, into) => get(at, cString(name), into, into.length),
    set(at, name, value) {
      // The buffer of an empty value must not be empty itself.
      const bytes = value.length === 0 ? EMPTY : Buffer.from(value.buffer, value.byteOffset, value.length);
      return set(at, cString(name), bytes, value.length, 0);
    },
    remove: (at, name) => remove(at, cString(name)),
  };
}

const EMPTY = Buffer.alloc(1);
const cString = (text: ByteString): Buffer => Buffer.from(`${text}\0`, 'latin1');

const names = Buffer.alloc(LIST_BYTES);
const content = Buffer.alloc(VALUE_BYTES);

/**
 * @param at an open file, or a path: nothing is followed at its end
 * @param shown the name in messages
 */
export function openXattrs(at: Target, shown: ByteString): XattrDoor {
  return new Door(at, shown);
}

class Door implements XattrDoor {
  readonly #at: Target;
  readonly #shown: ByteString;

  constructor(at: Target, shown: ByteString) {
    this.#at = at;
    this.#shown = shown;
  }

  list(): ByteString[] {
    const size = needed().list(this.#at, names);
    if (typeof size === 'number') return size === 0 ? [] : names.toString('latin1', 0, size - 1).split('\0');
    if (size === 'ENOTSUP') return [];
    throw errnoError(size, 'list the extended attributes of', this.#shown);
  }

  get(name: ByteString): Buffer | null {
    const size = needed().get(this.#at, name, content);
    if (typeof size === 'number') return Buffer.from(content.subarray(0, size));
    if (size === 'ENODATA' || size === 'ENOTSUP') return null;
    throw errnoError(size, `read the attribute ${name} of`, this.#shown);
  }

  set(name: ByteString, value: Uint8Array): void {
    const result = needed().set(this.#at, name, value);
    if (typeof result === 'string') throw errnoError(result, `set the attribute ${name} of`, this.#shown);
  }

  remove(name: ByteString): void {
    const result = needed().remove(this.#at, name);
    if (typeof result === 'number' || result === 'ENODATA' || result === 'ENOTSUP') return;
    throw errnoError(result, `remove the attribute ${name} of`, this.#shown);
  }
}

function needed(): XattrCalls {
  const found = calls();
  if (found === null) throw errnoError('ENOSYS', 'reach extended attributes', '');
  return found;
}
