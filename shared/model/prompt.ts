import * as v from 'valibot';
import { Id, Name, PathTextSchema } from './common.ts';
import { Fingerprint } from './host.ts';

/** A question a worker asks while it works; secrets travel only in the answer, never in a spec, an argv or a log. */
export const PromptQuestion = v.variant('kind', [
  v.strictObject({
    kind: v.literal('host-key'),
    host: v.string(),
    port: v.number(),
    algorithm: v.string(),
    fingerprint: Fingerprint,
    /** known_hosts trusts an authority for this host: certificates are not understood here, so a person compares. */
    authority: v.optional(v.boolean(), false),
  }),
  v.strictObject({ kind: v.literal('password'), host: v.string(), user: v.string(), attempt: v.number() }),
  v.strictObject({ kind: v.literal('passphrase'), keyPath: PathTextSchema, attempt: v.number() }),
  /** What the server itself asks (RFC 4256): a code, a choice. Its words; the answers are never remembered. */
  v.strictObject({
    kind: v.literal('login'),
    host: v.string(),
    user: v.string(),
    title: v.string(),
    instructions: v.string(),
    fields: v.pipe(v.array(v.strictObject({ label: v.string(), echo: v.boolean() })), v.maxLength(20)),
  }),
]);
export type PromptQuestion = v.InferOutput<typeof PromptQuestion>;

export const Prompt = v.strictObject({
  promptId: Id,
  /** The host record it is about, if saved. */
  hostId: v.nullable(Id),
  /** Set for a jump host: the saved host that is reached through it. */
  onTheWayTo: v.optional(v.nullable(Name), null),
  question: PromptQuestion,
});
export type Prompt = v.InferOutput<typeof Prompt>;

export const PromptAnswer = v.variant('kind', [
  v.strictObject({ kind: v.literal('accept-host-key') }),
  v.strictObject({
    kind: v.literal('secret'),
    secret: v.pipe(v.string(), v.maxLength(10_000)),
    /** Keep it in the keychain. */
    remember: v.boolean(),
  }),
  v.strictObject({
    kind: v.literal('answers'),
    answers: v.pipe(v.array(v.pipe(v.string(), v.maxLength(10_000))), v.maxLength(20)),
  }),
  v.strictObject({ kind: v.literal('refuse') }),
]);
export type PromptAnswer = v.InferOutput<typeof PromptAnswer>;
