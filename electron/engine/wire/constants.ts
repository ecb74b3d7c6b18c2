/** Numbers of the rsync protocol. Section numbers refer to the protocol reference (see engine/README.md). */

export const PROTOCOL_MAX = 32;
export const PROTOCOL_MIN = 27;
/** Before this, a server does not say why it asks for a file, so that nobody could see whether it keeps to a plan. */
export const PLAN_PROTOCOL_MIN = 29;

/** Compat flags (§2.2). */
export const Compat = {
  INC_RECURSE: 0x01,
  SYMLINK_TIMES: 0x02,
  SYMLINK_ICONV: 0x04,
  SAFE_FLIST: 0x08,
  AVOID_XATTR_OPTIM: 0x10,
  CHECKSUM_SEED_FIX: 0x20,
  INPLACE_PARTIAL_DIR: 0x40,
  VARINT_FLIST_FLAGS: 0x80,
  ID0_NAMES: 0x100,
} as const;

/** Multiplex codes (§4.2). */
export const Msg = {
  DATA: 0,
  ERROR_XFER: 1,
  INFO: 2,
  ERROR: 3,
  WARNING: 4,
  IO_ERROR: 22,
  IO_TIMEOUT: 33,
  NOOP: 42,
  ERROR_EXIT: 86,
  SUCCESS: 100,
  DELETED: 101,
  NO_SEND: 102,
} as const;

/** File-list entry flags (§6.2). Some bits mean other things from protocol 30 on: `OldXFlag` has what they were. */
export const XFlag = {
  TOP_DIR: 0x0001,
  SAME_MODE: 0x0002,
  EXTENDED: 0x0004,
  SAME_UID: 0x0008,
  SAME_GID: 0x0010,
  SAME_NAME: 0x0020,
  LONG_NAME: 0x0040,
  SAME_TIME: 0x0080,
  SAME_RDEV_MAJOR: 0x0100,
  NO_CONTENT_DIR: 0x0100,
  HLINKED: 0x0200,
  USER_NAME_FOLLOWS: 0x0400,
  GROUP_NAME_FOLLOWS: 0x0800,
  HLINK_FIRST: 0x1000,
  IO_ERROR_ENDLIST: 0x1000,
  MOD_NSEC: 0x2000,
  SAME_ATIME: 0x4000,
} as const;

/** What bits of entry flags mean before protocol 30; SAME_RDEV before 28. */
export const OldXFlag = { SAME_RDEV: 0x0004, SAME_DEV: 0x0400, SHORT_MINOR: 0x0800 } as const;

/** Item flags (§7.2). */
export const ItemFlag = {
  REPORT_ATIME: 0x0001,
  REPORT_CHANGE: 0x0002,
  REPORT_SIZE: 0x0004,
  REPORT_TIMEFAIL: 0x0004,
  REPORT_TIME: 0x0008,
  REPORT_PERMS: 0x0010,
  REPORT_OWNER: 0x0020,
  REPORT_GROUP: 0x0040,
  REPORT_ACL: 0x0080,
  REPORT_XATTR: 0x0100,
  REPORT_CRTIME: 0x0400,
  BASIS_TYPE_FOLLOWS: 0x0800,
  XNAME_FOLLOWS: 0x1000,
  IS_NEW: 0x2000,
  LOCAL_CHANGE: 0x4000,
  TRANSFER: 0x8000,
  /** Never on the wire: a peer of old asked for content and did not say what differs (§7.1). */
  REASONS_UNKNOWN: 0x10000,
} as const;

/** Bits that make an item worth sending (§7.3). */
export const SIGNIFICANT_ITEM_FLAGS =
  0xffff & ~(ItemFlag.BASIS_TYPE_FOLLOWS | ItemFlag.XNAME_FOLLOWS | ItemFlag.LOCAL_CHANGE);

/** What a delta is made against (§7.3). Below DESTINATION: the number of an alternate folder. */
export const BasisType = {
  DESTINATION: 0x80,
  PARTIAL: 0x81,
  BACKUP: 0x82,
  FUZZY: 0x83,
} as const;

/** Special index values (§3.4). */
export const Ndx = { DONE: -1, FLIST_EOF: -2, DEL_STATS: -3, FLIST_OFFSET: -101 } as const;

/** io_error bits (§4.6). */
export const IoError = { GENERAL: 1, VANISHED: 2, DEL_LIMIT: 4 } as const;

/** st_mode file types as they travel (§6.4). */
export const Mode = {
  TYPE: 0o170000,
  REG: 0o100000,
  DIR: 0o040000,
  LINK: 0o120000,
  CHR: 0o020000,
  BLK: 0o060000,
  FIFO: 0o010000,
  SOCK: 0o140000,
  PERMS: 0o7777,
} as const;

export const isDir = (mode: number): boolean => (mode & Mode.TYPE) === Mode.DIR;
export const isReg = (mode: number): boolean => (mode & Mode.TYPE) === Mode.REG;
export const isLink = (mode: number): boolean => (mode & Mode.TYPE) === Mode.LINK;
export const isDevice = (mode: number): boolean => {
  const type = mode & Mode.TYPE;
  return type === Mode.CHR || type === Mode.BLK;
};
export const isSpecial = (mode: number): boolean => {
  const type = mode & Mode.TYPE;
  return type === Mode.FIFO || type === Mode.SOCK;
};

/** Limits (§12.2). */
export const Limit = {
  PATH: 4096,
  /** Text frames and filter rules must stay below this. */
  TEXT: 5120,
  NEGOTIATION: 255,
  LITERAL: 32768,
  BLOCK: 131072,
} as const;
