import type { ByteString } from '../../../shared/model/path.ts';
import { isDir } from '../wire/constants.ts';
import { EntryFlag, entryName, type FileEntry } from './entry.ts';

/**
 * Drops the directories of a whole sorted list that have nothing but such directories in them (`-m`). The transfer root
 * stays, and so does a directory that a rule of this side names or that was named twice (in `--files-from`, once by what
 * is in it): rsync keeps the second one's place, which counts as content of the first. So do those above it. Places
 * behind the last active entry do not count: rsync's list ends there.
 * @param named whether a rule protects a directory
 */
export function pruneEmptyDirs(sorted: readonly FileEntry[], named: (dir: ByteString) => boolean): void {
  const kept = new Set<ByteString>();
  let last = sorted.length - 1;
  while (last >= 0 && sorted[last]!.flags & EntryFlag.INACTIVE) last--;
  // Contents stand behind their directory: seen from the end, all is known about it when it comes.
  for (let i = last; i >= 0; i--) {
    const entry = sorted[i]!;
    const name = entryName(entry);
    if (entry.flags & EntryFlag.INACTIVE) {
      kept.add(isDir(entry.mode) ? name : entry.dir);
      continue;
    }
    if (isDir(entry.mode) && entry.base !== '.' && !kept.has(name) && !named(name)) entry.flags |= EntryFlag.INACTIVE;
    else kept.add(entry.dir);
  }
}
