import { isDirectory, isSignificant, ITEM } from '../../../shared/itemize.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import type { EngineEvent, ItemEvent, TransferredEvent, TransferStats } from '../../engine/events.ts';
import { allowsIncRecurse } from '../../engine/handshake/server-args.ts';
import { infoLevel, type InfoName } from '../../engine/options/info-words.ts';
import type { TransferOptions } from '../../engine/options/transfer-options.ts';
import { exitLine } from '../exit-code.ts';
import { escapeForTerminal } from './escape.ts';
import { saidLine } from './event-text.ts';
import {
  deletionFacts,
  ItemFormat,
  itemFacts,
  type ItemFacts,
  LOG_FORMAT,
  shownItemName,
  USUAL_SUM,
} from './item-format.ts';
import { listingLine } from './listing.ts';
import type { LogFile } from './log-file.ts';
import { ProgressLine } from './progress.ts';
import { shortSummary, statisticsLines, summaryLines } from './statistics.ts';

export interface PrinterSettings {
  options: TransferOptions;
  direction: 'push' | 'pull' | 'local';
  /** Whether the terminal reads UTF-8; default true. */
  utf8?: boolean;
  /** The folder of a source on this side, for names in their long form. */
  sourceFolder?: ByteString;
  /** Name of the daemon's module; default none. */
  module?: ByteString;
  /** The file of `--log-file`, if there is one. */
  log?: LogFile | null;
  /** Clock in milliseconds; default Date.now. */
  now?: () => number;
}

type DeletedEvent = Extract<EngineEvent, { type: 'deleted' }>;

/** Between local folders we receive, but rsync counts as the sender, with the item: mostly a byte of index and flags. */
const ITEM_BYTES = 3;

/**
 * Prints what happens as rsync does, from engine events (manual: -v, -i, --info, --out-format, --log-file, --stats,
 * --progress, --list-only, -h). Bytes go out as they are, escaped where a terminal could be steered.
 */
export class RsyncPrinter {
  readonly #options: TransferOptions;
  readonly #settings: PrinterSettings;
  readonly #out: (bytes: Buffer) => void;
  readonly #err: (bytes: Buffer) => void;
  readonly #now: () => number;
  readonly #started: number;
  readonly #progress: ProgressLine | null;
  /** Format of the lines on standard output; null where changes are not named at all. */
  readonly #format: ItemFormat | null;
  readonly #logFormat: ItemFormat | null;
  readonly #log: LogFile | null;
  #headerDone: boolean;
  #filesListed: number | null = null;
  #sumLength = USUAL_SUM;
  /** The file whose content is on its way, where its line waits for the end. */
  #current: ItemEvent | null = null;

