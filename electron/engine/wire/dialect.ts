import { Msg } from './constants.ts';

/**
 * First protocol version that has each thing in which versions differ (reference §12.1). Nothing else in the engine
 * compares versions: what is asked for is the thing itself.
 */
const SINCE = {
  /** Entries of a list may have a second byte of flags (§6.3). */
  wideFlags: 28,
  /** Device numbers in two parts; before, as the sender's system packs them (§6.7). */
  deviceParts: 28,
  /** Only files with several names are told to have them; before, every file's device and inode is told (§6.8). */
  linkFlag: 28,
  /** List sums of regular files alone; before, zeros for every other entry (§6.4). */
  sumsOfFiles: 28,
  /** Item flags: every change is told, with its reasons; before, content is asked for and nothing else said (§7.1). */
  items: 29,
  /** Lists are sorted by the parts of names, folders last; before, by the bytes of whole names (§6.14). */
  treeOrder: 29,
  /** Rules travel with all their modifiers, and also where excluded files are deleted (§5.1, §5.2). */
  ruleModifiers: 29,
  /** A phase for `--delay-updates` (§7.10). */
  delayPhase: 29,
  /** Statistics tell how long the list took (§7.14). */
  listTimes: 29,
  /** `--fuzzy`, `--prune-empty-dirs`, several alternate folders, one of them beside `--inplace` (§2.5). */
  moreBases: 29,
  /** Compat flags follow the versions, and with them what is negotiated (§2.2). */
  compatFlags: 30,
  /** Numbers take as few bytes as they need and indexes are differences; before, all are of fixed width (§3). */
  compactNumbers: 30,
  /** The client's bytes are framed as well (§2.6). */
  clientFrames: 30,
  /** Rules may say that they do not keep a folder from being deleted (§5.2). */
  perishableRules: 30,
  /** Folders say whether their contents are part of the transfer; before, that is guessed (§6.5). */
  contentFlags: 30,
  /** Hard links refer to entries of the list; before, to devices and inodes (§6.8). */
  linkNumbers: 30,
  /** Errors of listing are told as they happen; before, by a number behind the list (§6.11). */
  listErrors: 30,
  /** md5 where nothing is negotiated; before, md4, seeded for whole files as well (§7.6). */
  md5: 30,
  /** Blocks of at most 128 KiB; before, 512 MiB (§7.5). */
  shortBlocks: 30,
  /** `--append` may leave the old part unread; before, it is always verified (§7.9). */
  blindAppend: 30,
  /** `--delete` alone deletes folder by folder; before, everything first (§7.12). */
  deletesOnTheWay: 30,
  /** ACLs, extended attributes, implied folders that are left alone (§6.5, §6.9, §6.10). */
  attributes: 30,
  /** A daemon's greeting names its version's state, and arguments end in NUL; before, in a line's end (§8.2, §8.4). */
  daemonArguments: 30,
  /** Times with nanoseconds (§6.2). */
  nanoseconds: 31,
  /** Sockets and fifos have no device number (§6.7). */
  bareSpecials: 31,
  /** A list's end may tell of errors whatever was agreed on (§2.5). */
  safeLists: 31,
  /** Items of hard links and the like may ask for no attribute values (§2.5). */
  xattrOptim: 31,
  /** Names of `--files-from` are framed (§5.5). */
  framedNames: 31,
  /** Long matched blocks enter zlib's history whole; before, their beginning again and again (§7.17). */
  wholeHistory: 31,
  /** Counts of deletions, and one more round before the goodbye (§7.10). */
  deletionCounts: 31,
  /** A daemon's greeting lists its digests; arguments have their backslashes doubled (§8.2, §8.4). */
  daemonDigests: 32,
} as const;

/** Messages that are not known to all versions (§4.2). */
const MESSAGES: Readonly<Record<number, { since: number; before: number | null }>> = {
  [Msg.DELETED]: { since: 29, before: null },
  [Msg.ERROR]: { since: 30, before: Msg.ERROR_XFER },
  [Msg.WARNING]: { since: 30, before: Msg.INFO },
  [Msg.IO_ERROR]: { since: 30, before: null },
  [Msg.NO_SEND]: { since: 30, before: null },
  [Msg.IO_TIMEOUT]: { since: 31, before: null },
  [Msg.ERROR_EXIT]: { since: 31, before: null },
};

/** What a protocol version has. */
export type Dialect = Readonly<Record<keyof typeof SINCE, boolean>> & { readonly protocol: number };

/** @param protocol the version two peers agreed on */
export function dialectOf(protocol: number): Dialect {
  const has = Object.entries(SINCE).map(([thing, since]) => [thing, protocol >= since]);
  return { ...(Object.fromEntries(has) as Record<keyof typeof SINCE, boolean>), protocol };
}

/** The code that says this to a peer of that version, or null where it cannot be said. */
export function messageCode({ protocol }: Dialect, code: number): number | null {
  const message = MESSAGES[code];
  return message === undefined || protocol >= message.since ? code : message.before;
}
