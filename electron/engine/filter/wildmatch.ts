import type { ByteString } from '../../../shared/model/path.ts';

/**
 * rsync's glob language (protocol reference §5.7), bytewise on latin1 strings. A pattern is compiled once to flat
 * tokens; matching is iterative with one backtrack point per kind of star, so its cost is polynomial for any pattern.
 */
export interface Glob {
  /** A byte to match literally (0–255) or one of the codes below; a class is `CLASS - index`. */
  readonly tokens: Int32Array;
  /** Eight words of 32 bits per class, one bit for each byte that belongs to it. `/` never does. */
  readonly classes: Uint32Array;
}

const ANY_BYTE = -1; // `?`
const STAR = -2; // `*`
const DEEP_STAR = -3; // `**`
const NEVER = -4; // an element nothing matches, e.g. an unterminated `[`
const CLASS = -5;
const SLASH = 0x2f;

const range = (low: string, high: string) => (byte: number) => byte >= low.charCodeAt(0) && byte <= high.charCodeAt(0);
const isUpper = range('A', 'Z');
const isLower = range('a', 'z');
const isDigit = range('0', '9');
const isAlpha = (byte: number): boolean => isUpper(byte) || isLower(byte);
const isGraph = range('!', '~');

/** POSIX classes of the C locale, the only ones that are the same on every peer. */
const POSIX_CLASSES: Readonly<Record<string, (byte: number) => boolean>> = {
  alnum: (byte) => isAlpha(byte) || isDigit(byte),
  alpha: isAlpha,
  blank: (byte) => byte === 0x20 || byte === 0x09,
  cntrl: (byte) => byte < 0x20 || byte === 0x7f,
  digit: isDigit,
  graph: isGraph,
  lower: isLower,
  print: (byte) => byte === 0x20 || isGraph(byte),
  punct: (byte) => isGraph(byte) && !isAlpha(byte) && !isDigit(byte),
  space: (byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d),
  upper: isUpper,
  xdigit: (byte) => isDigit(byte) || range('a', 'f')(byte) || range('A', 'F')(byte),
};

/** Reads the class whose `[` stands before `start`. `null`: unterminated or malformed, so it matches nothing. */
function compileClass(pattern: ByteString, start: number): { members: Uint8Array; end: number } | null {
  const members = new Uint8Array(256);
  let at = start;
  const negated = pattern[at] === '!' || pattern[at] === '^';
  if (negated) at++;
  let previous = -1; // the byte a following `-` would start a range from
  for (let first = true; ; first = false) {
    let char = pattern[at];
    if (char === undefined) return null;
    if (char === ']' && !first) break;
    if (char === '-' && previous >= 0 && at + 1 < pattern.length && pattern[at + 1] !== ']') {
      at++;
      if (pattern[at] === '\\') at++;
      if (at >= pattern.length) return null;
      const last = pattern.charCodeAt(at++);
      for (let byte = previous; byte <= last; byte++) members[byte] = 1;
      previous = -1;
      continue;
    }
    if (char === '[' && pattern[at + 1] === ':') {
      const close = pattern.indexOf(']', at + 2);
      if (close < 0) return null;
      if (close > at + 2 && pattern[close - 1] === ':') {
        const test = POSIX_CLASSES[pattern.slice(at + 2, close - 1)];
        if (test === undefined) return null;
        for (let byte = 0; byte < 256; byte++) if (test(byte)) members[byte] = 1;
        at = close + 1;
        previous = -1;
        continue;
      }
    }
    if (char === '\\') {
      char = pattern[++at];
      if (char === undefined) return null;
    }
    previous = char.charCodeAt(0);
    members[previous] = 1;
    at++;
  }
  if (negated) for (let byte = 0; byte < 256; byte++) members[byte] = members[byte] === 1 ? 0 : 1;
  members[SLASH] = 0;
  return { members, end: at + 1 };
}

/** Compiles a pattern. A malformed one compiles to something that never matches, as rsync treats it. */
export function compileGlob(pattern: ByteString): Glob {
  const tokens: number[] = [];
  const classes: number[] = [];
  for (let i = 0; i < pattern.length;) {
    const char = pattern[i]!;
    if (char === '*') {
      const start = i;
      while (pattern[i] === '*') i++;
      tokens.push(i - start > 1 ? DEEP_STAR : STAR);
    } else if (char === '?') {
      tokens.push(ANY_BYTE);
      i++;
    } else if (char === '[') {
      const compiled = compileClass(pattern, i + 1);
      if (compiled === null) {
        tokens.push(NEVER);
        break;
      }
      tokens.push(CLASS - classes.length / 8);
      for (let word = 0; word < 256; word += 32) {
        let bits = 0;
        for (let bit = 0; bit < 32; bit++) bits |= compiled.members[word + bit]! << bit;
        classes.push(bits);
      }
      i = compiled.end;
    } else if (char === '\\') {
      tokens.push(i + 1 < pattern.length ? pattern.charCodeAt(i + 1) : NEVER);
      i += 2;
    } else {
      tokens.push(pattern.charCodeAt(i));
      i++;
    }
  }
  return { tokens: Int32Array.from(tokens), classes: Uint32Array.from(classes) };
}

/** Whether the glob matches all of `text` from byte `start` on. */
export function matchGlob(glob: Glob, text: ByteString, start = 0): boolean {
  const { tokens, classes } = glob;
  const count = tokens.length;
  let t = start;
  let p = 0;
  // Where to resume after a mismatch: the token behind the last star and the text position it was tried at. The last
  // `*` cannot grow over a `/`; then the last `**` grows instead. Earlier stars need no retry: the leftmost match of
  // what stands between two stars leaves the later star the most room.
  let starToken = -1;
  let starText = 0;
  let deepToken = -1;
  let deepText = 0;
  for (;;) {
    if (p < count) {
      const token = tokens[p]!;
      if (token === STAR) {
        starToken = ++p;
        starText = t;
        continue;
      }
      if (token === DEEP_STAR) {
        deepToken = ++p;
        deepText = t;
        starToken = -1;
        if (p === count) return true;
        continue;
      }
      if (t < text.length) {
        const byte = text.charCodeAt(t);
        const same =
          token >= 0
            ? token === byte
            : token === ANY_BYTE
              ? byte !== SLASH
              : token <= CLASS && ((classes[(CLASS - token) * 8 + (byte >> 5)]! >>> (byte & 31)) & 1) === 1;
        if (same) {
          p++;
          t++;
          continue;
        }
      }
    } else if (t === text.length) {
      return true;
    }
    if (starToken >= 0 && starText < text.length && text.charCodeAt(starText) !== SLASH) {
      t = ++starText;
      p = starToken;
    } else if (deepToken >= 0 && deepText < text.length) {
      t = ++deepText;
      p = deepToken;
      starToken = -1;
    } else {
      return false;
    }
  }
}
