import { fail } from '../../../shared/errors.ts';
import type { FileSum } from '../checksum/strong.ts';
import { type BlockReader, readFully } from './signature.ts';
import { blockLengthAt, type SumHead } from './sum-head.ts';
import type { UpdateMode } from './update-mode.ts';

/** Where the new file's bytes go, in order; `OutputFile` of the file system fits. */
export interface ByteSink {
  /** Takes `length` bytes; they are only valid during the call. */
  write(from: Uint8Array, offset: number, length: number): void;
  /** In place: the same, of bytes that stand there already. */
  pass(from: Uint8Array, offset: number, length: number): void;
}

const BUFFER_BYTES = 262144;

/**
 * Receiving side: rebuilds a file from literals and basis blocks (reference §7.7), in order, and sums every byte of it
 * once. Tokens gather in a buffer, so a file of many small ones costs few reads and writes. One instance serves a whole
 * transfer; {@link begin} starts the next file.
 *
 * In place, basis and target are one file: a block is then read before anything at its position or behind it is written,
 * as writes lag behind reads and the sender names no block behind the output.
 *
 * A basis that became shorter reads as zeros there, which the whole-file sum then catches. Errors of the reader and the
 * sink pass through; afterwards only {@link begin} may be called.
 */
export class Applier {
  #buffer: Uint8Array = new Uint8Array(0);
  #used = 0;
  #head: SumHead | null = null;
  #basis: BlockReader | null = null;
  #sink: ByteSink | null = null;
  #fileSum: FileSum | null = null;
  /** Basis bytes asked for and not read yet: [runFrom, runEnd). */
  #runFrom = 0;
  #runEnd = 0;
  #inPlace = false;
  /** Bytes of the file handed to the sink; what is held in the buffer comes behind them. */
  #position = 0;
  /** `--append-verify`: bytes of the basis still to be summed. */
  #prefixLeft = 0;
  /** Bytes of this file taken as literals. */
  literalBytes = 0;
  /** Bytes of this file copied from the basis. */
  matchedBytes = 0;
  /** Is shown what is copied out of the basis, in order; a block that is copied alone as a whole. */
  onCopied: ((data: Uint8Array, offset: number, length: number) => void) | null = null;

  /**
   * @param head the sum head this side generated for the file, never just the echoed one (reference R25).
   * @param basis the file the head was made of, or null when there is none.
   * @param fileSum is reset here.
   */
  begin(
    head: SumHead,
    basis: BlockReader | null,
    sink: ByteSink,
    fileSum: FileSum,
    { inPlace = false, from = 0, sumsPrefix = false }: UpdateMode = {},
  ): void {
    this.#head = head;
    this.#basis = basis;
    this.#sink = sink;
    this.#fileSum = fileSum;
    fileSum.reset();
    this.#used = 0;
    this.#runFrom = 0;
    this.#runEnd = 0;
    this.#inPlace = inPlace;
    this.#position = from;
    this.#prefixLeft = sumsPrefix ? from : 0;
    this.literalBytes = 0;
    this.matchedBytes = 0;
  }

