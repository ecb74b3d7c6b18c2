import { randomUUID } from 'node:crypto';
import { DriftlineError, fail, toErrorData } from '../../shared/errors.ts';
import type { ErrorData } from '../../shared/errors.ts';
import type { GuardFinding } from '../../shared/model/guard.ts';
import type { Host } from '../../shared/model/host.ts';
import type { PathText } from '../../shared/model/path.ts';
import type { PlanAction, PlanCounts } from '../../shared/model/preview.ts';
import type { Profile } from '../../shared/model/profile.ts';
import { bandwidthAt } from '../../shared/model/settings.ts';
import type { RunItem, RunOutcome, RunResult, RunSnapshot } from '../../shared/model/run.ts';
import type { WorkerOutcome, WorkerQuestion, WorkerAnswer, WorkerTask } from '../worker/messages.ts';
import type { WorkerPool, WorkerRun } from '../worker/pool.ts';
import { ActiveRun } from './active-run.ts';
import { createAnswerer } from './answerer.ts';
import type { Answerer, AnswererParts } from './answerer.ts';
import type { EventHub } from './events.ts';
import { finding, guardError } from './guard/finding.ts';
import type { Guard } from './guard/guard.ts';
import type { Looked } from './guard/look-before.ts';
import type { Home } from './home.ts';
import type { Clock, Notifier } from './ports.ts';
import { cancellable } from './preview-service.ts';
import type { KeptPlan, PreviewService } from './preview-service.ts';
import { hostOf } from './profile-service.ts';
import type { ProfileService } from './profile-service.ts';
import type { RunItems } from './run-items.ts';
import { createRunLocks } from './run-locks.ts';
import type { RunHolder, RunNote } from './run-locks.ts';
import { createRunRecords } from './run-records.ts';
import { RunSlots } from './run-slots.ts';
import type { HeldLock } from './store/process-lock.ts';
import type { SettingsService } from './settings-service.ts';
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
  /**
   * Holds a run between two tokens with its connection kept; after ten minutes it ends as cancelled.
   * @throws DriftlineError `usage`: `unknown-run`, `not-going-on` for one that has ended or waits for its turn
   */
  pause(runId: string): void;
  /** @throws DriftlineError `usage`: `unknown-run`, `not-going-on` */
  resume(runId: string): void;
  /**
   * Starts a run of just the items that an ended one had issues with, planned anew; of everything where it had more
   * issues than are kept, or one that names no item.
   * @throws DriftlineError `usage`: `unknown-run`, `going-on`, and those of `start`
   */
  retry(runId: string): Promise<{ runId: string }>;
  /** The changes a run has made; none for a run that is no longer remembered. @throws DriftlineError `usage`/`unknown-run` */
  items(
    runId: string,
    page: { offset: number; limit: number; actions: PlanAction[]; search: string },
  ): { total: number; rows: RunItem[] };
  /** How a run ends. @throws DriftlineError `usage`/`unknown-run` */
  ended(runId: string): Promise<RunResult>;
  /** Whether a run of the profile goes on, in this process or another. */
  isRunning(profileId: string): boolean;
  /** Runs that go on in any process on the same home folder. */
  everywhere(): RunHolder[];
  /** Cancels all runs and waits for their ends. */
  close(): Promise<void>;
}

export interface RunParts extends AnswererParts {
  profiles: ProfileService;
  settings: SettingsService;
  previews: PreviewService;
  pool: WorkerPool;
  guard: Guard;
  home: Home;
  events: EventHub;
  clock: Clock;
  notifier: Notifier;
  attended: boolean;
}

/** A connection is not kept longer than this for a run that is paused, in milliseconds. */
const PAUSE_MS = 600_000;
/** Ended runs whose items are still there to look at. */
const KEEP_ITEMS = 5;
/** Issues of an ended run that the list of runs carries; `get` has all that are kept. */
const LIST_ISSUES = 20;

