import { fail } from '../../../shared/errors.ts';

/** What decoders throw. */
export function damaged(why: string): Error {
  return fail('protocol', 'bad-compression', `The peer's compressed data is damaged: ${why}`);
}
