import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { driftline } from '../support/run.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';
import { build, dir, file } from '../support/trees.ts';
import { expectNoOverflow, openAlbum, serveWindow, type ServedWindow } from './served-window.ts';

/**
 * Runs while they go on: several at once, the queue, pause, a window that is closed and opened again, and what the guard
 * found. Real Chromium, real sshd, stock rsync; a rate limit keeps the runs going for as long as somebody looks.
 */
const LONG = 'مجلد الصور '.repeat(12).trim();
const album = openAlbum();
let folder: string;
let sshd: Sshd;
let shown: ServedWindow;
let page: Page;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-e2e-runs-'));
  build(join(folder, 'src'), dir({ 'big.bin': file({ size: 64 << 20, seed: 3 }), small: file('s') }));
  sshd = await startSshd();
  shown = await serveWindow(folder);
  page = shown.page;
  const cli = async (...words: string[]): Promise<void> => {
    const { code, stderr } = await driftline(words, { env: shown.env });
    expect(code, stderr).toBe(0);
  };
  await cli(
    ...['host', 'add', 'nas', '--address', sshd.host, '--port', String(sshd.port), '--user', userInfo().username],
    ...['--key', sshd.keyPath, '--fingerprint', sshd.hostFingerprint],
  );
  for (const name of ['one', LONG, 'three']) {
    await cli(
      ...['profile', 'add', name, '--source', `${join(folder, 'src')}/`, '--option=--bwlimit=500'],
      ...['--dest', `nas:${join(folder, 'mirrors', name.slice(0, 5))}`],
    );
  }
  mkdirSync(join(folder, 'mirrors'));
  mkdirSync(join(folder, 'disk'));
  symlinkSync(join(folder, 'disk'), join(folder, 'link'));
  build(join(folder, 'few'), dir({ note: file('n') }));
  await cli('profile', 'add', 'linked', '--source', `${join(folder, 'few')}/`, '--dest', join(folder, 'link'));
  await shown.open();
});
afterAll(async () => {
  await shown.stop();
  await sshd.stop();
  rmSync(folder, { recursive: true, force: true });
  album.remove();
});

const dock = () => page.getByRole('region', { name: 'Running transfers' });
const goTo = (name: string) => page.getByRole('navigation').getByRole('button', { name, exact: true }).click();
const card = (name: string) => page.getByRole('article', { name, exact: true });

it('several at once, as many as may; one is paused and goes on', async () => {
  for (const name of ['one', LONG, 'three']) {
    await goTo('Profiles');
    await card(name)
      .getByRole('button', { name: `Run: ${name}` })
      .click();
  }
  await goTo('Profiles');
  await dock().getByText('Waiting for its turn').waitFor();
  await page.getByRole('status').getByText('three waits its turn').waitFor();
  await dock().getByText('Transferring').nth(1).waitFor();
  await expectNoOverflow(page);
  await album.take(page, 'runs-dock', { narrow: true });
  await dock().getByRole('button', { name: 'Pause one' }).click();
  await dock().getByText('Paused').waitFor();
  await dock().getByRole('button', { name: 'Resume one' }).click();
  await dock().getByText('Transferring').nth(1).waitFor();
});

it('closing the window leaves them going; opening it again shows them', async () => {
  const browser = page.context().browser()!;
  await page.close();
  page = await browser.newPage();
  await page.goto(shown.url);
  await dock().getByText('Transferring').nth(1).waitFor();
  await dock().getByText('Waiting for its turn').waitFor();
});

it('the view of a run: paused, cancelled within two seconds, and the next one’s turn comes', async () => {
  await dock().getByRole('button', { name: /^one / }).click();
  await page.getByRole('heading', { level: 1, name: 'one' }).waitFor();
  const main = page.getByRole('main');
  await main.getByRole('button', { name: 'Pause', exact: true }).click();
  await main.getByText('Nothing moves until you resume it.').waitFor();
  await expectNoOverflow(page);
  await main.getByRole('button', { name: 'Resume', exact: true }).click();
  await main.getByRole('status').getByText('Transferring').waitFor();
  const asked = performance.now();
  await main.getByRole('button', { name: 'Cancel run' }).click();
  await main.getByText(/^Cancelled after/).waitFor();
  // Loaded machines are given more than the two seconds that test:faults measures.
  expect(performance.now() - asked).toBeLessThan(20_000);
  await dock().getByText('Waiting for its turn').waitFor({ state: 'detached' });
  await page.getByRole('status').getByText('three is running').waitFor();
  for (const name of [LONG, 'three']) {
    const cancel = dock().getByRole('button', { name: `Cancel ${name}` });
    await cancel.click();
    // The others move up when one goes: the next is not clicked on the move.
    await cancel.waitFor({ state: 'detached' });
  }
  await dock().waitFor({ state: 'detached' });
});

it('the guard says what it found, and goes on only with an explicit yes', async () => {
  await goTo('Profiles');
  await card('linked').getByRole('button', { name: 'Run: linked' }).click();
  await card('linked').getByRole('button', { name: 'Details: linked' }).click();
  const main = page.getByRole('main');
  await main.getByText('The destination is a link').first().waitFor();
  await main.getByRole('button', { name: 'See what was found' }).click();
  const dialog = page.getByRole('alertdialog', { name: 'Stopped to protect your files' });
  await dialog.getByText(join(folder, 'disk'), { exact: true }).waitFor();
  await expectNoOverflow(page);
  await album.take(page, 'guard', { dark: true });
  const anyway = dialog.getByRole('button', { name: 'Run all the same' });
  expect(await anyway.isDisabled()).toBe(true);
  await dialog.getByLabel('I have checked this').check();
  await anyway.click();
  await main.getByText(/^Mirrored 1 file/).waitFor();
  expect(readFileSync(join(folder, 'disk/note'), 'utf8')).toBe('n');
  const changes = main.getByRole('region', { name: /changes?$/ });
  await changes.getByRole('row').filter({ hasText: 'note' }).waitFor();
  await changes.getByRole('button', { name: 'Deleted' }).click();
  await changes.getByText('No change matches.').waitFor();
  await changes.getByRole('button', { name: 'Deleted' }).click();
  await changes.getByLabel('Search paths').fill('NOTE');
  await expect.poll(() => changes.getByRole('row').allInnerTexts(), { timeout: 30_000 }).toHaveLength(1);
  expect(shown.complaints).toEqual([]);
});
