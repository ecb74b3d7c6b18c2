import { describe, expect, it } from 'vitest';
import { Lz4Compressor, lz4Bound, lz4Decompress } from './lz4-block.ts';
import { prose } from '../../../test/support/prose.ts';
import { randomBytes } from '../../../test/support/trees.ts';

const compressor = new Lz4Compressor();

function roundTrip(data: Uint8Array): number {
  const padded = new Uint8Array(data.length + 20);
  padded.set(data, 13);
  const out = new Uint8Array(lz4Bound(data.length));
  const length = compressor.compress(padded, 13, data.length, out);
  const back = new Uint8Array(data.length);
  expect(lz4Decompress(out.subarray(0, length), back)).toBe(data.length);
  expect(Buffer.compare(back, data)).toBe(0);
  return length;
}

describe('LZ4 blocks', () => {
  it.each([0, 1, 4, 5, 11, 12, 13, 14, 15, 16, 17, 31, 32, 33, 269, 270, 271, 272, 4096, 16_383])(
    '%i bytes of every kind come back',
    (length) => {
      roundTrip(new Uint8Array(length));
      roundTrip(randomBytes(length, 3));
      roundTrip(prose(length, 1));
      roundTrip(new Uint8Array(length).map((_, i) => i % 7));
    },
  );

  it('shrinks what repeats and bounds what does not', () => {
    expect(roundTrip(new Uint8Array(16_383))).toBeLessThan(100);
    expect(roundTrip(prose(16_383, 1))).toBeLessThan(9000);
    expect(roundTrip(randomBytes(16_383, 5))).toBeLessThanOrEqual(lz4Bound(16_383));
  });

  it('reads a block written by hand: literals, an overlapping match, literals', () => {
    // "abc", 3 back for 9, then "xyz12"
    const block = Uint8Array.of(0x35, 0x61, 0x62, 0x63, 3, 0, 0x50, 0x78, 0x79, 0x7a, 0x31, 0x32);
    const out = new Uint8Array(100);
    const length = lz4Decompress(block, out);
    expect(Buffer.from(out.subarray(0, length)).toString()).toBe('abcabcabcabcxyz12');
  });

  it.each([
    ['an empty block', []],
    ['literals that are missing', [0x50, 1, 2]],
    ['an extension that is missing', [0xf0]],
    ['an extension without end', [0xf0, 255, 255, 255]],
    ['half an offset', [0x10, 1, 1]],
    ['offset 0', [0x10, 1, 0, 0, 0x00]],
    ['an offset before the start', [0x10, 1, 2, 0, 0x00]],
    ['a match as the end', [0x10, 1, 1, 0]],
    ['more than there is room for', [0x1f, 1, 1, 0, 255, 255, 255, 0, 0x00]],
  ])('refuses %s', (_, bytes) => {
    expect(() => lz4Decompress(Uint8Array.from(bytes), new Uint8Array(64))).toThrow(
      expect.objectContaining({ data: expect.objectContaining({ kind: 'protocol', code: 'bad-compression' }) }),
    );
  });

  it('survives damage anywhere', () => {
    const out = new Uint8Array(lz4Bound(2000));
    const length = compressor.compress(prose(2000, 1), 0, 2000, out);
    const back = new Uint8Array(4096);
    for (let i = 0; i < 5000; i++) {
      const damaged = out.slice(0, length - (i % 3));
      damaged[(i * 7919) % damaged.length]! ^= 1 + (i % 255);
      try {
        expect(lz4Decompress(damaged, back)).toBeLessThanOrEqual(back.length);
      } catch (error) {
        expect(error).toMatchObject({ data: { code: 'bad-compression' } });
      }
    }
  });
});
