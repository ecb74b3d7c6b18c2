import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { transferPair, twoFolders } from '../support/pair.ts';

let folders: ReturnType<typeof twoFolders>;
beforeEach(() => {
  folders = twoFolders();
});
afterEach(() => folders.remove());

/** rsync's output begins with that number (`--info=flist2`), however fast the machine is. */
it.each(['push', 'pull'] as const)('%s: how many files a whole list has is told before the first item', async (way) => {
  for (const name of ['a', 'b']) fs.writeFileSync(path.join(folders.src, name), name);
  const { events } = await transferPair(way, ['-r', '--no-i-r'], `${folders.src}/`, folders.dst);
  const told = events.find((event) => event.type === 'item' || (event.type === 'progress' && event.listComplete));
  expect(told).toMatchObject({ type: 'progress', filesTotal: 3 });
});
