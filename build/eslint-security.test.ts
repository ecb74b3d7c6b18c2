import { Linter } from 'eslint';
import svelte from 'eslint-plugin-svelte';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { securityRules } from './eslint-security.mjs';
import { ROOT } from './peers.mjs';

function lint(file: string, code: string): string[] {
  const rules = securityRules.filter(({ rules: of }) => !('svelte/no-at-html-tags' in of));
  const linter = new Linter({ cwd: ROOT });
  return linter.verify(code, rules, join(ROOT, file)).map(({ message }) => message);
}

describe('the security rules', () => {
  it.each([
    "import { exec } from 'node:child_process'; exec(x);",
    "import { execSync as run } from 'child_process'; run(x);",
    "import * as all from 'node:child_process'; all.exec(x);",
    "import all from 'node:child_process'; all.exec(x);",
    'spawn(program, words, { shell: true });',
    'execFileSync(program, words, { cwd, shell: wanted });',
    'element.innerHTML = name;',
    'frame.srcdoc = name;',
    "element.insertAdjacentHTML('beforeend', name);",
    'document.write(name);',
    'eval(name);',
    'new Function(name);',
    'shell.openExternal(url);',
    "shell.openExternal('http://example.org/');",
    'shell.openExternal(`https://${host}/`);',
    'shell.openPath(path);',
    'new BrowserWindow({});',
    "ipcMain.handle('x', f);",
  ])('refuse %s', (code) => {
    expect(lint('electron/service/a.ts', code)).toHaveLength(1);
    expect(lint('electron/service/a.ts', code)[0]).not.toContain('Parsing error');
  });

  it.each([
    "import { spawn } from 'node:child_process'; spawn('ssh', ['--', host], { stdio: 'pipe' });",
    'spawn(program, words, { shell: false });',
    "createService({ shell: 'electron' });",
    'element.textContent = name;',
    "shell.openExternal('https://example.org/');",
    '/x/.exec(text);',
  ])('allow %s', (code) => {
    expect(lint('electron/service/a.ts', code)).toEqual([]);
  });

  it('let one file make the window, once, and one hear IPC', () => {
    const source = readFileSync(join(ROOT, 'electron/main/window.ts'), 'utf8');
    expect(source.match(/new BrowserWindow\(/g)).toHaveLength(1);
    expect(lint('electron/main/window.ts', 'new BrowserWindow({}); eval(x);')).toHaveLength(1);
    expect(lint('electron/main/ipc.ts', "ipcMain.on('x', f); new BrowserWindow({});")).toHaveLength(1);
  });

  it('refuse {@html} in every component', () => {
    const linter = new Linter({ cwd: ROOT });
    const html = securityRules.filter(({ rules }) => 'svelte/no-at-html-tags' in rules);
    const config = [...svelte.configs.base, ...html] as Linter.Config[];
    const found = linter.verify('<p>{@html name}</p>', config, join(ROOT, 'renderer/features/x/X.svelte'));
    expect(found.map(({ ruleId }) => ruleId)).toEqual(['svelte/no-at-html-tags']);
  });
});
