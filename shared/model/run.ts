import * as v from 'valibot';
import { Count, Id, PathTextSchema, Timestamp } from './common.ts';
import type { ErrorData } from '../errors.ts';

export const ErrorDataSchema = v.custom<ErrorData>(
  (value) => typeof value === 'object' && value !== null && 'kind' in value && 'code' in value && 'message' in value,
);

/** Per-item trouble, as shown. */
export const Issue = v.strictObject({
  code: v.string(),
  path: PathTextSchema,
  message: v.string(),
  errno: v.optional(v.string()),
});
export type Issue = v.InferOutput<typeof Issue>;

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
  'starting',
  'connecting',
  'listing',
  'comparing',
  'transferring',
  'deleting',
  'finishing',
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

/** A run as the window sees it, running or ended. */
export const RunSnapshot = v.strictObject({
  runId: Id,
  profileId: Id,
  profileName: v.string(),
  startedAt: Timestamp,
  progress: RunProgress,
  issues: v.array(Issue), // the first 1000; issueCount has the number
  issueCount: Count,
  result: v.nullable(RunResult),
});
export type RunSnapshot = v.InferOutput<typeof RunSnapshot>;
