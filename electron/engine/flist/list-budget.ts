import { getHeapStatistics } from 'node:v8';
import { fail } from '../../../shared/errors.ts';
import { isDir } from '../wire/constants.ts';
import type { FileEntry } from './entry.ts';

/**
 * Entries one connection may list in all (R7, faults.md H10). Incremental recursion releases them, but a peer that
 * sends more than this is not listing a tree people keep.
 */
export const MAX_ENTRIES = 20_000_000;
/** What may be held at a time: the part of this thread's heap that its entries may take. Beyond the heap it would die. */
const HEAP_SHARE = 0.5;
/** Heap that an entry takes beside its text, and what rare fields add; measured. */
const ENTRY_BYTES = 160;
const EXTRA_BYTES = 96;
/** What a folder takes besides, in the tables that hold folders to the end. */
const FOLDER_BYTES = 128;

/** What `ListBudget` bounds, where not by default: see its constants. */
export interface ListLimits {
  /** Entries accepted over the whole connection. */
  maxEntries?: number;
  /** Bytes of memory they may hold at a time. */
  maxBytes?: number;
}

/** Counts what a peer's lists take, so that none takes all memory. */
export class ListBudget {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  #entries = 0;
  /** Memory held by entries that were not released, and by what is kept along with them. */
  #bytes = 0;

  constructor({ maxEntries, maxBytes }: ListLimits = {}) {
    this.#maxEntries = maxEntries ?? MAX_ENTRIES;
    this.#maxBytes = maxBytes ?? getHeapStatistics().heap_size_limit * HEAP_SHARE;
  }

  /**
   * @param kept bytes of what stays when the entry goes
   * @throws a `protocol` error when that is one too many, or more than there is room for
   */
  add(entry: FileEntry, kept: number): void {
    const { mode, dir, base } = entry;
    this.#entries++;
    this.#bytes += bytesOf(entry) + kept;
    // Folders are looked up by their whole name.
    if (isDir(mode)) this.#bytes += FOLDER_BYTES + dir.length + base.length;
    if (this.#entries <= this.#maxEntries && this.#bytes <= this.#maxBytes) return;
    throw fail('protocol', 'flist-too-long', `The peer listed more than ${this.#entries - 1} entries`, {
      hint: 'They do not fit into memory. Transfer parts of the folder separately.',
    });
  }

  /** These entries are held no longer. Their folders' names and what several entries share stay. */
  release(entries: readonly FileEntry[]): void {
    for (const entry of entries) if (!isDir(entry.mode)) this.#bytes -= bytesOf(entry);
  }
}

/** Memory that goes when an entry goes. */
function bytesOf({ base, extra }: FileEntry): number {
  if (extra === null) return ENTRY_BYTES + base.length;
  return ENTRY_BYTES + EXTRA_BYTES + base.length + (extra.link?.length ?? 0) + (extra.sum?.length ?? 0);
}
