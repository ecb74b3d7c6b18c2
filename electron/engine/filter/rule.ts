import type { ByteString } from '../../../shared/model/path.ts';

/** Where a rule applies; a rule without a side modifier has `both` (reference §5.3). */
export type RuleSide = 'both' | 'sender' | 'receiver';

/** One include or exclude rule (reference §5.6). Merge rules are not built yet. */
export interface FilterRule {
  readonly include: boolean;
  readonly side: RuleSide;
  /** Pattern bytes without the trailing `/` of a directory-only rule. */
  readonly pattern: ByteString;
  readonly dirOnly: boolean;
  readonly negate: boolean; // `!`
  readonly absolute: boolean; // `/` modifier
  readonly perishable: boolean; // `p`
}
