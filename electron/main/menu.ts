import { Menu } from 'electron';
import type { MenuItemConstructorOptions } from 'electron';
import { ACCELERATORS } from '../../shared/model/window-command.ts';
import type { Command } from '../../shared/model/window-command.ts';

/**
 * The application's menu. Its keys are shown here and heard by the window itself, which knows whether a dialog is open
 * and works the same in a browser.
 */
export function setAppMenu(packaged: boolean, command: (command: Command) => void, quit: () => void): void {
  const isMac = process.platform === 'darwin';
  const item = (label: string, which: Command): MenuItemConstructorOptions => ({
    label,
    ...(ACCELERATORS[which] === undefined ? {} : { accelerator: ACCELERATORS[which], registerAccelerator: false }),
    click: () => command(which),
  });
  const settings = item('Settings…', 'settings');
  const about = item('About Driftline', 'about');
  const line: MenuItemConstructorOptions = { type: 'separator' };
  const file: MenuItemConstructorOptions = {
    label: '&File',
    submenu: [
      item('New profile…', 'new-profile'),
      ...(isMac ? [] : [settings]),
      line,
      { role: 'close' },
      ...(isMac ? [] : [{ label: '&Quit', accelerator: 'Ctrl+Q', click: quit }]),
    ],
  };
  const own: MenuItemConstructorOptions = {
    label: 'Driftline',
    submenu: [
      about,
      line,
      settings,
      line,
      { role: 'services' },
      line,
      { role: 'hide' },
      { role: 'hideOthers' },
      { role: 'unhide' },
      line,
      { label: 'Quit Driftline', accelerator: 'Cmd+Q', click: quit },
    ],
  };
  const view: MenuItemConstructorOptions[] = [
    item('Search', 'search'),
    line,
    { role: 'resetZoom' },
    { role: 'zoomIn' },
    { role: 'zoomOut' },
  ];
  if (!packaged) view.push(line, { role: 'reload', accelerator: 'F5' }, { role: 'toggleDevTools' });
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      ...(isMac ? [own] : []),
      file,
      { role: 'editMenu' },
      { label: '&Run', submenu: [item('Preview', 'preview'), item('Run', 'run'), item('Cancel', 'cancel')] },
      { label: '&View', submenu: view },
      ...(isMac ? [{ role: 'windowMenu' } as const] : [{ label: '&Help', submenu: [about] }]),
    ]),
  );
}
