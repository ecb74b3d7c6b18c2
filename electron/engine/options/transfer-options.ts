import type { ByteString } from '../../../shared/model/path.ts';
import type { ModeChange } from './chmod.ts';
import { formatHas } from './format-escapes.ts';
import type { FilterRule } from '../filter/rule.ts';
import type { IdMapRule } from './id-map-rules.ts';

export type DeleteMode = 'none' | 'default' | 'before' | 'during' | 'delay' | 'after';

/** What an alternate basis folder is used for (`--compare-dest`, `--copy-dest`, `--link-dest`). */
export type AltDestKind = 'compare' | 'copy' | 'link';

/** What is done with a batch file (reference §8.1). */
export type BatchKind = 'write' | 'only-write' | 'read';

/**
 * Everything the user asked of one transfer, after parsing; frozen. Made by the option table (option-table.ts) or by
 * the service for profiles. Both sides of the connection derive the wire layout from it (reference §1.4), so nothing
 * that changes the layout may live anywhere else.
 */
export interface TransferOptions {
  // What is taken from the source.
  recursive: boolean; // -r
  dirs: boolean; // -d
  links: boolean; // -l
  copyLinks: boolean; // -L
  copyUnsafeLinks: boolean;
  safeLinks: boolean;
  mungeLinks: boolean;
  copyDirlinks: boolean; // -k
  keepDirlinks: boolean; // -K
  relative: boolean; // -R
  impliedDirs: boolean; // --no-implied-dirs turns it off
  /** 0, 1 (`-x`) or 2 (`-xx`: mount points are not even made). */
  oneFileSystem: number;
  /** Listing arguments that are missing: an error, left alone (`--ignore-…`), or deleted (`--delete-missing-args`). */
  missingArgs: 'error' | 'ignore' | 'delete';
  removeSourceFiles: boolean;
  pruneEmptyDirs: boolean; // -m
  insecureLinks: boolean; // links of other users in paths the user named are followed
  confineRoot: ByteString | null; // what those paths must not lead out of
  /** Where the list of `--files-from` lies, or null; `host` as named, where the remote side was named at all. */
  filesFrom: { readonly path: ByteString; readonly at: 'local' | 'remote'; readonly host: ByteString | null } | null;
  from0: boolean; // -0
  openNoatime: boolean;
  copyDevices: boolean;

  // What is preserved.
  perms: boolean; // -p
  executability: boolean; // -E
  times: boolean; // -t
  /** 0, 1 (`-U`) or 2 (`-UU`). */
  atimes: number;
  crtimes: boolean; // -N
  omitDirTimes: boolean; // -O
  omitLinkTimes: boolean; // -J
  owner: boolean; // -o
  group: boolean; // -g
  devices: boolean; // --devices
  specials: boolean; // --specials
  hardLinks: boolean; // -H
  acls: boolean; // -A
  /** 0, 1 (`-X`) or 2 (`-XX`). */
  xattrs: number;
  numericIds: boolean;
  userMap: readonly IdMapRule[]; // --usermap, --chown
  groupMap: readonly IdMapRule[]; // --groupmap, --chown
  chmod: readonly ModeChange[]; // --chmod
  /** null = as the process is allowed. */
  superUser: boolean | null; // --super, --no-super
  fakeSuper: boolean;
  /** Receiver: devices and special files are not made, whatever the list holds. */
  dropDevices: boolean; // --drop-D
  /** User and group the copying is done as, or null (`--copy-as=USER[:GROUP]`). */
  copyAs: ByteString | null;

  // What is updated, and how.
  dryRun: boolean; // -n
  checksum: boolean; // -c
  update: boolean; // -u
  existing: boolean; // --existing, --ignore-non-existing
  ignoreExisting: boolean;
  ignoreTimes: boolean; // -I
  sizeOnly: boolean; // --size-only
  /** Seconds two times may differ; negative: nanoseconds count too. */
  modifyWindow: number; // -@
  /** Bytes, or null. */
  maxSize: number | null;
  minSize: number | null;
  /** null = default: off for a remote peer, on for a local pair. */
  wholeFile: boolean | null; // -W
  /** 0, 1 (`-y`) or 2 (`-yy`). */
  fuzzy: number;
  inplace: boolean;
  append: 'off' | 'append' | 'verify';
  sparse: boolean; // -S
  preallocate: boolean;
  writeDevices: boolean;
  partial: boolean;
  /** Explicit or from RSYNC_PARTIAL_DIR; `--delay-updates` alone stands for `.~tmp~`. */
  partialDir: ByteString | null;
  delayUpdates: boolean;
  tempDir: ByteString | null; // -T
  fsync: boolean;
  backup: boolean; // -b
  backupDir: ByteString | null;
  /** null = rsync's default: `~`, or none with a backup folder. */
  suffix: ByteString | null;
  altDest: { readonly kind: AltDestKind; readonly paths: readonly ByteString[] } | null;
  mkpath: boolean;
  force: boolean;

