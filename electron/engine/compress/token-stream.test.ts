import { deflateRawSync, constants } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { ByteReader, UNDERFLOW } from '../wire/byte-reader.ts';
import { ByteWriter } from '../wire/byte-writer.ts';
import { type Compression, type CompressionName, compressionAt, SUPPORTED_COMPRESSIONS } from './method.ts';
import { createTokenReader, type TokenReader, type TokenTarget } from './token-reader.ts';
import { createTokenWriter } from './token-writer.ts';
import { loadZstd } from './zstd.ts';
import { prose } from '../../../test/support/prose.ts';
import { randomBytes } from '../../../test/support/trees.ts';

const BLOCK = 700;

/** A file as a list of literals and of blocks of the basis. */
type Part = Uint8Array | number;

class Target implements TokenTarget {
  readonly parts: Uint8Array[] = [];
  readonly #basis: Uint8Array;
  readonly #blockLength: number;
  readonly #pending: number[] = [];
  onCopied: TokenTarget['onCopied'] = null;
  blocks: number[] = [];
  literalBytes = 0;

  constructor(basis: Uint8Array, blockLength = BLOCK) {
    this.#basis = basis;
    this.#blockLength = blockLength;
  }

  literal(data: Uint8Array, offset: number, length: number): void {
    this.copyPending();
    this.literalBytes += length;
    this.parts.push(data.slice(offset, offset + length));
  }

  block(index: number): void {
    this.blocks.push(index);
    this.#pending.push(index);
  }

  copyPending(): void {
    for (const index of this.#pending.splice(0)) {
      const bytes = blockOf(this.#basis, index, this.#blockLength);
      this.parts.push(bytes);
      this.onCopied?.(bytes, 0, bytes.length);
    }
  }

  get file(): Buffer {
    this.copyPending();
    return Buffer.concat(this.parts);
  }
}

const blockOf = (basis: Uint8Array, index: number, length = BLOCK): Uint8Array =>
  basis.subarray(index * length, (index + 1) * length);

function write(
  files: readonly (readonly Part[])[],
  basis: Uint8Array,
  compression: Compression | null,
  { protocol = 32, blockLength = BLOCK } = {},
): Buffer[] {
  const chunks: Buffer[] = [];
  const out = new ByteWriter(
    (bytes) => chunks.push(bytes),
    () => 0,
  );
  const writer = createTokenWriter(out, compression, protocol);
  const streams = files.map((parts) => {
    chunks.length = 0;
    writer.begin();
    for (const part of parts) {
      if (typeof part === 'number') {
        const bytes = blockOf(basis, part, blockLength);
        writer.match(part, bytes, 0, bytes.length);
      } else {
        for (let at = 0; at < part.length; at += 32_768) writer.literal(part, at, Math.min(32_768, part.length - at));
      }
    }
    writer.end();
    out.flush();
    return Buffer.concat(chunks);
  });
  writer.dispose();
  return streams;
}

/** Reads one file whose bytes arrive in the given chunks. */
function read(reader: TokenReader, target: Target, chunks: readonly Uint8Array[]): void {
  const r = new ByteReader();
  const waiting = [...chunks];
  reader.begin(target);
  for (;;) {
    r.mark();
    try {
      if (!reader.step(r)) break;
    } catch (error) {
      if (error !== UNDERFLOW) throw error;
      r.rewind();
      const next = waiting.shift();
      if (next === undefined) throw new Error('the stream ended early', { cause: error });
      r.push(Buffer.from(next));
    }
  }
  expect(r.available + Buffer.concat(waiting).length).toBe(0);
}

const expected = (parts: readonly Part[], basis: Uint8Array, length = BLOCK): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? blockOf(basis, part, length) : part)));

const methods: readonly (CompressionName | null)[] = [null, ...SUPPORTED_COMPRESSIONS];
const compression = (name: CompressionName | null, level: number | null = null): Compression | null =>
  name && compressionAt(name, level);

