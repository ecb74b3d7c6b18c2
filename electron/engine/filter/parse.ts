import type { ByteString } from '../../../shared/model/path.ts';
import { bytesToText, displayPath } from '../../../shared/model/path.ts';
import { fail } from '../../../shared/errors.ts';
import { type DirMergeRule, type FilterRule, FULL_RULES, oldRules, type RuleSide, type RuleTemplate } from './rule.ts';

/** Longest pattern, in bytes; a longer one could match no path (reference §12.2). */
export const MAX_PATTERN = 4095;

/** A file whose rules take the place of the rule that names it. */
export interface MergeRequest extends Omit<DirMergeRule, 'kind'> {
  readonly kind: 'merge';
  /** Whether the file itself is to be left out (`e`). */
  readonly excludeSelf: boolean;
}

/** What one rule text asks for: rules to append, `clear` to empty the list, a file to read, or nothing. */
export type ParsedRule = FilterRule | readonly FilterRule[] | MergeRequest | 'clear' | null;

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

/** Modifiers of a rule, as they are collected. */
interface Modifiers {
  sender: boolean;
  receiver: boolean;
  negate: boolean;
  absolute: boolean;
  perishable: boolean;
  xattr: boolean;
  cvs: boolean;
  only: 'include' | 'exclude' | null;
  excludeSelf: boolean;
  inherit: boolean;
  words: boolean;
}

/** Takes one modifier in. @returns false for one that this kind of rule does not have */
function modify(found: Modifiers, modifier: string, kind: RuleKind | 'merge'): boolean {
  const merge = kind === 'merge';
  const plain = !merge && kind.side === 'both';
  switch (modifier) {
    case '/':
      found.absolute = true;
      return true;
    case 'p':
      found.perishable = true;
      return true;
    case 'x':
      found.xattr = true;
      return true;
    case 's':
      found.sender = true;
      return merge || plain;
    case 'r':
      found.receiver = true;
      return merge || plain;
    case '!':
      found.negate = true;
      return !merge;
    case 'C': {
      const allowed = (merge ? found.only === null : plain) && !found.cvs;
      found.cvs = true;
      return allowed;
    }
    case '-':
    case '+': {
      const allowed = merge && found.only === null && !found.cvs;
      found.only = modifier === '-' ? 'exclude' : 'include';
      return allowed;
    }
    case 'e':
      found.excludeSelf = true;
      return merge;
    case 'n':
      found.inherit = false;
      return merge;
    case 'w':
      found.words = true;
      return merge;
    default:
      return false;
  }
}

/**
 * Parses one filter rule in rsync's full syntax: `-f`, a line of a rule file, and the rules a peer sends (reference §5.6).
 * @param template what the file that holds the rule gives to its rules
 * @param place `<rule from FILE line N>`: what an error shows instead of the text, which may be any file's
 * @throws usage `filter-syntax` for a malformed rule
 */
export function parseFilterRule(
  text: ByteString,
  template: RuleTemplate = FULL_RULES,
  place: string = shown(text),
): ParsedRule {
  if (text === '') return null;
  const word = /^[a-z][a-z-]*(?=[ _,]|$)/.exec(text)?.[0];
  const long = word === undefined ? undefined : LONG_KINDS[word];
  const letter = long ?? text[0]!;
  const kind = KINDS[letter];
  if (kind === undefined || (long === undefined && word !== undefined && word.length > 1)) {
    throw fail('usage', 'filter-syntax', `Unknown filter rule: ${place}`, {
      hint: 'A rule begins with - + . : H S P R or !, then a space and a pattern or file name.',
    });
  }
  let at = long === undefined ? 1 : word!.length;
  if (text[at] === ',') at++;
  if (kind === 'clear') {
    if (at < text.length) throw fail('usage', 'filter-syntax', `'!' rule has trailing characters: ${place}`);
    return 'clear';
  }
  const found: Modifiers = {
    sender: kind !== 'merge' && kind.side === 'sender',
    receiver: kind !== 'merge' && kind.side === 'receiver',
    negate: false,
    absolute: template.absolute,
    perishable: template.perishable,
    xattr: false,
    cvs: false,
    only: null,
    excludeSelf: false,
    inherit: true,
    words: false,
  };
  for (; at < text.length && text[at] !== ' ' && text[at] !== '_'; at++) {
    if (modify(found, text[at]!, kind)) continue;
    const modifier = `invalid modifier '${shown(text[at]!)}' at position ${at}`;
    throw fail('usage', 'filter-syntax', `${modifier} in filter rule: ${place}`);
  }
  const argument = text.slice(at + 1);
  const side = sideOf(found, template.side, place);
  if (argument === '' && !found.cvs) {
    throw fail('usage', 'filter-syntax', `unexpected end of filter rule: ${place}`);
  }
  const { include } = kind === 'merge' ? { include: false } : kind;
  if (kind !== 'merge') {
    if (found.cvs) return { kind: 'cvs', include, side, negate: found.negate, absolute: found.absolute };
    return makeRule(include, side, argument, found);
  }
  const { only, cvs, words, inherit, absolute, perishable, excludeSelf } = found;
  const name = argument === '' ? '.cvsignore' : argument;
  if (name.length > MAX_PATTERN) throw tooLong(name);
  const file = { name, side, only, cvs, words: words && !cvs, inherit: inherit && !cvs, absolute, perishable };
  if (letter === '.') return { kind: 'merge', ...file, excludeSelf };
  const merge: DirMergeRule = { kind: 'dir-merge', ...file };
  return excludeSelf ? [excluding(name), merge] : merge;
}

