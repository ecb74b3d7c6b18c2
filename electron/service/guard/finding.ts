import { fail } from '../../../shared/errors.ts';
import type { DriftlineError } from '../../../shared/errors.ts';
import type { GuardFact, GuardFinding } from '../../../shared/model/guard.ts';
import { bytesToText, displayPath } from '../../../shared/model/path.ts';
import type { ByteString, PathText } from '../../../shared/model/path.ts';

type Facts = Partial<Record<GuardFact['name'], PathText | number>>;

/** A finding; facts in the order given. */
export function finding(
  code: string,
  message: string,
  hint: string,
  { confirmable = false, facts = {} }: { confirmable?: boolean; facts?: Facts } = {},
): GuardFinding {
  const list = Object.entries(facts).map(([name, value]) => ({ name, value }) as GuardFact);
  return { code, message, hint, confirmable, facts: list };
}

/**
 * The findings a person has not confirmed, as one error; null when there are none. While there is something nobody can
 * confirm, only that is told.
 */
export function guardError(findings: readonly GuardFinding[], confirmed: readonly string[]): DriftlineError | null {
  const hard = findings.filter((each) => !each.confirmable);
  const open = hard.length > 0 ? hard : findings.filter((each) => !confirmed.includes(each.code));
  const first = open[0];
  if (first === undefined) return null;
  return fail('guard', first.code, open.map((each) => each.message).join(' '), { hint: first.hint, findings: open });
}

/** A path in a sentence. */
export const quoted = (bytes: ByteString): string => `“${displayPath(bytesToText(bytes))}”`;
