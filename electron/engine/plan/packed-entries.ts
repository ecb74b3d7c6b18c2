import { FlistDecoder, isFlistEnd } from '../flist/decode.ts';
import { FlistEncoder } from '../flist/encode.ts';
import type { FileEntry, FlistLayout } from '../flist/entry.ts';
import { ByteReader, UNDERFLOW } from '../wire/byte-reader.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { PROTOCOL_MAX } from '../wire/constants.ts';

/** All that a plan compares. */
const LAYOUT: FlistLayout = {
  ...{ protocol: PROTOCOL_MAX, incRecurse: false, varintFlags: true, safeFlist: true, id0Names: false },
  ...{ links: true, devices: true, specials: true, owner: true, group: true, numericIds: true, sumLength: 0 },
  ...{ atimes: false, crtimes: false, hardLinks: false, acls: false, xattrs: false },
};

/**
 * Packs entries as lists travel: some 20 bytes each, where a copy of the objects between threads costs more than it takes
 * to list them.
 * @param emit takes pieces of the packed list; each is alone in its memory
 */
export function packEntries(entries: readonly FileEntry[], emit: (bytes: Buffer) => void): void {
  const writer = new ByteWriter(emit, () => 0);
  const encoder = new FlistEncoder(LAYOUT, null);
  for (const entry of entries) encoder.writeEntry(writer, entry);
  writer.flush();
}

/** Takes what `packEntries` made, piece by piece. It comes from this program: no bounds are put on it. */
export class EntryUnpacker {
  readonly entries: FileEntry[] = [];
  readonly #reader = new ByteReader();
  readonly #decoder = new FlistDecoder(LAYOUT, { maxEntries: Infinity, maxBytes: Infinity });

  take(bytes: Buffer): void {
    this.#reader.push(bytes);
    try {
      while (this.#reader.available > 0) {
        this.#reader.mark();
        const entry = this.#decoder.readEntry(this.#reader);
        if (!isFlistEnd(entry)) this.entries.push(entry);
      }
    } catch (error) {
      if (error !== UNDERFLOW) throw error;
      this.#reader.rewind();
    }
  }
}
