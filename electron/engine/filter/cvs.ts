import { joinPath, textToBytes } from '../../../shared/model/path.ts';
import { addContent, type ReadRuleFile, type RuleFiles } from './rule-list.ts';
import { type CvsRule, type FilterRule, FULL_RULES, type PatternRule, type RuleTemplate } from './rule.ts';

/** What CVS leaves out by itself (reference §5.3). */
const DEFAULT_NAMES =
  'RCS SCCS CVS CVS.adm RCSLOG cvslog.* tags TAGS .make.state .nse_depinfo *~ #* .#* ,* _$* *$ *.old *.bak *.BAK ' +
  '*.orig *.rej .del-* *.a *.olb *.o *.obj *.so *.exe *.Z *.elc *.ln core .svn/ .git/ .hg/ .bzr/';

const NO_FILES: RuleFiles = { read: () => '', from0: false };

/** What `-C` adds behind all other rules: `.cvsignore` in each directory, then the names CVS leaves out. */
export const CVS_EXCLUDE: readonly FilterRule[] = [
  {
    kind: 'dir-merge',
    name: '.cvsignore',
    side: 'both',
    only: null,
    cvs: true,
    words: false,
    inherit: false,
    absolute: false,
    perishable: false,
  },
  { kind: 'cvs', include: false, side: 'both', negate: false, absolute: false },
];

/**
 * The rules a CVS rule stands for on this machine: the default names, those in `~/.cvsignore`, those in CVSIGNORE. A
 * `!` among them drops what was collected so far.
 */
export function expandCvs(rule: CvsRule, read: ReadRuleFile, env: NodeJS.ProcessEnv = process.env): PatternRule[] {
  const { include, side, negate, absolute } = rule;
  const rules: PatternRule[] = [];
  const sink = {
    add: (found: FilterRule) => {
      if (found.kind === 'pattern') rules.push({ ...found, negate });
    },
    clear: () => {
      rules.length = 0;
    },
  };
  const bare: RuleTemplate = { ...FULL_RULES, prefixes: 'none', cvs: true, words: true, perishable: true };
  const template = { ...bare, include, side, absolute };
  const own = env['HOME'] === undefined ? null : read(joinPath(textToBytes(env['HOME']), '.cvsignore'));
  for (const content of [DEFAULT_NAMES, own ?? '', textToBytes(env['CVSIGNORE'] ?? '')]) {
    addContent(sink, content, template, { files: NO_FILES, dir: '', depth: 0 }, '.cvsignore');
  }
  return rules;
}
