import { posix } from 'node:path';
import type { Outcome } from '../support/run.ts';
import type { Case } from './case.ts';
import { pieceSize, type Entry } from './tree.ts';

/**
 * What Driftline does otherwise on purpose, or because rsync 3.5 loses data there: cases that are not judged. Each was
 * looked at by hand; a row goes when we change our mind, never to make a failure disappear.
 */
const EXCUSES: readonly { why: string; applies: (one: Case, has: (...words: string[]) => boolean) => unknown }[] = [
  {
    why: 'rsync takes a long enough file of the alternate folder for the destination’s own and copies nothing',
    applies: ({ source, old }, has) =>
      has('--append') &&
      has('--link-dest', '--copy-dest', '--compare-dest') &&
      source.some(({ kind, path }) => kind !== 'dir' && holds(old, path, 'file', 'hard')),
  },
  {
    why: 'rsync 3.5 spoils what stands there already when it appends to a file that it makes sparse',
    applies: (_, has) => has('--append') && has('-S'),
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
        ({ kind, path }) =>
          (kind === 'dir' || (kind === 'link' && has('-L', '-k'))) &&
          destination?.some((at) => at.path === path && at.kind !== 'dir'),
      ),
  },
  {
    why: 'the first new folder with an ACL loses its group’s permissions in rsync, with incremental recursion',
    applies: ({ source }, has) =>
      has('-A') &&
      !has('--no-inc-recursive') &&
      source.some(({ kind, acl, mode }) => kind === 'dir' && acl !== undefined && (mode & 0o070) === 0o070),
  },
  {
    why: 'rsync gives a copy of the alternate folder the mode of the link or FIFO that it replaces: a link’s is open to all',
    applies: ({ args, source, destination }, has) =>
      has('--copy-dest', '--compare-dest', '--link-dest') &&
      !args.some((word) => word.startsWith('-a')) &&
      source.some(({ kind, path }) => kind === 'file' && holds(destination, path, 'link', 'fifo')),
  },
  {
    why: 'where the alternate folder has some names of a file, rsync makes them all, or hangs',
    applies: ({ source }, has) => has('-H') && has('--compare-dest') && source.some(({ kind }) => kind === 'hard'),
  },
  {
    why: 'without -p rsync gives a new file the set-id bits of the similar one it is built from',
    applies: (one, has) =>
      has('--fuzzy', '-y') &&
      !keepsModes(one) &&
      [...(one.destination ?? []), ...(one.old ?? [])].some(({ kind, mode }) => kind === 'file' && mode & 0o6000),
  },
  {
    why: 'without -p rsync gives a new file the mode of a similar one that itself changes in this run',
    applies: (one, has) =>
      has('--fuzzy', '-y') &&
      !keepsModes(one) &&
      one.source.some(
        (made) =>
          made.kind === 'file' &&
          !holds(one.destination, made.path, 'file', 'hard') &&
          one.source.some(
            (changed) =>
              changed.kind === 'file' &&
              posix.dirname(changed.path) === posix.dirname(made.path) &&
              replaces(changed, one.destination) &&
              one.destination?.some((at) => at.path === changed.path && at.mode !== made.mode),
          ),
      ),
  },
  {
    why: 'the same where arguments meet in one folder of the destination',
    applies: (one, has) =>
      has('--fuzzy', '-y') &&
      !keepsModes(one) &&
      one.sources.length > 1 &&
      one.source.some(
        ({ kind, path, mode }) =>
          kind === 'file' &&
          one.destination?.some((at) => at.path === posix.basename(path) && at.kind === 'file' && at.mode !== mode),
      ),
  },
  {
    why: 'rsync builds a new file from blocks of a similar one that this run has replaced meanwhile: a warning or exit 2',
    applies: (one, has) =>
      has('--fuzzy', '-y') &&
      has('-B1') &&
      one.source.some(({ kind, path }) => kind === 'file' && holds(one.destination, path, 'file')),
  },
  {
    why: 'without -p rsync’s receiver may or may not find the similar file, and its mode, before that gives way',
    applies: (one, has) =>
      has('--fuzzy', '-y') &&
      !keepsModes(one) &&
      one.source.some(({ kind, path }) => kind !== 'file' && holds(one.destination, path, 'file', 'hard')),
  },
  {
    why: 'without -p rsync gives whatever gets other extended attributes the source’s mode, set-id bits included',
    applies: (one, has) =>
      has('-X') && !keepsModes(one) && [...one.source, ...(one.destination ?? [])].some(({ xattrs }) => xattrs),
  },
  {
    why: 'rsync makes the backup folder after it has set the time of the destination, where only deeper lists need it',
    applies: ({ source, destination }, has) =>
      has('--backup-dir=bak') &&
      !has('--no-inc-recursive') &&
      !source.some(
        (one) =>
          !one.path.includes('/') &&
          one.kind !== 'dir' &&
          replaces(one, destination) &&
          !(has('--size-only') && destination!.some((at) => at.path === one.path && sizeOf(at) === sizeOf(one))),
      ),
  },
  {
    why: 'rsync follows links within the alternate folder; we do not leave the folder that was named',
    applies: ({ source, old }, has) =>
      has('--link-dest', '--copy-dest', '--compare-dest') &&
      old?.some(
        ({ kind, path, target }) =>
          kind === 'link' &&
          holds(old, posix.join(posix.dirname(path), target!), 'dir', 'link') &&
          source.some(
            (at) =>
              at.path.startsWith(`${path}/`) ||
              (at.path === path && at.kind === 'link' && has('-k', '-L', '--copy-unsafe-links')),
          ),
      ),
  },
  {
    why: 'we delete nothing once a listing error is known; rsync knows of one in a later list only when it comes to that',
    applies: ({ source }, has) =>
      has('--delete', '--del') &&
      !has('--delete-before', '--delete-after', '--delay-updates', '-m', '--no-inc-recursive', '--no-r') &&
      has('-L', '--copy-unsafe-links') &&
      source.some(({ kind, path }) => kind === 'link' && path.includes('/')),
  },
  {
    why: 'a dry run of rsync tells linked names below a folder that it would make as if they were there',
    applies: ({ source, destination }, has) =>
      has('-n') &&
      has('-H') &&
      source.some(
        ({ kind, path }) =>
          kind === 'hard' && (destination === null || !holds(destination, posix.dirname(path), 'dir')),
      ),
  },
  {
    why: 'the same of a linked name for whose file a folder would give way',
    applies: ({ source, destination }, has) =>
      has('-n') &&
      has('-H') &&
      source.some(
        ({ kind, path, target }) =>
          kind === 'hard' && (holds(destination, path, 'dir') || holds(destination, target!, 'dir')),
      ),
  },
  {
    why: 'a dry run of rsync looks for attributes of a folder that it would have made like one of the alternate folder',
    applies: (_, has) => has('-X') && has('-n') && has('--link-dest', '--copy-dest', '--compare-dest'),
  },
  {
    why: 'rsync asks for the default ACL of the folder that a linked file takes the place of, and fails',
    applies: ({ source, destination }, has) =>
      has('-A') &&
      has('-H') &&
      source.some(({ kind }) => kind === 'hard') &&
      source.some(({ kind, path }) => (kind === 'file' || kind === 'hard') && holds(destination, path, 'dir')),
  },
  {
    why: 'where a folder that is not empty keeps a linked file out, rsync says so twice, or waits for ever',
    applies: ({ source, destination }, has) =>
      has('-H') &&
      !has('--delete', '--del', '--force') &&
      source.some(
        ({ kind, path, target }) =>
          kind === 'hard' && (holds(destination, path, 'dir') || holds(destination, target!, 'dir')),
      ),
  },
  {
    why: 'names of one file: when the long attribute has come for one of them, the others have it too',
    applies: ({ source, destination }, has) =>
      has('-X') && destination?.some(({ kind }) => kind === 'hard') && source.some(({ xattrs }) => xattrs),
  },
  {
    why: 'whether a source file goes before another of its names is read depends on who is faster',
    applies: ({ source, sources }, has) =>
      has('--remove-source-files') &&
      ((has('-L', '--copy-unsafe-links') && source.some(({ kind }) => kind === 'link')) ||
        sources.some((one) => sources.includes(`${one}/`))),
  },
  {
    why: 'rsync looks again into a folder that is named three times, and counts what is in it twice; after two it forgot',
    applies: ({ list, source }, has) =>
      !has('--no-inc-recursive') &&
      source.some(
        ({ kind, path }) =>
          kind === 'dir' && namesIn(list).filter((name) => posix.relative('/', `/${name}`) === path).length > 2,
      ),
  },
  {
    why: 'rsync keeps to the rule files of `folder/` for the sources that are named behind it',
    applies: ({ sources }, has) =>
      has('-f:', '-f dir-merge', '-C') && sources.slice(0, -1).some((source) => source.endsWith('/')),
  },
  {
    why: 'rsync makes what it would delete writable first, and leaves it so when the limit stops it',
    applies: ({ destination }, has) =>
      has('--no-super') && has('--max-delete') && destination?.some(({ mode }) => (mode & 0o200) === 0),
  },
  {
    why: 'rsync 3.5 waits for ever, with itself too, where two of at least three names of a file stand there as others',
    applies: ({ source, destination }, has) =>
      has('--append-verify') &&
      has('-H') &&
      source.some(({ path }) => {
        const names = source.filter((one) => one.path === path || (one.kind === 'hard' && one.target === path));
        return names.length > 2 && names.filter((one) => holds(destination, one.path, 'file', 'hard')).length > 1;
      }),
  },
  {
    why: 'rsync 3.2.7 hangs, with itself too',
    applies: ({ release }, has) => release === '3.2.7' && has('-H') && has('--existing') && has('--max-size'),
  },
];

