import { describe, expect, it } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import { ByteReader, UNDERFLOW } from '../wire/byte-reader.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { FlistDecoder, isFlistEnd } from './decode.ts';
import { FlistEncoder } from './encode.ts';
import { EntryFlag, entryName, type FileEntry, type FlistLayout } from './entry.ts';
import { IdLists } from './id-lists.ts';

const BYTE_FLAGS: FlistLayout = {
  ...{ protocol: 31, incRecurse: false, varintFlags: false, safeFlist: true, id0Names: false, links: true },
  ...{ devices: true, specials: true, owner: false, group: false, numericIds: false, sumLength: 0 },
  ...{ atimes: false, crtimes: false, hardLinks: false, acls: false, xattrs: false },
};
const VARINT: FlistLayout = { ...BYTE_FLAGS, protocol: 32, varintFlags: true };

function entry(name: string, more: Partial<FileEntry> = {}): FileEntry {
  const slash = name.lastIndexOf('/');
  return {
    ...{ dir: slash < 0 ? '' : name.slice(0, slash), base: name.slice(slash + 1), mode: 0o100644, size: 0, mtime: 0 },
    ...{ nsec: 0, uid: 0, gid: 0, flags: 0, root: 0, extra: null, ...more },
  };
}

function written(write: (w: ByteWriter) => void): string {
  const out: Buffer[] = [];
  const w = new ByteWriter(
    (bytes) => out.push(bytes),
    () => 0,
  );
  write(w);
  w.flush();
  return Buffer.concat(out)
    .toString('hex')
    .replace(/..(?!$)/g, '$& ');
}

function encode(layout: FlistLayout, entries: FileEntry[]): string {
  const encoder = new FlistEncoder(layout, null);
  return written((w) => entries.forEach((e) => encoder.writeEntry(w, e)));
}

