import { describe, expect, it } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import { ByteReader, UNDERFLOW } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

const readerOf = (hex: string): ByteReader => {
  const reader = new ByteReader();
  reader.push(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  return reader;
};

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

function errorCode(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return error instanceof DriftlineError ? `${error.data.kind}/${error.data.code}` : String(error);
  }
  return 'none';
}

describe('varint (§3.2)', () => {
  const table: [number, string][] = [
    [0, '00'],
    [1, '01'],
    [127, '7f'],
    [128, '80 80'],
    [255, '80 ff'],
    [256, '81 00'],
    [511, '81 ff'],
    [16383, 'bf ff'],
    [16384, 'c0 00 40'],
    [2097151, 'df ff ff'],
    [2097152, 'e0 00 00 20'],
    [268435455, 'ef ff ff ff'],
    [268435456, 'f0 00 00 00 10'],
    [678901234, 'f0 f2 35 77 28'],
    [0x7fffffff, 'f0 ff ff ff 7f'],
    [-1, 'f0 ff ff ff ff'],
  ];
  it.each(table)('%d is %s', (value, hex) => {
    expect(written((w) => w.varint(value))).toBe(hex);
    const reader = readerOf(hex);
    expect(reader.varint()).toBe(value);
    expect(reader.available).toBe(0);
  });

  it('ignores what the lead of a five-byte form carries, and refuses longer forms', () => {
    expect(readerOf('f7 01 00 00 00').varint()).toBe(1);
    expect(errorCode(() => readerOf('f8 00 00 00 00 00').varint())).toBe('protocol/bad-varint');
    expect(errorCode(() => readerOf('ff').varint())).toBe('protocol/bad-varint');
  });

  it('round-trips around every power of two', () => {
    for (let bit = 0; bit < 32; bit++) {
      for (const delta of [-1, 0, 1]) {
        const value = (2 ** bit + delta) | 0;
        expect(readerOf(written((w) => w.varint(value))).varint()).toBe(value);
      }
    }
  });
});

describe('varlong (§3.3)', () => {
  const table: [min: number, value: number, hex: string][] = [
    [3, 0, '00 00 00'],
    [3, 6, '00 06 00'],
    [3, 4096, '00 00 10'],
    [3, 65536, '01 00 00'],
    [3, 0x7fffff, '7f ff ff'],
    [3, 0x800000, '80 00 00 80'],
    [3, 0xffffff, '80 ff ff ff'],
    [3, 0x1000000, '81 00 00 00'],
    [3, 0x7fffffff, 'c0 ff ff ff 7f'],
    [3, 2 ** 40, 'e1 00 00 00 00 00'],
    [3, 2 ** 53 - 1, 'f8 ff ff ff ff ff ff 1f'],
    [4, 1704164645, '65 25 7d 93'],
    [4, 0x80000000, '80 00 00 00 80'],
    [4, -1, 'f8 ff ff ff ff ff ff ff ff'],
    [4, -86400, 'f8 80 ae fe ff ff ff ff ff'],
    [4, -(2 ** 53 - 1), 'f8 01 00 00 00 00 00 e0 ff'],
  ];
  it.each(table)('at least %d bytes: %d is %s', (min, value, hex) => {
    expect(written((w) => w.varlong(value, min))).toBe(hex);
    const reader = readerOf(hex);
    expect(reader.varlong(min)).toBe(value);
    expect(reader.available).toBe(0);
  });

  it('round-trips around every power of two a number can hold', () => {
    for (let bit = 0; bit < 53; bit++) {
      for (const delta of [-1, 0, 1]) {
        for (const sign of [1, -1]) {
          const value = sign * (2 ** bit + delta);
          if (value === 0) continue;
          for (const min of [3, 4]) expect(readerOf(written((w) => w.varlong(value, min))).varlong(min)).toBe(value);
        }
      }
    }
  });

  it('refuses what does not fit a JavaScript integer, and more than nine bytes', () => {
    expect(errorCode(() => readerOf('f8 00 00 00 00 00 00 20').varlong(3))).toBe('protocol/number-too-large');
    expect(errorCode(() => readerOf('f8 00 00 00 00 00 00 00 80').varlong(4))).toBe('protocol/number-too-large');
    expect(errorCode(() => readerOf('fc 00 00 00 00 00 00 00 00 00').varlong(4))).toBe('protocol/bad-varlong');
    expect(errorCode(() => readerOf('fc 00 00 00 00 00 00 00 20').varlong(3))).toBe('protocol/number-too-large');
  });
});

