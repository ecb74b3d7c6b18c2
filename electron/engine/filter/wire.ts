import type { ByteString } from '../../../shared/model/path.ts';
import { DriftlineError, fail } from '../../../shared/errors.ts';
import type { Dialect } from '../wire/dialect.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import { actsOn } from './chain.ts';
import { CVS_EXCLUDE, expandCvs } from './cvs.ts';
import { applyRule, parseFilterRule, parseOldRule } from './parse.ts';
import type { ReadRuleFile } from './rule-list.ts';
import type { DirMergeRule, FilterRule, PatternRule, RuleSide } from './rule.ts';

/** Longest rule text a stock peer accepts, in bytes (reference §5.1). */
export const MAX_RULE_TEXT = 5119;
/** Most rules taken from a peer; each is tried against every name, so a longer list is an attack on our time. */
export const MAX_RULES = 65536;
/** Most pattern bytes taken from a peer over all rules. */
const MAX_PATTERN_BYTES = 4 * 1024 * 1024;
/** How often the patterns are added up: rarely enough to cost nothing, often enough to keep the bound. */
const CHECK_EVERY = 256;

/**
 * Whether a filter list crosses the wire at all (reference §5.1). Both sides must ask with the same options.
 * @param serverSends whether the server is the sender (a pull)
 */
export function wantsFilterList(
  options: Pick<TransferOptions, 'deleteMode' | 'deleteExcluded' | 'pruneEmptyDirs'>,
  serverSends: boolean,
  { ruleModifiers }: Pick<Dialect, 'ruleModifiers'>,
): boolean {
  if (serverSends || options.pruneEmptyDirs) return true;
  return options.deleteMode !== 'none' && (ruleModifiers || !options.deleteExcluded);
}

/**
 * All rules a client obeys itself: its own, then those of `-C`.
 * @param pulls from another machine: what CVS leaves out then stays even with `--delete-excluded`, as with rsync
 */
export function clientRules({ filters, cvsExclude }: TransferOptions, pulls: boolean): readonly FilterRule[] {
  if (!cvsExclude) return filters;
  const cvs = pulls
    ? CVS_EXCLUDE.map((rule): FilterRule => (rule.kind === 'cvs' ? { ...rule, side: 'each' } : rule))
    : CVS_EXCLUDE;
  return [...filters, ...cvs];
}

/**
 * All rules a server obeys: a sender takes `-C` for its own, a receiver has it among the client's rules, which of old
 * could not name `.cvsignore`.
 */
export function serverRules(
  options: TransferOptions,
  received: readonly FilterRule[],
  sends: boolean,
  { ruleModifiers }: Pick<Dialect, 'ruleModifiers'>,
): readonly FilterRule[] {
  if (!options.cvsExclude) return received;
  if (sends) return [...received, ...CVS_EXCLUDE];
  return ruleModifiers ? received : [...received, CVS_EXCLUDE[0]!];
}

/**
 * The rule texts a client sends, in order, without lengths and terminator (reference §5.2, §5.3). Rules that only
 * concern the client's side stay at home; rules for only the server's side carry its modifier.
 * @param serverSends whether the server is the sender (a pull)
 * @param read reads what `-C` stands for
 * @throws usage `filter-too-long`; `filter-too-modern` where a peer of old would not understand
 */
export function encodeRules(
  options: TransferOptions,
  serverSends: boolean,
  dialect: Dialect,
  read: ReadRuleFile,
): ByteString[] {
  const { deleteExcluded } = options;
  const remote = serverSends ? 'sender' : 'receiver';
  const texts: ByteString[] = [];
  for (const rule of serverSends ? options.filters : clientRules(options, false)) {
    if (!actsOn(rule, remote, deleteExcluded)) continue;
    if (!dialect.ruleModifiers) {
      // The other side reads them itself where it is to have them.
      if (rule === CVS_EXCLUDE[0]) continue;
      const each = rule.kind === 'cvs' ? expandCvs(rule, read).map((one) => ({ ...one, perishable: false })) : [rule];
      texts.push(...each.map((one) => bareText(one, serverSends)));
    } else if (rule.kind === 'dir-merge') texts.push(mergeText(spoken(rule, options, serverSends, dialect)));
    else if (rule.kind === 'pattern')
      texts.push(patternText(spoken(rule, options, serverSends, dialect), serverSends && deleteExcluded));
    else if (serverSends) texts.push(`${kindLetters(rule)}C${sideLetters(rule.side)} `);
    else {
      const perishable = dialect.perishableRules;
      texts.push(...expandCvs(rule, read).map((each) => patternText({ ...each, perishable }, false)));
    }
  }
  const long = texts.find((text) => text.length > MAX_RULE_TEXT);
  if (long !== undefined) {
    throw fail('usage', 'filter-too-long', `A filter rule of ${long.length} bytes is too long for the wire`);
  }
  return texts;
}

