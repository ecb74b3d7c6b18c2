import { describe, expect, it } from 'vitest';
import type { Profile } from '../../shared/model/profile.ts';
import { DEFAULT_PROFILE_OPTIONS } from '../../shared/model/profile.ts';
import type { PathText } from '../../shared/model/path.ts';
import type { RunOutcome, RunResult, RunSnapshot } from '../../shared/model/run.ts';
import { runText } from './notification-text.ts';
import { trayMenu, trayState, trayStatus, trayTooltip } from './tray-menu.ts';
import type { TrayModel } from './tray-menu.ts';

const NO_TOTALS = {
  filesTotal: 3,
  filesTransferred: 2,
  created: 2,
  deleted: 0,
  totalSize: 5_000_000,
  transferredSize: 4_100_000,
  literal: 0,
  matched: 0,
  sent: 0,
  received: 0,
};

const result = (outcome: RunOutcome, endedAt = 5000): RunResult => ({
  runId: 'run-0001',
  outcome,
  startedAt: 0,
  endedAt,
  totals: NO_TOTALS,
  issueCount: 1,
  error:
    outcome === 'failed'
      ? { kind: 'connect', code: 'refused', message: 'nas: connection refused', exitCode: 10, retryable: true }
      : null,
  exitCode: 0,
});

const local = (path: string) => ({ kind: 'local' as const, path: path as PathText });
const profile = (id: string, name: string, lastRun: RunResult | null = null): Profile => ({
  id,
  name,
  tags: [],
  source: { kind: 'local', paths: ['/a' as PathText] },
  destination: local('/b'),
  contentsOnly: true,
  options: DEFAULT_PROFILE_OPTIONS,
  createdAt: 0,
  lastRun,
});

const run = (profileId: string, profileName: string, bytesDone = 0, ended: RunResult | null = null): RunSnapshot => ({
  runId: 'run-0001',
  profileId,
  profileName,
  startedAt: 0,
  progress: {
    phase: 'transferring',
    name: '' as PathText,
    filesDone: 0,
    filesTotal: 1,
    bytesDone,
    bytesTotal: 1000,
    listComplete: true,
    literal: 0,
    matched: 0,
    sent: 0,
    received: 0,
    rate: 0,
    etaSeconds: null,
  },
  issues: [],
  issueCount: 0,
  itemCount: 0,
  result: ended,
});

const model = (more: Partial<TrayModel> = {}): TrayModel => ({ profiles: [], active: [], openPrompts: 0, ...more });
const noActions = {
  run: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
  cancel: () => undefined,
  open: () => undefined,
  quit: () => undefined,
};
const labels = (menu: { label?: string; type?: string }[]) => menu.map((item) => item.label ?? item.type);

