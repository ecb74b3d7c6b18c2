import { appendFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { differences, manifest } from '../support/trees.ts';
import { expectNoOverflow, serveWindow, type ServedWindow } from './served-window.ts';

/** “Try it without a server”, from the first start to the last trace: the built window and its embedded server. */
let folder: string;
let shown: ServedWindow;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-e2e-demo-'));
  shown = await serveWindow(folder);
  await shown.open();
});
afterAll(async () => {
  await shown.stop();
  rmSync(folder, { recursive: true, force: true });
});

const demo = (...path: string[]): string => join(folder, 'settings/demo', ...path);
const same = (): string[] => differences(manifest(demo('Sample files')), manifest(demo('Demo server/Backup')));

it('goes from the first start through key, preview and run, and leaves nothing', async () => {
  const { page, complaints } = shown;
  await page.getByRole('navigation').getByRole('button', { name: 'Hosts', exact: true }).click();
  await page.getByRole('button', { name: 'Try it without a server' }).waitFor();
  await page.getByRole('navigation').getByRole('button', { name: 'Profiles', exact: true }).click();
  await page.getByRole('button', { name: 'Try it without a server' }).click();

  const banner = page.getByRole('region', { name: 'The demo server is running' });
  const fingerprint = await banner.getByText(/^SHA256:/).innerText();
  await page.getByRole('article', { name: 'Sample files', exact: true }).waitFor();
  await expectNoOverflow(page);

  await banner.getByRole('button', { name: 'Preview' }).click();
  const question = page.getByRole('alertdialog', { name: 'Is this the right server?' });
  await question.getByText(fingerprint, { exact: true }).waitFor();
  await question.getByRole('button', { name: 'Accept' }).click();
  const chip = (name: string) => page.getByRole('group', { name: 'Show only' }).getByText(name);
  for (const [name, count] of [
    ['Create', 6],
    ['Update', 2],
    ['Delete', 1],
  ] as const)
    await expect.poll(() => chip(name).innerText()).toMatch(new RegExp(`${count}$`));

  await page.getByRole('button', { name: /^Run: / }).click();
  const sentence = page.locator('main').getByRole('status');
  await sentence.getByText(/^Mirrored 8 files, .* 1 deletion/).waitFor();
  expect(same()).toEqual([]);

  appendFileSync(demo('Sample files/Letters/Invitation.txt'), 'Bring cake.\n');
  await page.getByRole('button', { name: 'Run again' }).click();
  await sentence.getByText(/^Mirrored 1 file, /).waitFor();
  expect(same()).toEqual([]);

  await page.getByRole('navigation').getByRole('button', { name: 'Profiles', exact: true }).click();
  await banner.getByRole('button', { name: 'Remove the demo' }).click();
  const sure = page.getByRole('alertdialog', { name: 'Remove the demo?' });
  await expectNoOverflow(page);
  await sure.getByRole('button', { name: 'Remove the demo' }).click();
  await page.getByRole('button', { name: 'Try it without a server' }).waitFor();
  expect(existsSync(demo())).toBe(false);
  expect(complaints).toEqual([]);
});

it('goes with the process', async () => {
  const { page } = shown;
  await page.getByRole('button', { name: 'Try it without a server' }).click();
  await page.getByRole('region', { name: 'The demo server is running' }).waitFor();
  expect(existsSync(demo())).toBe(true);
  await shown.stop();
  expect(existsSync(demo())).toBe(false);
});
