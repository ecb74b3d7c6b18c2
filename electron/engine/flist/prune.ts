import type { ByteString } from '../../../shared/model/path.ts';
import { isDir } from '../wire/constants.ts';
import { EntryFlag, entryName, type FileEntry } from './entry.ts';

/**
 * Drops the directories of a whole sorted list that have nothing but such directories in them (`-m`). The transfer root
 * stays, and so does a directory that a rule of this side names, with those above it.
 * @param named whether a rule protects a directory
 */
export function pruneEmptyDirs(sorted: readonly FileEntry[], named: (dir: ByteString) => boolean): void {
  const kept = new Set<ByteString>();
  // Contents stand behind their directory: seen from the end, all is known about it when it comes.
  for (let i = sorted.length - 1; i >= 0; i--) {
    const entry = sorted[i]!;
    if (entry.flags & EntryFlag.INACTIVE) continue;
    const name = entryName(entry);
    if (isDir(entry.mode) && entry.base !== '.' && !kept.has(name) && !named(name)) entry.flags |= EntryFlag.INACTIVE;
    else kept.add(entry.dir);
  }
}
