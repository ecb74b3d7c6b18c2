import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type ChecksumName,
  checksumLength,
  createBlockSum,
  createFileSum,
  loadChecksums,
  SUPPORTED_CHECKSUMS,
} from './strong.ts';

const HELLO = new TextEncoder().encode('hello\n');

/** Protocol reference §12.3: name, seed first, seed, sum of `hello\n`. */
const VECTORS: [ChecksumName, boolean, number, string][] = [
  ['md5', true, 0, 'b1946ac92492d2347c6235b4d2611184'],
  ['md5', true, 1, '4ff44dee588b83d526eb6fab093f708c'],
  ['md5', true, -5, '0e2080ea6432d6cc89fd005fec844671'],
  ['md5', false, 0, 'b1946ac92492d2347c6235b4d2611184'],
  ['md5', false, 1, 'e0dd5a738e2eacb5460b12bbec3691ac'],
  ['md5', false, -5, 'eb75c3e0c0ab2062f8a769b57a92e3b8'],
  ['sha1', true, 0, 'f572d396fae9206628714fb2ce00f72e94f2258f'],
  ['sha1', true, 1, '533a2187038546a303892c5ebf1d718d3ad7e786'],
  ['sha1', false, -5, 'c86c35b9391f6dd8397622503bc379797a18eacb'],
  ['xxh64', true, 0, '5388bd91d091c1e4'],
  ['xxh64', true, 1, '3b6e35c65b6d19c3'],
  ['xxh64', false, -5, '7a36515697e58f55'],
];

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('strong sums', () => {
  beforeAll(() => loadChecksums(SUPPORTED_CHECKSUMS));

  it.each(VECTORS)('%s block sum, seed first %s, seed %i', (name, seedFirst, seed, expected) => {
    const sum = createBlockSum(name, seed, { seedFirst });
    expect(sum.length).toBe(checksumLength(name));
    const data = new Uint8Array(20);
    data.set(HELLO, 3);
    const out = new Uint8Array(sum.length + 4);
    sum.sum(data, 3, HELLO.length, out, 2);
    expect(hex(out)).toBe(`0000${expected}0000`);
    const other = new Uint8Array(sum.length); // a second target and a repeat: no state stays behind
    sum.sum(HELLO, 0, HELLO.length, other, 0);
    expect(hex(other)).toBe(expected);
  });

  it.each(SUPPORTED_CHECKSUMS)('%s file sum is the unseeded sum, in pieces and after reset', (name) => {
    const expected = VECTORS.find((vector) => vector[0] === name && vector[2] === 0)?.[3];
    const sum = createFileSum(name);
    for (let split = 0; split <= HELLO.length; split++) {
      sum.update(HELLO, 0, split);
      sum.update(HELLO, split, HELLO.length - split);
      expect(hex(sum.digest())).toBe(expected);
      sum.reset();
    }
  });

  it('file and block sums may be interleaved', () => {
    const data = new Uint8Array(300_000).map((_, i) => (i * 31) ^ (i >> 7));
    const file = createFileSum('xxh64');
    const whole = createFileSum('xxh64');
    whole.update(data, 0, data.length);
    const block = createBlockSum('xxh64', 7, { seedFirst: true });
    const out = new Uint8Array(8);
    for (let at = 0; at < data.length; at += 999) {
      const length = Math.min(999, data.length - at);
      file.update(data, at, length);
      block.sum(data, 0, 5000, out, 0);
    }
    expect(hex(file.digest())).toBe(hex(whole.digest()));
  });

  it('md5 joins data longer and shorter than before with its seed', () => {
    const sum = createBlockSum('md5', 0x01020304, { seedFirst: false });
    const out = new Uint8Array(16);
    for (const length of [1000, 10, 0, 2000]) {
      const data = new Uint8Array(length).fill(9);
      sum.sum(data, 0, length, out, 0);
      const expected = createHash('md5')
        .update(data)
        .update(Uint8Array.of(4, 3, 2, 1))
        .digest('hex');
      expect(hex(out)).toBe(expected);
    }
  });

  it('none is one zero byte and has no block sum', () => {
    const sum = createFileSum('none');
    sum.update(HELLO, 0, HELLO.length);
    expect([...sum.digest()]).toEqual([0]);
    expect(() => createBlockSum('none', 0, { seedFirst: true })).toThrow(/none/);
  });

  it('refuses what is not implemented', async () => {
    await expect(loadChecksums(['xxh128'])).rejects.toThrow(/xxh128.*not implemented/);
    expect(() => createFileSum('md4')).toThrow(/md4/);
  });

  it('keeps the stock order', () => {
    const stock: ChecksumName[] = ['xxh128', 'xxh3', 'xxh64', 'md5', 'md4', 'sha1'];
    expect(stock.filter((name) => SUPPORTED_CHECKSUMS.includes(name))).toEqual(SUPPORTED_CHECKSUMS);
  });
});
