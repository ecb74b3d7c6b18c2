import { describe, expect, it } from 'vitest';
import { DriftlineError } from '../../../shared/errors.ts';
import {
  basisLengthOf,
  blockLengthAt,
  chooseSumHead,
  MAX_SIGNATURE_BYTES,
  NO_BASIS,
  sameSumHead,
  type SumHead,
  validateSumHead,
} from './sum-head.ts';

const first = { blockSize: 0, checksumLength: 16, redo: false };
const head = (count: number, blockLength: number, strongLength: number, remainder: number): SumHead => ({
  count,
  blockLength,
  strongLength,
  remainder,
});

/** Protocol reference §7.5: length, count, block length, strong length, remainder, and the block bound. */
const TABLE: [number, number, number, number, number, number?][] = [
  [1, 1, 700, 2, 1],
  [700, 1, 700, 2, 0],
  [1411, 3, 700, 2, 11],
  [490000, 700, 700, 2, 0],
  [490001, 701, 700, 2, 1],
  [500000, 711, 704, 2, 160],
  [1000000, 1000, 1000, 2, 0],
  [10000000, 3165, 3160, 2, 1760],
  [100000000, 10000, 10000, 3, 0],
  [1000000000, 31630, 31616, 3, 17536],
  [2 ** 32, 65536, 65536, 4, 0],
  [2 ** 36, 524288, 131072, 5, 0],
  [2 ** 36, 262144, 262144, 5, 0, 2 ** 29],
];

describe('chooseSumHead', () => {
  it.each(TABLE)('%i bytes: %i blocks of %i, sums of %i, last %i', (length, count, blockLength, strong, rest, max) => {
    const chosen = chooseSumHead(length, { ...first, ...(max === undefined ? {} : { maxBlock: max }) });
    expect(chosen).toEqual(head(count, blockLength, strong, rest));
    expect(basisLengthOf(chosen)).toBe(length);
  });

  it('an empty basis is no basis', () => {
    expect(chooseSumHead(0, first)).toEqual(NO_BASIS);
    expect(basisLengthOf(NO_BASIS)).toBe(0);
  });

  it('a redo takes full sums, at most 16 bytes', () => {
    expect(chooseSumHead(5000, { ...first, redo: true }).strongLength).toBe(16);
    expect(chooseSumHead(5000, { ...first, redo: true, checksumLength: 8 }).strongLength).toBe(8);
    expect(chooseSumHead(5000, { ...first, redo: true, checksumLength: 20 }).strongLength).toBe(16);
  });

  it('takes the block size asked for, within the bound', () => {
    expect(chooseSumHead(1000, { ...first, blockSize: 512 })).toEqual(head(2, 512, 2, 488));
    expect(chooseSumHead(1000, { ...first, blockSize: 1 })).toEqual(head(1000, 1, 2, 0));
    expect(chooseSumHead(2 ** 20, { ...first, blockSize: 2 ** 20 })).toEqual(head(8, 131072, 2, 0));
  });

  it('sends everything where the sums could not be held', () => {
    expect(chooseSumHead(2 ** 40, { ...first, blockSize: 100 })).toEqual(NO_BASIS);
    expect(chooseSumHead(2 ** 53, first)).toEqual(NO_BASIS);
    expect(chooseSumHead(10 * 2 ** 40, { ...first, redo: true }).count).toBe(83886080);
  });
});

describe('validateSumHead', () => {
  const bounds = { checksumLength: 16 };
  it.each([
    ['negative count', head(-1, 700, 2, 0)],
    ['negative block length', head(1, -1, 2, 0)],
    ['no block length', head(1, 0, 2, 0)],
    ['huge block', head(1, 131073, 2, 0)],
    ['block of 2^30', head(1, 2 ** 30, 2, 0)],
    ['negative sum', head(1, 700, -1, 0)],
    ['sum longer than the checksum', head(1, 700, 17, 0)],
    ['sum of 255', head(1, 700, 255, 0)],
    ['negative remainder', head(1, 700, 2, -1)],
    ['remainder past the block', head(1, 700, 2, 701)],
    ['count of 2^31-1', head(0x7fffffff, 700, 16, 0)],
    ['more sums than can be held', head(MAX_SIGNATURE_BYTES / 20 + 1, 700, 16, 0)],
  ])('refuses %s', (_, bad) => {
    expect(() => validateSumHead(bad, bounds)).toThrow(DriftlineError);
    try {
      validateSumHead(bad, bounds);
    } catch (error) {
      expect((error as DriftlineError).data).toMatchObject({ kind: 'protocol', code: 'bad-sum-head' });
    }
  });

  it.each([NO_BASIS, head(0, 700, 2, 0), head(3, 700, 2, 11), head(3, 700, 16, 700), head(1, 131072, 0, 0)])(
    'accepts %o',
    (good) => expect(validateSumHead(good, bounds)).toBe(good),
  );

  it('bounds the basis if told, and blocks by the version', () => {
    expect(() => validateSumHead(head(2, 700, 2, 0), { ...bounds, maxLength: 1399 })).toThrow(/1400/);
    expect(validateSumHead(head(2, 700, 2, 0), { ...bounds, maxLength: 1400 }).count).toBe(2);
    expect(validateSumHead(head(1, 2 ** 29, 2, 0), { ...bounds, maxBlock: 2 ** 29 }).count).toBe(1);
  });
});

it('only a last block with a remainder is shorter', () => {
  expect([0, 1, 2].map((i) => blockLengthAt(head(3, 700, 2, 11), i))).toEqual([700, 700, 11]);
  expect([0, 1].map((i) => blockLengthAt(head(2, 700, 2, 0), i))).toEqual([700, 700]);
  expect(sameSumHead(head(3, 700, 2, 11), head(3, 700, 2, 11))).toBe(true);
  expect(sameSumHead(head(3, 700, 2, 11), head(3, 700, 2, 12))).toBe(false);
});
