import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_PROFILE_OPTIONS } from '../../shared/model/profile.ts';
import { launchElectron } from '../support/electron-harness/launch.ts';
import type { ElectronApp, LaunchOptions } from '../support/electron-harness/launch.ts';
import { call } from './page-call.ts';

// Judged in the harness (Chromium in place of Electron): see test/support/electron-harness/README.md for what that
// leaves out.
describe('the Electron shell (harness)', () => {
  let root: string;
  let app: ElectronApp | null = null;
  const servers: Server[] = [];

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'driftline-electron-'));
  });
  afterEach(async () => {
    await app?.dispose();
    app = null;
    for (const server of servers.splice(0)) server.close();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  });

  async function launch(options: LaunchOptions = {}): Promise<ElectronApp> {
    app = await launchElectron({ ...options, env: { DRIFTLINE_HOME: join(root, 'home'), HOME: root, ...options.env } });
    return app;
  }

  /** A folder with three files, and where it shall go. */
  function folders(): { source: string; destination: string } {
    const source = join(root, 'photos');
    mkdirSync(source);
    for (const name of ['a', 'b', 'c']) writeFileSync(join(source, name), `${name}\n`);
    return { source, destination: join(root, 'copy') };
  }

  function addProfile(page: Page, name: string, source: string, destination: object): Promise<{ id: string }> {
    const draft = {
      name,
      tags: [],
      source: { kind: 'local', paths: [source] },
      destination,
      contentsOnly: true,
      options: DEFAULT_PROFILE_OPTIONS,
    };
    return call(page, 'profiles.add', { draft });
  }

  const local = (path: string) => ({ kind: 'local', path });

  /** A profile whose run waits for a server that never says a word. */
  async function addSilentProfile(page: Page, source: string): Promise<void> {
    const server = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    servers.push(server);
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const draft = {
      name: 'silent',
      address: '127.0.0.1',
      port,
      user: 'nobody',
      auth: { kind: 'agent' },
      rsyncPath: '',
    };
    const host = await call(page, 'hosts.add', { draft, secret: null });
    await addProfile(page, 'Silent', source, { kind: 'host', hostId: host.id, path: '/backup' });
  }

  const until = (what: () => Promise<unknown>) => expect.poll(what, { timeout: 30_000, interval: 50 });
  const runItems = async (of: ElectronApp) =>
    (await of.trayMenu()).find((item) => item.label === 'Run')?.submenu.map(({ label, enabled }) => [label, enabled]);
  const what = async (of: ElectronApp) => (await of.recorded()).map((each) => each.what);

  it('opens one locked-down window with the renderer in it', async () => {
    const shell = await launch();
    const page = await shell.firstWindow();
    await page.getByRole('navigation').waitFor();
    expect(await page.evaluate(() => Object.keys((window as unknown as { driftline: object }).driftline))).toEqual([
      'send',
      'onMessage',
      'pathForFile',
    ]);
    const recorded = await shell.recorded();
    const windows = recorded.filter((each) => each.what === 'BrowserWindow');
    expect(windows).toHaveLength(1);
    expect(windows[0]?.args[0]).toMatchObject({
      show: false,
      webPreferences: {
        contextIsolation: true,
        sandbox: true,
        webSecurity: true,
        nodeIntegration: false,
        webviewTag: false,
      },
    });
    expect(recorded.map((each) => each.what)).toEqual(
      expect.arrayContaining([
        'app.enableSandbox',
        'session.setPermissionRequestHandler',
        'session.setPermissionCheckHandler',
        'session.setDevicePermissionHandler',
      ]),
    );
    expect(statSync(join(root, 'home')).mode & 0o777).toBe(0o700);
    expect(await shell.quit()).toBe(0);
  });

  it('serves the window under its policy, without a violation', async () => {
    const shell = await launch();
    const page = await shell.firstWindow();
    const problems: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(String(error)));
    const response = await page.reload();
    expect(response?.headers()['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
    await page.getByRole('navigation').waitFor();
    expect(problems).toEqual([]);
    // The page that was loaded anew has a link of its own.
    await call(page, 'profiles.list', null);
    for (const path of ['/../main.js', '/%2e%2e/main.js', '/none.js']) {
      expect(await page.evaluate((target) => fetch(target).then(({ status }) => status), path)).toBe(404);
    }
  });

  it('stays where it is: no navigation, no second window', async () => {
    const shell = await launch();
    const page = await shell.firstWindow();
    await page.getByRole('navigation').waitFor();
    await page.evaluate(() => void (location.href = 'https://example.com/'));
    await until(async () => (await shell.recorded()).find((each) => each.what === 'will-navigate')?.args).toEqual([
      'https://example.com/',
      true,
    ]);
    await page.evaluate(() => void window.open('https://example.com/'));
    await until(async () => (await shell.recorded()).find((each) => each.what === 'window.open')?.args.at(-1)).toBe(
      'deny',
    );
    // The refused one may still be closing.
    await until(() => shell.windows().then(({ length }) => length)).toBe(1);
    expect(await what(shell)).not.toContain('shell.openExternal');
  });

  it('runs a profile from the tray with the window closed, and says how it ended', async () => {
    const shell = await launch();
    const page = await shell.firstWindow();
    const { source, destination } = folders();
    await addProfile(page, 'Photos & more', source, local(destination));
    await until(() => runItems(shell)).toEqual([['Photos && more', true]]);
    expect((await shell.tray())?.image).toBe('tray-idle-24.png');

    await shell.closeWindow();
    await until(() => shell.windows()).toEqual([]);
    await shell.clickTray('Run', 'Photos && more');
    await until(() => shell.notifications()).toHaveLength(1);
    expect((await shell.notifications())[0]).toMatchObject({
      title: 'Photos ＆ more is done',
      body: expect.stringContaining('3 files'),
    });
    for (const name of ['a', 'b', 'c']) expect(readFileSync(join(destination, name), 'utf8')).toBe(`${name}\n`);
    await until(async () => (await shell.tray())?.tooltip).toContain('Photos & more: Mirrored 3 files');
    const power = (await what(shell)).filter((each) => each.startsWith('powerSaveBlocker'));
    expect(power).toEqual(['powerSaveBlocker.start', 'powerSaveBlocker.stop']);

    // A click on the notification opens the window at that run.
    await shell.clickNotification(0);
    const again = await shell.firstWindow();
    await again.getByText('Mirrored 3 files').first().waitFor();
    expect(await shell.quit()).toBe(0);
  });

  it('tells of a run that needs attention, window open or not', async () => {
    const shell = await launch();
    const page = await shell.firstWindow();
    const { source, destination } = folders();
    await addProfile(page, 'Photos', source, local(destination));
    rmSync(source, { recursive: true });
    await until(() => runItems(shell)).toEqual([['Photos', true]]);
    await shell.clickTray('Run', 'Photos');
    await until(() => shell.notifications()).toHaveLength(1);
    expect((await shell.notifications())[0]?.title).toBe('Photos needs your attention');
    await until(async () => (await shell.tray())?.image).toBe('tray-attention-24.png');
    expect(existsSync(destination)).toBe(false);
  });

  it('tells of a run that failed', async () => {
    const shell = await launch();
    const page = await shell.firstWindow();
    const { source } = folders();
    await addSilentProfile(page, source);
    for (const server of servers) server.close();
    await until(() => runItems(shell)).toEqual([['Silent', true]]);
    await shell.clickTray('Run', 'Silent');
    await until(() => shell.notifications()).toHaveLength(1);
    expect((await shell.notifications())[0]?.title).toBe('Silent failed');
    await until(async () => (await shell.tray())?.image).toBe('tray-error-24.png');
  });

  it('pauses, resumes and cancels what runs from the tray', async () => {
    const shell = await launch();
    const page = await shell.firstWindow();
    const { source } = folders();
    await addSilentProfile(page, source);
    const status = async () => (await shell.trayMenu())[0]?.label;
    await until(() => runItems(shell)).toEqual([['Silent', true]]);
    await shell.clickTray('Run', 'Silent');
    await until(status).toBe('Running Silent');
    await until(async () => {
      await shell.clickTray('Pause all').catch(() => undefined);
      return status();
    }).toBe('Paused Silent');
    await shell.clickTray('Resume all');
    await until(status).toBe('Running Silent');
    await shell.clickTray('Cancel', 'Silent');
    await until(() => runItems(shell)).toEqual([['Silent', true]]);
    // Who cancelled knows: nothing is told.
    expect(await shell.notifications()).toEqual([]);
  });

  it('asks before quitting ends a run', async () => {
    const shell = await launch();
    const page = await shell.firstWindow();
    const { source } = folders();
    await addSilentProfile(page, source);
    await until(() => runItems(shell)).toEqual([['Silent', true]]);
    await shell.clickTray('Run', 'Silent');
    await until(() => runItems(shell)).toEqual([['Silent', false]]);
    expect((await shell.tray())?.image).toBe('tray-running-24.png');

    await shell.answerDialog('showMessageBox', { response: 0 });
    await shell.clickTray('Quit');
    await until(() => what(shell)).toContain('dialog.showMessageBox');
    expect(await runItems(shell)).toEqual([['Silent', false]]);

    await shell.answerDialog('showMessageBox', { response: 1 });
    expect(await shell.quit()).toBe(0);
  });

  it('comes to the front when a second copy is started, whatever its arguments', async () => {
    const shell = await launch({ args: ['--hidden'] });
    await until(() => shell.tray()).not.toBeNull();
    expect(await shell.windows()).toEqual([]);
    await shell.secondInstance('driftline', '--run=everything', 'driftline://delete?all', '/etc/passwd');
    const page = await shell.firstWindow();
    await page.getByRole('navigation').waitFor();
    await until(() => shell.isWindowVisible()).toBe(true);
    expect(page.url()).toMatch(/\/$/);
    await shell.secondInstance('driftline');
    expect(await shell.windows()).toHaveLength(1);
  });

  it('asks once what closing the window does, and keeps the answer', async () => {
    const shell = await launch();
    const page = await shell.firstWindow();
    await page.getByRole('navigation').waitFor();
    const settings = async () =>
      ((await call(page, 'settings.get', null)) as unknown as { closeToTray: unknown }).closeToTray;
    // Neither button: the window stays, and the next time it is asked again.
    await shell.answerDialog('showMessageBox', { response: 2 });
    await shell.closeWindow();
    await until(() => what(shell)).toContain('dialog.showMessageBox');
    expect([await settings(), (await shell.windows()).length]).toEqual([null, 1]);
    await shell.answerDialog('showMessageBox', { response: 0 });
    await shell.closeWindow();
    await until(() => shell.windows()).toEqual([]);
    await shell.clickTray('Open Driftline');
    await shell.firstWindow();
    await shell.closeWindow();
    await until(() => shell.windows()).toEqual([]);
    expect((await what(shell)).filter((each) => each === 'dialog.showMessageBox')).toHaveLength(2);
    await shell.clickTray('Open Driftline');
    await call(await shell.firstWindow(), 'settings.update', { change: { closeToTray: false } });
    await shell.closeWindow();
    expect(await shell.exited).toBe(0);
  });

  it('follows the settings: theme, start at login, what is told of success', async () => {
    const shell = await launch({ env: { XDG_CONFIG_HOME: join(root, 'config') } });
    const page = await shell.firstWindow();
    const { source, destination } = folders();
    await addProfile(page, 'Photos', source, local(destination));
    const autostart = join(root, 'config/autostart/driftline.desktop');
    expect(existsSync(autostart)).toBe(false);
    await call(page, 'settings.update', { change: { theme: 'dark', startAtLogin: true, notifySuccess: 'always' } });
    await until(
      async () => (await shell.recorded()).filter(({ what: of }) => of === 'nativeTheme.themeSource').at(-1)?.args,
    ).toEqual(['dark']);
    await until(() => Promise.resolve(existsSync(autostart))).toBe(true);
    expect(readFileSync(autostart, 'utf8')).toContain('"--hidden"');
    await until(() => runItems(shell)).toEqual([['Photos', true]]);
    await shell.clickTray('Run', 'Photos');
    await until(() => shell.notifications()).toMatchObject([{ title: 'Photos is done' }]);
    const progress = (await shell.recorded()).flatMap(({ what: of, args }) =>
      of === 'window.setProgressBar' ? args : [],
    );
    expect([progress[0], progress.at(-1)]).toEqual([-1, -1]);
    expect(progress.some((share) => Number(share) >= 0)).toBe(true);
    await call(page, 'settings.update', { change: { startAtLogin: false, notifySuccess: 'never' } });
    await until(() => Promise.resolve(existsSync(autostart))).toBe(false);
    await shell.clickTray('Run', 'Photos');
    await until(() => runItems(shell)).toEqual([['Photos', true]]);
    expect(await shell.notifications()).toHaveLength(1);
  });

  it('has a menu for the keys, and obeys both', async () => {
    const shell = await launch();
    const page = await shell.firstWindow();
    const { source, destination } = folders();
    await addProfile(page, 'Photos', source, local(destination));
    const heading = (name: string | RegExp) => page.getByRole('heading', { level: 1, name });
    await page.getByRole('article', { name: 'Photos' }).waitFor();
    await page.keyboard.press('Control+,');
    await heading('Settings').waitFor();
    await page.keyboard.press('Control+f');
    await until(() => page.getByRole('searchbox').evaluate((field) => field === document.activeElement)).toBe(true);
    await page.keyboard.press('Alt+n');
    await page.getByRole('dialog').waitFor();
    // A dialog has the word: no command passes it by.
    await page.keyboard.press('Control+,');
    expect(await page.getByRole('dialog').count()).toBe(1);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+p');
    await heading(/Photos/).waitFor();
    await page.locator('[data-command=run]:enabled').waitFor();
    await page.keyboard.press('Control+Enter');
    await page.getByText('Mirrored 3 files').first().waitFor();
    await shell.clickApplicationMenu('&File', 'Settings…');
    await heading('Settings').waitFor();
    await shell.clickApplicationMenu('&Help', 'About Driftline');
    await page.getByText('desktop application').waitFor();
    await shell.clickApplicationMenu('&File', 'New profile…');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    // Of several profiles the one with the focus is meant; without a focus, none.
    await addProfile(page, 'Music', source, local(join(root, 'other')));
    await page.getByRole('button', { name: 'Profiles' }).click();
    await page.getByRole('article', { name: 'Music' }).waitFor();
    await page.keyboard.press('Control+p');
    await heading('Profiles').waitFor();
    await page.getByRole('article', { name: 'Music' }).getByRole('button').first().focus();
    await page.keyboard.press('Control+p');
    await heading(/Music/).waitFor();
  });

  it('shows the preview that an address asks for, and runs nothing', async () => {
    const shell = await launch();
    const page = await shell.firstWindow();
    const { source, destination } = folders();
    const profile = await addProfile(page, 'Photos', source, local(destination));
    await shell.secondInstance('driftline', `driftline://profile/${profile.id}?run`, `driftline://run/${profile.id}`);
    expect(await page.getByRole('heading', { level: 1, name: /Photos/ }).count()).toBe(0);
    await shell.secondInstance('driftline', `driftline://profile/${profile.id}`);
    await page.locator('[data-command=run]').waitFor();
    expect(existsSync(destination)).toBe(false);
    expect(await call(page, 'runs.list', null)).toEqual([]);
  });

  it('shows names as text everywhere, whatever they look like', async () => {
    const shell = await launch();
    const page = await shell.firstWindow();
    const alerts: string[] = [];
    page.on('dialog', (dialog) => {
      alerts.push(dialog.message());
      void dialog.dismiss();
    });
    const { source, destination } = folders();
    const markup = '<img src=x onerror=alert(1)>';
    writeFileSync(join(source, markup), 'text');
    // Something in its way: an issue with the same name.
    mkdirSync(join(destination, markup, 'full'), { recursive: true });
    writeFileSync(join(destination, markup, 'full', 'x'), 'x');
    const profile = await addProfile(page, markup, source, local(destination));
    await page.getByText(markup, { exact: true }).first().waitFor();
    await until(() => runItems(shell)).toEqual([[markup, true]]);
    await shell.secondInstance(`driftline://profile/${profile.id}`);
    await page.getByText(markup, { exact: true }).first().waitFor();
    expect(await page.locator('main img').count()).toBe(0);
    await shell.closeWindow();
    await until(() => shell.windows()).toEqual([]);
    await shell.clickTray('Run', markup);
    await until(() => shell.notifications()).toHaveLength(1);
    expect(JSON.stringify(await shell.notifications())).not.toMatch(/[<>]/);
    expect((await shell.notifications())[0]?.title).toContain('‹img src=x onerror=alert(1)›');
    await until(async () => (await shell.tray())?.tooltip).toContain(markup);
    await shell.clickNotification(0);
    const again = await shell.firstWindow();
    again.on('dialog', (dialog) => {
      alerts.push(dialog.message());
      void dialog.dismiss();
    });
    await again.getByRole('heading', { level: 1, name: markup }).waitFor();
    await again.getByText(markup).first().waitFor();
    expect(await again.locator('main img').count()).toBe(0);
    expect(alerts).toEqual([]);
  });

  it('ends at once as a second copy', async () => {
    const shell = await launch({ env: { DRIFTLINE_HARNESS_SECOND: '1' } });
    expect(await shell.exited).toBe(0);
  });

  it('keeps the window in reach where no tray is shown', async () => {
    const shell = await launch({ trayHost: false });
    const page = await shell.firstWindow();
    const { source } = folders();
    await addSilentProfile(page, source);
    await until(() => runItems(shell)).toEqual([['Silent', true]]);
    await shell.clickTray('Run', 'Silent');
    await until(() => runItems(shell)).toEqual([['Silent', false]]);
    await shell.closeWindow();
    expect(await shell.windows()).toHaveLength(1);
    // The run ends, and with it the reason to stay.
    const runs = (await call(page, 'runs.list', null)) as unknown as { runId: string }[];
    await call(page, 'runs.cancel', { runId: runs[0]?.runId });
    await until(() => runItems(shell)).toEqual([['Silent', true]]);
    await shell.closeWindow();
    expect(await shell.exited).toBe(0);
  });

  it('remembers where the window was', async () => {
    const shell = await launch();
    await (await shell.firstWindow()).getByRole('navigation').waitFor();
    expect(await shell.quit()).toBe(0);
    expect(JSON.parse(readFileSync(join(root, 'home/window.json'), 'utf8'))).toMatchObject({
      width: 1080,
      height: 740,
    });
  });
});
