import { DriftlineError, fail } from '../../../shared/errors.ts';
import { displayPath, textToBytes, type ByteString } from '../../../shared/model/path.ts';
import type { ProfileOptions } from '../../../shared/model/profile.ts';
import { splitOptionWord, wordsOf } from '../../../shared/option-words.ts';
import { optionWords } from '../../../shared/profile-command.ts';
import { applyRule, parseFilterRule } from '../filter/parse.ts';
import { lexWords } from './lex.ts';
import { parseClientWords } from './parse.ts';
import { PROFILE_REFUSALS } from './profile-refusals.ts';
import type { TransferOptions } from './transfer-options.ts';

/**
 * The engine's view of a profile's options.
 * @throws usage for what rsync would not take either, in its words
 */
export function readProfileOptions(options: ProfileOptions): TransferOptions {
  return parseClientWords(optionWords(options).map(textToBytes), noRuleFile).options;
}

/**
 * Judges the options of a profile before it is saved.
 * @throws usage with `details.field` naming the rule or word: `filter-syntax`, `filter-file`, `option-refused`,
 *   `unknown-option`, `bad-value` and the parser's other codes
 */
export function checkProfileOptions(options: ProfileOptions): void {
  checkFilters(options.filters);
  options.more.forEach((word, at) => inField(`options.more.${at}`, () => checkWord(word, options)));
  inField('options.more', () => readProfileOptions(options));
}

/** @throws as `checkProfileOptions`, for the rules alone */
export function checkFilters(filters: readonly string[]): void {
  filters.forEach((rule, at) => inField(`options.filters.${at}`, () => checkRule(rule)));
}

/** @throws usage `filter-syntax`, `filter-too-long`, `filter-file` */
export function checkRule(rule: string): void {
  const parsed = parseFilterRule(textToBytes(rule));
  const all = parsed === null || parsed === 'clear' ? [] : 'kind' in parsed ? [parsed] : parsed;
  if (!all.some(({ kind }) => kind === 'merge' || kind === 'dir-merge' || kind === 'cvs')) return applyRule([], parsed);
  throw fail('usage', 'filter-file', `“${displayPath(rule)}”: ${PROFILE_REFUSALS['F']}`, {
    hint: 'Put the rules of the file into the profile.',
  });
}

/** Why profiles do not have an option, by its long name; null for those that may. */
export const refusalOf = (flag: string): string | null => PROFILE_REFUSALS[flag] ?? null;

function checkWord(word: string, options: ProfileOptions): void {
  const [lexed] = lexWords([textToBytes(word)], false);
  if (lexed?.kind === 'wrong') throw lexed.error;
  if (lexed?.kind !== 'option') throw fail('usage', 'unknown-option', `“${displayPath(word)}” is no option`);
  const name = `${lexed.negated ? 'no-' : ''}${lexed.row.long}`;
  if (wordsOf(`--${name}`) === null || splitOptionWord(word).flag !== lexed.row.long) {
    const own = OWN_FIELDS[lexed.row.long];
    const why = own === undefined ? refusalOf(lexed.row.long) : `it is a choice of its own (${own})`;
    throw fail(
      'usage',
      'option-refused',
      `A profile cannot have --${name}: ${why ?? 'it is a part of every profile'}`,
      {
        hint: 'Take it out, or use “driftline rsync” for such a transfer.',
      },
    );
  }
  if (name === 'delete-excluded' && !options.delete)
    throw fail('usage', 'option-refused', '--delete-excluded needs a profile that mirrors (--delete)');
  parseClientWords(['--archive', textToBytes(word)], noRuleFile);
}

/** Options that have a field in `ProfileOptions`. */
export const OWN_FIELDS: Readonly<Record<string, keyof ProfileOptions>> = {
  delete: 'delete',
  checksum: 'checksum',
  update: 'update',
  'numeric-ids': 'numericIds',
  timeout: 'timeout',
  filter: 'filters',
  exclude: 'filters',
  include: 'filters',
};

function inField(field: string, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof DriftlineError)) throw error;
    throw new DriftlineError({ ...error.data, details: { ...error.data.details, field } });
  }
}

/** A profile holds its rules; a file may hold others tomorrow, or on another computer. */
function noRuleFile(path: ByteString): never {
  throw fail('usage', 'filter-file', `“${displayPath(path)}”: ${PROFILE_REFUSALS['F']}`);
}
