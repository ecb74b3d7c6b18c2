import { app } from 'electron';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { writeWhole } from '../service/store/whole-file.ts';

/** Starts in the background: no window until somebody asks for one. */
export const HIDDEN = '--hidden';

/** Whether this start was one with the session. macOS passes no arguments to login items. */
export const startedHidden = (): boolean =>
  process.argv.includes(HIDDEN) || (process.platform === 'darwin' && app.getLoginItemSettings().wasOpenedAtLogin);

/**
 * Starts the application with the session, hidden, or no longer.
 *
 * @throws the system's error where the entry cannot be written
 */
export function setStartAtLogin(wanted: boolean): void {
  // Electron's own call does nothing on Linux.
  if (process.platform === 'linux') keepAutostart(autostartFile(process.env, homedir()), wanted, ownCommand());
  else if (app.getLoginItemSettings({ args: [HIDDEN] }).openAtLogin !== wanted)
    app.setLoginItemSettings({ openAtLogin: wanted, args: [HIDDEN] });
}

/** How this application is started: an AppImage by its own file, since what is mounted now is gone at the next login. */
function ownCommand(): string[] {
  const image = process.env['APPIMAGE'];
  if (image) return [image];
  return app.isPackaged ? [process.execPath] : [process.execPath, app.getAppPath()];
}

/** @see the freedesktop Desktop Application Autostart Specification */
export function autostartFile(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const config = env['XDG_CONFIG_HOME'];
  return join(config && isAbsolute(config) ? config : join(home, '.config'), 'autostart', 'driftline.desktop');
}

export function keepAutostart(file: string, wanted: boolean, command: readonly string[]): void {
  if (!wanted) {
    if (existsSync(file)) rmSync(file);
    return;
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeWhole(file, autostartEntry(command));
}

export function autostartEntry(command: readonly string[]): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Driftline',
    'Comment=Mirrors folders to and from servers',
    `Exec=${[...command, HIDDEN].map(execWord).join(' ')}`,
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    '',
  ].join('\n');
}

/**
 * One word of an Exec key: quoted, its special characters escaped, and once more as every string of such a file is
 * (Desktop Entry Specification, "The Exec key"). A percent sign would begin a field code.
 */
function execWord(word: string): string {
  const quoted = `"${word.replace(/["`$\\]/g, '\\$&')}"`;
  return quoted.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/%/g, '%%');
}
