import { fail } from '../../../shared/errors.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import { dialectOf } from '../wire/dialect.ts';
import { InflateDecoder } from './inflate-decoder.ts';
import { Lz4Decoder } from './lz4-coder.ts';
import type { Compression } from './method.ts';
import type { RunDecoder } from './run-coder.ts';
import { TokenFlag } from './token-writer.ts';
import { ZstdDecoder } from './zstd.ts';

/** What a token stream rebuilds a file with; the `Applier` fits. */
export interface TokenTarget {
  literal(data: Uint8Array, offset: number, length: number): void;
  block(index: number): void;
  /** Reads the blocks named so far out of the basis, and shows their bytes to `onCopied`. */
  copyPending(): void;
  onCopied: ((data: Uint8Array, offset: number, length: number) => void) | null;
}

/** Reads the token streams of all files of a connection (reference §7.7, §7.17). */
export interface TokenReader {
  /** The next file starts. */
  begin(target: TokenTarget): void;
  /**
   * One bounded step, as a parser: rewound and called again when bytes are missing.
   * @returns whether there is more; false after the end of the file's data
   */
  step(r: ByteReader): boolean;
  /** Gives memory back; nothing may be called afterwards. */
  dispose(): void;
}

/** @param compression must have been loaded */
export function createTokenReader(compression: Compression | null, protocol: number): TokenReader {
  return compression === null
    ? new PlainTokenReader()
    : new CompressedTokenReader(createDecoder(compression, protocol));
}

/** Longest literal token taken; stock writers stay at 32 KiB. */
const MAX_LITERAL = 1 << 24;

class PlainTokenReader implements TokenReader {
  #target: TokenTarget | null = null;
  #literalLeft = 0;

  begin(target: TokenTarget): void {
    this.#target = target;
    this.#literalLeft = 0;
  }

  step(r: ByteReader): boolean {
    const target = running(this.#target);
    if (this.#literalLeft > 0) {
      const part = r.some(this.#literalLeft);
      this.#literalLeft -= part.length;
      target.literal(part, 0, part.length);
      return true;
    }
    const token = r.i32();
    if (token > MAX_LITERAL) {
      throw fail('protocol', 'literal-too-long', `The peer announced ${token} bytes of data in one piece`);
    }
    if (token < 0) target.block(-(token + 1));
    else this.#literalLeft = token;
    return token !== 0;
  }

  dispose(): void {}
}

/** Blocks of a run copied in one step. */
const BLOCKS_PER_STEP = 64;
const MAX_INDEX = 0x7fffffff;

class CompressedTokenReader implements TokenReader {
  readonly #decoder: RunDecoder;
  #target: TokenTarget | null = null;
  /** A packet was fed and not all of it taken. */
  #fed = false;
  /** Data came since the last block or the start. */
  #inRun = false;
  /** Blocks named and not copied: `blocksLeft` from `nextBlock`. */
  #nextBlock = 0;
  #blocksLeft = 0;
  /** The block named last. */
  #current = 0;

  constructor(decoder: RunDecoder) {
    this.#decoder = decoder;
  }

  begin(target: TokenTarget): void {
    this.#target = target;
    this.#fed = false;
    this.#inRun = false;
    this.#blocksLeft = 0;
    this.#current = 0;
    this.#decoder.begin();
    target.onCopied = this.#decoder.wantsMatched === 'no' ? null : this.#remember;
  }

  step(r: ByteReader): boolean {
    const target = running(this.#target);
    if (this.#fed) {
      const piece = this.#decoder.next();
      if (piece !== null) {
        target.literal(piece, 0, piece.length);
        return true;
      }
      this.#fed = false;
    }
    if (this.#blocksLeft > 0) {
      this.#copyBlocks(target);
      return true;
    }
    const flag = r.u8();
    if ((flag & 0xc0) === TokenFlag.DATA) {
      const length = ((flag & 0x3f) << 8) | r.u8();
      if (length === 0) throw fail('protocol', 'bad-token', 'The peer sent an empty packet of compressed data');
      const packet = r.view(length);
      if (this.#decoder.wantsMatched === 'pieces') target.copyPending();
      this.#decoder.feed(packet);
      this.#fed = true;
      this.#inRun = true;
      return true;
    }
    if (flag !== TokenFlag.END) this.#readBlocks(flag, r);
    if (this.#inRun) {
      this.#inRun = false;
      this.#decoder.endRun();
    }
    return flag !== TokenFlag.END;
  }

  dispose(): void {
    this.#decoder.dispose();
  }

  readonly #remember = (data: Uint8Array, offset: number, length: number): void =>
    this.#decoder.matched(data, offset, length);

  #readBlocks(flag: number, r: ByteReader): void {
    const long = flag === TokenFlag.LONG || flag === TokenFlag.RUN_LONG;
    if (!long && flag < TokenFlag.REL) throw fail('protocol', 'bad-token', `The peer sent an unknown token (${flag})`);
    const run = long ? flag === TokenFlag.RUN_LONG : flag >= TokenFlag.RUN_REL;
    const first = long ? r.i32() : this.#current + (flag & 0x3f);
    const more = run ? r.u16() : 0;
    if (first < 0 || first + more > MAX_INDEX || (run && more === 0)) {
      throw fail('protocol', 'bad-token', `The peer named impossible blocks (${more + 1} from ${first})`);
    }
    this.#nextBlock = first;
    this.#blocksLeft = more + 1;
    this.#current = first + more;
  }

  #copyBlocks(target: TokenTarget): void {
    const end = this.#nextBlock + Math.min(this.#blocksLeft, BLOCKS_PER_STEP);
    for (; this.#nextBlock < end; this.#nextBlock++, this.#blocksLeft--) {
      target.block(this.#nextBlock);
      if (this.#decoder.wantsMatched === 'blocks') target.copyPending();
    }
  }
}

function createDecoder({ name }: Compression, protocol: number): RunDecoder {
  switch (name) {
    case 'zstd':
      return new ZstdDecoder();
    case 'lz4':
      return new Lz4Decoder();
    case 'zlibx':
      return new InflateDecoder('no');
    case 'zlib':
      return new InflateDecoder(dialectOf(protocol).wholeHistory ? 'pieces' : 'blocks');
  }
}

function running(target: TokenTarget | null): TokenTarget {
  if (target === null) throw fail('internal', 'no-token-target', 'Tokens were read before a file was begun.');
  return target;
}