  // Deletion.
  deleteMode: DeleteMode;
  deleteExcluded: boolean;
  /** null = no limit; 0 = only count. */
  maxDelete: number | null;
  ignoreErrors: boolean;

  /** Filter rules in the user's order, merge rules among them. */
  filters: readonly FilterRule[];
  cvsExclude: boolean; // -C

  // Checksums, compression, the wire.
  /** Bytes; 0 = the protocol's own choice. At most 131072. */
  blockSize: number;
  /** Names for `--checksum-choice`, or null to negotiate. */
  checksumChoice: string | null;
  /** 0 = chosen by the server. */
  checksumSeed: number;
  /** `auto` (`-z`) negotiates; null = no compression. */
  compress: 'auto' | 'zstd' | 'lz4' | 'zlibx' | 'zlib' | null;
  /** null = the method's default. A level alone asks for compression, as `auto` does. */
  compressLevel: number | null;
  /** Suffixes of `--skip-compress` as given, or null for rsync's list. */
  skipCompress: ByteString | null;
  /** Highest protocol to offer, PROTOCOL_MIN to PROTOCOL_MAX. */
  protocol: number;
  /** Whether incremental recursion may be used. */
  incRecurse: boolean;

  /** The batch file, or null; a server never opens one. With `only-write`, `dryRun` is set as well. */
  batch: { readonly kind: BatchKind; readonly path: ByteString } | null;

  // Network and limits.
  /** I/O timeout in seconds; 0 = none. Always forwarded. */
  timeout: number;
  /** Seconds until a daemon must have answered; 0 = none. */
  contimeout: number;
  /** KiB a second; 0 = no limit. */
  bwlimit: number;
  /** Bytes one allocation may take, or null for rsync's 1 GiB. */
  maxAlloc: number | null;
  /** When to stop, in milliseconds since 1970 (`--stop-after`, `--stop-at`). */
  stopAt: number | null;
  ipVersion: 0 | 4 | 6;
  address: ByteString | null;
  port: number | null;
  sockopts: ByteString | null;
  passwordFile: ByteString | null;
  /** File for a daemon's `early exec`. */
  earlyInput: ByteString | null;
  motd: boolean; // --no-motd turns it off
  blockingIo: boolean | null;
  /** Remote program, used verbatim (`--rsync-path`). */
  rsyncPath: string;
  /** Remote shell command (`-e`, RSYNC_RSH), or null for the built-in ssh. */
  rsh: string | null;
  /** Words for the remote side alone (`-M`). */
  remoteOptions: readonly ByteString[];
  /** 1: the remote shell may split and expand paths; 2: it gets every word as it is (`--old-args`). */
  oldArgs: number;
  /** `-s`: paths and most options go over the connection instead of the command line. */
  secludedArgs: boolean;
  /** `--iconv`: `LOCAL[,REMOTE]` as given, a server's own charset; null = names are bytes. */
  iconv: ByteString | null;
  /** What a remote sender lists is not compared with what was asked for. */
  trustSender: boolean;

  // Output.
  verbose: number; // -v, -vv …
  quiet: boolean;
  itemize: number; // -i, -ii
  stats: boolean;
  progress: boolean;
  /** How numbers are printed: 0 plain, 1 with separators, 2 units of 1000, 3 units of 1024 (`-h`). */
  humanReadable: number;
  listOnly: boolean;
  eightBit: boolean; // -8
  outFormat: ByteString | null;
  logFile: ByteString | null;
  logFileFormat: ByteString | null;
  /** Words of `--info` and `--debug`, in rsync's names, lower case, with their levels; those of -v are not included. */
  info: ReadonlyMap<string, number>;
  debug: ReadonlyMap<string, number>;
  stderr: 'errors' | 'all' | 'client';
  outbuf: 'none' | 'line' | 'block' | null;
}

