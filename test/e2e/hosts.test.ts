import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Sshd, startSshd } from '../support/sshd.ts';
import { expectNoOverflow, serveWindow, type ServedWindow } from './served-window.ts';

/**
 * A person brings the servers they know from ssh: import, jump host, key picker, a second factor, folders on the
 * server, and a server that is not the one it was. Real sshds; the tests are the steps of one story.
 */
let inner: Sshd;
let jump: Sshd;
let strict: Sshd;
let shown: ServedWindow;
let folder: string;
let served: string;

const asRoot = process.getuid?.() === 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-e2e-hosts-'));
  served = join(folder, 'served');
  mkdirSync(join(served, 'photos', '<b>bold'), { recursive: true });
  mkdirSync(join(served, 'مجلد'));
  const second = { keyboardInteractive: true, config: ['AuthenticationMethods publickey,keyboard-interactive'] };
  [inner, jump, strict] = await Promise.all([
    startSshd({ passwordUser: false }),
    startSshd({ passwordUser: false }),
    startSshd(asRoot ? second : {}),
  ]);
  const ssh = join(folder, 'home/.ssh');
  mkdirSync(ssh, { recursive: true, mode: 0o700 });
  for (const [name, from] of [
    ['id_inner', inner.keyPath],
    ['id_strict', strict.keyPath],
  ] as const) {
    copyFileSync(from, join(ssh, name));
    copyFileSync(`${from}.pub`, join(ssh, `${name}.pub`));
  }
  writeFileSync(
    join(ssh, 'config'),
    `Host inner
  HostName 127.0.0.1
  Port ${inner.port}
  User ${inner.user}
  IdentityFile ~/.ssh/id_inner
  ProxyJump jump
Host jump
  HostName 127.0.0.1
  Port ${jump.port}
  User ${jump.user}
  IdentityFile ${jump.keyPath}
Host odd
  ProxyCommand touch ${join(folder, 'ran')}
`,
  );
  shown = await serveWindow(folder);
  await shown.open();
});
afterAll(async () => {
  await shown.stop();
  await Promise.all([inner, jump, strict].map((sshd) => sshd.stop()));
  rmSync(folder, { recursive: true, force: true });
});

let broken = '';
beforeEach(() => expect(broken, 'an earlier step failed').toBe(''));
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail' || broken !== '') return;
  broken = task.name;
  console.log(`The window said:\n${await shown.page.locator('body').innerText()}`);
});

const card = (name: string): Locator => shown.page.getByRole('article', { name, exact: true });
const goTo = (name: 'Profiles' | 'Hosts'): Promise<void> =>
  shown.page.getByRole('navigation').first().getByRole('button', { name, exact: true }).click();
const menu = async (host: string, item: string): Promise<void> => {
  await card(host)
    .getByRole('button', { name: `More for ${host}` })
    .click();
  await shown.page.getByRole('menuitem', { name: item }).click();
};

it('imports a host of the SSH configuration with the host on the way, and runs nothing', async () => {
  const { page } = shown;
  await goTo('Hosts');
  await page.getByText('No hosts yet').waitFor();
  await page.getByRole('button', { name: 'Import from SSH configuration…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Hosts of your SSH configuration' });
  await dialog.getByText('through jump').waitFor();
  expect(await dialog.getByRole('checkbox', { name: /^odd/ }).isDisabled()).toBe(true);
  await expectNoOverflow(page);
  await dialog.getByRole('checkbox', { name: /^inner/ }).check();
  await dialog.getByRole('button', { name: 'Import 1 host' }).click();
  await card('inner').getByText('through jump').waitFor();
  await card('jump').waitFor();
  expect(existsSync(join(folder, 'ran'))).toBe(false);
});

it('asks about each key on the way by name, and tells what the server has', async () => {
  const { page } = shown;
  await card('inner').getByRole('button', { name: 'Test' }).click();
  const first = page.getByRole('alertdialog', { name: 'Is this the right jump host?' });
  await first.getByText('“jump” is on the way to “inner”.').waitFor();
  await first.getByText(jump.hostFingerprint, { exact: true }).waitFor();
  await expectNoOverflow(page);
  await first.getByRole('button', { name: 'Accept' }).click();
  const second = page.getByRole('alertdialog', { name: 'Is this the right server?' });
  await second.getByText(inner.hostFingerprint, { exact: true }).waitFor();
  await second.getByRole('button', { name: 'Accept' }).click();
  await card('inner').getByText('The connection works').waitFor();
  const text = await card('inner').innerText();
  expect(text).toContain('/usr/bin/rsync');
  expect(text).toMatch(/key \S+id_inner/);
  expect(text).toMatch(/Free in the home folder\s+[\d.]+ .B of/);
  await expectNoOverflow(page);
});

it('keeps a host that another one is reached through', async () => {
  await menu('jump', 'Remove');
  await shown.page.getByText('It is on the way to “inner”.').waitFor();
  await card('jump').waitFor();
});