export function createRunService(parts: RunParts): RunService {
  const { profiles, previews, pool, home, events, clock, settings } = parts;
  const records = createRunRecords(home.runLog, profiles, parts.notice);
  const slots = new RunSlots(() => settings.get().parallelRuns);
  settings.onChange(() => slots.admit());
  const workers = new Map<string, { worker: WorkerRun; stopTimer: () => void }>();
  const items = new Map<string, RunItems>();
  const active = new Map<string, ActiveRun>();
  const locks = createRunLocks(home.locks, interrupted);
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
    void records.add(run.end(result));
    parts.notice(`The run of “${note.profileName}” was interrupted.`);
  }

  const start = (request: StartRun, attended = parts.attended): Promise<{ runId: string }> =>
    launch(request, attended, null);

  async function launch(request: StartRun, attended: boolean, only: PathText[] | null): Promise<{ runId: string }> {
    const profile = profiles.get(request.profileId);
    const host = hostOf(profile, parts.hosts.list());
    const plan = request.planId === null ? null : previews.planFor(request.planId, profile, host);
    const looked = await parts.guard.look(profile, host);
    const note: RunNote = {
      runId: randomUUID(),
      profileId: profile.id,
      profileName: profile.name,
      startedAt: clock.now(),
    };
    const held = locks.take(note, looked.destinationKey);
    const tell = (snapshot: RunSnapshot): void => events.emit('event.run', snapshot);
    const run = new ActiveRun(note, clock, tell, records.rateOf(profile.id));
    active.set(note.runId, run);
    void conduct(run, { request, profile, host, plan, looked, counts: plan?.counts ?? null, attended, held, only });
    return { runId: note.runId };
  }

  interface Conducted {
    request: StartRun;
    profile: Profile;
    host: Host | null;
    plan: KeptPlan | null;
    looked: Looked;
    /** Of what is carried out; null until it is planned. */
    counts: PlanCounts | null;
    attended: boolean;
    held: HeldLock[];
    only: PathText[] | null;
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
    let giveBack: () => void = () => undefined;
    let result: RunResult;
    try {
      // Before anything is told of it: it never seems to have started.
      if (slots.full) run.hold('queued');
      run.update({ issues: about.plan?.issues ?? [] });
      giveBack = await slots.take(run.abort.signal);
      if (run.held === 'queued') {
        run.hold(null);
        // It may have waited for hours.
        about.looked = await parts.guard.look(profile, host);
      }
      worker = startWorker(run, about, answerer);
      workers.set(run.snapshot.runId, { worker, stopTimer: () => undefined });
      const outcome = await cancellable(worker, run.abort.signal);
      await answerer?.loggedIn();
      result = finished(run, outcome);
      await remember(about);
    } catch (error) {
      const { aborted, reason } = run.abort.signal as AbortSignal & { reason: unknown };
      result = stopped(run, toErrorData(aborted && reason instanceof DriftlineError ? reason : error), answerer);
    }
    // A thread stuck in the kernel may still write: the locks and its place stay until it is gone, though the run has ended.
    const leave = (): void => {
      releaseLocks();
      giveBack();
    };
    if (worker === null) leave();
    else void worker.exited.then(leave);
    const { runId } = run.snapshot;
    workers.get(runId)?.stopTimer();
    workers.delete(runId);
    active.delete(runId);
    items.set(runId, run.items);
    for (const oldest of [...items.keys()].slice(0, -KEEP_ITEMS)) items.delete(oldest);
    // Recorded before it is announced: who hears of the end finds the result in the profile.
    const snapshot = { ...run.snapshot, result, issueCount: result.issueCount };
    await records.add({ ...snapshot, progress: { ...snapshot.progress, phase: 'ended' } });
    parts.notifier.runEnded(run.end(result));
  }

  /** The next run is compared with where this one found its ends. */
  async function remember({ profile, looked, counts }: Conducted): Promise<void> {
    try {
      if (counts !== null) await parts.guard.remember(profile, looked, counts);
    } catch (error) {
      parts.notice(`What was seen of “${profile.name}” could not be saved: ${toErrorData(error).message}`);
    }
  }

  /** @throws DriftlineError `guard`, before anything was started */
  function startWorker(run: ActiveRun, about: Conducted, answerer: Answerer | null): WorkerRun {
    const { request, profile, host, plan, looked } = about;
    const check = (findings: readonly GuardFinding[]): DriftlineError | null => guardError(findings, request.confirmed);
    const findings = [...looked.findings];
    if (plan !== null) {
      findings.push(...parts.guard.judge(profile, looked, plan.counts, plan.listingIssues));
      if (plan.looked.identity !== looked.identity) findings.push(MOVED);
    }
    const refusal = check(findings);
    if (refusal !== null) throw refusal;
    if (run.abort.signal.aborted) throw fail('cancelled', 'cancelled', 'The run was cancelled.');

    const bwlimit = bandwidthAt(settings.get().bandwidth, new Date(clock.now()));
    const job = workerJob(profile, host, parts.hosts.list(), home, bwlimit);
    const task: WorkerTask =
      plan === null
        ? { kind: 'plan-and-run', job, only: about.only }
        : { kind: 'run', job, plan: plan.bytes, ticks: plan.ticks };
    const worker = pool.start(task, {
      onEvents(update) {
        run.update(update);
        // Whatever is listed or sent comes after the login.
        const phase = update.progress?.phase ?? 'starting';
        if (phase !== 'starting' && phase !== 'connecting') void answerer?.loggedIn();
      },
      async onAsk(question: WorkerQuestion): Promise<WorkerAnswer> {
        if (question.kind === 'prompt') {
          if (answerer === null) throw fail('internal', 'unexpected-question', 'A local run asked about a server.');
          return { kind: 'prompt', answer: await answerer.answer(question.question, question.hostId) };
        }
        if (question.kind !== 'judge') throw fail('internal', 'unexpected-question', 'A run asked for a folder.');
        about.counts = question.counts;
        // Listing takes time: whatever stands there now is what would be changed.
        const now = await parts.guard.look(profile, host);
        const moved = now.identity === looked.identity ? [] : [MOVED];
        const judged = parts.guard.judge(profile, looked, question.counts, question.sourceIssues);
        const error = check([...moved, ...now.findings, ...judged]);
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
    const found = active.get(runId) ?? records.find(runId);
    if (found === null) throw fail('usage', 'unknown-run', 'There is no such run.');
    return found;
  };

  const goingOn = (runId: string): { run: ActiveRun; going: { worker: WorkerRun; stopTimer: () => void } } => {
    const run = find(runId);
    const going = workers.get(runId);
    if (!(run instanceof ActiveRun) || going === undefined)
      throw fail('usage', 'not-going-on', 'The run has ended, or waits for its turn.');
    return { run, going };
  };

  return {
    start,
    list: () => [
      ...[...active.values()].map((run) => run.snapshot).reverse(),
      ...records.all.map((run) => ({ ...run, issues: run.issues.slice(0, LIST_ISSUES) })).reverse(),
    ],
    get(runId) {
      const run = find(runId);
      return run instanceof ActiveRun ? run.snapshot : run;
    },
    cancel(runId) {
      const run = find(runId);
      if (run instanceof ActiveRun) run.abort.abort();
    },
    pause(runId) {
      const { run, going } = goingOn(runId);
      if (run.held === 'paused') return;
      going.worker.pause();
      run.hold('paused');
      going.stopTimer = clock.timer(PAUSE_MS, () => run.abort.abort(PAUSED_TOO_LONG));
    },
    resume(runId) {
      const { run, going } = goingOn(runId);
      if (run.held !== 'paused') return;
      going.stopTimer();
      going.worker.resume();
      run.hold(null);
    },
    async retry(runId) {
      const run = find(runId);
      if (run instanceof ActiveRun) throw fail('usage', 'going-on', 'The run has not ended yet.');
      const { profileId, issues, issueCount } = run;
      const named = issues.map(({ path }) => path).filter((path) => path !== '' && path !== '.');
      const only = named.length > 0 && named.length === issueCount ? named : null;
      return launch({ profileId, planId: null, confirmed: [] }, parts.attended, only);
    },
    items(runId, { offset, limit, actions, search }) {
      const run = find(runId);
      const kept = run instanceof ActiveRun ? run.items : items.get(runId);
      return kept?.page(offset, limit, actions, search) ?? { total: 0, rows: [] };
    },
    async ended(runId) {
      const run = find(runId);
      if (run instanceof ActiveRun) return run.ended;
      if (run.result === null) throw fail('internal', 'no-result', 'The run has no result.');
      return run.result;
    },
    isRunning: (profileId) =>
      [...active.values()].some((run) => run.snapshot.profileId === profileId) ||
      // Our own locks outlive the run until its thread is gone.
      locks.running().some((run) => run.profileId === profileId && run.pid !== process.pid),
    everywhere: () => locks.running(),
    async close() {
      const runs = [...active.values()];
      for (const run of runs) run.abort.abort();
      await Promise.all(runs.map((run) => run.ended));
    },
  };
}

const PAUSED_TOO_LONG = fail(
  'cancelled',
  'paused-too-long',
  'The run was paused for ten minutes, so its connection was closed.',
  { hint: 'What was finished stays. Run it again for the rest.' },
);

const MOVED = finding(
  'destination-moved',
  'Another folder has taken the place of the source or of the destination since they were listed.',
  'Preview the profile again.',
);

/** Whose fault it was, as people see it: a guard and a question without an answer wait for somebody. */
function outcomeOf(error: ErrorData, answerer: Answerer | null): RunOutcome {
  if (error.kind === 'cancelled') return 'cancelled';
  if (error.kind === 'guard' || error.code === 'source-missing') return 'needs-attention';
  if (answerer?.unanswered && (error.kind === 'host-key' || error.kind === 'auth')) return 'needs-attention';
  return error.kind === 'partial' ? 'partial' : 'failed';
}