  /**
   * Sums about `budget` bytes of what is already there and counts in the sum; before the first token.
   * @returns whether there is more to do
   */
  prefix(budget: number): boolean {
    for (let done = 0; done < budget && this.#prefixLeft > 0;) {
      if (this.#buffer.length === 0) this.#makeRoom(Math.min(this.#prefixLeft, BUFFER_BYTES));
      const length = Math.min(this.#prefixLeft, this.#buffer.length);
      const got = readFully(this.#running(this.#basis), this.#buffer, 0, length, this.#position - this.#prefixLeft);
      if (got < length) this.#buffer.fill(0, got, length);
      this.#running(this.#fileSum).update(this.#buffer, 0, length);
      this.#prefixLeft -= length;
      done += length;
    }
    return this.#prefixLeft > 0;
  }

  /** Appends literal bytes; they are copied or written before the call returns. */
  literal(data: Uint8Array, offset: number, length: number): void {
    if (this.#runEnd > this.#runFrom) this.#copyRun();
    this.literalBytes += length;
    if (length >= BUFFER_BYTES) {
      this.#flush();
      this.#emit(data, offset, length);
      return;
    }
    if (this.#used + length > this.#buffer.length) this.#makeRoom(length);
    this.#buffer.set(data.subarray(offset, offset + length), this.#used);
    this.#used += length;
  }

  /**
   * Appends block `index` of the basis.
   * @throws protocol/bad-block for a block outside the head this side generated, or without a basis.
   */
  block(index: number): void {
    const head = this.#head;
    if (head === null || this.#basis === null || !(index >= 0 && index < head.count)) {
      throw fail(
        'protocol',
        'bad-block',
        head === null || this.#basis === null || head.count === 0
          ? `The peer referred to block ${index} of a file that has no old copy here.`
          : `The peer referred to block ${index} of ${head.count}.`,
      );
    }
    const from = index * head.blockLength;
    const length = blockLengthAt(head, index);
    this.matchedBytes += length;
    if (from !== this.#runEnd) {
      if (this.#runEnd > this.#runFrom) this.#copyRun();
      this.#runFrom = from;
    }
    this.#runEnd = from + length;
    if (this.#runEnd - this.#runFrom >= BUFFER_BYTES) this.#copyRun();
  }

  /** Copies the blocks named so far. */
  copyPending(): void {
    if (this.#runEnd > this.#runFrom) this.#copyRun();
  }

  /** Writes out what is still held and ends the file. @returns the whole-file sum, in wire order, to compare. */
  finish(): Uint8Array {
    if (this.#runEnd > this.#runFrom) this.#copyRun();
    this.#flush();
    const sum = this.#running(this.#fileSum).digest();
    this.#basis = null;
    this.#sink = null;
    return sum;
  }

  /** Writes out what is still held of a file that will not be finished. */
  spill(): void {
    if (this.#sink === null) return;
    if (this.#runEnd > this.#runFrom) this.#copyRun();
    this.#flush();
  }

  #copyRun(): void {
    const basis = this.#running(this.#basis);
    let from = this.#runFrom;
    const end = this.#runEnd;
    this.#runFrom = end;
    const stays = this.#inPlace && from === this.#position + this.#used;
    if (stays) this.#flush();
    while (from < end) {
      const wanted = Math.min(end - from, BUFFER_BYTES / 2);
      if (this.#used + wanted > this.#buffer.length) this.#makeRoom(wanted);
      const length = Math.min(end - from, this.#buffer.length - this.#used);
      const got = readFully(basis, this.#buffer, this.#used, length, from);
      if (got < length) this.#buffer.fill(0, this.#used + got, this.#used + length);
      this.onCopied?.(this.#buffer, this.#used, length);
      this.#used += length;
      from += length;
      if (stays) this.#flush(true);
    }
  }

  /** Makes room for `wanted` bytes: grows the buffer while the file is small, else writes it out. */
  #makeRoom(wanted: number): void {
    const size = this.#buffer.length;
    if (size < BUFFER_BYTES) {
      let grown = Math.max(16384, size * 2);
      while (grown < this.#used + wanted && grown < BUFFER_BYTES) grown *= 2;
      const buffer = new Uint8Array(Math.min(grown, BUFFER_BYTES));
      buffer.set(this.#buffer.subarray(0, this.#used));
      this.#buffer = buffer;
    }
    if (this.#used + wanted > this.#buffer.length) this.#flush();
  }

  #flush(stays = false): void {
    const used = this.#used;
    this.#used = 0;
    if (used > 0) this.#emit(this.#buffer, 0, used, stays);
  }

  #emit(data: Uint8Array, offset: number, length: number, stays = false): void {
    this.#running(this.#fileSum).update(data, offset, length);
    const sink = this.#running(this.#sink);
    if (stays) sink.pass(data, offset, length);
    else sink.write(data, offset, length);
    this.#position += length;
  }

  #running<T>(part: T | null): T {
    if (part === null) throw fail('internal', 'applier-idle', 'A token came although no file is being received.');
    return part;
  }
}