it('browses the folders of the server, and takes a new one by name', async () => {
  const { page } = shown;
  await goTo('Profiles');
  await page.getByRole('button', { name: 'New profile' }).first().click();
  const form = page.getByRole('dialog', { name: 'New profile' });
  const destination = form.getByRole('group', { name: 'Destination' });
  await destination.getByLabel('On').selectOption({ label: 'inner' });
  // Not there yet: the nearest folder that is.
  await destination.getByLabel('Folder', { exact: true }).fill(join(served, 'none/such'));
  await destination.getByRole('button', { name: 'Choose…' }).click();
  const picker = page.getByRole('dialog', { name: 'Folders on “inner”' });
  await picker.getByRole('option', { name: 'مجلد' }).waitFor();
  await picker.getByRole('option', { name: 'photos' }).dblclick();
  await picker.getByRole('option', { name: '<b>bold' }).waitFor();
  await expectNoOverflow(page);
  // By keyboard alone: back up the way, down the list, into a folder.
  await picker.getByRole('button', { name: 'served', exact: true }).press('Enter');
  const list = picker.getByRole('listbox', { name: 'Sub-folders' });
  await picker.getByRole('option', { name: 'مجلد' }).waitFor();
  await list.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await picker.getByRole('option', { name: '<b>bold' }).waitFor();
  await picker.getByLabel('New folder in here').fill('2026/x');
  await picker.getByText('One name, without slashes.').waitFor();
  await picker.getByLabel('New folder in here').fill('2026');
  await picker.getByRole('button', { name: 'Choose this folder' }).click();
  await picker.waitFor({ state: 'detached' });
  expect(await destination.getByLabel('Folder', { exact: true }).inputValue()).toBe(join(served, 'photos/2026'));

  // A source is looked for in the same way, each of several, and is never a new one.
  await destination.getByLabel('On').selectOption({ label: 'This computer' });
  const source = form.getByRole('group', { name: 'Source' });
  await source.getByLabel('On').selectOption({ label: 'inner' });
  await source.getByRole('button', { name: 'Add a folder' }).click();
  await source.getByLabel('Folder 2', { exact: true }).fill(served);
  await source.getByRole('button', { name: 'Choose…' }).nth(1).click();
  await picker.getByRole('option', { name: 'photos' }).dblclick();
  await picker.getByRole('option', { name: '<b>bold' }).waitFor();
  expect(await picker.getByLabel('New folder in here').count()).toBe(0);
  await picker.getByRole('button', { name: 'Choose this folder' }).click();
  await picker.waitFor({ state: 'detached' });
  expect(await source.getByLabel('Folder 2', { exact: true }).inputValue()).toBe(join(served, 'photos'));
  expect(await source.getByLabel('Folder', { exact: true }).inputValue()).toBe('');
  await expectNoOverflow(page);
  await form.getByRole('button', { name: 'Cancel' }).click();
});

it.runIf(asRoot)('takes a key from the list, and asks the server’s second question in its own words', async () => {
  const { page } = shown;
  await goTo('Hosts');
  await page.getByRole('button', { name: 'Add host', exact: true }).click();
  const form = page.getByRole('dialog', { name: 'Add host' });
  await form.getByLabel('Name', { exact: true }).fill('strict');
  await form.getByLabel('User').fill(strict.passwordUser);
  await form.getByLabel('Address').fill('127.0.0.1');
  await form.getByLabel('Port').fill(String(strict.port));
  await form.getByRole('radio', { name: 'Key file' }).check();
  await form.getByRole('radio', { name: /id_strict.*Ed25519 · no passphrase/ }).check();
  expect(await form.getByLabel('Private key').inputValue()).toBe('~/.ssh/id_strict');
  await form.getByText(/Secrets cannot be stored|stored in/).waitFor();
  await expectNoOverflow(page);
  await form.getByRole('button', { name: 'Add host' }).click();

  await card('strict').getByRole('button', { name: 'Test' }).click();
  await page
    .getByRole('alertdialog', { name: /right server/ })
    .getByRole('button', { name: 'Accept' })
    .click();
  const question = page.getByRole('alertdialog', { name: '127.0.0.1 asks' });
  await question.getByLabel('Password:').fill(strict.password);
  await expectNoOverflow(page);
  await question.getByRole('button', { name: 'Continue' }).click();
  await card('strict').getByText('The connection works').waitFor();
  expect(await card('strict').innerText()).toMatch(/id_strict, keyboard-interactive/);

  // A code is for one login: the next one asks again, and saying no ends it with a next step.
  await card('strict').getByRole('button', { name: 'Test' }).click();
  await question.getByRole('button', { name: 'Cancel' }).click();
  await card('strict').getByText('The server’s question was not answered').waitFor();
});

it('refuses a server whose key is another, shows both, and forgets only from the menu', async () => {
  const { page, complaints } = shown;
  await goTo('Hosts');
  const known = join(folder, 'home/.ssh/known_hosts');
  // What the person's own ssh has recorded for that address is the key of another server.
  writeFileSync(known, readFileSync(inner.knownHostsFile, 'utf8').replace(`:${inner.port} `, `:${jump.port} `));
  await menu('jump', 'Forget its key…');
  await page.getByRole('button', { name: 'Forget its key', exact: true }).click();
  await card('jump').getByText('Key not confirmed yet').waitFor();
  const before = jump.log().length;
  await card('jump').getByRole('button', { name: 'Test' }).click();
  await card('jump').getByText('The server’s identity has changed').waitFor();
  const text = await card('jump').innerText();
  expect(text).toContain(jump.hostFingerprint);
  expect(text).toContain(inner.hostFingerprint);
  expect(jump.log().slice(before)).not.toMatch(/Accepted|Failed/);
  await expectNoOverflow(page);
  expect(complaints).toEqual([]);
});
