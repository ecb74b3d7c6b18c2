import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { allNames, transferPair, twoFolders } from '../support/pair.ts';
import type { Fate, Faults } from '../support/fault-transport.ts';
import { randomBytes } from '../support/trees.ts';

const SIZE = 3_000_000;
const CUT = 2_000_000;
const CONTENT = randomBytes(SIZE, 77);
const OLD_TIME = 1_000_000_000;

/** What has arrived is dealt with before anybody cancels. */
async function afterTurns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** A big file between two small ones; the connection ends in the middle of it, by our will or not. */
describe.each([
  ['pull', 'cancelled'],
  ['pull', 'reset'],
  ['push', 'cancelled'],
  ['push', 'reset'],
] as const)('a %s that is %s', (direction, how) => {
  let folders: ReturnType<typeof twoFolders>;
  const dst = (name: string): string => path.join(folders.dst, name);

  beforeEach(() => {
    folders = twoFolders();
    fs.mkdirSync(folders.dst);
    fs.writeFileSync(path.join(folders.src, 'a'), 'first');
    fs.writeFileSync(path.join(folders.src, 'f'), CONTENT, { mode: 0o640 });
    fs.writeFileSync(path.join(folders.src, 'z'), 'last');
  });
  afterEach(() => folders.remove());

  const putOld = (content: Buffer): void => {
    fs.writeFileSync(dst('f'), content);
    fs.utimesSync(dst('f'), OLD_TIME, OLD_TIME);
  };

  /** Ends at the chunk that brings `at` bytes or more in the direction of the data. */
  async function interrupted(words: string[], at = CUT): Promise<void> {
    const abort = new AbortController();
    const end = (chunk: Buffer, offset: number): Fate => {
      if (offset + chunk.length <= at) return chunk;
      if (how === 'reset') return 'reset';
      void afterTurns(50).then(() => abort.abort());
      return 'hold';
    };
    const faults: Faults = direction === 'pull' ? { receive: end } : { send: end };
    const run = transferPair(direction, ['-a', ...words], `${folders.src}/`, folders.dst, {
      ...{ faults, signal: abort.signal, journals: folders.journals },
    });
    await expect(run).rejects.toThrow();
    expect(allNames(folders.journals)).toEqual([]);
    expect(allNames(folders.dst).filter((name) => /^(.*\/)?\.[afz]\./.test(name))).toEqual([]);
  }

  /** @returns bytes of data that were sent anew */
  async function completed(words: string[]): Promise<number> {
    const { result } = await transferPair(
      direction,
      ['-a', '--no-whole-file', ...words],
      `${folders.src}/`,
      folders.dst,
    );
    expect(result.exitCode).toBe(0);
    expect(fs.readFileSync(dst('f')).equals(CONTENT)).toBe(true);
    expect(allNames(folders.dst)).toEqual(['a', 'f', 'z']);
    return result.stats.literal;
  }

  /** How much of the source's beginning a file holds. */
  const beginning = (name: string): number => {
    const data = fs.readFileSync(name);
    expect(data.equals(CONTENT.subarray(0, data.length))).toBe(true);
    return data.length;
  };

  it('leaves the old file and nothing else', async () => {
    putOld(Buffer.from('old'));
    await interrupted(['--no-whole-file']);
    expect(fs.readFileSync(dst('f'), 'latin1')).toBe('old');
    expect(fs.statSync(dst('f')).mtimeMs).toBe(OLD_TIME * 1000);
    await completed([]);
  });

  it('--partial keeps what came, under the name of the file and with a time long past', async () => {
    await interrupted(['--partial']);
    expect(beginning(dst('f'))).toBeGreaterThan(CUT * 0.9);
    expect(fs.statSync(dst('f'))).toMatchObject({ mode: 0o100640, mtimeMs: 0 });
    expect(await completed([])).toBeLessThan(SIZE - CUT * 0.85);
  });

  it('--partial replaces the old file, of which -b keeps a backup', async () => {
    putOld(CONTENT.subarray(0, 500_000));
    await interrupted(['--partial', '-b', '--no-whole-file'], CUT - 500_000);
    expect(beginning(dst('f'))).toBeGreaterThan(CUT * 0.9);
    expect(fs.statSync(dst('f~'))).toMatchObject({ size: 500_000, mtimeMs: OLD_TIME * 1000 });
  });

  it('--partial keeps nothing that the old file did not have', async () => {
    putOld(CONTENT);
    fs.truncateSync(dst('f'), SIZE - 10);
    fs.utimesSync(dst('f'), OLD_TIME, OLD_TIME);
    // Blocks only, as nothing but the end of the file is new.
    await interrupted(['--partial', '--no-whole-file', '--exclude=a', '--block-size=700'], 9000);
    expect(fs.statSync(dst('f'))).toMatchObject({ size: SIZE - 10, mtimeMs: OLD_TIME * 1000 });
  });

  it('--partial-dir keeps what came beside the old file, and the next run builds on it', async () => {
    putOld(Buffer.from('old'));
    await interrupted(['--partial-dir=.part']);
    expect(fs.readFileSync(dst('f'), 'latin1')).toBe('old');
    expect(fs.statSync(dst('.part')).mode & 0o7777).toBe(0o700);
    expect(beginning(dst('.part/f'))).toBeGreaterThan(CUT * 0.9);
    expect(fs.statSync(dst('.part/f')).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
    expect(await completed(['--partial-dir=.part'])).toBeLessThan(SIZE - CUT * 0.85);
  });

  it('--partial-dir: cut off again, it goes on where it was', async () => {
    await interrupted(['--partial-dir=.part'], 1_000_000);
    await interrupted(['--partial-dir=.part', '--no-whole-file'], 1_000_000);
    expect(fs.existsSync(dst('f'))).toBe(false);
    expect(fs.statSync(dst('.part/f')).size).toBeGreaterThan(1_800_000);
    expect(await completed(['--partial-dir=.part'])).toBeLessThan(SIZE - 1_800_000);
  });

  it('--partial-dir with an absolute name keeps the folder', async () => {
    const folder = path.join(folders.root, 'parts');
    await interrupted([`--partial-dir=${folder}`]);
    expect(beginning(path.join(folder, 'f'))).toBeGreaterThan(CUT * 0.9);
    expect(fs.statSync(folder).mode & 0o7777).toBe(0o700);
    expect(await completed([`--partial-dir=${folder}`])).toBeLessThan(SIZE - CUT * 0.85);
    expect(fs.readdirSync(folder)).toEqual([]);
  });

  it('--delay-updates keeps what was ready and what was not, and shows neither', async () => {
    await interrupted(['--delay-updates']);
    expect(fs.readdirSync(folders.dst)).toEqual(['.~tmp~']);
    expect(fs.readdirSync(dst('.~tmp~')).sort()).toEqual(['a', 'f']);
    expect(beginning(dst('.~tmp~/f'))).toBeGreaterThan(CUT * 0.9);
    expect(await completed(['--delay-updates'])).toBeLessThan(SIZE - CUT * 0.85);
  });

  it('--temp-dir is left empty', async () => {
    const temp = path.join(folders.root, 'temp');
    fs.mkdirSync(temp);
    await interrupted([`--temp-dir=${temp}`]);
    expect([fs.readdirSync(temp), fs.existsSync(dst('f'))]).toEqual([[], false]);
    await interrupted([`--temp-dir=${temp}`, '--partial']);
    expect(fs.readdirSync(temp)).toEqual([]);
    expect(beginning(dst('f'))).toBeGreaterThan(CUT * 0.9);
  });

  it('--inplace has written into the file, --append behind it', async () => {
    putOld(CONTENT.subarray(0, 500_000));
    await interrupted(['--inplace', '--no-whole-file'], CUT - 500_000);
    expect(fs.statSync(dst('f')).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
    const length = beginning(dst('f'));
    expect(length).toBeGreaterThan(CUT * 0.8);
    await interrupted(['--append'], 300_000);
    expect(beginning(dst('f'))).toBeGreaterThanOrEqual(length);
    expect(await completed(['--append-verify'])).toBeLessThanOrEqual(SIZE - length);
  });
});
