import type { DriftlineContract } from '../../shared/ipc/contract.ts';
import type { Handlers } from '../../shared/ipc/define.ts';
import type { Profile } from '../../shared/model/profile.ts';
import type { RunSnapshot } from '../../shared/model/run.ts';
import type { EventHub } from '../service/events.ts';
import type { TrayModel } from './tray-menu.ts';

/** What of the service the tray is drawn from. */
export interface Watched {
  handlers: Pick<Handlers<DriftlineContract>, 'profiles.list' | 'runs.list' | 'prompts.list'>;
  events: EventHub;
}

/**
 * Keeps the tray's model: the service's lists as they are now, then its events.
 *
 * @param changed called after each change
 * @returns the present model
 */
export async function watchService(
  { handlers, events }: Watched,
  changed: (model: TrayModel) => void,
): Promise<() => TrayModel> {
  let profiles: readonly Profile[] | null = null;
  const active = new Map<string, RunSnapshot>();
  const ended = new Set<string>();
  const prompts = new Set<string>();
  const closed = new Set<string>();
  const model = (): TrayModel => ({
    profiles: profiles ?? [],
    active: [...active.values()],
    openPrompts: prompts.size,
  });

  // Subscribed before the lists are read, so that no change falls between; what an event told is newer than a list.
  events.on('event.profiles', (list) => {
    profiles = list;
    changed(model());
  });
  events.on('event.run', (run) => {
    if (run.result === null) active.set(run.runId, run);
    else {
      active.delete(run.runId);
      ended.add(run.runId);
    }
    changed(model());
  });
  events.on('event.prompt', ({ promptId }) => {
    prompts.add(promptId);
    changed(model());
  });
  events.on('event.promptClosed', ({ promptId }) => {
    prompts.delete(promptId);
    closed.add(promptId);
    changed(model());
  });
  const [savedProfiles, runs, openPrompts] = await Promise.all([
    handlers['profiles.list'](null),
    handlers['runs.list'](null),
    handlers['prompts.list'](null),
  ]);
  profiles ??= savedProfiles;
  for (const run of runs) if (run.result === null && !ended.has(run.runId)) active.set(run.runId, run);
  for (const { promptId } of openPrompts) if (!closed.has(promptId)) prompts.add(promptId);
  return model;
}
