/** The parts of Electron that talk to the desktop. They record what was asked and do nothing. */
import { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { MenuItemData, Recorded, TrayData } from './messages.ts';

export const recorded: Recorded[] = [];

export function record(what: string, ...args: unknown[]): void {
  // What cannot cross to the test (functions, windows) is left out.
  recorded.push({ what, args: JSON.parse(JSON.stringify(args)) as unknown[] });
}

interface ItemTemplate {
  id?: string;
  label?: string;
  role?: string;
  type?: string;
  enabled?: boolean;
  visible?: boolean;
  checked?: boolean;
  accelerator?: string;
  submenu?: ItemTemplate[] | Menu;
  click?: (item: MenuItem, window: undefined, event: object) => void;
}

export class MenuItem {
  readonly id: string;
  label: string;
  readonly type: string;
  readonly role: string | undefined;
  enabled: boolean;
  visible: boolean;
  checked: boolean;
  readonly submenu: Menu | undefined;
  readonly click: () => void;

  constructor(template: ItemTemplate) {
    this.id = template.id ?? '';
    this.label = template.label ?? template.role ?? '';
    this.role = template.role;
    this.type = template.type ?? (template.submenu === undefined ? 'normal' : 'submenu');
    this.enabled = template.enabled ?? true;
    this.visible = template.visible ?? true;
    this.checked = template.checked ?? false;
    this.submenu = Array.isArray(template.submenu) ? Menu.buildFromTemplate(template.submenu) : template.submenu;
    this.click = () => template.click?.(this, undefined, {});
  }
}

export class Menu extends EventEmitter {
  static application: Menu | null = null;
  readonly items: MenuItem[] = [];

  static buildFromTemplate(template: (ItemTemplate | MenuItem)[]): Menu {
    const menu = new Menu();
    for (const item of template) menu.append(item instanceof MenuItem ? item : new MenuItem(item));
    return menu;
  }

  static setApplicationMenu(menu: Menu | null): void {
    Menu.application = menu;
  }

  static getApplicationMenu(): Menu | null {
    return Menu.application;
  }

  append(item: MenuItem): void {
    this.items.push(item);
  }

  getMenuItemById(id: string): MenuItem | null {
    for (const item of this.items) {
      const found = item.id === id ? item : item.submenu?.getMenuItemById(id);
      if (found) return found;
    }
    return null;
  }

  popup(): void {
    record('menu.popup', menuData(this));
  }
}

export function menuData(menu: Menu | null): MenuItemData[] {
  return (menu?.items ?? [])
    .filter((item) => item.visible)
    .map(({ label, type, enabled, checked, submenu }) => ({
      label,
      type,
      enabled,
      checked,
      submenu: menuData(submenu ?? null),
    }));
}

/** Clicks the item under these labels, outermost first. A person cannot click what is hidden or disabled. */
export function clickMenu(menu: Menu | null, labels: string[]): void {
  let items = menu?.items ?? [];
  labels.forEach((label, depth) => {
    const item = items.find((each) => each.visible && each.label === label);
    if (item === undefined) {
      throw new Error(`the menu has no “${label}”, only ${items.map((each) => each.label || each.type).join(', ')}`);
    }
    if (!item.enabled) throw new Error(`“${label}” is disabled`);
    if (depth === labels.length - 1) item.click();
    items = item.submenu?.items ?? [];
  });
}

export interface Image {
  path: string;
  isEmpty(): boolean;
  setTemplateImage(): void;
  addRepresentation(): void;
  resize(): Image;
  getSize(): { width: number; height: number };
}

export const nativeImage = {
  createFromPath(path: string): Image {
    const image: Image = {
      path,
      isEmpty: () => !existsSync(path),
      setTemplateImage: () => undefined,
      addRepresentation: () => undefined,
      resize: () => image,
      getSize: () => ({ width: 16, height: 16 }),
    };
    return image;
  },
  createEmpty: (): Image => nativeImage.createFromPath(''),
};

export class Tray extends EventEmitter {
  static current: Tray | null = null;
  #image: Image | string;
  #menu: Menu | null = null;
  #tooltip = '';

  constructor(image: Image | string) {
    super();
    this.#image = image;
    Tray.current = this;
  }

  setImage(image: Image | string): void {
    this.#image = image;
  }

  setToolTip(text: string): void {
    this.#tooltip = text;
  }

  setTitle(): void {}

  setContextMenu(menu: Menu | null): void {
    this.#menu = menu;
  }

  popUpContextMenu(): void {
    record('tray.popUpContextMenu');
  }

  destroy(): void {
    if (Tray.current === this) Tray.current = null;
  }

  isDestroyed(): boolean {
    return Tray.current !== this;
  }

  get menu(): Menu | null {
    return this.#menu;
  }

  data(): TrayData {
    const path = typeof this.#image === 'string' ? this.#image : this.#image.path;
    if (!existsSync(path)) throw new Error(`the tray's picture ${path} does not exist`);
    return { tooltip: this.#tooltip, image: basename(path), menu: menuData(this.#menu) };
  }
}

export class Notification extends EventEmitter {
  static readonly shown: Notification[] = [];
  title: string;
  body: string;

  static isSupported(): boolean {
    return true;
  }

  constructor(options: { title?: string; body?: string } = {}) {
    super();
    this.title = options.title ?? '';
    this.body = options.body ?? '';
  }

  show(): void {
    Notification.shown.push(this);
    record('notification', { title: this.title, body: this.body });
    this.emit('show', {});
  }

  close(): void {
    this.emit('close', {});
  }
}

const answers = new Map<string, unknown[]>();

export function answerDialog(method: string, answer: unknown): void {
  answers.set(method, [...(answers.get(method) ?? []), answer]);
}

function ask(method: string, whenCancelled: object) {
  return (...args: unknown[]): Promise<unknown> => {
    record(`dialog.${method}`, args.at(-1));
    return Promise.resolve(answers.get(method)?.shift() ?? whenCancelled);
  };
}

export const dialog = {
  showOpenDialog: ask('showOpenDialog', { canceled: true, filePaths: [] }),
  showSaveDialog: ask('showSaveDialog', { canceled: true, filePath: '' }),
  showMessageBox: ask('showMessageBox', { response: 0, checkboxChecked: false }),
  showErrorBox: (title: string, content: string): void => record('dialog.showErrorBox', title, content),
};

export const shell = {
  openExternal: (url: string): Promise<void> => Promise.resolve(record('shell.openExternal', url)),
  openPath: (path: string): Promise<string> => Promise.resolve(record('shell.openPath', path)).then(() => ''),
  showItemInFolder: (path: string): void => record('shell.showItemInFolder', path),
  beep: (): void => record('shell.beep'),
};

const blockers = new Set<number>();
let lastBlocker = 0;
export const powerSaveBlocker = {
  start(type: string): number {
    blockers.add(++lastBlocker);
    record('powerSaveBlocker.start', type);
    return lastBlocker;
  },
  stop(id: number): boolean {
    record('powerSaveBlocker.stop');
    return blockers.delete(id);
  },
  isStarted: (id: number): boolean => blockers.has(id),
};

export const powerMonitor = new EventEmitter();

class NativeTheme extends EventEmitter {
  readonly shouldUseDarkColors = false;
  #themeSource = 'system';
  get themeSource(): string {
    return this.#themeSource;
  }
  set themeSource(value: string) {
    this.#themeSource = value;
    record('nativeTheme.themeSource', value);
  }
}
export const nativeTheme = new NativeTheme();

const workArea = { x: 0, y: 0, width: 1920, height: 1080 };
const display = { id: 1, bounds: workArea, workArea, scaleFactor: 1 };
export const screen = Object.assign(new EventEmitter(), {
  getAllDisplays: () => [display],
  getPrimaryDisplay: () => display,
  getDisplayMatching: () => display,
});
