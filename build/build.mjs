#!/usr/bin/env node
/**
 * Builds dist/: the node side (command line, worker, shells), the harness that tests start
 * the Electron shell in, the preload script and the renderer. A part whose
 * sources and tools did not change since its last build is left alone.
 *
 *   node build/build.mjs [node|harness|preload|renderer …]
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './peers.mjs';

const DIST = join(ROOT, 'dist');
const STAMPS = join(DIST, '.stamps');
/** As in electron/cli/one-script.ts. */
const BUILD_ID = 16;

/** @typedef {'nodeConfig' | 'scriptConfig' | 'preloadConfig' | 'rendererConfig'} ConfigName */
/** @type {Record<string, { config: ConfigName, sources: string[], entries: Record<string, string> }>} */
const PARTS = {
  node: {
    config: 'nodeConfig',
    sources: [
      ...['shared', 'electron', 'test/bench', 'test/differential', 'test/hostile', 'test/support', 'build/icons'],
    ],
    entries: {
      cli: 'electron/cli/main.ts',
      'one-script': 'electron/cli/one-script.ts',
      demo: 'electron/cli/demo.ts',
      'transfer-worker': 'electron/worker/transfer-worker.ts',
      'list-worker': 'electron/worker/list-worker.ts',
      'demo-worker': 'electron/worker/demo-worker.ts',
      main: 'electron/main/main.ts',
      bench: 'test/bench/bench.ts',
      fuzz: 'test/differential/fuzz.ts',
      'fuzz-decoders': 'test/hostile/fuzz.ts',
    },
  },
  rsync: {
    config: 'scriptConfig',
    sources: ['shared', 'electron'],
    entries: { rsync: 'electron/cli/rsync/command.ts' },
  },
  harness: {
    config: 'nodeConfig',
    sources: ['test/support/electron-harness'],
    entries: { 'electron-harness': 'test/support/electron-harness/electron.ts' },
  },
  preload: {
    config: 'preloadConfig',
    sources: ['shared', 'electron/preload'],
    entries: { preload: 'electron/preload/preload.ts' },
  },
  renderer: {
    config: 'rendererConfig',
    sources: ['shared', 'renderer'],
    entries: { index: 'renderer/index.html' },
  },
};

/**
 * @param {string[]} folders
 * @returns {string} a hash of all they hold and of what builds it
 */
function hashOf(folders) {
  const hash = createHash('sha256');
  const files = ['build.mjs', 'keep-code.mjs', 'vite-configs.mjs', 'wat.mjs'].map((name) => `build/${name}`);
  files.push('package-lock.json');
  for (const folder of folders) {
    if (!existsSync(join(ROOT, folder))) continue;
    for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && !/\.test\.ts$|\.md$/.test(entry.name)) files.push(join(entry.parentPath, entry.name));
    }
  }
  for (const file of files.sort()) {
    const path = file.startsWith(ROOT) ? file : join(ROOT, file);
    hash.update(`${path.slice(ROOT.length)}\0`).update(readFileSync(path));
  }
  return hash.digest('hex');
}

/** The window's and the tray's pictures, beside the programs that load them: dist/icons/tray-idle-16.png … */
function copyIcons() {
  mkdirSync(join(DIST, 'icons'), { recursive: true });
  const names = readdirSync(join(ROOT, 'build/icons')).filter((name) => /^(tray-.*|app-256)\.png$/.test(name));
  for (const name of names) copyFileSync(join(ROOT, 'build/icons', name), join(DIST, 'icons', name));
  return names.map((name) => `icons/${name}`);
}

/**
 * Makes what `runScript` of electron/cli/one-script.ts reads: the script as a function of its surroundings, named at its
 * beginning and in ASCII, which V8 holds in half the space; and its code, taken from a run of it.
 *
 * @param {string} file
 * @returns {string[]} files it made, below dist/
 */
function finishScript(file) {
  const path = join(DIST, file);
  const code = `${file}.code`;
  rmSync(join(DIST, code), { force: true });
  const text = readFileSync(path, 'utf8').replace(/[^\x00-\x7f]/g, escaped); // eslint-disable-line no-control-regex
  const id = createHash('sha256').update(text).digest('hex').slice(0, BUILD_ID);
  writeFileSync(path, `/*${id}*/(function (exports, require, module, __filename, __dirname) {${text}\n})`);
  // What it says is of interest only where it fails, and then stands in the error.
  execFileSync(process.execPath, [join(ROOT, 'build/keep-code.mjs'), path, id], { stdio: 'pipe' });
  return [code];
}

/** @param {string} char one UTF-16 unit, which a string or pattern may hold as an escape */
const escaped = (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** @param {string} name */
async function buildPart(name) {
  const part = PARTS[name];
  if (part === undefined) throw new Error(`no part "${name}"; there are ${Object.keys(PARTS).join(', ')}`);
  const stampFile = join(STAMPS, `${name}.json`);
  const hash = hashOf(part.sources);
  /** @type {{ hash: string, files: string[] } | null} */
  const last = existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, 'utf8')) : null;
  if (last?.hash === hash && last.files.every((file) => existsSync(join(DIST, file)))) return;

  const start = performance.now();
  const [{ build }, configs] = await Promise.all([import('vite'), import('./vite-configs.mjs')]);
  const output = await build(configs[part.config](part.entries, DIST));
  const chunks = 'output' in output ? output.output : [];
  const prefix = name === 'renderer' ? 'renderer/' : '';
  const files = chunks.map((chunk) => prefix + chunk.fileName);
  for (const stale of last?.files ?? []) if (!files.includes(stale)) rmSync(join(DIST, stale), { force: true });
  if (name === 'node') files.push(...copyIcons());
  if (name === 'rsync') files.push(...finishScript('rsync.cjs'));
  if (files.includes('cli.js')) chmodSync(join(DIST, 'cli.js'), 0o755);
  mkdirSync(STAMPS, { recursive: true });
  writeFileSync(stampFile, JSON.stringify({ hash, files }));
  console.log(`build: ${name}, ${files.length} files in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

let failed = false;
// One without the other would run what is no longer in the sources.
const wanted = process.argv.slice(2).flatMap((name) => (name === 'node' ? ['node', 'rsync'] : [name]));
for (const name of wanted.length > 0 ? wanted : Object.keys(PARTS)) {
  try {
    await buildPart(name);
  } catch (error) {
    failed = true;
    console.error(`build: ${name} failed\n${error instanceof Error ? error.message : String(error)}`);
  }
}
process.exitCode = failed ? 1 : 0;
