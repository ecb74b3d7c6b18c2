import { fail } from '../../../shared/errors.ts';
import { bytesToText, displayPath, joinPath, type ByteString } from '../../../shared/model/path.ts';

/** Most bytes of names taken from a list, here or from a peer. */
export const MAX_NAME_BYTES = 256 * 1024 * 1024;

/**
 * The content of a `--files-from` list.
 * @param read reads a file; `-` is standard input
 * @throws usage `files-from` exit 1, as rsync: nothing has begun
 */
export function readNameList(path: ByteString, read: (path: ByteString) => Buffer): ByteString {
  try {
    const content = read(path);
    if (content.length > MAX_NAME_BYTES) throw new Error('it is too large');
    return content.toString('latin1');
  } catch (error) {
    const shown = displayPath(bytesToText(path));
    const reason = error instanceof Error ? error.message : String(error);
    throw fail('usage', 'files-from', `failed to open files-from file ${shown}: ${displayPath(reason)}`, {
      cause: error,
    });
  }
}

/**
 * The names in a list (reference §5.5). Without `from0` a NUL ends only the name in a list that is read here, as in C;
 * one that is passed on is split by it, since it ends names on the wire.
 * @param from0 whether names end in NUL instead of at the end of a line
 * @param where whether the names are looked for here, where lines that begin with `#` or `;` are none, or passed on
 */
export function namesOf(content: ByteString, from0: boolean, where: 'here' | 'passed on'): ByteString[] {
  const here = where === 'here';
  const isName = (line: ByteString): boolean => line !== '' && !(here && (line[0] === '#' || line[0] === ';'));
  if (from0) return content.split('\0').filter(isName);
  const lines = content.split(here ? /[\r\n]/ : /[\r\n\0]/);
  return (here ? lines.map((line) => line.replace(/\0.*/s, '')) : lines).filter(isName);
}

/** A listed name without a leading slash, and with `..` kept below where the list starts; `.` components stay. */
export function tidyName(name: ByteString): ByteString {
  const parts: ByteString[] = [];
  for (const part of name.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '') parts.push(part);
  }
  return parts.length === 0 ? '.' : parts.join('/') + (/\/(\.\.)?$/.test(name) ? '/' : '');
}

/**
 * The source argument that a listed name stands for.
 * @param base the one argument beside the list: where its names are
 * @param relative `-R`: the part behind the first `/./` is the name
 */
export function listedArgument(base: ByteString, name: ByteString, relative: boolean): ByteString {
  const tidy = tidyName(name);
  if (!relative) return joinPath(base, tidy);
  const start = base === '' ? '.' : base.replace(/\/(\.\/)+/g, '/');
  return joinPath(start, tidy.includes('/./') ? tidy : `./${tidy}`);
}
