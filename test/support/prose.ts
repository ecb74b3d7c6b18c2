import { randomBytes } from './trees.ts';

const WORDS =
  'the quick brown fox jumps over a lazy dog while rsync copies files and folders between servers on slow links'.split(
    ' ',
  );

/** Bytes that compress as text does, the same for the same seed. */
export function prose(size: number, seed: number): Buffer {
  const choices = randomBytes(Math.ceil(size / 2) + 2, seed);
  const parts: string[] = [];
  let length = 0;
  for (let i = 0; length < size; i++) {
    const part = `${WORDS[choices[i]! % WORDS.length]!}${choices[i]! % 11 === 0 ? '\n' : ' '}`;
    parts.push(part);
    length += part.length;
  }
  return Buffer.from(parts.join('').slice(0, size), 'latin1');
}
