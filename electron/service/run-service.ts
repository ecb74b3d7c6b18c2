import { randomUUID } from 'node:crypto';
import { fail, toErrorData } from '../../shared/errors.ts';
import type { DriftlineError, ErrorData } from '../../shared/errors.ts';
import type { Host } from '../../shared/model/host.ts';
import type { Profile } from '../../shared/model/profile.ts';
import type { RunOutcome, RunResult, RunSnapshot } from '../../shared/model/run.ts';
import type { WorkerOutcome, WorkerQuestion, WorkerAnswer, WorkerTask } from '../worker/messages.ts';
import type { WorkerPool, WorkerRun } from '../worker/pool.ts';
import { ActiveRun } from './active-run.ts';
import { createAnswerer } from './answerer.ts';
import type { Answerer, AnswererParts } from './answerer.ts';
import type { EventHub } from './events.ts';
import { guardError, judgeCounts, lookBefore } from './guard.ts';
import type { Finding, Looked } from './guard.ts';
import type { Home } from './home.ts';
import type { Clock, Notifier } from './ports.ts';
import { cancellable } from './preview-service.ts';
import type { KeptPlan, PreviewService } from './preview-service.ts';
import { hostOf } from './profile-service.ts';
import type { ProfileService } from './profile-service.ts';
import { openRunHistory } from './run-history.ts';
import { createRunLocks } from './run-locks.ts';
import type { RunNote } from './run-locks.ts';
import type { HeldLock } from './store/process-lock.ts';
import { workerJob } from './worker-job.ts';

export interface StartRun {
  profileId: string;
  /** Null: plan now. */
  planId: string | null;
  /** Guard codes a person accepted. */
  confirmed: string[];
}

export interface RunService {
  /**
   * Starts a run; what the guard or the server has against it is its result, not an error of this call.
   * @param attended whether somebody can answer questions; default as the service was created
   * @throws DriftlineError `usage`: `unknown-profile`, `unknown-plan`, `plan-stale`, `profile-busy`, `destination-busy`
   */
  start(request: StartRun, attended?: boolean): Promise<{ runId: string }>;
  /** Newest first: running ones, then the last hundred. */
  list(): RunSnapshot[];
  /** @throws DriftlineError `usage`/`unknown-run` */
  get(runId: string): RunSnapshot;
  /** Asks a run to stop; one that has ended is no error. @throws DriftlineError `usage`/`unknown-run` */
  cancel(runId: string): void;
  /** How a run ends. @throws DriftlineError `usage`/`unknown-run` */
  ended(runId: string): Promise<RunResult>;
  /** Whether a run of the profile goes on in this process. */
  isRunning(profileId: string): boolean;
  /** Cancels all runs and waits for their ends. */
  close(): Promise<void>;
}

export interface RunParts extends AnswererParts {
  profiles: ProfileService;
  previews: PreviewService;
  pool: WorkerPool;
  home: Home;
  events: EventHub;
  clock: Clock;
  notifier: Notifier;
  attended: boolean;
}

const KEEP_RUNS = 100;

