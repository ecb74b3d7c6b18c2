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
  {
    why: 'rsync sets the attributes of a folder on whatever stands in its place',
    applies: ({ source, destination }, has) =>
      has('--ignore-existing') &&
      source.some(
        ({ kind, path }) => kind === 'dir' && destination?.some((at) => at.path === path && at.kind !== 'dir'),
      ),
  },
  {
    why: 'rsync gives files with equal ACLs the group permissions of the first of them',
    applies: ({ source }, has) =>
      has('-A') &&
      source.some((a) =>
        source.some((b) => a.acl !== undefined && a.acl === b.acl && ((a.mode ^ b.mode) & 0o070) !== 0),
      ),
  },
  {
    why: 'rsync gives a copy of the alternate folder the mode of a link that it replaces: open to all',
    applies: ({ args, source, destination }, has) =>
      has('--copy-dest') &&
      !args.some((word) => word.startsWith('-a')) &&
      source.some(
        ({ kind, path }) => kind === 'file' && destination?.some((at) => at.path === path && at.kind === 'link'),
      ),
  },
  {
    why: 'rsync loses names of a file, or hangs, where one is in the alternate folder and another one is not',
    applies: (_, has) => has('-H') && has('--compare-dest'),
  },
  {
    why: 'without -p rsync gives a new file the mode of the similar one or of the link it replaces, set-id bits included',
    applies: (one, has) => has('--fuzzy', '-y', '--copy-dest', '--compare-dest', '--link-dest') && !keepsModes(one),
  },
];

const keepsModes = ({ args }: Case): boolean =>
  args.some((arg) => /^-[a-zA-Z]*[ap]/.test(arg) || arg === '--perms' || arg === '--archive') &&
  !args.some((arg) => /^--no-p(erms)?$/.test(arg));

/** Why a case is not judged, or null. */
export function excuse(one: Case): string | null {
  const has = (...words: string[]): boolean => one.args.some((arg) => words.some((word) => arg.startsWith(word)));
  return EXCUSES.find(({ applies }) => applies(one, has))?.why ?? null;
}
