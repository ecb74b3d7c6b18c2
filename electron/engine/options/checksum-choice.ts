import { fail } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import { SUPPORTED_CHECKSUMS } from '../checksum/strong.ts';

/** Names rsync knows and this version does not compute. `none` would leave transfers unverified. */
const REFUSED_CHECKSUMS = ['xxh128', 'xxh3', 'md4', 'none', 'auto'];

/**
 * Reads the value of `--checksum-choice`: one name, or one for the transfer and one for `--checksum`.
 * @returns the names in rsync's spelling, or null for `auto`
 * @throws usage, exit 4
 */
export function checksumChoice(text: ByteString): string | null {
  const names = text
    .toLowerCase()
    .split(',')
    .map((name) => (name === 'xxhash' ? 'xxh64' : name));
  if (names.length === 1 && names[0] === 'auto') return null;
  for (const name of names) {
    const known = names.length <= 2 && REFUSED_CHECKSUMS.includes(name);
    if (!known && names.length <= 2 && SUPPORTED_CHECKSUMS.some((supported) => supported === name)) continue;
    throw fail(
      'usage',
      known ? 'not-supported' : 'bad-value',
      known ? `checksum ${name} is not supported by this version of Driftline` : `unknown checksum name: ${text}`,
      { exitCode: 4, hint: `Choose one of ${SUPPORTED_CHECKSUMS.join(', ')}, or leave the option out.` },
    );
  }
  return names.join(',');
}
