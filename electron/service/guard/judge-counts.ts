import { formatCount, plural } from '../../../shared/format.ts';
import type { GuardFinding } from '../../../shared/model/guard.ts';
import type { PlanCounts } from '../../../shared/model/preview.ts';
import type { Profile } from '../../../shared/model/profile.ts';
import { ownFolders, sourcePaths } from './ends.ts';
import { finding } from './finding.ts';
import { emptySource } from './look-before.ts';
import type { Seen } from './seen.ts';

/** Larger shares of the destination are only deleted after a person agreed; so are more entries than the second. */
const MANY_DELETIONS_PERCENT = 50;
const MANY_DELETIONS = 10_000;
/** Below this many entries a ratio says little: "some dozens". */
const MANY_ROWS = 48;
/** A source with less than this share of the destination's entries is nearly empty beside it. */
const NEARLY_EMPTY_PERCENT = 10;

const RIGHT_WAY = 'Are the source and the destination the right way round? If so, confirm.';

const entries = (count: number): string => plural(count, 'entry', 'entries');

/**
 * Judges a plan before the first change.
 *
 * @param counts as the planner made them; source folders that travel along are not counted as content here
 * @param listingIssues how many entries of either side could not be listed
 * @param seen what the last good run left at this destination, null when it was another one or there was none
 */
export function judgeCounts(
  profile: Profile,
  counts: PlanCounts,
  listingIssues: number,
  seen: Seen | null,
): GuardFinding[] {
  const own = ownFolders(profile);
  const source = Math.max(0, counts.sourceTotal - own);
  const standing = Math.max(counts.delete, counts.destinationTotal - own);
  const [path] = sourcePaths(profile);
  const findings = [
    source === 0 ? emptySource(path!, profile.options.delete, { source: path! }) : null,
    listingIssues > 0 && counts.delete > 0 ? incomplete(listingIssues) : null,
    emptied(standing, seen),
    swapped(counts),
    // A person need not agree twice to one thing.
    manyDeletions(profile, source, standing, counts) ?? wrongFolder(standing, counts, seen),
  ];
  return findings.filter((each) => each !== null);
}

function incomplete(listingIssues: number): GuardFinding {
  return finding(
    'source-incomplete',
    `${entries(listingIssues)} could not be listed, so nothing may be deleted.`,
    'Make the folder readable, or switch deletion off in the profile.',
  );
}

function emptied(standing: number, seen: Seen | null): GuardFinding | null {
  const before = seen?.destinationEntries ?? 0;
  if (standing > 0 || before === 0) return null;
  return finding(
    'destination-emptied',
    `The destination held ${entries(before)} after the last good run and holds nothing now.`,
    'Is its disk or share connected there? If it was emptied on purpose, confirm.',
    { confirmable: true, facts: { 'entries-before': before, 'destination-entries': 0 } },
  );
}

/** Old files over newer ones: the two sides may have been mixed up. */
function swapped({ replacesNewer, update }: PlanCounts): GuardFinding | null {
  if (replacesNewer < MANY_ROWS || replacesNewer * 2 <= update) return null;
  return finding(
    'replaces-newer',
    `${formatCount(replacesNewer)} of ${plural(update, 'file')} to update are newer at the destination than in the source.`,
    RIGHT_WAY,
    { confirmable: true, facts: { newer: replacesNewer } },
  );
}

function manyDeletions(profile: Profile, source: number, standing: number, counts: PlanCounts): GuardFinding | null {
  const deletions = counts.delete;
  const share = deletions * 100 > standing * MANY_DELETIONS_PERCENT;
  const limit = maxDelete(profile) ?? MANY_DELETIONS;
  if (!share && deletions <= limit) return null;
  const nearlyEmpty = standing >= MANY_ROWS && source * 100 < standing * NEARLY_EMPTY_PERCENT;
  const message = `${formatCount(deletions)} of ${entries(standing)} of the destination would be deleted`;
  const beside = nearlyEmpty ? `; the source has only ${formatCount(source)}` : '';
  const hint = nearlyEmpty ? RIGHT_WAY : 'Check that the source is the right folder and complete, then confirm.';
  return finding('many-deletions', `${message}${beside}.`, hint, {
    confirmable: true,
    facts: { deletions, 'destination-entries': standing, 'source-entries': source },
  });
}

/** The profile's own `--max-delete`; what could be more than that is asked before the first one. */
function maxDelete({ options }: Profile): number | null {
  const given = options.more.findLast((word) => word.startsWith('--max-delete='));
  const limit = given === undefined ? NaN : Number(given.slice(given.indexOf('=') + 1));
  return Number.isInteger(limit) && limit >= 0 ? limit : null;
}

/**
 * Most of what is compared is new or goes: perhaps one of the folders is another one. A first copy is exempt, also one
 * that goes on after a break: then the destination holds nothing that the source lacks.
 */
function wrongFolder(standing: number, counts: PlanCounts, seen: Seen | null): GuardFinding | null {
  const { create, update, attributes, unchanged } = counts;
  const deletions = counts.delete;
  const rows = create + update + attributes + unchanged + deletions;
  const foreign = counts.destinationTotal > update + attributes + unchanged;
  if (rows < MANY_ROWS || (create + deletions) * 2 <= rows || standing === 0 || (seen === null && !foreign))
    return null;
  return finding(
    'wrong-folder',
    `The two sides have little in common: ${formatCount(create)} to create and ${formatCount(deletions)} to delete of ${entries(rows)} compared.`,
    'Are both folders the right ones? If so, confirm.',
    { confirmable: true, facts: { creates: create, deletions, 'destination-entries': standing } },
  );
}
