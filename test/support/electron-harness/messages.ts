/** What a test and the harness inside the application's process say to each other over the child's IPC channel. */

/** A menu as a test sees it. */
export interface MenuItemData {
  label: string;
  type: string;
  enabled: boolean;
  checked: boolean;
  submenu: MenuItemData[];
}

/** Something the application asked of the system; nothing was done. */
export interface Recorded {
  /** For example `notification`, `shell.openExternal`, `dialog.showErrorBox`, `powerSaveBlocker.start`. */
  what: string;
  args: unknown[];
}

export interface TrayData {
  tooltip: string;
  /** File name of the picture it shows. */
  image: string;
  menu: MenuItemData[];
}

/** Requests of a test; each is answered by `{ id, value }` or `{ id, error }`. */
export interface Requests {
  windows: { args: []; value: { targetId: string; visible: boolean; title: string }[] };
  tray: { args: []; value: TrayData | null };
  clickTray: { args: [labels: string[]]; value: null };
  applicationMenu: { args: []; value: MenuItemData[] };
  clickApplicationMenu: { args: [labels: string[]]; value: null };
  recorded: { args: []; value: Recorded[] };
  clickNotification: { args: [index: number]; value: null };
  /** The next call of this dialog method gets this answer; without one, dialogs are cancelled. */
  answerDialog: { args: [method: string, answer: unknown]; value: null };
  /** A second copy was started with this command line. */
  secondInstance: { args: [argv: string[]]; value: null };
  closeWindow: { args: []; value: null };
  quit: { args: []; value: null };
  /** Emits an event of `powerMonitor`: suspend, resume, shutdown … */
  power: { args: [event: string]; value: null };
}

export type RequestName = keyof Requests;
export type Handlers = {
  [K in RequestName]: (...args: Requests[K]['args']) => Requests[K]['value'] | Promise<Requests[K]['value']>;
};

export interface RequestMessage {
  id: number;
  name: RequestName;
  args: unknown[];
}

export type ReplyMessage = { id: number; value: unknown } | { id: number; error: string } | { ready: true };
