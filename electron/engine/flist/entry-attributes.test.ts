import { describe, expect, it } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import { ByteReader, UNDERFLOW } from '../wire/byte-reader.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import {
  type Acl,
  AclReader,
  AclTable,
  AclWriter,
  completeAcl,
  completeDefaultAcl,
  NONE,
  NO_ACL,
  stripAcl,
} from './acl.ts';
import { FlistDecoder, isFlistEnd } from './decode.ts';
import { FlistEncoder } from './encode.ts';
import { AttributeTables } from './entry-attributes.ts';
import type { FileEntry, FlistLayout } from './entry.ts';
import { digestOf, readValueHead, readXattrRequest, sourceXattr, writeXattrRequest, XattrReader } from './xattr.ts';

const LAYOUT: FlistLayout = {
  ...{ protocol: 32, incRecurse: true, varintFlags: true, safeFlist: true, id0Names: true, links: true },
  ...{ devices: true, specials: true, owner: true, group: true, numericIds: false, sumLength: 0 },
  ...{ atimes: false, crtimes: false, hardLinks: false, missing: false, acls: true, xattrs: true },
};
const NAMES = { user: (id: number) => `user${id}`, group: (id: number) => (id === 9 ? null : `group${id}`) };

const entry = (base: string, mode: number, extra: FileEntry['extra'] = null): FileEntry => ({
  ...{ dir: '', base, mode, size: 1, mtime: 5, nsec: 0, uid: 0, gid: 0, flags: 0, root: 0, extra },
});

function bytesOf(write: (w: ByteWriter) => void): Buffer {
  const out: Buffer[] = [];
  const w = new ByteWriter(
    (bytes) => out.push(bytes),
    () => 0,
  );
  write(w);
  w.flush();
  return Buffer.concat(out);
}
function readerOf(bytes: Buffer | string): ByteReader {
  const reader = new ByteReader();
  reader.push(typeof bytes === 'string' ? Buffer.from(bytes.replaceAll(' ', ''), 'hex') : bytes);
  return reader;
}
const hex = (bytes: Buffer): string => bytes.toString('hex').replace(/..(?!$)/g, '$& ');
function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof DriftlineError ? error.data.code : error === UNDERFLOW ? 'underflow' : String(error);
  }
  return 'none';
}

const daemons: Acl = {
  ...{ user: 6, group: 4, mask: 7, other: 4 },
  names: [
    { isUser: true, id: 1, access: 7 },
    { isUser: false, id: 1, access: 4 },
  ],
};

describe('ACLs', () => {
  it('lose what the mode says and get it back', () => {
    const stripped = stripAcl(daemons, 0o100674);
    expect(stripped).toEqual({ user: NONE, group: 4, mask: NONE, other: NONE, names: daemons.names });
    expect(completeAcl(stripped, 0o674)).toEqual(daemons);
    expect(stripAcl({ ...daemons, mask: 4 }, 0o100644)).toMatchObject({ group: NONE, mask: NONE });
    // A mask without names cannot be told from the group's bits, so it stays.
    expect(stripAcl({ ...daemons, names: [], mask: 4 }, 0o100644)).toMatchObject({ group: NONE, mask: 4 });
  });

  it('get the mask the system demands of a default ACL', () => {
    expect(completeDefaultAcl({ ...daemons, mask: NONE })).toMatchObject({ mask: 7 });
    expect(completeDefaultAcl({ ...daemons, mask: 1 })).toMatchObject({ mask: 1 });
    expect(completeDefaultAcl(NO_ACL)).toBe(NO_ACL);
  });

  it('travel as rsync sends them: in full once, then by number', () => {
    const table = new AclTable();
    const writer = new AclWriter();
    const index = table.add(stripAcl(daemons, 0o674));
    expect(table.add(stripAcl(daemons, 0o674))).toBe(index);
    const write = (i: number | undefined) =>
      hex(bytesOf((w) => writer.write(w, table, i, (isUser) => (isUser ? null : 'daemon'))));
    expect(write(index)).toBe('00 12 04 02 01 1e 01 11 06 64 61 65 6d 6f 6e');
    expect(write(undefined)).toBe('00 00');
    expect(write(index)).toBe('01');
    expect(write(undefined)).toBe('02');
  });

  it.each([
    ['a number never sent', '01'],
    ['a negative number', 'f0 ff ff ff ff'],
    ['unknown parts', '00 20'],
    ['impossible permissions', '00 01 08'],
    ['impossible permissions of a name', '00 10 01 05 20'],
    ['too many names', '00 10 c1 01 00'],
  ])('with %s are refused', (_, bytes) => {
    expect(codeOf(() => new AclReader().read(readerOf(bytes)))).toBe('flist-acl');
  });

  it('have bounded text in all, since each is read in one piece', () => {
    const bytes = bytesOf((w) => {
      w.varint(0);
      w.u8(16);
      w.varint(65536);
      for (let id = 0; id < 65536; id++) {
        w.varint(id);
        w.varint((4 << 2) | 3);
        w.u8(255);
        w.string('n'.repeat(255));
      }
    });
    expect(codeOf(() => new AclReader().read(readerOf(hex(bytes.subarray(0, 5000 * 262)))))).toBe('flist-acl');
  });

  it('are not kept before the entry is whole', () => {
    const reader = new AclReader();
    const read = reader.read(readerOf('00 01 07'));
    expect(codeOf(() => reader.read(readerOf('01')))).toBe('flist-acl');
    reader.keep(read);
    expect(reader.get(reader.read(readerOf('01')).index)).toMatchObject({ user: 7 });
    expect(codeOf(() => reader.read(readerOf('00 10 02 01 05')))).toBe('underflow');
  });
});

