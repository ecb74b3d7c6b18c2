import * as v from 'valibot';
import { Count, Id, PathTextSchema, Timestamp } from './common.ts';
import { Issue } from './issue.ts';
import { PlanAction } from './preview.ts';
import type { ErrorData } from '../errors.ts';

export const ErrorDataSchema = v.custom<ErrorData>(
  (value) => typeof value === 'object' && value !== null && 'kind' in value && 'code' in value && 'message' in value,
);

/** Exact totals of a run, bytes and counts. */
export const RunTotals = v.strictObject({
  filesTotal: Count,
  filesTransferred: Count,
  created: Count,
  deleted: Count,
  totalSize: Count,
  transferredSize: Count,
  literal: Count,
  matched: Count,
  sent: Count,
  received: Count,
});
export type RunTotals = v.InferOutput<typeof RunTotals>;

/** `needs-attention`: a guard or an unanswered question stopped it; nothing was changed. */
export const RunOutcome = v.picklist(['success', 'partial', 'failed', 'cancelled', 'needs-attention', 'interrupted']);
export type RunOutcome = v.InferOutput<typeof RunOutcome>;

/** A finished run. */
export const RunResult = v.strictObject({
  runId: Id,
  outcome: RunOutcome,
  startedAt: Timestamp,
  endedAt: Timestamp,
  totals: RunTotals,
  issueCount: Count,
  /** Present unless the outcome is success or partial. */
  error: v.nullable(ErrorDataSchema),
  exitCode: v.pipe(v.number(), v.integer()),
});
export type RunResult = v.InferOutput<typeof RunResult>;

export const RunPhase = v.picklist([
  /** Waits for its turn: as many runs go on as the settings allow. */
  'queued',
  'starting',
  'connecting',
  'listing',
  'comparing',
  'transferring',
  'deleting',
  'finishing',
  /** A person paused it; the connection is kept. */
  'paused',
  'ended',
]);
export type RunPhase = v.InferOutput<typeof RunPhase>;

/** Coalesced progress (≤ 10 Hz). All byte figures are absolute. */
export const RunProgress = v.strictObject({
  phase: RunPhase,
  name: PathTextSchema,
  filesDone: Count,
  filesTotal: Count,
  bytesDone: Count,
  bytesTotal: Count,
  listComplete: v.boolean(),
  literal: Count,
  matched: Count,
  sent: Count,
  received: Count,
  /** Bytes of content handled per second over the last few seconds. */
  rate: v.number(),
  /** Seconds left by the present rate, or null while unknown. */
  etaSeconds: v.nullable(v.number()),
});
export type RunProgress = v.InferOutput<typeof RunProgress>;

/** One change a run has made. */
export const RunItem = v.strictObject({
  path: PathTextSchema,
  action: PlanAction,
  /** rsync's itemized string. */
  itemized: v.string(),
  /** Bytes; 0 for what is not a file, and for deletions. */
  size: Count,
});
export type RunItem = v.InferOutput<typeof RunItem>;

/** A run as the window sees it, running or ended. */
export const RunSnapshot = v.strictObject({
  runId: Id,
  profileId: Id,
  profileName: v.string(),
  startedAt: Timestamp,
  progress: RunProgress,
  issues: v.array(Issue), // the first 1000; issueCount has the number
  issueCount: Count,
  /** How many items it has changed; `runs.items` has the first of them while the run is remembered. */
  itemCount: Count,
  result: v.nullable(RunResult),
});
export type RunSnapshot = v.InferOutput<typeof RunSnapshot>;
