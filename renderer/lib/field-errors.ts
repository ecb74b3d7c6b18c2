import type { ErrorData } from '../../shared/errors.ts';

/**
 * Which field of a form an error belongs to. A `usage` error names it in `details.field` as a path into the request
 * (`draft.source.path`); the `draft.` before it is no business of the form.
 * @returns the message by field, or null when the error is about no field of this form
 */
export function fieldErrors<F extends string>(
  error: ErrorData,
  fields: readonly F[],
): Partial<Record<F, string>> | null {
  const named = error.kind === 'usage' ? error.details?.['field'] : undefined;
  if (typeof named !== 'string') return null;
  const path = named.replace(/^draft\./, '');
  // The longest name that leads to it: `options.excludes.3` belongs to `options.excludes`.
  const owner = fields
    .filter((field) => path === field || path.startsWith(`${field}.`))
    .sort((a, b) => b.length - a.length)[0];
  return owner === undefined ? null : ({ [owner]: error.message } as Partial<Record<F, string>>);
}
