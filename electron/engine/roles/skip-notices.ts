import { entryName, type FileEntry } from '../flist/entry.ts';
import { infoLevel } from '../options/info-words.ts';
import { likeness, type Decision, type DestinationView, type SkipReason } from '../plan/decide.ts';
import { isDir } from '../wire/constants.ts';
import { shownName } from './destination.ts';
import type { ReceiveState } from './receive-state.ts';

const TEXT: Readonly<Record<Exclude<SkipReason, 'kind' | 'as-long' | 'not-existing' | 'unsafe-link'>, string>> = {
  exists: 'exists',
  'over-size': 'is over max-size',
  'under-size': 'is under min-size',
  newer: 'is newer',
};

/** What is said of entries that a rule leaves alone (`--info=skip`), in rsync's words. */
export class SkipNotices {
  readonly #state: ReceiveState;
  readonly #level: number;

  constructor(state: ReceiveState) {
    this.#state = state;
    this.#level = infoLevel(state.conn.options, 'skip');
  }

  tell(entry: FileEntry, { why }: Decision, view: DestinationView | null): void {
    const { conn } = this.#state;
    const name = entryName(entry);
    if (why === 'kind') {
      const message = `skipping non-regular file "${shownName(entry)}"`;
      return conn.issue({ code: 'skipped-non-regular', name, message, ioError: 0 });
    }
    if (why === 'unsafe-link') {
      if (infoLevel(conn.options, 'name') === 0) return;
      const text = `ignoring unsafe symlink "${name}" -> "${entry.extra!.link!}"\n`;
      return conn.emit({ type: 'message', level: 'info', from: 'local', text });
    }
    if (why === undefined || why === 'as-long' || this.#level === 0) return;
    const text =
      why === 'not-existing'
        ? `not creating new ${isDir(entry.mode) ? 'directory' : 'file'} "${name}"`
        : `${name} ${TEXT[why]}${why === 'exists' && view && this.#level > 1 ? this.#difference(entry, view) : ''}`;
    conn.emit({ type: 'message', level: 'info', from: 'local', text: `${text}\n` });
  }

  #difference(entry: FileEntry, view: DestinationView): string {
    const { conn, abilities } = this.#state;
    switch (likeness(entry, view, conn.options, abilities)) {
      case 'other':
        return ' (type change)';
      case 'kind':
        return conn.options.checksum ? ' (sum change)' : ' (file change)';
      case 'content':
        return ' (attr change)';
      case 'attributes':
        return ' (uptodate)';
    }
  }
}