function readerOf(hex: string): ByteReader {
  const reader = new ByteReader();
  reader.push(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  return reader;
}

/** Reads entries up to the end of the bytes. */
function decode(layout: FlistLayout, hex: string, decoder = new FlistDecoder(layout)): FileEntry[] {
  const reader = readerOf(hex);
  const entries: FileEntry[] = [];
  while (reader.available > 0) {
    const next = decoder.readEntry(reader);
    if (isFlistEnd(next)) break;
    entries.push(next);
  }
  return entries;
}

function codeOf(run: () => unknown): string {
  try {
    run();
    return 'none';
  } catch (error) {
    return error instanceof DriftlineError ? `${error.data.kind}/${error.data.code}` : String(error);
  }
}

/** Wire form of a name that shares nothing: flags 0x98 (no ids, same time), then `length 0`, regular mode. */
const named = (name: string): string => {
  const bytes = Buffer.from(name, 'latin1').toString('hex');
  const length = Buffer.of(name.length).toString('hex');
  return `98${length}${bytes}000000a4810000`;
};

describe('entry flags (§6.3)', () => {
  it('are one byte, two with the extension bit, or a varint', () => {
    expect(encode(BYTE_FLAGS, [entry('a')])).toBe('98 01 61 00 00 00 a4 81 00 00');
    expect(encode(BYTE_FLAGS, [entry('a', { nsec: 5 })])).toBe('9c 20 01 61 00 00 00 05 a4 81 00 00');
    expect(encode(VARINT, [entry('a', { nsec: 5 })])).toBe('a0 98 01 61 00 00 00 05 a4 81 00 00');
  });

  it('are never the end marker', () => {
    const ids = { owner: true, group: true };
    const one = { uid: 1, gid: 1, mtime: 9, mode: 0o100600 };
    const bytes = encode({ ...BYTE_FLAGS, ...ids }, [entry('a', one), entry('b', { uid: 2, gid: 2, mtime: 8 })]);
    // The filler of a file is TOP_DIR, of a directory an empty extension byte, of a varint EXTENDED.
    expect(bytes.split(' ').slice(16, 19).join(' ')).toBe('01 01 62');
    const two = [
      entry('a', one),
      entry('b', { mode: 0o40755, uid: 2, gid: 2, mtime: 8, flags: EntryFlag.CONTENT_DIR }),
    ];
    expect(
      encode({ ...BYTE_FLAGS, ...ids }, two)
        .split(' ')
        .slice(16, 20)
        .join(' '),
    ).toBe('04 00 01 62');
    expect(
      encode({ ...VARINT, ...ids }, two)
        .split(' ')
        .slice(16, 19)
        .join(' '),
    ).toBe('04 01 62');
    for (const layout of [
      { ...BYTE_FLAGS, ...ids },
      { ...VARINT, ...ids },
    ]) {
      expect(decode(layout, encode(layout, two))).toEqual(two);
    }
  });
});

describe('names (§6.5)', () => {
  it('share a prefix with the name before', () => {
    const [, second] = [entry('top'), entry('topo/x')];
    const bytes = encode(VARINT, [entry('top'), second!]);
    expect(bytes.endsWith('80 ba 03 03 6f 2f 78 00 00 00')).toBe(true);
    expect(decode(VARINT, bytes).map(entryName)).toEqual(['top', 'topo/x']);
  });

  it('round-trip in every relation to the name before', () => {
    const long = 'l'.repeat(255);
    const names = [
      ...['a', 'a', 'ab', 'a', 'dir/a', 'dir/b', 'dir/b/c', 'dirb', 'dir', `${long}/${long}/x`, `${long}/${long}/y`],
      ...[`${long}/z`, 'z', `${'p'.repeat(254)}q`, `${'p'.repeat(254)}r`, `${'p'.repeat(256)}`, `${'p'.repeat(255)}x`],
      ...[
        '\xff\xfe',
        '\xff',
        'a\nb',
        ' ',
        `${'d/'.repeat(2000)}e`,
        `${'d/'.repeat(2000)}f`,
        'd/d/d',
        '.x',
        '..y',
        'a/...',
      ],
    ];
    for (const layout of [BYTE_FLAGS, VARINT]) {
      expect(
        decode(
          layout,
          encode(
            layout,
            names.map((name) => entry(name)),
          ),
        ).map(entryName),
      ).toEqual(names);
    }
  });

  it('shares one string among the entries of a directory', () => {
    const [a, b, c] = decode(VARINT, encode(VARINT, [entry('some/dir/a'), entry('some/dir/b'), entry('some/dir/cc')]));
    expect([a!.dir, b!.dir, c!.dir]).toEqual(['some/dir', 'some/dir', 'some/dir']);
  });

  it('are brought into normal form, while prefixes still count what was sent', () => {
    expect(decode(BYTE_FLAGS, named('a//b')).map(entryName)).toEqual(['a/b']);
    expect(decode(BYTE_FLAGS, named('./a/./b/')).map(entryName)).toEqual(['a/b']);
    expect(decode(BYTE_FLAGS, named('a/.')).map(entryName)).toEqual(['a']);
    // Second entry: flags SAME_NAME|SAME_MODE…, four shared bytes `a//b`, rest `c`.
    expect(decode(BYTE_FLAGS, `${named('a//b')}ba040163000000`).map(entryName)).toEqual(['a/b', 'a/bc']);
  });

  it.each([
    ['empty', `98 00 ${'00'.repeat(7)}`, 'flist-name'],
    ['absolute', named('/etc/x'), 'flist-name'],
    ['with a parent component', named('a/../../x'), 'flist-name'],
    ['beginning with a parent component', named('../x'), 'flist-name'],
    ['a parent component alone', named('..'), 'flist-name'],
    ['ending in a parent component', named('a/..'), 'flist-name'],
    ['with a zero byte', named('a\0b'), 'flist-name'],
    ['longer than the one before', `${named('ab')}ba0300000000`, 'flist-name'],
    ['a parent made of a shared prefix', `${named('a/.b')}ba03 02 2e2f 000000`, 'flist-name'],
    ['of 4096 bytes', 'd8 9000 000000', 'flist-name'],
    ['of 2^31 bytes', 'd8 f0ffffffff', 'flist-name'],
    ['the root as a file', named('.'), 'flist-root'],
  ])('%s: refused', (_, hex, code) => {
    expect(codeOf(() => decode(BYTE_FLAGS, hex))).toBe(`protocol/${code}`);
  });
});

describe('fields', () => {
  it('keep absent nanoseconds at zero', () => {
    const entries = [entry('a', { nsec: 999_999_999, mtime: -5 }), entry('b', { mtime: -5 })];
    expect(decode(VARINT, encode(VARINT, entries))).toEqual(entries);
  });

  it('round-trip for every kind', () => {
    const entries = [
      entry('.', { mode: 0o40755, size: 4096, flags: EntryFlag.TOP_DIR | EntryFlag.CONTENT_DIR }),
      entry('link', { mode: 0o120777, size: 3, extra: { link: 'a\xffb' } }),
      entry('tty', { mode: 0o20600, extra: { rdevMajor: 4, rdevMinor: 64 } }),
      entry('tty2', { mode: 0o20600, extra: { rdevMajor: 4, rdevMinor: 0xffffffff } }),
      entry('fifo', { mode: 0o10644 }),
      entry('disk', { mode: 0o60660, extra: { rdevMajor: 4, rdevMinor: 1 } }),
      entry('sock', { mode: 0o140755 }),
      entry('big', { size: 2 ** 53 - 1, mtime: 2 ** 40 }),
      entry('implied', { mode: 0o40755, flags: EntryFlag.TOP_DIR }),
      entry('bare', { mode: 0o40700, flags: 0 }),
    ];
    for (const protocol of [30, 31, 32]) {
      for (const varintFlags of [true, false]) {
        const layout = { ...VARINT, protocol, varintFlags };
        expect(decode(layout, encode(layout, entries))).toEqual(entries);
      }
    }
  });

  it('give and take ids with their names where the layout has them', () => {
    const layout = { ...VARINT, owner: true, group: true, incRecurse: true };
    const entries = [
      ...[entry('a', { uid: 0, gid: 5 }), entry('b', { uid: 1, gid: 5 }), entry('c', { uid: 0, gid: 0xfffffffe })],
      entry('d', { uid: 77, gid: 5 }),
    ];
    const names = { user: (id: number) => (id === 77 ? null : `u${id}`), group: (id: number) => `g${id}` };
    const encoder = new FlistEncoder(layout, names);
    const bytes = written((w) => entries.forEach((e) => encoder.writeEntry(w, e)));
    const decoder = new FlistDecoder(layout);
    expect(decode(layout, bytes, decoder)).toEqual(entries);
    expect([...decoder.uidNames]).toEqual([
      [0, 'u0'],
      [1, 'u1'],
    ]);
    expect([...decoder.gidNames]).toEqual([
      [5, 'g5'],
      [0xfffffffe, 'g4294967294'],
    ]);
  });

  it('carry list sums of regular files only, zeros where there is none', () => {
    const layout = { ...VARINT, sumLength: 8 };
    const entries = [
      entry('a', { extra: { sum: '\x01\x02\x03\x04\x05\x06\x07\xff' } }),
      entry('d', { mode: 0o40755 }),
      entry('l', { mode: 0o120777, extra: { link: 'x' } }),
    ];
    expect(decode(layout, encode(layout, entries))).toEqual(entries);
    expect(decode(layout, encode(layout, [entry('a')]))[0]!.extra).toEqual({ sum: '\0'.repeat(8) });
  });

  it.each([
    ['a negative size', '98 01 61 f8 ff ff ff ff ff ff ff a4810000', BYTE_FLAGS, 'number-too-large|flist-size'],
    ['a size beyond 2^53', '98 01 61 f8 00 00 00 00 00 00 20 a4810000', BYTE_FLAGS, 'number-too-large'],
    ['impossible nanoseconds', '9c20 01 61 000000 f000ca9a3b a4810000', BYTE_FLAGS, 'flist-time'],
    ['an unknown type', '98 01 61 000000 ff010000', BYTE_FLAGS, 'flist-mode'],
    ['mode 0', '98 01 61 000000 00000000', BYTE_FLAGS, 'flist-mode'],
    ['a mode beyond 16 bits', '98 01 61 000000 a4810100', BYTE_FLAGS, 'flist-mode'],
    ['the mode of an entry that never was', '9a 01 61 000000', BYTE_FLAGS, 'flist-mode'],
    ['an empty link target', '98 01 61 000000 ffa10000 00', BYTE_FLAGS, 'flist-link'],
    ['a link target of 4096 bytes', '98 01 61 000000 ffa10000 9000', BYTE_FLAGS, 'flist-link'],
    ['a link target with a zero byte', '98 01 61 000000 ffa10000 03 610062', BYTE_FLAGS, 'flist-link'],
    ['a hard link', '9c02 01 61 00', BYTE_FLAGS, 'flist-flags'],
    ['an access time', '9c40 01 61 00', BYTE_FLAGS, 'flist-flags'],
    ['a creation time', 'e2009800', VARINT, 'flist-flags'],
    ['negative flags', 'f0ffffffff', VARINT, 'flist-flags'],
    ['a user name outside of incremental recursion', '9c04 01 61', { ...BYTE_FLAGS, owner: true }, 'flist-flags'],
    ['nanoseconds at protocol 30', '9c20 01 61', { ...BYTE_FLAGS, protocol: 30 }, 'flist-flags'],
    ['an error marker that was not agreed on', '0410 01', { ...BYTE_FLAGS, safeFlist: false }, 'flist-flags'],
  ])('%s: refused', (_, hex, layout, codes) => {
    const code = codeOf(() => decode(layout, hex));
    expect(codes.split('|').map((one) => `protocol/${one}`)).toContain(code);
  });

  it('are read and dropped for kinds that were not asked for', () => {
    const layout = { ...VARINT, links: false, devices: false, specials: false };
    const entries = [
      entry('l', { mode: 0o120777, size: 3 }),
      entry('n', { mode: 0o20666 }),
      entry('f', { mode: 0o10644 }),
    ];
    expect(decode(layout, encode(layout, entries))).toEqual(entries);
  });

  it('stop at the entry budget', () => {
    const bytes = encode(VARINT, [entry('a'), entry('b'), entry('c')]);
    expect(codeOf(() => decode(VARINT, bytes, new FlistDecoder(VARINT, { maxEntries: 2 })))).toBe(
      'protocol/flist-too-long',
    );
    expect(decode(VARINT, bytes, new FlistDecoder(VARINT, { maxEntries: 3 }))).toHaveLength(3);
  });

  it('may hold so much at a time, and what is released counts no more', () => {
    const bytes = encode(VARINT, [entry('a'), entry('b'), entry('c')]);
    const code = 'protocol/flist-too-long';
    expect(codeOf(() => decode(VARINT, bytes, new FlistDecoder(VARINT, { maxBytes: 400 })))).toBe(code);
    const decoder = new FlistDecoder(VARINT, { maxBytes: 600 });
    for (let i = 0; i < 3; i++) {
      const entries = decode(VARINT, bytes, decoder);
      expect(entries).toHaveLength(3);
      decoder.release(entries);
    }
    // Folders stay: later lists refer to them.
    const folders = encode(VARINT, [entry('d', { mode: 0o40755 }), entry('e', { mode: 0o40755 })]);
    decoder.release(decode(VARINT, folders, decoder));
    expect(codeOf(() => decode(VARINT, bytes, decoder))).toBe(code);
  });

  it.each<[string, Partial<FlistLayout>, Partial<FileEntry>]>([
    ['links', {}, { mode: 0o120777, extra: { link: 'x'.repeat(500) } }],
    ['names of users', { owner: true, incRecurse: true }, {}],
  ])('count with their %s', (_, more, fields) => {
    const layout = { ...VARINT, ...more };
    const encoder = new FlistEncoder(layout, { user: (id) => String(id).padStart(250, 'u'), group: () => null });
    const bytes = written((w) => {
      for (let uid = 1; uid < 9; uid++) encoder.writeEntry(w, entry(`f${uid}`, { uid, ...fields }));
    });
    expect(codeOf(() => decode(layout, bytes, new FlistDecoder(layout, { maxBytes: 2400 })))).toBe(
      'protocol/flist-too-long',
    );
    expect(decode(layout, bytes, new FlistDecoder(layout, { maxBytes: 8000 }))).toHaveLength(8);
  });
});

describe('an entry that has not all arrived', () => {
  it('leaves the decoder as it was, wherever it is cut', () => {
    const layout = { ...VARINT, owner: true, group: true, incRecurse: true, sumLength: 4 };
    const names = { user: (id: number) => `u${id}`, group: (id: number) => `g${id}` };
    const entries = [
      entry('dir/first', { uid: 3, gid: 4, mtime: 100, extra: { sum: 'abcd' } }),
      entry('dir/second', {
        mode: 0o20600,
        uid: 5,
        gid: 6,
        mtime: 200,
        nsec: 7,
        extra: { rdevMajor: 9, rdevMinor: 1 },
      }),
      entry('dir/secondly', { mode: 0o20600, uid: 5, gid: 6, mtime: 200, extra: { rdevMajor: 9, rdevMinor: 2 } }),
    ];
    const encoder = new FlistEncoder(layout, names);
    const hex = written((w) => entries.forEach((e) => encoder.writeEntry(w, e))).replaceAll(' ', '');
    const bytes = Buffer.from(hex, 'hex');
    for (let cut = 0; cut < bytes.length; cut++) {
      const decoder = new FlistDecoder(layout);
      const reader = new ByteReader();
      const found: FileEntry[] = [];
      for (const piece of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
        if (piece.length === 0) continue;
        reader.push(piece);
        for (;;) {
          reader.mark();
          try {
            const next = decoder.readEntry(reader);
            if (!isFlistEnd(next)) found.push(next);
          } catch (error) {
            expect(error).toBe(UNDERFLOW);
            reader.rewind();
            break;
          }
        }
        if (found.length === 0) expect(decoder.uidNames.size + decoder.gidNames.size).toBe(0);
      }
      expect(found).toEqual(entries);
    }
  });
});

describe('absolute names (-R)', () => {
  const ABSOLUTE = EntryFlag.ABSOLUTE;

  it('have a slash in front on the wire alone', () => {
    const layout = { ...VARINT, relative: true };
    const entries = [
      entry('tmp', { mode: 0o40755, flags: EntryFlag.TOP_DIR | ABSOLUTE }),
      entry('tmp/a', { flags: ABSOLUTE }),
      entry('tmp/ab', { flags: ABSOLUTE }),
      entry('tmp/ab'),
      entry('tmp/abc'),
      entry('tmp/abc/d', { flags: ABSOLUTE }),
    ];
    const hex = encode(layout, entries);
    expect(Buffer.from(hex.replaceAll(' ', ''), 'hex').toString('latin1')).toMatch(
      /\/tmp.*\/a.*b.*tmp\/ab.*c.*\/tmp\/abc\/d/s,
    );
    expect(decode(layout, hex)).toEqual(entries);
  });

  it('may be the root', () => {
    const layout = { ...VARINT, relative: true };
    const root = entry('.', { mode: 0o40755, flags: EntryFlag.TOP_DIR | EntryFlag.CONTENT_DIR | ABSOLUTE });
    expect(decode(layout, encode(layout, [root, entry('bin', { flags: ABSOLUTE })]))).toEqual([
      root,
      entry('bin', { flags: ABSOLUTE }),
    ]);
  });
});

describe('hard links (§6.8)', () => {
  const linked = (name: string, ino: number | bigint, more: Partial<FileEntry> = {}) =>
    entry(name, { ...more, extra: { ...more.extra, hardLink: { dev: 1, ino, first: -1 } } });
  const more = { mtime: 5, nsec: 6, size: 7, mode: 0o100600 };

  /** Group and first of each entry, list by list. */
  function roundTrip(layout: FlistLayout, lists: FileEntry[][]): { groups: string[]; entries: FileEntry[] } {
    const encoder = new FlistEncoder(layout, null);
    const hex = written((w) => {
      for (const list of lists) {
        for (const each of list) encoder.writeEntry(w, each);
        encoder.writeEnd(w, 0);
      }
    });
    const reader = readerOf(hex);
    const decoder = new FlistDecoder(layout);
    const entries: FileEntry[] = [];
    while (reader.available > 0) {
      const next = decoder.readEntry(reader);
      if (!isFlistEnd(next)) entries.push(next);
    }
    return {
      entries,
      groups: entries.map(({ extra }) => (extra?.hardLink ? `${extra.hardLink.ino} ${extra.hardLink.first}` : '')),
    };
  }

  it.each([
    ['varint flags', { ...VARINT, hardLinks: true, atimes: true }],
    ['byte flags', { ...BYTE_FLAGS, hardLinks: true, atimes: true }],
    ['protocol 30', { ...BYTE_FLAGS, protocol: 30, hardLinks: true, atimes: true }],
  ])('number groups by their first entry in sending order: %s', (_, layout) => {
    const huge = 2n ** 63n + 1n;
    const { groups, entries } = roundTrip(layout, [
      [
        entry('z'),
        linked('y', 4, { ...more, extra: { atime: 9 } }),
        entry('dir', { mode: 0o40755, flags: EntryFlag.CONTENT_DIR }),
        linked('dir/x', huge, more),
        linked('dir/w', 4, more),
        linked('dir/v', huge + 1n, more),
      ],
    ]);
    expect(groups).toEqual(['', '1 -1', '', '3 -1', '1 1', '5 -1']);
    const nsec = layout.protocol >= 31 ? 6 : 0;
    expect(entries[4]).toMatchObject({ ...more, nsec, dir: 'dir', base: 'w', flags: 0, extra: { atime: 9 } });
    expect(entries[1]!.extra).not.toBe(entries[4]!.extra);
  });

  it('number groups across lists, where the whole entry is sent again', () => {
    const layout = { ...VARINT, hardLinks: true, incRecurse: true };
    const { groups, entries } = roundTrip(layout, [
      [linked('b', 8, more), entry('a')],
      [linked('d/c', 8, { ...more, size: 99 }), linked('d/e', 9), linked('d/b', 9), linked('d/a', 8, more)],
    ]);
    expect(groups).toEqual(['1 -1', '', '1 1', '5 -1', '5 5', '1 1']);
    expect(entries[2]).toMatchObject({ size: 99 });
  });

  it('give what follows an entry without attributes the right ones', () => {
    const layout = { ...VARINT, hardLinks: true, owner: true, atimes: true };
    const node = (name: string, ino: number, major: number) =>
      linked(name, ino, { mode: 0o20600, uid: 5, extra: { rdevMajor: major, rdevMinor: 1, atime: 3 } });
    const list = [node('a', 1, 8), node('b', 2, 4), node('c', 1, 8), node('d', 3, 8), entry('e', { mtime: 77 })];
    const { entries } = roundTrip(layout, [list]);
    expect(entries.map(({ extra, uid }) => [extra?.rdevMajor, uid])).toEqual([
      [8, 5],
      [4, 5],
      [8, 5],
      [8, 5],
      [undefined, 0],
    ]);
  });

  it.each([
    ['without having agreed on links', VARINT, '8200 01 61', 'protocol/flist-flags'],
    ['to an entry that is not there', { ...VARINT, hardLinks: true }, '8200 01 61 07', 'protocol/flist-link-group'],
    ['to itself', { ...VARINT, hardLinks: true }, '8200 01 61 00', 'protocol/flist-link-group'],
    ['on a folder', { ...VARINT, hardLinks: true }, '9298 01 61 000000 ed410000', 'protocol/flist-link-group'],
  ])('are refused %s', (_, layout, hex, code) => {
    expect(codeOf(() => decode(layout, hex))).toBe(code);
  });
});

describe('end of a list (§6.11)', () => {
  const end = (layout: FlistLayout, ioError: number): string =>
    written((w) => new FlistEncoder(layout, null).writeEnd(w, ioError));

  it.each([
    [VARINT, 0, '00 00', 0],
    [VARINT, 3, '00 03', 3],
    [BYTE_FLAGS, 0, '00', 0],
    [BYTE_FLAGS, 1, '04 10 01', 1],
    [{ ...BYTE_FLAGS, protocol: 30, safeFlist: false }, 1, '00', 0],
  ])('layout %#', (layout, ioError, hex, read) => {
    expect(end(layout, ioError)).toBe(hex);
    expect(new FlistDecoder(layout).readEntry(readerOf(hex))).toEqual({ end: true, ioError: read });
  });

  it('masks error bits that mean nothing', () => {
    expect(new FlistDecoder(VARINT).readEntry(readerOf('00 f0ffffffff'))).toEqual({ end: true, ioError: 7 });
  });
});

describe('id lists (§6.12)', () => {
  const readIdLists = (hex: string, shape: FlistLayout): IdLists => {
    const ids = new IdLists(shape);
    const reader = readerOf(hex);
    while (ids.step(reader));
    return ids;
  };
  const layout = { ...VARINT, owner: true, group: true, id0Names: true };
  const names = { user: (id: number) => (id === 9 ? null : `user${id}`), group: (id: number) => `group${id}` };

  it('name the ids that occurred, and id 0', () => {
    const encoder = new FlistEncoder(layout, names);
    const entries = [entry('a', { uid: 3, gid: 0 }), entry('b', { uid: 9, gid: 4 }), entry('c', { uid: 3, gid: 0 })];
    written((w) => entries.forEach((e) => encoder.writeEntry(w, e)));
    const lists = readIdLists(
      written((w) => encoder.writeTail(w, 0)),
      layout,
    );
    expect([...lists.users].sort()).toEqual([
      [0, 'user0'],
      [3, 'user3'],
    ]);
    expect([...lists.groups].sort()).toEqual([
      [0, 'group0'],
      [4, 'group4'],
    ]);
  });

  it.each([
    ['without names of id 0', { ...layout, id0Names: false }, '00 00'],
    ['of users alone', { ...layout, group: false, id0Names: false }, '00'],
    ['with numeric ids', { ...layout, numericIds: true }, ''],
    ['with incremental recursion', { ...layout, incRecurse: true }, ''],
  ])('%s', (_, shape, hex) => {
    expect(written((w) => new FlistEncoder(shape, names).writeTail(w, 0))).toBe(hex);
    expect(readIdLists(hex, shape)).toMatchObject({ users: new Map(), groups: new Map() });
  });

  it('end somewhere', () => {
    const endless = '01 00'.repeat(200_002);
    expect(codeOf(() => readIdLists(endless, layout))).toBe('protocol/flist-ids');
  });

  it('are read a name at a time, so that no slow peer has them read again', () => {
    const ids = new IdLists(layout);
    const reader = readerOf('05 01 61 06 02 62');
    expect(ids.step(reader)).toBe(true);
    expect(() => ids.step(reader)).toThrow(UNDERFLOW);
    expect([...ids.users]).toEqual([[5, 'a']]);
  });
});
