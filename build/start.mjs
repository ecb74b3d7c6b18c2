#!/usr/bin/env node
/**
 * `npm start`: builds, then opens the desktop application where Electron can run, otherwise the browser shell, and says
 * which and why.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ROOT } from './peers.mjs';

/** The folder of Electron's package. Importing `electron` itself in plain Node would start its download. */
const ELECTRON = dirname(createRequire(import.meta.url).resolve('electron/package.json'));

/** @returns {string | null} Electron's binary, if it was downloaded */
function electronBinary() {
  const pathFile = join(ELECTRON, 'path.txt');
  if (!existsSync(pathFile)) return null;
  const binary = join(ELECTRON, 'dist', readFileSync(pathFile, 'utf8'));
  return existsSync(binary) ? binary : null;
}

/** @returns {{ binary: string } | { why: string }} */
function desktop() {
  if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) {
    return { why: 'there is no display (DISPLAY and WAYLAND_DISPLAY are not set)' };
  }
  if (process.platform === 'linux' && process.getuid?.() === 0) {
    return { why: 'Electron keeps its sandbox, which does not run as root' };
  }
  let binary = electronBinary();
  if (binary === null) {
    console.log('start: fetching the Electron binary (once)');
    spawnSync(process.execPath, [join(ELECTRON, 'install.js')], { stdio: ['ignore', 'inherit', 'ignore'] });
    binary = electronBinary();
  }
  return binary === null ? { why: "Electron's binary could not be downloaded" } : { binary };
}

const build = spawnSync(process.execPath, [join(ROOT, 'build/build.mjs')], { stdio: 'inherit' });
if (build.status !== 0) process.exit(1);

const found = desktop();
let command = [process.execPath, join(ROOT, 'dist/cli.js'), 'serve'];
if ('binary' in found) {
  console.log('start: opening the desktop application (Electron)');
  command = [found.binary, ROOT];
} else {
  console.log(`start: the browser shell, because ${found.why}.`);
}
const child = spawn(command[0] ?? '', [...command.slice(1), ...process.argv.slice(2)], { stdio: 'inherit' });
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => child.kill(signal));
child.on('close', (code, signal) => process.exit(code ?? (signal === null ? 1 : 0)));
