import { setTimeout } from 'node:timers/promises';
import { type ErrorData, toErrorData } from '../../../shared/errors.ts';
import { resultSentence, savedSentence } from '../../../shared/format.ts';
import { displayPath } from '../../../shared/model/path.ts';
import type { Profile } from '../../../shared/model/profile.ts';
import type { RunResult } from '../../../shared/model/run.ts';
import { folded } from '../text.ts';
import { withCommand } from './advice.ts';
import { readWords } from './arguments.ts';
import { byName, type CommandContext } from './context.ts';
import { ProgressLine } from './progress-line.ts';
import { COMMANDS } from './table.ts';

export interface Ran {
  result: RunResult;
  /** What stopped it, with the command that would let it go on. */
  error: ErrorData | null;
}

/** Runs a profile to its end. What stopped it is a result, not thrown. */
export async function runProfile(words: readonly string[], context: CommandContext): Promise<Ran> {
  const { values, positionals } = readWords(words, COMMANDS.run);
  const { service, print, notice, signal } = context;
  const profile = byName('profile', service.profiles.list(), positionals[0]!);
  const line = new ProgressLine();
  const confirmed = [...(values.confirm ?? []), ...(values['yes-delete'] === true ? ['many-deletions'] : [])];
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
    const request = { profileId: profile.id, planId: null, confirmed };
    const { runId } = await (values.wait === true
      ? startWhenFree(() => service.runs.start(request), context)
      : service.runs.start(request));
    cancel = (): void => service.runs.cancel(runId);
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel);
    const result = await service.runs.ended(runId);
    line.clear();
    if (dropped > 0) notice(`and ${dropped} more issues`);
    const sentence = displayPath(resultSentence(result));
    if (result.error !== null) notice(sentence);
    else print(folded([sentence, saved(result, profile)].filter(Boolean).join(' '), process.stdout));
    const again = { profile: profile.name, confirmed };
    return { result, error: result.error && withCommand(result.error, service.hosts.list(), again) };
  } finally {
    signal.removeEventListener('abort', cancel);
    stopListening();
    line.clear();
  }
}

/** How often a run that waits for another looks again, in milliseconds. */
const LOOK_AGAIN_MS = 500;

/** Starts as soon as no other run is at the profile or its destination. */
async function startWhenFree<T>(start: () => Promise<T>, { notice, signal }: CommandContext): Promise<T> {
  for (let told = ''; ;) {
    try {
      return await start();
    } catch (error) {
      const { code, message } = toErrorData(error);
      if ((code !== 'profile-busy' && code !== 'destination-busy') || signal.aborted) throw error;
      if (message !== told) notice(`waiting: ${displayPath(message)}`);
      told = message;
      await setTimeout(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** What the delta transfer saved; nothing of interest between local folders. */
function saved({ totals }: RunResult, { source, destination }: Profile): string {
  if (source.kind === 'local' && destination.kind === 'local') return '';
  const sentence = savedSentence(totals.literal, totals.matched, source.kind === 'host' ? 'pull' : 'push');
  return sentence === null ? '' : `${sentence}.`;
}
