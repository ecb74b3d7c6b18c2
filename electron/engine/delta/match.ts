import { fail } from '../../../shared/errors.ts';
import type { BlockSum, FileSum } from '../checksum/strong.ts';
import { HASH_FACTOR, MAX_CANDIDATES } from './block-index.ts';
import { type Search, Searches } from './search.ts';
import { SearchMemory } from './search-memory.ts';
import type { BlockReader, SignatureTable } from './signature.ts';
import type { UpdateMode } from './update-mode.ts';

/** Takes the token stream of one file, in order; the end of the file is not a token here. */
export interface TokenSink {
  /** 1 to {@link MAX_LITERAL} bytes of the source. They are only valid during the call: copy or send them. */
  literal(data: Uint8Array, offset: number, length: number): void;
  /** Block `index` of the basis, and its bytes, which are only valid during the call. */
  match(index: number, data: Uint8Array, offset: number, length: number): void;
}

/** Most bytes of one literal token (reference §7.7, pitfall 33). */
export const MAX_LITERAL = 32768;

const READ_BYTES = 262144;
const MIN_WINDOW = 65536;

/**
 * Sending side: expresses a source file through the blocks of the receiver's basis (reference §7.7). One instance serves
 * a whole transfer, since its window is worth keeping: {@link begin} a file, then call {@link step} until it returns
 * false.
 *
 * The file is read once, front to back, up to the size it had when opened: what was appended since is left for the next
 * run, and a file that shrank ends where it ends, consistently summed ({@link bytesRead} tells). An error of the reader
 * passes through; the sink has then seen whole tokens only, and the file's sum must be sent wrong on purpose (§7.6).
 */
export class Matcher {
  readonly #sink: TokenSink;
  readonly #blockSum: BlockSum | null;
  readonly #strong: Uint8Array;
  readonly #searches: Searches;
  #buffer: Uint8Array = new Uint8Array(0);
  /** Where no basis is searched the buffer is one of our own, kept here. */
  #ownBuffer: Uint8Array = new Uint8Array(0);

  #source: BlockReader | null = null;
  #size = 0;
  #table: SignatureTable | null = null;
  #search: Search | null = null;
  #fileSum: FileSum | null = null;

  // The window slides over buffer[0, end). Bytes in [pending, at) await sending as literals.
  #end = 0;
  #at = 0;
  #pending = 0;
  #sourceEnded = false;
  /** The search's window stands at `at`. */
  #placed = false;
  /** The block after the previous match. */
  #wanted = 0;
  /** In place: which blocks were matched where they stand, and so stay; null otherwise. */
  #settled: Uint8Array | null = null;
  /** Bytes the receiver has, still to be summed before anything is sent. */
  #prefixLeft = 0;

  /** Bytes read of this source so far. */
  bytesRead = 0;
  literalBytes = 0;
  matchedBytes = 0;
  /** Of all sources: blocks matched, weak sums that were known, and those of them whose strong sums differed. */
  matches = 0;
  hits = 0;
  falseAlarms = 0;

  /**
   * @param blockSum the transfer's block sum; null where every file is sent whole.
   * @param open where the memory for fast searches comes from
   */
  constructor(sink: TokenSink, blockSum: BlockSum | null, open: () => SearchMemory | null = SearchMemory.open) {
    this.#sink = sink;
    this.#searches = new Searches(open);
    this.#blockSum = blockSum;
    this.#strong = new Uint8Array(blockSum?.length ?? 0);
  }

