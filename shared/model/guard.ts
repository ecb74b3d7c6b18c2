import * as v from 'valibot';

/** Something the guard saw, in numbers or real paths (as path text), for a screen to set in a row with its own words. */
export const GuardFact = v.strictObject({
  name: v.picklist([
    'source',
    'destination',
    'before',
    'now',
    'entries-before',
    'source-entries',
    'destination-entries',
    'creates',
    'deletions',
    'newer',
  ]),
  value: v.union([v.string(), v.number()]),
});
export type GuardFact = v.InferOutput<typeof GuardFact>;

/** A reason not to start, or not to go on. */
export const GuardFinding = v.strictObject({
  /** Keys the texts in shared/error-text.ts under `guard/`. */
  code: v.string(),
  message: v.string(),
  hint: v.string(),
  /** Whether a person may say "do it all the same". */
  confirmable: v.boolean(),
  facts: v.array(GuardFact),
});
export type GuardFinding = v.InferOutput<typeof GuardFinding>;
