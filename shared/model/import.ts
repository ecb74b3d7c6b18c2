import * as v from 'valibot';
import { Count, Id, PathTextSchema } from './common.ts';
import { Host } from './host.ts';
import { Profile } from './profile.ts';
import { SettingsChange } from './settings.ts';

/** Larger texts are no export of ours, in UTF-16 units. */
export const MAX_EXPORT_LENGTH = 2 * 1024 * 1024;

/** How a saved thing of an export stands to what is saved here. */
const Standing = v.picklist([
  'new',
  /** Saved here already, without a difference. */
  'same',
  /** Another one of the same name is saved here. */
  'conflict',
]);

/** What an export holds, before anything is done with it. Host ids in it are the export's own. */
export const ImportOffer = v.strictObject({
  importId: Id,
  hosts: v.array(v.strictObject({ standing: Standing, host: Host })),
  profiles: v.array(v.strictObject({ standing: Standing, profile: Profile })),
  /** Settings that differ from those here; null when there are none. */
  settings: v.nullable(SettingsChange),
});
export type ImportOffer = v.InferOutput<typeof ImportOffer>;
export type ImportStanding = v.InferOutput<typeof Standing>;

/** What to do with one thing of an offer: add it (under a free name where its own is taken), or replace its namesake. */
const Choice = v.strictObject({ id: Id, how: v.picklist(['add', 'replace']) });
export type ImportChoice = v.InferOutput<typeof Choice>;

export const ImportChoices = v.strictObject({
  importId: Id,
  hosts: v.pipe(v.array(Choice), v.maxLength(10_000)),
  profiles: v.pipe(v.array(Choice), v.maxLength(10_000)),
  settings: v.boolean(),
});
export type ImportChoices = v.InferOutput<typeof ImportChoices>;

export const ImportResult = v.strictObject({
  /** How many things were saved. */
  saved: Count,
  /** What was not, and why. */
  failed: v.array(v.strictObject({ name: v.string(), error: v.string() })),
});
export type ImportResult = v.InferOutput<typeof ImportResult>;

/** Where an export went: the shell saved it, or the screen gets the text and saves it. */
export const ExportResult = v.variant('kind', [
  v.strictObject({ kind: v.literal('saved'), path: PathTextSchema }),
  v.strictObject({ kind: v.literal('cancelled') }),
  v.strictObject({ kind: v.literal('text'), name: v.string(), text: v.string() }),
]);
export type ExportResult = v.InferOutput<typeof ExportResult>;
