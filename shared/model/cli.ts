import * as v from 'valibot';
import { Count, Id, Name, Timestamp } from './common.ts';
import { CommandReading } from './command.ts';
import { FoundKey, Host, HostTest, SshConfigHost } from './host.ts';
import { ImportOffer, ImportResult } from './import.ts';
import { PlanRow, PreviewSummary } from './preview.ts';
import { Profile } from './profile.ts';
import { ErrorDataSchema, RunOutcome, RunResult, RunSnapshot } from './run.ts';
import { Settings } from './settings.ts';

/**
 * What `driftline … --json` prints: one document on standard output, `ok` first. Without success it is `CliFailure`,
 * and nothing else is printed there. Exit codes are those without `--json`.
 */
const success = <S extends v.GenericSchema>(value: S) => v.strictObject({ ok: v.literal(true), value });

export const CliFailure = v.strictObject({
  ok: v.literal(false),
  error: ErrorDataSchema,
  /** `run` only: the result of a run that was started and stopped. */
  result: v.optional(RunResult),
});
export type CliFailure = v.InferOutput<typeof CliFailure>;

/** Where the secret given to `host add` is kept; `none` = nowhere, it is asked for at each connection. */
export const SecretKept = v.picklist(['keychain', 'none', 'not-given']);

/** How a profile is. */
export const ProfileStatus = v.strictObject({
  profileId: Id,
  name: Name,
  /** What a monitor looks at. */
  level: v.picklist(['ok', 'warning', 'critical']),
  outcome: v.picklist([...RunOutcome.options, 'never', 'running']),
  /** In words: `Last run 3 h ago, 12 files, 4.1 MB sent`. */
  text: v.string(),
  /** What went wrong, in the words of the error. */
  reason: v.nullable(v.string()),
  /** No complete copy is younger than `--max-age`. */
  overdue: v.boolean(),
  /** When the last complete copy was made, as far as the history goes back. */
  copiedAt: v.nullable(Timestamp),
  /** The process that runs it now. */
  running: v.nullable(v.strictObject({ pid: Count, host: v.string(), since: Timestamp })),
  lastRun: v.nullable(RunResult),
});
export type ProfileStatus = v.InferOutput<typeof ProfileStatus>;

export const CliDocuments = {
  /** All rows, in the order in which they would be carried out. */
  preview: success(v.strictObject({ summary: PreviewSummary, rows: v.array(PlanRow) })),
  /** `outcome` success or partial; anything else is a failure with `result`. */
  run: success(RunResult),
  list: success(v.array(Profile)),
  status: success(v.array(ProfileStatus)),
  history: success(v.array(RunSnapshot)),
  'profile add': success(Profile),
  'profile edit': success(Profile),
  'profile show': success(Profile),
  'profile list': success(v.array(Profile)),
  'profile command': success(v.strictObject({ command: v.string() })),
  /** `profile` is null with `--dry-run`; `host` is one that had to be saved. */
  'profile import-command': success(
    v.strictObject({ reading: CommandReading, profile: v.nullable(Profile), host: v.nullable(Host) }),
  ),
  'profile duplicate': success(Profile),
  'profile remove': success(v.strictObject({ name: Name })),
  'host add': success(v.strictObject({ host: Host, secret: SecretKept })),
  'host edit': success(v.strictObject({ host: Host, secret: SecretKept })),
  'host list': success(v.array(Host)),
  'host test': success(HostTest),
  'host import': success(v.strictObject({ candidates: v.array(SshConfigHost), added: v.array(Host) })),
  'host keys': success(v.array(FoundKey)),
  'host forget-key': success(Host),
  'host remove': success(v.strictObject({ name: Name })),
  /** All of them, whichever was asked for. */
  'settings get': success(Settings),
  'settings set': success(Settings),
  'settings export': success(v.strictObject({ file: v.string(), hosts: Count, profiles: Count })),
  /** `result` is null with `--dry-run`. */
  'settings import': success(v.strictObject({ offer: ImportOffer, result: v.nullable(ImportResult) })),
  /** One line as soon as pages can be loaded; the process then goes on. */
  serve: success(v.strictObject({ url: v.string() })),
  demo: success(v.strictObject({ equal: v.boolean(), lines: v.array(v.string()) })),
  completion: success(v.strictObject({ script: v.string() })),
  help: success(v.strictObject({ text: v.string() })),
  version: success(v.strictObject({ version: v.string(), node: v.string(), platform: v.string() })),
} as const;
export type CliDocumentName = keyof typeof CliDocuments;
export type CliValue<K extends CliDocumentName> = v.InferOutput<(typeof CliDocuments)[K]>['value'];