describe('extended attributes', () => {
  const long = Buffer.alloc(40, 'x');

  it.each([
    ['a number never sent', '01'],
    ['too many of them', '00 c1 01 00'],
    ['no name', '00 01 01 00 00'],
    ['a name without an end', '00 01 02 00 61 62'],
    ['a name with two ends', '00 01 03 00 61 00 00'],
    ['a name of 4097 bytes', '00 01 90 01 00'],
    ['a value of 128 MiB and a byte', '00 01 02 f0 01 00 00 08'],
  ])('with %s are refused', (_, bytes) => {
    expect(codeOf(() => new XattrReader().read(readerOf(bytes)))).toBe('xattr');
  });

  it('of one file have bounded names in all', () => {
    const name = `${'n'.repeat(4094)}\0`;
    const bytes = bytesOf((w) => {
      w.varint(0);
      w.varint(300);
      for (let i = 0; i < 300; i++) {
        w.varint(name.length);
        w.varint(0);
        w.string(name);
      }
    });
    expect(codeOf(() => new XattrReader().read(readerOf(bytes)))).toBe('xattr');
  });

  it('are asked for by steps of their numbers', () => {
    const bytes = bytesOf((w) => writeXattrRequest(w, [1, 3, 700]));
    expect(hex(bytes)).toBe('01 02 82 b9 00');
    expect(readXattrRequest(readerOf(bytes))).toEqual([1, 3, 700]);
    expect(codeOf(() => readXattrRequest(readerOf('f0 ff ff ff ff 00')))).toBe('xattr');
    expect(codeOf(() => readXattrRequest(readerOf('01 01')))).toBe('underflow');
    expect(readValueHead(readerOf('02 28'), 1)).toEqual({ number: 3, size: 40 });
    expect(readValueHead(readerOf('00'), 1)).toBeNull();
    expect(codeOf(() => readValueHead(readerOf('01 f0 01 00 00 08'), 0))).toBe('xattr');
  });

  it('travel with ACLs behind each entry, cut anywhere, and come back', () => {
    const tables = new AttributeTables();
    const set = [sourceXattr('user.a', 'user.a', Buffer.from('1')), sourceXattr('user.l', 'user.l', long)];
    const extra = () => ({ acl: tables.acls.add(stripAcl(daemons, 0o674)), xattr: tables.xattrs.add(set) });
    const entries = [
      entry('f', 0o100674, extra()),
      entry('link', 0o120777, { link: 'f' }),
      entry('plain', 0o100644),
      entry('sub', 0o040755, { defaultAcl: tables.defaultAcls.add(daemons) }),
      entry('z', 0o100674, extra()),
    ];
    const encoder = new FlistEncoder(LAYOUT, NAMES, tables);
    const bytes = bytesOf((w) => {
      for (const each of entries) encoder.writeEntry(w, each);
      encoder.writeEnd(w, 0);
    });
    for (let cut = 0; cut < bytes.length; cut++) {
      const decoder = new FlistDecoder(LAYOUT);
      const reader = new ByteReader();
      reader.push(bytes.subarray(0, cut));
      const found: FileEntry[] = [];
      for (let pushed = false; ;) {
        reader.mark();
        try {
          const next = decoder.readEntry(reader);
          if (isFlistEnd(next)) break;
          found.push(next);
        } catch (error) {
          if (error !== UNDERFLOW || pushed) throw error;
          reader.rewind();
          reader.push(bytes.subarray(cut));
          pushed = true;
        }
      }
      const { acls, defaultAcls, xattrs } = decoder.attributes!;
      expect(found.map((each) => each.extra?.xattr)).toEqual([0, 1, 1, 1, 0]);
      expect(acls.get(found[0]!.extra!.acl)).toEqual(stripAcl(daemons, 0o674));
      expect(found[4]!.extra!.acl).toBe(found[0]!.extra!.acl);
      expect(found[1]!.extra!.acl).toBeUndefined();
      expect(acls.get(found[2]!.extra!.acl)).toEqual(NO_ACL);
      expect(defaultAcls.get(found[3]!.extra!.defaultAcl)).toEqual(daemons);
      expect(xattrs.get(found[0]!.extra!.xattr)).toEqual([
        { number: 1, name: 'user.a', size: 1, content: '1', isLong: false },
        { number: 2, name: 'user.l', size: 40, content: digestOf(long), isLong: true },
      ]);
      expect([...decoder.uidNames]).toEqual([[0, 'user0'], [1, 'user1']]); // prettier-ignore
      expect([...decoder.gidNames]).toEqual([[0, 'group0'], [1, 'group1']]); // prettier-ignore
    }
  });
});
