import type { ByteString } from '../../../shared/model/path.ts';

/** One `FROM:TO` of `--usermap` or `--groupmap`, as given; the first that matches an id decides. */
export interface IdMapRule {
  /** A name, a wildcard pattern, an id range (`low`–`high`), or everything without a name (an empty FROM). */
  readonly from: { readonly pattern: ByteString } | { readonly low: number; readonly high: number } | 'unnamed';
  /** A name or a number on the receiving side. */
  readonly to: ByteString | number;
}
