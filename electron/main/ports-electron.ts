import { homedir } from 'node:os';
import { join } from 'node:path';
import { Notification, dialog, powerSaveBlocker } from 'electron';
import type { BrowserWindow } from 'electron';
import ElectronStore from 'electron-store';
import { fail } from '../../shared/errors.ts';
import type { PathText } from '../../shared/model/path.ts';
import type { Prompt } from '../../shared/model/prompt.ts';
import type { Settings } from '../../shared/model/settings.ts';
import type { Dialogs, Notifier, StoreFile } from '../service/ports.ts';
import { confFile, confOptions } from '../service/store/conf-store.ts';
import { writeWhole } from '../service/store/whole-file.ts';
import { plain, promptText, runText } from './notification-text.ts';
import type { NotificationText } from './notification-text.ts';

/** The same file and format as `openConfFile` of the command line, written by Electron's store. */
export function openElectronStoreFile(path: string): StoreFile {
  const { configName, ...options } = confOptions(path);
  return confFile(path, () => new ElectronStore({ ...options, name: configName }));
}

export interface ElectronNotifier extends Notifier {
  /** A question waits. Shown only while nobody looks at the window, which asks it too. */
  asked(prompt: Prompt): void;
}

/**
 * @param isFocused whether a person looks at the window
 * @param open what a click does; null opens the window as it is
 * @param success what the settings say of runs that went well
 */
export function createNotifier(
  isFocused: () => boolean,
  open: (runId: string | null) => void,
  success: () => Settings['notifySuccess'],
): ElectronNotifier {
  // A notification that is collected loses its click.
  const shown = new Set<Notification>();

  function show(text: NotificationText, runId: string | null): void {
    if (!Notification.isSupported()) return;
    const notification = new Notification(text);
    shown.add(notification);
    const forget = (): void => void shown.delete(notification);
    notification.on('click', () => {
      forget();
      open(runId);
    });
    notification.on('close', forget);
    notification.on('failed', forget);
    notification.show();
  }

  return {
    runEnded(snapshot) {
      const text = runText(snapshot, isFocused(), success());
      if (text !== null) show(text, snapshot.runId);
    },
    notice: (message) => show({ title: 'Driftline', body: plain(message) }, null),
    asked(prompt) {
      if (!isFocused()) show(promptText(prompt.question), null);
    },
  };
}

/** @param parent the window that the dialog belongs to, if one is open */
export function createDialogs(parent: () => BrowserWindow | null): Dialogs {
  return {
    async pickFolder() {
      const options = { properties: ['openDirectory' as const, 'createDirectory' as const] };
      const window = parent();
      const { canceled, filePaths } = await (window === null
        ? dialog.showOpenDialog(options)
        : dialog.showOpenDialog(window, options));
      const [path] = filePaths;
      return canceled || path === undefined ? null : (path as PathText);
    },
    async saveText(name, text) {
      const options = { defaultPath: name };
      const window = parent();
      const { canceled, filePath } = await (window === null
        ? dialog.showSaveDialog(options)
        : dialog.showSaveDialog(window, options));
      if (canceled || filePath === '') return null;
      try {
        writeWhole(filePath, text);
      } catch (error) {
        throw fail(
          'fs',
          'export-unwritable',
          `The export could not be saved: ${error instanceof Error ? error.message : String(error)}`,
          {
            hint: 'Choose another folder.',
            cause: error,
          },
        );
      }
      return filePath as PathText;
    },
    async pickKey() {
      // Key files have no ending of their own, and their folder is hidden.
      const options = {
        defaultPath: join(homedir(), '.ssh'),
        properties: ['openFile' as const, 'showHiddenFiles' as const],
      };
      const window = parent();
      const { canceled, filePaths } = await (window === null
        ? dialog.showOpenDialog(options)
        : dialog.showOpenDialog(window, options));
      const [path] = filePaths;
      return canceled || path === undefined ? null : (path as PathText);
    },
  };
}

/** Keeps the machine from sleeping by itself while `wanted`; a person's own choice to sleep wins. */
export function createSleepBlocker(): (wanted: boolean) => void {
  let blocker: number | null = null;
  return (wanted) => {
    if (wanted === (blocker !== null)) return;
    if (blocker === null) blocker = powerSaveBlocker.start('prevent-app-suspension');
    else {
      powerSaveBlocker.stop(blocker);
      blocker = null;
    }
  };
}
