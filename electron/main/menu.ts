import { Menu } from 'electron';
import type { MenuItemConstructorOptions } from 'electron';

/** The application's menu: what keyboards and macOS expect, and nothing that the window offers itself. */
export function setAppMenu(packaged: boolean, quit: () => void): void {
  const isMac = process.platform === 'darwin';
  const first: MenuItemConstructorOptions = isMac
    ? { role: 'appMenu' }
    : { label: '&File', submenu: [{ role: 'close' }, { label: '&Quit', accelerator: 'Ctrl+Q', click: quit }] };
  const view: MenuItemConstructorOptions[] = [{ role: 'resetZoom' }, { role: 'zoomIn' }, { role: 'zoomOut' }];
  if (!packaged) view.push({ type: 'separator' }, { role: 'reload' }, { role: 'toggleDevTools' });
  Menu.setApplicationMenu(
    Menu.buildFromTemplate([
      first,
      { role: 'editMenu' },
      { label: '&View', submenu: view },
      ...(isMac ? [{ role: 'windowMenu' } as const] : []),
    ]),
  );
}