/** The rule that leaves a merge file itself out. */
export function excluding(name: ByteString): FilterRule {
  return makeRule(false, 'both', name.slice(name.lastIndexOf('/') + 1), {});
}

function sideOf({ sender, receiver }: Modifiers, inherited: RuleSide, place: string): RuleSide {
  if (!sender && !receiver) return inherited;
  if (inherited !== 'both') {
    throw fail('usage', 'filter-syntax', `specified-side merge file contains specified-side filter: ${place}`);
  }
  return sender && receiver ? 'each' : sender ? 'sender' : 'receiver';
}

/**
 * Parses the argument of `--exclude`/`--include`, or a line of their files: a bare pattern, or one with a `- ` or `+ `
 * prefix; `!` alone clears (reference §5.6, "old prefixes").
 * @throws usage `filter-syntax`
 */
export function parseOldRule(text: ByteString, include: boolean): ParsedRule {
  return parseByTemplate(text, oldRules(include));
}

/**
 * Parses one rule as its template says.
 * @throws usage `filter-syntax`
 */
export function parseByTemplate(text: ByteString, template: RuleTemplate, place?: string): ParsedRule {
  if (text === '') return null;
  const { prefixes, include, side } = template;
  if (prefixes === 'full') return parseFilterRule(text, template, place);
  if (text === '!' && (prefixes === 'old' || template.cvs)) return 'clear';
  const prefixed = prefixes === 'old' && (text.startsWith('- ') || text.startsWith('+ '));
  const pattern = prefixed ? text.slice(2) : text;
  if (pattern === '') {
    throw fail('usage', 'filter-syntax', `unexpected end of filter rule: ${place ?? shown(text)}`);
  }
  return makeRule(prefixed ? text[0] === '+' : include, side, pattern, template);
}

/**
 * Adds what a rule text asked for to a list being built.
 * @throws usage `filter-merge` for a file to merge: reading one is the work of rule-list.ts
 */
export function applyRule(rules: FilterRule[], parsed: ParsedRule): void {
  if (parsed === 'clear') rules.length = 0;
  else if (parsed === null) return;
  else if (!('kind' in parsed)) rules.push(...parsed);
  else if (parsed.kind !== 'merge') rules.push(parsed);
  else throw fail('usage', 'filter-merge', `A merge rule cannot be used here: ${shown(parsed.name)}`);
}

function makeRule(
  include: boolean,
  side: RuleSide,
  pattern: ByteString,
  modifiers: { negate?: boolean; absolute?: boolean; perishable?: boolean; xattr?: boolean },
): FilterRule {
  if (pattern.length > MAX_PATTERN) throw tooLong(pattern);
  const dirOnly = pattern.length > 1 && pattern.endsWith('/');
  return {
    kind: 'pattern',
    include,
    side,
    pattern: dirOnly ? pattern.slice(0, -1) : pattern,
    dirOnly,
    negate: modifiers.negate ?? false,
    absolute: modifiers.absolute ?? false,
    perishable: modifiers.perishable ?? false,
    xattr: modifiers.xattr ?? false,
  };
}

function tooLong(pattern: ByteString): Error {
  return fail(
    'usage',
    'filter-too-long',
    `A filter pattern of ${pattern.length} bytes is too long (max: ${MAX_PATTERN})`,
  );
}
