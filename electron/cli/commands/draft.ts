import * as v from 'valibot';
import { fail } from '../../../shared/errors.ts';

/**
 * Checks what a person entered with the model's own schema.
 * @throws usage `bad-input`, naming the field and the rule, never the value
 */
export function parseDraft<S extends v.GenericSchema>(schema: S, input: v.InferInput<S>): v.InferOutput<S> {
  const parsed = v.safeParse(schema, input);
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  throw fail('usage', 'bad-input', `${v.getDotPath(issue) ?? 'The input'}: ${issue.message}.`, {
    hint: 'Add --help for examples.',
  });
}
