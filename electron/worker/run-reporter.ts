import { bytesToText } from '../../shared/model/path.ts';
import type { Issue, RunProgress } from '../../shared/model/run.ts';
import { NO_PROGRESS, type EngineEvent, type EnginePhase, type ProgressEvent } from '../engine/events.ts';
import type { FromWorker } from './messages.ts';

/** Events leave at most this often, in milliseconds. */
const INTERVAL_MS = 100;
/** The rate is taken over about this long, in milliseconds. */
const RATE_WINDOW_MS = 4000;
const MAX_ISSUES_PER_BATCH = 1000;

/** Turns engine events into the coalesced stream a run sends: progress with rate and ETA, issues, steps. */
export class RunReporter {
  readonly onEvent = (event: EngineEvent): void => this.#event(event);
  readonly #post: (message: FromWorker) => void;
  #phase: EnginePhase = 'connecting';
  #last: ProgressEvent | null = null;
  #issues: Issue[] = [];
  #steps: string[] = [];
  #lastSent = 0;
  #samples: { at: number; bytes: number }[] = [];
  /** Progress never runs backwards between the sessions of one run (features X12). */
  #floor = { bytesDone: 0, filesDone: 0 };

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
    if (!progress && this.#issues.length === 0 && this.#steps.length === 0) return;
    this.#post({ type: 'events', progress, issues: this.#issues, steps: this.#steps });
    this.#issues = [];
    this.#steps = [];
  }

  #event(event: EngineEvent): void {
    if (event.type === 'phase') {
      if (event.phase === 'transferring' && this.#phase !== 'transferring')
        this.#floor = { bytesDone: 0, filesDone: 0 };
      this.#phase = event.phase;
      this.#last ??= NO_PROGRESS;
      this.#maybe();
    } else if (event.type === 'progress') {
      this.#last = event;
      this.#maybe();
    } else if (event.type === 'issue') {
      const { code, name, message, errno } = event.issue;
      if (this.#issues.length < MAX_ISSUES_PER_BATCH)
        this.#issues.push({ code, path: bytesToText(name), message, ...(errno ? { errno } : {}) });
      this.#maybe();
    }
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
    const left = event.bytesTotal - event.bytesDone;
    this.#floor.bytesDone = Math.max(this.#floor.bytesDone, event.bytesDone);
    this.#floor.filesDone = Math.max(this.#floor.filesDone, event.filesDone);
    return {
      phase: this.#phase,
      name: bytesToText(event.name),
      filesDone: this.#floor.filesDone,
      filesTotal: event.filesTotal,
      bytesDone: this.#floor.bytesDone,
      bytesTotal: event.bytesTotal,
      listComplete: event.listComplete,
      literal: event.literal,
      matched: event.matched,
      sent: event.sent,
      received: event.received,
      rate,
      etaSeconds: event.listComplete && rate > 0 && left > 0 ? left / rate : null,
    };
  }
}
