import { existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Profile } from '../../shared/model/profile.ts';
import { driftline } from '../support/run.ts';
import { expectNoOverflow, openAlbum, serveWindow, type Album, type ServedWindow } from './served-window.ts';

/**
 * The preview as a plan, in the built window against the real service: a local copy whose destination has more than the
 * source. DRIFTLINE_PREVIEW_ROWS=1000000 takes that many rows for the scrolling test, and prints what it measured.
 */
const ROWS = Number(process.env['DRIFTLINE_PREVIEW_ROWS'] ?? '4000');
const LONG = `${'a very long name that goes on and on '.repeat(5)}.txt`;
const RTL = 'صور/رحلة 2024/الشاطئ.jpg';

let album: Album;
let shown: ServedWindow;
let folder: string;
const at = (...path: string[]): string => join(folder, ...path);

function put(path: string, content: string, time: number): void {
  mkdirSync(join(at(path), '..'), { recursive: true });
  writeFileSync(at(path), content);
  utimesSync(at(path), time, time);
}

beforeAll(async () => {
  album = openAlbum();
  folder = mkdtempSync(join(tmpdir(), 'driftline-preview-'));
  const [then, now] = [1_740_000_000, 1_741_000_000];
  for (const name of ['keep/a.txt', 'keep/b.txt', 'notes.md', 'scratch.tmp', 'keep/deep/c.tmp', LONG, RTL])
    put(`source/${name}`, `the new ${name}`, now);
  put('source/grown.txt', 'longer than before, by some', now);
  put('mirror/grown.txt', 'shorter', then);
  put('mirror/only-here/x', 'x', then);
  put('mirror/only-here/y', 'y', then);
  shown = await serveWindow(at('service'));
  for (const [name, source] of [
    ['Papers', 'source'],
    ['Many', 'many'],
  ] as const) {
    const { stderr, code } = await driftline(
      [
        'profile',
        'add',
        name,
        '--source',
        `${at(source)}/`,
        '--dest',
        at(source === 'many' ? 'many-mirror' : 'mirror'),
      ],
      { env: shown.env },
    );
    expect(code, stderr).toBe(0);
  }
  await shown.open();
});
afterAll(async () => {
  await shown.stop();
  rmSync(folder, { recursive: true, force: true });
  album.remove();
});

const boxOf = (path: string): Locator => shown.page.getByRole('checkbox', { name: `Carry out ${path}`, exact: true });
/** By the whole path. */
const box = (path: string): Locator => shown.page.getByRole('grid').locator(boxOf(path));
const row = (path: string): Locator =>
  shown.page
    .getByRole('grid')
    .getByRole('row')
    .filter({ has: boxOf(path) });
const ticked = (): Promise<number> => shown.page.getByRole('grid').getByRole('checkbox', { checked: true }).count();
const chip = (name: string): Locator =>
  shown.page.getByRole('group', { name: 'Show only' }).getByRole('button', { name });
const runButton = (): Locator => shown.page.getByRole('button', { name: /^Run:|^Nothing is ticked/ });

/** So that names are in the order of their numbers. */
const padded = (n: number): string => String(n).padStart(7, '0');

async function preview(name: string): Promise<void> {
  const card = shown.page.getByRole('article', { name, exact: true });
  await card.getByRole('button', { name: 'Preview' }).click();
  await shown.page.getByRole('grid').waitFor();
}

it('shows what only the destination has unticked, and what a run would do', async () => {
  const { page } = shown;
  await preview('Papers');
  for (const name of ['x', 'y']) expect(await box(`only-here/${name}`).isChecked()).toBe(false);
  expect(await box('notes.md').isChecked()).toBe(true);
  await chip('Only on the destination').waitFor();
  await expect.poll(() => chip('Only on the destination').innerText()).toContain('0 of 3');
  await expectNoOverflow(page);
  for (const dark of [false, true]) {
    await album.take(page, 'plan', { dark });
    await album.take(page, 'plan-narrow', { dark, narrow: true });
  }
});

it('unticks a row with the mouse, a range with Shift, all that a filter shows, and the counts follow', async () => {
  const { page } = shown;
  await box('notes.md').click();
  await expect.poll(() => box('notes.md').isChecked()).toBe(false);
  await page.getByRole('searchbox').fill('keep');
  await expect.poll(() => page.getByRole('grid').getByRole('row').count()).toBe(5);
  const all = page.getByRole('checkbox', { name: 'Tick all rows shown' });
  await all.click();
  await expect.poll(ticked).toBe(0);
  await box('keep/b.txt').click();
  // The folder that it needs comes along.
  await expect.poll(ticked).toBe(2);
  await page.getByRole('searchbox').fill('');
  await expect.poll(() => box('notes.md').isChecked()).toBe(false);
});

it('says why, and leaves out for good from a menu that the keyboard opens', async () => {
  const { page } = shown;
  await row('grown.txt').click();
  const details = page.getByRole('region', { name: 'Details of the row' });
  await details.getByText('Sizes differ: 27 and 7 bytes. The source is newer').waitFor();
  await details.getByText('content received, size differs, time differs').waitFor();
  await expectNoOverflow(page);
  await album.take(page, 'plan-details', { narrow: true });
  await album.take(page, 'plan-details-dark', { dark: true });
  await row('scratch.tmp').click();
  await page.keyboard.press('Shift+F10');
  const menu = page.getByRole('menu', { name: 'Actions for scratch.tmp' });
  await menu.getByText('/scratch.tmp').waitFor();
  await page.keyboard.press('Escape');
  await menu.waitFor({ state: 'hidden' });
  await page.keyboard.press('Shift+F10');
  await menu.waitFor();
  await album.take(page, 'plan-menu');
  await menu.getByRole('menuitem', { name: /everything like/ }).focus();
  await page.keyboard.press('Enter');
  await row('scratch.tmp').getByText('left out by rule 1').waitFor();
  expect(await box('keep/deep/c.tmp').isDisabled()).toBe(true);
  await details.getByText('Left out by rule 1 of the profile.').waitFor();
  const { stdout } = await driftline(['profile', 'list', '--json'], { env: shown.env });
  const { value } = JSON.parse(stdout) as { value: Profile[] };
  expect(value.find(({ name }) => name === 'Papers')!.options.filters).toEqual(['- *.tmp']);
});