describe('the tray', () => {
  it('shows what matters most', () => {
    const ended = (...outcomes: RunOutcome[]) =>
      model({ profiles: outcomes.map((outcome, n) => profile(`p${n}`, 'x', result(outcome))) });
    expect(trayState(model())).toBe('idle');
    expect(trayState(ended('success', 'partial', 'cancelled'))).toBe('idle');
    expect(trayState(ended('success', 'failed'))).toBe('error');
    expect(trayState(ended('interrupted'))).toBe('error');
    expect(trayState(ended('failed', 'needs-attention'))).toBe('attention');
    expect(trayState({ ...ended('failed'), active: [run('p', 'x')] })).toBe('running');
    expect(trayState({ ...ended('failed'), active: [run('p', 'x')], openPrompts: 1 })).toBe('attention');
  });

  it('says how the last run ended', () => {
    const profiles = [
      profile('p1', 'Photos', result('success', 9000)),
      profile('p2', 'Music', result('failed', 8000)),
      profile('p3', 'New'),
    ];
    expect(trayStatus(model({ profiles }))).toBe('Photos: Mirrored 2 files, 4.1 MB, in 9 s.');
    expect(trayStatus(model())).toBe('No run yet');
  });

  it('gives the share in whole percent, over all runs', () => {
    expect(trayTooltip(model({ active: [run('p1', 'Photos', 419)] }))).toBe('Driftline: 41 %, Running Photos');
    expect(trayTooltip(model({ active: [run('p1', 'Photos', 500), run('p2', 'Music', 250)] }))).toBe(
      'Driftline: 37 %, Running Photos and 1 more',
    );
  });

  it('gives no share while the list grows', () => {
    const growing = run('p1', 'Photos', 419);
    growing.progress.listComplete = false;
    expect(trayTooltip(model({ active: [growing] }))).toBe('Driftline: Running Photos');
  });

  it('has every action in its menu, since a tray may get no click', () => {
    const done: string[] = [];
    const profiles = [profile('p1', 'Photos'), profile('p2', 'Music')];
    const menu = trayMenu(model({ profiles, active: [run('p2', 'Music', 419)] }), {
      run: (id) => done.push(`run ${id}`),
      pause: (ids) => done.push(`pause ${ids.join(' ')}`),
      resume: (ids) => done.push(`resume ${ids.join(' ')}`),
      cancel: (id) => done.push(`cancel ${id}`),
      open: () => done.push('open'),
      quit: () => done.push('quit'),
    });
    expect(labels(menu)).toEqual([
      'Running Music (40 %)',
      'separator',
      'Run',
      'Pause all',
      'Cancel',
      'Open Driftline',
      'separator',
      'Quit',
    ]);
    expect(menu[0]).toMatchObject({ enabled: false });
    const runs = menu[2]?.submenu as { label: string; enabled: boolean; click(): void }[];
    expect(runs.map(({ label, enabled }) => [label, enabled])).toEqual([
      ['Photos', true],
      ['Music', false],
    ]);
    const [cancel] = menu[4]?.submenu as { label: string; click(): void }[];
    expect(cancel?.label).toBe('Music');
    for (const item of [runs[0], menu[3], cancel, menu[5], menu[7]]) (item?.click as () => void)();
    expect(done).toEqual(['run p1', 'pause run-0001', 'cancel run-0001', 'open', 'quit']);
  });

  it('resumes once everything is paused, and says so', () => {
    const resumed: string[] = [];
    const paused = run('p2', 'Music', 419);
    paused.progress.phase = 'paused';
    const going = { ...run('p1', 'Photos', 419), runId: 'run-0002' };
    const labelsOf = (active: RunSnapshot[]) => labels(trayMenu(model({ active }), noActions));
    expect(labelsOf([paused, going])).toContain('Pause all');
    expect(trayStatus(model({ active: [paused] }))).toBe('Paused Music');
    const menu = trayMenu(model({ active: [paused] }), { ...noActions, resume: (ids) => resumed.push(...ids) });
    (menu.find((item) => item.label === 'Resume all')?.click as () => void)();
    expect(resumed).toEqual(['run-0001']);
  });

  it('has no runs to offer without profiles', () => {
    expect(trayMenu(model(), noActions)[2]).toMatchObject({ label: 'Run', enabled: false });
  });

  it('shows names as text: no mnemonics, no control characters, no endless line', () => {
    const profiles = [
      profile('p1', 'R&D \u202egnp\nx'),
      profile('p2', '😀'.repeat(200)),
      profile('p3', '<img src=x onerror=alert(1)>'),
    ];
    const runs = trayMenu(model({ profiles }), noActions)[2]?.submenu as { label: string }[];
    expect(runs[0]?.label).toBe('R&&D \\u{202e}gnp\\x0ax');
    expect(runs[1]?.label.length).toBeLessThanOrEqual(120);
    expect(runs[1]?.label).toMatch(/^(?:😀)+…$/u);
    expect(runs[2]?.label).toBe('<img src=x onerror=alert(1)>');
  });
});

describe('what a notification says of a run', () => {
  const text = (outcome: RunOutcome, focused: boolean) => runText(run('p', 'Photos', 0, result(outcome)), focused);

  it('tells of success only to who does not see it', () => {
    expect(text('success', true)).toBeNull();
    expect(text('success', false)).toEqual({ title: 'Photos is done', body: 'Mirrored 2 files, 4.1 MB, in 5 s.' });
    expect(text('partial', true)).toBeNull();
    expect(text('partial', false)?.title).toBe('Photos finished with issues');
  });

  it('keeps to what the settings say of success', () => {
    const snapshot = run('p', 'Photos', 0, result('success'));
    expect(runText(snapshot, true, 'always')?.title).toBe('Photos is done');
    expect(runText(snapshot, false, 'never')).toBeNull();
    expect(runText(run('p', 'Photos', 0, result('failed')), true, 'never')?.title).toBe('Photos failed');
  });

  it('always tells what went wrong', () => {
    for (const focused of [true, false]) {
      expect(text('failed', focused)?.title).toBe('Photos failed');
      expect(text('failed', focused)?.body).toContain('connection refused');
      expect(text('needs-attention', focused)?.title).toBe('Photos needs your attention');
      expect(text('interrupted', focused)?.title).toBe('Photos was interrupted');
    }
  });

  it('says nothing of a run that goes on or was cancelled', () => {
    expect(text('cancelled', false)).toBeNull();
    expect(runText(run('p', 'Photos'), false)).toBeNull();
  });

  it('cannot be read as markup by the notification server', () => {
    const snapshot = run('p', '<img src=x> & \u001b[31m', 0, result('success'));
    expect(runText(snapshot, false)?.title).toBe('‹img src=x› ＆ \\x1b[31m is done');
  });
});
