import type { WebPreferences } from 'electron';

/**
 * The one set of preferences, for the one window (faults.md E1). Most are Electron's defaults; they stand here so that
 * a change of a default, or of one of these, is seen.
 *
 * @param preload absolute path of the preload script
 * @param packaged whether this is an installed application: then there are no developer tools
 */
export function webPreferences(preload: string, packaged: boolean): Readonly<WebPreferences> {
  return Object.freeze({
    preload,
    contextIsolation: true,
    sandbox: true,
    webSecurity: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webviewTag: false,
    allowRunningInsecureContent: false,
    experimentalFeatures: false,
    navigateOnDragDrop: false,
    safeDialogs: true,
    spellcheck: false,
    devTools: !packaged,
  });
}
