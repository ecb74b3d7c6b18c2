import type { MenuItemConstructorOptions } from 'electron';
import { plural, resultSentence } from '../../shared/format.ts';
import { displayPath } from '../../shared/model/path.ts';
import type { Profile } from '../../shared/model/profile.ts';
import type { RunSnapshot } from '../../shared/model/run.ts';

/** What the tray tells about. */
export interface TrayModel {
  profiles: readonly Profile[];
  /** Runs that have not ended. */
  active: readonly RunSnapshot[];
  /** Questions nobody has answered yet. */
  openPrompts: number;
}

/** Names of the pictures in build/icons. */
export type TrayState = 'idle' | 'running' | 'attention' | 'error';

export interface TrayActions {
  run(profileId: string): void;
  pause(runIds: readonly string[]): void;
  resume(runIds: readonly string[]): void;
  cancel(runId: string): void;
  open(): void;
  quit(): void;
}

/** Windows cuts tooltips at 127 characters; nobody reads longer menu lines either. */
const MAX_TEXT = 120;

/** What matters most now: a question, then work, then what went wrong last. */
export function trayState({ profiles, active, openPrompts }: TrayModel): TrayState {
  if (openPrompts > 0) return 'attention';
  if (active.length > 0) return 'running';
  const outcomes = new Set(profiles.map((profile) => profile.lastRun?.outcome));
  if (outcomes.has('needs-attention')) return 'attention';
  return outcomes.has('failed') || outcomes.has('interrupted') ? 'error' : 'idle';
}

/** One line: what goes on, or how the last run ended. It does not change while a run only proceeds. */
export function trayStatus(model: TrayModel): string {
  const { active, openPrompts } = model;
  if (openPrompts > 0) return `${plural(openPrompts, 'question')} to answer`;
  const [first] = active;
  if (first !== undefined) {
    const others = active.length > 1 ? ` and ${active.length - 1} more` : '';
    return `${active.every(isPaused) ? 'Paused' : 'Running'} ${displayPath(first.profileName)}${others}`;
  }
  const last = lastResult(model.profiles);
  return last === null ? 'No run yet' : `${displayPath(last.name)}: ${displayPath(last.sentence)}`;
}

/** The status, with the share done in whole percent: a hundred changes a run, not ten a second. */
export function trayTooltip(model: TrayModel): string {
  const share = shareDone(model);
  const percent = share === null ? '' : `${Math.floor(share * 100)} %, `;
  return clip(`Driftline: ${percent}${trayStatus(model)}`);
}

/** How much of all that runs is done, 0 to 1; null while that is not known. */
export function shareDone(model: TrayModel): number | null {
  const active = model.active.filter(({ progress }) => progress.phase !== 'queued');
  const total = sum(active, ({ progress }) => (progress.listComplete ? progress.bytesTotal : NaN));
  const share = sum(active, ({ progress }) => progress.bytesDone) / total;
  return share >= 0 && share <= 1 ? share : null;
}

/**
 * The tray's menu. Everything is reached through it: on Linux a tray may get no click at all.
 */
export function trayMenu(model: TrayModel, actions: TrayActions): MenuItemConstructorOptions[] {
  const busy = new Set(model.active.map((run) => run.profileId));
  const runs: MenuItemConstructorOptions[] = model.profiles.map(({ id, name }) => ({
    label: label(name),
    enabled: !busy.has(id),
    click: () => actions.run(id),
  }));
  const share = shareDone(model);
  // In tenths, for every change makes the menu anew.
  const percent = share === null ? '' : ` (${Math.floor(share * 10) * 10} %)`;
  return [
    { label: label(trayStatus(model)) + percent, enabled: false },
    { type: 'separator' },
    {
      label: 'Run',
      enabled: runs.length > 0,
      submenu: runs.length > 0 ? runs : [{ label: 'No profiles yet', enabled: false }],
    },
    ...forRuns(model.active, actions),
    { label: 'Open Driftline', click: () => actions.open() },
    { type: 'separator' },
    { label: 'Quit', click: () => actions.quit() },
  ];
}

const isPaused = ({ progress }: RunSnapshot): boolean => progress.phase === 'paused';

/** What can be done with the runs that go on. */
function forRuns(active: readonly RunSnapshot[], actions: TrayActions): MenuItemConstructorOptions[] {
  if (active.length === 0) return [];
  const idsOf = (runs: readonly RunSnapshot[]): string[] => runs.map(({ runId }) => runId);
  const paused = idsOf(active.filter(isPaused));
  const going = idsOf(active.filter((run) => !isPaused(run)));
  const cancel = active.map((run) => ({ label: label(run.profileName), click: () => actions.cancel(run.runId) }));
  return [
    going.length > 0
      ? { label: 'Pause all', click: () => actions.pause(going) }
      : { label: 'Resume all', click: () => actions.resume(paused) },
    { label: 'Cancel', submenu: cancel },
  ];
}

function lastResult(profiles: readonly Profile[]): { name: string; sentence: string } | null {
  let found: { name: string; sentence: string } | null = null;
  let latest = -Infinity;
  for (const { name, lastRun } of profiles) {
    if (lastRun === null || lastRun.endedAt <= latest) continue;
    latest = lastRun.endedAt;
    found = { name, sentence: resultSentence(lastRun) };
  }
  return found;
}

function sum(runs: readonly RunSnapshot[], value: (run: RunSnapshot) => number): number {
  return runs.reduce((total, run) => total + value(run), 0);
}

/** Never cuts a character in two. */
function clip(text: string): string {
  if (text.length <= MAX_TEXT) return text;
  return `${text.slice(0, MAX_TEXT - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** In a menu, one `&` marks the next letter as a key; two are an ampersand. */
const label = (text: string): string => clip(displayPath(text)).replaceAll('&', '&&');
