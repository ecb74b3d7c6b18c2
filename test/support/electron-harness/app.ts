import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { connected } from './chromium.ts';
import { record } from './recorded.ts';
import { defaultSession } from './session.ts';

/** dist/ holds this module once built; the application's folder is the one above. */
const APP_PATH = join(import.meta.dirname, '..');
const { name, version } = JSON.parse(readFileSync(join(APP_PATH, 'package.json'), 'utf8')) as Record<string, string>;

const config = process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config');

class App extends EventEmitter {
  /** Told by window.ts, which knows the application; this way round there is no cycle. */
  windows: () => { close(): void }[] = () => [];
  readonly isPackaged = false;
  readonly dock = undefined;
  #name = name ?? '';
  readonly #paths = new Map<string, string>([
    ['home', homedir()],
    ['temp', tmpdir()],
    ['appData', config],
    ['exe', process.execPath],
  ]);
  #ready = false;
  #quitting = false;

  readonly commandLine = {
    appendSwitch: (...args: string[]): void => record('commandLine.appendSwitch', ...args),
    hasSwitch: (flag: string): boolean =>
      process.argv.some((arg) => arg === `--${flag}` || arg.startsWith(`--${flag}=`)),
    getSwitchValue: (flag: string): string =>
      process.argv.find((arg) => arg.startsWith(`--${flag}=`))?.slice(flag.length + 3) ?? '',
  };

  readonly #whenReady = new Promise<void>((resolve) => this.once('ready', () => resolve()));

  async start(): Promise<void> {
    await connected();
    this.#ready = true;
    this.emit('will-finish-launching');
    this.emit('session-created', defaultSession);
    this.emit('ready', {}, {});
  }

  whenReady(): Promise<void> {
    return this.#whenReady;
  }
  isReady(): boolean {
    return this.#ready;
  }
  getName(): string {
    return this.#name;
  }
  setName(value: string): void {
    this.#name = value;
  }
  get name(): string {
    return this.#name;
  }
  set name(value: string) {
    this.#name = value;
  }
  getVersion(): string {
    return version ?? '';
  }
  getAppPath(): string {
    return APP_PATH;
  }
  getLocale(): string {
    return 'en-US';
  }
  getPath(which: string): string {
    const path = this.#paths.get(which);
    if (path !== undefined) return path;
    if (which === 'userData' || which === 'sessionData') return join(config, this.#name);
    if (which === 'logs') return join(this.getPath('userData'), 'logs');
    return join(homedir(), which);
  }
  setPath(which: string, path: string): void {
    this.#paths.set(which, path);
  }
  requestSingleInstanceLock(): boolean {
    return process.env.DRIFTLINE_HARNESS_SECOND !== '1';
  }
  hasSingleInstanceLock(): boolean {
    return this.requestSingleInstanceLock();
  }
  releaseSingleInstanceLock(): void {}
  enableSandbox(): void {
    record('app.enableSandbox');
  }
  disableHardwareAcceleration(): void {}
  setAppUserModelId(): void {}
  setAsDefaultProtocolClient(): boolean {
    return true;
  }
  getLoginItemSettings(): { openAtLogin: boolean; wasOpenedAtLogin: boolean } {
    return { openAtLogin: false, wasOpenedAtLogin: false };
  }
  setLoginItemSettings(settings: object): void {
    record('app.setLoginItemSettings', settings);
  }
  setBadgeCount(count: number): boolean {
    record('app.setBadgeCount', count);
    return true;
  }
  focus(): void {
    record('app.focus');
  }
  show(): void {}
  hide(): void {}

  /** The application stays open only if it listens. */
  allWindowsClosed(): void {
    if (!this.#quitting && !this.emit('window-all-closed')) this.quit();
  }

  quit(): void {
    let prevented = false;
    const preventable = { preventDefault: () => (prevented = true) };
    this.emit('before-quit', preventable);
    if (prevented) return;
    this.#quitting = true;
    for (const window of this.windows()) window.close();
    if (this.windows().length > 0) {
      this.#quitting = false; // a window refused to close
      return;
    }
    this.#finish(0);
  }

  #finish(code: number): void {
    let prevented = false;
    this.emit('will-quit', { preventDefault: () => (prevented = true) });
    if (prevented) {
      this.#quitting = false;
      return;
    }
    this.exit(code);
  }

  exit(code = 0): never {
    this.emit('quit', {}, code);
    process.exit(code);
  }

  relaunch(): void {
    record('app.relaunch');
  }
}

export const app = new App();
