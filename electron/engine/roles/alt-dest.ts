import { toErrorData } from '../../../shared/errors.ts';
import { textToBytes, type ByteString } from '../../../shared/model/path.ts';
import type { FileEntry } from '../flist/entry.ts';
import type { DestinationRoot, Stat } from '../fs/fs.ts';
import type { AltDestKind } from '../options/transfer-options.ts';
import { differences, likeness, type DestinationView, type Likeness } from '../plan/decide.ts';
import { ItemFlag, isReg } from '../wire/constants.ts';
import { attributesFor } from './attributes.ts';
import { copyFile } from './copy-file.ts';
import { shownName, type Place } from './destination.ts';
import type { LocalItems } from './local-items.ts';
import type { ReceiveState } from './receive-state.ts';

/** What an alternate folder has under an entry's name. */
export interface AltMatch {
  /** Which of the folders. */
  readonly index: number;
  readonly place: Place;
  readonly view: DestinationView;
  readonly alike: Likeness;
}

/** What became of an entry that an alternate folder has: its item flags and the name in it (null = none). */
export interface AltOutcome {
  iflags: number;
  xname: ByteString | null;
  /** Whether it is at the destination now. */
  placed: boolean;
}

const RANK: Readonly<Record<Likeness, number>> = { other: 0, kind: 1, content: 2, attributes: 3 };

/** `--compare-dest`, `--copy-dest`, `--link-dest`: further folders that may have what the source has (reference §7.4). */
export class AltDest {
  readonly kind: AltDestKind;
  readonly folders: readonly { index: number; root: DestinationRoot }[];
  readonly #state: ReceiveState;
  readonly #locals: LocalItems;
  #saidCopied = false;

  constructor(kind: AltDestKind, state: ReceiveState, locals: LocalItems) {
    this.kind = kind;
    this.#state = state;
    this.#locals = locals;
    this.folders = state.conn.options.altDest!.paths.flatMap((path, index) => {
      const say = (text: ByteString): void =>
        state.conn.emit({ type: 'message', level: 'warning', from: 'local', text: `${text}\n` });
      try {
        const found = state.sides.look(path);
        if (found === 'folder') return [{ index, root: state.sides.open(path)! }];
        say(`--${kind}-dest arg ${found === 'missing' ? 'does not exist' : 'is not a dir'}: ${path}`);
      } catch (error) {
        const { code, message } = toErrorData(error);
        if (code !== 'foreign-link') throw error;
        say(textToBytes(message));
      }
      return [];
    });
  }

