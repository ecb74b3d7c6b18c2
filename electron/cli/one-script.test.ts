import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BUILD_ID, runScript } from './one-script.ts';

const ID = '0123456789abcdef';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'driftline-script-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function script(id: string, body: string): string {
  const file = join(folder, 'made.cjs');
  writeFileSync(file, `/*${id}*/(function (exports, require, module, __filename, __dirname) {${body}\n})`);
  return file;
}

test('runs a script as a CommonJS module', () => {
  const file = script(ID, `exports.place = [__filename, __dirname]; exports.join = require('node:path').join;`);
  const { exports } = runScript<{ place: string[]; join: unknown }>(file);
  expect(exports.place).toEqual([file, folder]);
  expect(exports.join).toBe(join);
});

test('starts with the code of the same build, and of no other', () => {
  const file = script(ID, 'exports.answer = () => 42;');
  const first = runScript<{ answer(): number }>(file);
  expect(first.script.cachedDataRejected).toBeUndefined();
  expect(first.exports.answer()).toBe(42);
  const code = first.script.createCachedData();
  writeFileSync(`${file}.code`, Buffer.concat([Buffer.from(ID, 'latin1'), code]));
  expect(runScript(file).script.cachedDataRejected).toBe(false);

  // The same length is all that V8 looks at.
  const other = 'f'.repeat(BUILD_ID);
  script(other, 'exports.answer = () => 43;');
  const second = runScript<{ answer(): number }>(file);
  expect(second.script.cachedDataRejected).toBeUndefined();
  expect(second.exports.answer()).toBe(43);
});
