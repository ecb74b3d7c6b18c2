import type { ByteString } from '../../shared/model/path.ts';

/**
 * What the engine tells its host while it works. The engine never formats text for people: the command line, the
 * worker and the window each print from these. Names are bytes (see shared/model/path.ts).
 */
export type EngineEvent =
  | { type: 'phase'; phase: EnginePhase }
  | ItemEvent
  | TransferredEvent
  /** `mode` of what was there, where this side deleted it. */
  | { type: 'deleted'; name: ByteString; isDir: boolean; mode?: number }
  | { type: 'listed'; entry: ListedEntry }
  | { type: 'issue'; issue: EngineIssue }
  | MessageEvent
  | ProgressEvent;

export type EnginePhase = 'connecting' | 'listing' | 'comparing' | 'transferring' | 'deleting' | 'finishing';

/** One itemized change (protocol reference §7.2, §8.9). `iflags` 0 means "unchanged, reported on request". */
export interface ItemEvent {
  type: 'item';
  name: ByteString;
  iflags: number;
  mode: number;
  size: number;
  mtime: number;
  uid: number;
  gid: number;
  /** Sum in the list (`--checksum`) in hexadecimal, or null. */
  sum: string | null;
  /** Symlink target. */
  link: ByteString | null;
  /** Another name of the same file that it was linked to. */
  linkedTo: ByteString | null;
  /** Who has the data: `send` = this side is the sender. A local pair reports `recv`. */
  direction: 'send' | 'recv';
}

/** The content of the item told of last has been transferred. */
export interface TransferredEvent {
  type: 'transferred';
  name: ByteString;
  size: number;
  /** Bytes of the connection it took: its sums and content, for a sender also the item before them. */
  bytes: number;
  /** Bytes of block sums that its sender got for it. */
  sumBytes: number;
  /** Sum of the whole file in hexadecimal. */
  sum: string;
  /** Entries in the lists so far, those behind this one, and whether these lists are all there are. */
  filesTotal: number;
  filesLeft: number;
  listComplete: boolean;
  /** Bytes of all files listed so far. */
  totalSize: number;
}

export interface ListedEntry {
  name: ByteString;
  mode: number;
  size: number;
  mtime: number;
  nsec: number;
  /** Seconds; 0 where they are not preserved. */
  atime: number;
  crtime: number;
  uid: number;
  gid: number;
  rdevMajor: number;
  rdevMinor: number;
  link: ByteString | null;
  /** List sum in wire order (`--checksum`). */
  sum: ByteString | null;
}

/** Text from the peer (`remote`) or a notice rsync would print itself (`local`); raw bytes, to be escaped on display. */
export interface MessageEvent {
  type: 'message';
  level: 'info' | 'warning' | 'error';
  from: 'remote' | 'local';
  text: ByteString;
  /** The peer's rsync says that something failed; not set for what login scripts write to standard error. */
  failure?: true;
}

/** Absolute figures; the host computes rates. Sent at most 10 times a second, and once at the end. */
export interface ProgressEvent {
  type: 'progress';
  /** Name of the file being transferred, or '' between files. */
  name: ByteString;
  /** Bytes of the current file handled so far, of `nameSize`. */
  nameBytes: number;
  nameSize: number;
  filesDone: number;
  filesTotal: number;
  /** Content bytes accounted for: transferred plus unchanged. */
  bytesDone: number;
  bytesTotal: number;
  literal: number;
  matched: number;
  /** Whether the list is complete, so that the totals are final. */
  listComplete: boolean;
  sent: number;
  received: number;
}

/** Where progress starts. */
export const NO_PROGRESS: Readonly<ProgressEvent> = Object.freeze({
  type: 'progress',
  name: '',
  nameBytes: 0,
  nameSize: 0,
  filesDone: 0,
  filesTotal: 0,
  bytesDone: 0,
  bytesTotal: 0,
  literal: 0,
  matched: 0,
  listComplete: false,
  sent: 0,
  received: 0,
});

/** Trouble with one item; the run goes on and ends partial (exit 23 or 24). */
export interface EngineIssue {
  code:
    | 'read-failed'
    | 'write-failed'
    | 'list-failed'
    | 'vanished'
    | 'changed-while-sending'
    | 'changed-since-preview'
    | 'verify-failed'
    | 'delete-failed'
    | 'attributes-failed'
    | 'not-supported'
    | 'skipped-non-regular'
    | 'delete-skipped-io-error'
    | 'litter-left'
    | 'make-way-failed'
    | 'source-kept'
    | 'server-failure';
  name: ByteString;
  /** System error code (`EACCES`) where there is one. */
  errno?: string;
  /** One sentence in plain words; names inside are already display-escaped. */
  message: string;
  /** Contribution to rsync's io_error bits (protocol reference §4.6): 1 general, 2 vanished, 4 delete limit; 0 notice. */
  ioError: 0 | 1 | 2 | 4;
}

/** Exact totals of a finished transfer, in bytes and counts; the figures `--stats` prints. */
export interface TransferStats {
  files: { total: number; regular: number; dirs: number; links: number; devices: number; specials: number };
  created: { total: number; regular: number; dirs: number; links: number; devices: number; specials: number };
  deleted: { total: number; regular: number; dirs: number; links: number; devices: number; specials: number };
  transferred: number;
  totalSize: number;
  transferredSize: number;
  literal: number;
  matched: number;
  flistBytes: number;
  flistBuildMs: number;
  flistXferMs: number;
  sent: number;
  received: number;
}
