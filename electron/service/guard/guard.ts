import type { GuardFinding } from '../../../shared/model/guard.ts';
import type { Host } from '../../../shared/model/host.ts';
import type { PlanCounts } from '../../../shared/model/preview.ts';
import type { Profile } from '../../../shared/model/profile.ts';
import { ownFolders } from './ends.ts';
import { judgeCounts } from './judge-counts.ts';
import { lookBefore } from './look-before.ts';
import type { Looked } from './look-before.ts';
import { createSeenStore, lookAfter } from './seen.ts';

/** Stands before every run and preview: what it has against one is a list of findings, never a silent change of plan. */
export interface Guard {
  /** Before anything is connected or listed. */
  look(profile: Profile, host: Host | null): Promise<Looked>;
  /** After planning, before the first change. `looked` as it was when the plan was made. */
  judge(
    profile: Profile,
    looked: { destinationKey: string },
    counts: PlanCounts,
    listingIssues: number,
  ): GuardFinding[];
  /** After a good run. @throws the system's error */
  remember(profile: Profile, looked: { destinationKey: string }, counts: PlanCounts): Promise<void>;
  /** The profile is gone. */
  forget(profileId: string): void;
}

/** @param folder for what `remember` keeps */
export function createGuard(folder: string): Guard {
  const store = createSeenStore(folder);
  return {
    look(profile, host) {
      return lookBefore(profile, host, store.of(profile.id));
    },
    judge(profile, { destinationKey }, counts, listingIssues) {
      const seen = store.of(profile.id);
      return judgeCounts(profile, counts, listingIssues, seen?.destinationKey === destinationKey ? seen : null);
    },
    async remember(profile, { destinationKey }, counts) {
      const entries = Math.max(counts.sourceTotal, counts.destinationTotal - counts.delete) - ownFolders(profile);
      store.keep(profile.id, await lookAfter(profile, destinationKey, Math.max(0, entries)));
    },
    forget: (profileId) => store.forget(profileId),
  };
}