/** Whether a tree has something of one of these kinds at a path. */
const holds = (tree: readonly Entry[] | null, path: string, ...kinds: Entry['kind'][]): boolean =>
  tree?.some((at) => at.path === path && kinds.includes(at.kind)) ?? false;

const namesIn = (list: string | null): string[] => list?.split(/[\0\n]/) ?? [];

/** Whether an entry takes the place of a file that is not like it. */
const replaces = ({ path, kind, mtime, pieces }: Entry, tree: readonly Entry[] | null): boolean =>
  tree?.some(
    (at) =>
      at.path === path &&
      (at.kind === 'file' || at.kind === 'hard') &&
      (at.kind !== kind || at.mtime !== mtime || JSON.stringify(at.pieces) !== JSON.stringify(pieces)),
  ) ?? false;

const sizeOf = ({ pieces }: Entry): number => (pieces ?? []).reduce((sum, piece) => sum + pieceSize(piece), 0);

const keepsModes = ({ args }: Case): boolean =>
  args.some((arg) => /^-[a-zA-Z]*[ap]/.test(arg) || arg === '--perms' || arg === '--archive') &&
  !args.some((arg) => /^--no-p(erms)?$/.test(arg));

/** Why a case is not judged, or null. */
export function excuse(one: Case): string | null {
  return EXCUSES.find(({ applies }) => applies(one, wordsOf(one)))?.why ?? null;
}

