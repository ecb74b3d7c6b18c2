import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Profile } from '../../shared/model/profile.ts';
import { peers } from '../support/peers.ts';
import { driftline, run } from '../support/run.ts';
import { type Sshd, startSshd } from '../support/sshd.ts';
import { build, dir, edited, file, type FileNode, manifest, randomBytes, type Tree } from '../support/trees.ts';
import { type Album, expectNoOverflow, openAlbum, serveWindow, type ServedWindow } from './served-window.ts';

/**
 * A person mirrors a folder to a server, from the first start on: the built window in Chromium, `driftline serve`, a
 * real sshd and stock rsync. The tests are the steps of one story and need each other.
 */
const EVIL = '<img src=x onerror=alert(1)>';
/** Summer 2024, and the winter after it. */
const TAKEN = 1_721_030_000;
const LATER = 1_735_720_000;
const CLIP_SIZE = 64 * 1024 * 1024;

let album: Album;
let sshd: Sshd;
let shown: ServedWindow;
/** Settings and other things that are never seen. */
let hidden: string;
/** Places that are seen: what they are called does not name the machine when pictures are kept. */
let media: string;
let mirror: string;

const source = (...path: string[]): string => join(media, 'Photos', ...path);
const clip = randomBytes(CLIP_SIZE, 1);

beforeAll(async () => {
  album = openAlbum();
  hidden = mkdtempSync(join(tmpdir(), 'driftline-e2e-'));
  const places = album.kept ? '/srv' : join(hidden, 'srv');
  [media, mirror] = [join(places, 'media'), join(places, 'mirror')];
  for (const folder of [media, mirror]) {
    if (existsSync(folder)) throw new Error(`${folder} exists; the pictures need that name`);
    mkdirSync(folder, { recursive: true });
  }
  chmodSync(hidden, 0o711);
  build(source(), photos());
  build(join(media, 'Documents'), dir({ 'letter.txt': file('Dear Sir or Madam'), 'plan.txt': file('1. Rest') }));
  mkdirSync(join(media, 'Music'));
  sshd = await startSshd();
  shown = await serveWindow(hidden);
  await shown.open();
});
afterAll(async () => {
  await shown.stop();
  await sshd.stop();
  for (const folder of [media, mirror, hidden]) rmSync(folder, { recursive: true, force: true });
  album.remove();
});

let broken = '';
beforeEach(() => expect(broken, 'an earlier step failed').toBe(''));
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail' || broken !== '') return;
  broken = task.name;
  console.log(`The window said:\n${await shown.page.locator('body').innerText()}`);
});

function photos(): ReturnType<typeof dir> {
  const album = (first: number, count: number): ReturnType<typeof dir> => {
    const files: Tree = {};
    for (let n = first; n < first + count; n++) {
      files[`IMG_${n}.jpg`] = file({ size: 40_000 + ((n * 7919) % 90_000), seed: n }, { mtime: TAKEN + n * 40 });
    }
    return dir(files, { mtime: TAKEN });
  };
  const children = {
    '2023': dir({ 'Lake Garda': album(1610, 40), Winter: album(2100, 25) }, { mtime: TAKEN }),
    '2024': dir({ Lofoten: album(3400, 60), 'Garden party': album(3900, 30) }, { mtime: TAKEN }),
    Videos: dir({ 'Harbour at night.mp4': file(clip, { mtime: TAKEN }) }, { mtime: TAKEN }),
    [EVIL]: file('only a name', { mtime: TAKEN }),
    'notes.txt': file('Sort the winter ones.', { mtime: TAKEN }),
  };
  return dir(children, { mtime: TAKEN });
}

/** New and changed files and a folder less; times of folders stay, so that each row says something. */
function changePhotos(): void {
  const still = { mtime: TAKEN };
  const then = { mtime: LATER };
  const scan = (seed: number): FileNode => file({ size: 2_150_000, seed }, then);
  const changed: Tree = {
    '2024': dir(
      {
        'Family, scanned': dir({ '1.tif': scan(1), '2.tif': scan(2), '3.tif': scan(3) }, then),
        Lofoten: dir({ 'IMG_3460.jpg': file({ size: 81_000, seed: 5 }, then) }, still),
      },
      still,
    ),
    Videos: dir({ 'Harbour at night.mp4': file(edited(clip, 5, 20_000, 9), then) }, still),
    'notes.txt': file('Sort the winter ones. Done.', then),
  };
  build(source(), dir(changed, still));
  rmSync(source('2023/Winter'), { recursive: true });
  utimesSync(source('2023'), TAKEN, TAKEN);
  chmodSync(source('2024/Garden party/IMG_3900.jpg'), 0o600);
}

