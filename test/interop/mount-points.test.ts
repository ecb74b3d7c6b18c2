import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, type Direction, startBench } from '../support/routes.ts';
import { build, differences, dir, file, link, manifest } from '../support/trees.ts';

/** Mounting needs root, and a container that allows it. */
function canMount(): boolean {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.runIf(process.platform === 'linux' && canMount())('-x keeps to one file system', () => {
  let bench: Bench;
  let source: string;

  beforeAll(async () => {
    bench = await startBench();
    source = join(bench.folder, 'src');
    build(source, dir({ mount: dir({}), plain: dir({ y: file('y') }), 'link to it': link('mount') }));
    execFileSync('mount', ['-t', 'tmpfs', 'none', join(source, 'mount')]);
    mkdirSync(join(source, 'mount/below'));
    writeFileSync(join(source, 'mount/inside'), 'inside');
    execFileSync('touch', [
      '-d',
      '@5',
      join(source, 'mount/below'),
      join(source, 'mount/inside'),
      join(source, 'mount'),
    ]);
  });
  afterAll(async () => {
    execFileSync('umount', [join(source, 'mount')]);
    await bench.stop();
  });

  const before = dir({ mount: dir({ old: file('o') }), plain: dir({ old: file('o') }), extra: dir({ e: file('e') }) });

  it.each([
    [['-aix', '--delete'], ['/']],
    [['-aixx', '--delete'], ['/']],
    [['-aixxL', '--info=mount'], ['/']],
    [['-aix'], ['/mount', '/plain']],
    [['-aixxR'], ['/./mount/below', '/./']],
    [['-dix'], ['/']],
  ])('%j from %j', async (args, names) => {
    const sources = names.map((name) => source + name);
    const directions: Direction[] = ['push', 'pull', 'local'];
    for (const direction of directions) {
      const results = [];
      for (const who of ['stock', 'ours', 'stockToOurs'] as const) {
        if (who === 'stockToOurs' && direction === 'local') continue;
        const destination = join(bench.folder, 'dst');
        rmSync(destination, { recursive: true, force: true });
        build(destination, before);
        const { code, stdout } = await bench[who]({ direction, args, sources, destination });
        const lines = stdout.split('\n').sort();
        const tree = manifest(destination);
        tree.delete('.');
        results.push({ code, lines, tree });
      }
      const [stock, ...others] = results;
      for (const result of others) {
        expect(differences(stock!.tree, result.tree)).toEqual([]);
        expect(result).toMatchObject({ code: stock!.code, lines: stock!.lines });
      }
    }
  });
});
