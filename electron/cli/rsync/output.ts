import { isDirectory, isSignificant, isSymlink, ITEM, itemize } from '../../../shared/itemize.ts';
import { type ByteString, textToBytes } from '../../../shared/model/path.ts';
import type { EngineEvent, ItemEvent, ListedEntry, TransferStats } from '../../engine/events.ts';
import { allowsIncRecurse } from '../../engine/handshake/server-args.ts';
import type { TransferOptions } from '../../engine/options/transfer-options.ts';
import { exitLine } from '../exit-code.ts';
import { escapeForTerminal } from './escape.ts';
import { commaNumber, humanNumber } from './numbers.ts';
import { FileProgress } from './progress.ts';

export interface PrinterSettings {
  options: TransferOptions;
  direction: 'push' | 'pull' | 'local';
  /** Whether the terminal reads UTF-8; default true. */
  utf8?: boolean;
  /** Clock in milliseconds; default Date.now. */
  now?: () => number;
}

const TYPE_LETTERS: Readonly<Record<number, string>> = {
  0o040000: 'd',
  0o120000: 'l',
  0o020000: 'c',
  0o060000: 'b',
  0o010000: 'p',
  0o140000: 's',
};

/** The ten characters of `ls -l`. */
export function permissionText(mode: number): string {
  const group = (shift: number, special: number, letter: string): string => {
    const bits = mode >> shift;
    const run = (bits & 1) !== 0;
    const last = (mode & special) === 0 ? (run ? 'x' : '-') : run ? letter : letter.toUpperCase();
    return ((bits & 4) !== 0 ? 'r' : '-') + ((bits & 2) !== 0 ? 'w' : '-') + last;
  };
  const type = TYPE_LETTERS[mode & 0o170000] ?? '-';
  return type + group(6, 0o4000, 's') + group(3, 0o2000, 's') + group(0, 0o1000, 't');
}

