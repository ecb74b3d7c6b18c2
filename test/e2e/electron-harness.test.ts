import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { ROOT } from '../../build/peers.mjs';
import { launchElectron } from '../support/electron-harness/launch.ts';
import type { ElectronApp } from '../support/electron-harness/launch.ts';

/** What fixture/preload.cjs exposes, and where the test notes what came. */
type FixtureWindow = Window & {
  fixture: {
    send(...args: unknown[]): void;
    pick(): void;
    sum(numbers: number[]): Promise<object>;
    throw(): Promise<never>;
    on(channel: string, listener: (...args: unknown[]) => void): void;
    pathForFile(file: File): string;
  };
  came: unknown[][];
};
declare const window: FixtureWindow;

describe('the Electron harness', () => {
  let app: ElectronApp;
  let page: Page;
  const folder = mkdtempSync(join(tmpdir(), 'driftline-harness-'));

  beforeAll(async () => {
    app = await launchElectron({ main: join(ROOT, 'test/support/electron-harness/fixture/main.mjs') });
    page = await app.firstWindow();
    await page.evaluate(() => {
      window.came = [];
      for (const channel of ['echoed', 'picked']) window.fixture.on(channel, (...args) => window.came.push(args));
    });
  });
  afterAll(async () => {
    await app.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Waits for the n-th message from the main side. */
  const came = async (n: number): Promise<unknown> => {
    await page.waitForFunction((count) => window.came.length >= count, n);
    return page.evaluate((count) => window.came[count - 1], n);
  };

  it('serves the custom scheme from the application, with its headers', async () => {
    expect(await page.title()).toBe('Fixture');
    expect(await page.evaluate(async () => (await fetch('other.html')).status)).toBe(404);
    expect(await page.evaluate(() => window.isSecureContext)).toBe(true);
  });

  it('carries invoke and its errors, and says which frame asked', async () => {
    expect(await page.evaluate(() => window.fixture.sum([1, 2, 3]))).toEqual({
      sum: 6,
      main: true,
      origin: 'app://fixture',
    });
    expect(await page.evaluate(() => window.fixture.throw().catch(String))).toContain('no such thing');
  });

  it('carries messages in order, with their types', async () => {
    await page.evaluate(() => {
      window.fixture.send(1, new Date(5), new Uint8Array([7, 8]), null, { text: 'é\u0000' });
      for (let i = 0; i < 200; i++) window.fixture.send(i);
    });
    await came(201);
    const all = await page.evaluate(() => window.came.splice(0));
    expect(all[0]).toEqual([1, new Date(5), new Uint8Array([7, 8]), null, { text: 'é\u0000' }]);
    expect(all.slice(1)).toEqual(Array.from({ length: 200 }, (_, i) => [i]));
  });

  it('answers dialogs as the test says, and cancels them otherwise', async () => {
    await app.answerDialog('showOpenDialog', { canceled: false, filePaths: ['/some/folder'] });
    await page.evaluate(() => window.fixture.pick());
    expect(await came(1)).toEqual([{ canceled: false, filePaths: ['/some/folder'] }]);
    await page.evaluate(() => window.fixture.pick());
    expect(await came(2)).toEqual([{ canceled: true, filePaths: [] }]);
    await page.evaluate(() => window.came.splice(0));
  });

  it('shows the tray and clicks in it', async () => {
    expect(await app.tray()).toMatchObject({ tooltip: 'Fixture', image: 'tray-idle-16.png' });
    expect((await app.trayMenu()).map(({ label, type }) => label || type)).toEqual([
      'Run',
      'separator',
      'Help',
      'Quit',
    ]);
    await app.clickTray('Run', 'Photos');
    expect(await app.notifications()).toEqual([{ title: 'Photos ran', body: 'all well' }]);
    await app.clickNotification(0);
    expect(await came(1)).toEqual(['clicked']);
    await app.clickTray('Help');
    expect(await app.recorded()).toContainEqual({ what: 'shell.openExternal', args: ['https://example.org/'] });
    await expect(app.clickTray('Run', 'Locked')).rejects.toThrow('disabled');
    await expect(app.clickTray('Run', 'Videos')).rejects.toThrow('no “Videos”');
  });

  it('drops a real folder', async () => {
    const photos = join(folder, 'photos é');
    mkdirSync(photos);
    await page.evaluate(() => {
      document.addEventListener('dragover', (event) => event.preventDefault());
      document.addEventListener('drop', (event) => {
        event.preventDefault();
        const [item] = event.dataTransfer!.items;
        window.came = [[item!.webkitGetAsEntry()!.isDirectory, window.fixture.pathForFile(item!.getAsFile()!)]];
      });
      window.came = [];
    });
    await app.dropFolder('main', photos);
    expect(await came(1)).toEqual([true, photos]);
    await page.evaluate(() => window.came.splice(0));
  });

  it('announces navigations and new windows, which the application may deny', async () => {
    await page.evaluate(() => {
      location.href = 'https://example.org/elsewhere';
      window.open('app://fixture/popup');
    });
    await expect
      .poll(() => app.recorded())
      .toContainEqual({ what: 'will-navigate', args: ['https://example.org/elsewhere', true] });
    expect(await app.windows()).toHaveLength(1);
    expect(page.url()).toContain('fixture');
  });

  it('tells of a second instance', async () => {
    await page.evaluate(() => window.came.splice(0));
    await app.secondInstance('driftline', '--odd');
    expect(await came(1)).toEqual(['driftline', '--odd']);
  });

  it('quits by the menu, with a clean exit code', async () => {
    await app.clickTray('Quit').catch(() => undefined); // it ends before it can answer
    expect(await app.exited).toBe(0);
  });
});
