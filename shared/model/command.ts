import * as v from 'valibot';
import { Id, PathTextSchema } from './common.ts';
import { HostDraft } from './host.ts';
import { Name } from './common.ts';
import { ProfileOptions } from './profile.ts';

/** What a pasted rsync command says, as far as a profile can have it. Nothing of it was executed or expanded. */
export const CommandReading = v.strictObject({
  /** Suggested, from the source folder. */
  name: v.nullable(Name),
  /** As written; empty where the command names none. */
  sources: v.array(PathTextSchema),
  destination: PathTextSchema,
  /** Which side is on a server, or null for a local copy. */
  remote: v.nullable(v.picklist(['source', 'destination'])),
  /** The saved host that is meant. */
  hostId: v.nullable(Id),
  /** Where none is saved: one to save. */
  host: v.nullable(HostDraft),
  contentsOnly: v.boolean(),
  options: ProfileOptions,
  /** What was not taken over, each with its reason as the rest of a sentence. */
  leftOut: v.array(v.strictObject({ text: v.string(), why: v.string() })),
});
export type CommandReading = v.InferOutput<typeof CommandReading>;
