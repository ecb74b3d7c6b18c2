import { describe, expect, it } from 'vitest';
import { ZstdFrames } from './zstd-frames.ts';

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const block = (kind: number, size: number, last = 0): number[] => {
  const header = (size << 3) | (kind << 1) | last;
  return [header & 255, (header >> 8) & 255, header >> 16];
};

/** @returns where each unit of the stream ends and what it was, fed `step` bytes at a time */
function units(bytes: number[], step: number): [number, string, number][] {
  const frames = new ZstdFrames();
  const data = Uint8Array.from(bytes);
  const ends: [number, string, number][] = [];
  for (let from = 0; from < data.length; from += step) {
    const end = Math.min(data.length, from + step);
    for (let at = from; at < end;) {
      at = frames.advance(data, at, end);
      if (!frames.inUnit) ends.push([at, frames.unit, frames.unit === 'stored' ? frames.stored : 0]);
    }
  }
  return ends;
}

describe('frames and blocks of zstd', () => {
  const stream = [
    ...[...MAGIC, 0x04, 0x38], // a window of 128 KiB, a checksum at the end
    ...[...block(0, 3), 1, 2, 3],
    ...[...block(1, 1000), 7],
    ...[...block(2, 5), 1, 2, 3, 4, 5],
    ...[...block(0, 0, 1), 9, 9, 9, 9],
    ...[0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2], // skippable
    ...[...MAGIC, 0x60, 0x10, 0x00], // sizes instead of a window
    ...[...block(0, 1, 1), 5],
  ];

  it.each([1, 2, 3, 5, 8, 100])('are told apart in steps of %i', (step) => {
    expect(units(stream, step)).toEqual([
      [6, 'header', 0],
      [12, 'stored', 3],
      [16, 'stored', 1000],
      [24, 'compressed', 0],
      [31, 'stored', 0],
      [41, 'header', 0],
      [48, 'header', 0],
      [52, 'stored', 1],
    ]);
  });

  it.each([
    ['another magic number', [0x28, 0xb5, 0x2f, 0xfc]],
    ['a window of 256 MiB', [...MAGIC, 0x00, 0x90]],
    ['content of 4 GiB as the window', [...MAGIC, 0xa0, 0xff, 0xff, 0xff, 0xff]],
    ['content of 2^60 bytes as the window', [...MAGIC, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0x10]],
    ['a dictionary', [...MAGIC, 0x01, 0x38, 5]],
    ['a reserved bit', [...MAGIC, 0x08, 0x38]],
    ['the reserved kind of block', [...MAGIC, 0x00, 0x38, ...block(3, 1)]],
    ['a block of 256 KiB', [...MAGIC, 0x00, 0x38, ...block(0, 262_144)]],
  ])('%s is refused', (_, bytes) => {
    expect(() => units(bytes, 3)).toThrow(
      expect.objectContaining({ data: expect.objectContaining({ kind: 'protocol', code: 'bad-compression' }) }),
    );
  });
});