/** What rsync itself would still change. */
async function differences(destination: string): Promise<string> {
  const args = ['-anic', '--delete', `${source()}/`, `${destination}/`];
  const { stdout, stderr } = await run(peers().rsync, args);
  return stdout + stderr;
}

/** The saved profile of that name, as another process reads it. */
async function saved(name: string): Promise<Profile> {
  const { stdout } = await driftline(['profile', 'list', '--json'], { env: shown.env });
  const { value } = JSON.parse(stdout) as { value: Profile[] };
  return value.find((profile) => profile.name === name)!;
}

const goTo = (name: 'Profiles' | 'Hosts' | 'Runs'): Promise<void> =>
  shown.page.getByRole('navigation').getByRole('button', { name, exact: true }).click();
const card = (name: string): Locator => shown.page.getByRole('article', { name, exact: true });
const chip = (name: string): Locator => shown.page.getByRole('group', { name: 'Show only' }).getByText(name);
const sentence = (): Locator => shown.page.locator('main').getByRole('status');

async function addHost(
  name: string,
  user: string,
  auth: 'SSH agent' | 'Key file' | 'Password',
  [address, port] = [sshd.host as string, sshd.port],
): Promise<void> {
  const { page } = shown;
  await page.getByRole('button', { name: 'Add host', exact: true }).click();
  const form = page.getByRole('dialog', { name: 'Add host' });
  await form.getByLabel('Name', { exact: true }).fill(name);
  await form.getByLabel('User').fill(user);
  await form.getByLabel('Address').fill(address);
  await form.getByLabel('Port').fill(String(port));
  await form.getByRole('radio', { name: auth }).check();
  if (auth === 'Key file') await form.getByLabel('Private key').fill(sshd.keyPath);
  await expectNoOverflow(page);
  await form.getByRole('button', { name: 'Add host' }).click();
  await card(name).waitFor();
}

/** Stops the server when the window shows that percentage of a run, for as long as somebody looks. */
async function holdAt(percent: number, look: () => Promise<void>): Promise<void> {
  const shownNow = shown.page.locator('main').getByText(/^\d+ %$/);
  const over = sentence().getByText(/^Mirrored/);
  const signal = (pids: number[], name: NodeJS.Signals): void => {
    for (const pid of pids) {
      try {
        process.kill(pid, name);
      } catch {
        // ended meanwhile
      }
    }
  };
  // In small steps: a picture of a transfer that is over in a blink shows nothing. Each step is longer than the one
  // before, so that the transfer ends on a busy machine too, where a short step may give it no time at all.
  for (let step = 60; ; step += 15) {
    await pause(step);
    const sessions = sshd.sessionPids();
    signal(sessions, 'SIGSTOP');
    try {
      const reached = (await shownNow.count()) > 0 && Number.parseInt(await shownNow.innerText(), 10) >= percent;
      if (reached) await look();
      if (reached || (await over.count()) > 0) return;
      await pause(120);
    } finally {
      signal(sessions, 'SIGCONT');
    }
  }
}

/** In the open editor: where the profile mirrors to, and that it deletes. */
async function fillDestination(host: string, path: string, title = 'New profile'): Promise<void> {
  const form = shown.page.getByRole('dialog', { name: title });
  const destination = form.getByRole('group', { name: 'Destination' });
  await destination.getByLabel('On').selectOption({ label: host });
  await destination.getByLabel('Folder', { exact: true }).fill(path);
  await form.getByRole('radio', { name: 'Only its contents' }).check();
  await form.getByRole('checkbox', { name: 'Mirror: delete what the source no longer has' }).check();
}

it('answers 401 without the token, and loads with it without a complaint', async () => {
  const { url, page, complaints } = shown;
  const address = new URL(url);
  expect(address.hostname).toBe('127.0.0.1');
  for (const path of ['/', '/?token=', '/index.html', '/ws']) {
    expect((await fetch(new URL(path, url))).status, path).toBe(401);
  }
  expect(page.url()).toBe(`${address.origin}/`);
  await page.getByText('Drop a folder here to mirror it').waitFor();
  await expectNoOverflow(page);
  await album.take(page, 'empty');
  expect(complaints).toEqual([]);
});

