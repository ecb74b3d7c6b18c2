import { bytesToText } from '../../shared/model/path.ts';
import { isSignificant, itemize, ITEM } from '../../shared/itemize.ts';
import type { Issue } from '../../shared/model/issue.ts';
import type { RunItem, RunProgress } from '../../shared/model/run.ts';
import {
  NO_PROGRESS,
  type EngineEvent,
  type EnginePhase,
  type ItemEvent,
  type ProgressEvent,
} from '../engine/events.ts';
import type { FromWorker } from './messages.ts';

/** Events leave at most this often, in milliseconds. */
const INTERVAL_MS = 100;
/** The rate is taken over about this long, in milliseconds. */
const RATE_WINDOW_MS = 4000;
const MAX_ISSUES_PER_BATCH = 1000;
/** So many items leave at once, however soon. */
const ITEMS_PER_BATCH = 1000;

/** Phases that a later session of the same run goes through again without being back there. */
const FIRST_PHASES: ReadonlySet<EnginePhase> = new Set(['connecting', 'listing']);

/** Turns engine events into the coalesced stream a run sends: progress with rate and ETA, issues, steps. */
export class RunReporter {
  readonly onEvent = (event: EngineEvent): void => this.#event(event);
  readonly #post: (message: FromWorker) => void;
  #phase: EnginePhase = 'connecting';
  #last: ProgressEvent | null = null;
  #issues: Issue[] = [];
  #items: RunItem[] = [];
  #steps: string[] = [];
  #lastSent = 0;
  #samples: { at: number; bytes: number }[] = [];
  /** Progress never runs backwards between the sessions of one run, nor the size of what was scanned (features X12). */
  #floor = { bytesDone: 0, filesDone: 0, bytesTotal: 0, filesTotal: 0 };
  #transferring = false;

  constructor(post: (message: FromWorker) => void) {
    this.#post = post;
  }

  step(text: string): void {
    this.#steps.push(text);
    this.flush();
  }

  /** Sends what is pending now. */
  flush(): void {
    this.#lastSent = Date.now();
    const progress = this.#last ? this.#progress(this.#last) : null;
    if (!progress && this.#issues.length + this.#items.length + this.#steps.length === 0) return;
    this.#post({ type: 'events', progress, issues: this.#issues, items: this.#items, steps: this.#steps });
    this.#issues = [];
    this.#items = [];
    this.#steps = [];
  }

  #event(event: EngineEvent): void {
    if (event.type === 'phase') {
      if (event.phase === 'transferring' && !this.#transferring) {
        // From here on the totals are those of what is to be done, not of what was scanned.
        this.#transferring = true;
        this.#floor = { bytesDone: 0, filesDone: 0, bytesTotal: 0, filesTotal: 0 };
        this.#samples = [];
      }
      const again = FIRST_PHASES.has(event.phase) && !FIRST_PHASES.has(this.#phase);
      if (!again) this.#phase = event.phase;
      this.#last ??= NO_PROGRESS;
      this.#maybe();
    } else if (event.type === 'progress') {
      this.#last = event;
      const floor = this.#floor;
      for (const key of ['bytesDone', 'filesDone', 'bytesTotal', 'filesTotal'] as const) {
        floor[key] = Math.max(floor[key], event[key]);
      }
      this.#maybe();
    } else if (event.type === 'item') {
      if (isSignificant(event.iflags)) this.#item(itemOf(event));
    } else if (event.type === 'deleted') {
      this.#item({ path: bytesToText(event.name), action: 'delete', itemized: '*deleting', size: 0 });
    } else if (event.type === 'issue') {
      const { code, name, message, errno } = event.issue;
      if (this.#issues.length < MAX_ISSUES_PER_BATCH)
        this.#issues.push({ code, path: bytesToText(name), message, ...(errno ? { errno } : {}) });
      this.#maybe();
    }
  }

  #item(item: RunItem): void {
    this.#items.push(item);
    if (this.#items.length >= ITEMS_PER_BATCH) this.flush();
    else this.#maybe();
  }

  #maybe(): void {
    if (Date.now() - this.#lastSent >= INTERVAL_MS) this.flush();
  }

  #progress(event: ProgressEvent): RunProgress {
    const now = Date.now();
    this.#samples.push({ at: now, bytes: event.bytesDone });
    while (this.#samples.length > 2 && now - this.#samples[0]!.at > RATE_WINDOW_MS) this.#samples.shift();
    const first = this.#samples[0]!;
    const seconds = (now - first.at) / 1000;
    const rate = seconds > 0 ? Math.max(0, (event.bytesDone - first.bytes) / seconds) : 0;
    const floor = this.#floor;
    const left = floor.bytesTotal - floor.bytesDone;
    return {
      phase: this.#phase,
      name: bytesToText(event.name),
      ...floor,
      // While both sides are listed, a list that is complete is one of several.
      listComplete: event.listComplete && this.#transferring,
      literal: event.literal,
      matched: event.matched,
      sent: event.sent,
      received: event.received,
      rate,
      etaSeconds: event.listComplete && this.#transferring && rate > 0 && left > 0 ? left / rate : null,
    };
  }
}

function itemOf({ name, iflags, mode, direction, size }: ItemEvent): RunItem {
  const content = (iflags & ITEM.transfer) !== 0;
  const action = iflags & ITEM.isNew ? 'create' : content || iflags & ITEM.localChange ? 'update' : 'attributes';
  const itemized = itemize({ iflags, mode, direction }, { times: true });
  return { path: bytesToText(name), action, itemized, size: content ? size : 0 };
}
