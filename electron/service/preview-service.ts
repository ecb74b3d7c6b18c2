import { randomUUID } from 'node:crypto';
import { fail } from '../../shared/errors.ts';
import type { Host } from '../../shared/model/host.ts';
import { exclusionFor } from '../../shared/exclude-rule.ts';
import type {
  ExcludeScope,
  PlanChoice,
  PlanCounts,
  PlanFilter,
  PlanRow,
  PlanSelection,
  PreviewSummary,
} from '../../shared/model/preview.ts';
import type { Profile } from '../../shared/model/profile.ts';
import type { Issue } from '../../shared/model/issue.ts';
import type { RunProgress } from '../../shared/model/run.ts';
import type { WorkerPool } from '../worker/pool.ts';
import { createAnswerer } from './answerer.ts';
import type { AnswererParts } from './answerer.ts';
import { guardError } from './guard/finding.ts';
import type { Guard } from './guard/guard.ts';
import type { Looked } from './guard/look-before.ts';
import type { Home } from './home.ts';
import { PlanReader } from '../../shared/plan-codec.ts';
import { latin1, PlanRows } from './plan-rows.ts';
import { PlanTicks } from './plan-ticks.ts';
import { hostOf, profileHash } from './profile-service.ts';
import type { ProfileService } from './profile-service.ts';
import { workerJob } from './worker-job.ts';

/** A plan as it was shown to a person. */
export interface KeptPlan {
  profileId: string;
  /** Of the profile and host it was made for. */
  hash: string;
  /** The ends, as the guard saw them. */
  looked: Looked;
  /** What the ticked rows do. */
  readonly counts: PlanCounts;
  listingIssues: number;
  issues: Issue[];
  bytes: Uint8Array;
  /** A byte for each row, 0 for those that are left out. */
  ticks: Uint8Array;
}

interface OpenPlan extends KeptPlan {
  rows: PlanRows;
  choose: PlanTicks;
}

export interface PreviewService {
  /**
   * Lists, compares and keeps the plan. Changes nothing.
   * @throws DriftlineError `guard` when no confirmation could allow a run; else what stopped the worker
   */
  create(
    profileId: string,
    update: (progress: RunProgress) => void,
    signal: AbortSignal,
    attended?: boolean,
  ): Promise<PreviewSummary>;
  /** @throws DriftlineError `usage`/`unknown-plan` */
  rows(
    planId: string,
    page: PlanFilter & { offset: number; limit: number },
  ): Promise<{ total: number; ticked: number; rows: PlanRow[] }>;
  /** Ticks or unticks rows. @throws DriftlineError `usage`: `unknown-plan`, `unknown-row` */
  tick(planId: string, selection: PlanSelection, ticked: boolean): Promise<PlanChoice>;
  /**
   * Adds a filter rule made from a row to the profile, in front of the others, and leaves its rows out of the plan.
   * @throws DriftlineError `usage`: `unknown-plan`, `unknown-row`, `plan-stale`, `nothing-to-exclude`
   */
  exclude(
    planId: string,
    index: number,
    scope: ExcludeScope,
  ): Promise<{ rule: string; rows: number; choice: PlanChoice }>;
  discard(planId: string): void;
  /**
   * The plan, if it was made for exactly this profile and host.
   * @throws DriftlineError `usage`: `unknown-plan`, `plan-stale`
   */
  planFor(planId: string, profile: Profile, host: Host | null): KeptPlan;
}

/** Plans kept at once; a plan of a million rows takes about 100 MB. */
const KEEP_PLANS = 3;
const MAX_ISSUES = 1000;
/** Of these, as many go to the screen. */
const SHOWN_ISSUES = 100;

export interface PreviewParts extends AnswererParts {
  profiles: ProfileService;
  pool: WorkerPool;
  guard: Guard;
  home: Home;
  attended: boolean;
}

