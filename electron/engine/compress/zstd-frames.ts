import { damaged } from './damaged.ts';

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
/** The window libzstd's own reader accepts. */
const MAX_WINDOW = 128 * 1024 * 1024;
/** Most bytes a block stands for. */
export const MAX_ZSTD_BLOCK = 131072;

/** What the bytes taken last belong to. */
export type ZstdUnit = 'header' | 'stored' | 'compressed';

/**
 * Follows the frames and blocks of a zstd stream (RFC 8878 §3.1) without decoding them. That bounds window and output
 * before the decoder allocates them, and tells what a block must yield: the decoder in use reports no errors.
 */
export class ZstdFrames {
  unit: ZstdUnit = 'header';
  /** Bytes of the unit still to come. */
  #left = 0;
  /** Bytes a stored block stands for. */
  stored = 0;
  readonly #header = new Uint8Array(18);
  #filled = 0;
  #wanted = 4;
  #inBlocks = false;
  #lastBlock = false;
  #checksum = false;

  /** Whether a block or header has begun and not ended. */
  get inUnit(): boolean {
    return this.#left > 0 || this.#filled > 0;
  }

  /**
   * Takes bytes from `data[at, end)`, to the end of one unit at most.
   * @returns where the next ones begin; then, a unit may have ended ({@link inUnit})
   * @throws protocol/bad-compression
   */
  advance(data: Uint8Array, at: number, end: number): number {
    if (this.#left > 0) {
      const taken = Math.min(this.#left, end - at);
      this.#left -= taken;
      return at + taken;
    }
    if (this.#filled === 0) this.unit = 'header';
    while (this.#filled < this.#wanted && at < end) this.#header[this.#filled++] = data[at++]!;
    if (this.#filled === this.#wanted) {
      if (this.#inBlocks) this.#blockHeader();
      else this.#frameHeader();
    }
    return at;
  }

  /** Three bytes: last or not, kind, size. */
  #blockHeader(): void {
    const [a, b, c] = this.#header;
    const header = a! | (b! << 8) | (c! << 16);
    const kind = (header >> 1) & 3;
    const size = header >> 3;
    if (kind === 3 || size > MAX_ZSTD_BLOCK) throw damaged('it has an impossible block');
    this.unit = kind === 2 ? 'compressed' : 'stored';
    this.stored = size;
    this.#left = kind === 1 ? 1 : size;
    this.#lastBlock = (header & 1) === 1;
    this.#filled = 0;
    if (this.#lastBlock) {
      this.#left += this.#checksum ? 4 : 0;
      this.#inBlocks = false;
      this.#wanted = 4;
    }
  }

  #frameHeader(): void {
    const header = this.#header;
    const view = new DataView(header.buffer);
    const magic = view.getUint32(0, true);
    if (magic >>> 4 === SKIPPABLE >>> 4) {
      if (this.#filled < 8) return void (this.#wanted = 8);
      this.#left = view.getUint32(4, true);
      this.#filled = 0;
      this.#wanted = 4;
      return;
    }
    if (magic !== MAGIC) throw damaged('it is no zstd frame');
    if (this.#filled < 5) return void (this.#wanted = 5);
    const descriptor = header[4]!;
    const single = (descriptor & 0x20) !== 0;
    const sizeCode = descriptor >> 6;
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
    const sizeBytes = sizeCode === 0 ? (single ? 1 : 0) : 1 << sizeCode;
    this.#wanted = 5 + (single ? 0 : 1) + dictionaryBytes + sizeBytes;
    if (this.#filled < this.#wanted) return;
    if ((descriptor & 0x08) !== 0 || dictionaryBytes > 0) throw damaged('it needs what was not agreed on');
    const window = single ? contentSize(view, 5, sizeBytes) : windowSize(header[5]!);
    if (window > MAX_WINDOW) throw damaged(`it wants a window of ${window} bytes`);
    this.#checksum = (descriptor & 4) !== 0;
    this.#inBlocks = true;
    this.#filled = 0;
    this.#wanted = 3;
  }
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function contentSize(view: DataView, at: number, bytes: number): number {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, true) + 256;
  if (bytes === 4) return view.getUint32(at, true);
  return Number(view.getBigUint64(at, true));
}
