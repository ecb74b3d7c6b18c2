import { fail } from '../../../shared/errors.ts';
import { bytesToText, displayPath, joinPath, type ByteString } from '../../../shared/model/path.ts';
import type { DestinationDir, DestinationRoot } from '../fs/fs.ts';
import { isDir } from '../wire/constants.ts';
import type { DestinationOpener } from './destination.ts';

/** Told of each folder that was made, outermost first: it is `name` in `parent`. */
export type OnMade = (parent: DestinationDir, name: ByteString) => void;

/**
 * Folders the user named beside the destination: `--backup-dir`, `--link-dest`, `--temp-dir` and their kind. A relative
 * one counts from the destination's folder and may lie outside of it. The named folder itself may be reached through
 * symlinks, since the user named it; below it none is followed.
 */
export class SideDirs {
  readonly #opener: DestinationOpener;
  /** Path of the destination's folder, or null in a dry run that would make it. */
  readonly #base: ByteString | null;
  readonly #wanted: ByteString;
  readonly #roots = new Map<ByteString, DestinationRoot>();

  /**
   * @param base path of the destination's folder, or null in a dry run that would make it
   * @param wanted the path that would then be its own
   */
  constructor(opener: DestinationOpener, base: ByteString | null, wanted: ByteString = '') {
    this.#opener = opener;
    this.#base = base;
    this.#wanted = wanted;
  }

  /** Path of a folder as the user named it. */
  resolve(named: ByteString): ByteString {
    if (named.startsWith('/')) return named;
    return this.#base === null ? withoutDots(joinPath(this.#wanted, named)) : joinPath(this.#base, named);
  }

  /** What a path leads to, through whatever links. */
  look(named: ByteString): 'folder' | 'other' | 'missing' {
    const stat = this.#opener.stat(this.resolve(named));
    return stat === null ? 'missing' : isDir(stat.mode) ? 'folder' : 'other';
  }

  /** Whether a name of the destination, which nobody gave, is a link to a folder, be it somebody else's. */
  leadsToFolder(name: ByteString): boolean {
    try {
      const stat = this.#opener.stat(this.resolve(name), true);
      return stat !== null && isDir(stat.mode);
    } catch {
      return false; // in a circle, or where this process may not look
    }
  }

  /**
   * The folder, or null while it does not exist. Held until the run ends.
   * @throws fs what keeps it from being opened
   */
  open(named: ByteString): DestinationRoot | null {
    const known = this.#roots.get(named);
    if (known) return known;
    const path = this.resolve(named);
    const stat = this.#opener.stat(path);
    if (stat === null) return null;
    if (!isDir(stat.mode)) throw notAFolder(path);
    const root = this.#opener.open(path);
    this.#roots.set(named, root);
    return root;
  }

  /** The folder, made with its missing parents; the umask applies. */
  make(named: ByteString, mode = 0o777): DestinationRoot {
    const existing = this.open(named);
    if (existing) return existing;
    const path = this.resolve(named);
    const missing: ByteString[] = [];
    for (let at = path; this.#opener.stat(at) === null;) {
      missing.push(at);
      const slash = at.replace(/\/+$/, '').lastIndexOf('/');
      if (slash <= 0) break;
      at = at.slice(0, slash);
    }
    // `a/b/..` names a folder that exists once `a/b` does.
    for (const each of missing.reverse()) if (this.#opener.stat(each) === null) this.#opener.mkdir(each, mode);
    const made = this.open(named);
    if (made === null) throw notAFolder(path);
    return made;
  }

  /** Lets a folder go that was removed meanwhile. The next use opens or makes it again. */
  forget(named: ByteString): void {
    this.#roots.get(named)?.close();
    this.#roots.delete(named);
  }

  close(): void {
    for (const root of this.#roots.values()) root.close();
    this.#roots.clear();
  }
}

export interface MakeDirs {
  /** Of the folders made; the umask applies. */
  mode?: number;
  /** Whether what is no folder gives way. */
  replace?: boolean;
  onMade?: OnMade;
}

/**
 * A folder below a root, made with its missing parents. A component that is a symlink or a file is not passed.
 * @throws fs `eexist` where something else stands in the way
 */
export function makeDirs(root: DestinationRoot, rel: ByteString, options: MakeDirs = {}): DestinationDir {
  const found = root.dir(rel);
  if (found) return found;
  const slash = rel.lastIndexOf('/');
  const parent = makeDirs(root, rel.slice(0, Math.max(slash, 0)), options);
  const name = rel.slice(slash + 1);
  if (options.replace && parent.lstat(name)) parent.unlink(name);
  parent.mkdir(name, options.mode ?? 0o777);
  options.onMade?.(parent, name);
  const made = root.dir(rel);
  if (made === null) throw notAFolder(joinPath(root.path, rel));
  return made;
}

/** A path behind a folder that does not exist yet: `..` takes back the component before it. */
function withoutDots(path: ByteString): ByteString {
  const parts: ByteString[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return (path.startsWith('/') ? '/' : '') + parts.join('/');
}

function notAFolder(path: ByteString): Error {
  const text = bytesToText(path);
  return fail('fs', 'enotdir', `“${displayPath(text)}” is not a folder.`, {
    path: text,
    details: { errno: 'ENOTDIR' },
  });
}
