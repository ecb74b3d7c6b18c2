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
 * @param icons folder with the pictures that build/icons/render.mjs draws
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
    const ids = [next.profiles.map(({ id }) => id), next.active.map(({ runId }) => runId)];
    const nextMenu = JSON.stringify([template, ids]);
    if (nextMenu !== menu) tray.setContextMenu(Menu.buildFromTemplate(template));
    menu = nextMenu;
  }

  update(model);
  // macOS opens the menu by itself, and many Linux trays send no click.
  if (process.platform === 'win32') tray.on('click', () => actions.open());
  return { update };
}

/** Pixels by scale. Windows and macOS have trays of 16 points, the panels of Linux 22 to 24. */
const POINTS_16: Readonly<Record<number, number>> = { 1: 16, 1.5: 24, 2: 32, 3: 48 };
const POINTS_24: Readonly<Record<number, number>> = { 1: 24, 2: 48 };

function picture(icons: string, state: TrayState): NativeImage {
  const isMac = process.platform === 'darwin';
  const scales = isMac || process.platform === 'win32' ? POINTS_16 : POINTS_24;
  const file = (pixels: number): string => join(icons, `tray-${state}${isMac ? '-template' : ''}-${pixels}.png`);
  const image = nativeImage.createFromPath(file(scales[1] ?? 24));
  for (const [scale, pixels] of Object.entries(scales)) {
    if (scale !== '1') image.addRepresentation({ scaleFactor: Number(scale), buffer: readFileSync(file(pixels)) });
  }
  // macOS draws it in the colour of the menu bar.
  image.setTemplateImage(isMac);
  return image;
}
