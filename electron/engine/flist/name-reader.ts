import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import type { Charset } from '../wire/charset.ts';
import { Limit, XFlag } from '../wire/constants.ts';
import { badList } from './list-fault.ts';

const SLASH = 0x2f;
const DOT = 0x2e;

/** How names and, where `links` says so, what links lead to are converted (`--iconv`). */
export interface Naming {
  readonly charset: Charset;
  readonly links: boolean;
  /** Told what could not be converted: that entry keeps its place in the list and is nothing else. */
  readonly lost: (what: string) => void;
}

/**
 * Reads names of entries (§6.5), each of which begins with a part of the one before (R9, R10). What was read counts
 * once `keep` is called: until then the same name may be read again.
 */
export class NameReader {
  /** The name read last, in this side's charset: its folder, shared with the entry before where that is the same. */
  dir: ByteString = '';
  base: ByteString = '';
  /** What of the entry could not be converted; null where all could. */
  lost: string | null = null;

  readonly #naming: Naming | null;
  /** Whether a name may have a slash in front. */
  readonly #mayBeAbsolute: boolean;
  /** The name being read in this side's charset. */
  readonly #local = Buffer.alloc(Limit.PATH);

  /** The previous name as it was on the wire, which the next one's prefix refers to, and space to build the next in. */
  #previous = Buffer.alloc(Limit.PATH);
  #scratch = Buffer.alloc(Limit.PATH);
  #previousLength = 0;
  /** Index of the last slash of the previous name, -1 if it has none or was not in normal form. */
  #previousSlash = -1;
  /** Whether the previous name was in normal form, so that a prefix of it need not be checked again. */
  #previousNormal = true;
  #previousDir: ByteString = '';

  #length = 0;
  #slash = -1;
  #normal = true;

  constructor(mayBeAbsolute: boolean, naming: Naming | null) {
    this.#mayBeAbsolute = mayBeAbsolute;
    this.#naming = naming;
  }

  /** The whole name, for messages and for looking up folders. */
  get name(): ByteString {
    return this.dir === '' ? this.base : `${this.dir}/${this.base}`;
  }

  get isAbsolute(): boolean {
    return this.#scratch[0] === SLASH;
  }

  /** Whether the folder is the one of the entry before, so that its name takes no memory of its own. */
  get isBeside(): boolean {
    return this.dir === this.#previousDir;
  }

  /** @throws UNDERFLOW; a `protocol` error for names that lead elsewhere, refer to nothing or are too long */
  read(reader: ByteReader, xflags: number): void {
    const shared = xflags & XFlag.SAME_NAME ? reader.u8() : 0;
    const rest = xflags & XFlag.LONG_NAME ? reader.num() : reader.u8();
    if (rest < 0 || shared + rest >= Limit.PATH) throw badList('flist-name', `a name of ${shared + rest} bytes`);
    if (shared > this.#previousLength) throw badList('flist-name', 'a name that refers beyond the one before it');
    let name = this.#scratch;
    let length = shared + rest;
    if (length === 0) throw badList('flist-name', 'an empty name');
    reader.copyTo(name, shared, rest);
    const previous = this.#previous;
    for (let i = 0; i < shared; i++) name[i] = previous[i]!;
    this.#length = length;
    this.lost = null;
    if (this.#naming !== null) {
      const wire = name.toString('latin1', 0, length);
      const local = this.#naming.charset.fromWire(wire);
      if (local === null || local.length >= Limit.PATH) return this.#lose(wire);
      name = this.#local;
      length = name.write(local, 'latin1');
    }

    // A prefix of whole components of a name that was in order needs no second look.
    let start = 0;
    if (this.#previousNormal && this.#naming === null) {
      start = this.#previousSlash < shared ? this.#previousSlash + 1 : shared;
      while (start > 0 && name[start - 1] !== SLASH) start--;
    }
    const slash = this.#check(name, start, length);
    if (!this.#normal) return this.#normalise(name.toString('latin1', 0, length));
    if (slash < 0) this.dir = '';
    else if (slash === this.#previousSlash && slash < shared && this.#naming === null) this.dir = this.#previousDir;
    else this.dir = this.#sharedDir(name.toString('latin1', 0, slash));
    this.base = name.toString('latin1', slash + 1, length);
  }

  /** The name read last is that of an entry: the next one refers to it. */
  keep(): void {
    const previous = this.#previous;
    this.#previous = this.#scratch;
    this.#scratch = previous;
    this.#previousLength = this.#length;
    this.#previousSlash = this.#slash;
    this.#previousNormal = this.#normal;
    this.#previousDir = this.dir;
  }

  /** What a link leads to in this side's charset; as it came where that has no such characters. */
  target(wire: ByteString): ByteString {
    if (this.#naming === null || !this.#naming.links) return wire;
    const local = this.#naming.charset.fromWire(wire);
    if (local === null) this.lost ??= `symlink data for: ${displayPath(bytesToText(this.name))}`;
    return local ?? wire;
  }

  /** Tells of what could not be converted. */
  tellLost(): void {
    if (this.lost !== null) this.#naming?.lost(this.lost);
  }

  /** Looks at the components from `start` on. @returns index of the last slash, or -1 */
  #check(name: Buffer, start: number, length: number): number {
    let slash = start - 1;
    let normal = true;
    let part = start;
    for (let i = start; i <= length; i++) {
      const byte = i < length ? name[i]! : SLASH;
      if (byte === 0) throw badList('flist-name', 'a name with a zero byte');
      if (byte !== SLASH) continue;
      const size = i - part;
      if (size === 0) {
        if (i === 0 && !this.#mayBeAbsolute)
          throw badList('flist-name', 'a name that starts at the root of the file system');
        normal = false;
      } else if (name[part] === DOT) {
        if (size === 1) normal &&= length === 1;
        else if (size === 2 && name[part + 1] === DOT)
          throw badList('flist-name', 'a name that leads out of its folder (“..”)');
      }
      if (i < length) slash = i;
      part = i + 1;
    }
    this.#normal = normal;
    this.#slash = normal ? slash : -1;
    return slash;
  }

  #lose(wire: ByteString): void {
    this.lost = `filename: ${displayPath(bytesToText(wire))}`;
    this.dir = '';
    this.base = '';
    this.#normal = true;
    this.#slash = -1;
  }

  /** Drops empty and `.` components; what is left of nothing is the root. */
  #normalise(raw: ByteString): void {
    const parts = raw.split('/').filter((part) => part !== '' && part !== '.');
    this.base = parts.pop() ?? '.';
    this.dir = this.#sharedDir(parts.join('/'));
  }

  #sharedDir(dir: ByteString): ByteString {
    return dir === this.#previousDir ? this.#previousDir : dir;
  }
}
