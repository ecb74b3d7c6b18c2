import { BrowserWindow, app, nativeTheme, screen } from 'electron';
import type { WebContents } from 'electron';
import type { Closing } from './closing.ts';
import { START_URL } from './origin.ts';
import { webPreferences } from './web-preferences.ts';
import { MIN_SIZE, keepWindowState, openingBounds, readWindowState } from './window-state.ts';

export interface WindowOptions {
  /** Absolute path of the preload script. */
  preload: string;
  /** File that keeps the window's place. */
  stateFile: string;
  /** Absolute path of the picture of the task bar. */
  icon: string;
  /** A new page is about to load. */
  onPage: (contents: WebContents) => void;
  /** What closing the window does now. */
  closing: () => Closing;
}

/** The application's window, which comes and goes while the application stays. */
export interface AppWindow {
  /** Opens the window, or brings it to the front. */
  show(): void;
  /** Opens it in the task bar only. */
  showMinimized(): void;
  /** The open page, or null. */
  contents(): WebContents | null;
  isFocused(): boolean;
  /** Progress in the task bar or the dock: a share, more than 1 for unknown, less than 0 for none. */
  showProgress(share: number): void;
  /** For dialogs: the window they belong to. */
  current(): BrowserWindow | null;
}

/** Colours of the page before it has drawn itself: `--bg` of renderer/ui/tokens.css. */
const BACKGROUND = { light: '#f5f5f2', dark: '#141716' } as const;

export function createAppWindow(options: WindowOptions): AppWindow {
  const preferences = webPreferences(options.preload, app.isPackaged);
  let window: BrowserWindow | null = null;
  let progress = -1;

  function open(show: (opened: BrowserWindow) => void): void {
    const { maximized, ...bounds } = openingBounds(
      readWindowState(options.stateFile),
      screen.getAllDisplays().map((display) => display.workArea),
    );
    const opened = new BrowserWindow({
      ...bounds,
      minWidth: MIN_SIZE.width,
      minHeight: MIN_SIZE.height,
      title: 'Driftline',
      icon: options.icon,
      show: false,
      autoHideMenuBar: true,
      backgroundColor: nativeTheme.shouldUseDarkColors ? BACKGROUND.dark : BACKGROUND.light,
      webPreferences: preferences,
    });
    window = opened;
    opened.setProgressBar(progress);
    opened.once('ready-to-show', () => {
      if (maximized) opened.maximize();
      show(opened);
    });
    opened.on('close', (event) => {
      const place = opened.getNormalBounds();
      keepWindowState(options.stateFile, { ...place, maximized: opened.isMaximized() });
      const closing = options.closing();
      if (closing === 'close') return;
      event.preventDefault();
      if (closing === 'minimize') opened.minimize();
    });
    opened.on('closed', () => {
      if (window === opened) window = null;
    });
    // The page's title is ours; a document must not rename the window.
    opened.on('page-title-updated', (event) => event.preventDefault());
    options.onPage(opened.webContents);
    // A page that does not load leaves an empty window; the reason goes to the terminal.
    opened
      .loadURL(START_URL)
      .catch((error: unknown) => process.emitWarning(error instanceof Error ? error : String(error)));
  }

  return {
    show() {
      if (window === null) return open((opened) => opened.show());
      if (window.isMinimized()) window.restore();
      window.show();
      window.focus();
    },
    showMinimized() {
      if (window === null) open((opened) => opened.minimize());
    },
    contents: () => (window === null || window.isDestroyed() ? null : window.webContents),
    isFocused: () => window !== null && !window.isDestroyed() && window.isFocused(),
    showProgress(share) {
      if (share === progress) return;
      progress = share;
      window?.setProgressBar(share);
    },
    current: () => window,
  };
}