  /**
   * @param size bytes of the source when it was opened.
   * @param table the sums of the basis; null or without blocks, everything is literal.
   * @param fileSum is reset here and fed every byte once, without those an appended file skips.
   * @throws internal/signature-incomplete where sums of the basis are missing.
   */
  begin(
    source: BlockReader,
    size: number,
    table: SignatureTable | null,
    fileSum: FileSum,
    { inPlace = false, from = 0, sumsPrefix = false }: UpdateMode = {},
  ): void {
    const searched = table !== null && table.head.count > 0;
    if (searched && this.#blockSum === null) {
      throw fail('internal', 'no-block-sum', 'A basis is to be searched although the transfer has no block sums.');
    }
    if (searched && table.missing !== 0) {
      throw fail('internal', 'signature-incomplete', `${table.missing} block sums are missing from a signature.`);
    }
    this.#source = source;
    this.#size = size;
    this.#table = searched ? table : null;
    this.#fileSum = fileSum;
    fileSum.reset();
    this.#end = 0;
    this.#at = 0;
    this.#pending = 0;
    this.#sourceEnded = size <= from;
    this.#placed = false;
    this.#wanted = 0;
    this.#settled = searched && inPlace ? new Uint8Array(table.head.count) : null;
    this.#prefixLeft = sumsPrefix ? Math.min(from, size) : 0;
    this.bytesRead = sumsPrefix ? 0 : from;
    this.literalBytes = 0;
    this.matchedBytes = 0;
    const most = READ_BYTES + (searched ? MAX_LITERAL + table.head.blockLength : 0);
    const needed = Math.max(MIN_WINDOW, Math.min(size, most));
    if (searched) {
      this.#search = this.#searches.next({ table, bufferBytes: needed });
      this.#buffer = this.#search.buffer;
    } else {
      this.#search = null;
      if (this.#ownBuffer.length < needed) this.#ownBuffer = new Uint8Array(needed);
      this.#buffer = this.#ownBuffer;
    }
  }

  /**
   * Goes on by about `budget` bytes of the source (up to one block and one read more), emitting tokens.
   * @returns whether there is more to do.
   */
  step(budget: number): boolean {
    const table = this.#table;
    const search = this.#search;
    if (this.#prefixLeft > 0) return this.#stepPrefix(budget);
    return table === null || search === null ? this.#stepLiteral(budget) : this.#stepSearch(table, search, budget);
  }

  /** Sums what the receiver has already. */
  #stepPrefix(budget: number): boolean {
    for (let done = 0; done < budget && this.#prefixLeft > 0;) {
      this.#end = 0;
      const before = this.bytesRead;
      this.#read(this.#prefixLeft);
      const got = this.bytesRead - before;
      this.#prefixLeft = got > 0 ? this.#prefixLeft - got : 0;
      done += got;
    }
    this.#end = 0;
    return this.#prefixLeft > 0 || !this.#sourceEnded;
  }

  #stepLiteral(budget: number): boolean {
    for (let done = 0; done < budget && !this.#sourceEnded;) {
      this.#end = 0;
      this.#pending = 0;
      this.#read();
      done += this.#end;
      this.#emitLiterals(this.#end);
    }
    return !this.#sourceEnded;
  }