it('carries out what is ticked and nothing else', async () => {
  const { page } = shown;
  await row('only-here/x').click();
  await page.keyboard.press('Space');
  await expect.poll(() => runButton().innerText()).toContain('1 deletion');
  await runButton().click();
  await page
    .getByRole('status')
    .getByText(/^Mirrored/)
    .waitFor();
  expect(readFileSync(at('mirror/grown.txt'), 'utf8')).toContain('longer');
  for (const name of ['keep/b.txt', RTL, LONG, 'only-here/y']) expect(existsSync(at('mirror', name)), name).toBe(true);
  for (const name of ['notes.md', 'keep/a.txt', 'scratch.tmp', 'keep/deep', 'only-here/x'])
    expect(existsSync(at('mirror', name)), name).toBe(false);
  expect(shown.complaints).toEqual([]);
});

it('scrolls through many rows with few nodes', async () => {
  const { page } = shown;
  mkdirSync(at('many'));
  const perFolder = 1000;
  let first = '';
  const files = ROWS - Math.ceil(ROWS / perFolder) - 1;
  for (let n = 0; n < files; n++) {
    const parent = at('many', `folder ${padded(Math.floor(n / perFolder))}`);
    const path = join(parent, `file ${padded(n)}`);
    // Names of one file are made faster; a file has at most 65,000 of them.
    if (n % perFolder === 0) {
      mkdirSync(parent);
      first = path;
      writeFileSync(first, '');
    } else linkSync(first, path);
  }
  await page.getByRole('navigation').getByRole('button', { name: 'Profiles', exact: true }).click();
  await preview('Many');
  const found = await page.evaluate(async () => {
    const list = document.querySelector('[role=grid]')!;
    const rows = () => list.querySelectorAll('[role=row]').length;
    const times: number[] = [];
    let most = rows();
    // The time of the handler and of what Svelte does because of it, before the browser lays it out.
    for (let step = 1; step <= 300; step++) {
      const to = ((list.scrollHeight - list.clientHeight) * ((step * 37) % 300)) / 300;
      list.scrollTop = to;
      const begin = performance.now();
      list.dispatchEvent(new Event('scroll'));
      await Promise.resolve();
      times.push(performance.now() - begin);
      await new Promise((done) => requestAnimationFrame(done));
      most = Math.max(most, rows());
    }
    times.sort((a, b) => a - b);
    return { most, p50: times[150]!, p99: times[297]!, count: Number(list.getAttribute('aria-rowcount')) };
  });
  // The folder itself and those in it have a row each, too.
  expect(found.count).toBe(files + Math.ceil(files / perFolder) + 1);
  expect(found.most).toBeLessThanOrEqual(200);
  console.log(
    `${found.count} rows: at most ${found.most} nodes; scroll handler p50 ${found.p50.toFixed(2)} ms, p99 ${found.p99.toFixed(2)} ms`,
  );
  await page.getByRole('grid').focus();
  await page.keyboard.press('End');
  await page
    .getByRole('row')
    .getByText(`file ${padded(files - 1)}`)
    .waitFor();
}, 600_000);

it('keeps the row in sight that details or a menu are about', async () => {
  const { page } = shown;
  const grid = page.getByRole('grid');
  const details = page.getByRole('region', { name: 'Details of the row' });
  const activeRow = grid.getByRole('row', { selected: true });
  const topOf = async (what: Locator): Promise<number> => (await what.boundingBox())!.y;
  const bottomOf = async (what: Locator): Promise<number> => {
    const { y, height } = (await what.boundingBox())!;
    return y + height;
  };
  // The last row of all is active.
  await details.waitFor();
  expect(await bottomOf(activeRow)).toBeLessThanOrEqual((await topOf(details)) + 1);
  await page.keyboard.press('Escape');
  await details.waitFor({ state: 'detached' });

  await page.keyboard.press('Home');
  await details.waitFor();
  await page.keyboard.press('Escape');
  await details.waitFor({ state: 'detached' });
  const lowest = Math.floor((await grid.boundingBox())!.height / 44);
  await grid.locator(`[aria-rowindex="${lowest}"]`).click();
  await details.waitFor();
  expect(await activeRow.getAttribute('aria-rowindex')).toBe(String(lowest));
  expect(await bottomOf(activeRow)).toBeLessThanOrEqual((await topOf(details)) + 1);

  // Scrolled away, it comes back for its menu, which is not closed by that.
  await grid.evaluate((list) => (list.scrollTop = list.scrollHeight / 2));
  await activeRow.waitFor({ state: 'detached' });
  await page.keyboard.press('Shift+F10');
  const menu = page.getByRole('menu', { name: /^Actions for/ });
  await menu.waitFor();
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  expect(await menu.isVisible()).toBe(true);
  expect(await topOf(activeRow)).toBeGreaterThanOrEqual((await topOf(grid)) - 1);
});
