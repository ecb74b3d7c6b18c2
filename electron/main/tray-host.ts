import { spawn } from 'node:child_process';

/** Longest wait for the session bus; a desktop answers in milliseconds. */
const PROBE_MS = 2000;

/**
 * Whether an icon in the tray can be seen. Windows and macOS always show one; a Linux desktop does when somebody
 * watches for items (freedesktop StatusNotifierItem), and Electron does not tell. Without an answer there is none:
 * then the window is never put away.
 */
export function hasTrayHost(platform: string = process.platform): Promise<boolean> {
  if (platform !== 'linux') return Promise.resolve(true);
  return new Promise((resolve) => {
    const child = spawn(
      'dbus-send',
      [
        '--session',
        '--print-reply=literal',
        `--reply-timeout=${PROBE_MS}`,
        '--dest=org.freedesktop.DBus',
        '/org/freedesktop/DBus',
        'org.freedesktop.DBus.NameHasOwner',
        'string:org.kde.StatusNotifierWatcher',
      ],
      { stdio: ['ignore', 'pipe', 'ignore'], timeout: PROBE_MS },
    );
    let reply = '';
    child.stdout.on('data', (data: Buffer) => (reply += data.toString('latin1')));
    child.on('error', () => resolve(false));
    child.on('close', () => resolve(/boolean true/.test(reply)));
  });
}
