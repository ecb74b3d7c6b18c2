import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { allNames, transferPair, twoFolders } from '../support/pair.ts';

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

/** What root is never refused. Run as root, this file's process becomes somebody else first. */
describe.skipIf(process.platform !== 'linux')('without privileges', () => {
  let folders: ReturnType<typeof twoFolders>;
  beforeAll(async () => {
    // Everything is loaded while it may still be read.
    const warm = twoFolders();
    await transferPair('pull', ['-r'], `${warm.src}/`, warm.dst);
    warm.remove();
    if (!isRoot) return;
    process.setgroups!([]);
    process.setgid!(NOBODY);
    process.setuid!(NOBODY);
  });
  beforeEach(() => (folders = twoFolders()));
  afterEach(() => folders.remove());

  const put = (side: 'src' | 'dst', name: string, content: string) => {
    const file = path.join(folders[side], name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, content);
  };
  const mode = (name: string) => fs.statSync(path.join(folders.dst, name)).mode & 0o7777;

  it.each([
    ['pull', '-a'],
    ['push', '-a'],
    ['pull', '-rt'],
    ['push', '-rt'],
  ] as const)('new files go into folders that are closed on both sides (%s %s)', async (direction, word) => {
    put('src', 'd/e/f', 'first');
    for (const name of ['d/e', 'd']) fs.chmodSync(path.join(folders.src, name), 0o555);
    const run = (words: string[]) => transferPair(direction, words, `${folders.src}/`, folders.dst);
    expect((await run([word])).result.exitCode).toBe(0);
    expect([mode('d'), mode('d/e')]).toEqual([0o555, 0o555]);

    fs.chmodSync(path.join(folders.src, 'd/e'), 0o755);
    put('src', 'd/e/later', 'second');
    fs.utimesSync(path.join(folders.src, 'd/e'), 1e9, 1e9);
    fs.utimesSync(path.join(folders.dst, 'd/e'), 1e9, 1e9);
    fs.chmodSync(path.join(folders.src, 'd/e'), 0o555);
    const second = await run([word]);
    expect(second.result.exitCode).toBe(0);
    expect(allNames(folders.dst)).toEqual(['d', 'd/e', 'd/e/f', 'd/e/later']);
    expect([mode('d'), mode('d/e')]).toEqual([0o555, 0o555]);
    if (word === '-a') expect(fs.statSync(path.join(folders.dst, 'd/e')).mtimeMs).toBe(1e12);
    for (const side of [folders.src, folders.dst])
      for (const name of ['d', 'd/e']) fs.chmodSync(path.join(side, name), 0o755);
  });

  it('owners, devices and other people’s groups are left alone without a word', async () => {
    put('src', 'f', 'x');
    const run = await transferPair('pull', ['-a'], '/etc/hostname', folders.dst);
    expect(run.result.exitCode).toBe(0);
    expect(run.events.filter((event) => event.type === 'issue')).toEqual([]);
  });

  it('what cannot be read or written is told, the rest arrives', async () => {
    put('src', 'closed', 'x');
    put('src', 'open', 'x');
    put('src', 'shut/in', 'x');
    put('dst', 'refusing/there', 'x');
    put('src', 'refusing/new', 'x');
    fs.chmodSync(path.join(folders.src, 'closed'), 0);
    fs.chmodSync(path.join(folders.src, 'shut'), 0);
    const run = await transferPair('push', ['-rt', '--delete'], `${folders.src}/`, folders.dst);
    expect(run.result.exitCode).toBe(23);
    const told = run.events.flatMap((event) =>
      event.type === 'issue' ? [`${event.issue.code} ${event.issue.name}`] : [],
    );
    expect(told.sort()).toEqual(['list-failed shut', 'read-failed closed']);
    expect(fs.existsSync(path.join(folders.dst, 'refusing/new'))).toBe(true);
    fs.chmodSync(path.join(folders.src, 'shut'), 0o755);
    fs.chmodSync(path.join(folders.dst, 'shut'), 0o755);
  });
});
