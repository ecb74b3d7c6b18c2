import * as v from 'valibot';
import { Count, PathTextSchema } from './common.ts';

/** What filter rules leave out of a source, as far as was looked. */
export const FilterTrial = v.strictObject({
  /** Names that were held against the rules. */
  looked: Count,
  /** Those left out; what is below a folder that is left out does not count. */
  dropped: Count,
  /** False: the folder is larger than a trial looks. */
  complete: v.boolean(),
  /** The first of them, from the top of the copy. */
  rows: v.array(v.strictObject({ path: PathTextSchema, folder: v.boolean(), /** Index of the rule. */ rule: Count })),
});
export type FilterTrial = v.InferOutput<typeof FilterTrial>;
