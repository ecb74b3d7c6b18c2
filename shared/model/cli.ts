import * as v from 'valibot';
import { Name } from './common.ts';
import { Host, HostTest } from './host.ts';
import { PlanRow, PreviewSummary } from './preview.ts';
import { Profile } from './profile.ts';
import { ErrorDataSchema, RunResult } from './run.ts';

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

export const CliDocuments = {
  'host add': success(v.strictObject({ host: Host, secret: SecretKept })),
  'host list': success(v.array(Host)),
  'host test': success(HostTest),
  'host forget-key': success(Host),
  'host remove': success(v.strictObject({ name: Name })),
  'profile add': success(Profile),
  'profile list': success(v.array(Profile)),
  'profile remove': success(v.strictObject({ name: Name })),
  /** All rows, in the order in which they would be carried out. */
  preview: success(v.strictObject({ summary: PreviewSummary, rows: v.array(PlanRow) })),
  /** `outcome` success or partial; anything else is a failure with `result`. */
  run: success(RunResult),
  /** One line as soon as pages can be loaded; the process then goes on. */
  serve: success(v.strictObject({ url: v.string() })),
} as const;
export type CliDocumentName = keyof typeof CliDocuments;
export type CliValue<K extends CliDocumentName> = v.InferOutput<(typeof CliDocuments)[K]>['value'];
