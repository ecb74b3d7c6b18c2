import type { ByteString } from '../../../shared/model/path.ts';
import { addFilter, addPattern, addPatternFile, type RuleFiles } from '../filter/rule-list.ts';
import { flag, type OptionGroup, type OptionState, toggle, value } from './option-row.ts';

/** What stands before an option counts for it: `-0` and `--insecure-links` must come first. */
const filesOf = (state: OptionState): RuleFiles => ({
  read: (path) => state.readRuleFile(path, state.options),
  from0: state.options.from0,
});

const readRules = (include: boolean) => (state: OptionState, path: ByteString) =>
  addPatternFile(state.filters, path, include, filesOf(state));

/** `-F` names the files with rules, the second one hides those files. */
const PER_DIRECTORY = [': /.rsync-filter', '- .rsync-filter'];

function perDirectory(state: OptionState): void {
  const rule = PER_DIRECTORY[state.perDirFilters++];
  if (rule !== undefined) addFilter(state.filters, rule, filesOf(state));
}

/** Filter rules (row E10 of the features). */
export const FILTER_OPTIONS: OptionGroup = {
  title: 'Filters',
  rows: [
    toggle('cvs-exclude', 'C', 'cvsExclude', 'leave out what CVS leaves out', false),
    value('filter', { short: 'f', metavar: 'RULE' }, 'add a filter rule', (s, text) =>
      addFilter(s.filters, text, filesOf(s)),
    ),
    flag(
      'F',
      { short: 'F' },
      'read rules from .rsync-filter in each folder; twice: leave those files out',
      perDirectory,
    ),
    value('exclude', { metavar: 'PATTERN' }, 'leave out names that match', (s, text) =>
      addPattern(s.filters, text, false),
    ),
    value('exclude-from', { metavar: 'FILE' }, 'read exclude patterns from a file', readRules(false)),
    value('include', { metavar: 'PATTERN' }, 'do not leave out names that match', (s, text) =>
      addPattern(s.filters, text, true),
    ),
    value('include-from', { metavar: 'FILE' }, 'read include patterns from a file', readRules(true)),
  ],
};
