import { app, dialog, powerMonitor } from 'electron';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from '../../shared/model/window-command.ts';
import { toErrorData } from '../../shared/errors.ts';
import { createService } from '../service/create-service.ts';
import type { Home } from '../service/home.ts';
import { createClosing } from './closing.ts';
import { followSettings } from './follow-settings.ts';
import { deepLinkOf, parseDeepLink } from './deep-link.ts';
import type { DeepLink } from './deep-link.ts';
import { createPageIpc } from './ipc.ts';
import { lockDown } from './lockdown.ts';
import { setAppMenu } from './menu.ts';
import { createDialogs, createNotifier, createSleepBlocker, openElectronStoreFile } from './ports-electron.ts';
import { serveAppScheme } from './protocol.ts';
import { mayQuit } from './quit.ts';
import { hasTrayHost } from './tray-host.ts';
import { shareDone } from './tray-menu.ts';
import type { TrayModel } from './tray-menu.ts';
import { createTray } from './tray.ts';
import type { AppTray } from './tray.ts';
import { watchService } from './watch-service.ts';
import { createAppWindow } from './window.ts';

/** What the window is opened at: a run, a profile's preview, or as it was. */
type Target = { view: 'run'; runId: string } | { view: 'profile'; profileId: string } | null;

/** Files of the build, beside this module's bundle. */
const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/**
 * Puts the application together: the service, and around it the window, the tray, notifications and the way out.
 *
 * @param home the opened home folder
 * @param hidden started in the background: no window until somebody asks for one
 */
export async function startApplication(home: Home, hidden: boolean): Promise<void> {
  lockDown();
  const icons = beside('./icons');
  // Somebody may ask for the window before everything is there: it opens with the rest then.
  let wanted = !hidden;
  let open: (target: Target) => void = () => (wanted = true);
  // Its arguments come from another program: an address of ours opens a view, all else is passed over (faults.md E8).
  const openLink = (link: DeepLink | null): void => open(link?.view === 'profile' ? link : null);
  app.on('second-instance', (_event, argv) => openLink(deepLinkOf(argv)));
  app.on('open-url', (event, url) => {
    event.preventDefault();
    openLink(parseDeepLink(url));
  });
  app.on('activate', () => open(null));
  if (app.isPackaged) app.setAsDefaultProtocolClient('driftline');

  const [trayShown] = await Promise.all([hasTrayHost(), app.whenReady()]);
  serveAppScheme(beside('./renderer'));

  let quitting = false;
  let model = (): TrayModel => ({ profiles: [], active: [], openPrompts: 0 });
  const isBusy = (): boolean => model().active.length > 0;
  // No page speaks before the window opens, which is last of all.
  const ipc = createPageIpc((sink) => service.link(sink));
  const window = createAppWindow({
    preload: beside('./preload.cjs'),
    stateFile: join(home.folder, 'window.json'),
    icon: join(icons, 'app-256.png'),
    onPage: (contents) => ipc.attach(contents),
    closing: () => closing(),
  });
  const notifier = createNotifier(
    () => window.isFocused(),
    (runId) => open(runId === null ? null : { view: 'run', runId }),
    () => service.settings.get().notifySuccess,
  );
  const service = await createService({
    shell: 'electron',
    version: app.getVersion(),
    home,
    storeFile: openElectronStoreFile(home.storeFile),
    notifier,
    dialogs: createDialogs(() => window.current()),
  });
  open = (target) => {
    window.show();
    if (target !== null) ipc.whenListening({ type: 'event', name: 'event.show', payload: target });
  };

  /** Ends the runs and the application. */
  async function leave(): Promise<void> {
    if (quitting) return;
    quitting = true;
    // A run that does not end in time is found as interrupted at the next start.
    await service.close().catch((error: unknown) => process.emitWarning(String(error)));
    app.quit();
  }
  const quit = (): void => {
    void mayQuit(window.current(), model().active).then((yes) => (yes ? leave() : undefined));
  };
  app.on('before-quit', (event) => {
    if (quitting) return;
    event.preventDefault();
    quit();
  });
  app.on('window-all-closed', () => {
    if (!trayShown && process.platform !== 'darwin') app.quit();
  });
  // The machine or the session ends: there is nobody left to ask.
  powerMonitor.on('shutdown', () => void leave());
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void leave());

  const closing = createClosing({
    settings: service.settings,
    platform: process.platform,
    trayShown,
    isBusy,
    isQuitting: () => quitting,
    window: () => window.current(),
    quit,
    notice: (message) => notifier.notice(message),
  });
  followSettings(service.settings, (message) => notifier.notice(message));

  let tray: AppTray | null = null;
  const keepAwake = createSleepBlocker();
  model = await watchService(service, (now) => {
    tray?.update(now);
    keepAwake(now.active.some(({ progress }) => progress.phase !== 'paused'));
    window.showProgress(now.active.length === 0 ? -1 : (shareDone(now) ?? 2));
  });
  service.events.on('event.prompt', (prompt) => notifier.asked(prompt));
  tray = createTray(icons, model(), {
    run(profileId) {
      const started = service.handlers['runs.start']({ profileId, planId: null, confirmed: [] });
      Promise.resolve(started).catch((error: unknown) => notifier.notice(toErrorData(error).message));
    },
    pause: (runIds) => each(runIds, (runId) => service.runs.pause(runId)),
    resume: (runIds) => each(runIds, (runId) => service.runs.resume(runId)),
    cancel: (runId) => each([runId], () => service.runs.cancel(runId)),
    open: () => open(null),
    quit,
  });
  const command = (which: Command): void => {
    window.show();
    ipc.whenListening({ type: 'event', name: 'event.command', payload: { command: which } });
  };
  setAppMenu(app.isPackaged, command, quit);
  const link = deepLinkOf(process.argv.slice(1));
  if (link !== null) openLink(link);
  else if (wanted) window.show();
  else if (!trayShown) window.showMinimized();
}

/** A run that waits for its turn or has just ended is none to pause: the others are all the same. */
function each(runIds: readonly string[], act: (runId: string) => void): void {
  for (const runId of runIds) {
    try {
      act(runId);
    } catch (error) {
      if (toErrorData(error).kind !== 'usage') throw error;
    }
  }
}

/** There is no window yet that could say it. */
export function showStartError(error: unknown): void {
  const { message, hint } = toErrorData(error);
  dialog.showErrorBox('Driftline cannot start', hint === undefined ? message : `${message}\n\n${hint}`);
}
