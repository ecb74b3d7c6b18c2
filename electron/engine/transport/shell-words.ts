import type { ByteString } from '../../../shared/model/path.ts';

/**
 * Splits a command line into words as a POSIX shell does (XCU 2.2 Quoting), without any expansion: `$`, backquotes and
 * globs are ordinary characters. Operators (`; & | < > ( )` and newlines) outside quotes are refused, since a shell would not pass
 * them on as text.
 *
 * @returns the words, or null if a quote is open, a backslash ends the line or an operator stands unquoted
 */
export function splitShellWords(line: ByteString): ByteString[] | null {
  const words: ByteString[] = [];
  let word: string | null = null;
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (char === ' ' || char === '\t') {
      if (word !== null) words.push(word);
      word = null;
    } else if (char === "'") {
      const end = line.indexOf("'", i + 1);
      if (end < 0) return null;
      word = (word ?? '') + line.slice(i + 1, end);
      i = end;
    } else if (char === '"') {
      word ??= '';
      for (i++; line[i] !== '"'; i++) {
        if (i >= line.length) return null;
        if (line[i] === '\\' && '$`"\\\n'.includes(line[i + 1] ?? ' ')) {
          i++;
          if (line[i] === '\n') continue;
        }
        word += line[i]!;
      }
    } else if (char === '\\') {
      if (++i >= line.length) return null;
      if (line[i] !== '\n') word = (word ?? '') + line[i]!;
    } else if ('\n;&|<>()'.includes(char)) {
      return null;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (word !== null) words.push(word);
  return words;
}
