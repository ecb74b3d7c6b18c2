import type { ByteString } from '../../../shared/model/path.ts';
import { DriftlineError, fail } from '../../../shared/errors.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import { applyRule, parseFilterRule } from './parse.ts';
import type { FilterRule } from './rule.ts';

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
export function wantsFilterList(options: TransferOptions, serverSends: boolean): boolean {
  return serverSends || options.deleteMode !== 'none';
}

/**
 * The rule texts a client sends, in order, without lengths and terminator (reference §5.2, §5.3). Rules that only
 * concern the client's side stay at home; rules for only the server's side carry its modifier.
 * @param serverSends whether the server is the sender (a pull)
 * @throws usage `filter-too-long`
 */
export function encodeRules(rules: readonly FilterRule[], serverSends: boolean): ByteString[] {
  const remote = serverSends ? 'sender' : 'receiver';
  const texts: ByteString[] = [];
  for (const rule of rules) {
    if (rule.side !== 'both' && rule.side !== remote) continue;
    const text = [
      rule.include ? '+' : '-',
      rule.absolute ? '/' : '',
      rule.negate ? '!' : '',
      rule.side === 'both' ? '' : serverSends ? 's' : 'r',
      rule.perishable ? 'p' : '',
      ' ',
      rule.pattern,
      rule.dirOnly ? '/' : '',
    ].join('');
    if (text.length > MAX_RULE_TEXT) {
      throw fail('usage', 'filter-too-long', `A filter rule of ${text.length} bytes is too long for the wire`);
    }
    texts.push(text);
  }
  return texts;
}

/**
 * Adds one rule text received from a client to a server's list.
 * @param text 1 to MAX_RULE_TEXT bytes; the reader has bounded the length before it allocated
 * @throws protocol `filter-list` for a text outside the bounds or the syntax, exit 4 for a rule kind not supported
 */
export function decodeRule(rules: FilterRule[], text: ByteString): void {
  if (text.length === 0 || text.length > MAX_RULE_TEXT) {
    throw fail('protocol', 'filter-list', `The peer sent a filter rule of ${text.length} bytes`);
  }
  const weigh = rules.length % CHECK_EVERY === 0;
  const heavy = weigh && rules.reduce((sum, rule) => sum + rule.pattern.length, 0) > MAX_PATTERN_BYTES;
  if (rules.length >= MAX_RULES || heavy) throw fail('protocol', 'filter-list', 'The peer sent too many filter rules');
  if (text.includes('\0')) throw fail('protocol', 'filter-list', 'The peer sent a filter rule with a NUL byte');
  try {
    applyRule(rules, parseFilterRule(text));
  } catch (error) {
    if (!(error instanceof DriftlineError)) throw error;
    const exitCode = error.data.code === 'filter-not-supported' ? 4 : 12;
    throw fail('protocol', 'filter-list', `The peer sent a filter rule we cannot use: ${error.data.message}`, {
      exitCode,
    });
  }
}
