import { createHash } from 'node:crypto';
import { fail } from '../../../shared/errors.ts';
import { type ByteString, displayPath } from '../../../shared/model/path.ts';

/** What we prove a password with, best first (reference §8.3). md4 would show it to whoever can break 1990s hashes. */
export const AUTH_DIGESTS = ['sha512', 'sha256', 'sha1', 'md5'] as const;
export type AuthDigest = (typeof AUTH_DIGESTS)[number];

/**
 * The digest for an answer: the first of ours that the server's greeting lists.
 * @param offered names of the greeting, or null where it had none
 * @throws `auth`/`weak-digest` (exit 4) where only md4 or nothing known is left
 */
export function chooseAuthDigest(offered: readonly string[] | null, protocol: number): AuthDigest {
  const list = offered ?? (protocol >= 30 ? ['md5'] : ['md4']);
  const found = AUTH_DIGESTS.find((name) => list.includes(name));
  if (found !== undefined) return found;
  const names = displayPath(list.join(' ')).slice(0, 200);
  throw fail('auth', 'weak-digest', `The daemon takes passwords by these digests alone: ${names}`, {
    exitCode: 4,
    hint: `Driftline uses ${AUTH_DIGESTS.join(', ')}: md4 no longer protects a password. A newer rsync on the server helps.`,
  });
}

/** The answer to a daemon's challenge: base64 without padding of the digest over password and challenge. */
export function authResponse(digest: AuthDigest, password: ByteString, challenge: ByteString): string {
  const hash = createHash(digest).update(password, 'latin1').update(challenge, 'latin1');
  return hash.digest('base64').replace(/=+$/, '');
}
