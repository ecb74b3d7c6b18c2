import type { FileEntry, HardLink } from './entry.ts';

/**
 * Numbers of entries in sending order, which hard-link groups are called by (§6.8): the position in its list counted
 * from the list's first number, whatever place sorting gives the entry.
 */
export class EntryNumbers {
  /** Number of the list's first entry. */
  start: number;
  /** Number of the entry that comes next. */
  next: number;

  constructor(incRecurse: boolean) {
    this.start = incRecurse ? 1 : 0;
    this.next = this.start;
  }

  endList(): void {
    this.start = this.next + 1; // the hole before a list stands for its directory
    this.next = this.start;
  }
}

/** Sending side: which entry of a group went out first. */
export class SentGroups {
  readonly #devices = new Map<number | bigint, Map<number | bigint, number>>();

  /** @returns number of the group's first entry, or -1 if it is this one, which gets the number `own` */
  firstOf({ dev, ino }: HardLink, own: number): number {
    let inodes = this.#devices.get(dev);
    if (!inodes) this.#devices.set(dev, (inodes = new Map()));
    const first = inodes.get(ino);
    if (first !== undefined) return first;
    inodes.set(ino, own);
    return -1;
  }
}

/** Receiving side: the group of an entry as peers number it. `first` is -1 for the first member. */
export function receivedLink(group: number, first: number): HardLink {
  return { dev: 0, ino: group, first };
}

/** The first members of groups in the list being read or written: later ones of the same list repeat nothing. */
export type ListFirsts = Map<number, FileEntry>;
