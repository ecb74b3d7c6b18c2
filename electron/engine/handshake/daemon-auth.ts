import { createHash } from 'node:crypto';
import { fail } from '../../../shared/errors.ts';
import { type ByteString, displayPath } from '../../../shared/model/path.ts';
import { dialectOf } from '../wire/dialect.ts';

/** What we prove a password with, best first (reference §8.3). */
export const AUTH_DIGESTS = ['sha512', 'sha256', 'sha1', 'md5'] as const;
export type AuthDigest = (typeof AUTH_DIGESTS)[number] | Md4;
/** `md4-old` is how md4 was used before versions were negotiated. */
type Md4 = 'md4' | 'md4-old';

/**
 * The digest for an answer: the first of ours that the server's greeting lists.
 * @param offered names of the greeting, or null where it had none
 * @param allowMd4 whether md4 may be used, which shows a password to whoever listens and has a little time
 * @throws `auth`/`weak-digest` (exit 4) where nothing else is left
 */
export function chooseAuthDigest(offered: readonly string[] | null, protocol: number, allowMd4: boolean): AuthDigest {
  const list = offered ?? (dialectOf(protocol).md5 ? ['md5'] : ['md4']);
  const found = AUTH_DIGESTS.find((name) => list.includes(name));
  if (found !== undefined) return found;
  if (allowMd4 && list.includes('md4')) return offered === null ? 'md4-old' : 'md4';
  const names = displayPath(list.join(' ')).slice(0, 200);
  throw fail('auth', 'weak-digest', `The daemon takes passwords by these digests alone: ${names}`, {
    exitCode: 4,
    hint: list.includes('md4')
      ? 'md4 no longer protects a password. A newer rsync on the server helps, or DRIFTLINE_MD4_AUTH=1 to use it all the same.'
      : `Driftline uses ${AUTH_DIGESTS.join(', ')}. A newer rsync on the server helps.`,
  });
}

/** The answer to a daemon's challenge: base64 without padding of the digest over password and challenge. */
export async function authResponse(digest: AuthDigest, password: ByteString, challenge: ByteString): Promise<string> {
  const text = Buffer.from(password + challenge, 'latin1');
  const sum =
    digest === 'md4' || digest === 'md4-old' ? await md4(digest, text) : createHash(digest).update(text).digest();
  return sum.toString('base64').replace(/=+$/, '');
}

/** Not among the sums of Node's OpenSSL. */
async function md4(digest: Md4, text: Buffer): Promise<Buffer> {
  const { default: bundle } = await import('hash-wasm/dist/md4.umd.min.js');
  const hasher = await bundle.createMD4();
  // Of old a seed of zero came first.
  if (digest === 'md4-old') hasher.update(new Uint8Array(4));
  return Buffer.from(hasher.update(text).digest('binary'));
}