export function createRunService(parts: RunParts): RunService {
  const { profiles, previews, pool, home, events, clock } = parts;
  const history = openRunHistory(home.runLog);
  const active = new Map<string, ActiveRun>();
  const locks = createRunLocks(home.locks, interrupted);
  let past: RunSnapshot[] = [];
  try {
    past = history.load(KEEP_RUNS);
  } catch (error) {
    parts.notice(`The list of past runs cannot be read: ${toErrorData(error).message}`);
  }
  locks.recover();

  function interrupted(note: RunNote): void {
    const run = new ActiveRun(note, clock, () => undefined);
    const result: RunResult = {
      runId: note.runId,
      outcome: 'interrupted',
      startedAt: note.startedAt,
      endedAt: clock.now(),
      totals: run.totalsSoFar(),
      issueCount: 0,
      error: fail('cancelled', 'interrupted', `The run of “${note.profileName}” was interrupted: its process ended.`, {
        hint: 'Run it again; what was finished stays.',
        retryable: true,
      }).data,
      exitCode: 20,
    };
    void record(note.profileId, run.end(result));
    parts.notice(`The run of “${note.profileName}” was interrupted.`);
  }

  /** Keeps a result wherever it belongs. A full disk must not turn a good run into a failed one. */
  async function record(profileId: string, snapshot: RunSnapshot): Promise<void> {
    past = [...past, snapshot].slice(-KEEP_RUNS);
    try {
      history.append(snapshot);
      if (snapshot.result !== null) await profiles.setLastRun(profileId, snapshot.result);
    } catch (error) {
      parts.notice(`The result of “${snapshot.profileName}” could not be saved: ${toErrorData(error).message}`);
    }
  }

  async function start(request: StartRun, attended = parts.attended): Promise<{ runId: string }> {
    const profile = profiles.get(request.profileId);
    const host = hostOf(profile, parts.hosts.list());
    const plan = request.planId === null ? null : previews.planFor(request.planId, profile, host);
    const looked = await lookBefore(profile, host);
    const note: RunNote = {
      runId: randomUUID(),
      profileId: profile.id,
      profileName: profile.name,
      startedAt: clock.now(),
    };
    const held = locks.take(note, looked.destinationKey);
    const run = new ActiveRun(note, clock, (snapshot) => events.emit('event.run', snapshot));
    active.set(note.runId, run);
    void conduct(run, { request, profile, host, plan, looked, attended, held });
    return { runId: note.runId };
  }

  interface Conducted {
    request: StartRun;
    profile: Profile;
    host: Host | null;
    plan: KeptPlan | null;
    looked: Looked;
    attended: boolean;
    held: HeldLock[];
  }

  async function conduct(run: ActiveRun, about: Conducted): Promise<void> {
    const { profile, host, attended, held } = about;
    let worker: WorkerRun | null = null;
    const releaseLocks = (): void => {
      for (const lock of held) {
        try {
          lock.release();
        } catch (error) {
          parts.notice(`A lock file could not be removed: ${toErrorData(error).message}`);
        }
      }
    };
    const answerer = host && createAnswerer(parts, host, attended, run.abort.signal);
    let result: RunResult;
    try {
      run.update(null, about.plan?.issues ?? []);
      worker = startWorker(run, about, answerer);
      const outcome = await cancellable(worker, run.abort.signal);
      await answerer?.loggedIn();
      result = finished(run, outcome);
    } catch (error) {
      result = stopped(run, toErrorData(error), answerer);
    }
    // A thread stuck in the kernel may still write: the locks stay until it is gone, though the run has ended.
    if (worker === null) releaseLocks();
    else void worker.exited.then(releaseLocks);
    active.delete(run.snapshot.runId);
    // Recorded before it is announced: who hears of the end finds the result in the profile.
    const snapshot = { ...run.snapshot, result, issueCount: result.issueCount };
    await record(profile.id, { ...snapshot, progress: { ...snapshot.progress, phase: 'ended' } });
    parts.notifier.runEnded(run.end(result));
  }

  /** @throws DriftlineError `guard`, before anything was started */
  function startWorker(run: ActiveRun, about: Conducted, answerer: Answerer | null): WorkerRun {
    const { request, profile, host, plan, looked } = about;
    const check = (findings: readonly Finding[]): DriftlineError | null => guardError(findings, request.confirmed);
    const findings = [...looked.findings];
    if (plan !== null) {
      findings.push(...judgeCounts(profile, plan.counts, plan.listingIssues));
      if (plan.identity !== looked.identity) findings.push(MOVED);
    }
    const refusal = check(findings);
    if (refusal !== null) throw refusal;
    if (run.abort.signal.aborted) throw fail('cancelled', 'cancelled', 'The run was cancelled.');

    const job = workerJob(profile, host, home);
    const task: WorkerTask = plan === null ? { kind: 'plan-and-run', job } : { kind: 'run', job, plan: plan.bytes };
    const worker = pool.start(task, {
      onEvents(update) {
        run.update(update.progress, update.issues);
        // Whatever is listed or sent comes after the login.
        const phase = update.progress?.phase ?? 'starting';
        if (phase !== 'starting' && phase !== 'connecting') void answerer?.loggedIn();
      },
      async onAsk(question: WorkerQuestion): Promise<WorkerAnswer> {
        if (question.kind === 'prompt') {
          if (answerer === null) throw fail('internal', 'unexpected-question', 'A local run asked about a server.');
          return { kind: 'prompt', answer: await answerer.answer(question.question) };
        }
        const error = check(judgeCounts(profile, question.counts, question.sourceIssues));
        return { kind: 'judge', verdict: error === null ? { ok: true } : { ok: false, error: error.data } };
      },
    });
    if (request.planId !== null) previews.discard(request.planId);
    return worker;
  }

  function finished(run: ActiveRun, outcome: WorkerOutcome): RunResult {
    if (outcome.kind !== 'ran')
      return stopped(run, fail('internal', 'unexpected-outcome', 'The run ended without a result.').data, null);
    const { runId, startedAt, issueCount } = run.snapshot;
    // Issues of the listing count as well: a tree that was not seen in full was not mirrored in full.
    const issues = Math.max(issueCount, outcome.issueCount);
    const exitCode = outcome.exitCode === 0 && issues > 0 ? 23 : outcome.exitCode;
    return {
      runId,
      outcome: exitCode === 0 ? 'success' : 'partial',
      startedAt,
      endedAt: clock.now(),
      totals: outcome.totals,
      issueCount: issues,
      error: null,
      exitCode,
    };
  }

  function stopped(run: ActiveRun, error: ErrorData, answerer: Answerer | null): RunResult {
    const { runId, startedAt, issueCount } = run.snapshot;
    return {
      runId,
      outcome: outcomeOf(error, answerer),
      startedAt,
      endedAt: clock.now(),
      totals: run.totalsSoFar(),
      issueCount,
      error,
      exitCode: error.exitCode,
    };
  }

  const find = (runId: string): ActiveRun | RunSnapshot => {
    const found = active.get(runId) ?? past.find((each) => each.runId === runId);
    if (found === undefined) throw fail('usage', 'unknown-run', 'There is no such run.');
    return found;
  };

  return {
    start,
    list: () => [...[...active.values()].map((run) => run.snapshot).reverse(), ...[...past].reverse()],
    get(runId) {
      const run = find(runId);
      return run instanceof ActiveRun ? run.snapshot : run;
    },
    cancel(runId) {
      const run = find(runId);
      if (run instanceof ActiveRun) run.abort.abort();
    },
    async ended(runId) {
      const run = find(runId);
      if (run instanceof ActiveRun) return run.ended;
      if (run.result === null) throw fail('internal', 'no-result', 'The run has no result.');
      return run.result;
    },
    isRunning: (profileId) => [...active.values()].some((run) => run.snapshot.profileId === profileId),
    async close() {
      const runs = [...active.values()];
      for (const run of runs) run.abort.abort();
      await Promise.all(runs.map((run) => run.ended));
    },
  };
}

const MOVED: Finding = {
  code: 'destination-moved',
  message: 'The source or destination folder is not the one that was previewed.',
  hint: 'Preview the profile again.',
  confirmable: false,
};

/** Whose fault it was, as people see it: a guard and a question without an answer wait for somebody. */
function outcomeOf(error: ErrorData, answerer: Answerer | null): RunOutcome {
  if (error.kind === 'cancelled') return 'cancelled';
  if (error.kind === 'guard' || error.code === 'source-missing') return 'needs-attention';
  if (answerer?.unanswered && (error.kind === 'host-key' || error.kind === 'auth')) return 'needs-attention';
  return error.kind === 'partial' ? 'partial' : 'failed';
}
