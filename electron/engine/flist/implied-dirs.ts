import type { ByteString } from '../../../shared/model/path.ts';
import type { FileEntry } from './entry.ts';
import type { SourceArgument } from './source-argument.ts';

/** Which parents the argument before brought along (`-R`), so that neighbours share them. */
export class ImpliedDirs {
  #last: ByteString | null = null;
  #entry: FileEntry | null = null;

  /**
   * Whether the first `end` characters of the argument's name are among them. As in rsync, the last one counts only
   * where it is the argument's own folder: on the way to a deeper one it comes again, and shows in the statistics.
   */
  has(argument: SourceArgument, end: number): boolean {
    const key = keyOf(argument, end);
    if (this.#last === key) return end === argument.name.lastIndexOf('/');
    return this.#last?.startsWith(`${key}/`) === true;
  }

  /** The entry that was remembered for just these characters. */
  entryOf(argument: SourceArgument, end: number): FileEntry | null {
    return this.#last === keyOf(argument, end) ? this.#entry : null;
  }

  remember(argument: SourceArgument, end: number, entry: FileEntry | null = null): void {
    this.#last = keyOf(argument, end);
    this.#entry = entry;
  }

  forget(): void {
    this.#last = null;
  }
}

const keyOf = ({ base, absolute, name }: SourceArgument, end: number): ByteString =>
  `${base}\0${absolute ? '/' : ''}${name.slice(0, end)}`;
