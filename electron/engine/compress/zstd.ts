import { fail } from '../../../shared/errors.ts';
import { damaged } from './damaged.ts';
import { MAX_PACKET } from './method.ts';
import type { PacketSink, RunDecoder, RunEncoder } from './run-coder.ts';
import { ZstdFrames } from './zstd-frames.ts';

/**
 * What is used of @hpcc-js/wasm-zstd lies below its public class, which has one stream for the whole process and copies
 * results byte by byte. The version is fixed in package.json, and token-stream.test.ts fails when this shape changes.
 */
interface ZstdStream {
  setCompressionLevel(level: number): void;
  /** Compresses and flushes. @returns bytes written, or an error code */
  compressChunk(out: number, outLength: number, data: number, length: number): number;
  /** @returns bytes written, none after an error; what does not fit is lost */
  decompressChunk(out: number, outLength: number, data: number, length: number): number;
  delete(): void;
}

interface ZstdClass {
  new (): ZstdStream;
  malloc(length: number): number;
  compressBound(length: number): number;
  CStreamOutSize(): number;
  isError(code: number): number;
  getErrorName(code: number): string;
}

interface Zstd {
  readonly zstd: ZstdClass;
  /** Replaced when the memory grows. */
  readonly HEAPU8: Uint8Array;
}

/** zstd's largest block, so that flushing after as much costs nothing. */
const GATHER = 131072;
let module: Zstd | null = null;
/** Where data passes in and out of the module's memory. Nothing stays there between calls. */
let input = 0;
let output = 0;
let outputLength = 0;

/** Loads the WebAssembly; afterwards coders can be made. Loading again costs nothing. */
export async function loadZstd(): Promise<void> {
  if (module !== null) return;
  const { Zstd } = await import('@hpcc-js/wasm-zstd');
  const loaded = (await Zstd.load()) as unknown as { _mainModule: { _module: Zstd } };
  if (module !== null) return;
  const { zstd } = loaded._mainModule._module;
  input = zstd.malloc(GATHER);
  outputLength = zstd.compressBound(GATHER) + zstd.CStreamOutSize();
  output = zstd.malloc(outputLength);
  module = loaded._mainModule._module;
}

function loadedZstd(): Zstd {
  if (module === null) throw fail('internal', 'zstd-not-loaded', 'zstd was used before it was loaded.');
  return module;
}

/** zstd: one frame for all files of the connection (reference §7.17). */
export class ZstdEncoder implements RunEncoder {
  readonly #zstd = loadedZstd();
  readonly #stream: ZstdStream;
  readonly #sink: PacketSink;
  readonly #gathered = new Uint8Array(GATHER);
  #used = 0;

  constructor(level: number, sink: PacketSink) {
    this.#stream = new this.#zstd.zstd();
    this.#stream.setCompressionLevel(level);
    this.#sink = sink;
  }

  begin(): void {
    this.#used = 0;
  }

  write(data: Uint8Array, offset: number, length: number): void {
    for (let done = 0; done < length;) {
      const take = Math.min(length - done, GATHER - this.#used);
      this.#gathered.set(data.subarray(offset + done, offset + done + take), this.#used);
      this.#used += take;
      done += take;
      if (this.#used === GATHER) this.#compress();
    }
  }

  endRun(): void {
    if (this.#used > 0) this.#compress();
  }

  matched(): void {}

  dispose(): void {
    this.#stream.delete();
  }

  #compress(): void {
    const { zstd } = this.#zstd;
    const length = this.#used;
    this.#used = 0;
    this.#zstd.HEAPU8.set(this.#gathered.subarray(0, length), input);
    const got = this.#stream.compressChunk(output, outputLength, input, length);
    if (zstd.isError(got)) {
      throw fail('internal', 'zstd-failed', `Compression with zstd failed: ${zstd.getErrorName(got)}`);
    }
    this.#sink(this.#zstd.HEAPU8, output, got);
  }
}

/** The other direction of {@link ZstdEncoder}. */
export class ZstdDecoder implements RunDecoder {
  readonly wantsMatched = 'no';
  readonly #zstd = loadedZstd();
  readonly #stream = new this.#zstd.zstd();
  readonly #frames = new ZstdFrames();
  readonly #packet = new Uint8Array(MAX_PACKET);
  #at = 0;
  #end = 0;
  /** What the block under way has yielded. */
  #yielded = 0;

  begin(): void {}

  feed(packet: Uint8Array): void {
    this.#packet.set(packet);
    this.#at = 0;
    this.#end = packet.length;
  }

  next(): Uint8Array | null {
    while (this.#at < this.#end) {
      const from = this.#at;
      this.#at = this.#frames.advance(this.#packet, from, this.#end);
      this.#zstd.HEAPU8.set(this.#packet.subarray(from, this.#at), input);
      const got = this.#stream.decompressChunk(output, outputLength, input, this.#at - from);
      this.#yielded += got;
      if (!this.#frames.inUnit) this.#checkYield();
      if (got > 0) return this.#zstd.HEAPU8.subarray(output, output + got);
    }
    return null;
  }

  endRun(): void {
    if (this.#frames.inUnit) throw damaged('a run ends inside a block');
  }

  matched(): void {}

  dispose(): void {
    this.#stream.delete();
  }

  /** The decoder keeps silent about errors, but then yields nothing. */
  #checkYield(): void {
    const { unit, stored } = this.#frames;
    const yielded = this.#yielded;
    this.#yielded = 0;
    if (unit === 'header' || (unit === 'stored' ? yielded === stored : yielded > 0)) return;
    throw damaged('a block cannot be decoded');
  }
}
