import { Duplex } from 'node:stream';
import { createBlockSum, createFileSum, loadChecksums } from '../../electron/engine/checksum/strong.ts';
import { compressionAt, type CompressionName } from '../../electron/engine/compress/method.ts';
import { createTokenReader } from '../../electron/engine/compress/token-reader.ts';
import { createTokenWriter } from '../../electron/engine/compress/token-writer.ts';
import { loadZstd } from '../../electron/engine/compress/zstd.ts';
import { Connection } from '../../electron/engine/connection.ts';
import { Applier } from '../../electron/engine/delta/apply.ts';
import { Matcher } from '../../electron/engine/delta/match.ts';
import { SignatureTable, SignatureWriter } from '../../electron/engine/delta/signature.ts';
import { chooseSumHead, validateSumHead } from '../../electron/engine/delta/sum-head.ts';
import { dialectOf } from '../../electron/engine/wire/dialect.ts';
import { FilterChain } from '../../electron/engine/filter/chain.ts';
import type { FilterRule } from '../../electron/engine/filter/rule.ts';
import { decodeRule, MAX_RULE_TEXT } from '../../electron/engine/filter/wire.ts';
import { stripAcl } from '../../electron/engine/flist/acl.ts';
import { FlistDecoder, isFlistEnd } from '../../electron/engine/flist/decode.ts';
import { FlistEncoder } from '../../electron/engine/flist/encode.ts';
import { AttributeTables } from '../../electron/engine/flist/entry-attributes.ts';
import { EntryFlag, type FileEntry, type FlistLayout } from '../../electron/engine/flist/entry.ts';
import { FileLists } from '../../electron/engine/flist/file-lists.ts';
import { listedArgument, namesOf } from '../../electron/engine/flist/files-from.ts';
import { IdLists } from '../../electron/engine/flist/id-lists.ts';
import { readValueHead, readXattrRequest, sourceXattr, writeXattrRequest } from '../../electron/engine/flist/xattr.ts';
import { formatFakeAcl, formatKernelAcl, parseFakeAcl, parseKernelAcl } from '../../electron/engine/fs/acl.ts';
import { parseFakeStat } from '../../electron/engine/fs/fake-super.ts';
import { greetDaemon } from '../../electron/engine/handshake/daemon.ts';
import { negotiateAsClient, negotiateAsServer, receiveSeed } from '../../electron/engine/handshake/negotiate.ts';
import { buildServerArgs } from '../../electron/engine/handshake/server-args.ts';
import { parseClientWords, parseServerWords } from '../../electron/engine/options/parse.ts';
import { DEFAULT_OPTIONS } from '../../electron/engine/options/transfer-options.ts';
import { readCounts, writeDeleteStats } from '../../electron/engine/roles/delete-stats.ts';
import { ByteReader } from '../../electron/engine/wire/byte-reader.ts';
import { ByteWriter } from '../../electron/engine/wire/byte-writer.ts';
import { Msg } from '../../electron/engine/wire/constants.ts';
import { PeerInput } from '../../electron/engine/wire/peer-input.ts';
import { PeerOutput } from '../../electron/engine/wire/peer-output.ts';
import type { Random } from '../differential/random.ts';

/** A reader of bytes or text from a peer, with a way to make what it reads. */
export interface Decoder {
  readonly name: string;
  /** A stream by the rules; what shapes it besides goes to `decode` by the same random numbers. */
  valid(random: Random): Buffer;
  /** Reads what is left of it. Anything but an error of a kind that says what is wrong is a bug. */
  decode(bytes: Buffer, random: Random): void | Promise<void>;
}

/** Everything that must be loaded before the decoders below run. */
export async function loadDecoders(): Promise<void> {
  await Promise.all([loadZstd(), loadChecksums(['md5', 'xxh64', 'xxh128'], 7)]);
}