describe('ndx (§3.4)', () => {
  const sequence: [number, string][] = [
    [0, '01'],
    [1, '01'],
    [2, '01'],
    [255, 'fd'],
    [256, '01'],
    [509, 'fd'],
    [763, 'fe 00 fe'],
    [33531, 'fe 80 fb 82 00'],
    [33532, '01'],
    [5, 'fe 80 05 00 00'],
    [100000, 'fe 80 a0 86 01'],
    [-1, '00'],
    [-2, 'ff 01'],
    [-101, 'ff 63'],
    [-103, 'ff 02'],
    [-104, 'ff 01'],
    [-3, 'ff fe 80 03 00 00'],
  ];

  it('writes and reads the sequence of the reference', () => {
    const hex = sequence.map(([, bytes]) => bytes).join(' ');
    expect(written((w) => sequence.forEach(([value]) => w.ndx(value)))).toBe(hex);
    const reader = readerOf(hex);
    expect(sequence.map(() => reader.ndx())).toEqual(sequence.map(([value]) => value));
  });

  it('round-trips steps of every form in both registers', () => {
    const values = [0, 253, 254, 507, 507, 33274, 66042, 0x7fffffff, 1, 0x01020304, -5, -258, -512, -99999, -3];
    const reader = readerOf(written((w) => values.forEach((value) => w.ndx(value))));
    expect(values.map(() => reader.ndx())).toEqual(values);
  });

  it('restores its registers on rewind', () => {
    const reader = readerOf('05 05 fe 80');
    reader.ndx();
    reader.mark();
    expect(reader.ndx()).toBe(9);
    expect(() => reader.ndx()).toThrow(UNDERFLOW);
    reader.rewind();
    expect(reader.ndx()).toBe(9);
  });

  it('refuses an index beyond 31 bits', () => {
    expect(
      errorCode(() => {
        const reader = readerOf('fe ff ff ff ff 01');
        reader.ndx();
        reader.ndx();
      }),
    ).toBe('protocol/bad-ndx');
  });
});

describe('vstring (§3.1)', () => {
  it.each([0, 1, 127, 128, 200, 300, 0x7fff])('%d bytes', (length) => {
    const text = '\xe9'.repeat(length);
    const hex = written((w) => w.vstring(text));
    expect(readerOf(hex).vstring(0x7fff)).toBe(text);
    if (length === 200) expect(hex.slice(0, 5)).toBe('80 c8');
    if (length === 300) expect(hex.slice(0, 5)).toBe('81 2c');
  });

  it('is refused before its bytes arrive when it is too long', () => {
    expect(errorCode(() => readerOf('81 2c').vstring(255))).toBe('protocol/string-too-long');
  });
});

describe('fixed fields', () => {
  it('are little-endian', () => {
    const hex = written((w) => {
      w.u8(0xab);
      w.u16(0xa0f1);
      w.i32(-2);
      w.i32(0x01020304);
    });
    expect(hex).toBe('ab f1 a0 fe ff ff ff 04 03 02 01');
    const reader = readerOf(hex);
    expect([reader.u8(), reader.u16(), reader.i32(), reader.i32()]).toEqual([0xab, 0xa0f1, -2, 0x01020304]);
  });
});

