import { zlibInflate, zlibInflateInit2, zlibInflateReset, ZStream } from 'pako';
import { fail } from '../../../shared/errors.ts';
import { damaged } from './damaged.ts';
import { History } from './history.ts';
import { MAX_PACKET } from './method.ts';
import type { RunDecoder } from './run-coder.ts';

const Z_OK = 0;
const Z_STREAM_END = 1;
const Z_BUF_ERROR = -5;
const Z_SYNC_FLUSH = 2;
const RAW_WINDOW_BITS = -15;

const PIECE = 65536;
const FLUSH_TAIL = Uint8Array.of(0, 0, 0xff, 0xff);
/** Most bytes of a stored block. */
const MAX_STORED = 65535;

/** zlib and zlibx (reference §7.17). Decodes synchronously and in bounded pieces, which node:zlib does not offer. */
export class InflateDecoder implements RunDecoder {
  readonly wantsMatched: 'no' | 'pieces' | 'blocks';
  readonly #stream = new ZStream();
  readonly #packet = new Uint8Array(MAX_PACKET);
  readonly #output = new Uint8Array(PIECE);
  /** Matched bytes the window lacks; only the last 32 KiB of them can be referred to. */
  readonly #owed = new History();
  #owes = false;

  /**
   * @param wantsMatched `no` for zlibx. Under zlib, matched blocks are part of the window: from protocol 31 on as they
   *   are; before, pieces of a block beyond its first 65535 bytes are taken from its start again, so that blocks must be
   *   seen as a whole.
   */
  constructor(wantsMatched: 'no' | 'pieces' | 'blocks') {
    this.wantsMatched = wantsMatched;
    if (zlibInflateInit2(this.#stream, RAW_WINDOW_BITS) !== Z_OK) {
      throw fail('internal', 'inflate-init', 'The decompressor could not be set up.');
    }
    this.#stream.output = this.#output;
  }

  begin(): void {
    zlibInflateReset(this.#stream);
    this.#stream.avail_in = 0;
    this.#owed.clear();
    this.#owes = false;
  }

  feed(packet: Uint8Array): void {
    if (this.#owes) this.#settle();
    this.#packet.set(packet);
    this.#input(this.#packet, packet.length);
  }

  next(): Uint8Array | null {
    const stream = this.#stream;
    // Input may be used up while output is still held back, so only an empty piece ends it.
    stream.next_out = 0;
    stream.avail_out = PIECE;
    const before = stream.avail_in;
    const status = zlibInflate(stream, Z_SYNC_FLUSH);
    if (status === Z_STREAM_END) throw damaged('it ends in the middle of a file');
    if (status !== Z_OK && status !== Z_BUF_ERROR) throw damaged(stream.msg || 'invalid data');
    if (stream.next_out > 0) return this.#output.subarray(0, stream.next_out);
    if (stream.avail_in > 0 && stream.avail_in === before) throw damaged('it makes no progress');
    return null;
  }

  endRun(): void {
    this.#input(FLUSH_TAIL, FLUSH_TAIL.length);
    if (this.next() !== null) throw damaged('data follows the end of a run');
  }

  matched(data: Uint8Array, offset: number, length: number): void {
    this.#owes = true;
    if (this.wantsMatched === 'pieces' || length <= MAX_STORED) this.#owed.append(data, offset, length);
    else {
      for (let done = 0; done < length; done += MAX_STORED) {
        this.#owed.append(data, offset, Math.min(MAX_STORED, length - done));
      }
    }
  }

  dispose(): void {}

  /** A stored block puts bytes into the window; what it decodes to is known. */
  #settle(): void {
    this.#owes = false;
    const bytes = this.#owed.last(Infinity);
    const { length } = bytes;
    const block = new Uint8Array(5 + length);
    block.set([0, length, length >> 8, ~length, ~length >> 8]);
    block.set(bytes, 5);
    this.#owed.clear();
    this.#input(block, block.length);
    while (this.next() !== null);
  }

  #input(data: Uint8Array, length: number): void {
    this.#stream.input = data;
    this.#stream.next_in = 0;
    this.#stream.avail_in = length;
  }
}
