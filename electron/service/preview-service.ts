import { randomUUID } from 'node:crypto';
import { fail } from '../../shared/errors.ts';
import type { Host } from '../../shared/model/host.ts';
import type { PlanAction, PlanCounts, PlanRow, PreviewSummary } from '../../shared/model/preview.ts';
import type { Profile } from '../../shared/model/profile.ts';
import type { Issue, RunProgress } from '../../shared/model/run.ts';
import type { WorkerPool } from '../worker/pool.ts';
import { createAnswerer } from './answerer.ts';
import type { AnswererParts } from './answerer.ts';
import { guardError, judgeCounts, lookBefore } from './guard.ts';
import type { Home } from './home.ts';
import { PlanRows } from './plan-rows.ts';
import { hostOf, profileHash } from './profile-service.ts';
import type { ProfileService } from './profile-service.ts';
import { workerJob } from './worker-job.ts';

/** A plan as it was shown to a person. */
export interface KeptPlan {
  profileId: string;
  /** Of the profile and host it was made for. */
  hash: string;
  /** Of the local ends, as the guard saw them. */
  identity: string;
  counts: PlanCounts;
  listingIssues: number;
  issues: Issue[];
  bytes: Uint8Array;
  rows: PlanRows;
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
    page: { offset: number; limit: number; actions: PlanAction[]; search: string },
  ): Promise<{ total: number; rows: PlanRow[] }>;
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

export interface PreviewParts extends AnswererParts {
  profiles: ProfileService;
  pool: WorkerPool;
  home: Home;
  attended: boolean;
}

export function createPreviewService(parts: PreviewParts): PreviewService {
  const plans = new Map<string, KeptPlan>();

  const find = (planId: string): KeptPlan => {
    const plan = plans.get(planId);
    if (plan === undefined) {
      throw fail('usage', 'unknown-plan', 'This preview is not kept any more.', { hint: 'Preview the profile again.' });
    }
    return plan;
  };

  return {
    async create(profileId, update, signal, attended = parts.attended) {
      const profile = parts.profiles.get(profileId);
      const host = hostOf(profile, parts.hosts.list());
      const looked = await lookBefore(profile, host);
      const refusal = guardError(
        looked.findings.filter((finding) => !finding.confirmable),
        [],
      );
      if (refusal !== null) throw refusal;

      const answerer = host && createAnswerer(parts, host, attended, signal);
      const issues: Issue[] = [];
      const work = parts.pool.start(
        { kind: 'preview', job: workerJob(profile, host, parts.home) },
        {
          onEvents(events) {
            for (const issue of events.issues) if (issues.length < MAX_ISSUES) issues.push(issue);
            if (events.progress !== null) update(events.progress);
          },
          async onAsk(question) {
            if (question.kind !== 'prompt' || answerer === null)
              throw fail('internal', 'unexpected-question', 'The preview asked something it may not ask.');
            return { kind: 'prompt', answer: await answerer.answer(question.question) };
          },
        },
      );
      const outcome = await cancellable(work, signal);
      // It may have been done before it heard: nobody is there to look at the plan.
      if (signal.aborted) throw fail('cancelled', 'cancelled', 'The preview was cancelled.');
      if (outcome.kind !== 'planned') throw fail('internal', 'unexpected-outcome', 'The preview ended without a plan.');
      await answerer?.loggedIn();

      const { counts, plan, sourceIssues } = outcome;
      const findings = [...looked.findings, ...judgeCounts(profile, counts, sourceIssues)];
      const stop = guardError(
        findings.filter((finding) => !finding.confirmable),
        [],
      );
      if (stop !== null) throw stop;
      const planId = randomUUID();
      plans.set(planId, {
        profileId,
        hash: profileHash(profile, host),
        identity: looked.identity,
        counts,
        listingIssues: sourceIssues,
        issues,
        bytes: plan,
        rows: new PlanRows(plan, profile.destination.kind === 'host'),
      });
      for (const oldest of [...plans.keys()].slice(0, -KEEP_PLANS)) plans.delete(oldest);
      const warnings = new Map(findings.map(({ code, message }) => [code, { code, message }]));
      return { planId, profileId, counts, warnings: [...warnings.values()], issueCount: sourceIssues };
    },

    async rows(planId, { offset, limit, actions, search }) {
      return find(planId).rows.page(offset, limit, actions, search);
    },

    discard(planId) {
      plans.delete(planId);
    },

    planFor(planId, profile, host) {
      const plan = find(planId);
      if (plan.profileId !== profile.id || plan.hash !== profileHash(profile, host)) {
        throw fail('usage', 'plan-stale', 'The profile or its host was changed after this preview.', {
          hint: 'Preview it again.',
        });
      }
      return plan;
    },
  };
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