describe('numbers of fixed width (§3.1)', () => {
  const fixed = (hex: string): ByteReader => Object.assign(readerOf(hex), { fixed: true });

  it.each([
    [0, '00 00 00 00'],
    [0x7fffffff, 'ff ff ff 7f'],
    [0x80000000, 'ff ff ff ff 00 00 00 80 00 00 00 00'],
    [5 * 2 ** 30, 'ff ff ff ff 00 00 00 40 01 00 00 00'],
    [-1, 'ff ff ff ff ff ff ff ff ff ff ff ff'],
    [2n ** 63n - 1n, 'ff ff ff ff ff ff ff ff ff ff ff 7f'],
  ])('%s is %s', (value, hex) => {
    expect(written((w) => w.longint(value))).toBe(hex);
    expect(readerOf(hex).longint()).toBe(value);
  });

  it('stand where compact ones would', () => {
    const hex = written((w) => {
      w.fixed = true;
      w.num(-1);
      w.long(2 ** 40, 3);
      w.ndx(7);
      w.ndx(-1);
    });
    expect(hex).toBe('ff ff ff ff ff ff ff ff 00 00 00 00 00 01 00 00 07 00 00 00 ff ff ff ff');
    const reader = fixed(hex);
    expect([reader.num(), reader.long(3), reader.ndx(), reader.ndx()]).toEqual([-1, 2 ** 40, 7, -1]);
    expect(errorCode(() => fixed('ff ff ff ff ff ff ff ff ff ff ff 7f').long(3))).toBe('protocol/number-too-large');
  });
});

describe('ByteReader', () => {
  it('rewinds to the mark when bytes are missing, whatever pieces they come in', () => {
    const bytes = Buffer.from(
      written((w) => {
        w.varint(678901234);
        w.varlong(-1, 4);
        w.vstring('x'.repeat(200));
        w.ndx(40000);
      }).replaceAll(' ', ''),
      'hex',
    );
    for (let size = 1; size <= bytes.length; size++) {
      const reader = new ByteReader();
      let result: unknown = null;
      for (let at = 0; at < bytes.length; at += size) {
        expect(result).toBeNull();
        reader.push(bytes.subarray(at, at + size));
        reader.mark();
        try {
          result = [reader.varint(), reader.varlong(4), reader.vstring(255), reader.ndx()];
        } catch (error) {
          expect(error).toBe(UNDERFLOW);
          reader.rewind();
        }
      }
      expect(result).toEqual([678901234, -1, 'x'.repeat(200), 40000]);
      expect(reader.available).toBe(0);
    }
  });

  it('keeps unread bytes through many pushes', () => {
    const reader = new ByteReader();
    let next = 0;
    let wanted = 0;
    for (let round = 0; round < 2000; round++) {
      const chunk = Buffer.alloc(97 + (round % 311));
      for (let i = 0; i < chunk.length; i++) chunk[i] = next++ & 0xff;
      reader.push(chunk);
      // Leaves something behind every time, so that the buffer grows, moves and is reused.
      const take = round % 7 === 0 ? reader.available - 1 : reader.available >> 1;
      const view = reader.view(take);
      for (let i = 0; i < take; i++) if (view[i] !== (wanted++ & 0xff)) expect.fail(`byte ${wanted - 1}`);
    }
  });

  it('never writes into a chunk it was given', () => {
    const reader = new ByteReader();
    const chunk = Buffer.from('abcdef');
    reader.push(chunk.subarray(0, 3));
    reader.u8();
    reader.push(Buffer.from('XYZ'));
    expect(chunk.toString()).toBe('abcdef');
    expect(reader.string(5)).toBe('bcXYZ');
  });

  it('copies short and long stretches', () => {
    for (const length of [1, 64, 65, 1000]) {
      const reader = new ByteReader();
      const bytes = Buffer.from(Array.from({ length }, (_, i) => i & 0xff));
      reader.push(bytes);
      const target = Buffer.alloc(length + 4);
      reader.copyTo(target, 2, length);
      expect(target.subarray(2, length + 2)).toEqual(bytes);
      expect([target[0], target[1], target[length + 2]]).toEqual([0, 0, 0]);
    }
  });

  it('hands out what there is with some()', () => {
    const reader = readerOf('01 02 03');
    expect([...reader.some(2)]).toEqual([1, 2]);
    expect([...reader.some(9)]).toEqual([3]);
    expect(() => reader.some(1)).toThrow(UNDERFLOW);
  });
});
