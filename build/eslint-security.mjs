/**
 * What no source of the application may contain (faults.md E). Each rule carries its reason; eslint-security.test.ts
 * holds them. Two of them name the one file that may.
 */

/** @typedef {{ selector: string, message: string }} Restriction */

/** @type {Restriction[]} */
const EVERYWHERE = [
  {
    selector:
      'ImportDeclaration[source.value=/^(node:)?child_process$/] ImportSpecifier[imported.name=/^exec(Sync)?$/]',
    message: 'exec() gives its text to a shell. Use spawn() with a list of words.',
  },
  {
    selector:
      'ImportDeclaration[source.value=/^(node:)?child_process$/] > :matches(ImportNamespaceSpecifier, ImportDefaultSpecifier)',
    message: 'Import spawn() by name, so that exec() cannot come along.',
  },
  {
    selector:
      'CallExpression[callee.name=/^(spawn|spawnSync|execFile|execFileSync|fork)$/] Property[key.name="shell"]:not([value.value=false])',
    message: 'No shell between us and a program: names from people and peers would be read as code.',
  },
  {
    selector: ':matches(MemberExpression[property.name=/^(innerHTML|outerHTML|srcdoc)$/])',
    message: 'Text from disk or a peer would become markup. Use textContent, or a component.',
  },
  {
    selector: 'CallExpression[callee.property.name=/^(insertAdjacentHTML|createContextualFragment|parseFromString)$/]',
    message: 'Text from disk or a peer would become markup.',
  },
  {
    selector: 'CallExpression[callee.object.name="document"][callee.property.name=/^write(ln)?$/]',
    message: 'Text from disk or a peer would become markup.',
  },
  { selector: 'CallExpression[callee.name="eval"]', message: 'Code is in files, not in text.' },
  { selector: 'NewExpression[callee.name="Function"]', message: 'Code is in files, not in text.' },
  {
    selector: 'CallExpression[callee.property.name="openExternal"]:not([arguments.0.value=/^https:\\u002F\\u002F/])',
    message: 'Only constant https addresses are opened: never text from a peer, a file or the page.',
  },
  {
    selector: 'CallExpression[callee.property.name=/^(openPath|showItemInFolder)$/]',
    message: 'A path from a peer must never be opened by the system.',
  },
];

/** @type {Restriction} */
const ONE_WINDOW = {
  selector: 'NewExpression[callee.name=/^(BrowserWindow|BrowserView|WebContentsView)$/]',
  message: 'There is one window with one set of preferences: main/window.ts.',
};
/** @type {Restriction} */
const ONE_REGISTRY = {
  selector: 'CallExpression[callee.object.name="ipcMain"]',
  message: 'There is one registry of IPC, which checks every sender: main/ipc.ts.',
};

const rule = (/** @type {Restriction[]} */ ...restrictions) => ({
  'no-restricted-syntax': /** @type {['error', ...Restriction[]]} */ (['error', ...restrictions]),
});

/** Configurations for eslint.config.mjs. */
export const securityRules = [
  {
    files: ['electron/**/*.ts', 'shared/**/*.ts', 'renderer/**/*.ts', 'renderer/**/*.svelte'],
    ignores: ['electron/main/window.ts', 'electron/main/ipc.ts', '**/*.test.ts'],
    rules: rule(...EVERYWHERE, ONE_WINDOW, ONE_REGISTRY),
  },
  { files: ['electron/main/window.ts'], rules: rule(...EVERYWHERE, ONE_REGISTRY) },
  { files: ['electron/main/ipc.ts'], rules: rule(...EVERYWHERE, ONE_WINDOW) },
  { files: ['renderer/**/*.svelte'], rules: { 'svelte/no-at-html-tags': /** @type {'error'} */ ('error') } },
];
