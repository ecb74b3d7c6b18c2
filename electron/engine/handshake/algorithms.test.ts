import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { DEFAULT_OPTIONS, type TransferOptions } from '../options/transfer-options.ts';
import { PeerInput } from '../wire/peer-input.ts';
import { PeerOutput } from '../wire/peer-output.ts';
import { Compat } from '../wire/constants.ts';
import { dialectOf } from '../wire/dialect.ts';
import { agreeOnAlgorithms, type Algorithms } from './algorithms.ts';

const STOCK_SUMS = 'xxh128 xxh3 xxh64 md5 md4 sha1';
const STOCK_METHODS = 'zstd lz4 zlibx zlib';
const vstring = (text: string): Buffer => Buffer.concat([Buffer.of(text.length), Buffer.from(text, 'latin1')]);

interface Side {
  options?: Partial<TransferOptions>;
  server?: boolean;
  env?: NodeJS.ProcessEnv;
  old?: boolean;
  protocol?: number;
}

/** Runs one side against the given lists. @returns what was agreed on and what was sent */
async function agree(lists: string[], side: Side = {}): Promise<Algorithms & { sent: string[] }> {
  const written: Buffer[] = [];
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk);
      done();
    },
  });
  stream.push(Buffer.concat(lists.map(vstring)));
  const { options, server = false, env = {}, old = false, protocol = 32 } = side;
  const algorithms = await agreeOnAlgorithms(
    new PeerInput(stream),
    new PeerOutput(stream),
    { ...DEFAULT_OPTIONS, ...options },
    { dialect: dialectOf(protocol), compat: old ? 0 : Compat.VARINT_FLIST_FLAGS, isServer: server },
    env,
  );
  const bytes = Buffer.concat(written);
  const sent: string[] = [];
  for (let at = 0; at < bytes.length; at += 1 + bytes[at]!)
    sent.push(bytes.toString('latin1', at + 1, at + 1 + bytes[at]!));
  return { ...algorithms, sent };
}