const wordsOf =
  ({ args }: Case) =>
  (...words: string[]): boolean =>
    args.some((arg) => words.some((word) => arg.startsWith(word)));

/** What rsync itself ends with where it fails and we do not. Trees and output differ then as they may. */
const FAILURES: readonly { why: string; applies: (stock: Outcome, has: (...words: string[]) => boolean) => boolean }[] =
  [
    {
      why: 'rsync refuses what its own rules exclude, though it asked the sender for it: names of a list, folders on the way to them',
      applies: ({ code, stderr }, has) =>
        code === 4 && has('--exclude', '-f') && stderr.includes('rejecting excluded file-list name'),
    },
    {
      why: 'rsync 3.5.0 sets the permissions of a folder on the link that stands for it (-K)',
      applies: ({ stderr }, has) =>
        has('-K') && /failed to set permissions on .*: Too many levels of symbolic links/.test(stderr),
    },
    {
      why: 'rsync 3.5.0 cannot set attributes or put what it delays below ../',
      applies: ({ stderr }, has) =>
        has('--partial-dir=../', '--backup-dir=../') && stderr.includes('Invalid argument (22)'),
    },
    {
      why: 'rsync waits for ever',
      applies: ({ signal }) => signal === 'SIGKILL',
    },
  ];

/** Why nothing is to be learned from what rsync did, or null. */
export function excuseOutcome(one: Case, stock: Outcome): string | null {
  return FAILURES.find(({ applies }) => applies(stock, wordsOf(one)))?.why ?? null;
}