  /** @param out writes to standard output, @param err to standard error */
  constructor(settings: PrinterSettings, out: (bytes: Buffer) => void, err: (bytes: Buffer) => void) {
    const { options } = settings;
    this.#options = options;
    this.#settings = settings;
    this.#out = options.stderr === 'all' ? err : out;
    this.#err = err;
    this.#now = settings.now ?? Date.now;
    this.#started = this.#now();
    this.#log = settings.log ?? null;
    const context = { options, module: settings.module ?? '', now: this.#now, sumLength: () => this.#sumLength };
    const named = this.#level('name') > 0 ? '%n%L' : null;
    const format = options.outFormat ?? (options.itemize > 0 ? LOG_FORMAT : named);
    this.#format = format === null ? null : new ItemFormat(format, context);
    const logged = this.#log === null ? '' : (options.logFileFormat ?? LOG_FORMAT);
    this.#logFormat = logged === '' ? null : new ItemFormat(logged, context);
    const lists = options.recursive || options.dirs;
    this.#headerDone = this.#level('flist') === 0 || !lists;
    this.#log?.line(settings.direction === 'pull' ? 'receiving file list' : 'building file list');
    const level = this.#level('progress');
    this.#progress =
      level === 0 || options.quiet || options.listOnly
        ? null
        : new ProgressLine({
            level: options.humanReadable,
            total: level > 1,
            receiving: settings.direction === 'pull',
            now: this.#now,
            write: (text) => this.#write(text),
          });
  }

  event(event: EngineEvent): void {
    switch (event.type) {
      case 'phase':
        if (event.phase === 'listing' && this.#incremental) this.#header(null);
        break;
      case 'item':
        this.#item(event);
        break;
      case 'transferred':
        this.#transferred(event);
        break;
      case 'deleted':
        this.#deleted(event);
        break;
      case 'listed':
        this.#tell(listingLine(event.entry, this.#options));
        break;
      case 'issue':
      case 'message': {
        const said = saidLine(event, this.#options, (bytes) => this.#escape(bytes));
        if (said?.wrong === true) this.#complain(said.text);
        else if (said !== null) this.#show(said.text);
        break;
      }
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
   * @param protocol what was spoken
   */
  finish(stats: TransferStats | null, exit: number, protocol: number): void {
    this.#progress?.finish(stats?.files.total ?? null, stats?.totalSize ?? 0);
    if (stats !== null) {
      this.#header(stats.files.total);
      this.#totals(stats, protocol);
    }
    const line = exitLine(exit);
    if (line !== null) this.#complain(line);
  }

  #level(name: InfoName): number {
    return infoLevel(this.#options, name);
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
      if (!this.#options.quiet) this.#write(`${pull ? 'receiving' : 'sending'} incremental file list\n`);
      return;
    }
    const count = this.#filesListed ?? total;
    const counting = this.#level('flist') > 1 && count !== null;
    const end = counting ? `${count} files to consider` : 'done';
    this.#log?.line(end);
    if (this.#options.quiet) return;
    this.#write(
      `${pull ? 'receiving' : 'building'} file list ... ${counting && !pull ? '\n 0 files...\r' : ''}${end}\n`,
    );
  }

  /** Whether a change is worth a line; without `%i` in the format small changes of files are not. */
  #isShown({ iflags, mode, linkedTo }: ItemEvent, itemized: boolean): boolean {
    const significant = isSignificant(iflags) || linkedTo !== null;
    if (itemized) return significant || this.#tellsAll;
    return significant && ((iflags & (ITEM.transfer | ITEM.localChange)) !== 0 || isDirectory(mode));
  }

  get #tellsAll(): boolean {
    return this.#options.itemize > 1 || this.#level('name') > 1;
  }

  #item(event: ItemEvent): void {
    const { dryRun } = this.#options;
    const moves = (event.iflags & ITEM.transfer) !== 0;
    const waits = moves && !dryRun;
    const format = this.#format;
    const itemized = format?.has('i') ?? false;
    this.#current = waits ? event : null;
    if (format !== null) {
      const name = shownItemName(event.name, event.mode);
      if (this.#isShown(event, itemized)) {
        if (!waits || !format.has('b', 'c', 'C')) this.#tell(format.line(this.#facts(event, null)), false);
        else if (this.#progress !== null && this.#level('name') > 0) this.#tell(name, false);
      }
    }
    if (!moves) this.#logItem(event, null);
    if (waits) this.#progress?.begin(event.name, event.size);
    else if (moves) this.#progress?.count(event.size);
  }

  #transferred(event: TransferredEvent): void {
    const item = this.#current;
    this.#current = null;
    this.#sumLength = event.sum.length / 2;
    this.#progress?.end(event);
    if (item === null) return;
    const format = this.#format;
    if (format?.has('b', 'c', 'C') && this.#isShown(item, format.has('i'))) {
      this.#tell(format.line(this.#facts(item, event)), false);
    }
    this.#logItem(item, event);
  }

  #logItem(event: ItemEvent, done: TransferredEvent | null): void {
    if (this.#logFormat === null || !this.#isShown(event, this.#format?.has('i') ?? false)) return;
    this.#log?.line(this.#escape(this.#logFormat.line(this.#facts(event, done))));
  }

  #facts(item: ItemEvent, done: TransferredEvent | null): ItemFacts {
    const { checksum, dryRun } = this.#options;
    const pull = this.#settings.direction === 'pull';
    const planned = dryRun && (item.iflags & ITEM.transfer) !== 0 ? '0'.repeat(2 * this.#sumLength) : '';
    const facts = itemFacts(item, done, { sends: !pull, folder: this.#settings.sourceFolder ?? '', checksum });
    const more = done !== null && this.#settings.direction === 'local' ? ITEM_BYTES : 0;
    return { ...facts, bytes: facts.bytes + more, sum: facts.sum || planned };
  }

  #deleted({ name, isDir, mode }: DeletedEvent): void {
    const shown = isDir ? `${name}/` : name;
    const known = this.#settings.direction === 'pull' ? mode : undefined;
    const line = (format: ItemFormat | null): ByteString =>
      format?.has('i', 'o') ? format.line(deletionFacts(shown, name, known)) : `deleting ${shown}`;
    if (this.#format !== null || this.#level('del') > 0) this.#tell(line(this.#format), false);
    if (!this.#options.dryRun) this.#log?.line(this.#escape(line(this.#logFormat)));
  }

  #totals(stats: TransferStats, protocol: number): void {
    const { humanReadable: level, dryRun, batch } = this.#options;
    const only = batch?.kind === 'only-write' ? 'BATCH ONLY' : dryRun ? 'DRY RUN' : '';
    const wanted = this.#level('stats');
    if (wanted > 1) {
      if (!this.#options.quiet) this.#print('');
      for (const line of statisticsLines(stats, level, protocol)) this.#tell(line);
    }
    if (wanted > 0) {
      if (!this.#options.quiet) this.#print('');
      const ending = { level, started: this.#started, ended: this.#now(), only };
      for (const line of summaryLines(stats, ending)) this.#tell(line);
    } else this.#log?.line(shortSummary(stats));
  }

  #escape(bytes: ByteString): ByteString {
    return escapeForTerminal(bytes, this.#settings.utf8 ?? true, this.#options.eightBit);
  }

  #tell(text: ByteString, logged = true): void {
    this.#show(this.#escape(text), logged);
  }

  /** An escaped line on standard output, unless nothing is wanted there, and in the log. */
  #show(line: ByteString, logged = true): void {
    if (!this.#options.quiet) this.#print(line);
    if (logged) this.#log?.line(line);
  }

  /** A whole line on standard output, behind the header and the end of a progress line. */
  #print(line: ByteString): void {
    this.#header(null);
    this.#progress?.interrupt();
    this.#write(`${line}\n`);
  }

  #complain(text: ByteString): void {
    this.#progress?.interrupt();
    this.#log?.line(text);
    this.#err(Buffer.from(`${text}\n`, 'latin1'));
  }

  #write(text: ByteString): void {
    this.#out(Buffer.from(text, 'latin1'));
  }
}