/**
 * A rule as a peer of old knows it, which has none that keep no folder. To a sender that makes no difference; a receiver
 * would keep more than it is to, so that only what we add ourselves is sent to it.
 */
function spoken<Rule extends PatternRule | DirMergeRule>(
  rule: Rule,
  { partialDir }: TransferOptions,
  serverSends: boolean,
  { perishableRules, protocol }: Dialect,
): Rule {
  if (!rule.perishable || perishableRules) return rule;
  if (serverSends || (rule.kind === 'pattern' && rule.dirOnly && rule.pattern === partialDir))
    return { ...rule, perishable: false };
  throw fail('usage', 'filter-too-modern', 'A filter rule is too modern for the other side’s rsync', {
    exitCode: 2,
    hint: `Rules with the modifier “p” need protocol 30 there; it speaks ${protocol}.`,
  });
}

const kindLetters = (rule: { include: boolean; absolute: boolean; negate: boolean }): ByteString =>
  `${rule.include ? '+' : '-'}${rule.absolute ? '/' : ''}${rule.negate ? '!' : ''}`;

const sideLetters = (side: RuleSide): ByteString =>
  side === 'both' ? '' : side === 'each' ? 'sr' : side === 'sender' ? 's' : 'r';

function patternText(rule: PatternRule, senderOnly: boolean): ByteString {
  const side = senderOnly && rule.side === 'both' ? 'sender' : rule.side;
  return [
    kindLetters(rule),
    rule.xattr ? 'x' : '',
    sideLetters(side),
    rule.perishable ? 'p' : '',
    ` ${rule.pattern}`,
    rule.dirOnly ? '/' : '',
  ].join('');
}

/**
 * A rule for peers that know patterns alone, excluded ones as they are and included ones behind `+ `. Which side it is
 * for they cannot be told, and need not be: it is sent to one side only.
 */
function bareText(rule: PatternRule | DirMergeRule, serverSends: boolean): ByteString {
  if (rule.kind === 'dir-merge' || rule.negate || rule.absolute || rule.xattr || (rule.perishable && !serverSends)) {
    throw fail('usage', 'filter-too-modern', 'A filter rule is too modern for the other side’s rsync', {
      exitCode: 2,
      hint: 'Before protocol 29 there are patterns to exclude and to include, and nothing else.',
    });
  }
  const looksPrefixed = /^[-+] /.test(rule.pattern);
  const prefix = rule.include ? '+ ' : looksPrefixed ? '- ' : '';
  return `${prefix}${rule.pattern}${rule.dirOnly ? '/' : ''}`;
}

function mergeText(rule: DirMergeRule): ByteString {
  return [
    ':',
    rule.absolute ? '/' : '',
    rule.cvs ? 'C' : `${rule.inherit ? '' : 'n'}${rule.words ? 'w' : ''}`,
    rule.only === null ? '' : rule.only === 'include' ? '+' : '-',
    sideLetters(rule.side),
    rule.perishable ? 'p' : '',
    ` ${rule.name}`,
  ].join('');
}

const weight = (rule: FilterRule): number =>
  rule.kind === 'pattern' ? rule.pattern.length : rule.kind === 'dir-merge' ? rule.name.length : 0;

/**
 * Adds one rule text received from a client to a server's list.
 * @param text 1 to MAX_RULE_TEXT bytes; the reader has bounded the length before it allocated
 * @param dialect whether the text has modifiers, or is a bare pattern
 * @throws protocol `filter-list` for a text outside the bounds or the syntax
 */
export function decodeRule(
  rules: FilterRule[],
  text: ByteString,
  { ruleModifiers }: Pick<Dialect, 'ruleModifiers'>,
): void {
  if (text.length === 0 || text.length > MAX_RULE_TEXT) {
    throw fail('protocol', 'filter-list', `The peer sent a filter rule of ${text.length} bytes`);
  }
  const weigh = rules.length % CHECK_EVERY === 0;
  const heavy = weigh && rules.reduce((sum, rule) => sum + weight(rule), 0) > MAX_PATTERN_BYTES;
  if (rules.length >= MAX_RULES || heavy) throw fail('protocol', 'filter-list', 'The peer sent too many filter rules');
  if (text.includes('\0')) throw fail('protocol', 'filter-list', 'The peer sent a filter rule with a NUL byte');
  try {
    applyRule(rules, ruleModifiers ? parseFilterRule(text) : parseOldRule(text, false));
  } catch (error) {
    if (!(error instanceof DriftlineError)) throw error;
    throw fail('protocol', 'filter-list', `The peer sent a filter rule we cannot use: ${error.data.message}`, {
      exitCode: 12,
    });
  }
}