it.each<[CompressionName, number | null, number | null]>([
  ['zlib', null, 6],
  ['zlib', -1, 6],
  ['zlibx', 99, 9],
  ['zlibx', -7, 1],
  ['zlib', 0, null],
  ['zstd', null, 3],
  ['zstd', 0, 3],
  ['zstd', -1, -1],
  ['zstd', 999_999_999, 22],
  ['zstd', -999_999_999, -131_072],
  ['lz4', 9, 0],
])('%s at level %s is at %s', (name, asked, level) => {
  expect(compressionAt(name, asked)).toEqual(level === null ? null : { name, level });
});

const basis = prose(BLOCK * 200, 9);
const FILES: Record<string, Part[]> = {
  'nothing at all': [],
  'one byte': [Uint8Array.of(65)],
  prose: [prose(100_000, 1)],
  noise: [randomBytes(100_000, 4)],
  'blocks alone': [0, 1, 2, 3, 9, 10, 4],
  'a delta': [0, prose(50, 1), 1, 2, 3, randomBytes(2000, 6), 7, prose(40_000, 1), 5, 6, prose(3, 2)],
  'far jumps': [150, 0, 64, 65, 1, 199, 62, prose(9, 1), 63],
  'matched data that literals repeat': [3, blockOf(basis, 3), 4, 5, blockOf(basis, 4)],
};

