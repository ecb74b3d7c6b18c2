import { toErrorData } from '../../shared/errors.ts';
import type { RunSnapshot } from '../../shared/model/run.ts';
import type { ProfileService } from './profile-service.ts';
import { openRunHistory } from './run-history.ts';

const KEEP_RUNS = 100;
/** Shorter runs say nothing about how fast a profile is. */
const TELLING_BYTES = 1_000_000;

/** Runs that have ended. */
export interface RunRecords {
  /** Oldest first. */
  readonly all: readonly RunSnapshot[];
  find(runId: string): RunSnapshot | null;
  /** Keeps a result wherever it belongs. A full disk must not turn a good run into a failed one: never rejects. */
  add(snapshot: RunSnapshot): Promise<void>;
  /** Bytes of content a second in the last telling run of the profile, or null. */
  rateOf(profileId: string): number | null;
}

/** @param file one JSON object a line */
export function createRunRecords(
  file: string,
  profiles: ProfileService,
  notice: (message: string) => void,
): RunRecords {
  const history = openRunHistory(file);
  let past: RunSnapshot[] = [];
  try {
    past = history.load(KEEP_RUNS);
  } catch (error) {
    notice(`The list of past runs cannot be read: ${toErrorData(error).message}`);
  }

  return {
    get all() {
      return past;
    },
    find: (runId) => past.find((each) => each.runId === runId) ?? null,
    async add(snapshot) {
      past = [...past, snapshot].slice(-KEEP_RUNS);
      try {
        history.append(snapshot);
        if (snapshot.result !== null) await profiles.setLastRun(snapshot.profileId, snapshot.result);
      } catch (error) {
        notice(`The result of “${snapshot.profileName}” could not be saved: ${toErrorData(error).message}`);
      }
    },
    rateOf(profileId) {
      const last = past.findLast(
        ({ profileId: id, result }) =>
          id === profileId && result?.outcome === 'success' && result.totals.transferredSize >= TELLING_BYTES,
      )?.result;
      return last ? (last.totals.transferredSize * 1000) / Math.max(1, last.endedAt - last.startedAt) : null;
    },
  };
}
