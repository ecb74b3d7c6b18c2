import { expect, it } from 'vitest';
import { parseServerWords } from './parse.ts';

/** What rsync 3.5 was seen to do with these (`--debug=nstr`). */
it.each<[string, string | null, number | null]>([
  ['', null, null],
  ['-z', 'auto', null],
  ['-zz', 'zlibx', null],
  ['-z --compress', 'zlibx', null],
  ['-zz --no-z -z', 'auto', null],
  ['-z --no-compress', null, null],
  ['--zc=ZSTD', 'zstd', null],
  ['--zc=lz4 -zz', 'lz4', null],
  ['-z --zc=none', null, null],
  ['--zc=none -zz', null, null],
  ['--zc=none --no-z -z', 'auto', null],
  ['--zc=none --zc=auto -z', 'auto', null],
  ['--zc=zstd --zc=auto', null, null],
  ['--zc=zstd --old-compress', 'zlib', null],
  ['--old-compress --zc=zstd', 'zstd', null],
  ['--zl=5', null, 5],
  ['--zl=5 --zc=zlib --no-z', null, 5],
  ['--zc=none --zl=5', null, null],
  ['--zl=5 --zc=none', null, null],
])('%s', (words, compress, compressLevel) => {
  const { options } = parseServerWords(['--server', ...words.split(' ').filter((word) => word !== ''), '.', 'x']);
  expect([options.compress, options.compressLevel]).toEqual([compress, compressLevel]);
});
