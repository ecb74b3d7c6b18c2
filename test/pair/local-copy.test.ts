import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadPosix, type Posix } from '../../electron/engine/fs/posix.ts';
import { Gate } from '../../electron/engine/gate.ts';
import { allNames, type PairRun, transferPair, twoFolders } from '../support/pair.ts';
import { randomBytes } from '../support/trees.ts';

type CopyRange = NonNullable<Posix['copyRange']>;

const posix = loadPosix();
const content = randomBytes(20_000_003, 4);

/** Large files of a local copy are copied by the system where it can, the bytes of small ones are handed over. */
describe.skipIf(!posix?.copyRange)('a local copy', () => {
  let folders: ReturnType<typeof twoFolders>;
  beforeEach(() => {
    folders = twoFolders();
    for (let i = 0; i < 20; i++) fs.writeFileSync(path.join(folders.src, `small${i}`), 'x'.repeat(i * 100));
    fs.writeFileSync(path.join(folders.src, 'big'), content, { mode: 0o640 });
  });
  afterEach(() => {
    vi.restoreAllMocks();
    folders.remove();
  });

  const copyRange = () => vi.spyOn(posix as { copyRange: CopyRange }, 'copyRange');
  const copy = (words: string[], more: Parameters<typeof transferPair>[4] = {}) =>
    transferPair('push', words, `${folders.src}/`, folders.dst, { local: true, journals: folders.journals, ...more });
  const names = () => fs.readdirSync(folders.src).sort();
  const same = (name: string) =>
    fs.readFileSync(path.join(folders.dst, name)).equals(fs.readFileSync(path.join(folders.src, name)));
  const arrived = () => names().every(same);
  const toldOf = ({ events }: PairRun) =>
    new Map(events.flatMap((event) => (event.type === 'transferred' ? [[event.name, event]] : [])));

  it('has the system copy, and counts what was copied', async () => {
    const called = copyRange();
    const { result, events } = await copy(['-a']);
    expect(called).toHaveBeenCalled();
    expect(arrived()).toBe(true);
    expect(result.exitCode).toBe(0);
    expect(fs.statSync(path.join(folders.dst, 'big')).mode & 0o777).toBe(0o640);
    const small = (19 * 20 * 100) / 2;
    expect(result.stats).toMatchObject({ literal: content.length + small, matched: 0 });
    expect(result.stats.sent).toBeGreaterThan(content.length);
    const [transferred] = events.filter((event) => event.type === 'transferred' && event.name === 'big');
    // As if 32 KiB tokens, their end and a sum of 16 bytes had been sent.
    const bytes = content.length + 4 * (611 + 1) + 16;
    expect(transferred).toMatchObject({ size: content.length });
    expect((transferred as { bytes: number }).bytes).toBeGreaterThanOrEqual(bytes);
    expect((transferred as { bytes: number }).bytes).toBeLessThan(bytes + 50);
    const progress = events.findLast((event) => event.type === 'progress');
    expect(progress).toMatchObject({ bytesDone: content.length + small, literal: content.length + small });
  });

  it('hands over more small files than may wait at once, and counts them as if they had been sent', async () => {
    fs.truncateSync(path.join(folders.src, 'big'), 0);
    for (let i = 0; i < 50; i++) {
      fs.writeFileSync(path.join(folders.src, `middling${i}`), content.subarray(i, i * 20_000));
    }
    const handed = await copy(['-a']);
    expect(handed.result.exitCode).toBe(0);
    expect(arrived()).toBe(true);
    expect([...toldOf(handed).values()].every(({ sum }) => sum === '')).toBe(true);
    fs.rmSync(folders.dst, { recursive: true });
    const sent = await copy(['-a'], { local: false });
    const counts = ({ result, ...run }: PairRun) => [
      names().map((name) => toldOf({ result, ...run }).get(name)?.bytes),
      result.stats.literal,
      result.stats.transferred,
      result.stats.transferredSize,
    ];
    expect(counts(handed)).toEqual(counts(sent));
    expect(toldOf(sent).get('small1')?.sum).not.toBe('');
  });

  it.each([
    ['becomes shorter', 24, () => fs.truncateSync(path.join(folders.src, 'small19'), 1000)],
    [
      'cannot be read',
      23,
      () => {
        throw Object.assign(new Error('EIO'), { code: 'EIO' });
      },
    ],
  ])('tells of a small file that %s while it is read', async (_name, exitCode, happens) => {
    const real = fs.readSync;
    vi.spyOn(fs, 'readSync').mockImplementation(((
      fd: number,
      into: Buffer,
      at: number,
      length: number,
      from: number,
    ) => {
      if (length === 1900) happens();
      return real(fd, into, at, length, from);
    }) as typeof fs.readSync);
    const { result } = await copy(['-a']);
    expect(result.exitCode).toBe(exitCode);
    expect(
      names()
        .filter((name) => name !== 'small19')
        .every(same),
    ).toBe(true);
    if (exitCode === 24) expect(same('small19')).toBe(true);
    else expect(fs.existsSync(path.join(folders.dst, 'small19'))).toBe(false);
  });

  it.each([
    ['nothing', 0],
    ['a part', 1],
  ])('is sent as ever where the system can copy %s', async (_name, good) => {
    const real = posix!.copyRange!;
    let calls = 0;
    copyRange().mockImplementation((...args) => (calls++ < good ? real(...args) : -1));
    const { result } = await copy(['-a']);
    expect(calls).toBe(good + 1);
    expect(arrived()).toBe(true);
    expect(result.stats).toMatchObject({ literal: content.length + (19 * 20 * 100) / 2 });
  });

  it('of a file that becomes shorter meanwhile is what the file is then', async () => {
    const real = posix!.copyRange!;
    copyRange().mockImplementation((...args) => {
      const copied = real(...args);
      fs.truncateSync(path.join(folders.src, 'big'), 15_000_000);
      return copied;
    });
    const { result } = await copy(['-a']);
    expect(fs.readFileSync(path.join(folders.dst, 'big')).equals(content.subarray(0, 15_000_000))).toBe(true);
    expect(result.exitCode).toBe(24);
  });

  it.each([
    ['sums are wanted', ['-a', '--out-format=%n %C']],
    ['there is a rate', ['-a', '--bwlimit=1000000']],
    ['zeros become holes', ['-aS']],
    ['the file is written in place', ['-a', '--inplace']],
    ['it is compressed', ['-az']],
  ])('sends where %s', async (_name, words) => {
    const called = copyRange();
    const { events } = await copy(words);
    expect(called).not.toHaveBeenCalled();
    expect(arrived()).toBe(true);
    const [transferred] = events.filter((event) => event.type === 'transferred' && event.name === 'big');
    expect(transferred).toMatchObject({ sum: expect.stringMatching(/^[0-9a-f]+$/) as string });
  });

  it('pauses, and goes on where it was', async () => {
    const gate = new Gate();
    const real = posix!.copyRange!;
    let calls = 0;
    copyRange().mockImplementation((...args) => {
      if (++calls === 1) gate.close();
      return real(...args);
    });
    const ended = copy(['-a'], { gate });
    while (!gate.closed) await new Promise((resolve) => setImmediate(resolve));
    for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toBe(1);
    expect(fs.existsSync(path.join(folders.dst, 'big'))).toBe(false);
    gate.open();
    expect((await ended).result.exitCode).toBe(0);
    expect(arrived()).toBe(true);
  });

  it.each([
    ['leaves nothing of it', ['-a'], false],
    ['keeps what was copied if that is wanted', ['-a', '--partial'], true],
  ])('that is cancelled %s', async (_name, words, kept) => {
    const abort = new AbortController();
    const real = posix!.copyRange!;
    let copied = 0;
    copyRange().mockImplementation((...args) => {
      abort.abort();
      const length = real(...args);
      copied += length;
      return length;
    });
    await expect(copy(words, { signal: abort.signal })).rejects.toMatchObject({ data: { kind: 'cancelled' } });
    expect(copied).toBeLessThan(content.length);
    expect(allNames(folders.dst).filter((name) => name.includes('big'))).toEqual(kept ? ['big'] : []);
    if (kept) expect(fs.readFileSync(path.join(folders.dst, 'big')).equals(content.subarray(0, copied))).toBe(true);
  });
});
