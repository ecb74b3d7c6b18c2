import { type ByteString, bytesToText, displayPath, type PathText, textToBytes } from './model/path.ts';

/** A command line as a POSIX shell would cut it, with nothing expanded and nothing executed. */
export interface ShellReading {
  words: ShellWord[];
  /** From the first operator (`; & | < > ( )`, a line's end) or comment on, as written; null when there is none. */
  rest: ByteString | null;
  /** A quote is open or a backslash ends the text. */
  open: boolean;
}

export interface ShellWord {
  text: ByteString;
  /** What a shell would put in place of it, or of a part: a variable or a command's output, names that match, a home folder. */
  expands: 'variable' | 'pattern' | 'home' | null;
}

/**
 * Cuts a command line into words as a POSIX shell does (XCU 2.2 Quoting, `$'…'` among them). Where a shell would expand
 * something the text stays as it is and the word says so.
 */
export function readShellLine(line: ByteString): ShellReading {
  const words: ShellWord[] = [];
  let word: ShellWord | null = null;
  const add = (text: ByteString, expands: ShellWord['expands'] = null) => {
    word ??= { text: '', expands: null };
    word.text += text;
    word.expands ??= expands;
  };
  const end = (rest: ByteString | null, open: boolean): ShellReading => {
    // The digits before `>` name a file descriptor.
    const descriptor = rest !== null && /^[<>]/.test(rest) && /^\d+$/.test(word?.text ?? '');
    if (word !== null && !descriptor) words.push(word);
    return { words, rest: descriptor ? word!.text + rest : rest, open };
  };
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (char === ' ' || char === '\t') {
      if (word !== null) words.push(word);
      word = null;
    } else if (char === "'") {
      const close = line.indexOf("'", i + 1);
      if (close < 0) return end(null, true);
      add(line.slice(i + 1, close));
      i = close;
    } else if (char === '$' && line[i + 1] === "'") {
      const quoted = /^(?:[^'\\]|\\.)*/s.exec(line.slice(i + 2))![0];
      i += 2 + quoted.length;
      if (line[i] !== "'") return end(null, true);
      add(unescaped(quoted));
    } else if (char === '"') {
      add('');
      for (i++; line[i] !== '"'; i++) {
        if (i >= line.length) return end(null, true);
        if (line[i] === '\\' && '$`"\\\n'.includes(line[i + 1] ?? ' ')) {
          i++;
          if (line[i] !== '\n') add(line[i]!);
        } else add(line[i]!, expansionAt(line, i, false));
      }
    } else if (char === '\\') {
      if (++i >= line.length) return end(null, true);
      if (line[i] !== '\n') add(line[i]!);
    } else if ('\n;&|<>()'.includes(char) || (char === '#' && word === null)) {
      return end(line.slice(i), false);
    } else add(char, char === '~' && word === null ? 'home' : expansionAt(line, i, true));
  }
  return end(null, false);
}

function expansionAt(line: ByteString, at: number, bare: boolean): ShellWord['expands'] {
  const char = line[at]!;
  if (char === '`' || (char === '$' && /[\w{(@*#?$!-]/.test(line[at + 1] ?? ''))) return 'variable';
  return bare && '*?[{'.includes(char) ? 'pattern' : null;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  v: '\v',
};

/** What is between the quotes of `$'…'`. */
const unescaped = (quoted: ByteString): ByteString =>
  quoted.replace(/\\(?:x([\da-f]{1,2})|([0-7]{1,3})|(.))/gis, (_, hex?: string, octal?: string, char = '') =>
    hex !== undefined
      ? String.fromCharCode(parseInt(hex, 16))
      : octal !== undefined
        ? String.fromCharCode(parseInt(octal, 8) & 0xff)
        : (ESCAPES[char] ?? char),
  );

/**
 * Splits a command line that holds nothing but words; `$`, backquotes and globs are ordinary characters.
 * @returns the words, or null if a quote is open, a backslash ends the line or an operator stands unquoted
 */
export function splitShellWords(line: ByteString): ByteString[] | null {
  const { words, rest, open } = readShellLine(line);
  return rest !== null || open ? null : words.map(({ text }) => text);
}

/** Quotes a word for a shell. What a screen could not show as it is becomes an escape in `$'…'`. */
export function quoteShellWord(word: PathText | string): string {
  if (displayPath(word) !== word) {
    const escaped = Array.from(word, (char) =>
      char === "'" || char === '\\'
        ? `\\${char}`
        : displayPath(char) === char
          ? char
          : textToBytes(char).replace(/[^]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`),
    );
    return `$'${escaped.join('')}'`;
  }
  return /^[\w@%+=:,./-][\w@%+=:,./~^-]*$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** A word of a shell reading as text. */
export const shellText = ({ text }: ShellWord): PathText => bytesToText(text);
