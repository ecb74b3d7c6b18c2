import * as v from 'valibot';
import { CommandReading } from '../model/command.ts';
import { Count, Id, Name, PathTextSchema } from '../model/common.ts';
import { Demo } from '../model/demo.ts';
import { FilterTrial } from '../model/filter-trial.ts';
import { FoundKey, Host, HostDraft, HostTest, RemoteFolder, SshConfigHost } from '../model/host.ts';
import { ExportResult, ImportChoices, ImportOffer, ImportResult, MAX_EXPORT_LENGTH } from '../model/import.ts';
import { KeychainProblem } from '../model/keychain.ts';
import { ExcludeScope, PlanAction, PlanChoice, PlanRow, PlanSelection, PreviewSummary } from '../model/preview.ts';
import { Profile, ProfileDraft, ProfileOptions, SourcePlace } from '../model/profile.ts';
import { Prompt, PromptAnswer } from '../model/prompt.ts';
import { RunItem, RunProgress, RunSnapshot } from '../model/run.ts';
import { Settings, SettingsChange } from '../model/settings.ts';
import { Command } from '../model/window-command.ts';
import { call, event, task } from './define.ts';

const Nothing = v.null();

/** The whole API between a screen and the service. No reply ever carries a secret. */
export const contract = {
  'app.info': call(
    Nothing,
    v.strictObject({
      version: v.string(),
      shell: v.picklist(['electron', 'browser']),
      platform: v.string(),
      home: PathTextSchema,
      /** Keychain backend in words, or null when secrets are asked for each time. */
      keychain: v.nullable(v.string()),
      /** Why there is none. */
      keychainProblem: v.optional(v.nullable(KeychainProblem), null),
    }),
  ),

  'hosts.list': call(Nothing, v.array(Host)),
  'hosts.add': call(
    v.strictObject({ draft: HostDraft, secret: v.nullable(v.pipe(v.string(), v.maxLength(10_000))) }),
    Host,
  ),
  'hosts.update': call(
    v.strictObject({ id: Id, draft: HostDraft, secret: v.nullable(v.pipe(v.string(), v.maxLength(10_000))) }),
    Host,
  ),
  'hosts.remove': call(v.strictObject({ id: Id }), Nothing),
  /** After a server was set up anew: its accepted key and the secret bound to it go, the next test asks again. */
  'hosts.forgetKey': call(v.strictObject({ id: Id }), Host),
  /** Connects, asking by `prompt` events as needed, and reports what is there. */
  'hosts.test': task(v.strictObject({ id: Id }), v.strictObject({ step: v.string() }), HostTest),
  /** Sub-folders of a folder on the server; the connection is kept for a while for the next question. */
  'hosts.folders': task(
    v.strictObject({ id: Id, path: PathTextSchema }),
    v.strictObject({ step: v.string() }),
    RemoteFolder,
  ),
  /** Private keys in the person's `.ssh` folder: names and kinds, never contents. */
  'hosts.keys': call(Nothing, v.array(FoundKey)),
  /** The names of the OpenSSH configuration. Nothing in it is run. */
  'hosts.sshConfig': call(Nothing, v.array(SshConfigHost)),
  /** Saves names of the OpenSSH configuration, and the jump hosts they need, as hosts. */
  'hosts.import': call(
    v.strictObject({ aliases: v.pipe(v.array(v.pipe(v.string(), v.maxLength(1000))), v.maxLength(1000)) }),
    v.array(Host),
  ),
  /** A file dialog for a private key where the shell has one (null = cancelled or none). */
  'hosts.pickKey': call(Nothing, v.nullable(PathTextSchema)),

  'profiles.list': call(Nothing, v.array(Profile)),
  'profiles.add': call(v.strictObject({ draft: ProfileDraft }), Profile),
  'profiles.update': call(v.strictObject({ id: Id, draft: ProfileDraft }), Profile),
  'profiles.remove': call(v.strictObject({ id: Id }), Nothing),
  /** A copy under a free name, right behind the original. */
  'profiles.duplicate': call(v.strictObject({ id: Id }), Profile),
  /** The order of the list: these first, in this order; those not named keep theirs behind them. */
  'profiles.reorder': call(v.strictObject({ ids: v.pipe(v.array(Id), v.maxLength(10_000)) }), v.array(Profile)),
  /** Reads a pasted rsync command as text; nothing is executed, expanded or looked up on a disk. */
  'profiles.parseCommand': call(v.strictObject({ text: v.pipe(v.string(), v.maxLength(100_000)) }), CommandReading),
  /** The rsync command that does what the profile does, quoted for a POSIX shell. */
  'profiles.command': call(v.strictObject({ draft: ProfileDraft }), v.strictObject({ command: v.string() })),
  /** What rules leave out of a source on this computer, as far as a short look goes. Changes nothing. */
  'profiles.tryFilters': task(
    v.strictObject({ source: SourcePlace, contentsOnly: v.boolean(), filters: ProfileOptions.entries.filters }),
    v.never(),
    FilterTrial,
  ),

  /** Lists both sides and compares; changes nothing. The rows stay in the service under `planId`. */
  'preview.create': task(v.strictObject({ profileId: Id }), RunProgress, PreviewSummary),
  'preview.rows': call(
    v.strictObject({
      planId: Id,
      offset: Count,
      limit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(500)),
      /** Only rows of these actions; empty = all. */
      actions: v.array(PlanAction),
      search: v.pipe(v.string(), v.maxLength(500)),
    }),
    /** `ticked`: how many of the rows that the filter shows. */
    v.strictObject({ total: Count, ticked: Count, rows: v.array(PlanRow) }),
  ),
  /** What needs a row or is needed by it comes along: parents that must be made, contents of what is deleted. */
  'preview.tick': call(v.strictObject({ planId: Id, selection: PlanSelection, ticked: v.boolean() }), PlanChoice),
  /** Adds a rule to the profile, in front of the others, and leaves its rows out of the plan at once. */
  'preview.exclude': call(
    v.strictObject({ planId: Id, index: Count, scope: ExcludeScope }),
    v.strictObject({ rule: v.string(), rows: Count, choice: PlanChoice }),
  ),
  'preview.discard': call(v.strictObject({ planId: Id }), Nothing),

  /**
   * Starts a run: of a plan exactly as previewed, or (planId null) of a plan made now. `confirmed` lists the guard
   * codes a person accepted for this plan; without them such a run ends as needs-attention.
   */
  'runs.start': call(
    v.strictObject({ profileId: Id, planId: v.nullable(Id), confirmed: v.pipe(v.array(Name), v.maxLength(20)) }),
    v.strictObject({ runId: Id }),
  ),
  'runs.list': call(Nothing, v.array(RunSnapshot)),
  'runs.get': call(v.strictObject({ runId: Id }), RunSnapshot),
  'runs.cancel': call(v.strictObject({ runId: Id }), Nothing),
  /** Stops between two tokens and keeps the connection; after ten minutes the run ends. */
  'runs.pause': call(v.strictObject({ runId: Id }), Nothing),
  'runs.resume': call(v.strictObject({ runId: Id }), Nothing),
  /** A new run of just the items that an ended one had issues with; of everything where it had more than it lists. */
  'runs.retry': call(v.strictObject({ runId: Id }), v.strictObject({ runId: Id })),
  /** Changes in the order they were made; `total` counts those that pass the filter. */
  'runs.items': call(
    v.strictObject({
      runId: Id,
      offset: Count,
      limit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(500)),
      /** Empty = all. */
      actions: v.array(PlanAction),
      search: v.pipe(v.string(), v.maxLength(500)),
    }),
    v.strictObject({ total: Count, rows: v.array(RunItem) }),
  ),

  'settings.get': call(Nothing, Settings),
  'settings.update': call(v.strictObject({ change: SettingsChange }), Settings),

  /** The embedded demo server of this process, or null. */
  'demo.state': call(Nothing, v.nullable(Demo)),
  /** Starts it with a host, a profile and sample files of its own; they go with it. */
  'demo.start': call(Nothing, Demo),
  'demo.stop': call(Nothing, Nothing),

  /** Hosts, profiles and settings as a text; no secret is in it. */
  'export.create': call(Nothing, ExportResult),
  /** What an export would bring; changes nothing. */
  'import.open': call(
    v.strictObject({ text: v.pipe(v.string(), v.maxLength(MAX_EXPORT_LENGTH, 'too large for an export')) }),
    ImportOffer,
  ),
  'import.apply': call(ImportChoices, ImportResult),

  'prompts.list': call(Nothing, v.array(Prompt)),
  'prompts.answer': call(v.strictObject({ promptId: Id, answer: PromptAnswer }), Nothing),

  /** Folder picker: the system dialog where the shell has one (null = cancelled or none). */
  'folders.pick': call(Nothing, v.nullable(PathTextSchema)),
  /** The service-side picker of the browser shell: sub-folders of a local folder. */
  'folders.list': call(
    v.strictObject({ path: PathTextSchema }),
    v.strictObject({ path: PathTextSchema, parent: v.nullable(PathTextSchema), folders: v.array(PathTextSchema) }),
  ),

  'event.hosts': event(v.array(Host)),
  'event.profiles': event(v.array(Profile)),
  /** At most 10 a second per run, and always the last state. */
  'event.run': event(RunSnapshot),
  'event.settings': event(Settings),
  'event.demo': event(v.nullable(Demo)),
  'event.prompt': event(Prompt),
  /** The question was answered elsewhere or is no longer needed. */
  'event.promptClosed': event(v.strictObject({ promptId: Id })),
  /** Ask the screen to show something (a notification or the tray was clicked). */
  'event.show': event(
    v.variant('view', [
      v.strictObject({ view: v.literal('run'), runId: Id }),
      v.strictObject({ view: v.literal('home') }),
      /** The preview of a profile, which may not exist: the address came from elsewhere. */
      v.strictObject({ view: v.literal('profile'), profileId: Id }),
    ]),
  ),
  /** A menu was used. */
  'event.command': event(v.strictObject({ command: Command })),
} as const;

export type DriftlineContract = typeof contract;
