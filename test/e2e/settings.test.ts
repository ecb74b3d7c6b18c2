import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchElectron } from '../support/electron-harness/launch.ts';
import type { ElectronApp } from '../support/electron-harness/launch.ts';
import { accessFaults, layoutFaults } from './looks.ts';
import { expectNoOverflow, openAlbum, serveWindow } from './served-window.ts';

async function expectTidy(page: Page): Promise<void> {
  await expectNoOverflow(page);
  expect([...(await layoutFaults(page)), ...(await accessFaults(page))]).toEqual([]);
}

// In the harness, for the Electron shell shows all groups; see test/support/electron-harness/README.md.
describe('settings (harness)', () => {
  const root = mkdtempSync(join(tmpdir(), 'driftline-settings-'));
  const album = openAlbum();
  const complaints: string[] = [];
  let app: ElectronApp;
  let page: Page;

  beforeAll(async () => {
    app = await launchElectron({ env: { DRIFTLINE_HOME: join(root, 'home'), HOME: root } });
    page = await app.firstWindow();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
  });
  afterAll(async () => {
    await app.dispose();
    album.remove();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
    expect(complaints).toEqual([]);
  });

  const kept = () =>
    (JSON.parse(readFileSync(join(root, 'home/driftline.json'), 'utf8')) as { settings: Record<string, unknown> })
      .settings;
  const until = (what: () => unknown) => expect.poll(what, { timeout: 30_000, interval: 50 });
  const theme = () => page.evaluate(() => document.documentElement.dataset['theme'] ?? 'system');

  it('keeps what a person chooses, and the look follows', async () => {
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('radio', { name: 'Dark' }).check();
    await until(theme).toBe('dark');
    await page.getByLabel('Runs at the same time').fill('4');
    await page.getByLabel('Speed limit').fill('2048');
    await page.getByLabel('Speed limit').press('Tab');
    await until(kept).toMatchObject({ theme: 'dark', parallelRuns: 4, bandwidth: { limit: 2048 } });
    await page.reload();
    await until(theme).toBe('dark');
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('radio', { name: 'As the system' }).check();
    await until(theme).toBe('system');
  });

  it('refuses a number that is none, and says which it takes', async () => {
    await page.getByLabel('Runs at the same time').fill('99');
    await page.getByLabel('Runs at the same time').press('Enter');
    await page.getByText('A whole number from 1 to 16.').waitFor();
    expect(kept()).toMatchObject({ parallelRuns: 4 });
    await page.getByLabel('Runs at the same time').fill('3');
    await page.getByLabel('Runs at the same time').press('Enter');
    await until(kept).toMatchObject({ parallelRuns: 3 });
  });

  it('limits the speed at certain times', async () => {
    await page.getByRole('button', { name: 'Add a time' }).click();
    const rule = page.getByRole('group', { name: 'At certain times 1' });
    await rule.getByLabel('Friday').uncheck();
    await rule.getByLabel('From').fill('09:30');
    await rule.getByLabel('Limit in KiB/s').fill('512');
    await rule.getByLabel('Limit in KiB/s').press('Tab');
    await until(() => kept()['bandwidth']).toEqual({
      limit: 2048,
      schedule: [{ days: ['mon', 'tue', 'wed', 'thu'], from: '09:30', to: '18:00', limit: 512 }],
    });
    await expectTidy(page);
    await album.take(page, 'settings');
    await album.take(page, 'settings', { dark: true });
    await rule.getByRole('button', { name: 'Remove this time' }).click();
    await until(() => kept()['bandwidth']).toEqual({ limit: 2048, schedule: [] });
  });

  it('saves an export where the person says', async () => {
    const path = join(root, 'export.json');
    await app.answerDialog('showSaveDialog', { canceled: false, filePath: path });
    await page.getByRole('button', { name: 'Export…' }).click();
    await page.getByText(`Saved as ${path}.`).waitFor();
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ format: 'driftline-export' });
  });

  it('shows what an import would bring as text, however it is named, and saves what is chosen', async () => {
    const markup = '<img src=x onerror="alert(1)">';
    const host = {
      name: 'nas',
      address: '192.0.2.7',
      port: 22,
      user: 'me',
      auth: { kind: 'agent' },
      rsyncPath: 'touch /tmp/x; rsync',
      hostKey: null,
      createdAt: 1,
      id: 'aaaaaaaa',
    };
    const document = JSON.parse(readFileSync(join(root, 'export.json'), 'utf8')) as {
      hosts: unknown[];
      profiles: unknown[];
    };
    document.hosts = [host];
    const options = {
      delete: true,
      checksum: false,
      update: false,
      numericIds: false,
      filters: [],
      more: [],
      timeout: 0,
    };
    document.profiles = [
      {
        id: 'bbbbbbbb',
        name: markup,
        tags: [],
        source: { kind: 'local', paths: [`/photos/${markup}`] },
        destination: { kind: 'host', hostId: 'aaaaaaaa', path: 'backup' },
        contentsOnly: true,
        options,
        createdAt: 1,
        lastRun: null,
      },
    ];
    const path = join(root, 'import.json');
    writeFileSync(path, JSON.stringify(document));
    await page.locator('input[type=file]').setInputFiles(path);
    const dialog = page.getByRole('dialog');
    await dialog.getByText(markup, { exact: true }).waitFor();
    await dialog.getByText('Runs “touch /tmp/x; rsync” on the server instead of rsync').waitFor();
    await dialog.getByText('Deletes on the destination').waitFor();
    // The profile needs its host: it cannot be left out.
    expect(await dialog.getByLabel('nas').isDisabled()).toBe(true);
    await expectTidy(page);
    expect(await page.locator('img').count()).toBe(0);
    await dialog.getByRole('button', { name: 'Import' }).click();
    await page.getByText('2 entries saved.').waitFor();
    await page.getByRole('button', { name: 'Profiles' }).click();
    await page.getByText(markup, { exact: true }).first().waitFor();
    expect(await page.locator('img').count()).toBe(0);
  });

  it('refuses what is no export, in words', async () => {
    await page.getByRole('button', { name: 'Settings' }).click();
    const path = join(root, 'other.json');
    writeFileSync(path, '{"__proto__": {"x": 1}}');
    await page.locator('input[type=file]').setInputFiles(path);
    await page.getByText('This is no export of Driftline').waitFor();
  });
});

describe('settings in a browser', () => {
  it('saves an export as a download, without a word of the policy, and shows only what a browser can do', async () => {
    const root = mkdtempSync(join(tmpdir(), 'driftline-settings-'));
    const shown = await serveWindow(root);
    try {
      await shown.open();
      const { page, complaints } = shown;
      await page.keyboard.press('Control+,');
      await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
      expect(await page.getByText('Start when you log in').count()).toBe(0);
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Export…' }).click();
      const path = join(root, 'kept.json');
      await (await download).saveAs(path);
      expect((await download).suggestedFilename()).toMatch(/^driftline-\d{4}-\d{2}-\d{2}\.json$/);
      expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ format: 'driftline-export' });
      await page.locator('input[type=file]').setInputFiles(path);
      await page.getByText('Everything in this file is here already.').waitFor();
      expect(complaints).toEqual([]);
    } finally {
      await shown.stop();
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});
