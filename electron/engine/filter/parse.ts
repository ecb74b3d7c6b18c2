import type { ByteString } from '../../../shared/model/path.ts';
import { bytesToText, displayPath } from '../../../shared/model/path.ts';
import { fail } from '../../../shared/errors.ts';
import type { FilterRule, RuleSide } from './rule.ts';

/** Longest pattern, in bytes; a longer one could match no path (reference §12.2). */
export const MAX_PATTERN = 4095;

/** What one rule text asks for: a rule to append, `clear` to empty the list, or nothing. */
export type ParsedRule = FilterRule | 'clear' | null;

interface RuleKind {
  include: boolean;
  side: RuleSide;
}

const KINDS: Readonly<Record<string, RuleKind | 'clear' | 'merge'>> = {
  '-': { include: false, side: 'both' },
  '+': { include: true, side: 'both' },
  H: { include: false, side: 'sender' },
  S: { include: true, side: 'sender' },
  P: { include: false, side: 'receiver' },
  R: { include: true, side: 'receiver' },
  '!': 'clear',
  '.': 'merge',
  ':': 'merge',
};

const LONG_KINDS: Readonly<Record<string, string>> = {
  exclude: '-',
  include: '+',
  hide: 'H',
  show: 'S',
  protect: 'P',
  risk: 'R',
  clear: '!',
  merge: '.',
  'dir-merge': ':',
};

const shown = (text: ByteString): string => displayPath(bytesToText(text));

/**
 * Parses one filter rule in rsync's full syntax: `-f`, and the rules a peer sends (reference §5.6).
 * @throws usage `filter-syntax` for a malformed rule, `filter-not-supported` (exit 4) for merge, `C` and `x` rules
 */
export function parseFilterRule(text: ByteString): ParsedRule {
  if (text === '') return null;
  const word = /^[a-z][a-z-]*(?=[ _,]|$)/.exec(text)?.[0];
  const long = word === undefined ? undefined : LONG_KINDS[word];
  const letter = long ?? text[0]!;
  const kind = KINDS[letter];
  if (kind === undefined || (long === undefined && word !== undefined && word.length > 1)) {
    throw fail('usage', 'filter-syntax', `Unknown filter rule: ${shown(text)}`, {
      hint: 'A rule begins with - + H S P R or !, then a space and a pattern.',
    });
  }
  if (kind === 'merge') {
    throw notSupported(text, letter === '.' ? 'merge' : 'dir-merge');
  }
  let at = long === undefined ? 1 : word!.length;
  if (text[at] === ',') at++;
  if (kind === 'clear') {
    if (at < text.length) throw fail('usage', 'filter-syntax', `'!' rule has trailing characters: ${shown(text)}`);
    return 'clear';
  }

  let sender = kind.side === 'sender';
  let receiver = kind.side === 'receiver';
  let negate = false;
  let absolute = false;
  let perishable = false;
  for (; at < text.length && text[at] !== ' ' && text[at] !== '_'; at++) {
    const modifier = text[at]!;
    if (modifier === '/') absolute = true;
    else if (modifier === '!') negate = true;
    else if (modifier === 'p') perishable = true;
    else if (modifier === 's' && kind.side === 'both') sender = true;
    else if (modifier === 'r' && kind.side === 'both') receiver = true;
    else if (modifier === 'C') throw notSupported(text, 'the C modifier (CVS excludes)');
    else if (modifier === 'x') throw notSupported(text, 'the x modifier (extended attribute names)');
    else {
      throw fail(
        'usage',
        'filter-syntax',
        `invalid modifier '${shown(modifier)}' at position ${at} in filter rule: ${shown(text)}`,
      );
    }
  }
  const pattern = text.slice(at + 1);
  if (pattern === '') throw fail('usage', 'filter-syntax', `unexpected end of filter rule: ${shown(text)}`);
  const side = sender === receiver ? 'both' : sender ? 'sender' : 'receiver';
  return makeRule(kind.include, side, pattern, { negate, absolute, perishable });
}

/**
 * Parses the argument of `--exclude`/`--include`, or a line of their files: a bare pattern, or one with a `- ` or `+ `
 * prefix; `!` alone clears (reference §5.6, "old prefixes").
 * @throws usage `filter-syntax`
 */
export function parseOldRule(text: ByteString, include: boolean): ParsedRule {
  if (text === '') return null;
  if (text === '!') return 'clear';
  const prefixed = text.startsWith('- ') || text.startsWith('+ ');
  const pattern = prefixed ? text.slice(2) : text;
  if (pattern === '') throw fail('usage', 'filter-syntax', `unexpected end of filter rule: ${shown(text)}`);
  return makeRule(prefixed ? text[0] === '+' : include, 'both', pattern, {});
}

/** Splits the content of an `--exclude-from`/`--include-from` file into rule texts: no blank lines, no comments. */
export function ruleFileLines(content: ByteString): ByteString[] {
  return content.split(/[\r\n]/).filter((line) => line !== '' && line[0] !== '#' && line[0] !== ';');
}

/** Adds a parsed rule to a list being built. */
export function applyRule(rules: FilterRule[], parsed: ParsedRule): void {
  if (parsed === 'clear') rules.length = 0;
  else if (parsed !== null) rules.push(parsed);
}

function makeRule(
  include: boolean,
  side: RuleSide,
  pattern: ByteString,
  modifiers: { negate?: boolean; absolute?: boolean; perishable?: boolean },
): FilterRule {
  if (pattern.length > MAX_PATTERN) {
    throw fail(
      'usage',
      'filter-too-long',
      `A filter pattern of ${pattern.length} bytes is too long (max: ${MAX_PATTERN})`,
    );
  }
  const dirOnly = pattern.length > 1 && pattern.endsWith('/');
  return {
    include,
    side,
    pattern: dirOnly ? pattern.slice(0, -1) : pattern,
    dirOnly,
    negate: modifiers.negate ?? false,
    absolute: modifiers.absolute ?? false,
    perishable: modifiers.perishable ?? false,
  };
}

function notSupported(text: ByteString, what: string): Error {
  return fail(
    'usage',
    'filter-not-supported',
    `${what} is not supported by this version of Driftline: ${shown(text)}`,
    {
      hint: 'Write the rules out with --exclude, --include or --filter.',
    },
  );
}
