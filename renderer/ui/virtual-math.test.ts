import { describe, expect, it } from 'vitest';
import { boxHeight, isScaled, MAX_HEIGHT, maxOffset, offsetOf, reveal, rowsAt, scrollTopOf } from './virtual-math.ts';

const small = { count: 100, rowHeight: 44, viewport: 440 };
const huge = { count: 1_000_000, rowHeight: 44, viewport: 440 };

describe('virtual list geometry', () => {
  it('draws what is visible and a little more', () => {
    expect(rowsAt(0, small)).toEqual({ first: 0, end: 23 });
    expect(rowsAt(44 * 50, small)).toEqual({ first: 44, end: 67 });
    expect(rowsAt(maxOffset(small), small).end).toBe(100);
    expect(rowsAt(0, { ...small, count: 0 })).toEqual({ first: 0, end: 0 });
  });

  it('never draws more than 200 rows', () => {
    const { first, end } = rowsAt(1e6, { ...huge, rowHeight: 2, viewport: 5000 });
    expect(end - first).toBeLessThanOrEqual(200);
  });

  it('scales a list that is taller than a browser lays out, and both ends stay in reach', () => {
    expect(isScaled(small)).toBe(false);
    expect(isScaled(huge)).toBe(true);
    expect(boxHeight(huge)).toBe(MAX_HEIGHT);
    const end = offsetOf(MAX_HEIGHT - huge.viewport, huge);
    expect(end).toBe(maxOffset(huge));
    expect(rowsAt(end, huge).end).toBe(huge.count);
    for (const offset of [0, 12_345_678, maxOffset(huge)]) {
      expect(offsetOf(scrollTopOf(offset, huge), huge)).toBeCloseTo(offset, 3);
    }
  });

  it('reveals a row by the shortest way', () => {
    expect(reveal(5, 0, small)).toBe(0);
    expect(reveal(12, 0, small)).toBe(13 * 44 - 440);
    expect(reveal(2, 440, small)).toBe(88);
  });
});
