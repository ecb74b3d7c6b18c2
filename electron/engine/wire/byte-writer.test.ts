import { describe, expect, it } from 'vitest';
import { ByteWriter } from './byte-writer.ts';

function collect(headroom = 0): { w: ByteWriter; stretches: Buffer[]; bytes: () => Buffer } {
  const stretches: Buffer[] = [];
  const w = new ByteWriter(
    (stretch) => stretches.push(stretch),
    () => headroom,
  );
  return { w, stretches, bytes: () => Buffer.concat(stretches.map((stretch) => stretch.subarray(headroom))) };
}

describe('ByteWriter', () => {
  it('loses nothing at the ends of its buffers, with and without headroom', () => {
    for (const headroom of [0, 4]) {
      const { w, stretches, bytes } = collect(headroom);
      const parts: Buffer[] = [];
      for (let i = 0; i < 3000; i++) {
        const part = Buffer.alloc((i * 37) % 301, i & 0xff);
        parts.push(part);
        if (i % 2) w.bytes(part, 0, part.length);
        else w.string(part.toString('latin1'));
      }
      w.flush();
      expect(bytes().equals(Buffer.concat(parts))).toBe(true);
      for (const stretch of stretches) expect(stretch.length).toBeLessThanOrEqual(65536);
    }
  });

  it('splits what is larger than a buffer', () => {
    const { w, bytes } = collect(4);
    const big = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7) & 0xff));
    w.u8(1);
    w.bytes(big, 1000, 150_000);
    w.string(big.toString('latin1'));
    w.flush();
    expect(bytes().equals(Buffer.concat([Buffer.of(1), big.subarray(1000, 151_000), big]))).toBe(true);
  });

  it('takes part of an array that starts at its beginning', () => {
    const { w, bytes } = collect();
    w.bytes(Buffer.from('abcdef'), 0, 3);
    w.bytes(Buffer.from('abcdef'), 2, 2);
    w.flush();
    expect(bytes().toString()).toBe('abccd');
  });

  it('never touches an emitted stretch again', () => {
    const { w, stretches } = collect();
    w.string('first');
    w.flush();
    w.string('other');
    w.flush();
    expect(stretches.map(String)).toEqual(['first', 'other']);
  });

  it('emits nothing for an empty flush and counts what is pending', () => {
    const { w, stretches } = collect(4);
    w.flush();
    expect(stretches).toHaveLength(0);
    w.i32(1);
    expect(w.pending).toBe(4);
    w.flush();
    expect(w.pending).toBe(0);
  });
});
