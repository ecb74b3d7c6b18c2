import type { ByteString } from '../../../shared/model/path.ts';

/** Bits of `FileEntry.flags`: facts about an entry that are not part of its metadata. */
export const EntryFlag = {
  /** Argument-level directory (reference §6.5). */
  TOP_DIR: 1,
  /** A directory whose contents belong to the transfer; deletion happens only inside these. */
  CONTENT_DIR: 2,
  /** Dropped as a duplicate or unusable: keeps its index, is never acted on (§6.14). */
  INACTIVE: 4,
  /** Sending side: its content went out before, so the next request for it is the second attempt. */
  SENT: 8,
  /** Sending side: its content was asked for and has not gone out: no peer can have it. */
  OWED: 32,
  /** `-R` with an absolute argument: the name has a slash in front on the wire and where the list is sorted. */
  ABSOLUTE: 16,
} as const;

/**
 * One entry of a file list. The directory part is one shared string per directory, so a million entries cost the base
 * names and a small object each. Sizes in bytes, times in seconds since 1970.
 */
export interface FileEntry {
  /** Name of the directory from the transfer root, '' at the top. */
  dir: ByteString;
  /** Last component; '.' for the root directory itself. */
  base: ByteString;
  mode: number;
  size: number;
  mtime: number;
  nsec: number;
  uid: number;
  gid: number;
  flags: number;
  /** Source side: index into the list of base directories (one per source argument). */
  root: number;
  /** Fields few entries have, or null. */
  extra: EntryExtra | null;
}

export interface EntryExtra {
  /** Symlink target. */
  link?: ByteString;
  rdevMajor?: number;
  rdevMinor?: number;
  /** `--checksum`: the list sum in wire order. */
  sum?: ByteString;
  /** `-U`: access time in seconds; folders have none. */
  atime?: number;
  /** `-N`: creation time in seconds. */
  crtime?: number;
  /** `-H`: which other names are the same file (reference §6.9); see flist/hard-links.ts. */
  hardLink?: HardLink;
  /** `-A`: index into the connection's table of ACLs (§6.10); folders have a second one for their default ACL. */
  acl?: number;
  defaultAcl?: number;
  /** The mode its ACL was listed with, where `--chmod` has changed it since and should have come first. */
  aclMode?: number;
  /** `-X`: index into the connection's table of attribute sets (§6.10). */
  xattr?: number;
}

/** A name of a file that has several. */
export interface HardLink {
  /**
   * Equal for the names of one file: its device and inode on the sending side; 0 and the group's number, which is no
   * index of a sorted list, on the receiving side.
   */
  readonly dev: number | bigint;
  readonly ino: number | bigint;
  /** Receiving side: the group's number, or -1 if this is the first name of the group that was sent. */
  readonly first: number;
}

/** Name from the transfer root; '.' for the root directory. */
export function entryName(entry: Pick<FileEntry, 'dir' | 'base'>): ByteString {
  return entry.dir === '' ? entry.base : `${entry.dir}/${entry.base}`;
}

/** Whether a directory is only there because names in it are (`-R`): its contents are not part of the transfer. */
export const isImplied = ({ flags }: Pick<FileEntry, 'flags'>): boolean =>
  (flags & (EntryFlag.TOP_DIR | EntryFlag.CONTENT_DIR)) === EntryFlag.TOP_DIR;

/** Name as it was given to the sender: absolute where its argument was (`-R`). */
export function givenName(entry: FileEntry): ByteString {
  return entry.flags & EntryFlag.ABSOLUTE ? `/${entryName(entry)}` : entryName(entry);
}

/** What decides the layout of entries on the wire, derived once from options and handshake (§2.5). */
export interface FlistLayout {
  protocol: number;
  incRecurse: boolean;
  varintFlags: boolean;
  safeFlist: boolean;
  id0Names: boolean;
  links: boolean;
  devices: boolean;
  specials: boolean;
  owner: boolean;
  group: boolean;
  numericIds: boolean;
  /** Bytes of each `--checksum` list sum, 0 without it. */
  sumLength: number;
  atimes: boolean;
  crtimes: boolean;
  hardLinks: boolean;
  acls: boolean;
  xattrs: boolean;
  /** `--delete-missing-args`: an entry of mode 0 names an argument that is not there. */
  missing?: boolean;
  /** `-R`: names may have a slash in front. */
  relative?: boolean;
  /** `-r`: where folders do not say so themselves, contents of listed ones are part of the transfer. */
  recursive?: boolean;
}
