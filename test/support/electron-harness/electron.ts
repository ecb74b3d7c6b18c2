/**
 * The module that `import 'electron'` gives inside the harness (see README.md). Built to dist/electron-harness.js;
 * register.mjs points the import there.
 */
import { app } from './app.ts';
import { answerTests } from './control.ts';
import { ipcMain } from './ipc.ts';
import {
  Menu,
  MenuItem,
  Notification,
  Tray,
  answerDialog,
  clickMenu,
  dialog,
  menuData,
  nativeImage,
  nativeTheme,
  powerMonitor,
  powerSaveBlocker,
  recorded,
  screen,
  shell,
} from './recorded.ts';
import { protocol } from './scheme.ts';
import { session } from './session.ts';
import { BrowserWindow } from './window.ts';
import type { WebContents } from './window.ts';
import { targetId } from './target.ts';

const crashReporter = { start: (): void => undefined };
const webContents = {
  getAllWebContents: (): WebContents[] => BrowserWindow.all.map((window) => window.webContents),
};

export {
  BrowserWindow,
  Menu,
  MenuItem,
  Notification,
  Tray,
  app,
  crashReporter,
  dialog,
  ipcMain,
  nativeImage,
  nativeTheme,
  powerMonitor,
  powerSaveBlocker,
  protocol,
  screen,
  session,
  shell,
  webContents,
};

export default {
  BrowserWindow,
  Menu,
  MenuItem,
  Notification,
  Tray,
  app,
  crashReporter,
  dialog,
  ipcMain,
  nativeImage,
  nativeTheme,
  powerMonitor,
  powerSaveBlocker,
  protocol,
  screen,
  session,
  shell,
  webContents,
};

answerTests({
  windows: async () =>
    Promise.all(
      BrowserWindow.all.map(async (window) => ({
        targetId: window.webContents.page === null ? '' : await targetId(window.webContents.page),
        visible: window.isVisible(),
        title: window.getTitle(),
      })),
    ),
  tray: () => Tray.current?.data() ?? null,
  clickTray: (labels) => {
    clickMenu(Tray.current?.menu ?? null, labels);
    return null;
  },
  applicationMenu: () => menuData(Menu.application),
  clickApplicationMenu: (labels) => {
    clickMenu(Menu.application, labels);
    return null;
  },
  recorded: () => recorded,
  clickNotification: (index) => {
    const notification = Notification.shown.at(index);
    if (notification === undefined) throw new Error(`only ${Notification.shown.length} notifications were shown`);
    notification.emit('click', {});
    return null;
  },
  answerDialog: (method, answer) => {
    answerDialog(method, answer);
    return null;
  },
  secondInstance: (argv) => {
    app.emit('second-instance', {}, argv, process.cwd(), {});
    return null;
  },
  closeWindow: () => {
    BrowserWindow.all[0]?.close();
    return null;
  },
  quit: () => {
    setImmediate(() => app.quit());
    return null;
  },
  power: (event) => {
    powerMonitor.emit(event);
    return null;
  },
});

// Like Electron, become ready only after the application's main module has run.
setImmediate(() => {
  app.start().catch((error: unknown) => {
    console.error(error);
    app.exit(1);
  });
});
