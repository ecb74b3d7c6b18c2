import { setTimeout } from 'node:timers/promises';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { measure, median, summarize } from './measure.ts';

/** Dead, or only waiting to be reaped. */
function isGone(pid: number): boolean {
  try {
    return /^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return true;
  }
}

describe.skipIf(process.platform !== 'linux')('a measured program', () => {
  it('gives its output, its time, its memory and its processor time', async () => {
    const loop = 'let sum = 0; for (const end = Date.now() + 300; Date.now() < end;) sum += Math.sqrt(sum + 1);';
    const found = await measure({ program: process.execPath, args: ['-e', `${loop} console.log('done')`] });
    expect(found.stdout).toBe('done\n');
    expect(found.seconds).toBeGreaterThan(0.3);
    expect(found.peakKib).toBeGreaterThan(10_000);
    expect(found.cpuSeconds).toBeGreaterThan(0);
  });

  it('that fails is an error with what it said', async () => {
    const command = { program: 'sh', args: ['-c', 'echo no room >&2; exit 3'] };
    await expect(measure(command)).rejects.toThrow(/^sh -c .*\nended with 3: no room\n$/s);
    await expect(measure({ program: '/no/such/program', args: [] })).rejects.toThrow('ENOENT');
  });

  it('ends with all it started when it is told to', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'driftline-measure-'));
    const file = join(folder, 'pid');
    const controller = new AbortController();
    const reason = new Error('stopped');
    const command = { program: 'sh', args: ['-c', 'sleep 1000 & echo $! >"$0.new"; mv "$0.new" "$0"; wait', file] };
    try {
      const running = expect(measure(command, controller.signal)).rejects.toBe(reason);
      while (!existsSync(file)) await setTimeout(5);
      const grandchild = Number(readFileSync(file, 'latin1'));
      expect(isGone(grandchild)).toBe(false);
      controller.abort(reason);
      await running;
      while (!isGone(grandchild)) await setTimeout(5);
      await expect(measure(command, controller.signal)).rejects.toBe(reason);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('runs', () => {
  it('have a median, also of an even number, and a spread', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    const runs = [2, 1, 4].map((seconds) => ({ seconds, peakKib: seconds * 10, cpuSeconds: seconds / 2 }));
    expect(summarize('rsync', runs)).toEqual({
      ...{ name: 'rsync', seconds: [2, 1, 4], median: 2, spread: 1.5, peaksKib: [20, 10, 40], cpuSeconds: 1 },
    });
  });
});
