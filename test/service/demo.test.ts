import {
  closeSync,
  fstatSync,
  futimesSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ROOT } from '../../build/peers.mjs';
import { runDemo } from '../../electron/cli/demo/run-demo.ts';
import { serve } from '../../electron/engine/serve.ts';
import { run } from '../support/run.ts';

const workerFile = join(ROOT, 'dist/transfer-worker.js');

/** One byte of a received file is wrong, though its size and time are right. */
function breakByte(file: string): void {
  const fd = openSync(file, 'r+');
  const { atime, mtime, size } = fstatSync(fd);
  const byte = Buffer.alloc(1);
  readSync(fd, byte, 0, 1, size - 1000);
  byte[0]! ^= 1;
  writeSync(fd, byte, 0, 1, size - 1000);
  futimesSync(fd, atime, mtime);
  closeSync(fd);
}

describe('the demo', () => {
  let lines: string[];
  const out = (line: string): void => void lines.push(line);
  let temporary: string;
  beforeEach(() => {
    lines = [];
    temporary = mkdtempSync(join(tmpdir(), 'driftline-demo-test-'));
    vi.stubEnv('TMPDIR', temporary);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(temporary, { recursive: true });
  });

  it('mirrors to its own server and to stock rsync, and leaves nothing behind', async () => {
    const { code, signal, stdout, stderr } = await run(process.execPath, [join(ROOT, 'dist/demo.js')]);
    expect(stdout).not.toContain('FAILED');
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    for (const peer of ['embedded rsync', 'stock rsync 3']) {
      const own = stdout.split('\n').filter((line) => line.startsWith(peer));
      expect(own.filter((line) => / compare +equal: /.test(line))).toHaveLength(3);
      // The second push sends what changed, and takes the rest of the large file from what is there.
      expect(own.find((line) => line.includes('mirror changes'))).toMatch(
        /40 files, \d{3},\d{3} literal, 67,\d{3},\d{3} matched bytes, 63 deleted/,
      );
    }
    expect(stdout).toMatch(/Both sides are equal in every comparison/);
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('ends with 1 when the embedded server breaks one byte', async () => {
    const broken: typeof serve = async (side, words, options) => {
      const code = await serve(side, words, options);
      if (!words.includes('--sender')) breakByte(join(words.at(-1)!, 'video/holiday.raw'));
      return code;
    };
    expect(await runDemo({ out, serve: broken, workerFile, path: '' })).toBe(1);
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}video\/holiday\.raw: contents differ at byte 6710\d{4}$/));
    expect(lines).toContainEqual(expect.stringContaining('NOT EQUAL'));
    expect(lines.at(-1)).toMatch(/^FAILED: the sides are not equal/);
  });

  it('ends with 1 when the server gives up', async () => {
    const refusing: typeof serve = (side) => {
      side.exit(12);
      return Promise.resolve(12);
    };
    expect(await runDemo({ out, serve: refusing, workerFile, path: '' })).toBe(1);
    expect(lines.at(-1)).toMatch(/^FAILED: /);
    expect(readdirSync(temporary)).toEqual([]);
  });
});
