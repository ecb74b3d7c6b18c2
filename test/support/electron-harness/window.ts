import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Frame, Page, Route } from 'playwright-core';
import { app } from './app.ts';
import { connected } from './chromium.ts';
import { ipcMain } from './ipc.ts';
import { initScript } from './page-side.ts';
import type { PageHarness } from './page-side.ts';
import { record } from './recorded.ts';
import { answer, fromPageUrl, originOf, toPageUrl } from './scheme.ts';
import { defaultSession } from './session.ts';

interface WindowOptions {
  x?: number;
  y?: number;
  width?: number;
  height?: number;
  title?: string;
  show?: boolean;
  webPreferences?: { preload?: string; [name: string]: unknown };
}

type OpenHandler = (details: { url: string }) => { action: 'allow' | 'deny' };

/** A frame as a handler of messages sees it: what the sender check is made of. */
export class WebFrame {
  readonly frame: Frame;
  constructor(frame: Frame) {
    this.frame = frame;
  }
  get url(): string {
    return fromPageUrl(this.frame.url());
  }
  get origin(): string {
    return originOf(this.url);
  }
  get parent(): WebFrame | null {
    const parent = this.frame.parentFrame();
    return parent === null ? null : frameOf(parent);
  }
  get top(): WebFrame {
    return this.parent?.top ?? this;
  }
}

/** One object per frame, so that frames can be compared as the application does. */
const frames = new WeakMap<Frame, WebFrame>();
function frameOf(frame: Frame): WebFrame {
  const known = frames.get(frame) ?? new WebFrame(frame);
  frames.set(frame, known);
  return known;
}

export class WebContents extends EventEmitter {
  static last = 0;
  readonly id = ++WebContents.last;
  readonly session = defaultSession;
  page: Page | null = null;
  #openHandler: OpenHandler = () => ({ action: 'allow' });
  #outbox: [channel: string, args: unknown[]][] = [];
  #flushing = false;
  /** The navigation that the application itself asked for; any other one is announced first. */
  #asked: string | null = null;

  async attach(page: Page, preload: string | undefined): Promise<void> {
    this.page = page;
    await page.exposeBinding('harnessSend', ({ frame }, channel: string, args: unknown[]) => {
      ipcMain.emit(channel, this.#event(frame), ...args);
    });
    await page.exposeBinding('harnessInvoke', async ({ frame }, channel: string, args: unknown[]) => {
      try {
        return { value: await ipcMain.invoked(channel, this.#event(frame), args) };
      } catch (error) {
        return { error: String(error) };
      }
    });
    if (preload !== undefined) await page.addInitScript(initScript(readFileSync(preload, 'utf8')));
    await page.route('**/*', (route) => this.#route(route));
    page.on('popup', (popup) => {
      const { action } = this.#openHandler({ url: fromPageUrl(popup.url()) });
      record('window.open', fromPageUrl(popup.url()), action);
      if (action === 'deny') void popup.close();
    });
    page.on('console', (message) => this.emit('console-message', { level: message.type(), message: message.text() }));
    page.on('close', () => this.emit('destroyed'));
    page.on('crash', () => this.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 1 }));
  }

  async load(url: string): Promise<void> {
    const target = toPageUrl(url);
    this.#asked = target;
    this.emit('did-start-navigation', { url, isMainFrame: true, isSameDocument: false });
    await this.page?.goto(target);
    this.#asked = null;
    this.emit('did-finish-load');
    this.emit('dom-ready');
  }

  /** Answers custom schemes from the application and announces navigations that the page began. */
  async #route(route: Route): Promise<void> {
    const request = route.request();
    const url = fromPageUrl(request.url());
    if (request.isNavigationRequest() && request.frame() === this.page?.mainFrame() && request.url() !== this.#asked) {
      let prevented = false;
      const event = { url, isMainFrame: true, preventDefault: () => (prevented = true) };
      this.emit('will-navigate', event, url);
      record('will-navigate', url, prevented);
      // An answer without content leaves the page where it is.
      if (prevented) return route.fulfill({ status: 204 });
      this.emit('did-start-navigation', { url, isMainFrame: true, isSameDocument: false });
    }
    const body = request.postDataBuffer();
    const asked = new Request(request.url(), {
      method: request.method(),
      headers: request.headers(),
      ...(body === null ? {} : { body: new Uint8Array(body) }),
    });
    // A Request keeps the URL it was made with; the application reads its own scheme there.
    Object.defineProperty(asked, 'url', { value: url });
    const response = await answer(asked, url);
    if (response === null) return route.continue();
    await route.fulfill({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: Buffer.from(await response.arrayBuffer()),
    });
  }

  #event(frame: Frame) {
    return { sender: this, senderFrame: frameOf(frame), processId: 1, frameId: 1, reply: this.send.bind(this) };
  }

  get mainFrame(): WebFrame {
    if (this.page === null) throw new Error('the window has no page yet');
    return frameOf(this.page.mainFrame());
  }