export const DEFAULT_OPTIONS: Readonly<TransferOptions> = Object.freeze({
  recursive: false,
  dirs: false,
  links: false,
  copyLinks: false,
  copyUnsafeLinks: false,
  safeLinks: false,
  mungeLinks: false,
  copyDirlinks: false,
  keepDirlinks: false,
  relative: false,
  impliedDirs: true,
  oneFileSystem: 0,
  missingArgs: 'error',
  removeSourceFiles: false,
  pruneEmptyDirs: false,
  insecureLinks: false,
  confineRoot: null,
  filesFrom: null,
  from0: false,
  openNoatime: false,
  copyDevices: false,
  perms: false,
  executability: false,
  times: false,
  atimes: 0,
  crtimes: false,
  omitDirTimes: false,
  omitLinkTimes: false,
  owner: false,
  group: false,
  devices: false,
  specials: false,
  hardLinks: false,
  acls: false,
  xattrs: 0,
  numericIds: false,
  userMap: [],
  groupMap: [],
  chmod: [],
  superUser: null,
  fakeSuper: false,
  dropDevices: false,
  copyAs: null,
  dryRun: false,
  checksum: false,
  update: false,
  existing: false,
  ignoreExisting: false,
  ignoreTimes: false,
  sizeOnly: false,
  modifyWindow: 0,
  maxSize: null,
  minSize: null,
  wholeFile: null,
  fuzzy: 0,
  inplace: false,
  append: 'off',
  sparse: false,
  preallocate: false,
  writeDevices: false,
  partial: false,
  partialDir: null,
  delayUpdates: false,
  tempDir: null,
  fsync: false,
  backup: false,
  backupDir: null,
  suffix: null,
  altDest: null,
  mkpath: false,
  force: false,
  deleteMode: 'none',
  deleteExcluded: false,
  maxDelete: null,
  ignoreErrors: false,
  filters: [],
  cvsExclude: false,
  blockSize: 0,
  checksumChoice: null,
  checksumSeed: 0,
  compress: null,
  compressLevel: null,
  skipCompress: null,
  protocol: 32,
  incRecurse: true,
  batch: null,
  timeout: 0,
  contimeout: 0,
  bwlimit: 0,
  maxAlloc: null,
  stopAt: null,
  ipVersion: 0,
  address: null,
  port: null,
  sockopts: null,
  passwordFile: null,
  earlyInput: null,
  motd: true,
  blockingIo: null,
  rsyncPath: 'rsync',
  rsh: null,
  remoteOptions: [],
  oldArgs: 0,
  secludedArgs: false,
  iconv: null,
  trustSender: false,
  verbose: 0,
  quiet: false,
  itemize: 0,
  stats: false,
  progress: false,
  humanReadable: 1,
  listOnly: false,
  eightBit: false,
  outFormat: null,
  logFile: null,
  logFileFormat: null,
  info: new Map(),
  debug: new Map(),
  stderr: 'errors',
  outbuf: null,
});

/** `-a`: the parts rsync's archive mode stands for (no -H -A -X). */
export const ARCHIVE = {
  recursive: true,
  links: true,
  perms: true,
  times: true,
  group: true,
  owner: true,
  devices: true,
  specials: true,
} as const;

/** Whether files are read without changing their access times: `--open-noatime`, which `-UU` stands for too. */
export const readsQuietly = ({ openNoatime, atimes }: Pick<TransferOptions, 'openNoatime' | 'atimes'>): boolean =>
  openNoatime || atimes > 1;

/** Whether contents cross the wire, also where the receiving side only looks at them (with a batch file). */
export const movesContent = ({ dryRun, batch }: Pick<TransferOptions, 'dryRun' | 'batch'>): boolean =>
  !dryRun || batch !== null;

/** Whether a batch file stands in the sender's place. */
export const readsBatch = ({ batch }: Pick<TransferOptions, 'batch'>): boolean => batch?.kind === 'read';

/** Whether somebody is to be told the sums of the files that were transferred. */
export const tellsSums = ({ outFormat, logFileFormat }: TransferOptions): boolean =>
  [outFormat, logFileFormat].some((format) => format !== null && formatHas(format, 'C'));

/** Whether what the sender says is written to a batch file as well. */
export const writesBatch = (options: Pick<TransferOptions, 'batch'>): boolean =>
  options.batch !== null && !readsBatch(options);