  /** The most alike there is of an entry's kind; of equals the first. */
  find(entry: FileEntry, at: Place | null): AltMatch | null {
    let best: AltMatch | null = null;
    for (const { index, root } of this.folders) {
      const dir = root.dir(at?.dir.rel ?? entry.dir);
      if (dir === null) continue;
      const place = { dir, name: at?.name ?? entry.base };
      const view = this.#locals.view(place);
      if (view === null) continue;
      const alike = likeness(entry, view, this.#state.conn.options, this.#state.abilities);
      if (RANK[alike] <= RANK[best?.alike ?? 'other']) continue;
      best = { index, place, view, alike };
      if (alike === 'attributes') break;
    }
    return best;
  }

  /**
   * Makes a regular file of what was found, where it can be made without the sender.
   * @param existing what stands at the destination; then only what is wholly alike counts
   * @returns null where content must come from the sender
   */
  takeFile(entry: FileEntry, match: AltMatch, place: Place | null, existing: Stat | null): AltOutcome | null {
    const exact = match.alike === 'attributes';
    if (match.alike === 'kind' || (existing && (!exact || this.kind === 'copy'))) return null;
    const { dryRun } = this.#state.conn.options;
    if (exact && this.kind === 'compare') {
      // What gave way was left for a rename that will not come.
      if (place && !dryRun && (existing || place.dir.lstat(place.name))) {
        place.dir.unlink(place.name);
        this.#state.touch(entry.dir);
      }
      return { iflags: 0, xname: null, placed: false };
    }
    if (exact && this.kind === 'link') {
      if (existing && sameFile(existing, match.view.stat)) return null;
      if (dryRun || this.#link(entry, match, place!)) return { iflags: ItemFlag.LOCAL_CHANGE, xname: '', placed: true };
      if (existing) return null;
    }
    if (!dryRun) this.#copy(entry, match, place!);
    return { iflags: ItemFlag.LOCAL_CHANGE | this.#differences(entry, match, true), xname: null, placed: true };
  }

  /**
   * The same for a link, device or special that does not exist; `make` makes one.
   * @returns null where nothing was found
   */
  takeNode(entry: FileEntry, place: Place | null, make: () => void): AltOutcome | null {
    const match = this.find(entry, place);
    if (match === null) return null;
    const { dryRun } = this.#state.conn.options;
    if (match.alike === 'attributes') {
      if (this.kind === 'compare') return { iflags: 0, xname: null, placed: false };
      if (this.kind === 'link' && (dryRun || this.#link(entry, match, place!)))
        return { iflags: ItemFlag.LOCAL_CHANGE, xname: '', placed: true };
      if (!dryRun) make();
      return { iflags: ItemFlag.LOCAL_CHANGE, xname: null, placed: true };
    }
    if (!dryRun) make();
    const made = ItemFlag.LOCAL_CHANGE | ItemFlag.REPORT_CHANGE;
    return { iflags: made | this.#differences(entry, match, true), xname: null, placed: true };
  }

  /** Item flags of a folder that does not exist and will be made, or null where no alternate folder has it. */
  folderFlags(entry: FileEntry, place: Place | null): number | null {
    const match = this.find(entry, place);
    return match && ItemFlag.LOCAL_CHANGE | this.#differences(entry, match, match.alike !== 'attributes');
  }

  /**
   * What an alternate folder has of a name that is missing and about to be linked to another one (reference §7.11): that
   * link itself, or a file like it, whose item flags are returned.
   * @param leader the other one; null where there is none
   */
  knownLink(entry: FileEntry, at: Place | null, leader: Stat | null): 'linked' | number | null {
    if (this.kind !== 'link') {
      const match = isReg(entry.mode) ? this.find(entry, at) : null;
      return match && match.alike !== 'kind' ? this.#differences(entry, match, true) : null;
    }
    for (const { root } of this.folders) {
      const stat = root.dir(at?.dir.rel ?? entry.dir)?.lstat(at?.name ?? entry.base);
      if (stat && leader && sameFile(stat, leader)) return 'linked';
    }
    return null;
  }

  /** What a regular file that is missing will be made a link to. */
  linkFor(entry: FileEntry, at: Place | null): Stat | null {
    const match = this.kind === 'link' && isReg(entry.mode) ? this.find(entry, at) : null;
    return match?.alike === 'attributes' ? match.view.stat : null;
  }

  #differences(entry: FileEntry, { view }: AltMatch, rewritten: boolean): number {
    return differences(entry, view, this.#state.conn.options, this.#state.abilities, rewritten);
  }

  /** @returns false where the file system refuses, so that a copy must do */
  #link(entry: FileEntry, { place: from }: AltMatch, place: Place): boolean {
    try {
      from.dir.link(from.name, place.dir, place.name);
    } catch {
      if (!this.#saidCopied) {
        const text = `files that cannot be linked to the --link-dest folder are copied, first ${shownName(entry)}\n`;
        this.#state.conn.emit({ type: 'message', level: 'info', from: 'local', text });
      }
      this.#saidCopied = true;
      return false;
    }
    this.#state.touch(entry.dir);
    return true;
  }

  #copy(entry: FileEntry, { place: from }: AltMatch, place: Place): void {
    const { conn, abilities, umask } = this.#state;
    const attributes = attributesFor(entry, null, conn.options, abilities, umask);
    copyFile(from.dir.openRead(from.name), place.dir, place.name, attributes, conn.poll);
    this.#state.touch(entry.dir);
  }
}

export const sameFile = (a: Stat, b: Stat): boolean => a.ino === b.ino && a.dev === b.dev;
