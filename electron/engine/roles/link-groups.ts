import type { FileEntry } from '../flist/entry.ts';
import type { FileList } from '../flist/file-lists.ts';
import { EntryFlag } from '../flist/entry.ts';
import { isDir } from '../wire/constants.ts';
import type { ListWork } from './receive-state.ts';

/** One name of a file with several, with what is needed to come back to it. */
export interface Member {
  ndx: number;
  entry: FileEntry;
  work: ListWork;
  /** Whether what stands there is of another kind and counts as gone. */
  replaced?: boolean;
}

/** The names of one file, as far as lists have arrived (reference §7.11). */
export interface LinkGroup {
  /** Names that were not examined yet. */
  unexamined: number;
  /** The name others are linked to: it is in place, or its content is on the way. */
  leader: FileEntry | null;
  isPlaced: boolean;
  /** Names that wait for a leader, or for its content. */
  readonly waiting: Member[];
}

/** The hard-link groups of one transfer. A peer's word makes names belong together, and nothing else. */
export class LinkGroups {
  readonly #groups = new Map<number | bigint, LinkGroup>();

  /** A list arrived: later lists may add names to the groups of earlier ones. */
  add(list: FileList): void {
    for (const entry of list.entries) {
      const link = entry.extra?.hardLink;
      if (link === undefined || entry.flags & EntryFlag.INACTIVE || isDir(entry.mode)) continue;
      const group = this.#groups.get(link.ino);
      if (group) group.unexamined++;
      else this.#groups.set(link.ino, { unexamined: 1, leader: null, isPlaced: false, waiting: [] });
    }
  }

  of(entry: FileEntry): LinkGroup | null {
    const link = entry.extra?.hardLink;
    return link === undefined ? null : (this.#groups.get(link.ino) ?? null);
  }
}
