import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, type Direction, startBench } from '../support/routes.ts';
import type { Outcome } from '../support/run.ts';
import { build, dir, edited, file, randomBytes, THEN, type Tree } from '../support/trees.ts';
import { compareScenarios } from './compare.ts';
import type { Scenario } from './scenarios.ts';

const NOW = THEN + 1_000_000;
const NAMES = ['xxh128', 'xxh3', 'xxh64', 'md5', 'md4', 'sha1'];

const big = randomBytes(1_200_000, 1);
const fresh: Tree = {
  edited: file(edited(big, 9, 400, 2), { mtime: NOW }),
  'same size and time': file('abc'),
  touched: file(big.subarray(0, 50_000), { mtime: NOW }),
  new: file({ size: 40_000, seed: 3 }),
  empty: file(''),
};
const stale: Tree = {
  edited: file(big),
  'same size and time': file('xyz'),
  touched: file(big.subarray(0, 50_000)),
};
const update = (name: string, args: string[], more: Partial<Scenario> = {}): Scenario => ({
  name,
  args: ['-ai', '--no-whole-file', ...args],
  source: fresh,
  destination: stale,
  ...more,
});
const remote: Scenario['routes'] = ['push', 'pull', 'push from rsync', 'pull by rsync'];

const SCENARIOS: Scenario[] = [
  update('negotiated', [], { alsoOld: true }),
  update('negotiated, by checksum', ['-c'], { alsoOld: true, mirrors: true }),
  update('protocol 30, by checksum', ['-c', '--protocol=30'], { routes: remote }),
  ...NAMES.map((name) =>
    update(`${name}, lists too`, ['-c', `--cc=${name}`], { routes: remote, alsoOld: true, mirrors: true }),
  ),
  update('one for blocks, one for lists', ['-c', '--cc=xxh3,sha1'], { routes: remote }),
  update('auto beside a name', ['-c', '--cc=auto,xxh128'], { routes: remote }),
  update('a name beside auto', ['-c', '--cc=sha1,auto'], { routes: remote }),
  update('auto alone', ['-c', '--cc=auto'], { routes: ['push', 'pull by rsync'] }),
  update('another spelling', ['--cc=XXHASH'], { routes: ['push', 'pull by rsync'] }),
  update('none', ['--cc=none'], { alsoOld: true }),
  update('none for the transfer, lists by md5', ['-c', '--cc=none,md5'], { routes: remote }),
  update('none with compression', ['--cc=none', '-z'], { routes: remote }),
  update('a seed', ['--checksum-seed=123456'], { routes: remote }),
  update('a negative seed, xxh128', ['--checksum-seed=-5', '--cc=xxh128'], { routes: remote }),
  update('a seed, sha1', ['--checksum-seed=77', '--cc=sha1', '-c'], { routes: remote }),
  // On a pull rsync reports whichever side ends first.
  update('refused: none for lists', ['-c', '--cc=md5,none'], { routes: ['push'] }),
  update('refused: none with -c', ['-c', '--cc=none'], { routes: ['push'] }),
  update('refused: an unknown name', ['--cc=crc32'], { routes: ['push'] }),
  update('refused: three names', ['--cc=md5,sha1,md5'], { routes: ['push'] }),
];

describe('checksums', () => compareScenarios(SCENARIOS));

describe('beside the scenarios', () => {
  let bench: Bench;
  let folder: string;
  beforeAll(async () => {
    bench = await startBench();
    folder = join(bench.folder, 'sums');
    mkdirSync(folder);
    build(join(folder, 'src'), dir(fresh));
  });
  afterAll(() => bench.stop());

  type Who = 'stock' | 'ours' | 'stockToOurs';
  async function go(who: Who, direction: Direction, args: string[]): Promise<Outcome> {
    const destination = join(folder, 'dst');
    rmSync(destination, { recursive: true, force: true });
    build(destination, dir(stale));
    return bench[who]({ direction, args, sources: [`${join(folder, 'src')}/`], destination });
  }

  /** Block sums that differ would go unseen: everything would be sent, and be right. */
  it.each(NAMES)('%s: as much of the old file is found as by rsync', async (name) => {
    const args = ['-a', '--no-whole-file', '--stats', `--cc=${name}`, '--checksum-seed=-77'];
    const found = ({ stdout }: Outcome): string[] =>
      stdout.split('\n').filter((line) => /^(Literal|Matched)/.test(line));
    const expected = found(await go('stock', 'push', args));
    expect(expected[1]).toMatch(/Matched data: 1,\d+,\d+ bytes/);
    expect(found(await go('ours', 'push', args))).toEqual(expected);
    expect(found(await go('ours', 'pull', args))).toEqual(expected);
    expect(found(await go('stockToOurs', 'push', args))).toEqual(expected);
    expect(found(await go('stockToOurs', 'pull', args))).toEqual(expected);
  });

  describe('lists in the environment', () => {
    const withLists = async (lists: Record<string, string>, who: Who, direction: Direction, args: string[]) => {
      Object.assign(bench.env, lists);
      try {
        return await go(who, direction, args);
      } finally {
        for (const name of Object.keys(lists)) delete bench.env[name];
      }
    };

    it.each<[string, Record<string, string>, string[], number]>([
      ['one name', { RSYNC_CHECKSUM_LIST: 'sha1' }, [], 0],
      ['another order, other spellings, unknown names', { RSYNC_CHECKSUM_LIST: ' MD5  crc32 auto xxhash ' }, [], 0],
      ['nothing known', { RSYNC_CHECKSUM_LIST: 'crc32' }, [], 4],
      ['blank', { RSYNC_CHECKSUM_LIST: '  ' }, [], 0],
      ['none at all', { RSYNC_CHECKSUM_LIST: 'none' }, [], 0],
      ['compression, another order', { RSYNC_COMPRESS_LIST: 'lz4 zstd' }, ['-z'], 0],
      ['compression, nothing known', { RSYNC_COMPRESS_LIST: 'brotli' }, ['-z'], 4],
      ['compression, unused', { RSYNC_COMPRESS_LIST: 'brotli' }, [], 0],
      ['zlib by list, off by its level', { RSYNC_COMPRESS_LIST: 'zlib' }, ['-z', '--zl=0'], 0],
    ])('%s', async (_, lists, more, code) => {
      const args = ['-a', '--no-whole-file', ...more];
      const stock = await withLists(lists, 'stock', 'push', args);
      expect(stock.code).toBe(code);
      for (const direction of ['push', 'pull'] as const) {
        const ours = await withLists(lists, 'ours', direction, args);
        expect({ code: ours.code, quiet: ours.stderr === '' }, ours.stderr).toEqual({ code, quiet: code === 0 });
      }
    });

    it('the failure is said in rsync’s words', async () => {
      const ours = await withLists({ RSYNC_CHECKSUM_LIST: 'crc32' }, 'ours', 'push', ['-a']);
      expect(ours.stderr).toContain('Failed to negotiate a checksum choice.');
    });
  });
});