export function createPreviewService(parts: PreviewParts): PreviewService {
  const plans = new Map<string, OpenPlan>();

  const find = (planId: string): OpenPlan => {
    const plan = plans.get(planId);
    if (plan === undefined) {
      throw fail('usage', 'unknown-plan', 'This preview is not kept any more.', { hint: 'Preview the profile again.' });
    }
    return plan;
  };

  function planFor(planId: string, profile: Profile, host: Host | null): OpenPlan {
    const plan = find(planId);
    if (plan.profileId !== profile.id || plan.hash !== profileHash(profile, host)) {
      throw fail('usage', 'plan-stale', 'The profile or its host was changed after this preview.', {
        hint: 'Preview it again.',
      });
    }
    return plan;
  }

  function choiceOf(plan: OpenPlan): PlanChoice {
    const profile = parts.profiles.get(plan.profileId);
    const { counts, listingIssues } = plan;
    const findings = [...plan.looked.findings, ...parts.guard.judge(profile, plan.looked, counts, listingIssues)];
    const warnings = new Map(findings.map((finding) => [finding.code, finding]));
    return { counts, warnings: [...warnings.values()] };
  }

  return {
    async create(profileId, update, signal, attended = parts.attended) {
      const profile = parts.profiles.get(profileId);
      const host = hostOf(profile, parts.hosts.list());
      const looked = await parts.guard.look(profile, host);
      const refusal = guardError(
        looked.findings.filter((finding) => !finding.confirmable),
        [],
      );
      if (refusal !== null) throw refusal;

      const answerer = host && createAnswerer(parts, host, attended, signal);
      const issues: Issue[] = [];
      const work = parts.pool.start(
        { kind: 'preview', job: workerJob(profile, host, parts.hosts.list(), parts.home) },
        {
          onEvents(events) {
            for (const issue of events.issues) if (issues.length < MAX_ISSUES) issues.push(issue);
            if (events.progress !== null) update(events.progress);
          },
          async onAsk(question) {
            if (question.kind !== 'prompt' || answerer === null)
              throw fail('internal', 'unexpected-question', 'The preview asked something it may not ask.');
            return { kind: 'prompt', answer: await answerer.answer(question.question, question.hostId) };
          },
        },
      );
      const outcome = await cancellable(work, signal);
      // It may have been done before it heard: nobody is there to look at the plan.
      if (signal.aborted) throw fail('cancelled', 'cancelled', 'The preview was cancelled.');
      if (outcome.kind !== 'planned') throw fail('internal', 'unexpected-outcome', 'The preview ended without a plan.');
      await answerer?.loggedIn();

      const { counts, plan, sourceIssues, deletes, times } = outcome;
      const planId = randomUUID();
      const reader = new PlanReader(plan);
      const choose = await PlanTicks.of(reader, deletes);
      const kept: OpenPlan = {
        profileId,
        hash: profileHash(profile, host),
        looked,
        get counts() {
          return choose.counts(counts);
        },
        listingIssues: sourceIssues,
        issues,
        bytes: plan,
        ticks: choose.bytes,
        rows: new PlanRows(reader, choose, { push: profile.destination.kind === 'host', times }),
        choose,
      };
      plans.set(planId, kept);
      for (const oldest of [...plans.keys()].slice(0, -KEEP_PLANS)) plans.delete(oldest);
      const stop = guardError(
        parts.guard.judge(profile, looked, kept.counts, sourceIssues).filter((finding) => !finding.confirmable),
        [],
      );
      if (stop !== null) {
        plans.delete(planId);
        throw stop;
      }
      return {
        ...{ planId, profileId, counts, deletes, choice: choiceOf(kept), issueCount: sourceIssues },
        issues: issues.slice(0, SHOWN_ISSUES),
      };
    },

    async rows(planId, { offset, limit, ...filter }) {
      return find(planId).rows.page(offset, limit, filter);
    },

    async tick(planId, selection, ticked) {
      const plan = find(planId);
      if (selection.kind !== 'shown') rowOf(plan, selection.index);
      await plan.choose.set(() => plan.rows.select(selection), ticked);
      return choiceOf(plan);
    },

    async exclude(planId, index, scope) {
      const row = rowOf(find(planId), index);
      const profile = parts.profiles.get(find(planId).profileId);
      const host = hostOf(profile, parts.hosts.list());
      const plan = planFor(planId, profile, host);
      const exclusion = exclusionFor(row, scope);
      if (exclusion === null) throw fail('usage', 'nothing-to-exclude', 'There is no rule that this row could give.');
      const { id, createdAt: _made, lastRun: _run, ...draft } = profile;
      const rule = `- ${exclusion.pattern}`;
      draft.options = { ...draft.options, filters: [rule, ...draft.options.filters] };
      const changed = await parts.profiles.update(id, draft);
      const rows = await plan.rows.matching((_, bytes) => exclusion.matches(latin1(bytes)));
      await plan.choose.exclude(rows, 1);
      plan.hash = profileHash(changed, host);
      return { rule, rows: rows.length, choice: choiceOf(plan) };
    },

    discard(planId) {
      plans.delete(planId);
    },

    planFor,
  };
}

/** @throws DriftlineError `usage`/`unknown-row` */
function rowOf(plan: OpenPlan, index: number): PlanRow {
  if (index >= plan.ticks.length) throw fail('usage', 'unknown-row', 'The plan has no such row.');
  return plan.rows.row(index);
}

/** The outcome of work that ends when the signal says so. */
export async function cancellable<T>(work: { outcome: Promise<T>; cancel(): void }, signal: AbortSignal): Promise<T> {
  const cancel = (): void => work.cancel();
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel);
  try {
    return await work.outcome;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
