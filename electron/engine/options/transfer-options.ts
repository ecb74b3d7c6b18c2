import type { FilterRule } from '../filter/rule.ts';

export type DeleteMode = 'none' | 'default' | 'before' | 'during' | 'delay' | 'after';

/**
 * Everything the user asked of one transfer, after parsing; frozen. Made by the option table (option-table.ts) or by
 * the service for profiles. Both sides of the connection derive the wire layout from it (reference §1.4), so nothing
 * that changes the layout may live anywhere else.
 */
export interface TransferOptions {
  recursive: boolean; // -r
  dirs: boolean; // -d
  links: boolean; // -l
  perms: boolean; // -p
  times: boolean; // -t
  owner: boolean; // -o
  group: boolean; // -g
  devices: boolean; // --devices
  specials: boolean; // --specials
  dryRun: boolean; // -n
  checksum: boolean; // -c
  update: boolean; // -u
  ignoreTimes: boolean; // -I
  sizeOnly: boolean; // --size-only
  /** null = default: off for a remote peer, on for a local pair. */
  wholeFile: boolean | null; // -W
  numericIds: boolean;
  deleteMode: DeleteMode;
  /** Receiver-side and sender-side filter rules in the user's order. */
  filters: readonly FilterRule[];
  verbose: number; // -v, -vv …
  quiet: boolean;
  itemize: number; // -i, -ii
  stats: boolean;
  progress: boolean;
  /** How numbers are printed: 0 plain, 1 with separators, 2 units of 1000, 3 units of 1024 (`-h`). */
  humanReadable: number;
  listOnly: boolean;
  /** Bytes; 0 = the protocol's own choice. At most 131072. */
  blockSize: number;
  /** I/O timeout in seconds; 0 = none. Always forwarded. */
  timeout: number;
  /** Names for `--checksum-choice`, or null to negotiate. */
  checksumChoice: string | null;
  /** 0 = chosen by the server. */
  checksumSeed: number;
  /** Highest protocol to offer, 30–32. */
  protocol: number;
  /** Whether incremental recursion may be used. */
  incRecurse: boolean;
  /** Remote program, used verbatim (`--rsync-path`). */
  rsyncPath: string;
  /** Remote shell command (`-e`), or null for the built-in ssh. */
  rsh: string | null;
}

export const DEFAULT_OPTIONS: Readonly<TransferOptions> = Object.freeze({
  recursive: false,
  dirs: false,
  links: false,
  perms: false,
  times: false,
  owner: false,
  group: false,
  devices: false,
  specials: false,
  dryRun: false,
  checksum: false,
  update: false,
  ignoreTimes: false,
  sizeOnly: false,
  wholeFile: null,
  numericIds: false,
  deleteMode: 'none',
  filters: [],
  verbose: 0,
  quiet: false,
  itemize: 0,
  stats: false,
  progress: false,
  humanReadable: 1,
  listOnly: false,
  blockSize: 0,
  timeout: 0,
  checksumChoice: null,
  checksumSeed: 0,
  protocol: 32,
  incRecurse: true,
  rsyncPath: 'rsync',
  rsh: null,
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
