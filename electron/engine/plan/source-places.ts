import type { ByteString } from '../../../shared/model/path.ts';
import type { SourceFs } from '../fs/fs.ts';
import { SourceLook, type Look } from '../flist/source-look.ts';
import { isDir } from '../wire/constants.ts';
import { pathIn, type MirrorJob } from './job.ts';

/** An entry of the source as it is now. */
export interface FoundEntry extends Look {
  readonly path: ByteString;
}

/** Finds entries of a job's local source folders by their names. */
export class SourcePlaces {
  readonly #job: MirrorJob;
  readonly #look: SourceLook;

  constructor(fs: SourceFs, job: MirrorJob) {
    this.#job = job;
    this.#look = new SourceLook(fs, job.options, () => {});
  }

  /**
   * Where several folders have the name, a folder wins, otherwise the first one (§6.14). What cannot be looked at has
   * changed like what went.
   */
  find(name: ByteString): FoundEntry | null {
    const { sources, contentsOnly } = this.#job;
    let first: FoundEntry | null = null;
    for (const source of sources) {
      const path = pathIn(source, contentsOnly, name);
      const look = path === null ? null : this.#at(path, name);
      if (path === null || look === null) continue;
      const found = { ...look, path };
      if (isDir(look.stat.mode)) return found;
      first ??= found;
    }
    return first;
  }

  #at(path: ByteString, name: ByteString): Look | null {
    try {
      // The folders that a job names may be links to folders.
      const isArgument = this.#job.sources.some((source) => source.replace(/(.)\/+$/, '$1') === path);
      return this.#look.at(path, name, isArgument && this.#job.contentsOnly);
    } catch {
      return null;
    }
  }
}
