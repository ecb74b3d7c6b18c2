import type { Duplex } from 'node:stream';
import { fail } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import type { Charset } from '../wire/charset.ts';
import { LineReader } from '../wire/line-reader.ts';
import type { OpeningDeadline } from './opening-deadline.ts';

/** Longest word a client may send, in bytes: a path with its option. */
const MAX_WORD = 8192;
/** All words together, in bytes: what a command line may hold. */
const MAX_WORDS = 2 << 20;
/** How often the deadline is looked at, in milliseconds: there is no connection yet that would do it. */
const CHECK_MS = 1000;

/**
 * Reads what a client sends in place of the rest of its command line.
 * @param charset what the words are to be in, which travel as UTF-8 then; null: as they are
 * @throws `protocol`/`bad-line` for more than a command line holds, `remote`/`closed-early`,
 *   what `opening` has
 */
export async function readSecludedArgs(
  stream: Duplex,
  charset: Charset | null,
  opening: OpeningDeadline,
): Promise<ByteString[]> {
  const reader = new LineReader(stream, MAX_WORD, MAX_WORDS);
  const heard = (): void => opening.heard();
  stream.once('readable', heard);
  const timer = setInterval(() => {
    const missed = opening.missed('The client');
    if (missed !== null) reader.abort(missed);
  }, CHECK_MS);
  try {
    const words: ByteString[] = [];
    for (;;) {
      const word = await reader.word();
      if (word === null)
        throw fail('remote', 'closed-early', 'The client ended the connection before it had said what it wants');
      // The first one is the name of a program.
      if (word === '') return words.slice(1);
      words.push(charset === null ? word : charset.textFromWire(word));
    }
  } finally {
    clearInterval(timer);
    stream.off('readable', heard);
    reader.release();
  }
}