const written = (write: (w: ByteWriter) => void): Buffer => {
  const parts: Buffer[] = [];
  const w = new ByteWriter(
    (bytes) => parts.push(bytes),
    () => 0,
  );
  write(w);
  w.flush();
  return Buffer.concat(parts);
};

const readerOf = (bytes: Buffer): ByteReader => {
  const reader = new ByteReader();
  reader.push(bytes);
  return reader;
};

/** A stream that brings `bytes` in one piece or two, takes everything, and ends. */
function streamOf(bytes: Buffer, random: Random): Duplex {
  const cut = random.int(0, bytes.length);
  const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)].filter((piece) => piece.length > 0);
  return new Duplex({
    read() {
      this.push(pieces.shift() ?? null);
    },
    write: (_chunk, _encoding, done) => done(),
  });
}

const text = (random: Random, most: number, letters = 'ab.-_ é\n*[]?\\'): string =>
  Array.from({ length: random.int(1, most) }, () => random.pick([...letters])).join('');

const numbers: Decoder = {
  name: 'numbers and strings',
  valid: (random) =>
    written((w) => {
      for (let i = 0; i < 30; i++) {
        w.varint(random.int(-(2 ** 31), 2 ** 31 - 1));
        w.varlong(random.int(0, 2 ** 50), 3);
        w.ndx(random.pick([-1, -2, 0, 1, 5, 300, 70_000, 2 ** 30]));
        w.vstring(text(random, 200));
        w.string(`${text(random, 20)}\0`);
      }
    }),
  decode(bytes) {
    const reader = readerOf(bytes);
    while (reader.available > 0) {
      reader.varint();
      reader.varlong(3);
      reader.ndx();
      reader.vstring(255);
      reader.untilNul(4096);
    }
  },
};

const frames: Decoder = {
  name: 'frames and messages',
  valid(random) {
    const parts: Buffer[] = [];
    const output = new PeerOutput(
      new Duplex({
        read() {},
        write: (chunk: Buffer, _encoding, done) => {
          parts.push(chunk);
          done();
        },
      }),
    );
    output.startMux();
    for (let i = 0; i < 20; i++) {
      const code = random.pick([Msg.INFO, Msg.ERROR, Msg.WARNING, Msg.ERROR_XFER, Msg.DELETED]);
      const kind = random.int(0, 2);
      if (kind === 0) output.data.string(text(random, 300));
      else if (kind === 1) output.message(code, Buffer.from(text(random, 100), 'latin1'));
      else output.messageInt(random.pick([Msg.IO_ERROR, Msg.IO_TIMEOUT, Msg.NO_SEND, Msg.SUCCESS]), random.int(-3, 99));
      output.flush();
    }
    return Buffer.concat(parts);
  },
  async decode(bytes, random) {
    const stream = streamOf(bytes, random);
    const transport = { stream, stderr: null, exit: Promise.resolve({ code: 0, signal: null }), description: 'x' };
    const conn = new Connection({ ...transport, close: () => stream.destroy() }, DEFAULT_OPTIONS, false, {
      signal: new AbortController().signal,
      onEvent: () => {},
    });
    conn.input.startMux();
    try {
      for (;;) {
        await conn.input.fill();
        conn.input.reader.view(conn.input.reader.available);
      }
    } finally {
      conn.dispose();
    }
  },
};

function layoutOf(random: Random): FlistLayout {
  const flag = (): boolean => random.chance(0.5);
  const protocol = random.pick([27, 28, 29, 30, 31, 32]);
  const old = protocol < 30;
  const since30 = (): boolean => flag() && !old;
  return {
    ...{ protocol, incRecurse: since30(), varintFlags: since30(), safeFlist: protocol >= 31 || since30() },
    ...{ id0Names: since30(), links: flag(), devices: flag(), specials: flag(), owner: flag(), group: flag() },
    ...{ numericIds: flag(), sumLength: random.pick([0, 0, 16]), atimes: since30(), crtimes: false },
    ...{ hardLinks: flag(), acls: since30(), xattrs: since30(), relative: flag(), missing: flag(), recursive: flag() },
  };
}

