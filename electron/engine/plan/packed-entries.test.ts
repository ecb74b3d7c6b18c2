import { describe, expect, it } from 'vitest';
import type { FileEntry } from '../flist/entry.ts';
import { EntryUnpacker, packEntries } from './packed-entries.ts';

const entry = (dir: string, base: string, more: Partial<FileEntry> = {}): FileEntry => ({
  ...{ dir, base, mode: 0o100644, size: 5, mtime: 1_600_000_000, nsec: 7, uid: 1000, gid: 100, flags: 0, root: 0 },
  ...{ extra: null, ...more },
});

describe('packed entries', () => {
  it('come out as they went in, however they are cut', () => {
    const many = Array.from({ length: 5000 }, (_, i) =>
      entry('d\xff', `file ${i}`, { size: i * 2 ** 30, mtime: 2500 - i }),
    );
    const entries = [
      entry('', '.', { mode: 0o040755, flags: 3 }),
      entry('', 'link', { mode: 0o120777, extra: { link: 'to\xffthere' } }),
      entry('', 'null', { mode: 0o020666, size: 0, extra: { rdevMajor: 1, rdevMinor: 3 } }),
      entry('', 'd\xff', { mode: 0o042770, flags: 2 }),
      ...many,
    ];
    const pieces: Buffer[] = [];
    packEntries(entries, (bytes) => pieces.push(bytes));
    expect(pieces.length).toBeGreaterThan(1);
    const all = Buffer.concat(pieces);
    const unpacker = new EntryUnpacker();
    for (let at = 0; at < all.length; at += 777) unpacker.take(all.subarray(at, at + 777));
    const compared = ({ flags: _, ...rest }: FileEntry): Omit<FileEntry, 'flags'> => rest;
    expect(unpacker.entries.map(compared)).toEqual(entries.map(compared));
  });
});
