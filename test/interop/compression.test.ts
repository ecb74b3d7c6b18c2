import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prose } from '../support/prose.ts';
import { type Bench, type Direction, startBench } from '../support/routes.ts';
import { build, dir, edited, file, randomBytes, THEN, type Tree } from '../support/trees.ts';
import { compareScenarios } from './compare.ts';
import type { Scenario } from './scenarios.ts';

const NOW = THEN + 1_000_000;
const METHODS = ['zstd', 'lz4', 'zlibx', 'zlib'];

/** Sizes around the literals, packets and windows of the formats. */
const EDGES = [1, 5, 12, 13, 16_299, 16_300, 16_301, 16_383, 16_384, 16_385, 32_767, 32_768, 32_769, 131_071, 131_073];
const edges: Tree = Object.fromEntries(
  EDGES.flatMap((size) => [
    [`prose ${size}`, file(prose(size, size))],
    [`noise ${size}`, file({ size, seed: size })],
    [`zeros ${size}`, file(Buffer.alloc(size))],
  ]),
);

const text = prose(900_000, 1);
const noise = randomBytes(900_000, 2);
/** Moved blocks, so that tokens jump; and literals that repeat matched data. */
const shuffled = Buffer.concat([
  ...[8, 1, 2, 3, 5, 7, 4, 0, 6].map((part) => text.subarray(part * 100_000, (part + 1) * 100_000)),
  prose(30_000, 5),
  text.subarray(99_000, 101_000),
]);
const tiny: Tree = Object.fromEntries(
  Array.from({ length: 150 }, (_, i) => [
    `tiny${i}`,
    file(`{"id": ${i}, "name": "number ${i}", "tags": ["a", "b"]}\n`),
  ]),
);
const fresh: Tree = {
  text: file(edited(text, 12, 300, 3), { mtime: NOW }),
  noise: file(edited(noise, 7, 2000, 4), { mtime: NOW }),
  shuffled: file(shuffled, { mtime: NOW }),
  'edges of runs': file(Buffer.concat([text.subarray(0, 700), prose(16_383, 8), text.subarray(700, 2100)]), {
    mtime: NOW,
  }),
  empty: file(''),
  emptied: file('', { mtime: NOW }),
  large: file(prose(1_500_000, 6)),
  zeros: file(Buffer.alloc(3_000_000)),
  tiny: dir(tiny),
};
const stale: Tree = {
  text: file(text),
  noise: file(noise),
  shuffled: file(text),
  'edges of runs': file(text.subarray(0, 2100)),
  emptied: file('no longer'),
};
const mixed = (name: string, args: string[], more: Partial<Scenario> = {}): Scenario => ({
  name,
  args: ['-ai', '--no-whole-file', ...args],
  source: fresh,
  destination: stale,
  mirrors: true,
  ...more,
});
const over: Scenario['routes'] = ['push', 'pull', 'push from rsync', 'pull by rsync'];

const SCENARIOS: Scenario[] = [
  ...METHODS.map((method) =>
    mixed(`${method}: deltas, new files, tiny files`, [`--zc=${method}`], { routes: over, alsoOld: true }),
  ),
  ...METHODS.map((method) => ({
    name: `${method}: sizes around its edges`,
    args: ['-ai', `--zc=${method}`],
    source: edges,
    routes: over,
  })),
  mixed('negotiated', ['-z'], { alsoOld: true }),
  mixed('negotiated, protocol 30', ['-z', '--protocol=30'], { routes: over }),
  mixed('zlib, protocol 30, blocks beyond 64 KiB', ['--old-compress', '--protocol=30', '-B', '100000'], {
    routes: over,
  }),
  mixed('zlib, long blocks', ['--old-compress', '-B', '131072'], { routes: over }),
  mixed('-zz', ['-zz'], { routes: over, alsoOld: true }),
  mixed('named and taken back', ['-z', '--no-z'], { routes: over }),
  mixed('fastest zstd', ['--zc=zstd', '--zl=-100000'], { routes: over }),
  mixed('hard zstd', ['--zc=zstd', '--zl=12'], { routes: over }),
  mixed('zlib at level 1', ['--zc=zlib', '--zl=1'], { routes: over }),
  mixed('zlibx beyond its levels', ['--zc=zlibx', '--zl=99'], { routes: over }),
  mixed('zlib off by its level', ['--zc=zlib', '--zl=0'], { routes: over }),
  mixed('a level alone', ['--zl=5'], { routes: over }),
  mixed('suffixes to skip', ['-z', '--skip-compress=gz/mp[34]/'], { routes: over }),
  ...['zstd', 'lz4', 'zlib'].map((method) =>
    mixed(`${method} in place, by checksum`, [`--zc=${method}`, '--inplace', '-c', '--cc=md5'], { routes: over }),
  ),
  {
    name: 'zlib, appended',
    args: ['-ai', '--zc=zlib', '--append-verify'],
    source: { log: file(text, { mtime: NOW }), other: file(prose(50_000, 12), { mtime: NOW }) },
    destination: { log: file(text.subarray(0, 400_000)), other: file(prose(40_000, 13)) },
    routes: over,
  },
  mixed('a method nobody knows', ['--zc=brotli'], { mirrors: false, routes: ['push', 'pull'] }),
];

describe('compressed transfers', () => compareScenarios(SCENARIOS));

describe('bytes on the wire', () => {
  let bench: Bench;
  let folder: string;
  beforeAll(async () => {
    bench = await startBench();
    folder = join(bench.folder, 'sizes');
    mkdirSync(folder);
    build(join(folder, 'src'), dir(fresh));
  });
  afterAll(() => bench.stop());

  const total = (output: string): number => {
    const count = (label: string): number =>
      Number(new RegExp(`${label}: ([\\d,]+)`).exec(output)![1]!.replaceAll(',', ''));
    return count('Total bytes sent') + count('Total bytes received');
  };

  async function sizes(direction: Direction, args: string[]): Promise<{ stock: number; ours: number }> {
    const destination = join(folder, 'dst');
    const one = async (who: 'stock' | 'ours'): Promise<number> => {
      rmSync(destination, { recursive: true, force: true });
      build(destination, dir(stale));
      const outcome = await bench[who]({ direction, args, sources: [`${join(folder, 'src')}/`], destination });
      expect(outcome.code).toBe(0);
      return total(outcome.stdout);
    };
    return { stock: await one('stock'), ours: await one('ours') };
  }

  describe.each([...METHODS.map((method) => `--zc=${method}`), '-z'])('%s', (choice) => {
    it('a push sends about what rsync sends', async () => {
      const { stock, ours } = await sizes('push', ['-a', '--no-whole-file', '--stats', choice]);
      expect(ours / stock).toBeLessThan(1.05);
      expect(ours / stock).toBeGreaterThan(0.8);
    });
  });

  it('what is not compressed is larger', async () => {
    const plain = await sizes('push', ['-a', '--no-whole-file', '--stats']);
    const { ours } = await sizes('push', ['-a', '--no-whole-file', '--stats', '-z']);
    expect(ours).toBeLessThan(plain.ours / 3);
  });
});
