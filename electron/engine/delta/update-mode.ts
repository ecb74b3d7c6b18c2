/** How the receiver brings its file up to date, as both sides know it. */
export interface UpdateMode {
  /** The basis is overwritten while it is read (reference §7.8): blocks behind the output are gone. */
  inPlace?: boolean;
  /** `--append` (§7.9): the receiver has this many bytes already and gets what follows. */
  from?: number;
  /** `--append-verify`: those bytes count in the file's sum. */
  sumsPrefix?: boolean;
}