function entriesOf(random: Random, layout: FlistLayout, tables: AttributeTables): FileEntry[] {
  const dirs = [''];
  return Array.from({ length: random.int(1, 40) }, (_, i): FileEntry => {
    const dir = layout.incRecurse ? '' : random.pick(dirs);
    const base = i === 0 ? '.' : `${text(random, 12, 'abc é')}${i}`;
    const kind = i === 0 ? 0o040000 : random.pick([0o100000, 0o100000, 0o040000, 0o120000, 0o060000, 0o010000]);
    if (kind === 0o040000 && i > 0) dirs.push(dir === '' ? base : `${dir}/${base}`);
    const acl = stripAcl({ user: 6, group: 4, mask: 6, other: 4, names: [{ isUser: true, id: i, access: 6 }] }, 0o664);
    return {
      ...{ dir, base, mode: kind | 0o644, size: random.int(0, 2 ** 40), mtime: random.int(-5, 2 ** 33) },
      ...{ nsec: random.pick([0, 999_999_999]), uid: random.int(0, 3), gid: random.int(0, 3), root: 0 },
      flags: kind === 0o040000 ? EntryFlag.CONTENT_DIR : 0,
      extra: {
        ...(kind === 0o120000 ? { link: text(random, 30, 'ab/.') } : {}),
        ...(kind === 0o060000 ? { rdevMajor: 8, rdevMinor: i } : {}),
        ...(kind === 0o100000 && layout.sumLength > 0 ? { sum: 's'.repeat(layout.sumLength) } : {}),
        ...(kind === 0o100000 && layout.hardLinks && random.chance(0.3)
          ? { hardLink: { dev: 1, ino: random.int(1, 3), first: -1 } }
          : {}),
        ...(random.chance(0.5) ? { acl: tables.acls.add(acl), defaultAcl: tables.defaultAcls.add(acl) } : {}),
        ...(random.chance(0.5)
          ? { xattr: tables.xattrs.add([sourceXattr('user.a', 'user.a', Buffer.alloc(random.int(0, 60), 'v'))]) }
          : {}),
      },
    };
  });
}

const names = { user: (id: number) => `user${id}`, group: (id: number) => `group${id}` };

const lists: Decoder = {
  name: 'file lists',
  valid(random) {
    const layout = layoutOf(random);
    const tables = new AttributeTables();
    const encoder = new FlistEncoder(layout, names, tables);
    return written((w) => {
      w.fixed = layout.protocol < 30;
      for (const entry of entriesOf(random, layout, tables)) encoder.writeEntry(w, entry);
      encoder.writeEnd(w, random.int(0, 7));
      encoder.writeTail(w, 0);
    });
  },
  decode(bytes, random) {
    const layout = layoutOf(random);
    const decoder = new FlistDecoder(layout);
    const all = new FileLists(layout.incRecurse, true, layout.protocol >= 29);
    const reader = readerOf(bytes);
    reader.fixed = layout.protocol < 30;
    const entries: FileEntry[] = [];
    for (;;) {
      const next = decoder.readEntry(reader);
      if (isFlistEnd(next)) break;
      entries.push(next);
    }
    const ids = new IdLists(layout);
    while (ids.step(reader));
    all.add(entries, -1);
    decoder.release(entries);
  },
};

const BASIS = Buffer.from(Array.from({ length: 6000 }, (_, i) => (i * 7) & 255));
const basis = {
  read: (into: Uint8Array, offset: number, length: number, position: number): number => {
    const part = BASIS.subarray(position, position + length);
    into.set(part, offset);
    return part.length;
  },
};
const HEAD = chooseSumHead(BASIS.length, { blockSize: 0, checksumLength: 16, redo: false });

const searcher = new Matcher({ literal: () => {}, match: () => {} }, createBlockSum('md5', 7, { seedFirst: true }));

