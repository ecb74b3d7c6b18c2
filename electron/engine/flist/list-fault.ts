import { fail } from '../../../shared/errors.ts';

/** The error for a file list that breaks the rules: what it contains, in words behind “contains”. */
export function badList(code: string, what: string): Error {
  return fail('protocol', code, `The peer’s file list contains ${what}`, {
    hint: 'Nothing was changed because of it. The server may be damaged or hostile.',
  });
}
