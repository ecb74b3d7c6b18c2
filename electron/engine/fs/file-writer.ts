import fs from 'node:fs';
import type { ByteString } from '../../../shared/model/path.ts';
import { errnoError, errnoOf, fsError } from './fs-error.ts';
import type { ReadFile, WriteOptions } from './fs.ts';
import { loadPosix } from './posix.ts';

/** Zeros become holes by whole pages of this size, counted from the start of the file. */
const PAGE = 4096;
const ZEROS = Buffer.alloc(PAGE);

/** linux/falloc.h */
const KEEP_SIZE = 1;
const PUNCH_HOLE = 2;

/** Whether space can be reserved here (`--preallocate`). */
export const canReserve = (): boolean => loadPosix()?.fallocate != null;

/**
 * Writes a file front to back: plainly, over an older version of itself, with holes for zeros, into reserved space.
 * The descriptor stays the caller's to close.
 */
export class FileWriter {
  readonly #fd: number;
  readonly #shown: ByteString;
  readonly #sparse: boolean;
  readonly #fsync: boolean;
  readonly #isDevice: boolean;
  /** Up to here the file holds older bytes or reserved space: a hole must be punched, and the rest cut off at the end. */
  #standing: number;
  #position = 0;
  /** Zeros not written yet: [holeFrom, position). */
  #holeFrom = 0;
  #wrote = false;
  /** What reserving space was refused with, or ''. */
  readonly refused: string = '';

  /**
   * @param standing bytes the file holds already
   * @param from where writing starts: bytes before it are kept
   * @param shown its name in messages
   */
  constructor(
    fd: number,
    options: WriteOptions,
    shown: ByteString,
    { standing = 0, from = 0, isDevice = false }: { standing?: number; from?: number; isDevice?: boolean } = {},
  ) {
    this.#fd = fd;
    this.#shown = shown;
    this.#isDevice = isDevice;
    this.#sparse = options.sparse === true && !isDevice;
    this.#fsync = options.fsync === true;
    this.#standing = standing;
    this.#position = this.#holeFrom = from;
    const reserve = isDevice ? 0 : (options.reserve ?? 0);
    if (reserve > standing) {
      // Holes can only be punched before the end of the file.
      this.refused = loadPosix()?.fallocate?.(fd, this.#sparse ? 0 : KEEP_SIZE, 0, reserve) ?? 'ENOTSUP';
      if (this.refused === '') this.#standing = reserve;
    }
  }

  write(from: Uint8Array, offset: number, length: number): void {
    if (this.#sparse) this.#eachPart(from, offset, length, true);
    else {
      this.#put(from, offset, length);
      this.#holeFrom = this.#position;
    }
  }

  /** See {@link OutputFile.copyFrom}. Zeros become no holes. */
  copyFrom({ descriptor }: ReadFile, position: number, length: number): number {
    const copyRange = loadPosix()?.copyRange;
    if (descriptor === undefined || !copyRange || this.#sparse || this.#isDevice) return 0;
    const copied = Math.max(0, copyRange(descriptor, position, this.#fd, this.#position, length));
    if (copied > 0) this.#wrote = true;
    this.#position += copied;
    this.#holeFrom = this.#position;
    return copied;
  }

  /** See {@link OutputFile.restart}. Only for a file that began at its beginning. */
  restart(): void {
    this.#standing = Math.max(this.#standing, this.#position);
    this.#position = this.#holeFrom = 0;
  }

  /** These bytes stand here already: they are passed over. Pages of zeros among them become holes all the same. */
  pass(from: Uint8Array, offset: number, length: number): void {
    if (this.#sparse) return this.#eachPart(from, offset, length, false);
    this.#position += length;
    this.#holeFrom = this.#position;
  }

  /** Ends the file where writing ended. */
  finish(): void {
    if (this.#isDevice) return this.#sync();
    const holeAtEnd = this.#holeFrom < this.#position;
    if (this.#standing > this.#position) this.#cut();
    this.#endHole();
    // A file in which nothing changed gets the time of its update all the same.
    if (holeAtEnd || !this.#wrote) this.#cut();
    this.#sync();
  }

  #cut(): void {
    try {
      fs.ftruncateSync(this.#fd, this.#position);
    } catch (error) {
      throw fsError(error, 'set the length of', this.#shown);
    }
    this.#standing = Math.min(this.#standing, this.#position);
  }

  /** Splits at pages of zeros, which are held back, and hands the rest over in pieces as long as possible. */
  #eachPart(from: Uint8Array, offset: number, length: number, write: boolean): void {
    const end = offset + length;
    let pending = offset;
    for (let at = offset; at < end;) {
      const part = Math.min(PAGE - ((this.#position + at - pending) % PAGE), end - at);
      if (from[at] === 0 && ZEROS.compare(from, at, at + part, 0, part) === 0) {
        if (at > pending) this.#part(from, pending, at - pending, write);
        this.#position += part;
        pending = at + part;
      }
      at += part;
    }
    if (end > pending) this.#part(from, pending, end - pending, write);
  }

  #part(from: Uint8Array, offset: number, length: number, write: boolean): void {
    this.#endHole();
    if (write) this.#put(from, offset, length);
    else this.#position += length;
    this.#holeFrom = this.#position;
  }

  /** Zeros that were held back: nothing to do past the end, but what stands there must go. */
  #endHole(): void {
    const from = this.#holeFrom;
    const end = Math.min(this.#position, this.#standing);
    this.#holeFrom = this.#position;
    if (from >= end) return;
    // A page is only given back whole, the last one of the file too.
    const upTo = end === this.#standing ? Math.ceil(end / PAGE) * PAGE : end;
    const refused = loadPosix()?.fallocate?.(this.#fd, PUNCH_HOLE | KEEP_SIZE, from, upTo - from) ?? 'ENOTSUP';
    if (refused === '') return;
    const position = this.#position;
    this.#position = from;
    while (this.#position < end) this.#put(ZEROS, 0, Math.min(PAGE, end - this.#position));
    this.#position = position;
  }

  #put(from: Uint8Array, offset: number, length: number): void {
    this.#wrote = true;
    try {
      for (let done = 0; done < length;) {
        const wrote = fs.writeSync(this.#fd, from, offset + done, length - done, this.#position);
        done += wrote;
        this.#position += wrote;
      }
    } catch (error) {
      throw fsError(error, 'write', this.#shown);
    }
  }

  #sync(): void {
    if (!this.#fsync) return;
    try {
      fs.fsyncSync(this.#fd);
    } catch (error) {
      // A device without a cache has nothing to flush.
      if (this.#isDevice && errnoOf(error) === 'EINVAL') return;
      throw errnoError(errnoOf(error), 'flush', this.#shown, error);
    }
  }
}
