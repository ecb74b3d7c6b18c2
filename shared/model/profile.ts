import * as v from 'valibot';
import { Id, Name, PathTextSchema, Timestamp } from './common.ts';
import { RunResult } from './run.ts';

/** One end of a profile: a local folder, or a folder on a saved host. */
export const Endpoint = v.variant('kind', [
  v.strictObject({ kind: v.literal('local'), path: PathTextSchema }),
  v.strictObject({ kind: v.literal('host'), hostId: Id, path: PathTextSchema }),
]);
export type Endpoint = v.InferOutput<typeof Endpoint>;

const SourcePaths = v.pipe(
  v.array(PathTextSchema),
  v.minLength(1, 'a source folder is needed'),
  v.maxLength(100, 'at most 100 source folders'),
);

/** Where a profile's source folders lie: one or more on one place. */
export const SourcePlace = v.variant('kind', [
  v.strictObject({ kind: v.literal('local'), paths: SourcePaths }),
  v.strictObject({ kind: v.literal('host'), hostId: Id, paths: SourcePaths }),
]);
export type SourcePlace = v.InferOutput<typeof SourcePlace>;

/** Each source as an end of its own. */
export const sourceEnds = (source: SourcePlace): Endpoint[] =>
  source.paths.map((path) => (source.kind === 'local' ? { kind: 'local', path } : { ...source, path }));

/** A source of one folder. */
export const singleSource = ({ path, ...place }: Endpoint): SourcePlace => ({ ...place, paths: [path] });

/** The choices of a profile on top of archive mode (`-a`); each stands for one rsync option. */
export const ProfileOptions = v.strictObject({
  /** `--delete`: remove what the source no longer has. */
  delete: v.boolean(),
  /** `-c`: compare by checksum instead of size and time. */
  checksum: v.boolean(),
  /** `-u`: keep files that are newer on the destination. */
  update: v.boolean(),
  /** `--numeric-ids`. */
  numericIds: v.boolean(),
  /** Filter rules in rsync's syntax (`- *.tmp`, `+ /keep/`), one each, in order: the first that matches decides. */
  filters: v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(4200))), v.maxLength(1000)),
  /** Further rsync options, each as one word in its long form (`--hard-links`, `--bwlimit=1m`). */
  more: v.pipe(
    v.array(
      v.pipe(v.string(), v.maxLength(4200), v.regex(/^--[a-zA-Z0-9][a-zA-Z0-9-]*(=[^\0]*)?$/, 'not a long option')),
    ),
    v.maxLength(100),
  ),
  /** Seconds without a byte from the peer before the run fails; 0 = never. */
  timeout: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(86400)),
});
export type ProfileOptions = v.InferOutput<typeof ProfileOptions>;

export const DEFAULT_PROFILE_OPTIONS: ProfileOptions = {
  delete: false,
  checksum: false,
  update: false,
  numericIds: false,
  filters: [],
  more: [],
  timeout: 60,
};

/** What `--exclude=PATTERN` means as a filter rule: old prefixes and `!` keep their meaning (rsync(1), "FILTER RULES"). */
export const excludeRule = (pattern: string): string => (/^!$|^[-+] /.test(pattern) ? pattern : `- ${pattern}`);

const Tag = v.pipe(Name, v.maxLength(40, 'at most 40 characters'));

const fields = {
  name: Name,
  /** Short words to find profiles by. */
  tags: v.pipe(v.array(Tag), v.maxLength(20, 'at most 20 tags')),
  source: SourcePlace,
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
