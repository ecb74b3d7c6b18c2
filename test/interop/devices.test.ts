import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, startBench } from '../support/routes.ts';
import type { Outcome } from '../support/run.ts';
import { edited, randomBytes } from '../support/trees.ts';

/** A block device is only to be had by root, and not in every container. */
const hasLoop = process.getuid?.() === 0 && spawnSync('losetup', ['-f']).status === 0;
const SIZE = 512 * 400;
const OLD = randomBytes(SIZE, 1);

interface Loop {
  /** Attached again for each run, as its pages are cached apart from the image's. */
  node: string;
  image: string;
}

describe.runIf(hasLoop)('devices that stand for files', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench.stop());

  /** Makes a device node `name` in `folder` with `content` behind it, for the time of `use`. */
  async function withDevice<T>(
    folder: string,
    name: string,
    content: Buffer,
    use: (loop: Loop) => Promise<T>,
  ): Promise<T> {
    const image = join(bench.folder, `${name}.img`);
    fs.writeFileSync(image, content);
    const device = execFileSync('losetup', ['-f', '--show', image], { encoding: 'latin1' }).trim();
    try {
      const [major, minor] = execFileSync('stat', ['-c', '%Hr %Lr', device], { encoding: 'latin1' }).trim().split(' ');
      const node = join(folder, name);
      execFileSync('mknod', ['-m', '600', node, 'b', major!, minor!]);
      fs.utimesSync(node, 5, 5);
      return await use({ node, image });
    } finally {
      execFileSync('losetup', ['-d', device]);
    }
  }

  function folders(): { src: string; dst: string } {
    const [src, dst] = ['src', 'dst'].map((name) => join(bench.folder, name)) as [string, string];
    for (const folder of [src, dst]) {
      fs.rmSync(folder, { recursive: true, force: true });
      fs.mkdirSync(folder);
    }
    return { src, dst };
  }

  /** So that nothing is told of the folders. */
  const settled = ({ src, dst }: { src: string; dst: string }): void => {
    for (const folder of [src, dst]) fs.utimesSync(folder, 5, 5);
  };
  const nodeOf = (path: string) => {
    const { mode, size, mtimeMs } = fs.lstatSync(path);
    return { mode: mode.toString(8), size, mtimeMs: mtimeMs > Date.now() - 60_000 ? 'now' : mtimeMs };
  };
  const hash = (path: string): string => createHash('md5').update(fs.readFileSync(path)).digest('hex');
  const told = ({ code, stdout, stderr }: Outcome) => ({
    code,
    lines: stdout.split('\n').sort(),
    quiet: stderr === '',
  });

  type Transfer = Parameters<Bench['ours']>[0];
  const WAYS: [who: string, run: (transfer: Transfer) => Promise<Outcome>][] = [
    ['rsync', (transfer) => bench.stock(transfer)],
    ['driftline', (transfer) => bench.ours(transfer)],
    ['rsync to our server', (transfer) => bench.stockToOurs(transfer)],
  ];

  /** The same by everybody, each time from a fresh start. */
  async function compare<T>(
    direction: Transfer['direction'],
    once: (way: (typeof WAYS)[0][1]) => Promise<T>,
  ): Promise<T> {
    const results: T[] = [];
    for (const [who, way] of WAYS) {
      if (direction === 'local' && who === 'rsync to our server') continue;
      const result = await once(way);
      results.push(result);
      expect(result, who).toEqual(results[0]);
    }
    return results[0]!;
  }

  describe.each(['push', 'local'] as const)('%s', (direction) => {
    it.each([
      ['a shorter file', ['--write-devices'], edited(OLD, 3, 100, 7).subarray(0, 70_000)],
      ['a delta', ['--write-devices', '--no-whole-file', '-B1024'], edited(OLD, 3, 100, 7).subarray(0, 70_000)],
      ['all of it, flushed', ['--write-devices', '--no-whole-file', '--fsync'], edited(OLD, 3, 100, 8)],
      ['without the option, over it', [], OLD.subarray(0, 5000)],
    ] as const)('writes into a device: %s', async (_name, words, content) => {
      const { node, code } = await compare(direction, (way) => {
        const both = folders();
        const { src, dst } = both;
        fs.writeFileSync(join(src, 'disk'), content, { mode: 0o640 });
        fs.utimesSync(join(src, 'disk'), 1000, 1000);
        return withDevice(dst, 'disk', OLD, async (loop) => {
          settled(both);
          const outcome = await way({ direction, args: ['-ai', ...words], sources: [`${src}/`], destination: dst });
          return { ...told(outcome), node: nodeOf(loop.node), image: hash(loop.image) };
        });
      });
      expect(code).toBe(0);
      expect(node).toMatchObject({ mode: words.length > 0 ? '60640' : '100640', mtimeMs: 1_000_000 });
    });

    it.each([
      ['into a new file', null],
      ['over a file', edited(OLD, 4, 10, 9)],
    ] as const)('reads a device: %s', async (_name, old) => {
      const { file, code } = await compare(direction, (way) => {
        const both = folders();
        const { src, dst } = both;
        if (old) {
          fs.writeFileSync(join(dst, 'disk'), old, { mode: 0o604 });
          fs.utimesSync(join(dst, 'disk'), 5, 5);
        }
        return withDevice(src, 'disk', OLD, async () => {
          const args = ['-ai', '--copy-devices', '--no-whole-file'];
          settled(both);
          const outcome = await way({ direction, args, sources: [`${src}/`], destination: dst });
          return { ...told(outcome), node: nodeOf(join(dst, 'disk')), file: hash(join(dst, 'disk')) };
        });
      });
      expect(code).toBe(0);
      expect(file).toBe(createHash('md5').update(OLD).digest('hex'));
    });
  });

  it('writes one device into another', async () => {
    const image = await compare('local', (way) => {
      const both = folders();
      const { src, dst } = both;
      return withDevice(src, 'disk', edited(OLD, 4, 10, 9), (from) => {
        fs.renameSync(from.image, `${from.image}.from`);
        return withDevice(dst, 'disk', OLD, async (to) => {
          const args = ['-ai', '--copy-devices', '--write-devices', '--no-whole-file', '-I'];
          settled(both);
          const outcome = await way({ direction: 'local', args, sources: [`${src}/`], destination: dst });
          return { ...told(outcome), image: hash(to.image) };
        });
      });
    });
    expect(image).toMatchObject({ code: 0 });
  });
});
