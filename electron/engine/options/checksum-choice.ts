import { fail } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import { SUPPORTED_CHECKSUMS } from '../checksum/strong.ts';
import { shown } from './option-row.ts';

const NAMES: readonly string[] = [...SUPPORTED_CHECKSUMS, 'none', 'auto'];

/**
 * Reads the value of `--checksum-choice`: one name, or one for the transfer and one for `--checksum`.
 * @returns the names in rsync's spelling, or null for `auto`
 * @throws usage, exit 4
 */
export function checksumChoice(text: ByteString): string | null {
  const comma = text.indexOf(',');
  const names = (comma < 0 ? [text] : [text.slice(0, comma), text.slice(comma + 1)]).map((given) => {
    const name = given.toLowerCase() === 'xxhash' ? 'xxh64' : given.toLowerCase();
    if (NAMES.includes(name)) return name;
    throw fail('usage', 'bad-value', `unknown checksum name: ${shown(given)}`, {
      exitCode: 4,
      hint: `Choose one of ${NAMES.join(', ')}, or leave the option out.`,
    });
  });
  return names.length === 1 && names[0] === 'auto' ? null : names.join(',');
}
