import type { Issue, RunProgress, RunResult, RunSnapshot, RunTotals } from '../../shared/model/run.ts';
import type { Clock } from './ports.ts';

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
  #snapshot: RunSnapshot;
  #settle!: (result: RunResult) => void;
  #lastSent = -Infinity;
  #cancelTimer: (() => void) | null = null;
  readonly #clock: Clock;
  readonly #send: (snapshot: RunSnapshot) => void;

  constructor(
    about: { runId: string; profileId: string; profileName: string; startedAt: number },
    clock: Clock,
    send: (snapshot: RunSnapshot) => void,
  ) {
    this.#clock = clock;
    this.#send = send;
    this.#snapshot = { ...about, progress: NO_PROGRESS, issues: [], issueCount: 0, result: null };
    this.ended = new Promise((resolve) => (this.#settle = resolve));
  }

  get snapshot(): RunSnapshot {
    return this.#snapshot;
  }

  update(progress: RunProgress | null, issues: readonly Issue[]): void {
    const { issues: known, issueCount } = this.#snapshot;
    const room = MAX_ISSUES - known.length;
    this.#snapshot = {
      ...this.#snapshot,
      progress: progress ?? this.#snapshot.progress,
      issues: issues.length > 0 && room > 0 ? [...known, ...issues.slice(0, room)] : known,
      issueCount: issueCount + issues.length,
    };
    this.#changed();
  }

  /** The last word; nothing is sent after it. */
  end(result: RunResult): RunSnapshot {
    this.#cancelTimer?.();
    const { progress } = this.#snapshot;
    this.#snapshot = {
      ...this.#snapshot,
      progress: { ...progress, phase: 'ended', name: '' as RunProgress['name'], rate: 0, etaSeconds: null },
      issueCount: result.issueCount,
      result,
    };
    this.#send(this.#snapshot);
    this.#settle(result);
    return this.#snapshot;
  }

  /** Totals of a run that did not get to tell its own. */
  totalsSoFar(): RunTotals {
    const { filesTotal, filesDone, bytesTotal, bytesDone, literal, matched, sent, received } = this.#snapshot.progress;
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
