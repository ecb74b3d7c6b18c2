import * as v from 'valibot';
import type { PathText } from './path.ts';

/** Random identifier the service makes (`crypto.randomUUID`). */
export const Id = v.pipe(v.string(), v.regex(/^[0-9a-f-]{8,64}$/, 'not an identifier'));

/** A short single-line name a person gave. */
export const Name = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1, 'a name is needed'),
  v.maxLength(200, 'at most 200 characters'),
  // eslint-disable-next-line no-control-regex
  v.regex(/^[^\x00-\x1f\x7f]*$/, 'no control characters'),
);

/** A path as text (see path.ts); never NUL, at most 4096 characters. */
export const PathTextSchema = v.pipe(
  v.string(),
  v.maxLength(4096, 'a path has at most 4096 characters'),
  // eslint-disable-next-line no-control-regex
  v.regex(/^[^\x00]*$/, 'a path cannot contain NUL'),
  v.transform((text) => text as PathText),
);

/** Milliseconds since 1970. */
export const Timestamp = v.pipe(v.number(), v.integer());

/** A count or a size in bytes: exact, 0 … 2^53−1. */
export const Count = v.pipe(v.number(), v.integer(), v.minValue(0));
