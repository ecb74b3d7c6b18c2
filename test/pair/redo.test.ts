import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { transferPair, twoFolders, allNames } from '../support/pair.ts';
import type { Fate } from '../support/fault-transport.ts';

const MARK = Buffer.from('flip-this-marker');

/** Changes one byte of the marker the first `times` times it passes. */
function flipper(times: number): { fate: (chunk: Buffer) => Fate; flipped: () => number } {
  let flipped = 0;
  return {
    fate: (chunk) => {
      const at = flipped < times ? chunk.indexOf(MARK) : -1;
      if (at < 0) return chunk;
      flipped++;
      const copy = Buffer.from(chunk);
      copy[at]! ^= 1;
      return copy;
    },
    flipped: () => flipped,
  };
}

describe.each(['push', 'pull'] as const)('whole-file verification, %s', (direction) => {
  let folders: ReturnType<typeof twoFolders>;
  beforeEach(() => {
    folders = twoFolders();
    fs.writeFileSync(path.join(folders.src, 'a'), `before ${MARK.toString()} after`);
    fs.writeFileSync(path.join(folders.src, 'b'), 'untouched');
  });
  afterEach(() => folders.remove());

  const side = (fate: (chunk: Buffer) => Fate) => (direction === 'push' ? { send: fate } : { receive: fate });

  for (const words of [['-r'], ['-r', '--no-i-r']]) {
    it(`asks again exactly once after a flipped bit (${words.join(' ')})`, async () => {
      const { fate, flipped } = flipper(1);
      const run = await transferPair(direction, words, `${folders.src}/`, folders.dst, { faults: side(fate) });
      expect(flipped()).toBe(1);
      expect(run.result.exitCode).toBe(0);
      expect(fs.readFileSync(path.join(folders.dst, 'a'))).toEqual(fs.readFileSync(path.join(folders.src, 'a')));
      expect(run.result.stats.transferred).toBe(3); // `a` counts twice
      expect(allNames(folders.dst)).toEqual(['a', 'b']);
    });

    it(`keeps the old file and ends partial when the second attempt fails too (${words.join(' ')})`, async () => {
      fs.mkdirSync(folders.dst);
      fs.writeFileSync(path.join(folders.dst, 'a'), 'the old content');
      const { fate, flipped } = flipper(2);
      const run = await transferPair(direction, words, `${folders.src}/`, folders.dst, { faults: side(fate) });
      expect(flipped()).toBe(2);
      expect(run.result.exitCode).toBe(23);
      expect(fs.readFileSync(path.join(folders.dst, 'a'), 'latin1')).toBe('the old content');
      expect(fs.readFileSync(path.join(folders.dst, 'b'), 'latin1')).toBe('untouched');
      expect(allNames(folders.dst)).toEqual(['a', 'b']);
    });
  }
});
