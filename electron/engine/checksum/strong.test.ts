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
  ['xxh3', true, 0, '2a46a2ab9a81fc99'],
  ['xxh3', true, 1, '859e77cdf3c9c095'],
  ['xxh3', false, -5, 'a0006cef5a398ede'],
  ['xxh128', true, 0, '9ce4c8f135b4105a6df569e0c786ba6b'],
  ['xxh128', true, 1, '3a68a2638f49420fbfde4bf2679e9a7e'],
  ['xxh128', false, -5, '307392d702e26237a59cf201c03a67ec'],
  ['md4', false, 0, '63481c78ae04c201fa01ea9d2b1db56d'],
  ['md4', true, 1, '47069f05139236be345641c634a5c7b3'],
  ['md4', false, -5, 'aa73f8c99ef24fb10f6b6c150f7ac53a'],
];

function blockSum(name: ChecksumName, seed: number, data: Uint8Array): Uint8Array {
  const sum = createBlockSum(name, seed, { seedFirst: false });
  const out = new Uint8Array(sum.length);
  sum.sum(data, 0, data.length, out, 0);
  return out;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('strong sums', () => {
  beforeAll(async () => {
    for (const seed of [0, 1, -5, 7]) await loadChecksums(SUPPORTED_CHECKSUMS, seed);
  });

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

  it.each(SUPPORTED_CHECKSUMS)('%s: file and block sums may be interleaved', (name) => {
    const data = new Uint8Array(300_000).map((_, i) => (i * 31) ^ (i >> 7));
    const file = createFileSum(name);
    const whole = createFileSum(name);
    whole.update(data, 0, data.length);
    const block = createBlockSum(name, 7, { seedFirst: true });
    const out = new Uint8Array(block.length);
    block.sum(data, 0, 5000, out, 0);
    const expected = hex(out);
    for (let at = 0; at < data.length; at += 999) {
      const length = Math.min(999, data.length - at);
      file.update(data, at, length);
      block.sum(data, 0, 5000, out, 0);
      expect(hex(out)).toBe(expected);
    }
    const other = createFileSum(name);
    other.update(data, 0, 10);
    expect(hex(file.digest())).toBe(hex(whole.digest()));
    other.reset();
    file.reset();
    file.update(data, 0, 10);
    other.update(data, 0, 10);
    expect(hex(file.digest())).toBe(hex(other.digest()));
  });

  it('seeds a file sum also with 0, and starts over by itself (reference §7.6, §12.3)', () => {
    const sum = createFileSum('md4', 1);
    for (let round = 0; round < 2; round++) {
      sum.update(HELLO, 0, 2);
      sum.update(HELLO, 2, HELLO.length - 2);
      expect(hex(sum.digest())).toBe('a80ae97540596a493610f81807b4144c');
    }
    sum.update(HELLO, 0, 3);
    sum.reset();
    expect(hex(sum.digest())).toBe(hex(blockSum('md4', 0, Uint8Array.of(1, 0, 0, 0))));
    expect(hex(createFileSum('md4', 0).digest())).toBe(hex(blockSum('md4', 0, new Uint8Array(4))));
  });

  it('a file sum that is given up in the middle leaves nothing behind', () => {
    const abandoned = createFileSum('xxh128');
    abandoned.update(HELLO, 0, 3);
    abandoned.reset();
    abandoned.update(HELLO, 0, HELLO.length);
    expect(hex(abandoned.digest())).toBe('9ce4c8f135b4105a6df569e0c786ba6b');
  });

  it.each(['xxh3', 'xxh128', 'md4'] as const)('%s: every length round the block edges', (name) => {
    const data = new Uint8Array(40_000).map((_, i) => (i * 7) ^ (i >> 5));
    const block = createBlockSum(name, 0, { seedFirst: true });
    const out = new Uint8Array(block.length);
    for (const length of [0, 1, 3, 4, 8, 9, 16, 17, 128, 129, 240, 241, 256, 1024, 1025, 16383, 16384, 16385, 39_990]) {
      block.sum(data, 5, length, out, 0);
      const file = createFileSum(name);
      file.update(data, 5, Math.floor(length / 3));
      file.update(data, 5 + Math.floor(length / 3), length - Math.floor(length / 3));
      expect(hex(file.digest()), String(length)).toBe(hex(out));
    }
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

  it('keeps the seeds of the connections under way, not of all there ever were', async () => {
    for (let seed = 1000; seed < 1070; seed++) await loadChecksums(['xxh3'], seed);
    expect(() => createBlockSum('xxh3', 1000, { seedFirst: true })).toThrow(/before it was loaded/);
    expect(createBlockSum('xxh3', 1069, { seedFirst: true }).length).toBe(8);
  });

  it('keeps the stock order', () => {
    expect(SUPPORTED_CHECKSUMS).toEqual(['xxh128', 'xxh3', 'xxh64', 'md5', 'md4', 'sha1']);
  });
});
