import * as v from 'valibot';
import { Count, Id, PathTextSchema } from './common.ts';

/** What a plan does to one path. */
export const PlanAction = v.picklist(['create', 'update', 'attributes', 'delete']);
export type PlanAction = v.InferOutput<typeof PlanAction>;

export const ItemKind = v.picklist(['file', 'dir', 'link', 'device', 'special']);
export type ItemKind = v.InferOutput<typeof ItemKind>;

/** Why: the first difference that decided it. */
export const PlanReason = v.picklist([
  'missing',
  'size',
  'time',
  'checksum',
  'type',
  'target',
  'permissions',
  'owner',
  'not-in-source',
]);
export type PlanReason = v.InferOutput<typeof PlanReason>;

export const PlanSide = v.strictObject({ size: Count, mtime: v.number() });
export type PlanSide = v.InferOutput<typeof PlanSide>;

export const PlanRow = v.strictObject({
  index: Count,
  path: PathTextSchema,
  kind: ItemKind,
  action: PlanAction,
  reason: PlanReason,
  /** rsync's 11-character itemized string. */
  itemized: v.string(),
  source: v.nullable(PlanSide),
  destination: v.nullable(PlanSide),
});
export type PlanRow = v.InferOutput<typeof PlanRow>;

export const PlanCounts = v.strictObject({
  create: Count,
  update: Count,
  attributes: Count,
  delete: Count,
  unchanged: Count,
  /** Entries on the destination before the run (for the deletion guard). */
  destinationTotal: Count,
  sourceTotal: Count,
  /** Content bytes of the files to create or update. */
  transferSize: Count,
  deleteSize: Count,
});
export type PlanCounts = v.InferOutput<typeof PlanCounts>;

/** What a preview ends with. The rows stay in the service and are paged by `preview.rows`. */
export const PreviewSummary = v.strictObject({
  planId: Id,
  profileId: Id,
  counts: PlanCounts,
  /** Guard findings that a run of this plan must have confirmed, as codes with sentences. */
  warnings: v.array(v.strictObject({ code: v.string(), message: v.string() })),
  issueCount: Count,
});
export type PreviewSummary = v.InferOutput<typeof PreviewSummary>;
