import { describe, expect, it } from 'vitest';
import { rollWeakSum, weakSum } from './rolling.ts';

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** Protocol reference §12.3. */
const VECTORS: [string, Uint8Array, number][] = [
  ['nothing', latin1(''), 0],
  ['hello', latin1('hello\n'), 0x0845021e],
  ['a', latin1('a'), 0x00610061],
  ['abc', latin1('abc'), 0x024a0126],
  ['ff', latin1('\xff'), 0xffffffff],
  ['80 7f', latin1('\x80\x7f'), 0xff7fffff],
  ['00..ff', Uint8Array.from({ length: 256 }, (_, i) => i), 0x6a80ff80],
];

/** The definition of §7.6, byte by byte. */
function bySpec(data: Uint8Array): number {
  let s1 = 0;
  let s2 = 0;
  for (const byte of data) {
    s1 = (s1 + (byte > 127 ? byte - 256 : byte)) & 0xffff;
    s2 = (s2 + s1) & 0xffff;
  }
  return (s1 | (s2 << 16)) >>> 0;
}

describe('weak sum', () => {
  it.each(VECTORS)('%s', (_, data, expected) => {
    expect(weakSum(data, 0, data.length) >>> 0).toBe(expected);
    const padded = new Uint8Array(data.length + 10).fill(0xee);
    padded.set(data, 7);
    expect(weakSum(padded, 7, data.length) >>> 0).toBe(expected);
  });

  it.each([0x80, 0x7f, 0xff])('the longest block of bytes %i does not lose bits', (byte) => {
    const data = new Uint8Array(131072).fill(byte);
    expect(weakSum(data, 0, data.length) >>> 0).toBe(bySpec(data));
  });

  it('rolls to the sum of every later window', () => {
    const data = Uint8Array.from({ length: 3000 }, (_, i) => (Math.imul(i, 2654435761) >>> 13) & 0xff);
    const signed = new Int8Array(data.buffer);
    for (const length of [1, 7, 700]) {
      let weak = weakSum(data, 0, length);
      for (let at = 0; at + length < data.length; at++) {
        expect(weak >>> 0).toBe(bySpec(data.subarray(at, at + length)));
        weak = rollWeakSum(weak, length, signed[at]!, signed[at + length]!);
      }
    }
  });
});
