import type { ByteString } from '../../../shared/model/path.ts';
import { applyRule, parseFilterRule, parseOldRule, ruleFileLines } from '../filter/parse.ts';
import { flag, type OptionGroup, type OptionState, toggle, value } from './option-row.ts';

const readRules = (include: boolean) => (state: OptionState, path: ByteString) => {
  for (const line of ruleFileLines(state.readRuleFile(path))) applyRule(state.filters, parseOldRule(line, include));
};

/** `-F` names the files with rules, the second one hides those files. */
const PER_DIRECTORY = [': /.rsync-filter', '- .rsync-filter'];

function perDirectory(state: OptionState): void {
  const rule = PER_DIRECTORY[state.perDirFilters++];
  if (rule !== undefined) applyRule(state.filters, parseFilterRule(rule));
}

/** Filter rules (row E10 of the features). */
export const FILTER_OPTIONS: OptionGroup = {
  title: 'Filters',
  rows: [
    toggle('cvs-exclude', 'C', 'cvsExclude', 'leave out what CVS leaves out', false),
    value('filter', { short: 'f', metavar: 'RULE' }, 'add a filter rule', (s, text) =>
      applyRule(s.filters, parseFilterRule(text)),
    ),
    flag(
      'F',
      { short: 'F' },
      'read rules from .rsync-filter in each folder; twice: leave those files out',
      perDirectory,
    ),
    value('exclude', { metavar: 'PATTERN' }, 'leave out names that match', (s, text) =>
      applyRule(s.filters, parseOldRule(text, false)),
    ),
    value('exclude-from', { metavar: 'FILE' }, 'read exclude patterns from a file', readRules(false)),
    value('include', { metavar: 'PATTERN' }, 'do not leave out names that match', (s, text) =>
      applyRule(s.filters, parseOldRule(text, true)),
    ),
    value('include-from', { metavar: 'FILE' }, 'read include patterns from a file', readRules(true)),
  ],
};
