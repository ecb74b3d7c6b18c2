import * as v from 'valibot';
import { Id, Name, PathTextSchema, Timestamp } from './common.ts';
import { RunResult } from './run.ts';

/** One end of a profile: a local folder, or a folder on a saved host. */
export const Endpoint = v.variant('kind', [
  v.strictObject({ kind: v.literal('local'), path: PathTextSchema }),
  v.strictObject({ kind: v.literal('host'), hostId: Id, path: PathTextSchema }),
]);
export type Endpoint = v.InferOutput<typeof Endpoint>;

/** The choices of a profile; each maps to one rsync option of the engine's TransferOptions. */
export const ProfileOptions = v.strictObject({
  /** `--delete`: remove what the source no longer has. */
  delete: v.boolean(),
  /** `-c`: compare by checksum instead of size and time. */
  checksum: v.boolean(),
  /** `-u`: keep files that are newer on the destination. */
  update: v.boolean(),
  /** `--numeric-ids`. */
  numericIds: v.boolean(),
  /** `--exclude` patterns, in order. */
  excludes: v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(4000))), v.maxLength(1000)),
  /** Seconds without a byte from the peer before the run fails; 0 = never. */
  timeout: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(86400)),
});
export type ProfileOptions = v.InferOutput<typeof ProfileOptions>;

export const DEFAULT_PROFILE_OPTIONS: ProfileOptions = {
  delete: false,
  checksum: false,
  update: false,
  numericIds: false,
  excludes: [],
  timeout: 60,
};

const fields = {
  name: Name,
  source: Endpoint,
  destination: Endpoint,
  /** True: only the folder's contents (a trailing slash in rsync's words); false: the folder itself. */
  contentsOnly: v.boolean(),
  options: ProfileOptions,
};

export const ProfileDraft = v.strictObject(fields);
export type ProfileDraft = v.InferOutput<typeof ProfileDraft>;

/** A saved profile. Exactly one end may be on a host; both local is a local copy. */
export const Profile = v.strictObject({
  id: Id,
  ...fields,
  createdAt: Timestamp,
  lastRun: v.nullable(RunResult),
});
export type Profile = v.InferOutput<typeof Profile>;