  #stepSearch(table: SignatureTable, search: Search, budget: number): boolean {
    const { blockLength } = table.head;
    let left = budget;
    while (left > 0) {
      // One byte more than a window, so that the scan can always roll on.
      while (this.#end - this.#at <= blockLength && !this.#sourceEnded) this.#refill();
      if (this.#end - this.#at < blockLength) {
        this.#finish(table, search);
        return false;
      }
      const from = this.#at;
      if (!this.#placed) {
        search.place(from);
        this.#placed = true;
      }
      const last = this.#end - blockLength;
      let block = this.#scan(table, search, Math.min(last, this.#pending + MAX_LITERAL));
      if (block < 0 && this.#at === last && this.#sourceEnded) {
        block = this.#look(table, search, last);
        if (block < 0) {
          this.#finish(table, search);
          return false;
        }
      }
      if (block >= 0) this.#emitMatch(block, blockLength);
      else if (this.#at - this.#pending >= MAX_LITERAL) this.#emitLiterals(this.#at);
      left -= this.#at - from;
    }
    return true;
  }

  /**
   * Slides the window up to position `stop`, which is not looked at.
   * @returns the block that matches at `at`, or -1 with `at` = `stop`.
   */
  #scan(table: SignatureTable, search: Search, stop: number): number {
    for (;;) {
      const at = search.scan(this.#at, stop);
      this.#at = at;
      if (at >= stop) return -1;
      const block = this.#look(table, search, at);
      if (block >= 0) return block;
      search.roll(at);
      this.#at = at + 1;
    }
  }

  /** @returns the full-length block equal to the window at `at` by weak and strong sum, or -1. */
  #look(table: SignatureTable, { index, weak }: Search, at: number): number {
    const { weak: weaks, buckets, bucketShift, chain } = index;
    const wanted = this.#wanted;
    const settled = this.#settled;
    const position = this.bytesRead - this.#end + at;
    let summed = false;
    // Adjacent blocks in a row cost least on both sides, and equal blocks (zeros, say) are common.
    if (
      wanted < table.fullBlocks &&
      weaks[wanted] === weak &&
      (settled === null || this.#stands(settled, wanted, table, position))
    ) {
      this.#sumWindow(at, table.head.blockLength);
      summed = true;
      if (this.#strongEquals(table, wanted)) return wanted;
    }
    let block = buckets[Math.imul(weak, HASH_FACTOR) >>> bucketShift]!;
    for (let tried = 0; block >= 0 && tried < MAX_CANDIDATES; tried++) {
      if (weaks[block] === weak && (settled === null || this.#stands(settled, block, table, position))) {
        if (!summed) this.#sumWindow(at, table.head.blockLength);
        summed = true;
        if (this.#strongEquals(table, block)) return block;
      }
      block = chain[block]!;
    }
    if (summed) this.falseAlarms++;
    return -1;
  }

  /** In place: whether block `index` is still in the receiver's file once everything before `position` is written. */
  #stands(settled: Uint8Array, index: number, table: SignatureTable, position: number): boolean {
    return index * table.head.blockLength >= position || settled[index] === 1;
  }

  #sumWindow(at: number, length: number): void {
    this.hits++;
    this.#blockSum?.sum(this.#buffer, at, length, this.#strong, 0);
  }

  #strongEquals(table: SignatureTable, block: number): boolean {
    const { strongLength } = table.head;
    const { strong } = table;
    const ours = this.#strong;
    const from = block * strongLength;
    for (let i = 0; i < strongLength; i++) if (strong[from + i] !== ours[i]) return false;
    return true;
  }

  /** The source has ended and no full block matches any more; a shorter last block can only match the very end. */
  #finish(table: SignatureTable, search: Search): void {
    const { count, remainder } = table.head;
    const end = this.#end;
    const block = count - 1;
    if (table.fullBlocks < count && end - this.#pending >= remainder) {
      const from = end - remainder;
      const settled = this.#settled;
      if (
        search.sumOf(from, remainder) === table.weak[block] &&
        (settled === null || this.#stands(settled, block, table, this.bytesRead - remainder))
      ) {
        this.#sumWindow(from, remainder);
        if (this.#strongEquals(table, block)) {
          this.#at = from;
          this.#emitMatch(block, remainder);
        }
      }
    }
    this.#at = end;
    this.#emitLiterals(end);
  }

  #emitMatch(block: number, length: number): void {
    this.#emitLiterals(this.#at);
    this.#sink.match(block, this.#buffer, this.#at, length);
    if (this.#settled !== null && block * this.#table!.head.blockLength === this.bytesRead - this.#end + this.#at)
      this.#settled[block] = 1;
    this.matchedBytes += length;
    this.matches++;
    this.#at += length;
    this.#pending = this.#at;
    this.#wanted = block + 1;
    this.#placed = false;
  }

  /** Sends buffer[pending, to) in tokens of at most {@link MAX_LITERAL}. */
  #emitLiterals(to: number): void {
    while (this.#pending < to) {
      const length = Math.min(MAX_LITERAL, to - this.#pending);
      this.#sink.literal(this.#buffer, this.#pending, length);
      this.literalBytes += length;
      this.#pending += length;
    }
  }

  /** Moves what is still needed, at most a literal and a window, to the front and reads on behind it. */
  #refill(): void {
    const from = this.#pending;
    if (from > 0) {
      this.#buffer.copyWithin(0, from, this.#end);
      this.#end -= from;
      this.#at -= from;
      this.#pending = 0;
    }
    this.#read();
  }

  /** One read behind `end`, summed while it is in the cache. */
  #read(most = READ_BYTES): void {
    const source = this.#source;
    const fileSum = this.#fileSum;
    if (source === null || fileSum === null) {
      throw fail('internal', 'matcher-idle', 'A source was to be searched before one was given.');
    }
    const length = Math.min(READ_BYTES, most, this.#buffer.length - this.#end, this.#size - this.bytesRead);
    const got = source.read(this.#buffer, this.#end, length, this.bytesRead);
    if (got > 0) fileSum.update(this.#buffer, this.#end, got);
    this.#end += got;
    this.bytesRead += got;
    if (got <= 0 || this.bytesRead >= this.#size) this.#sourceEnded = true;
  }
}