  /** Messages keep their order; what arrives while a batch is on its way makes the next batch. */
  send(channel: string, ...args: unknown[]): void {
    this.#outbox.push([channel, structuredClone(args)]);
    if (!this.#flushing) void this.#flush();
  }

  async #flush(): Promise<void> {
    this.#flushing = true;
    while (this.#outbox.length > 0 && !this.isDestroyed()) {
      const batch = this.#outbox.splice(0);
      try {
        await this.page?.evaluate(
          (messages) => (window as unknown as { electronHarness: PageHarness }).electronHarness.deliver(messages),
          batch,
        );
      } catch (error) {
        // As in Electron, a message to a page that is going away is lost.
        if (!this.isDestroyed()) record('undelivered', String(error));
      }
    }
    this.#flushing = false;
  }

  getURL(): string {
    return this.page === null ? '' : fromPageUrl(this.page.url());
  }

  isDestroyed(): boolean {
    return this.page?.isClosed() ?? false;
  }

  setWindowOpenHandler(handler: OpenHandler): void {
    this.#openHandler = handler;
  }

  setZoomFactor(): void {}
  setVisualZoomLevelLimits(): Promise<void> {
    return Promise.resolve();
  }
  openDevTools(): void {
    record('openDevTools');
  }
  getType(): string {
    return 'window';
  }
  isDevToolsOpened(): boolean {
    return false;
  }
}

export class BrowserWindow extends EventEmitter {
  static readonly all: BrowserWindow[] = [];
  readonly id: number;
  readonly webContents = new WebContents();
  readonly options: WindowOptions;
  /** Resolves once there is a page to load into. */
  readonly #attached: Promise<void>;
  #visible: boolean;
  #minimized = false;
  #destroyed = false;
  #title: string;

  constructor(options: WindowOptions = {}) {
    super();
    this.id = this.webContents.id;
    this.options = options;
    this.#visible = options.show ?? true;
    this.#title = options.title ?? '';
    record('BrowserWindow', options);
    BrowserWindow.all.push(this);
    this.#attached = this.#open();
    // Whoever loads a page sees the failure; nobody else has to.
    this.#attached.catch(() => undefined);
    app.emit('browser-window-created', {}, this);
    app.emit('web-contents-created', {}, this.webContents);
  }

  static getAllWindows(): BrowserWindow[] {
    return [...BrowserWindow.all];
  }
  static getFocusedWindow(): BrowserWindow | null {
    return BrowserWindow.all.find((window) => window.isVisible()) ?? null;
  }
  static fromWebContents(contents: WebContents): BrowserWindow | null {
    return BrowserWindow.all.find((window) => window.webContents === contents) ?? null;
  }

  async #open(): Promise<void> {
    const context = (await connected()).contexts()[0];
    if (context === undefined) throw new Error('Chromium has no default context');
    const page = await context.newPage();
    await page.setViewportSize({ width: this.options.width ?? 800, height: this.options.height ?? 600 });
    await this.webContents.attach(page, this.options.webPreferences?.preload);
    // The page went away by itself: a crash, or window.close() in it.
    page.on('close', () => this.destroy());
  }

  async loadURL(url: string): Promise<void> {
    await this.#attached;
    await this.webContents.load(url);
    this.emit('ready-to-show');
  }

  /** As a person would: the application may refuse. */
  close(): void {
    if (this.#destroyed) return;
    let prevented = false;
    this.emit('close', { preventDefault: () => (prevented = true) });
    if (!prevented) this.destroy();
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    BrowserWindow.all.splice(BrowserWindow.all.indexOf(this), 1);
    void this.webContents.page?.close().catch(() => undefined);
    this.emit('closed');
    if (BrowserWindow.all.length === 0) app.allWindowsClosed();
  }

  isDestroyed(): boolean {
    return this.#destroyed;
  }
  show(): void {
    this.#visible = true;
    this.#minimized = false;
    record('window.show');
    this.emit('show');
  }
  showInactive(): void {
    this.show();
  }
  hide(): void {
    this.#visible = false;
    record('window.hide');
    this.emit('hide');
  }
  focus(): void {
    record('window.focus');
    this.emit('focus');
  }
  minimize(): void {
    this.#minimized = true;
    record('window.minimize');
    this.emit('minimize');
  }
  restore(): void {
    this.#minimized = false;
    this.emit('restore');
  }
  isVisible(): boolean {
    return this.#visible && !this.#minimized && !this.#destroyed;
  }
  isMinimized(): boolean {
    return this.#minimized;
  }
  isMaximized(): boolean {
    return false;
  }
  isFullScreen(): boolean {
    return false;
  }
  isFocused(): boolean {
    return this.isVisible();
  }
  maximize(): void {}
  setTitle(title: string): void {
    this.#title = title;
  }
  getTitle(): string {
    return this.#title;
  }
  getBounds() {
    return {
      x: this.options.x ?? 0,
      y: this.options.y ?? 0,
      width: this.options.width ?? 800,
      height: this.options.height ?? 600,
    };
  }
  getNormalBounds() {
    return this.getBounds();
  }
  setMenu(): void {}
  removeMenu(): void {}
  setMenuBarVisibility(): void {}
  setAutoHideMenuBar(): void {}
  setBackgroundColor(): void {}
  setProgressBar(value: number): void {
    record('window.setProgressBar', value);
  }
  flashFrame(): void {}
}

app.windows = () => BrowserWindow.getAllWindows();
