import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_PROFILE_OPTIONS, type Profile } from '../../shared/model/profile.ts';
import { type ElectronApp, launchElectron } from '../support/electron-harness/launch.ts';
import { startSshd } from '../support/sshd.ts';
import { call } from './page-call.ts';

// Judged in the harness (Chromium in place of Electron); the drag and the drop are the browser's own.
describe('dropping folders (harness)', () => {
  let root: string;
  let shell: ElectronApp;
  let page: Page;

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'driftline-drop-'));
    for (const folder of ['photos', 'music']) {
      mkdirSync(join(root, folder));
      for (const name of ['a', 'b', 'c']) writeFileSync(join(root, folder, name), `${folder} ${name}\n`);
    }
    shell = await launchElectron({ env: { DRIFTLINE_HOME: join(root, 'home'), HOME: root, SSH_AUTH_SOCK: '' } });
    page = await shell.firstWindow();
    await page.getByRole('navigation').waitFor();
  });
  afterEach(async () => {
    await shell.dispose();
    rmSync(root, { recursive: true, force: true, maxRetries: 5 });
  });

  const photos = (): string => join(root, 'photos');
  const music = (): string => join(root, 'music');
  const dialog = (name: string | RegExp) => page.getByRole('dialog', { name });
  const profiles = async (): Promise<Profile[]> =>
    (await call(page, 'profiles.list', null)) as unknown as Promise<Profile[]>;

  async function addProfile(): Promise<void> {
    const draft = {
      name: 'Photos',
      tags: [],
      source: { kind: 'local', paths: [photos()] },
      destination: { kind: 'local', path: join(root, 'copy') },
      contentsOnly: false,
      options: DEFAULT_PROFILE_OPTIONS,
    };
    await call(page, 'profiles.add', { draft });
    await page.getByRole('article', { name: 'Photos' }).waitFor();
  }

  it('asks where to, and makes a profile with its preview', async () => {
    await shell.dropFolder('main', photos());
    const where = dialog('Mirror “photos” to…');
    await where.getByText('photos', { exact: true }).waitFor();
    await where.getByRole('radio', { name: 'This computer' }).check();
    await where.getByRole('button', { name: 'Create and preview' }).click();
    await where.getByText('A folder is needed here.').waitFor();
    await where.getByLabel('Folder', { exact: true }).fill(join(root, 'copy'));
    await where.getByTestId('example-path').getByText(join(root, 'copy/photos/file.txt')).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Preview of photos' }).waitFor();
    await page.getByRole('button', { name: /^Run: / }).waitFor();
    expect(existsSync(join(root, 'copy'))).toBe(false);
    expect(await profiles()).toMatchObject([
      { name: 'photos', source: { paths: [photos()] }, options: { delete: false } },
    ]);
  });

  it('takes several folders as several sources, and says that files are left out', async () => {
    writeFileSync(join(root, 'letter.txt'), 'Dear');
    await shell.dropFolder('main', photos(), join(root, 'letter.txt'), music());
    const where = dialog('Mirror 2 folders to…');
    await where.getByText('music', { exact: true }).waitFor();
    await page.getByText('A file was left out: only folders can be mirrored.').waitFor();
    await where.getByRole('radio', { name: 'This computer' }).check();
    await where.getByLabel('Folder', { exact: true }).fill(join(root, 'copy'));
    await where.getByRole('button', { name: 'More options…' }).click();
    await dialog('Edit profile').waitFor();
    expect((await profiles())[0]!.source.paths).toEqual([photos(), music()]);
  });

  it('says kindly that a file is no folder', async () => {
    await shell.dropFolder('main', join(photos(), 'a'));
    await page.getByText('That is not a folder').waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('shows what a drop on a profile will do, and asks before its source changes', async () => {
    await addProfile();
    const card = '[data-drop-profile]';
    await shell.dragFolder(card, [music()], ['dragEnter', 'dragOver']);
    await page.getByText('Drop it here as a source of “Photos”').waitFor();
    // The devtools protocol cannot carry a drag out of the window: this event is what the browser sends then.
    await page.evaluate(() => document.body.dispatchEvent(new DragEvent('dragleave', { bubbles: true })));
    await page.getByTestId('drop-overlay').waitFor({ state: 'detached' });

    const question = page.getByRole('alertdialog', { name: 'Change the source of “Photos”?' });
    await shell.dropFolder(card, music());
    await question.waitFor();
    await page.keyboard.press('Enter'); // the safe answer has the focus
    await question.waitFor({ state: 'detached' });
    expect((await profiles())[0]!.source.paths).toEqual([photos()]);

    await shell.dropFolder(card, music());
    await question.getByRole('button', { name: 'Add as a source' }).click();
    await page.getByRole('heading', { name: 'Preview of Photos' }).waitFor();
    expect((await profiles())[0]!.source.paths).toEqual([photos(), music()]);

    await page.getByRole('navigation').getByRole('button', { name: 'Profiles' }).click();
    await shell.dropFolder(card, music());
    await question.getByRole('button', { name: 'Replace the source' }).click();
    await expect.poll(async () => (await profiles())[0]!.source.paths).toEqual([music()]);
  });

  it('leads a new user from a dropped folder to a mirror on a new server, and from the tray to the next run', async () => {
    const sshd = await startSshd();
    try {
      await shell.dropFolder('main', photos());
      const where = dialog('Mirror “photos” to…');
      await where.getByRole('button', { name: 'Add a host…' }).click();
      const host = dialog('Add host');
      await host.getByLabel('Name', { exact: true }).fill('nas');
      await host.getByLabel('Address').fill(sshd.host);
      await host.getByLabel('Port').fill(String(sshd.port));
      await host.getByLabel('User').fill(sshd.user);
      await host.getByRole('radio', { name: 'Key file' }).check();
      await host.getByLabel('Private key').fill(sshd.keyPath);
      await host.getByRole('button', { name: 'Add host' }).click();

      await expect.poll(() => where.getByRole('radio', { name: 'nas' }).isChecked()).toBe(true);
      const folder = where.getByLabel('Folder on nas');
      expect(await folder.inputValue()).toBe('backup');
      await folder.fill(join(root, 'server'));
      await where.getByRole('button', { name: 'Create and preview' }).click();
      const key = page.getByRole('alertdialog', { name: 'Is this the right server?' });
      await key.getByText(sshd.hostFingerprint, { exact: true }).waitFor();
      await key.getByRole('button', { name: 'Accept' }).click();
      await page.getByRole('button', { name: /^Run: / }).click();
      await page
        .locator('main')
        .getByText(/^Mirrored 3 files, /)
        .waitFor();
      expect(readFileSync(join(root, 'server/photos/a'), 'utf8')).toBe('photos a\n');

      writeFileSync(join(photos(), 'd'), 'photos d\n');
      await shell.closeWindow();
      await expect.poll(() => shell.windows()).toEqual([]);
      await shell.clickTray('Run', 'photos');
      await expect.poll(() => shell.notifications(), { timeout: 30_000 }).toHaveLength(1);
      expect((await shell.notifications())[0]).toMatchObject({ title: 'photos is done' });
      expect(readFileSync(join(root, 'server/photos/d'), 'utf8')).toBe('photos d\n');
    } finally {
      await sshd.stop();
    }
  });
});