it('adds a host, shows the fingerprint of its key before anything else, and tests it', async () => {
  const { page } = shown;
  await goTo('Hosts');
  await addHost('nas', sshd.user, 'Key file');
  await card('nas').getByText('Key not confirmed yet').waitFor();

  await card('nas').getByRole('button', { name: 'Test' }).click();
  const question = page.getByRole('alertdialog', { name: 'Is this the right server?' });
  await question.getByText(sshd.hostFingerprint, { exact: true }).waitFor();
  expect(sshd.log()).not.toMatch(/Accepted|Failed/);
  await expectNoOverflow(page);
  await album.take(page, 'host-key');

  // Whoever presses Enter without reading has not accepted anything.
  await page.keyboard.press('Enter');
  await card('nas').getByText('This server is not known yet').waitFor();
  await card('nas').getByText('Key not confirmed yet').waitFor();

  await card('nas').getByRole('button', { name: 'Test' }).click();
  await question.getByRole('button', { name: 'Accept' }).click();
  await card('nas').getByText('The connection works').waitFor();
  await card('nas').getByText('Key confirmed').waitFor();
  expect(await card('nas').innerText()).toContain(/version (\S+)/.exec(peers().rsyncVersion)![1]);

  await addHost('offsite', 'anna', 'SSH agent', ['backup.example.net', 22]);
  await expectNoOverflow(page);
  await album.take(page, 'hosts');
});

it('asks for a password, says when it is wrong, and what to do next', async () => {
  const { page } = shown;
  await addHost('web', sshd.passwordUser, 'Password');
  await card('web').getByRole('button', { name: 'Test' }).click();
  // A key is confirmed for one host, not for all that share an address.
  await page
    .getByRole('alertdialog', { name: 'Is this the right server?' })
    .getByRole('button', { name: 'Accept' })
    .click();
  const question = page.getByRole('alertdialog', { name: `Password for ${sshd.passwordUser}` });
  await question.getByLabel('Password').fill('wrong');
  await expectNoOverflow(page);
  await page.keyboard.press('Enter');
  await question.getByText('That was not accepted. Try again.').waitFor();
  await question.getByRole('button', { name: 'Cancel' }).click();
  await card('web').getByText('The password was not accepted').waitFor();
  await expectNoOverflow(page);

  await card('web').getByRole('button', { name: 'Test' }).click();
  await question.getByLabel('Password').fill(sshd.password);
  await question.getByRole('button', { name: 'Continue' }).click();
  await card('web').getByText('The connection works').waitFor();
  await expectNoOverflow(page);
});

/** Opens the picker and types in the same turn of the page's loop: no answer of the service can come between. */
async function typeBeforeTheListing(button: string, path: string): Promise<void> {
  const opener = shown.page.getByRole('button', { name: button });
  await opener.evaluate(async (element: HTMLElement, typed) => {
    element.click();
    let field: HTMLInputElement | null = null;
    for (let turn = 0; turn < 50 && field === null; turn++) {
      await Promise.resolve();
      field = document.querySelector('dialog input');
    }
    field!.value = typed;
    field!.dispatchEvent(new InputEvent('input', { bubbles: true }));
  }, path);
}

it('makes a profile of a picked folder, previews it, and runs it', async () => {
  const { page, complaints } = shown;
  await goTo('Profiles');
  const picker = page.getByRole('dialog', { name: 'Choose a folder' });
  await typeBeforeTheListing('Choose a folder…', media);
  await picker.getByRole('button', { name: 'Go' }).click();
  await picker.getByRole('option', { name: 'Photos' }).click();
  await expectNoOverflow(page);
  await picker.getByRole('button', { name: 'Choose this folder' }).click();

  const where = page.getByRole('dialog', { name: 'Mirror “Photos” to…' });
  await where.getByRole('radio', { name: 'nas' }).check();
  await expectNoOverflow(page);
  await album.take(page, 'mirror-to');
  await where.getByRole('button', { name: 'More options…' }).click();
  const form = page.getByRole('dialog', { name: 'Edit profile' });
  await expect.poll(() => form.getByLabel('Name', { exact: true }).inputValue()).toBe('Photos');
  await fillDestination('nas', join(mirror, 'photos'), 'Edit profile');
  await expectNoOverflow(page);
  await album.take(page, 'profile-editor');
  await form.getByRole('button', { name: 'Save' }).click();
  await card('Photos').getByRole('button', { name: 'Preview' }).click();

  await chip('Create').getByText('166').waitFor();
  await page.getByRole('textbox', { name: 'Search in paths' }).or(page.getByRole('searchbox')).fill('<IMG');
  await page.getByRole('gridcell').getByText(EVIL, { exact: true }).waitFor();
  await expectNoOverflow(page);
  expect(existsSync(join(mirror, 'photos'))).toBe(false);

  await page.getByRole('button', { name: /^Run: / }).click();
  await holdAt(60, () => album.take(page, 'run', { dark: true }));
  await sentence()
    .getByText(/^Mirrored 158 files, /)
    .waitFor();
  await expectNoOverflow(page);
  expect(await differences(join(mirror, 'photos'))).toBe('');
  expect(complaints).toEqual([]);
});