describe('token streams', () => {
  beforeAll(() => loadZstd());

  describe.each(methods)('%s', (name) => {
    it('several files come back, however the bytes arrive', () => {
      const files = Object.values(FILES);
      const streams = write(files, basis, compression(name));
      for (const size of [97, 4096, 1_000_000]) {
        const reader = createTokenReader(compression(name), 32);
        for (const [at, stream] of streams.entries()) {
          const chunks: Buffer[] = [];
          for (let i = 0; i < stream.length; i += size) chunks.push(stream.subarray(i, i + size));
          const target = new Target(basis);
          read(reader, target, chunks);
          expect(Buffer.compare(target.file, expected(files[at]!, basis))).toBe(0);
        }
        reader.dispose();
      }
    });

    it('a delta comes back split in two at each offset', () => {
      const parts = FILES['a delta']!;
      const stream = write([[prose(700, 1), 1, ...parts.slice(0, 5)]], basis, compression(name))[0]!;
      const whole = expected([prose(700, 1), 1, ...parts.slice(0, 5)], basis);
      for (let cut = 0; cut <= stream.length; cut++) {
        const reader = createTokenReader(compression(name), 32);
        const target = new Target(basis);
        read(reader, target, [stream.subarray(0, cut), stream.subarray(cut)]);
        expect(Buffer.compare(target.file, whole), `cut at ${cut}`).toBe(0);
        reader.dispose();
      }
    });

    it.each([1, 4, 16_299, 16_300, 16_301, 16_382, 16_383, 16_384, 16_385, 32_768, 131_071, 131_072, 131_073, 400_000])(
      'a literal of %i bytes, of prose, noise and zeros',
      (length) => {
        const files = [
          [prose(length, 1)],
          [randomBytes(length, 8)],
          [new Uint8Array(length)],
          [prose(length, 2), 1, prose(length, 1)],
        ];
        const reader = createTokenReader(compression(name), 32);
        for (const [at, stream] of write(files, basis, compression(name)).entries()) {
          const target = new Target(basis);
          read(reader, target, [stream]);
          expect(Buffer.compare(target.file, expected(files[at]!, basis))).toBe(0);
        }
        reader.dispose();
      },
    );

    it('damage is a typed error or other bytes, never a hang', () => {
      const [first, second] = write(
        [FILES['a delta']!, [prose(20_000, 5), 2, prose(600, 6)]],
        basis,
        compression(name),
      );
      for (let i = 0; i < 400; i++) {
        const reader = createTokenReader(compression(name), 32);
        try {
          read(reader, new Target(basis), [first!]);
          const damaged = Buffer.from(second!);
          damaged[(i * 7919) % damaged.length]! ^= 1 + (i % 255);
          read(reader, new Target(basis), [damaged]);
        } catch (error) {
          const { data, message, name: kind } = error as { data?: { kind: string }; message: string; name: string };
          if (data !== undefined) expect(data.kind).toBe('protocol');
          else if (kind !== 'AssertionError') expect(message).toMatch(/ended early/);
        } finally {
          reader.dispose();
        }
      }
    });
  });

  it.each(SUPPORTED_COMPRESSIONS)('%s really compresses', (name) => {
    const [words, zeros, random, small] = write(
      [[prose(200_000, 1)], [new Uint8Array(200_000)], [randomBytes(200_000, 2)], ...[[prose(300, 4)]]],
      basis,
      compression(name),
    );
    expect(words!.length).toBeLessThan(name === 'lz4' ? 110_000 : 60_000);
    expect(zeros!.length).toBeLessThan(2500);
    expect(random!.length).toBeLessThan(201_500);
    expect(small!.length).toBeLessThan(name === 'zstd' ? 150 : 300);
  });

  it('blocks in a row are one token, named relative to the last one where that is near', () => {
    const [stream] = write(
      [[...Array.from({ length: 10 }, (_, i) => i), 20, 21, 190, 3, 4]],
      basis,
      compression('lz4'),
    );
    expect(stream!.toString('hex')).toBe('c00900' + 'cb0100' + '20be000000' + '21030000000100' + '00');
  });

  it('a run is at most 65536 blocks', () => {
    const large = new Uint8Array(70_000);
    const all = Array.from({ length: 70_000 }, (_, i) => i);
    const [stream] = write([all], large, compression('zlibx'), { blockLength: 1 });
    expect(stream!.toString('hex')).toBe('c0ffff' + 'c16f11' + '00');
    const target = new Target(large, 1);
    const reader = createTokenReader(compression('zlibx'), 32);
    read(reader, target, [stream!]);
    expect(target.blocks).toEqual(all);
  });

  it('reads and writes the example of the reference (§7.18)', () => {
    const old = Buffer.alloc(1400, 'x');
    const stream = Buffer.from('804008f2f40b760d0a0100' + '8140072a49cccc51040000', 'hex');
    const target = new Target(old);
    read(createTokenReader(compression('zlibx'), 32), target, [stream]);
    const parts = [0, Buffer.from('INSERT'), 1, Buffer.from('tail!')];
    expect(target.file.equals(expected(parts, old))).toBe(true);
    expect(write([parts], old, compression('zlibx'))[0]!.toString('hex')).toBe(stream.toString('hex'));
  });

  it.each([30, 31])('zlib on protocol %i remembers blocks beyond 65535 bytes as that protocol does', (protocol) => {
    const length = 100_000;
    const old = randomBytes(3 * length, 77);
    const tail = old.subarray(length - 20_000, length); // the end of block 0, once more
    const parts: Part[] = [0, tail, 1, Buffer.from(old.subarray(length, length + 20_000)), 2, prose(500, 1)];
    const [stream] = write([parts], old, compression('zlib'), { protocol, blockLength: length });
    const target = new Target(old, length);
    read(createTokenReader(compression('zlib'), protocol), target, [stream!]);
    expect(target.file.equals(expected(parts, old, length))).toBe(true);
    // From 31 on the first tail is a reference; before, nothing is referred to.
    if (protocol === 31) expect(stream!.length).toBeLessThan(25_000);
    else expect(stream!.length).toBeGreaterThan(40_000);
  });

  it('zlib on protocol 30: what follows refers to the first bytes of a long block, fed twice', () => {
    const length = 100_000;
    const old = randomBytes(length, 78);
    // An old sender's window behind block 0 ends with its bytes [0, 100000-65535) once more.
    const repeated = old.subarray(0, length - 65_535);
    const data = Buffer.from(repeated.subarray(repeated.length - 5000));
    const deflated = deflateRawSync(data, {
      dictionary: repeated.subarray(-32_768),
      finishFlush: constants.Z_SYNC_FLUSH,
    }).subarray(0, -4);
    const stream = Buffer.concat([
      Buffer.of(0x80, 0x40 + (deflated.length >> 8), deflated.length & 255),
      deflated,
      Buffer.of(0),
    ]);
    const target = new Target(old, length);
    read(createTokenReader(compression('zlib'), 30), target, [stream]);
    expect(target.file.equals(Buffer.concat([old, data]))).toBe(true);
  });

  describe('hostile streams', () => {
    const refuse = (name: CompressionName, stream: Uint8Array, code: string): void => {
      const reader = createTokenReader(compression(name), 32);
      expect(() => read(reader, new Target(basis), [stream])).toThrow(
        expect.objectContaining({ data: expect.objectContaining({ kind: 'protocol', code }) }),
      );
      reader.dispose();
    };
    const packet = (data: Uint8Array): Buffer =>
      Buffer.concat([Buffer.of(0x40 + (data.length >> 8), data.length & 255), data]);

    it.each([
      ['an unknown flag', [0x01]],
      ['another unknown flag', [0x3f]],
      ['an empty packet', [0x40, 0x00]],
      ['a negative block', [0x20, 0xff, 0xff, 0xff, 0xff]],
      ['a run beyond 31 bits', [0x21, 0xff, 0xff, 0xff, 0x7f, 1, 0]],
      ['a relative block beyond 31 bits', [0x20, 0xff, 0xff, 0xff, 0x7f, 0x81]],
      ['a run of nothing', [0xc0, 0, 0]],
    ])('%s', (_, bytes) => {
      const target = new Target(basis);
      target.block = () => {};
      const reader = createTokenReader(compression('lz4'), 32);
      expect(() => read(reader, target, [Uint8Array.from(bytes)])).toThrow(
        expect.objectContaining({ data: expect.objectContaining({ kind: 'protocol', code: 'bad-token' }) }),
      );
    });

    it('deflate data that ends inside a file', () => {
      refuse('zlibx', Buffer.concat([packet(deflateRawSync(prose(50, 1))), Buffer.of(0)]), 'bad-compression');
    });

    it('garbage for each method', () => {
      for (const name of SUPPORTED_COMPRESSIONS) {
        refuse(
          name,
          Buffer.concat([packet(Buffer.from(randomBytes(300, 1).fill(0xff, 0, 9))), Buffer.of(0)]),
          'bad-compression',
        );
      }
    });

    it('a deflate bomb comes out in bounded pieces', () => {
      const zeros = deflateRawSync(new Uint8Array(16_000_000), { finishFlush: constants.Z_SYNC_FLUSH, level: 9 });
      const target = new Target(basis);
      let most = 0;
      let total = 0;
      target.literal = (_data, _offset, length) => {
        most = Math.max(most, length);
        total += length;
      };
      read(createTokenReader(compression('zlibx'), 32), target, [
        packet(zeros.subarray(0, 16_383)),
        ...(zeros.length - 4 > 16_383 ? [packet(zeros.subarray(16_383, -4))] : []),
        Buffer.of(0),
      ]);
      expect(total).toBeGreaterThan(15_900_000);
      expect(most).toBeLessThanOrEqual(65_536);
    });

    it('a zstd bomb of repeated bytes comes out in bounded pieces', () => {
      // A frame of blocks that each say "131072 times this byte": 4 bytes for 128 KiB.
      const blocks = 4000;
      const frame = Buffer.alloc(6 + blocks * 4);
      frame.set([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]); // no sizes, a window of 128 KiB
      for (let i = 0; i < blocks; i++) {
        const header = (131_072 << 3) | (1 << 1);
        frame.set([header & 255, (header >> 8) & 255, header >> 16, 0x41], 6 + i * 4);
      }
      const target = new Target(basis);
      let most = 0;
      let total = 0;
      target.literal = (_data, _offset, length) => {
        most = Math.max(most, length);
        total += length;
      };
      read(createTokenReader(compression('zstd'), 32), target, [packet(frame), Buffer.of(0)]);
      expect(total).toBe(blocks * 131_072);
      expect(most).toBe(131_072);
    });

    it('a zstd frame that wants an enormous window', () => {
      const frame = Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff, 0, 0, 0);
      refuse('zstd', Buffer.concat([packet(frame), Buffer.of(0)]), 'bad-compression');
    });
  });
});
