import { describe, expect, it } from 'vitest';
import { ByteReader } from '../wire/byte-reader.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { FlistDecoder, isFlistEnd } from './decode.ts';
import { packDevice, unpackDevice } from './device-number.ts';
import { FlistEncoder } from './encode.ts';
import { EntryFlag, entryName, type EntryExtra, type FileEntry, type FlistLayout } from './entry.ts';
import { IdLists } from './id-lists.ts';

/** Lists as protocols before 30 have them (reference §6, §12.1); captured ones are in test/wire. */
const OLD: FlistLayout = {
  ...{ protocol: 29, incRecurse: false, varintFlags: false, safeFlist: false, id0Names: false, links: true },
  ...{ devices: true, specials: true, owner: false, group: false, numericIds: false, sumLength: 0 },
  ...{ atimes: false, crtimes: false, hardLinks: true, acls: false, xattrs: false, recursive: true },
};

function entry(name: string, more: Partial<FileEntry> = {}): FileEntry {
  const slash = name.lastIndexOf('/');
  return {
    ...{ dir: slash < 0 ? '' : name.slice(0, slash), base: name.slice(slash + 1), mode: 0o100644, size: 0, mtime: 0 },
    ...{ nsec: 0, uid: 0, gid: 0, flags: 0, root: 0, extra: null, ...more },
  };
}
const folder = (name: string, flags = 0): FileEntry => entry(name, { mode: 0o40755, flags });
const linked = (name: string, dev: number | bigint, ino: number | bigint): FileEntry =>
  entry(name, { extra: { hardLink: { dev, ino, first: -1 } } });

function encode(layout: FlistLayout, entries: FileEntry[]): Buffer {
  const out: Buffer[] = [];
  const w = new ByteWriter(
    (bytes) => out.push(bytes),
    () => 0,
  );
  w.fixed = true;
  const encoder = new FlistEncoder(layout, null);
  entries.forEach((each) => encoder.writeEntry(w, each));
  w.flush();
  return Buffer.concat(out);
}

function decode(layout: FlistLayout, bytes: Buffer): FileEntry[] {
  const reader = Object.assign(new ByteReader(), { fixed: true });
  const decoder = new FlistDecoder(layout);
  const entries: FileEntry[] = [];
  reader.push(bytes);
  while (reader.available > 0) {
    const next = decoder.readEntry(reader);
    if (isFlistEnd(next)) break;
    entries.push(next);
  }
  return entries;
}

const again = (layout: FlistLayout, entries: FileEntry[]): FileEntry[] => decode(layout, encode(layout, entries));

describe('hard links', () => {
  const names = [linked('a', 5, 7), linked('b', 5, 2n ** 60n), linked('c', 6, 7), linked('d', 5, 7)];

  it('are told by device and inode, the device one more and only where it is another', () => {
    const hex = encode({ ...OLD, protocol: 28 }, names.slice(0, 2)).toString('hex');
    // flags, length, name, size, time, mode | device + 1, inode
    expect(hex.slice(0, 40)).toBe(`9c020161${'00000000'}a4810000${'06000000'}07000000`.slice(0, 40));
    expect(hex.slice(40)).toBe(`9e060162${'00000000'}${'ffffffff'}${'0000000000000010'}`);
  });

  it.each([27, 28, 29])('are the same where device and inode are, protocol %i', (protocol) => {
    const groups = again({ ...OLD, protocol }, names).map(({ extra }) => extra?.hardLink);
    expect(groups).toEqual([
      { dev: 0, ino: 0, first: -1 },
      { dev: 0, ino: 1, first: -1 },
      { dev: 0, ino: 2, first: -1 },
      { dev: 0, ino: 0, first: 0 },
    ]);
  });

  it('before protocol 28, files with one name are told to be like no other', () => {
    const layout = { ...OLD, protocol: 27 };
    const found = again(layout, [entry('x'), linked('a', 5, 0), entry('y'), folder('z')]);
    const groups = found.map(({ extra }) => extra?.hardLink?.ino);
    expect(new Set(groups.slice(0, 3)).size).toBe(3);
    expect(groups[3]).toBeUndefined();
  });
});

describe('devices', () => {
  const device = (name: string, rdevMajor: number, rdevMinor: number): FileEntry =>
    entry(name, { mode: 0o20600, extra: { rdevMajor, rdevMinor } });
  const fifo = entry('p', { mode: 0o10600 });
  const all = [device('a', 1, 3), fifo, device('b', 1, 300), entry('f'), device('c', 1, 300), device('d', 1, 300)];
  const numbers = (entries: FileEntry[]): (EntryExtra | null)[] =>
    entries.map(({ extra }) => extra && { rdevMajor: extra.rdevMajor!, rdevMinor: extra.rdevMinor! });

  it.each([27, 28, 29, 30])('keep their numbers at protocol %i', (protocol) => {
    const layout = { ...OLD, hardLinks: false, protocol };
    expect(numbers(again(layout, all))).toEqual(numbers(all));
  });

  it('are packed as Linux packs them', () => {
    expect(packDevice(7, 300)).toBe(0x10072c);
    for (const [major, minor] of [
      [0, 0],
      [4095, 0xfffff],
      [8, 255],
      [1, 256],
    ] as const)
      // prettier-ignore
      expect(unpackDevice(packDevice(major, minor))).toEqual({ major, minor });
  });
});

describe('contents of folders', () => {
  const TOP = EntryFlag.TOP_DIR | EntryFlag.CONTENT_DIR;
  const CONTENT = EntryFlag.CONTENT_DIR;
  const found = (layout: FlistLayout, entries: FileEntry[]): [string, number][] =>
    again({ ...layout, hardLinks: false }, entries).map((each) => [entryName(each), each.flags]);

  it('are those of arguments and of all folders behind them', () => {
    const entries = [folder('.', TOP), folder('a', CONTENT), folder('a/b', CONTENT)];
    expect(found(OLD, entries)).toEqual([
      ['.', TOP],
      ['a', CONTENT],
      ['a/b', CONTENT],
    ]);
  });

  it('with -R, not those of parents, before an argument or behind it', () => {
    const parent = EntryFlag.TOP_DIR;
    const entries = [folder('p', parent), folder('p/a', TOP), folder('p/a/x', CONTENT), folder('q', parent)];
    expect(found({ ...OLD, relative: true }, entries)).toEqual(entries.map((each) => [entryName(each), each.flags]));
  });

  it('without recursion, of nothing but arguments', () => {
    expect(found({ ...OLD, recursive: false }, [folder('.', TOP), folder('a')])).toEqual([
      ['.', TOP],
      ['a', 0],
    ]);
  });
});

it('errors stand behind the lists of ids', () => {
  const reader = Object.assign(new ByteReader(), { fixed: true });
  reader.push(Buffer.from('03000000' + '0161' + '00000000' + '09000000', 'hex'));
  const tail = new IdLists({ ...OLD, owner: true });
  while (tail.step(reader));
  expect(tail).toMatchObject({ users: new Map([[3, 'a']]), groups: new Map(), ioError: 1 });
  expect(reader.available).toBe(0);
});