describe('a client', () => {
  it('answers with the one name that both would come to', async () => {
    expect(await agree([`${STOCK_SUMS} none`])).toEqual({
      transferSum: 'xxh128',
      listSum: 'xxh128',
      seedsFiles: false,
      compression: null,
      sent: ['xxh128'],
    });
    const { compression, sent } = await agree([`${STOCK_SUMS} none`, `${STOCK_METHODS} none`], {
      options: { compress: 'auto' },
    });
    expect(compression).toEqual({ name: 'zstd', level: 3 });
    expect(sent).toEqual(['xxh128', 'zstd']);
  });

  it('takes the best the server has, in any order and spelling', async () => {
    expect((await agree(['sha1 MD5 blake3 none'])).sent).toEqual(['md5']);
    expect((await agree(['md4'])).transferSum).toBe('md4');
    const old = await agree(['md5 md4', 'zlibx zlib'], { options: { compressLevel: 99 } });
    expect(old.compression).toEqual({ name: 'zlibx', level: 9 });
  });

  it('goes by the user’s order', async () => {
    const env = { RSYNC_CHECKSUM_LIST: 'nonsense auto  MD5 xxh64 & sha1', RSYNC_COMPRESS_LIST: 'lz4 none' };
    const options = { compress: 'auto' } as const;
    const { sent } = await agree([`${STOCK_SUMS} none`, `${STOCK_METHODS} none`], { env, options });
    expect(sent).toEqual(['md5', 'lz4']);
    expect((await agree([STOCK_SUMS, 'zstd none'], { env, options })).compression).toBeNull();
    expect((await agree([STOCK_SUMS], { env: { RSYNC_CHECKSUM_LIST: '  & md5' } })).sent).toEqual(['xxh128']);
    expect((await agree([`${STOCK_SUMS} none`], { env: { RSYNC_CHECKSUM_LIST: 'none' } })).transferSum).toBe('none');
  });

  it.each([
    ['nothing in common', ['blake3'], {}, {}],
    ['nothing at all', [''], {}, {}],
    ['nothing the user wants', [STOCK_SUMS], { RSYNC_CHECKSUM_LIST: 'blake3' }, {}],
    ['no compression in common', [STOCK_SUMS, 'brotli'], {}, { compress: 'auto' as const }],
  ])('%s: exit 4', async (_, lists, env, options) => {
    await expect(agree(lists, { env, options })).rejects.toMatchObject({
      message: expect.stringMatching(/^Failed to negotiate a (checksum|compress) choice\.$/),
      data: { exitCode: 4 },
    });
  });

  it('exchanges nothing about what was chosen', async () => {
    const options = { checksumChoice: 'sha1,none', compress: 'lz4', compressLevel: 5 } as const;
    expect(await agree([], { options })).toEqual({
      transferSum: 'sha1',
      listSum: 'none',
      seedsFiles: false,
      compression: { name: 'lz4', level: 0 },
      sent: [],
    });
    expect(
      await agree([], { options: { checksumChoice: 'auto,xxh3', compress: 'zlib', compressLevel: 0 } }),
    ).toMatchObject({
      transferSum: 'md5',
      listSum: 'xxh3',
      seedsFiles: false,
      compression: null,
    });
  });

  it('refuses list sums that are none', async () => {
    const options = { checksum: true, checksumChoice: 'md5,none' };
    await expect(agree([], { options })).rejects.toMatchObject({
      message: 'Invalid checksum-choice for --checksum: none',
      data: { exitCode: 4 },
    });
  });

  it('uses md4 with a server before protocol 30, which seeds whole files with it unless it was chosen by name', async () => {
    const old = await agree([], { old: true, protocol: 29 });
    expect(old).toMatchObject({ transferSum: 'md4', listSum: 'md4', seedsFiles: true });
    const named = await agree([], { old: true, protocol: 29, options: { checksumChoice: 'md4' } });
    expect(named).toMatchObject({ transferSum: 'md4', seedsFiles: false });
    const auto = await agree([], { old: true, protocol: 29, options: { checksumChoice: 'auto,md5' } });
    expect(auto).toMatchObject({ transferSum: 'md4', listSum: 'md5', seedsFiles: true });
  });

  it('knows what servers before negotiation use', async () => {
    expect(await agree([], { old: true, options: { compress: 'auto' } })).toEqual({
      transferSum: 'md5',
      listSum: 'md5',
      seedsFiles: false,
      compression: { name: 'zlib', level: 6 },
      sent: [],
    });
  });
});

describe('a server', () => {
  it('offers everything and takes the first of the client’s names that it has', async () => {
    const options = { compress: 'auto' } as const;
    const stock = await agree([STOCK_SUMS, STOCK_METHODS], { server: true, options });
    expect(stock).toMatchObject({ transferSum: 'xxh128', compression: { name: 'zstd' } });
    expect(stock.sent).toEqual([`${STOCK_SUMS} none`, `${STOCK_METHODS} none`]);
    expect(await agree(['md5 xxh128', 'brotli zlib zstd'], { server: true, options })).toMatchObject({
      transferSum: 'md5',
      compression: { name: 'zlib', level: 6 },
    });
  });

  it('keeps to its own list, whatever is chosen', async () => {
    const env = { RSYNC_CHECKSUM_LIST: 'xxh128 & sha1 md5', RSYNC_COMPRESS_LIST: 'lz4' };
    expect((await agree([STOCK_SUMS], { server: true, env })).sent).toEqual(['sha1 md5']);
    expect((await agree([STOCK_SUMS], { server: true, env })).transferSum).toBe('md5');
    await expect(agree([], { server: true, env, options: { checksumChoice: 'xxh3' } })).rejects.toMatchObject({
      message: 'Your --checksum-choice value (xxh3) was refused by the server.',
      data: { exitCode: 4 },
    });
    const options = { checksumChoice: 'md5', compress: 'zstd' } as const;
    await expect(agree([], { server: true, env, options })).rejects.toThrow(
      /--compress-choice value \(zstd\) was refused/,
    );
  });
});
