import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessFaults, layoutFaults } from './looks.ts';
import { openSamples, type SamplePage } from './sample-page.ts';

/**
 * Every screen and dialog, narrow and wide, light and dark: nothing leaves its box, nothing is cut without saying so,
 * nothing lies over another, and axe finds nothing. The data is made up to be unkind: very long, right-to-left and
 * hostile names.
 */
const SIZES = [
  { width: 900, height: 600 },
  { width: 1440, height: 900 },
];

let samples: SamplePage;
let page: Page;
beforeAll(async () => {
  samples = await openSamples();
  page = samples.page;
});
afterAll(() => samples.stop());

/** axe takes most of a minute for three hundred profiles; seven tell it the same. */
async function expectTidy({ axe = true, again = async () => {} }: { axe?: boolean; again?: () => Promise<void> } = {}) {
  const found: string[] = [];
  for (const size of SIZES) {
    await page.setViewportSize(size);
    await again();
    for (const fault of await layoutFaults(page)) found.push(`${size.width} × ${size.height}: ${fault}`);
  }
  for (const colorScheme of axe ? (['light', 'dark'] as const) : []) {
    await page.emulateMedia({ colorScheme });
    for (const fault of await accessFaults(page)) found.push(`${colorScheme}: ${fault}`);
  }
  expect(found).toEqual([]);
  expect(samples.complaints).toEqual([]);
}

const go = (name: string): Promise<void> =>
  page.getByRole('navigation').getByRole('button', { name, exact: true }).click();
const press = (name: string | RegExp): Promise<void> => page.getByRole('button', { name }).first().click();

it('would find what is wrong', async () => {
  await page.setViewportSize({ width: 300, height: 200 });
  await page.setContent(`<title>Faults</title><div style="width:400px">wide</div>
    <p style="width:40px;overflow:hidden;white-space:nowrap">cut without a word</p>
    <p style="width:40px;overflow:hidden;white-space:nowrap;text-overflow:ellipsis">no tooltip here</p>
    <button>one</button><button style="margin-left:-20px">two</button><img src="data:,">`);
  const faults = (await layoutFaults(page)).join('\n');
  expect(faults).toMatch(/the page is \d+ wide in a window of 300/);
  expect(faults).toMatch(/cut without a word” is cut at its side without an ellipsis/);
  expect(faults).toMatch(/no tooltip here” is cut and has no tooltip/);
  expect(faults).toMatch(/“one” and .*“two” overlap/);
  expect((await accessFaults(page)).join('\n')).toContain('image-alt');
});

describe('home', () => {
  it.each(['empty', 'few', 'many'])('with %s profiles', async (scene) => {
    await samples.open(scene);
    await page.getByRole('article').or(page.getByText('Drop a folder here to mirror it')).first().waitFor();
    await expectTidy({ axe: scene !== 'many' });
  });
  it('as cards, however many there are', async () => {
    await samples.open('many');
    await page.getByRole('radio', { name: 'Cards' }).check();
    await expectTidy({ axe: false });
    await samples.open('few');
    await page.getByRole('radio', { name: 'List' }).check();
    await expectTidy();
  });
  it('when nothing is found', async () => {
    await samples.open('many');
    await page.getByRole('searchbox').fill('no such profile');
    await page.getByText('No profile matches.').waitFor();
    await expectTidy();
  });
  it('with a menu, the tags and the question before a profile goes', async () => {
    await samples.open('few');
    // A menu goes when the window changes under it.
    await expectTidy({
      again: async () => {
        await press('More for Photos');
        await page.getByRole('menu').waitFor();
      },
    });
    await page.getByRole('menuitem', { name: 'Tags…' }).click();
    await page.getByRole('dialog', { name: 'Tags of “Photos”' }).waitFor();
    await expectTidy();
    await page.keyboard.press('Escape');
    await press(/^More for A profile whose name/);
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    await page.getByRole('alertdialog').waitFor();
    await expectTidy();
  });
  it('when the service is lost', async () => {
    await samples.open('lost');
    await expectTidy();
  });
});

describe('dialogs', () => {
  it('new profile, a folder, and where to mirror it', async () => {
    await samples.open('few');
    await press('New profile');
    await page.getByRole('dialog', { name: 'New profile' }).waitFor();
    await expectTidy();
    await page.keyboard.press('Escape');
    await samples.open('empty');
    await press('Choose a folder…');
    await page.getByRole('option').first().waitFor();
    await expectTidy();
    await page.getByRole('option').first().click();
    await press('Choose this folder');
    await page.getByRole('dialog', { name: /^Mirror / }).waitFor();
    await expectTidy();
  });
  it('edit profile, with names nobody expects', async () => {
    await samples.open('few');
    await press(/^More for A profile whose name/);
    await page.getByRole('menuitem', { name: 'Edit' }).click();
    await page.getByRole('dialog', { name: 'Edit profile' }).waitFor();
    await expectTidy();
  });
  it('add a host, and what is missing in it', async () => {
    await samples.open('few');
    await go('Hosts');
    await press('Add host');
    const form = page.getByRole('dialog', { name: 'Add host' });
    await form.waitFor();
    await expectTidy();
    await form.getByRole('button', { name: 'Add host' }).click();
    await form.locator('[aria-invalid=true]').first().waitFor();
    await expectTidy();
  });
});

describe('other screens', () => {
  it('hosts: some, none, and a failed test', async () => {
    await samples.open('few');
    await go('Hosts');
    await page.getByRole('article').first().waitFor();
    await expectTidy();
    for (const card of await page.getByRole('article').all()) await card.getByRole('button', { name: /^Test/ }).click();
    await page.getByText('The connection works').first().waitFor();
    await expectTidy();
    await samples.open('empty');
    await go('Hosts');
    await expectTidy();
  });
  it('runs: some, none, one that goes on and one with issues', async () => {
    await samples.open('empty');
    await go('Runs');
    await expectTidy();
    await samples.open('few');
    await go('Runs');
    await page.locator('main li').first().waitFor();
    await expectTidy();
    await page.locator('main li button').first().click();
    await page.getByRole('progressbar').first().waitFor();
    await expectTidy();
    await go('Runs');
    await page.locator('main li button').filter({ hasText: 'issue' }).first().click();
    await page.getByText('Issues').first().waitFor();
    await expectTidy();
  });
  it.each(['Photos', 'Mail archive', 'Documents', 'Web site'])('the preview of %s', async (name) => {
    await samples.open('few');
    await press(`Preview: ${name}`);
    await page
      .locator('main')
      .getByRole('row')
      .or(page.getByRole('alert'))
      .or(page.getByText('Everything is up to date'))
      .first()
      .waitFor();
    await expectTidy();
  });
  it('a preview that is being made', async () => {
    await samples.open('slow');
    await press('Preview: Photos');
    await page.getByRole('progressbar').or(page.getByText('Comparing both sides')).first().waitFor();
    await expectTidy();
  });
  it('settings', async () => {
    await samples.open('few');
    await go('Settings');
    await expectTidy();
  });
});
