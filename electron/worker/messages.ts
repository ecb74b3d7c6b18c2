import type { ErrorData, Result } from '../../shared/errors.ts';
import type { FilterTrial } from '../../shared/model/filter-trial.ts';
import type { FoundKey, HostAuth, HostTest } from '../../shared/model/host.ts';
import type { PlanCounts } from '../../shared/model/preview.ts';
import type { PromptAnswer, PromptQuestion } from '../../shared/model/prompt.ts';
import type { Issue } from '../../shared/model/issue.ts';
import type { RunItem, RunProgress, RunTotals } from '../../shared/model/run.ts';
import type { ProfileOptions } from '../../shared/model/profile.ts';
import type { PathText } from '../../shared/model/path.ts';
import type { ConfiguredName } from '../engine/transport/ssh-config-hosts.ts';

/** A saved host as a worker needs it. No secrets: those travel by ask/answer. */
export interface WorkerServer {
  id: string;
  address: string;
  port: number;
  user: string;
  auth: HostAuth;
  /** The accepted key, or null: then the worker asks before any credential is used. */
  fingerprint: string | null;
}

export interface WorkerHost extends WorkerServer {
  rsyncPath: string;
  /** Hosts to go through, first to last. */
  jumps: WorkerServer[];
  /** Our own known_hosts file, read (never written) by the worker; the service records what a person accepts. */
  knownHostsFile: PathText;
}

export interface WorkerJob {
  /** Source folders, all on one side; absolute where they are local. */
  sources: PathText[];
  destination: PathText;
  /** The server of the remote side, or null when both sides are local. */
  host: WorkerHost | null;
  direction: 'push' | 'pull';
  contentsOnly: boolean;
  options: ProfileOptions;
  /** KiB a second at most, whatever the profile allows; 0 = no such limit. */
  bwlimit: number;
  /** Folder for the journals of temporary files. */
  journalDir: PathText;
}

export type WorkerTask =
  /** `paths`: folders there whose free space is of interest. */
  | { kind: 'test-host'; host: WorkerHost; paths: PathText[] }
  /** Lists folders as they are asked for by `browse` questions, over one connection. */
  | { kind: 'browse'; host: WorkerHost }
  /** Looks at the person's `.ssh` folder. */
  | { kind: 'find-keys' }
  | { kind: 'read-ssh-config' }
  /** Tells what rules leave out of local folders, given as rsync's arguments. */
  | { kind: 'try-filters'; sources: PathText[]; rules: string[] }
  /** Makes a plan; ends with `planned`. */
  | { kind: 'preview'; job: WorkerJob }
  /**
   * Carries out a plan made before (encoded by shared/plan-codec.ts; transferred, not copied). `ticks` has a byte for
   * each row, 0 for those that are left out; null = every row.
   */
  | { kind: 'run'; job: WorkerJob; plan: Uint8Array; ticks: Uint8Array | null }
  /** Plans, lets the service judge the counts by an ask, then carries out: one connection for both. */
  | {
      kind: 'plan-and-run';
      job: WorkerJob;
      /** Names below the destination to which the plan is restricted, or null for all of it. */
      only: PathText[] | null;
    };

export type ToWorker =
  /** `cancelFlag`: Int32 at 0, set to 1 by the service; hot loops poll it. */
  | { type: 'start'; task: WorkerTask; cancelFlag: SharedArrayBuffer }
  | { type: 'answer'; askId: number; answer: WorkerAnswer }
  | { type: 'cancel' }
  | { type: 'pause' }
  | { type: 'resume' };

export type WorkerQuestion =
  | { kind: 'prompt'; question: PromptQuestion; hostId: string }
  /** What came of the last request (null before the first); which folder next? */
  | { kind: 'browse'; listed: Result<PathText[]> | null }
  /** `plan-and-run` only: may these counts be carried out? The guard decides in the service. */
  | { kind: 'judge'; counts: PlanCounts; sourceIssues: number };

export type WorkerAnswer =
  | { kind: 'prompt'; answer: PromptAnswer }
  /** Null ends the task. */
  | { kind: 'browse'; path: PathText | null }
  /** `refuse` carries the guard's error. */
  | { kind: 'judge'; verdict: { ok: true } | { ok: false; error: ErrorData } };

export type FromWorker =
  | { type: 'ready' }
  | { type: 'events'; progress: RunProgress | null; issues: Issue[]; items: RunItem[]; steps: string[] }
  | { type: 'ask'; askId: number; question: WorkerQuestion }
  | { type: 'done'; outcome: WorkerOutcome }
  | { type: 'failed'; error: ErrorData };

export type WorkerOutcome =
  | { kind: 'tested'; test: HostTest }
  | { kind: 'browsed' }
  | { kind: 'keys'; keys: FoundKey[] }
  | { kind: 'ssh-config'; names: ConfiguredName[] }
  | { kind: 'filters-tried'; trial: FilterTrial }
  /** `deletes`: whether the job asks for the deletions of the plan. `times`: whether it keeps modification times. */
  | { kind: 'planned'; plan: Uint8Array; counts: PlanCounts; sourceIssues: number; deletes: boolean; times: boolean }
  | { kind: 'ran'; totals: RunTotals; issueCount: number; exitCode: number };
