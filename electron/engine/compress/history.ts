/** Deflate refers back this far. */
const WINDOW = 32768;
const CAPACITY = 4 * WINDOW;

/** The last 32 KiB of what was appended. */
export class History {
  readonly #buffer = new Uint8Array(CAPACITY);
  #end = 0;

  clear(): void {
    this.#end = 0;
  }

  append(data: Uint8Array, offset: number, length: number): void {
    if (length >= WINDOW) {
      this.#buffer.set(data.subarray(offset + length - WINDOW, offset + length));
      this.#end = WINDOW;
      return;
    }
    if (this.#end + length > CAPACITY) {
      this.#buffer.copyWithin(0, this.#end - WINDOW, this.#end);
      this.#end = WINDOW;
    }
    this.#buffer.set(data.subarray(offset, offset + length), this.#end);
    this.#end += length;
  }

  /** A view of the last bytes, at most `most` and at most 32 KiB; valid until the next {@link append}. */
  last(most: number): Uint8Array {
    return this.#buffer.subarray(Math.max(0, this.#end - Math.min(most, WINDOW)), this.#end);
  }
}
