import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Sshd, startSshd } from '../support/sshd.ts';
import { accessFaults } from './looks.ts';
import { serveWindow, type ServedWindow } from './served-window.ts';

/** Somebody without a mouse, from the first start to a result: not one click, a real server. */
let root: string;
let sshd: Sshd;
let shown: ServedWindow;
let page: Page;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'driftline-keyboard-'));
  mkdirSync(join(root, 'Letters'));
  for (const name of ['a', 'b']) writeFileSync(join(root, 'Letters', name), `letter ${name}\n`);
  sshd = await startSshd();
  shown = await serveWindow(root);
  await shown.open();
  page = shown.page;
});
afterAll(async () => {
  await shown.stop();
  await sshd.stop();
  rmSync(root, { recursive: true, force: true });
});

const focused = (target: Locator): Promise<boolean> => target.evaluate((element) => element === document.activeElement);

/** Tabs on until the focus is there, and asks that it can be seen. */
async function tabTo(target: Locator): Promise<void> {
  await target.waitFor();
  for (let n = 0; n < 60; n++) {
    if (await focused(target)) {
      expect(await target.evaluate((element) => element.matches(':focus-visible'))).toBe(true);
      return;
    }
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never came to ${String(target)}`);
}

async function type(field: Locator, text: string): Promise<void> {
  await tabTo(field);
  await page.keyboard.press('Control+A');
  await page.keyboard.type(text);
}

async function press(button: Locator): Promise<void> {
  await tabTo(button);
  await page.keyboard.press('Enter');
}

/** Goes through a group of radio buttons as its own keys do. */
async function choose(group: Locator, name: string): Promise<void> {
  await group.waitFor();
  const inside = () => group.evaluate((element) => element.contains(document.activeElement));
  for (let n = 0; n < 60 && !(await inside()); n++) await page.keyboard.press('Tab');
  for (let n = 0; n < 20 && !(await group.getByRole('radio', { name }).isChecked()); n++)
    await page.keyboard.press('ArrowDown');
  expect(await group.getByRole('radio', { name }).isChecked()).toBe(true);
}

it('goes the whole way by keyboard', async () => {
  const start = page.getByRole('button', { name: 'Choose a folder…' });
  await press(start);
  const picker = page.getByRole('dialog', { name: 'Choose a folder' });
  await picker.waitFor();
  await page.keyboard.press('Escape');
  await picker.waitFor({ state: 'detached' });
  expect(await focused(start), 'the focus comes back').toBe(true);

  await page.keyboard.press('Enter');
  await picker.getByRole('option').or(picker.getByText('No folders in here.')).first().waitFor();
  await type(picker.getByLabel('Folder', { exact: true }), join(root, 'Letters'));
  await page.keyboard.press('Enter'); // goes there
  await picker.getByRole('button', { name: 'Choose this folder' }).waitFor();
  await page.keyboard.press('Enter'); // takes it

  const where = page.getByRole('dialog', { name: 'Mirror “Letters” to…' });
  await press(where.getByRole('button', { name: 'Add a host…' }));
  const host = page.getByRole('dialog', { name: 'Add host' });
  await type(host.getByLabel('Name', { exact: true }), 'nas');
  await type(host.getByLabel('User', { exact: true }), sshd.user);
  await type(host.getByLabel('Address', { exact: true }), sshd.host);
  await type(host.getByLabel('Port', { exact: true }), String(sshd.port));
  await choose(host.getByRole('group', { name: 'Login with' }), 'Key file');
  await type(host.getByRole('textbox', { name: 'Private key' }), sshd.keyPath);
  await page.keyboard.press('Enter');
  await host.waitFor({ state: 'detached' });
  expect(await focused(where.getByRole('button', { name: 'Add a host…' })), 'the focus comes back').toBe(true);

  await choose(where.getByRole('group', { name: 'Where to' }), 'nas');
  await type(where.getByLabel('Folder on nas'), join(root, 'server'));
  await page.keyboard.press('Enter');

  const key = page.getByRole('alertdialog', { name: 'Is this the right server?' });
  await key.getByText(sshd.hostFingerprint, { exact: true }).waitFor();
  expect(await accessFaults(page)).toEqual([]);
  await press(key.getByRole('button', { name: 'Accept' }));

  await press(page.getByRole('button', { name: /^Run: / }));
  await page
    .locator('main')
    .getByText(/^Mirrored 2 files, /)
    .waitFor();
  expect(await page.evaluate(() => document.activeElement?.localName), 'a new view begins at its heading').toBe('h1');
  expect(readFileSync(join(root, 'server/Letters/b'), 'utf8')).toBe('letter b\n');
  expect(await accessFaults(page)).toEqual([]);
  expect(shown.complaints).toEqual([]);
});

it('finds profiles with / and Ctrl+F, and puts them in order with arrow keys', async () => {
  await press(page.getByRole('navigation').getByRole('button', { name: 'Profiles', exact: true }));
  const card = page.getByRole('article', { name: 'Letters', exact: true });
  await press(card.getByRole('button', { name: 'More for Letters' }));
  await page.getByRole('menuitem', { name: 'Edit' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter'); // Duplicate
  await page.getByRole('article').nth(1).waitFor();
  const names = () =>
    page.getByRole('article').evaluateAll((all) => all.map((each) => each.getAttribute('aria-label')));
  const before = await names();
  await tabTo(page.getByRole('button', { name: 'Move Letters', exact: true }));
  await page.keyboard.press('ArrowDown');
  await expect.poll(names).toEqual([...before].reverse());
  await page.getByRole('status').getByText('Letters is now 2 of 2').waitFor({ state: 'attached' });
  await expect.poll(() => focused(page.getByRole('button', { name: 'Move Letters', exact: true }))).toBe(true);

  for (const keys of ['/', 'Control+f']) {
    await page.keyboard.press(keys);
    await expect.poll(() => focused(page.getByRole('searchbox'))).toBe(true);
    await page.keyboard.type('no such thing');
    await page.getByText('No profile matches.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('article').nth(1).waitFor();
    await page.keyboard.press('Shift+Tab');
  }
});
