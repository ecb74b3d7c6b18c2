import type { Issue } from '../../shared/model/issue.ts';
import type { RunItem, RunProgress, RunResult, RunSnapshot, RunTotals } from '../../shared/model/run.ts';
import type { Clock } from './ports.ts';
import { RunItems } from './run-items.ts';

/** Screens hear of a run at most this often, in milliseconds. */
const INTERVAL_MS = 100;
const MAX_ISSUES = 1000;

const NO_PROGRESS: RunProgress = {
  phase: 'starting',
  name: '' as RunProgress['name'],
  filesDone: 0,
  filesTotal: 0,
  bytesDone: 0,
  bytesTotal: 0,
  listComplete: false,
  literal: 0,
  matched: 0,
  sent: 0,
  received: 0,
  rate: 0,
  etaSeconds: null,
};

/** One run while it goes on: collects what its worker says and passes it on at most ten times a second. */
export class ActiveRun {
  readonly abort = new AbortController();
  readonly ended: Promise<RunResult>;
  readonly items = new RunItems();
  #snapshot: RunSnapshot;
  /** As its worker told it, while the run itself is queued or paused. */
  #progress: RunProgress = NO_PROGRESS;
  #held: 'queued' | 'paused' | null = null;
  #settle!: (result: RunResult) => void;
  #lastSent = -Infinity;
  #cancelTimer: (() => void) | null = null;
  readonly #clock: Clock;
  readonly #usualRate: number | null;
  readonly #send: (snapshot: RunSnapshot) => void;

  /** @param usualRate bytes a second that the profile is known for, until this run has a rate of its own */
  constructor(
    about: { runId: string; profileId: string; profileName: string; startedAt: number },
    clock: Clock,
    send: (snapshot: RunSnapshot) => void,
    usualRate: number | null = null,
  ) {
    this.#clock = clock;
    this.#send = send;
    this.#usualRate = usualRate;
    this.#snapshot = { ...about, progress: NO_PROGRESS, issues: [], issueCount: 0, itemCount: 0, result: null };
    this.ended = new Promise((resolve) => (this.#settle = resolve));
  }

  get snapshot(): RunSnapshot {
    return this.#snapshot;
  }

  get held(): 'queued' | 'paused' | null {
    return this.#held;
  }

  /** Shows that it waits, or (null) that it goes on. */
  hold(held: 'queued' | 'paused' | null): void {
    this.#held = held;
    this.update({});
  }

  update(told: { progress?: RunProgress | null; issues?: readonly Issue[]; items?: readonly RunItem[] }): void {
    const { issues: known, issueCount } = this.#snapshot;
    const { issues = [], items = [] } = told;
    const room = MAX_ISSUES - known.length;
    this.#progress = told.progress ?? this.#progress;
    this.items.add(items);
    this.#snapshot = {
      ...this.#snapshot,
      progress: this.#shown(),
      issues: issues.length > 0 && room > 0 ? [...known, ...issues.slice(0, room)] : known,
      issueCount: issueCount + issues.length,
      itemCount: this.items.count,
    };
    this.#changed();
  }

  /** The last word; nothing is sent after it. */
  end(result: RunResult): RunSnapshot {
    this.#cancelTimer?.();
    this.#snapshot = {
      ...this.#snapshot,
      progress: {
        ...this.#progress,
        phase: 'ended',
        name: '' as RunProgress['name'],
        rate: 0,
        etaSeconds: null,
      },
      issueCount: result.issueCount,
      result,
    };
    this.#send(this.#snapshot);
    this.#settle(result);
    return this.#snapshot;
  }

  /** Totals of a run that did not get to tell its own. */
  totalsSoFar(): RunTotals {
    const { filesTotal, filesDone, bytesTotal, bytesDone, literal, matched, sent, received } = this.#progress;
    return {
      filesTotal,
      filesTransferred: filesDone,
      created: 0,
      deleted: 0,
      totalSize: bytesTotal,
      transferredSize: bytesDone,
      literal,
      matched,
      sent,
      received,
    };
  }

  #shown(): RunProgress {
    const progress = this.#progress;
    if (this.#held !== null) return { ...progress, phase: this.#held, rate: 0, etaSeconds: null };
    const { phase, listComplete, etaSeconds, bytesDone, bytesTotal } = progress;
    if (etaSeconds !== null || this.#usualRate === null || phase !== 'transferring' || !listComplete) return progress;
    return { ...progress, etaSeconds: Math.max(0, bytesTotal - bytesDone) / this.#usualRate };
  }

  #changed(): void {
    if (this.#cancelTimer !== null) return;
    const wait = this.#lastSent + INTERVAL_MS - this.#clock.now();
    if (wait <= 0) this.#sendNow();
    else this.#cancelTimer = this.#clock.timer(wait, () => this.#sendNow());
  }

  #sendNow(): void {
    this.#cancelTimer = null;
    this.#lastSent = this.#clock.now();
    this.#send(this.#snapshot);
  }
}
