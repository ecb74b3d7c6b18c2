import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PacedWritable } from './paced-writable.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  vi.advanceTimersByTime(10_000);
});
afterEach(() => void vi.useRealTimers());

/** What has come through, with every pending callback run. */
async function arrived(target: PassThrough): Promise<number> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  return target.readableLength;
}

describe('PacedWritable', () => {
  it('keeps to the rate, in pieces of an eighth of a second', async () => {
    const target = new PassThrough({ highWaterMark: 1 << 20 });
    const paced = new PacedWritable(target, 8192);
    let taken = false;
    paced.write(Buffer.alloc(20_000, 'x'), () => (taken = true));
    const seen: number[] = [];
    for (let i = 0; i < 20; i++) {
      seen.push(await arrived(target));
      vi.advanceTimersByTime(125);
    }
    // The first moments make up for what a late timer would have cost.
    expect(seen.slice(0, 6)).toEqual([2048, 3072, 4096, 5120, 6144, 7168]);
    expect(seen.at(-1)).toBe(20_000);
    expect(taken).toBe(true);
  });

  it('bursts no more after a pause', async () => {
    const target = new PassThrough({ highWaterMark: 1 << 20 });
    const paced = new PacedWritable(target, 8192);
    paced.write(Buffer.alloc(1024));
    await arrived(target);
    vi.advanceTimersByTime(60_000);
    paced.write(Buffer.alloc(20_000));
    expect(await arrived(target)).toBeLessThanOrEqual(1024 + 3072);
  });

  it('ends its target behind the last piece', async () => {
    const target = new PassThrough({ highWaterMark: 1 << 20 });
    const paced = new PacedWritable(target, 8192);
    paced.end(Buffer.alloc(5000));
    await arrived(target);
    expect(target.writableEnded).toBe(false);
    for (let i = 0; i < 8; i++) {
      vi.advanceTimersByTime(125);
      await arrived(target);
    }
    expect(target.writableEnded).toBe(true);
    expect(target.readableLength).toBe(5000);
  });

  it('drops what nobody takes any more, and passes on a failure', async () => {
    const target = new PassThrough();
    const paced = new PacedWritable(target, 8192);
    const outcomes: unknown[] = [];
    paced.write(Buffer.alloc(100_000), (error) => outcomes.push(error ?? 'taken'));
    await arrived(target);
    target.destroy();
    await arrived(target);
    paced.write(Buffer.alloc(100), (error) => outcomes.push(error ?? 'taken'));
    await arrived(target);
    expect(outcomes).toEqual(['taken', 'taken']);

    const failing = new PassThrough();
    const second = new PacedWritable(failing, 8192);
    const errors: Error[] = [];
    second.on('error', (error) => errors.push(error));
    failing.on('error', () => {});
    failing.destroy(new Error('lost'));
    await arrived(failing);
    expect(errors.map((error) => error.message)).toEqual(['lost']);
  });
});
