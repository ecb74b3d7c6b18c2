import type { ErrorData } from '../../shared/errors.ts';
import { strings } from './strings.ts';

/**
 * Which field of a form an error belongs to. The dispatcher names it in `details.field` as a path into the request
 * (`draft.source.paths`), whose `draft.` is no business of the form; the services' own refusals are told by their code.
 *
 * @param fields the fields of the form
 * @param byCode fields by error code
 * @returns the message by field, or null when the error is about no field of this form
 */
export function fieldErrors<F extends string>(
  error: ErrorData,
  fields: readonly F[],
  byCode: Partial<Record<string, F>> = {},
): Partial<Record<F, string>> | null {
  if (error.kind !== 'usage') return null;
  const known = byCode[error.code];
  if (known !== undefined) return only(known, error.message);
  const named = error.details?.['field'];
  if (typeof named !== 'string') return null;
  const path = named.replace(/^draft\./, '');
  // The longest name that leads to it: `options.filters.3` belongs to `options.filters`.
  const owner = fields
    .filter((field) => path === field || path.startsWith(`${field}.`))
    .sort((a, b) => b.length - a.length)[0];
  return owner === undefined
    ? null
    : only(owner, error.message.replace(`“${named}” is not valid: `, strings.app.notValid));
}

const only = <F extends string>(field: F, message: string) => ({ [field]: message }) as Partial<Record<F, string>>;
