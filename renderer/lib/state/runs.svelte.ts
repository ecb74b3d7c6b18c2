import type { Result } from '../../../shared/errors.ts';
import type { RunProgress, RunSnapshot } from '../../../shared/model/run.ts';
import type { Backend } from '../backend.ts';

/** Points of the rate graph: about a minute at 2 a second. */
const SAMPLES = 120;
const SAMPLE_MS = 500;

const BEFORE: ReadonlySet<RunProgress['phase']> = new Set(['queued', 'starting', 'connecting', 'listing', 'comparing']);

interface Track {
  fraction: number;
  rates: readonly number[];
  lastSampleAt: number;
}

/**
 * Share done, by bytes where there are any, else by files; never less than before although the list still grows.
 * Null while nothing is known yet.
 */
export function monotonicFraction(previous: number, progress: RunProgress): number | null {
  const { phase, bytesDone, bytesTotal, filesDone, filesTotal } = progress;
  if (phase === 'ended') return 1;
  // What was scanned says nothing of how much there is to do.
  if (BEFORE.has(phase)) return previous > 0 ? previous : null;
  const share = bytesTotal > 0 ? bytesDone / bytesTotal : filesTotal > 0 ? filesDone / filesTotal : null;
  if (share === null) return previous > 0 ? previous : null;
  return Math.max(previous, Math.min(1, share));
}

export class Runs {
  #list = $state.raw<readonly RunSnapshot[] | null>(null);
  #tracks = $state.raw<Readonly<Record<string, Track>>>({});
  readonly #backend: Backend;
  /** Called once when a run seen running ends. */
  onEnded: ((run: RunSnapshot) => void) | null = null;

  constructor(backend: Backend) {
    this.#backend = backend;
    backend.on('event.run', (run) => this.#receive(run));
  }

  /** Newest first; null until the first load. */
  get list(): readonly RunSnapshot[] | null {
    return this.#list;
  }

  byId(runId: string): RunSnapshot | null {
    return this.#list?.find((run) => run.runId === runId) ?? null;
  }

  /** The run of this profile that is going on, if any. */
  activeOf(profileId: string): RunSnapshot | null {
    return this.#list?.find((run) => run.profileId === profileId && run.result === null) ?? null;
  }

  /** Running, paused or waiting, newest first. */
  get going(): readonly RunSnapshot[] {
    return this.#list?.filter((run) => run.result === null) ?? [];
  }

  get activeCount(): number {
    return this.going.length;
  }

  /** 0…1, or null while it cannot be told. */
  fraction(runId: string): number | null {
    const run = this.byId(runId);
    return run === null ? null : monotonicFraction(this.#tracks[runId]?.fraction ?? 0, run.progress);
  }

  rates(runId: string): readonly number[] {
    return this.#tracks[runId]?.rates ?? [];
  }

  async load(): Promise<void> {
    const reply = await this.#backend.call('runs.list', null);
    if (reply.ok) this.#list = newestFirst(reply.value);
  }

  /** Makes sure a run is in the list: it may be older than what the list holds. */
  async fetch(runId: string): Promise<Result<RunSnapshot>> {
    const reply = await this.#backend.call('runs.get', { runId });
    if (reply.ok) this.#put(reply.value);
    return reply;
  }

  async start(profileId: string, planId: string | null, confirmed: string[]): Promise<Result<{ runId: string }>> {
    return this.#backend.call('runs.start', { profileId, planId, confirmed });
  }

  pause(runId: string): Promise<Result<null>> {
    return this.#backend.call('runs.pause', { runId });
  }

  resume(runId: string): Promise<Result<null>> {
    return this.#backend.call('runs.resume', { runId });
  }

  /** Starts a run of what the ended one had issues with. */
  retry(runId: string): Promise<Result<{ runId: string }>> {
    return this.#backend.call('runs.retry', { runId });
  }

  cancel(runId: string): Promise<Result<null>> {
    return this.#backend.call('runs.cancel', { runId });
  }

  #receive(run: RunSnapshot): void {
    const before = this.byId(run.runId);
    if (before?.result) return; // late progress of a run that already ended
    this.#put(run);
    if (run.result !== null) this.onEnded?.(run);
  }

  #put(run: RunSnapshot): void {
    const list = this.#list ?? [];
    this.#list = list.some((r) => r.runId === run.runId)
      ? list.map((r) => (r.runId === run.runId ? run : r))
      : newestFirst([run, ...list]);
    this.#track(run);
  }

  #track(run: RunSnapshot): void {
    const old = this.#tracks[run.runId] ?? { fraction: 0, rates: [], lastSampleAt: 0 };
    const fraction = monotonicFraction(old.fraction, run.progress) ?? 0;
    const now = Date.now();
    const sample = run.result === null && run.progress.phase === 'transferring' && now - old.lastSampleAt >= SAMPLE_MS;
    this.#tracks = {
      ...this.#tracks,
      [run.runId]: {
        fraction,
        rates: sample ? [...old.rates, run.progress.rate].slice(-SAMPLES) : old.rates,
        lastSampleAt: sample ? now : old.lastSampleAt,
      },
    };
  }
}

function newestFirst(runs: readonly RunSnapshot[]): RunSnapshot[] {
  return [...runs].sort((a, b) => b.startedAt - a.startedAt);
}
