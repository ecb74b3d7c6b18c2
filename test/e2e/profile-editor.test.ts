import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Profile } from '../../shared/model/profile.ts';
import { driftline, run } from '../support/run.ts';
import { expectNoOverflow, type ServedWindow, serveWindow } from './served-window.ts';

// The editor over the real service: its rules, options and commands must mean what preview, run and rsync do.
let root: string;
let window: ServedWindow;
const SOURCE = "Ann's photos & קבצים";
const FILES = ['a.jpg', 'b.tmp', 'keep/c.tmp', 'cache/d', 'cache/deep/e', 'big.jpg', 'trip/f.jpg'];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'driftline-editor-'));
  for (const file of FILES) {
    const path = join(root, SOURCE, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, file === 'big.jpg' ? Buffer.alloc(5000, 'x') : file);
  }
  window = await serveWindow(root);
  window.page.setDefaultTimeout(10_000);
  await window.open();
});
afterAll(async () => {
  await window.stop();
  rmSync(root, { recursive: true, force: true });
});

const dialog = (name: string) => window.page.getByRole('dialog', { name });
const files = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
        .sort()
    : [];
const profiles = async (): Promise<Profile[]> => {
  const { stdout } = await driftline(['profile', 'list', '--json'], { env: window.env });
  return (JSON.parse(Buffer.from(stdout, 'latin1').toString()) as { value: Profile[] }).value;
};

it('makes a profile with rules and an option; trial, preview, run and the rsync command agree', async () => {
  const { page, complaints } = window;
  await page.getByRole('button', { name: 'New profile' }).click();
  const form = dialog('New profile');
  const source = form.getByRole('group', { name: 'Source' });
  await source.getByLabel('Folder', { exact: true }).fill(join(root, SOURCE));
  await form.getByRole('group', { name: 'Destination' }).getByLabel('Folder', { exact: true }).fill(join(root, 'copy'));
  await form.getByRole('radio', { name: 'Only its contents' }).check();

  await form.getByText('Leave out and keep').click();
  for (const [button, pattern] of [
    ['Leave out…', '*.tmp'],
    ['Leave out…', '/cache/'],
    ['Keep…', '/keep/*.tmp'],
  ] as const) {
    await form.getByRole('button', { name: button }).click();
    await page.keyboard.type(pattern);
  }
  const dropped = form.getByRole('list', { name: 'What is left out' });
  await form.getByText('3 names are left out.').waitFor();
  await dropped.getByText('keep/c.tmp').waitFor();
  // The first rule that fits decides: in front, the file is kept.
  await form.getByRole('button', { name: 'Move rule 3 up' }).click();
  await form.getByRole('button', { name: 'Move rule 2 up' }).click();
  await form.getByText('2 names are left out.').waitFor();
  expect(
    (await dropped.getByRole('listitem').allInnerTexts()).map((text) => text.split('\n').map((x) => x.trim())).sort(),
  ).toEqual([
    ['b.tmp', '- *.tmp'],
    ['cache', '- /cache/'],
  ]);

  await form.getByText('More options').click();
  await form.getByRole('searchbox').fill('larger');
  await page.keyboard.press('Enter'); // searches, does not save
  await form.getByLabel('Leave out larger files').fill('1k');
  await expectNoOverflow(page);
  await form.getByText('As an rsync command').click();
  const command = await form.getByTestId('command').innerText();
  // Electron refuses the clipboard to every page; copying works all the same.
  await page.evaluate(() => (navigator.clipboard.writeText = () => Promise.reject(new Error('refused'))));
  await form.getByRole('button', { name: 'Copy' }).click();
  await form.getByRole('button', { name: 'Copied' }).waitFor();
  await form.getByRole('searchbox').fill('');
  await page.keyboard.press('Control+V');
  expect(await form.getByRole('searchbox').inputValue()).toBe(command);
  await form.getByRole('button', { name: 'Create and preview' }).click();

  await page.getByRole('button', { name: /^Run: / }).click();
  await page
    .getByText(/^Mirrored 3 files, /)
    .first()
    .waitFor();
  const wanted = ['a.jpg', 'keep/c.tmp', 'trip/f.jpg'];
  expect(files(join(root, 'copy'))).toEqual(wanted);
  expect(await profiles()).toMatchObject([
    { options: { filters: ['+ /keep/*.tmp', '- *.tmp', '- /cache/'], more: ['--max-size=1k'] }, contentsOnly: true },
  ]);

  // The command that was shown does the same in a shell.
  const theirs = await run('sh', ['-c', command.replaceAll(join(root, 'copy'), join(root, 'theirs'))]);
  expect(theirs).toMatchObject({ code: 0, stderr: '' });
  expect(files(join(root, 'theirs'))).toEqual(wanted);
  expect(complaints).toEqual([]);
});

