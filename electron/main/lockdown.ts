import { app, session } from 'electron';
import type { Session, WebContents } from 'electron';
import { isOurs } from './origin.ts';

/** What Electron documents of a cancellable navigation, in the newer and the older form. */
interface Navigation {
  preventDefault(): void;
  readonly url?: string;
}

/**
 * Denies, for every page and session there will ever be, what our one page never needs (faults.md E4): leaving the
 * application, new windows, webviews, permissions, devices, downloads. Must run before the first window.
 */
export function lockDown(): void {
  app.on('session-created', denyPermissions);
  void app.whenReady().then(() => denyPermissions(session.defaultSession));
  app.on('web-contents-created', (_event, contents) => confine(contents));
}

function confine(contents: WebContents): void {
  const stay = (event: Navigation, url?: string): void => {
    if (!isOurs(event.url ?? url ?? '')) event.preventDefault();
  };
  contents.on('will-navigate', stay);
  contents.on('will-frame-navigate', stay);
  contents.on('will-redirect', stay);
  contents.on('will-attach-webview', (event) => event.preventDefault());
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
}

function denyPermissions(each: Session): void {
  each.setPermissionRequestHandler((_contents, _permission, answer) => answer(false));
  each.setPermissionCheckHandler(() => false);
  each.setDevicePermissionHandler(() => false);
  each.on('will-download', (event) => event.preventDefault());
}
