import type { ErrorData } from '../../shared/errors.ts';
import type { HostTest } from '../../shared/model/host.ts';
import type { PlanCounts } from '../../shared/model/preview.ts';
import type { PromptAnswer, PromptQuestion } from '../../shared/model/prompt.ts';
import type { Issue, RunProgress, RunTotals } from '../../shared/model/run.ts';
import type { ProfileOptions } from '../../shared/model/profile.ts';
import type { HostAuth } from '../../shared/model/host.ts';
import type { PathText } from '../../shared/model/path.ts';

/** A server as a worker needs it. No secrets: those travel by ask/answer. */
export interface WorkerHost {
  address: string;
  port: number;
  user: string;
  auth: HostAuth;
  rsyncPath: string;
  /** The accepted key, or null: then the worker asks before any credential is used. */
  fingerprint: string | null;
  /** Our own known_hosts file, read (never written) by the worker; the service records what a person accepts. */
  knownHostsFile: PathText;
}

export interface WorkerJob {
  /** Local end; absolute. */
  localPath: PathText;
  /** Remote end, or the second local folder when `host` is null. */
  otherPath: PathText;
  host: WorkerHost | null;
  direction: 'push' | 'pull';
  contentsOnly: boolean;
  options: ProfileOptions;
  /** Folder for the journals of temporary files. */
  journalDir: PathText;
}

export type WorkerTask =
  | { kind: 'test-host'; host: WorkerHost }
  /** Makes a plan; ends with `planned`. */
  | { kind: 'preview'; job: WorkerJob }
  /** Carries out a plan made before (encoded by shared/plan-codec.ts; transferred, not copied). */
  | { kind: 'run'; job: WorkerJob; plan: Uint8Array }
  /** Plans, lets the service judge the counts by an ask, then carries out: one connection for both. */
  | { kind: 'plan-and-run'; job: WorkerJob };

export type ToWorker =
  /** `cancelFlag`: Int32 at 0, set to 1 by the service; hot loops poll it. */
  | { type: 'start'; task: WorkerTask; cancelFlag: SharedArrayBuffer }
  | { type: 'answer'; askId: number; answer: WorkerAnswer }
  | { type: 'cancel' };

export type WorkerQuestion =
  | { kind: 'prompt'; question: PromptQuestion }
  /** `plan-and-run` only: may these counts be carried out? The guard decides in the service. */
  | { kind: 'judge'; counts: PlanCounts; sourceIssues: number };

export type WorkerAnswer =
  | { kind: 'prompt'; answer: PromptAnswer }
  /** `refuse` carries the guard's error. */
  | { kind: 'judge'; verdict: { ok: true } | { ok: false; error: ErrorData } };

export type FromWorker =
  | { type: 'ready' }
  | { type: 'events'; progress: RunProgress | null; issues: Issue[]; steps: string[] }
  | { type: 'ask'; askId: number; question: WorkerQuestion }
  | { type: 'done'; outcome: WorkerOutcome }
  | { type: 'failed'; error: ErrorData };

export type WorkerOutcome =
  | { kind: 'tested'; test: HostTest }
  | { kind: 'planned'; plan: Uint8Array; counts: PlanCounts; sourceIssues: number }
  | { kind: 'ran'; totals: RunTotals; issueCount: number; exitCode: number };
