/** Data for tests: the same bytes in every run. */

/** Bytes that do not compress. */
export function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed | 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

const WORDS = 'the quick brown fox jumps over a lazy dog while rsync copies files and folders to servers'.split(' ');

/** Bytes that compress as prose does. */
export function text(length: number, seed = 1): Uint8Array {
  const choices = noise(length + 8, seed);
  let words = '';
  for (let i = 0; words.length < length; i++)
    words += `${WORDS[choices[i]! % WORDS.length]!}${choices[i + 1]! % 9 ? ' ' : '\n'}`;
  return Buffer.from(words.slice(0, length), 'latin1');
}
