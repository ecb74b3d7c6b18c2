/**
 * One clause of `--chmod`, as rsync reads them: `D` or `F` limits it to folders or files, the rest is applied as
 * `mode = (mode & and) | or`, with `X` adding execute bits where there is one already or for folders.
 */
export interface ModeChange {
  readonly applies: 'all' | 'dirs' | 'files';
  /** Bits that stay. */
  readonly keep: number;
  /** Bits that are set. */
  readonly set: number;
  /** Execute bits that are set for folders, and for files that have an execute bit. */
  readonly setExecute: number;
}
