/** The test's side of the harness: starts Chromium and the application, and looks and clicks for a person. */
import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { ROOT } from '../../../build/peers.mjs';
import { peers } from '../peers.ts';
import type { MenuItemData, Recorded, ReplyMessage, RequestName, Requests, TrayData } from './messages.ts';
import type { PageHarness } from './page-side.ts';
import { targetId } from './target.ts';

export interface LaunchOptions {
  /** For the application: HOME, DRIFTLINE_HOME, XDG_CONFIG_HOME … */
  env?: Record<string, string>;
  args?: string[];
  /** The main program; dist/main.js unless a test brings its own. */
  main?: string;
  /** Whether the desktop shows tray icons; true unless a test says otherwise. */
  trayHost?: boolean;
}

export class ElectronApp {
  /** What the application wrote to standard output and error. */
  output = '';
  /** The application's exit code; a signal counts as −1. */
  readonly exited: Promise<number>;
  readonly #child: ChildProcess;
  readonly #browser: Browser;
  readonly #stopChromium: () => Promise<void>;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #lastId = 0;

  constructor(child: ChildProcess, browser: Browser, stopChromium: () => Promise<void>) {
    this.#child = child;
    this.#browser = browser;
    this.#stopChromium = stopChromium;
    child.stdout?.on('data', (data) => (this.output += String(data)));
    child.stderr?.on('data', (data) => (this.output += String(data)));
    child.on('message', (message: ReplyMessage) => {
      if (!('id' in message)) return;
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if ('error' in message) waiting?.reject(new Error(message.error));
      else waiting?.resolve(message.value as never);
    });
    this.exited = new Promise((resolve) => {
      child.on('exit', (code) => {
        for (const { reject } of this.#waiting.values()) reject(new Error(`the application has ended\n${this.output}`));
        resolve(code ?? -1);
      });
    });
  }

  #ask<K extends RequestName>(name: K, ...args: Requests[K]['args']): Promise<Requests[K]['value']> {
    if (this.#child.exitCode !== null) return Promise.reject(new Error(`the application has ended\n${this.output}`));
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, name, args });
    });
  }

  /** The pages of the application's windows, oldest first. */
  async windows(): Promise<Page[]> {
    const windows = await this.#ask('windows');
    const pages = this.#browser.contexts().flatMap((context) => context.pages());
    const ids = await Promise.all(pages.map(targetId));
    return windows.flatMap((window) => pages[ids.indexOf(window.targetId)] ?? []);
  }

  /** The page of the first window, once it was loaded. */
  async firstWindow(): Promise<Page> {
    for (;;) {
      const page = (await this.windows())[0];
      if (page !== undefined && page.url() !== 'about:blank') {
        await page.waitForLoadState('load');
        return page;
      }
      const context = this.#browser.contexts()[0];
      await Promise.race([
        context?.waitForEvent('page', { timeout: 1000 }).catch(() => undefined),
        page?.waitForURL((url) => url.href !== 'about:blank', { timeout: 1000 }).catch(() => undefined),
      ]);
    }
  }

  isWindowVisible = async (): Promise<boolean> => (await this.#ask('windows'))[0]?.visible ?? false;
  tray = (): Promise<TrayData | null> => this.#ask('tray');
  trayMenu = async (): Promise<MenuItemData[]> => (await this.tray())?.menu ?? [];
  /** Clicks the tray's menu item under these labels: `clickTray('Run', 'Photos')`. */
  clickTray = (...labels: string[]): Promise<null> => this.#ask('clickTray', labels);
  applicationMenu = (): Promise<MenuItemData[]> => this.#ask('applicationMenu');
  clickApplicationMenu = (...labels: string[]): Promise<null> => this.#ask('clickApplicationMenu', labels);
  /** All that the application asked of the desktop so far, in order. */
  recorded = (): Promise<Recorded[]> => this.#ask('recorded');

  async notifications(): Promise<{ title: string; body: string }[]> {
    const all = await this.recorded();
    return all.flatMap(({ what, args }) =>
      what === 'notification' ? [args[0] as { title: string; body: string }] : [],
    );
  }

  clickNotification = (index: number): Promise<null> => this.#ask('clickNotification', index);
  /** Answers the next such dialog: `answerDialog('showOpenDialog', { canceled: false, filePaths: ['/x'] })`. */
  answerDialog = (method: string, answer: unknown): Promise<null> => this.#ask('answerDialog', method, answer);
  secondInstance = (...argv: string[]): Promise<null> => this.#ask('secondInstance', argv);
  /** A person closes the window; the application may keep it or live on without. */
  closeWindow = (): Promise<null> => this.#ask('closeWindow');
  power = (event: string): Promise<null> => this.#ask('power', event);

  /** Drops real folders (or files) on an element: the browser's own drag and drop, as from a file manager. */
  async dropFolder(selector: string, ...paths: string[]): Promise<void> {
    await this.dragFolder(selector, paths, ['dragEnter', 'dragOver', 'drop']);
  }

  /** Parts of a drag, for a look at what the window shows while a person still holds the folders. */
  async dragFolder(selector: string, paths: string[], steps: ('dragEnter' | 'dragOver' | 'drop')[]): Promise<void> {
    const page = await this.firstWindow();
    const box = await page.locator(selector).first().boundingBox();
    if (box === null) throw new Error(`${selector} is not on the screen`);
    await page.evaluate(
      (all) => {
        const { dropped } = (window as unknown as { electronHarness: PageHarness }).electronHarness;
        for (const [name, whole] of all) dropped.set(name, whole);
      },
      paths.map((path) => [basename(path), path] as const),
    );
    const cdp = await page.context().newCDPSession(page);
    const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    for (const type of steps) {
      await cdp.send('Input.dispatchDragEvent', {
        type,
        ...at,
        data: { items: [], files: paths, dragOperationsMask: 1 },
      });
    }
    await cdp.detach();
  }

  /** Quits as a person would and waits for the end. */
  async quit(): Promise<number> {
    if (this.#child.exitCode === null) await this.#ask('quit');
    return this.exited;
  }

  /** Ends everything, however far it got. For afterEach. */
  async dispose(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.exited;
    await this.#browser.close();
    await this.#stopChromium();
  }
}

/**
 * Starts Chromium and the application in it.
 *
 * @throws Error when dist/ was not built, or the application ended before it was ready
 */
export async function launchElectron(options: LaunchOptions = {}): Promise<ElectronApp> {
  const main = options.main ?? join(ROOT, 'dist/main.js');
  for (const file of [main, join(ROOT, 'dist/electron-harness.js')]) {
    if (!existsSync(file)) throw new Error(`${file} is not there: run \`npm run build\` first`);
  }
  const { endpoint, stop } = await startChromium();
  const child = fork(main, options.args ?? [], {
    cwd: ROOT,
    execArgv: ['--import', new URL('register.mjs', import.meta.url).href],
    env: {
      ...process.env,
      PATH: `${fileURLToPath(new URL(options.trayHost === false ? 'bin/no-tray' : 'bin/tray', import.meta.url))}${delimiter}${process.env.PATH}`,
      ...options.env,
      DRIFTLINE_HARNESS_CHROMIUM: endpoint,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const app = new ElectronApp(child, await chromium.connectOverCDP(endpoint), stop);
  const ready = new Promise<boolean>((resolve) => child.once('message', () => resolve(true)));
  if (!(await Promise.race([ready, app.exited.then(() => false)]))) {
    await app.dispose();
    throw new Error(`the application ended at once\n${app.output}`);
  }
  return app;
}

async function startChromium(): Promise<{ endpoint: string; stop: () => Promise<void> }> {
  const profile = mkdtempSync(join(tmpdir(), 'driftline-chromium-'));
  const flags = ['--headless', '--no-sandbox', '--remote-debugging-port=0', '--no-first-run', '--disable-gpu'];
  const child = spawn(
    peers().chromium,
    [
      ...flags,
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  let said = '';
  for await (const line of createInterface({ input: child.stderr })) {
    const match = /^DevTools listening on (ws:\S+)/.exec(line);
    if (match !== null) {
      child.stderr.resume();
      return { endpoint: match[1]!, stop };
    }
    said += `${line}\n`;
  }
  await stop();
  throw new Error(`Chromium did not start:\n${said}`);
}
