import { resultSentence, savedSentence } from '../../../shared/format.ts';
import { displayPath } from '../../../shared/model/path.ts';
import type { Profile } from '../../../shared/model/profile.ts';
import type { RunResult } from '../../../shared/model/run.ts';
import { readWords } from './arguments.ts';
import { byName, type CommandContext } from './context.ts';
import { ProgressLine } from './progress-line.ts';

export const RUN_OPTIONS = { 'yes-delete': { type: 'boolean' } } as const;

/** Runs a profile to its end. What stopped it is in the result, not thrown. */
export async function runProfile(words: readonly string[], context: CommandContext): Promise<RunResult> {
  const { values, positionals } = readWords(words, RUN_OPTIONS, ['The name of the profile']);
  const { service, print, notice, signal } = context;
  const profile = byName('profile', service.profiles.list(), positionals[0]!);
  const line = new ProgressLine();
  const confirmed = values['yes-delete'] === true ? ['many-deletions'] : [];
  let told = 0;
  let dropped = 0;
  const stopListening = service.events.on('event.run', ({ profileId, issues, issueCount, progress, result }) => {
    if (profileId !== profile.id) return;
    if (issues.length > told) line.clear();
    for (; told < issues.length; told++) notice(displayPath(issues[told]!.message));
    dropped = issueCount - issues.length;
    if (result === null) line.show(progress);
  });
  let cancel = (): void => {};
  try {
    const { runId } = await service.runs.start({ profileId: profile.id, planId: null, confirmed });
    cancel = (): void => service.runs.cancel(runId);
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel);
    const result = await service.runs.ended(runId);
    line.clear();
    if (dropped > 0) notice(`and ${dropped} more issues`);
    const sentence = displayPath(resultSentence(result));
    if (result.error !== null) notice(sentence);
    else print([sentence, saved(result, profile)].filter(Boolean).join(' '));
    return result;
  } finally {
    signal.removeEventListener('abort', cancel);
    stopListening();
    line.clear();
  }
}

/** What the delta transfer saved; nothing of interest between local folders. */
function saved({ totals }: RunResult, { source, destination }: Profile): string {
  if (source.kind === 'local' && destination.kind === 'local') return '';
  const sentence = savedSentence(totals.literal, totals.matched, source.kind === 'host' ? 'pull' : 'push');
  return sentence === null ? '' : `${sentence}.`;
}
