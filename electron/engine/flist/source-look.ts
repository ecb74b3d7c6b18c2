import type { ByteString } from '../../../shared/model/path.ts';
import type { SourceFs, Stat } from '../fs/fs.ts';
import { infoLevel } from '../options/info-words.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import { isDir, isLink } from '../wire/constants.ts';
import { errnoOf } from './source-notices.ts';
import { isUnsafeLink, unmungeLink } from './unsafe-link.ts';

/** What is at a path. `link` is the target of a link that is sent as one. */
export interface Look {
  readonly stat: Stat;
  readonly link: ByteString | null;
}

/** Looks at the source, through the links that are to be followed (`-L`, `-k`, `--copy-unsafe-links`). */
export class SourceLook {
  /** Whether links may be followed, so that one that leads nowhere is no missing file. */
  readonly follows: boolean;
  readonly #fs: SourceFs;
  readonly #options: TransferOptions;
  readonly #tell: ((text: ByteString) => void) | null;

  constructor(fs: SourceFs, options: TransferOptions, message: (text: ByteString) => void) {
    this.#fs = fs;
    this.#options = options;
    this.#tell = infoLevel(options, 'symsafe') > 0 ? message : null;
    this.follows = options.copyLinks || options.copyUnsafeLinks || options.copyDirlinks;
  }

  /**
   * @param name of the entry in the list
   * @param followsDirs whether a link to a directory stands for it whatever the options are
   * @returns null if there is nothing
   */
  at(path: ByteString, name: ByteString, followsDirs: boolean): Look | null {
    const { copyLinks, copyUnsafeLinks, copyDirlinks, links, mungeLinks } = this.#options;
    if (copyLinks) return noLink(this.#fs.stat(path));
    const stat = this.#fs.lstat(path);
    if (stat === null || !isLink(stat.mode)) return noLink(stat);
    if (copyDirlinks || followsDirs) {
      const target = this.#target(path);
      if (target && isDir(target.mode)) return { stat: target, link: null };
    }
    if (!links && !copyUnsafeLinks) return { stat, link: null };
    const link = this.#fs.readlink(path);
    if (copyUnsafeLinks && isUnsafeLink(link, name)) {
      this.#tell?.(`copying unsafe symlink "${name}" -> "${link}"`);
      return noLink(this.#fs.stat(path));
    }
    return { stat, link: links ? (mungeLinks ? unmungeLink(link) : link) : null };
  }

  /** What keeps `path`, given without a slash at its end, from being a folder: the errno, or null if it is one. */
  noFolder(path: ByteString): 'ENOENT' | 'ENOTDIR' | null {
    for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('/')))) {
      const stat = this.#target(at);
      if (stat === null) continue;
      if (!isDir(stat.mode)) return 'ENOTDIR';
      return at === path ? null : 'ENOENT';
    }
    return path === '' ? null : 'ENOENT';
  }

  /** A link in a circle is none to a directory. */
  #target(path: ByteString): Stat | null {
    try {
      return this.#fs.stat(path);
    } catch (error) {
      if (errnoOf(error) === null) throw error;
      return null;
    }
  }
}

const noLink = (stat: Stat | null): Look | null => stat && { stat, link: null };
