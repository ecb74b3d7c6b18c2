import * as v from 'valibot';
import { Count, Id, PathTextSchema } from './common.ts';
import { GuardFinding } from './guard.ts';
import { Issue } from './issue.ts';

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

export const PlanSide = v.strictObject({
  size: Count,
  /** Seconds since 1970. */
  mtime: v.number(),
  /** `st_mode`, file type included. */
  mode: Count,
  uid: Count,
  gid: Count,
  /** Target of a symbolic link. */
  link: v.nullable(PathTextSchema),
});
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
  /** Whether a run carries it out. */
  ticked: v.boolean(),
  /** Number (from 1) of the profile's filter rule that leaves it out since the preview, or null. */
  excludedBy: v.nullable(Count),
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
  /** Updates whose destination has the later time. */
  replacesNewer: Count,
  /** Entries at the destination that deletion would take but for a filter; not what is inside protected folders. */
  keptByFilter: Count,
});
export type PlanCounts = v.InferOutput<typeof PlanCounts>;

/** What a run of a plan does as it is ticked now. */
export const PlanChoice = v.strictObject({
  /** As in the plan, of the ticked rows alone. */
  counts: PlanCounts,
  /** What a run must have confirmed, by its codes. */
  warnings: v.array(GuardFinding),
});
export type PlanChoice = v.InferOutput<typeof PlanChoice>;

/** Which rows of a plan are shown: of these actions (none = all), with this text in the path. */
export const PlanFilter = v.strictObject({
  actions: v.array(PlanAction),
  search: v.pipe(v.string(), v.maxLength(500)),
});
export type PlanFilter = v.InferOutput<typeof PlanFilter>;

/** Rows to tick or untick. */
export const PlanSelection = v.variant('kind', [
  /** One row; a folder that is made or deleted takes what is in it along. */
  v.strictObject({ kind: v.literal('row'), index: Count }),
  /** A row and everything below its path. */
  v.strictObject({ kind: v.literal('beneath'), index: Count }),
  /** Rows first…last as the filter shows them. */
  v.strictObject({ kind: v.literal('shown'), filter: PlanFilter, first: Count, last: Count }),
]);
export type PlanSelection = v.InferOutput<typeof PlanSelection>;

/** What a new rule of the profile leaves out, seen from one row: itself, its name, its extension, its folder. */
export const ExcludeScope = v.picklist(['item', 'name', 'extension', 'folder']);
export type ExcludeScope = v.InferOutput<typeof ExcludeScope>;

/** What a preview ends with. The rows stay in the service and are paged by `preview.rows`. */
export const PreviewSummary = v.strictObject({
  planId: Id,
  profileId: Id,
  /** Of all rows. */
  counts: PlanCounts,
  choice: PlanChoice,
  /** Whether the profile deletes: otherwise what only the destination has is listed, but not ticked. */
  deletes: v.boolean(),
  /** Entries that could not be listed; while there are any, nothing is deleted. */
  issueCount: Count,
  /** The first of these. */
  issues: v.array(Issue),
});
export type PreviewSummary = v.InferOutput<typeof PreviewSummary>;
