import type { ByteString } from '../../../shared/model/path.ts';

/**
 * Whether a symlink may lead out of the transfer (reference R35): its target is absolute or empty, goes up anywhere but
 * at its start, or climbs above the transfer root.
 * @param name of the link, from the transfer root
 */
export function isUnsafeLink(target: ByteString, name: ByteString): boolean {
  if (target === '' || target.startsWith('/')) return true;
  const inner = target.replace(/^(?:\.\.\/+)+/, '');
  if (inner.includes('/../') || (target.length > 3 && target.endsWith('/..'))) return true;
  let depth = 0;
  const folders = name.split('/').slice(0, -1);
  for (const part of folders) {
    if (part === '..') depth = 0;
    else if (part !== '' && part !== '.') depth++;
  }
  for (const part of target.split('/')) {
    if (part === '..') depth--;
    else if (part !== '' && part !== '.') depth++;
    if (depth < 0) return true;
  }
  return false;
}

/** What `--munge-links` puts in front of a target, so that the link leads nowhere until it is taken off again. */
const MUNGED = '/rsyncd-munged/';

export const mungeLink = (target: ByteString): ByteString => MUNGED + target;

export const unmungeLink = (target: ByteString): ByteString =>
  target.startsWith(MUNGED) ? target.slice(MUNGED.length) : target;
