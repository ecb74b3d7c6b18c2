import * as v from 'valibot';
import { Count, Id, Name, PathTextSchema } from '../model/common.ts';
import { Host, HostDraft, HostTest } from '../model/host.ts';
import { PlanAction, PlanRow, PreviewSummary } from '../model/preview.ts';
import { Profile, ProfileDraft } from '../model/profile.ts';
import { Prompt, PromptAnswer } from '../model/prompt.ts';
import { RunProgress, RunSnapshot } from '../model/run.ts';
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

  'profiles.list': call(Nothing, v.array(Profile)),
  'profiles.add': call(v.strictObject({ draft: ProfileDraft }), Profile),
  'profiles.update': call(v.strictObject({ id: Id, draft: ProfileDraft }), Profile),
  'profiles.remove': call(v.strictObject({ id: Id }), Nothing),

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
    v.strictObject({ total: Count, rows: v.array(PlanRow) }),
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
  'event.prompt': event(Prompt),
  /** The question was answered elsewhere or is no longer needed. */
  'event.promptClosed': event(v.strictObject({ promptId: Id })),
  /** Ask the screen to show something (a notification or the tray was clicked). */
  'event.show': event(
    v.variant('view', [
      v.strictObject({ view: v.literal('run'), runId: Id }),
      v.strictObject({ view: v.literal('home') }),
    ]),
  ),
} as const;

export type DriftlineContract = typeof contract;
