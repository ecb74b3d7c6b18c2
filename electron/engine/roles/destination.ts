import { DriftlineError, fail } from '../../../shared/errors.ts';
import { bytesToText, displayPath, type ByteString } from '../../../shared/model/path.ts';
import { entryName, type FileEntry } from '../flist/entry.ts';
import type { AclStore, DestinationDir, DestinationRoot, Stat } from '../fs/fs.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import { isDir } from '../wire/constants.ts';

/** Opens the destination file system; given by the shell of the engine so that roles never name an implementation. */
export interface DestinationOpener {
  /** Where ACLs lie. */
  readonly acls: AclStore;
  /** Follows symlinks, those of other users too where `anyones`; null if nothing is there. */
  stat(path: ByteString, anyones?: boolean): Stat | null;
  /** Makes one directory level. */
  mkdir(path: ByteString, mode: number): void;
  /** @param follow whether a symlink to a folder below it stands for that folder (`--keep-dirlinks`) */
  open(path: ByteString, follow?: boolean): DestinationRoot;
  /** Whether space can be reserved for files (`--preallocate`). */
  readonly canReserve: boolean;
}

/** Where an entry goes. */
export interface Place {
  dir: DestinationDir;
  name: ByteString;
}

/**
 * The destination of one transfer (reference §1.7): a directory that entries go below, or (single-file mode) one name
 * for the only entry. In a dry run the directory may be missing; everything is then new.
 */
export class Destination {
  readonly root: DestinationRoot | null;
  /** Whether this transfer made (or in a dry run would make) the directory. */
  readonly created: boolean;
  readonly #singleName: ByteString | null;
  #lastRel: ByteString | null = null;
  #lastDir: DestinationDir | null = null;

  constructor(root: DestinationRoot | null, created: boolean, singleName: ByteString | null) {
    this.root = root;
    this.created = created;
    this.#singleName = singleName;
  }

  /** The place of an entry ('.' = the root itself), or null while its directory does not exist. */
  place(entry: FileEntry): Place | null {
    if (this.#singleName !== null) {
      const dir = this.dir('');
      return dir && { dir, name: this.#singleName };
    }
    const dir = this.dir(entry.dir);
    return dir && { dir, name: entry.base };
  }

  /** A directory by its name in the list ('' or '.' = the root). */
  dir(rel: ByteString): DestinationDir | null {
    if (rel === this.#lastRel && this.#lastDir !== null) return this.#lastDir;
    this.#lastDir = this.root?.dir(rel === '.' ? '' : rel) ?? null;
    this.#lastRel = rel;
    return this.#lastDir;
  }

  /** Tells that a directory was made, removed or replaced. */
  changed(rel: ByteString): void {
    this.#lastRel = null;
    this.#lastDir = null;
    this.root?.forget(rel);
  }

  close(): void {
    this.root?.close();
  }
}

export interface DestinationRequest {
  opener: DestinationOpener;
  path: ByteString;
  options: Pick<TransferOptions, 'dryRun' | 'keepDirlinks' | 'mkpath' | 'relative' | 'impliedDirs'>;
  /** Told what was made, in rsync's words. */
  say: (text: ByteString) => void;
}

/**
 * Decides what the destination argument means now that the first list is known (reference §1.7).
 * @param count entries of the first list (plus its only sub-list, incremental)
 * @throws fs `destination` exit 3
 */
export function resolveDestination(
  { opener, path, options, say }: DestinationRequest,
  first: readonly FileEntry[],
  count: number,
): Destination {
  const { dryRun } = options;
  const wanted = path === '' ? '.' : path;
  const follow = options.keepDirlinks || (options.relative && !options.impliedDirs);
  const open = (folder: ByteString): DestinationRoot => opener.open(folder, follow);
  const stat = statOf(opener, wanted);
  const onlyFile = count === 0 || (count === 1 && first.length === 1 && !isDir(first[0]!.mode));
  if (stat && isDir(stat.mode)) return new Destination(open(wanted), false, null);
  const shown = displayPath(bytesToText(wanted));
  if (stat && !onlyFile) {
    throw fail(
      'fs',
      'destination-not-a-folder',
      `The destination ${shown} is a file, and more than one file is to go there`,
      { exitCode: 3 },
    );
  }
  const plain = wanted.replace(/(.)\/+$/, '$1');
  if (stat || (onlyFile && !wanted.endsWith('/'))) {
    const slash = plain.lastIndexOf('/');
    const parent = slash < 0 ? '.' : plain.slice(0, slash) || '/';
    if (options.mkpath) makePath(opener, parent, dryRun, say);
    const parentStat = opener.stat(parent);
    if (!parentStat || !isDir(parentStat.mode)) {
      if (dryRun) return new Destination(null, false, wanted.slice(slash + 1));
      throw noParent(parent);
    }
    return new Destination(open(parent), false, wanted.slice(slash + 1));
  }
  if (options.mkpath) {
    makePath(opener, plain, dryRun, say);
    if (!dryRun) return new Destination(open(wanted), false, null);
  }
  if (!dryRun) {
    try {
      opener.mkdir(plain, 0o777);
    } catch (error) {
      const cause = error instanceof DriftlineError ? error.data.message : String(error);
      throw fail('fs', 'destination-not-made', `The destination folder ${shown} could not be made: ${cause}`, {
        exitCode: 11,
        hint: 'Only its last level is made. Create the folders above it first, or ask for --mkpath.',
        path: bytesToText(wanted),
      });
    }
  }
  say(`created directory ${plain}\n`);
  return new Destination(dryRun ? null : open(wanted), true, null);
}

/** @throws fs exit 3 where a link on the way is not followed, as rsync */
function statOf(opener: DestinationOpener, path: ByteString): Stat | null {
  try {
    return opener.stat(path);
  } catch (error) {
    if (!(error instanceof DriftlineError) || error.data.code !== 'foreign-link') throw error;
    throw new DriftlineError({ ...error.data, exitCode: 3 });
  }
}

/** `--mkpath`: makes a folder with its parents. */
function makePath(opener: DestinationOpener, path: ByteString, dryRun: boolean, say: DestinationRequest['say']): void {
  const missing: ByteString[] = [];
  for (let at = path; opener.stat(at) === null;) {
    missing.push(at);
    const slash = at.lastIndexOf('/');
    if (slash <= 0) break;
    at = at.slice(0, slash).replace(/(.)\/+$/, '$1');
  }
  if (missing.length === 0) return;
  if (!dryRun) for (const each of missing.reverse()) if (opener.stat(each) === null) opener.mkdir(each, 0o777);
  say(`created ${missing.length} director${missing.length === 1 ? 'y' : 'ies'} for ${path}\n`);
}

function noParent(parent: ByteString): DriftlineError {
  return fail('fs', 'destination-parent', `The folder ${displayPath(bytesToText(parent))} does not exist`, {
    exitCode: 3,
    hint: 'Create it first, or choose another destination.',
    path: bytesToText(parent),
  });
}

/** The folder that an entry goes into is not there (any more). */
export function folderMissing(entry: FileEntry): DriftlineError {
  return fail('fs', 'enoent', `The destination of ${shownName(entry)} is gone: its folder does not exist`, {
    details: { errno: 'ENOENT' },
  });
}

/** No room for bytes or for files: every further item would fail the same way, so the run ends (faults.md D1–D3). */
export function isDiskFull(error: unknown): boolean {
  return error instanceof DriftlineError && ['ENOSPC', 'EDQUOT'].includes(String(error.data.details?.['errno']));
}

/** For messages. */
export function shownName(entry: FileEntry): string {
  return displayPath(bytesToText(entryName(entry)));
}
