#!/usr/bin/env node
/**
 * `npm run check`: types (each layer with only what it may know of), Svelte, lint with the layer rules, format.
 * Two at a time; the output of a step is shown when it failed.
 */
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE, ROOT } from './peers.mjs';

const bin = (/** @type {string} */ path) => join(ROOT, 'node_modules', path);
const tsc = (/** @type {string} */ name, /** @type {string} */ project) => ({
  name: `types: ${name}`,
  args: [
    bin('typescript/bin/tsc'),
    '-p',
    project,
    '--incremental',
    '--tsBuildInfoFile',
    join(CACHE, `tsc-${name}.json`),
  ],
});

const steps = [
  {
    name: 'lint',
    args: [bin('eslint/bin/eslint.js'), '--config=build/eslint.config.mjs', '--max-warnings=0', '.'],
  },
  tsc('all', 'tsconfig.json'),
  tsc('shared', 'shared/tsconfig.json'),
  tsc('electron', 'electron/tsconfig.json'),
  {
    name: 'svelte',
    args: [
      bin('svelte-check/bin/svelte-check'),
      '--tsconfig=renderer/tsconfig.json',
      '--output=human-verbose',
      '--fail-on-warnings',
    ],
  },
  {
    name: 'format',
    args: [
      bin('prettier/bin/prettier.cjs'),
      '--check',
      '--cache',
      `--cache-location=${join(CACHE, 'prettier')}`,
      '**/*.{ts,mjs,svelte,css,html,json,yml}',
    ],
  },
];

/** @param {{ name: string, args: string[] }} step */
function run({ name, args }) {
  const start = performance.now();
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (output += data));
    child.on('close', (code) => {
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
      if (code !== 0) console.log(output.trimEnd());
      resolve(code === 0);
    });
  });
}

mkdirSync(CACHE, { recursive: true });
let good = true;
const queue = [...steps];
const worker = async () => {
  for (let step = queue.shift(); step !== undefined; step = queue.shift()) good = (await run(step)) && good;
};
await Promise.all([worker(), worker()]);
process.exitCode = good ? 0 : 1;
