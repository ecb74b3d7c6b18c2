import { joinPath, type ByteString } from '../../../shared/model/path.ts';
import type { DestinationDir, DestinationRoot, Stat } from '../fs/fs.ts';
import { isDir, isReg } from '../wire/constants.ts';
import type { Destination, Place } from './destination.ts';
import type { SideDirs } from './side-dirs.ts';

/** Where a partial folder lies: a folder of a root, and its name there. */
interface Spot {
  root: DestinationRoot;
  parent: ByteString;
  name: ByteString;
}

/**
 * `--partial-dir`, and where `--delay-updates` gathers: a folder for files that are not in place yet, one beside each
 * file's own if its name is relative. Its files serve as a basis in the next run; a relative one goes when it is empty.
 */
export class PartialFolder {
  readonly #named: ByteString | null;
  readonly #destination: Destination;
  readonly #sides: SideDirs;

  constructor(named: ByteString | null, destination: Destination, sides: SideDirs) {
    this.#named = named === null ? null : tidied(named);
    this.#destination = destination;
    this.#sides = sides;
  }

  get on(): boolean {
    return this.#named !== null;
  }

  /** What an earlier run left of the file that belongs at `place`, if it can be reached. */
  find(place: Place): { place: Place; stat: Stat } | null {
    let dir: DestinationDir | null | undefined;
    let stat: Stat | null | undefined;
    try {
      const spot = this.#spot(place, false);
      dir = spot?.root.dir(joinPath(spot.parent, spot.name));
      stat = dir?.lstat(place.name);
    } catch {
      return null;
    }
    return dir && stat && isReg(stat.mode) ? { place: { dir, name: place.name }, stat } : null;
  }

  /**
   * The folder for the file that belongs at `place`, made (0700) if it is missing. Only the folder itself is made, and
   * anything else of its name gives way.
   * @throws fs what kept it from being made
   */
  make(place: Place): DestinationDir {
    const spot = this.#spot(place, true)!;
    const rel = joinPath(spot.parent, spot.name);
    const known = spot.root.dir(rel);
    if (known !== null || spot.name === '') return known!;
    const parent = spot.root.dir(spot.parent)!;
    const standing = parent.lstat(spot.name);
    if (standing && !isDir(standing.mode)) parent.unlink(spot.name);
    parent.mkdir(spot.name, 0o700);
    return spot.root.dir(rel)!;
  }

  /**
   * Removes what is left of the file that is in place now, and the folder if that was the last one.
   * @returns whether there was anything
   */
  remove(place: Place): boolean {
    const partial = this.find(place)?.place;
    if (partial === undefined) return false;
    partial.dir.unlink(partial.name);
    this.tidy(place);
    return true;
  }

  /** Removes the folder beside a file if it is empty. One with an absolute name is the user's to keep. */
  tidy(place: Place): void {
    if (this.#named!.startsWith('/')) return;
    const spot = this.#spot(place, false);
    try {
      spot?.root.dir(spot.parent)?.rmdir(spot.name);
    } catch {
      // Another file is in it, or it is not ours to remove.
    }
  }

  #spot(place: Place, make: boolean): Spot | null {
    const named = this.#named!;
    const inside = named.startsWith('/') ? null : below(place.dir.rel, named);
    if (inside !== null && this.#destination.root !== null) {
      const slash = inside.lastIndexOf('/');
      return {
        root: this.#destination.root,
        parent: inside.slice(0, Math.max(slash, 0)),
        name: inside.slice(slash + 1),
      };
    }
    const path = named.startsWith('/') ? named : joinPath(place.dir.rel, named);
    const root = make ? this.#sides.make(path, 0o700) : this.#sides.open(path);
    return root && { root, parent: '', name: '' };
  }
}

/** Without empty components and single dots. */
function tidied(path: ByteString): ByteString {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return (path.startsWith('/') ? '/' : '') + parts.join('/');
}

/** The folder `named` as seen from `rel`, relative to the root, or null if it is not below the root. */
function below(rel: ByteString, named: ByteString): ByteString | null {
  const parts = rel === '' ? [] : rel.split('/');
  for (const part of named.split('/')) {
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.length === 0 ? null : parts.join('/');
}
