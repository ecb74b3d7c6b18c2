import { dialog } from 'electron';
import type { BrowserWindow } from 'electron';
import type { SettingsService } from '../service/settings-service.ts';

/** What a click on the window's close button does: the window goes, goes to the task bar, or waits for an answer. */
export type Closing = 'close' | 'minimize' | 'wait';

export interface ClosingParts {
  settings: SettingsService;
  platform: string;
  /** The tray can be seen: the application stays in reach without a window. */
  trayShown: boolean;
  isBusy: () => boolean;
  isQuitting: () => boolean;
  window: () => BrowserWindow | null;
  quit: () => void;
  notice: (message: string) => void;
}

const QUESTION = {
  type: 'question' as const,
  message: 'Keep Driftline in the tray?',
  detail: 'Runs go on without a window, and profiles can be run from the tray. This can be changed in Settings.',
  buttons: ['Keep in the tray', 'Quit'],
  defaultId: 0,
  cancelId: 2,
  noLink: true,
};

/** Decides what closing the window means. The person is asked once, and the answer is a setting from then on. */
export function createClosing(parts: ClosingParts): () => Closing {
  const { settings } = parts;
  let asking = false;

  async function ask(): Promise<void> {
    const window = parts.window();
    if (asking || window === null) return;
    asking = true;
    try {
      const { response } = await dialog.showMessageBox(window, QUESTION);
      if (response > 1) return;
      const stay = response === 0;
      await settings.update({ closeToTray: stay });
      if (stay) window.close();
      else parts.quit();
    } finally {
      asking = false;
    }
  }

  /** Without a tray a busy application would be out of reach. Said once. */
  function stayInReach(): Closing {
    if (!settings.get().silenced.includes('no-tray')) {
      parts.notice('This desktop shows no tray, so the window stays in the task bar until the run has ended.');
      settings
        .update({ silenced: [...settings.get().silenced, 'no-tray'] })
        .catch((error: unknown) => process.emitWarning(String(error)));
    }
    return 'minimize';
  }

  return () => {
    // On macOS an application lives on in the dock.
    if (parts.isQuitting() || parts.platform === 'darwin') return 'close';
    if (!parts.trayShown) return parts.isBusy() ? stayInReach() : 'close';
    const { closeToTray } = settings.get();
    if (closeToTray === true) return 'close';
    if (closeToTray === false) parts.quit();
    else ask().catch((error: unknown) => process.emitWarning(String(error)));
    return 'wait';
  };
}
