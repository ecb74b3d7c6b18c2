/** Bits of an item's flags (protocol reference §7.2) that people get to see. */
export const ITEM = {
  reportAtime: 0x0001,
  reportChange: 0x0002,
  /** Regular files: the size differs. Symbolic links: their time could not be set. */
  reportSize: 0x0004,
  reportTime: 0x0008,
  reportPerms: 0x0010,
  reportOwner: 0x0020,
  reportGroup: 0x0040,
  reportAcl: 0x0080,
  reportXattr: 0x0100,
  reportCrtime: 0x0400,
  basisTypeFollows: 0x0800,
  xnameFollows: 0x1000,
  isNew: 0x2000,
  localChange: 0x4000,
  transfer: 0x8000,
  reasonsUnknown: 0x10000,
} as const;

const INSIGNIFICANT = ITEM.basisTypeFollows | ITEM.xnameFollows | ITEM.localChange;

const TYPE_MASK = 0o170000;
const DIRECTORY = 0o040000;
const SYMLINK = 0o120000;
const LETTERS: Readonly<Record<number, string>> = {
  [DIRECTORY]: 'd',
  [SYMLINK]: 'L',
  [0o020000]: 'D',
  [0o060000]: 'D',
  [0o010000]: 'S',
  [0o140000]: 'S',
};

/** Whether the flags say that something changes, or has changed. */
export function isSignificant(iflags: number): boolean {
  return (iflags & ~INSIGNIFICANT) !== 0;
}

export function isDirectory(mode: number): boolean {
  return (mode & TYPE_MASK) === DIRECTORY;
}

export function isSymlink(mode: number): boolean {
  return (mode & TYPE_MASK) === SYMLINK;
}

export interface ItemizeInput {
  iflags: number;
  /** `st_mode`; only the file type counts. */
  mode: number;
  /** `send`: this side has the data. A local copy counts as `recv`. */
  direction: 'send' | 'recv';
}

/**
 * rsync's eleven itemize characters `YXcstpoguax` (protocol reference §8.9), as `%i` prints them.
 * @param context.times whether modification times are preserved (`-t`)
 * @param context.linkTimes whether the receiver can set those of symbolic links; default true
 */
export function itemize(item: ItemizeInput, context: { times: boolean; linkTimes?: boolean }): string {
  const { iflags, mode } = item;
  const local = (iflags & ITEM.localChange) !== 0;
  const linked = local && (iflags & ITEM.xnameFollows) !== 0;
  const moved = (iflags & ITEM.transfer) !== 0;
  const action = linked ? 'h' : local ? 'c' : !moved ? '.' : item.direction === 'send' ? '<' : '>';
  const head = action + (LETTERS[mode & TYPE_MASK] ?? 'f');
  if ((iflags & ITEM.isNew) !== 0) return `${head}+++++++++`;
  if ((iflags & ITEM.reasonsUnknown) !== 0) return `${head}?????????`;

  const symlink = isSymlink(mode);
  const mark = (bit: number, letter: string): string => ((iflags & bit) !== 0 ? letter : '.');
  const timeLost = !context.times || (symlink && (context.linkTimes === false || (iflags & ITEM.reportSize) !== 0));
  const both = (iflags & ITEM.reportAtime) !== 0 && (iflags & ITEM.reportCrtime) !== 0;
  const attributes = [
    mark(ITEM.reportChange, 'c'),
    symlink ? '.' : mark(ITEM.reportSize, 's'),
    mark(ITEM.reportTime, timeLost ? 'T' : 't'),
    mark(ITEM.reportPerms, 'p'),
    mark(ITEM.reportOwner, 'o'),
    mark(ITEM.reportGroup, 'g'),
    both ? 'b' : (iflags & ITEM.reportCrtime) !== 0 ? 'n' : mark(ITEM.reportAtime, 'u'),
    mark(ITEM.reportAcl, 'a'),
    mark(ITEM.reportXattr, 'x'),
  ].join('');
  return head + (attributes === '.........' && !moved ? '         ' : attributes);
}
