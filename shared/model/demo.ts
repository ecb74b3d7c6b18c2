import * as v from 'valibot';
import { Id, PathTextSchema } from './common.ts';
import { Fingerprint, Port } from './host.ts';

/** The embedded demo server while it runs, and what was saved to try it. */
export const Demo = v.strictObject({
  hostId: Id,
  profileId: Id,
  port: Port,
  /** The key it shows: what an administrator would tell. */
  fingerprint: Fingerprint,
  /** The sample files, to be looked at and changed. */
  sampleFolder: PathTextSchema,
  /** The folder that is all the server has. */
  serverFolder: PathTextSchema,
});
export type Demo = v.InferOutput<typeof Demo>;