it('shows the message of a rule that is none beside it, in an opened section', async () => {
  const { page } = window;
  await page.getByRole('navigation').getByRole('button', { name: 'Profiles' }).click();
  await page.getByRole('button', { name: `More for ${SOURCE}` }).click();
  await page.getByRole('menuitem', { name: 'Edit' }).click();
  const form = dialog('Edit profile');
  await form.getByLabel('Leave out larger files').fill('huge');
  await form.getByRole('button', { name: 'Save' }).click();
  await form.getByRole('alert').getByText('--max-size=huge is invalid').waitFor();
  await form.getByLabel('Leave out larger files').fill('');
  await form.getByRole('button', { name: 'Save' }).click();
  await form.waitFor({ state: 'detached' });
  expect(await profiles()).toMatchObject([{ options: { more: [] } }]);
});

it('reads a pasted command, says what it leaves out, and executes nothing', async () => {
  const { page, complaints } = window;
  const trap = join(root, 'executed');
  await page.getByRole('button', { name: 'Paste rsync command…' }).click();
  const paste = dialog('Paste an rsync command');
  await paste.getByLabel('Command').fill('cp -a x y');
  await paste.getByRole('button', { name: 'Read it' }).click();
  await paste.getByRole('alert').getByText('This is not an rsync command.').waitFor();
  await paste
    .getByLabel('Command')
    .fill(
      `rsync -avzH --delete --exclude '*.tmp' -e 'ssh -p 2222 -i ~/.ssh/id' \\\n  "${root}/${SOURCE}/" me@nas.example:/backup; touch ${trap}`,
    );
  await paste.getByRole('button', { name: 'Read it' }).click();

  const form = dialog('New profile');
  const notes = form.getByRole('listitem');
  await notes.getByText('--hard-links').waitFor();
  await notes.getByText('--verbose').waitFor();
  await notes.getByText(`; touch ${trap}`).waitFor();
  await form.getByText('No saved host is me@nas.example.').waitFor();
  await expectNoOverflow(page);
  expect(await form.getByRole('checkbox', { name: /^Mirror: delete/ }).isChecked()).toBe(true);
  expect(await form.getByLabel('Pattern of rule 1').inputValue()).toBe('*.tmp');
  expect(await form.getByRole('checkbox', { name: 'Compress on the way' }).isChecked()).toBe(true);
  await form.getByLabel('Name', { exact: true }).fill('pasted');
  await form.getByRole('button', { name: 'Create profile' }).click();
  await form.getByText('Choose a host, or save the one of the command first.').waitFor();

  await form.getByRole('button', { name: 'Save the host…' }).click();
  const host = page.getByRole('dialog').last();
  expect(await host.getByLabel('Port').inputValue()).toBe('2222');
  await host.getByRole('button', { name: 'Add host' }).click();
  await form.getByText('No saved host is').waitFor({ state: 'detached' });
  await form.getByRole('button', { name: 'Create profile' }).click();
  await form.waitFor({ state: 'detached' });
  expect((await profiles()).at(-1)).toMatchObject({
    name: 'pasted',
    source: { kind: 'local', paths: [join(root, SOURCE)] },
    destination: { kind: 'host', path: '/backup' },
    options: { delete: true, filters: ['- *.tmp'], more: ['--compress'] },
  });
  expect(existsSync(trap)).toBe(false);
  expect(complaints).toEqual([]);
});
