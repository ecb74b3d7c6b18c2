import { formatDateTime, outcomeLabel, plural, resultSentence } from '../../../shared/format.ts';
import { displayPath } from '../../../shared/model/path.ts';
import type { RunOutcome, RunSnapshot } from '../../../shared/model/run.ts';
import { type Style, styleFor } from '../style.ts';
import { folded } from '../text.ts';
import { readWords, wholeNumber } from './arguments.ts';
import { byName, type CommandContext } from './context.ts';
import { COMMANDS } from './table.ts';

const DEFAULT_LIMIT = '20';
const MAX_LIMIT = 100_000;

/** Past runs, the newest first. */
export function showHistory(words: readonly string[], { service, print }: CommandContext): RunSnapshot[] {
  const { values, positionals } = readWords(words, COMMANDS.history);
  const limit = wholeNumber('limit', values.limit ?? DEFAULT_LIMIT, 1, MAX_LIMIT);
  const [name] = positionals;
  const only = name === undefined ? null : byName('profile', service.profiles.list(), name);
  const runs = service.runs
    .list()
    .filter(({ profileId, result }) => result !== null && (only === null || profileId === only.id))
    .slice(0, limit);
  if (runs.length === 0) print(only === null ? 'Nothing was run yet.' : `“${displayPath(only.name)}” was not run yet.`);
  const style = styleFor(process.stdout);
  for (const run of runs) for (const line of runLines(run, values.issues === true, style)) print(line);
  return runs;
}

function runLines(
  { profileName, startedAt, result, issues, issueCount }: RunSnapshot,
  withIssues: boolean,
  style: Style,
): string[] {
  if (result === null) return [];
  const label = colourOf(result.outcome, style)(outcomeLabel(result.outcome).toLowerCase());
  const lines = [
    `${formatDateTime(startedAt)}  ${style.bold(displayPath(profileName))}: ${label}`,
    folded(displayPath(resultSentence(result)), process.stdout, '  '),
  ];
  if (!withIssues) return lines;
  lines.push(...issues.map(({ message }) => `  - ${displayPath(message)}`));
  if (issueCount > issues.length) lines.push(`  and ${plural(issueCount - issues.length, 'more issue')}`);
  return lines;
}

function colourOf(outcome: RunOutcome, style: Style): (text: string) => string {
  if (outcome === 'success') return style.good;
  return outcome === 'failed' || outcome === 'needs-attention' ? style.bad : style.warning;
}
