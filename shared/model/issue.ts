import * as v from 'valibot';
import { PathTextSchema } from './common.ts';

/** Per-item trouble, as shown. */
export const Issue = v.strictObject({
  code: v.string(),
  path: PathTextSchema,
  message: v.string(),
  errno: v.optional(v.string()),
});
export type Issue = v.InferOutput<typeof Issue>;