it('shows what changed, kind by kind, and sends only that', async () => {
  const { page } = shown;
  changePhotos();
  await goTo('Profiles');
  await card('Photos').getByRole('button', { name: 'Preview' }).click();
  for (const [name, count] of [
    ['Create', 5],
    ['Update', 2],
    ['Attributes', 1],
    ['Delete', 26],
  ] as const) {
    expect(await chip(name).innerText()).toMatch(new RegExp(`${count}$`));
  }
  await expectNoOverflow(page);
  await page.getByText('no longer in the source').first().waitFor();
  await album.take(page, 'preview');
  await album.take(page, 'preview', { dark: true });

  await page.getByRole('button', { name: /^Run: .*26 deletions/ }).click();
  await sentence()
    .getByText(/^Mirrored 6 files, .* 26 deletions/)
    .waitFor();
  await page.getByText(/Sent .* saved$/).waitFor();
  await expectNoOverflow(page);
  await album.take(page, 'run');
  expect(await differences(join(mirror, 'photos'))).toBe('');

  const { totals } = (await saved('Photos')).lastRun!;
  // New files, five edits, and at most a block (of 8 KiB) more for each end of an edit.
  expect(totals.literal).toBeLessThanOrEqual(3 * 2_150_000 + 81_000 + 100 + 5 * (20_000 + 2 * 8192));
  expect(totals.matched).toBeGreaterThanOrEqual(CLIP_SIZE - 5 * (20_000 + 2 * 8192));
});

it('finds nothing to do when nothing changed', async () => {
  const { page } = shown;
  await page.getByRole('button', { name: 'Run again' }).click();
  await sentence().getByText('Nothing to do: 144 entries compared, all up to date.').waitFor();
  expect((await saved('Photos')).lastRun!.totals).toMatchObject({ literal: 0, filesTransferred: 0, deleted: 0 });
});

it('runs for a user with a password, who is asked once', async () => {
  const { page } = shown;
  const place = join(mirror, 'documents');
  mkdirSync(place);
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(execFileSync('id', [flag, sshd.passwordUser], { encoding: 'utf8' })),
  );
  chownSync(place, uid!, gid!);
  await goTo('Profiles');
  await page.getByRole('button', { name: 'New profile' }).click();
  const form = page.getByRole('dialog', { name: 'New profile' });
  await form
    .getByRole('group', { name: 'Source' })
    .getByLabel('Folder', { exact: true })
    .fill(join(media, 'Documents'));
  await fillDestination('web', place);
  await form.getByRole('button', { name: 'Create profile' }).click();

  await card('Documents').getByRole('button', { name: 'Run', exact: false }).first().click();
  const question = page.getByRole('alertdialog', { name: `Password for ${sshd.passwordUser}` });
  await question.getByLabel('Password').fill(sshd.password);
  await page.keyboard.press('Enter');
  await card('Documents')
    .getByText(/^Last run just now, 2 files, .* sent$/)
    .waitFor();
  const content = (folder: string): string[] =>
    [...manifest(folder)].map(([path, line]) => `${path} ${line.split(' ').slice(3).join(' ')}`);
  expect(content(place)).toEqual(content(join(media, 'Documents')));
  expect(statSync(join(place, 'letter.txt')).uid).toBe(uid);
});

it('does not empty a mirror because its source is empty', async () => {
  const { page, complaints } = shown;
  const place = join(mirror, 'music');
  build(place, dir({ 'song.flac': file({ size: 5000, seed: 3 }) }));
  const before = manifest(place);
  await page.getByRole('button', { name: 'New profile' }).click();
  const form = page.getByRole('dialog', { name: 'New profile' });
  await form.getByRole('group', { name: 'Source' }).getByLabel('Folder', { exact: true }).fill(join(media, 'Music'));
  await fillDestination('nas', place);
  await form.getByRole('button', { name: 'Create profile' }).click();
  await card('Music').getByRole('button', { name: 'Run', exact: false }).first().click();
  await card('Music')
    .getByText(/^The source .* is empty/)
    .waitFor();

  await card('Music').getByRole('button', { name: 'Details' }).click();
  await page.getByText('Needs attention').waitFor();
  await page.getByText('The source is empty', { exact: true }).waitFor();
  await expectNoOverflow(page);
  expect([...manifest(place)]).toEqual([...before]);

  await goTo('Profiles');
  await expectNoOverflow(page);
  while ((await page.getByRole('button', { name: 'Dismiss' }).count()) > 0) {
    await page.getByRole('button', { name: 'Dismiss' }).first().click();
  }
  await album.take(page, 'home');
  await album.take(page, 'home', { dark: true });
  await album.take(page, 'home-narrow', { narrow: true });
  await goTo('Runs');
  await expectNoOverflow(page);
  expect(complaints).toEqual([]);
});
