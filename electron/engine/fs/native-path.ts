import { fail } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';

const ASCII = /^[\x00-\x7f]*$/; // eslint-disable-line no-control-regex

/** A path as node:fs takes it: the string itself when it is ASCII (faster), otherwise its bytes. */
export function native(path: ByteString): string | Buffer {
  return ASCII.test(path) ? path : Buffer.from(path, 'latin1');
}

/**
 * Refuses what is not one plain path component (faults.md H1).
 * @throws protocol `unsafe-name`
 */
export function checkName(name: ByteString): void {
  if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0')) throw unsafe(name);
}

/**
 * Refuses a relative folder path with empty, `.` or `..` components; '' is the root itself.
 * @throws protocol `unsafe-name`
 */
export function checkRel(rel: ByteString): void {
  if (rel === '') return;
  if (rel.includes('\0') || /(?:^|\/)(?:\.{0,2})(?:\/|$)/.test(rel)) throw unsafe(rel);
}

function unsafe(path: ByteString): Error {
  const text = bytesToText(path.slice(0, 4096));
  return fail(
    'protocol',
    'unsafe-name',
    `The name “${displayPath(text)}” could leave the folder it belongs to; refused.`,
    {
      path: text,
    },
  );
}
