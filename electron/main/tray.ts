import { Menu, Tray, nativeImage } from 'electron';
import type { NativeImage } from 'electron';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { trayMenu, trayState, trayTooltip } from './tray-menu.ts';
import type { TrayActions, TrayModel, TrayState } from './tray-menu.ts';

export interface AppTray {
  update(model: TrayModel): void;
}

/**
 * @param icons folder with `tray-STATE-16.png` and `-32.png`
 * @returns null where the system offers no place for it at all
 */
export function createTray(icons: string, model: TrayModel, actions: TrayActions): AppTray | null {
  let tray: Tray;
  let state = trayState(model);
  try {
    tray = new Tray(picture(icons, state));
  } catch {
    return null;
  }
  let menu = '';
  let tooltip = '';

  function update(next: TrayModel): void {
    const nextState = trayState(next);
    if (nextState !== state) tray.setImage(picture(icons, nextState));
    state = nextState;
    const nextTooltip = trayTooltip(next);
    if (nextTooltip !== tooltip) tray.setToolTip(nextTooltip);
    tooltip = nextTooltip;
    // A menu that is replaced while it is open closes under the pointer: only when it says something new.
    const template = trayMenu(next, actions);
    const nextMenu = JSON.stringify([template, next.profiles.map((profile) => profile.id)]);
    if (nextMenu !== menu) tray.setContextMenu(Menu.buildFromTemplate(template));
    menu = nextMenu;
  }

  update(model);
  // macOS opens the menu by itself, and many Linux trays send no click.
  if (process.platform === 'win32') tray.on('click', () => actions.open());
  return { update };
}

function picture(icons: string, state: TrayState): NativeImage {
  const image = nativeImage.createFromPath(join(icons, `tray-${state}-16.png`));
  image.addRepresentation({ scaleFactor: 2, buffer: readFileSync(join(icons, `tray-${state}-32.png`)) });
  return image;
}
