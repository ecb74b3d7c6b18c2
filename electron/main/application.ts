import { app, dialog, powerMonitor } from 'electron';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { toErrorData } from '../../shared/errors.ts';
import { createService } from '../service/create-service.ts';
import type { Home } from '../service/home.ts';
import { createPageIpc } from './ipc.ts';
import { lockDown } from './lockdown.ts';
import { setAppMenu } from './menu.ts';
import { createDialogs, createNotifier, createSleepBlocker, openElectronStoreFile } from './ports-electron.ts';
import { serveAppScheme } from './protocol.ts';
import { mayQuit } from './quit.ts';
import { hasTrayHost } from './tray-host.ts';
import type { TrayModel } from './tray-menu.ts';
import { createTray } from './tray.ts';
import type { AppTray } from './tray.ts';
import { watchService } from './watch-service.ts';
import { createAppWindow } from './window.ts';

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
  let open: (runId: string | null) => void = () => (wanted = true);
  // Its arguments come from another program and are not looked at (faults.md E8).
  app.on('second-instance', () => open(null));
  app.on('activate', () => open(null));

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
    // Without a tray a busy application would be out of reach.
    mayClose: () => quitting || trayShown || !isBusy(),
  });
  const notifier = createNotifier(
    () => window.isFocused(),
    (runId) => open(runId),
  );
  const service = await createService({
    shell: 'electron',
    version: app.getVersion(),
    home,
    storeFile: openElectronStoreFile(home.storeFile),
    notifier,
    dialogs: createDialogs(() => window.current()),
  });
  open = (runId) => {
    window.show();
    if (runId !== null) ipc.whenListening({ type: 'event', name: 'event.show', payload: { view: 'run', runId } });
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

  let tray: AppTray | null = null;
  const keepAwake = createSleepBlocker();
  model = await watchService(service, (now) => {
    tray?.update(now);
    keepAwake(now.active.length > 0);
  });
  service.events.on('event.prompt', (prompt) => notifier.asked(prompt));
  tray = createTray(icons, model(), {
    run(profileId) {
      const started = service.handlers['runs.start']({ profileId, planId: null, confirmed: [] });
      Promise.resolve(started).catch((error: unknown) => notifier.notice(toErrorData(error).message));
    },
    open: () => open(null),
    quit,
  });
  setAppMenu(app.isPackaged, quit);
  if (wanted) window.show();
  else if (!trayShown) window.showMinimized();
}

/** There is no window yet that could say it. */
export function showStartError(error: unknown): void {
  const { message, hint } = toErrorData(error);
  dialog.showErrorBox('Driftline cannot start', hint === undefined ? message : `${message}\n\n${hint}`);
}
