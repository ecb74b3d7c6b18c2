import type { Case } from './case.ts';

/**
 * What Driftline does otherwise on purpose, or because rsync 3.5 loses data there: cases that are not judged. Each was
 * looked at by hand; a row goes when we change our mind, never to make a failure disappear.
 */
const EXCUSES: readonly { why: string; applies: (one: Case, has: (...words: string[]) => boolean) => boolean }[] = [
  {
    why: 'rsync takes a long enough file of the alternate folder for the destination’s own and copies nothing',
    applies: (_, has) => has('--append') && has('--link-dest', '--copy-dest', '--compare-dest'),
  },
  {
    why: 'rsync appends to a file of a similar name; 3.2.7 then ends with a negative length',
    applies: (_, has) => has('--append') && has('--fuzzy', '-yy'),
  },
];

/** Why a case is not judged, or null. */
export function excuse(one: Case): string | null {
  const has = (...words: string[]): boolean => one.args.some((arg) => words.some((word) => arg.startsWith(word)));
  return EXCUSES.find(({ applies }) => applies(one, has))?.why ?? null;
}
