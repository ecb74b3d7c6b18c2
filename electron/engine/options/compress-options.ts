import { fail } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import { flag, integer, type OptionRow, type OptionState, shown, value } from './option-row.ts';

const METHODS = ['zstd', 'lz4', 'zlibx', 'zlib'] as const;

function compress(state: OptionState): void {
  state.compressCount++;
}

function noCompress(state: OptionState): void {
  state.compressCount = 0;
  state.compressChoice = null;
}

function choose(state: OptionState, text: ByteString): void {
  const name = text.toLowerCase();
  if (name === 'auto') state.compressChoice = null;
  else {
    const method = [...METHODS, 'none' as const].find((known) => known === name);
    if (method === undefined) {
      throw fail('usage', 'bad-value', `unknown compress name: ${shown(text)}`, {
        exitCode: 4,
        hint: `Choose one of ${METHODS.join(', ')} and none.`,
      });
    }
    state.compressChoice = method;
  }
}

/**
 * One `-z` leaves the method to the two sides, more of them mean zlibx; a method named wins over both, and `none` over
 * a level, too, which otherwise asks for compression by itself.
 */
export function settleCompression({ options, compressChoice, compressCount }: OptionState): void {
  if (compressChoice === 'none') options.compressLevel = null;
  else options.compress = compressChoice ?? (compressCount > 1 ? 'zlibx' : compressCount === 1 ? 'auto' : null);
}

/** Compression (row E12 of the features). */
export const COMPRESS_ROWS: readonly OptionRow[] = [
  flag('compress', { short: 'z' }, 'compress what is sent', compress, noCompress),
  flag('old-compress', {}, 'compress with zlib', (state) => (state.compressChoice = 'zlib')),
  flag('new-compress', {}, 'compress with zlibx', (state) => (state.compressChoice = 'zlibx')),
  value('compress-choice', { aliases: ['zc'], metavar: 'NAME' }, `compress with ${METHODS.join(', ')}`, choose),
  value('compress-level', { aliases: ['zl'], metavar: 'NUM' }, 'how hard to compress', ({ options }, text) => {
    options.compressLevel = integer('compress-level', text, -0x80000000, 0x7fffffff);
  }),
  // How many threads compress changes nothing that anybody could see: here it is always one.
  value(
    'compress-threads',
    { aliases: ['zt'], metavar: 'NUM' },
    'threads that compress (always one)',
    (_, text) => void integer('compress-threads', text, -0x80000000, 0x7fffffff),
  ),
  value('skip-compress', { metavar: 'LIST' }, 'suffixes of files not to compress: a/b/c', ({ options }, text) => {
    options.skipCompress = text;
  }),
];
