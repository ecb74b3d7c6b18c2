import type { ByteString } from '../../../shared/model/path.ts';

/**
 * Where a rule applies. A rule without a side modifier has `both`, which `--delete-excluded` narrows to the sender; one
 * with both modifiers (`sr`) has `each`, which stays as it is (reference §5.3).
 */
export type RuleSide = 'both' | 'each' | 'sender' | 'receiver';

/** An include or exclude rule (reference §5.6). */
export interface PatternRule {
  readonly kind: 'pattern';
  readonly include: boolean;
  readonly side: RuleSide;
  /** Pattern bytes without the trailing `/` of a directory-only rule. */
  readonly pattern: ByteString;
  readonly dirOnly: boolean;
  readonly negate: boolean; // `!`
  readonly absolute: boolean; // `/` modifier
  readonly perishable: boolean; // `p`
  readonly xattr: boolean; // `x`: about names of extended attributes, not of files
}

/** A rule that stands for the rules of a file in each directory. */
export interface DirMergeRule {
  readonly kind: 'dir-merge';
  /** File name as given; a path in it asks for a scan of the parent directories. */
  readonly name: ByteString;
  /** All rules of the file have this side. */
  readonly side: RuleSide;
  /** The file holds bare patterns of this kind; null = rules in full. */
  readonly only: 'include' | 'exclude' | null; // `+`, `-`
  readonly cvs: boolean; // `C`
  readonly words: boolean; // `w`: split at white space
  readonly inherit: boolean; // `n` turns it off
  readonly absolute: boolean;
  readonly perishable: boolean;
}

/** A rule that stands for what CVS leaves out: on the machine that applies it, hence never expanded for a server. */
export interface CvsRule {
  readonly kind: 'cvs';
  readonly include: boolean;
  readonly side: RuleSide;
  readonly negate: boolean;
  readonly absolute: boolean;
}

export type FilterRule = PatternRule | DirMergeRule | CvsRule;

/** How the text of a rule file or argument is read, and what its rules take over from the rule that named the file. */
export interface RuleTemplate {
  /** `old`: bare patterns, `- ` and `+ ` prefixes, `!`; `none`: bare patterns alone. */
  readonly prefixes: 'full' | 'old' | 'none';
  /** For patterns without a prefix. */
  readonly include: boolean;
  readonly cvs: boolean;
  readonly words: boolean;
  readonly side: RuleSide;
  readonly absolute: boolean;
  readonly perishable: boolean;
}

export const FULL_RULES: RuleTemplate = {
  prefixes: 'full',
  include: false,
  cvs: false,
  words: false,
  side: 'both',
  absolute: false,
  perishable: false,
};

/** `--exclude`, `--include` and their files. */
export const oldRules = (include: boolean): RuleTemplate => ({ ...FULL_RULES, prefixes: 'old', include });

/** How the file of a merge rule is read. */
export function templateOf(rule: Omit<DirMergeRule, 'kind' | 'name' | 'inherit'>): RuleTemplate {
  return {
    prefixes: rule.only === null && !rule.cvs ? 'full' : 'none',
    include: rule.only === 'include',
    cvs: rule.cvs,
    words: rule.words || rule.cvs,
    side: rule.side,
    absolute: rule.absolute,
    perishable: rule.perishable,
  };
}
