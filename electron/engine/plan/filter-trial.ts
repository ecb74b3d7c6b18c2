import { bytesToText, type ByteString } from '../../../shared/model/path.ts';
import type { FilterTrial } from '../../../shared/model/filter-trial.ts';
import { fail } from '../../../shared/errors.ts';
import { FilterChain } from '../filter/chain.ts';
import { applyRule, parseFilterRule } from '../filter/parse.ts';
import type { FilterRule } from '../filter/rule.ts';
import { SourceScan } from '../flist/scan.ts';
import { nodeSourceFs } from '../fs/node-fs.ts';
import type { TransferHooks } from '../index.ts';
import { ARCHIVE, DEFAULT_OPTIONS } from '../options/transfer-options.ts';
import { turn } from './listing.ts';

/** What a trial looks at before it stops. */
export const TRIAL_LIMITS = { names: 20_000, ms: 2_000, rows: 200 } as const;

/**
 * Tells what filter rules leave out of local folders, as far as the limits go; changes nothing. What is below a folder
 * that is left out is not looked at.
 *
 * @param sources arguments in rsync's form: a slash at the end for the contents alone
 * @param rules one text each
 * @throws fs `source-missing` when nothing could be looked at; usage for a rule that is none
 */
export async function tryFilters(
  sources: readonly ByteString[],
  rules: readonly ByteString[],
  hooks: TransferHooks,
  limits: { names: number; ms: number; rows: number } = TRIAL_LIMITS,
): Promise<FilterTrial> {
  const { filters, indexOf } = parseRules(rules);
  const chain = new FilterChain(filters, 'sender');
  const trial: FilterTrial = { looked: 0, dropped: 0, complete: true, rows: [] };
  let trouble = '';
  const scan = new SourceScan(
    nodeSourceFs,
    sources,
    { ...DEFAULT_OPTIONS, ...ARCHIVE, incRecurse: false },
    (name, isDir) => {
      trial.looked++;
      const rule = chain.isEmpty ? null : chain.matchRule(name, isDir);
      if (rule === null || rule.include) return false;
      trial.dropped++;
      if (trial.rows.length < limits.rows)
        trial.rows.push({ path: bytesToText(name), folder: isDir, rule: indexOf.get(rule) ?? 0 });
      return true;
    },
    { issue: ({ message }) => (trouble ||= message), message: () => undefined },
  );
  const start = performance.now();
  let nextTurn = start + 40;
  let listed = 0;
  for (const batch of scan.scanAll()) {
    listed += batch.length;
    if (trial.looked >= limits.names || performance.now() - start > limits.ms) {
      trial.complete = false;
      break;
    }
    hooks.poll?.();
    if (performance.now() < nextTurn) continue;
    await turn(hooks);
    nextTurn = performance.now() + 40;
  }
  if (listed === 0 && trial.looked === 0 && trouble !== '') {
    throw fail('fs', 'source-missing', trouble, { hint: 'Check the path of the source.' });
  }
  return trial;
}

function parseRules(rules: readonly ByteString[]): { filters: FilterRule[]; indexOf: Map<FilterRule, number> } {
  const filters: FilterRule[] = [];
  const indexOf = new Map<FilterRule, number>();
  rules.forEach((text, index) => {
    applyRule(filters, parseFilterRule(text));
    for (const rule of filters) if (!indexOf.has(rule)) indexOf.set(rule, index);
  });
  return { filters, indexOf };
}