const signatures: Decoder = {
  name: 'block sums',
  valid: () =>
    written((w) => {
      for (const value of [HEAD.count, HEAD.blockLength, HEAD.strongLength, HEAD.remainder]) w.i32(value);
      const writer = new SignatureWriter(createBlockSum('md5', 7, { seedFirst: true }));
      writer.begin(HEAD, basis);
      for (let sums = writer.next(); sums !== null; sums = writer.next()) w.bytes(sums, 0, sums.length);
    }),
  decode(bytes) {
    const r = readerOf(bytes);
    const head = { count: r.i32(), blockLength: r.i32(), strongLength: r.i32(), remainder: r.i32() };
    validateSumHead(head, { checksumLength: 16 });
    const table = new SignatureTable(head);
    while (table.missing > 0) {
      const view = r.view(table.entryLength);
      table.add(view, 0, view.length);
    }
    searcher.begin(basis, BASIS.length, table, createFileSum('none'));
    while (searcher.step(65536));
  },
};

const tokens = (name: CompressionName | null, protocol: number): Decoder => ({
  name: `tokens: ${name ?? 'plain'}, protocol ${protocol}`,
  valid: (random) =>
    written((w) => {
      const writer = createTokenWriter(w, name && compressionAt(name, null), protocol);
      for (let i = 0; i < 2; i++) {
        writer.begin();
        for (let part = random.int(0, 8); part > 0; part--) {
          if (random.chance(0.5)) {
            const data = Buffer.from(text(random, 900), 'latin1');
            writer.literal(data, 0, data.length);
          } else {
            const index = random.int(0, HEAD.count - 1);
            writer.match(index, BASIS, index * HEAD.blockLength, Math.min(700, BASIS.length - index * 700));
          }
        }
        writer.end();
      }
      writer.dispose();
    }),
  decode(bytes) {
    const reader = createTokenReader(name && compressionAt(name, null), protocol);
    const applier = new Applier();
    const r = readerOf(bytes);
    try {
      for (let i = 0; i < 2; i++) {
        applier.begin(HEAD, basis, { write: () => {}, pass: () => {} }, createFileSum('md5'));
        reader.begin(applier);
        while (reader.step(r));
        applier.finish();
      }
    } finally {
      reader.dispose();
    }
  },
});

const RULES = [
  '- *.o',
  '+ /a/**/b?',
  '-!p x[a-z]*',
  'P keep',
  ':n- .filter',
  ': /.rsync-filter',
  '-C',
  '-s *',
  '!',
  '-x user.*',
];

const filters: Decoder = {
  name: 'filter rules',
  valid: (random) =>
    written((w) => {
      for (let i = 0; i < 12; i++) {
        const rule = random.chance(0.3) ? `- ${text(random, 40, 'ab*?[]\\/!-')}` : random.pick(RULES);
        w.i32(rule.length);
        w.string(rule);
      }
      w.i32(0);
    }),
  decode(bytes) {
    const r = readerOf(bytes);
    const rules: FilterRule[] = [];
    for (let length = r.i32(); length !== 0; length = r.i32()) {
      if (length < 0 || length > MAX_RULE_TEXT) return;
      const rule = r.string(length);
      decodeRule(rules, rule, dialectOf(32));
      decodeRule(rules, rule, dialectOf(28));
    }
    const mergeFiles = { read: () => '- x', floor: '/', from0: false };
    const chain = new FilterChain(rules, 'sender', '/', { mergeFiles });
    for (const name of ['a', 'a/b/c.o', 'x'.repeat(4000), `${'a'.repeat(200)}/`.repeat(15)]) chain.check(name, false);
  },
};

const attributes: Decoder = {
  name: 'requests for attributes, values and counts',
  valid: (random) =>
    written((w) => {
      writeXattrRequest(w, [1, 2, random.int(3, 65_536)]);
      w.varint(1);
      w.varint(random.int(0, 2 ** 27));
      writeDeleteStats(w, { wire: [1, 2, 3, 4, random.int(0, 2 ** 28)] });
    }),
  decode(bytes) {
    const r = readerOf(bytes);
    readXattrRequest(r);
    readValueHead(r, 0);
    r.ndx();
    readCounts(r);
  },
};