/** `YYYY/MM/DD hh:mm:ss` in local time. */
function timeText(seconds: number): string {
  const date = new Date(seconds * 1000);
  const pad = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}/${pad(date.getMonth() + 1)}/${pad(date.getDate())}`;
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/**
 * Prints what happens as rsync does, from engine events (manual: -v, -i, --stats, --progress, --list-only, -h). Bytes
 * go out as they are, escaped where a terminal could be steered.
 */
export class RsyncPrinter {
  readonly #options: TransferOptions;
  readonly #settings: PrinterSettings;
  readonly #out: (bytes: Buffer) => void;
  readonly #err: (bytes: Buffer) => void;
  readonly #utf8: boolean;
  readonly #now: () => number;
  readonly #started: number;
  readonly #progress: FileProgress | null;
  /** Whether changes are named at all. */
  readonly #names: boolean;
  #headerDone: boolean;
  #filesListed: number | null = null;

  /** @param out writes to standard output, @param err to standard error */
  constructor(settings: PrinterSettings, out: (bytes: Buffer) => void, err: (bytes: Buffer) => void) {
    const { options } = settings;
    this.#options = options;
    this.#settings = settings;
    this.#out = out;
    this.#err = err;
    this.#utf8 = settings.utf8 ?? true;
    this.#now = settings.now ?? Date.now;
    this.#started = this.#now();
    const shows = options.verbose > 0 || options.progress;
    this.#names = !options.quiet && (shows || options.itemize > 0);
    this.#headerDone = options.quiet || !shows || !(options.recursive || options.dirs);
    const progress = options.progress && !options.quiet && !options.dryRun && !options.listOnly;
    this.#progress = progress ? new FileProgress(options.humanReadable, this.#now, (text) => this.#write(text)) : null;
  }

  event(event: EngineEvent): void {
    switch (event.type) {
      case 'phase':
        if (event.phase === 'listing' && this.#incremental) this.#header(null);
        break;
      case 'item':
        this.#item(event);
        break;
      case 'deleted':
        if (!this.#names) break;
        this.#line(
          (this.#options.itemize > 0 ? '*deleting   ' : 'deleting ') +
            this.#escape(event.isDir ? `${event.name}/` : event.name),
        );
        break;
      case 'listed':
        this.#line(this.#listing(event.entry));
        break;
      case 'issue':
        if (event.issue.code === 'skipped-non-regular') {
          if (!this.#options.quiet) this.#line(`skipping non-regular file "${this.#escape(event.issue.name)}"`);
        } else {
          this.#complain(`driftline: ${textToBytes(event.issue.message)}`);
        }
        break;
      case 'message':
        for (const text of event.text.replace(/\n$/, '').split('\n')) {
          if (event.level !== 'info') this.#complain(this.#escape(text));
          else if (!this.#options.quiet) this.#line(this.#escape(text));
        }
        break;
      case 'progress':
        if (event.listComplete) this.#filesListed = event.filesTotal;
        this.#progress?.update(event);
        break;
    }
  }

  /**
   * Prints the totals and, for a failure, the last line on standard error.
   * @param stats null if the transfer did not get as far as having any
   * @param exit exit code of the run
   */
  finish(stats: TransferStats | null, exit: number): void {
    this.#progress?.finish();
    if (stats !== null) {
      this.#header(stats.files.total);
      const { quiet, verbose } = this.#options;
      if (!quiet && this.#options.stats) this.#statistics(stats);
      if (!quiet && (verbose > 0 || this.#options.stats)) this.#summary(stats);
    }
    const line = exitLine(exit);
    if (line !== null) this.#complain(line);
  }

  get #incremental(): boolean {
    // On a push the server judges as a pulling client would, so one question fits both.
    return allowsIncRecurse(this.#options, true);
  }

  #header(total: number | null): void {
    if (this.#headerDone) return;
    this.#headerDone = true;
    const pull = this.#settings.direction === 'pull';
    if (this.#incremental) {
      this.#write(`${pull ? 'receiving' : 'sending'} incremental file list\n`);
      return;
    }
    const count = this.#filesListed ?? total;
    const counting = this.#options.progress && count !== null;
    const end = !counting ? 'done\n' : `${pull ? '' : '\n 0 files...\r'}${count} files to consider\n`;
    this.#write(`${pull ? 'receiving' : 'building'} file list ... ${end}`);
  }

  #item(event: ItemEvent): void {
    const options = this.#options;
    const { iflags } = event;
    const significant = isSignificant(iflags);
    const dir = isDirectory(event.mode);
    if (this.#names) {
      const name = this.#escape(dir ? `${event.name}/` : event.name);
      const target =
        event.link === null
          ? ''
          : isSymlink(event.mode)
            ? ` -> ${this.#escape(event.link)}`
            : ` => ${this.#escape(event.link)}`;
      const everything = options.verbose > 1 || options.itemize > 1;
      const done = (iflags & (ITEM.transfer | ITEM.localChange)) !== 0 && significant;
      if (options.itemize > 0) {
        if (significant || everything) this.#line(`${itemize(event, options)} ${name}${target}`);
      } else if (done || (significant && (dir || everything))) {
        this.#line(name + target);
      } else if (!significant && everything && !dir) {
        this.#line(`${name} is uptodate`);
      }
    }
    if ((iflags & ITEM.transfer) !== 0) this.#progress?.begin(event.name, event.size);
  }

  #listing(entry: ListedEntry): string {
    const { humanReadable } = this.#options;
    const size = humanNumber(entry.size, humanReadable).padStart(humanReadable > 0 ? 14 : 11);
    const target = entry.link === null ? '' : ` -> ${this.#escape(entry.link)}`;
    return `${permissionText(entry.mode)} ${size} ${timeText(entry.mtime)} ${this.#escape(entry.name)}${target}`;
  }

  #statistics(stats: TransferStats): void {
    const level = this.#options.humanReadable;
    const counts = (title: string, of: TransferStats['files']): string => {
      const parts = [
        ['reg', of.regular],
        ['dir', of.dirs],
        ['link', of.links],
        ['dev', of.devices],
        ['special', of.specials],
      ] as const;
      const shown = parts
        .filter(([, count]) => count > 0)
        .map(([name, count]) => `${name}: ${commaNumber(count, level)}`);
      return `${title}: ${commaNumber(of.total, level)}${shown.length > 0 ? ` (${shown.join(', ')})` : ''}`;
    };
    const seconds = (ms: number): string => `${(ms / 1000).toFixed(3)} seconds`;
    const size = (bytes: number): string => humanNumber(bytes, level);
    const lines = [
      '',
      counts('Number of files', stats.files),
      counts('Number of created files', stats.created),
      counts('Number of deleted files', stats.deleted),
      `Number of regular files transferred: ${commaNumber(stats.transferred, level)}`,
      `Total file size: ${size(stats.totalSize)} bytes`,
      `Total transferred file size: ${size(stats.transferredSize)} bytes`,
      `Literal data: ${size(stats.literal)} bytes`,
      `Matched data: ${size(stats.matched)} bytes`,
      `File list size: ${size(stats.flistBytes)}`,
      ...(stats.flistBuildMs > 0
        ? [
            `File list generation time: ${seconds(stats.flistBuildMs)}`,
            `File list transfer time: ${seconds(stats.flistXferMs)}`,
          ]
        : []),
      `Total bytes sent: ${size(stats.sent)}`,
      `Total bytes received: ${size(stats.received)}`,
    ];
    for (const line of lines) this.#line(line);
  }

  #summary(stats: TransferStats): void {
    const level = this.#options.humanReadable;
    const bytes = stats.sent + stats.received;
    // rsync counts whole seconds and adds half of one.
    const seconds = Math.max(0, Math.floor(this.#now() / 1000) - Math.floor(this.#started / 1000)) + 0.5;
    const speedup = bytes === 0 ? 0 : stats.totalSize / bytes;
    const sent = `sent ${humanNumber(stats.sent, level)} bytes  received ${humanNumber(stats.received, level)} bytes`;
    this.#line('');
    this.#line(`${sent}  ${humanNumber(bytes / seconds, level, 2)} bytes/sec`);
    const total = `total size is ${humanNumber(stats.totalSize, level)}  speedup is ${commaNumber(speedup, level, 2)}`;
    this.#line(total + (this.#options.dryRun ? ' (DRY RUN)' : ''));
  }

  #escape(bytes: ByteString): ByteString {
    return escapeForTerminal(bytes, this.#utf8);
  }

  /** A whole line on standard output, behind the header and the end of a progress line. */
  #line(text: ByteString): void {
    this.#header(null);
    this.#progress?.finish();
    this.#write(`${text}\n`);
  }

  #complain(text: ByteString): void {
    this.#progress?.interrupt();
    this.#err(Buffer.from(`${text}\n`, 'latin1'));
  }

  #write(text: ByteString): void {
    this.#out(Buffer.from(text, 'latin1'));
  }
}
