import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bench, type Direction, startBench, stockRsync } from '../support/routes.ts';
import { driftline, type Outcome, run } from '../support/run.ts';
import { build, dir, edited, file, randomBytes, type Tree } from '../support/trees.ts';

/**
 * The size at which mirroring has to be right: 2,000 files, one of 256 MiB; then 100 edits of 26,000 bytes in that
 * one, and changed, new and missing files around it. Stock rsync judges the trees and sets the measure for the delta.
 */
const BIG = 256 * 1024 * 1024;
const EDITS = 100;
const EDIT = 26_000;
/** Stock rsync's block size for a file of that size: its square root (rsync's generator.c documents the rule). */
const BLOCK = 16_384;
const FOLDERS = 40;
const FILES_EACH = 50;
const LATER = 981_200_000;
const LIMIT_MS = 300_000;

let bench: Bench;
let before: string;
let after: string;
const literalOfStock = new Map<Direction, number>();

/** 1,999 files of 0 to 16 KiB; a few lines below decide what the second state changes. */
function smallFiles(): Tree {
  const folders: Tree = {};
  for (let f = 0; f < FOLDERS; f++) {
    const files: Tree = {};
    for (let n = 0; n < FILES_EACH - (f === 0 ? 1 : 0); n++) {
      files[`file ${n}.bin`] = file({ size: (f * 997 + n * 331) % 16_384, seed: f * 1000 + n });
    }
    folders[`folder ${f}`] = dir(files);
  }
  return folders;
}

beforeAll(async () => {
  bench = await startBench();
  [before, after] = [join(bench.folder, 'before'), join(bench.folder, 'after')];
  const content = randomBytes(BIG, 1);
  const tree = smallFiles();
  build(before, dir({ ...tree, 'disk.img': file(content) }));

  delete tree['folder 7'];
  for (let f = 10; f < 20; f++) {
    const { children } = tree[`folder ${f}`] as ReturnType<typeof dir>;
    delete children[`file ${f}.bin`];
    children['file 0.bin'] = file({ size: 9000, seed: -f }, { mtime: LATER });
    children['new.bin'] = file({ size: 5000 + f, seed: 90_000 + f });
  }
  tree['new folder'] = dir({ 'one.bin': file({ size: 70_000, seed: 77 }) });
  build(after, dir({ ...tree, 'disk.img': file(edited(content, EDITS, EDIT, 500), { mtime: LATER }) }));

  for (const direction of ['push', 'pull'] as const) {
    const destination = mirrorOfBefore(`stock-${direction}`);
    const outcome = await run(
      stockRsync('3.5'),
      words(direction, after, destination, ROUTES['ssh -p, given by -e']()),
      {
        limitMs: LIMIT_MS,
      },
    );
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    literalOfStock.set(direction, literalBytes(outcome));
    rmSync(destination, { recursive: true });
  }
}, LIMIT_MS);
afterAll(() => bench.stop());

/** A folder as the first run leaves it. Its files are links: a receiver replaces a file, it does not write into it. */
function mirrorOfBefore(name: string): string {
  const folder = join(bench.folder, name);
  execFileSync('cp', ['-al', before, folder]);
  return folder;
}

function literalBytes({ stdout }: Outcome): number {
  const found = /^Literal data: ([\d,]+) bytes$/m.exec(stdout);
  if (found === null) throw new Error(`no statistics in:\n${stdout}`);
  return Number(found[1]!.replaceAll(',', ''));
}

/** What rsync itself would still change, by content, attributes and presence. */
async function differences(source: string, destination: string): Promise<string> {
  const args = ['-anic', '--delete', `${source}/`, `${destination}/`];
  const outcome = await run(stockRsync('3.5'), args, { limitMs: LIMIT_MS });
  return outcome.stdout + outcome.stderr;
}

interface Route {
  more: string[];
  far: string;
}

/** Words that name the far end, for each way there. */
const ROUTES = {
  'the built-in ssh': (): Route => ({ more: [], far: 'peer:' }),
  'ssh -p, given by -e': (): Route => {
    const { sshArgs, host } = bench.sshd;
    // -e splits at spaces, as rsync does.
    return { more: ['-e', ['ssh', ...sshArgs].join(' ')], far: `${host}:` };
  },
};

const words = (direction: Direction, source: string, destination: string, { more, far }: Route): string[] => [
  ...['-a', '--delete', '--stats', ...more],
  ...(direction === 'push' ? [`${source}/`, far + destination] : [`${far}${source}/`, destination]),
];

describe.each(Object.keys(ROUTES) as (keyof typeof ROUTES)[])('over %s', (route) => {
  it.each(['push', 'pull'] as const)(
    'a %s of 2,000 files with one of 256 MiB is equal, and its second run sends what changed',
    async (direction) => {
      const destination = join(bench.folder, 'mirror');
      rmSync(destination, { recursive: true, force: true });
      mkdirSync(destination);
      writeFileSync(join(destination, 'not in the source'), '');
      const mirror = async (source: string): Promise<Outcome> => {
        const outcome = await driftline(['rsync', ...words(direction, source, destination, ROUTES[route]())], {
          env: bench.env,
          limitMs: LIMIT_MS,
        });
        expect(outcome, outcome.stderr).toMatchObject({ code: 0, stderr: '' });
        return outcome;
      };

      await mirror(before);
      expect(await differences(before, destination)).toBe('');

      const literal = literalBytes(await mirror(after));
      expect(await differences(after, destination)).toBe('');
      expect(literal).toBeGreaterThanOrEqual(EDITS * EDIT);
      expect(Math.abs(literal - literalOfStock.get(direction)!)).toBeLessThanOrEqual(EDITS * BLOCK);
    },
    LIMIT_MS,
  );
});
