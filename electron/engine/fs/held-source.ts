import { type ByteString, folderOf } from '../../../shared/model/path.ts';
import { canHold, type DirHandle, HeldDirs } from './dir-handles.ts';
import type { SourceFs } from './fs.ts';
import { NO_FOLDER } from './entry-calls.ts';
import { nodeSourceFs, type Reach, sourceOnNode } from './node-fs.ts';

/** Named folders that are held at a time, each with what is held below it. */
const MAX_HELD = 4;

export interface HeldSource {
  readonly fs: SourceFs;
  /** Lets go of the folders. */
  close(): void;
}

/**
 * A source below whose named folders no link stands for a folder: folders are held while what is in them is looked at
 * and read. Who can write in the source could otherwise put a link in the place of a folder that was listed, and have a
 * run with more rights than theirs read what it leads to (faults.md H5). Off Linux paths are followed as ever.
 * @param named the folders on the way that the user named, links or not: everything below them was found by listing
 */
export function holdSource(named: Iterable<ByteString>): HeldSource {
  if (!canHold()) return { fs: nodeSourceFs, close() {} };
  const paths = new HeldPaths(new Set(named));
  return { fs: sourceOnNode(paths), close: () => paths.close() };
}

class HeldPaths implements Reach {
  readonly #named: ReadonlySet<ByteString>;
  /** The named folders used last, the latest at the end. */
  readonly #held = new Map<ByteString, HeldDirs>();
  readonly #place = { dir: NO_FOLDER, name: '' as ByteString };
  /** The folder of the call before. A handle is good until its folders are asked for another one. */
  #last: { folder: ByteString; handle: DirHandle | null | undefined } | null = null;

  constructor(named: ReadonlySet<ByteString>) {
    this.#named = named;
  }

  place(path: ByteString): { dir: DirHandle; name: ByteString } | null {
    const name = path.slice(path.lastIndexOf('/') + 1);
    // A folder by itself is one that the user named.
    const handle = name === '' || name === '.' || name === '..' ? undefined : this.#folder(folderOf(path));
    if (handle === null) return null;
    this.#place.dir = handle ?? NO_FOLDER;
    this.#place.name = handle ? name : path;
    return this.#place;
  }

  folder(path: ByteString): ByteString | null {
    const handle = this.#folder(path.endsWith('/') && path !== '/' ? path.slice(0, -1) : path);
    return handle === undefined ? path : handle && `${handle.prefix}.`;
  }

  close(): void {
    for (const dirs of this.#held.values()) dirs.close();
    this.#held.clear();
    this.#last = null;
  }

  /** @returns undefined for a folder on the way to what the user named; null for one that is gone, or a link now */
  #folder(folder: ByteString): DirHandle | null | undefined {
    if (this.#last?.folder === folder) return this.#last.handle;
    const handle = this.#find(folder);
    this.#last = { folder, handle };
    return handle;
  }

  #find(folder: ByteString): DirHandle | null | undefined {
    let named = folder;
    while (!this.#named.has(named)) {
      if (named === '' || named === '/') return undefined;
      named = folderOf(named);
    }
    const below = named === folder ? '' : folder.slice(named === '' || named === '/' ? named.length : named.length + 1);
    const dirs = this.#hold(named);
    // What is wrong with a folder that the user named is told of what was looked for in it.
    return dirs === null ? (below === '' ? undefined : null) : dirs.open(below);
  }

  #hold(named: ByteString): HeldDirs | null {
    let dirs = this.#held.get(named);
    if (dirs !== undefined) this.#held.delete(named);
    else {
      try {
        dirs = new HeldDirs(named === '' ? '.' : named);
      } catch {
        return null;
      }
    }
    this.#held.set(named, dirs);
    if (this.#held.size > MAX_HELD) {
      const [[oldest, its]] = this.#held as unknown as [[ByteString, HeldDirs]];
      this.#held.delete(oldest);
      its.close();
    }
    return dirs;
  }
}