const stored: Decoder = {
  name: 'attributes that stand for owners, modes and ACLs',
  valid(random) {
    const acl = { user: 6, group: 4, mask: 6, other: 4, names: [{ isUser: true, id: random.int(0, 9), access: 6 }] };
    return random.pick([formatKernelAcl(acl), formatFakeAcl(acl), Buffer.from('100644 8,1 3:4')]);
  },
  decode(bytes) {
    parseKernelAcl(bytes);
    parseFakeAcl(bytes);
    parseFakeStat(bytes.toString('latin1'));
  },
};

const nameList: Decoder = {
  name: 'names of --files-from',
  valid: (random) => Buffer.from(Array.from({ length: 20 }, () => text(random, 40, 'ab/..\n\r')).join('\0'), 'latin1'),
  decode(bytes) {
    for (const name of namesOf(bytes.toString('latin1'), true, 'passed on')) {
      for (const relative of [true, false]) {
        const argument = listedArgument('/base', name, relative);
        if (!/^\/base(\/|$)/.test(argument) || argument.split('/').includes('..'))
          throw new Error(`${JSON.stringify(name)} leads to ${argument}`);
      }
    }
  },
};

const GREETING =
  '@RSYNCD: 32.0 sha512 sha256 sha1 md5 md4\nWelcome\n@RSYNCD: AUTHREQD c2FsdHNhbHQ\n@RSYNCD: OK\nrest@ERROR: x\n';

const greeting: Decoder = {
  name: 'the greeting of a daemon',
  valid: () => Buffer.from(GREETING, 'latin1'),
  async decode(bytes, random) {
    await greetDaemon(
      streamOf(bytes, random),
      { module: 'm', user: 'u', protocol: 32, earlyInput: null, allowMd4: false },
      { onText: () => {}, password: () => Promise.resolve('p'), timeoutMs: 0 },
    );
  },
};

const opening = (asServer: boolean): Decoder => ({
  name: `the opening of a ${asServer ? 'client' : 'server'}`,
  valid: (random) =>
    written((w) => {
      w.i32(random.int(30, 32));
      if (!asServer) w.varint(random.pick([0x1ff & ~1, 0x80]));
      w.vstring('xxh128 xxh3 xxh64 md5 md4');
      w.vstring('zstd lz4 zlibx zlib');
      if (!asServer) w.i32(random.int(0, 2 ** 31 - 1));
    }),
  async decode(bytes, random) {
    const stream = streamOf(bytes, random);
    const options = { ...DEFAULT_OPTIONS, compress: 'auto' as const };
    const [input, output] = [new PeerInput(stream), new PeerOutput(stream)];
    if (asServer) await negotiateAsServer(input, output, options, 'LsfxCIvu', false);
    else await receiveSeed(input, await negotiateAsClient(input, output, options, false));
  },
});

const COMMANDS = [
  '-aHAXS',
  '-r --delete --partial-dir=.p -z',
  '--files-from=:x -R',
  '-rtv --chmod=u+w,D755 --bwlimit=1m',
];

const serverWords: Decoder = {
  name: 'the words of a client',
  valid(random) {
    const { options } = parseClientWords(random.pick(COMMANDS).split(' '), () => '');
    return Buffer.from(buildServerArgs(options, { sender: random.chance(0.5), paths: ['a b'] }).join('\0'), 'latin1');
  },
  decode: (bytes) => void parseServerWords(bytes.toString('latin1').split('\0')),
};

export const DECODERS: readonly Decoder[] = [
  ...[numbers, frames, lists, signatures, filters, attributes, stored, nameList, greeting, serverWords],
  ...[opening(true), opening(false)],
  ...([null, 'zstd', 'lz4', 'zlibx', 'zlib'] as const).map((name) => tokens(name, 32)),
  tokens('zlib', 30),
];
