import { ITEM, isDirectory, isSignificant } from '../../../shared/itemize.ts';
import type { ErrorData } from '../../../shared/errors.ts';
import { type ByteString, textToBytes } from '../../../shared/model/path.ts';
import type { EngineEvent, ItemEvent, TransferredEvent } from '../../engine/events.ts';
import { infoLevel } from '../../engine/options/info-words.ts';
import type { ServerRequest } from '../../engine/options/parse.ts';
import type { ServerLog, ServerTraffic } from '../../engine/serve.ts';
import { exitLine } from '../exit-code.ts';
import { escapeForTerminal } from './escape.ts';
import { saidLine } from './event-text.ts';
import { deletionFacts, ItemFormat, itemFacts, LOG_FORMAT, linkText, shownItemName, USUAL_SUM } from './item-format.ts';
import type { LogFile } from './log-file.ts';
import { shortSummary } from './statistics.ts';

/** Bytes above ASCII are a log's own: no terminal decides about them. */
const escape = (bytes: ByteString): ByteString => escapeForTerminal(bytes, true);

/**
 * What rsync's server writes to its `--log-file`: what it does, item by item, with what it tells its client. Nothing of
 * a dry run, and items without content only where the format has a place for their changes.
 */
export class RsyncServerLog implements ServerLog {
  readonly #file: LogFile;
  readonly #request: ServerRequest;
  readonly #format: ItemFormat;
  readonly #sourceFolder: ByteString;
  #sumLength = USUAL_SUM;
  /** The file whose content is on its way. */
  #current: ItemEvent | null = null;

  /** @param sourceFolder the folder of a single source, for names in their long form */
  constructor(file: LogFile, request: ServerRequest, sourceFolder: ByteString) {
    this.#file = file;
    this.#request = request;
    this.#sourceFolder = sourceFolder;
    const { options } = request;
    const context = { options, module: '', now: Date.now, sumLength: () => this.#sumLength };
    this.#format = new ItemFormat(options.logFileFormat ?? LOG_FORMAT, context);
  }

  event(event: EngineEvent): void {
    const { options, sender } = this.#request;
    switch (event.type) {
      case 'phase':
        if (event.phase === 'listing') this.#file.line(sender ? 'building file list' : 'receiving file list');
        break;
      case 'item':
        if ((event.iflags & ITEM.transfer) !== 0) this.#current = event;
        else if (!options.dryRun) this.#local(event);
        break;
      case 'transferred':
        this.#sumLength = event.sum.length / 2;
        if (this.#current !== null) this.#item(this.#current, event);
        this.#current = null;
        break;
      case 'deleted': {
        const { name, isDir, mode } = event;
        const shown = isDir ? `${name}/` : name;
        const named = this.#format.has('i', 'o');
        const line = named ? this.#format.line(deletionFacts(shown, name, mode)) : `deleting ${shown}`;
        if (!options.dryRun) this.#line(line);
        break;
      }
      case 'issue':
      case 'message': {
        const said = saidLine(event, options, escape);
        if (said !== null) this.#file.line(said.text);
        break;
      }
      case 'listed':
      case 'progress':
        break;
    }
  }

  finish(exit: number, error: ErrorData | null, traffic: ServerTraffic): void {
    if (error !== null) this.#file.line(`driftline: ${textToBytes(error.message)}`);
    // Of a transfer that was not complete, only a sender knows how much it was.
    if (exit === 0 || this.#request.sender) this.#file.line(shortSummary(traffic));
    if (error !== null) this.#file.line(exitLine(exit) ?? '');
    this.#file.close();
  }

  /** Something without content. */
  #local(event: ItemEvent): void {
    const { options, sender } = this.#request;
    const names = infoLevel(options, 'name');
    const significant = isSignificant(event.iflags);
    if (this.#format.has('i')) {
      const tellsAll = options.itemize > 1 || (names > 1 && options.itemize > 0);
      if (significant || event.linkedTo !== null || tellsAll) this.#item(event, null);
      return;
    }
    // What the format has no place for is named by who makes it, where names are wanted.
    const makes = !sender && (isDirectory(event.mode) || (event.iflags & ITEM.localChange) !== 0);
    if (names > 0 && significant && makes) this.#line(shownItemName(event.name, event.mode) + linkText(event));
  }

  #item(item: ItemEvent, done: TransferredEvent | null): void {
    const { options, sender } = this.#request;
    if (options.logFileFormat === '') return;
    const facts = itemFacts(item, done, { sends: sender, folder: this.#sourceFolder, checksum: options.checksum });
    this.#line(this.#format.line(facts));
  }

  #line(text: ByteString): void {
    this.#file.line(escape(text));
  }
}
