import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Gate } from '../../electron/engine/gate.ts';
import { allNames, transferPair, twoFolders } from '../support/pair.ts';

const SIZE = 48 << 20;
/** Turns of the event loop in which a transfer that is not paused gets far ahead. */
const turns = async (): Promise<void> => {
  for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
};

describe.each(['push', 'pull'] as const)('pause, %s', (direction) => {
  let folders: ReturnType<typeof twoFolders>;
  beforeEach(() => {
    folders = twoFolders();
    for (let i = 0; i < 20; i++) fs.writeFileSync(path.join(folders.src, `a${i}`), 'x'.repeat(i * 100));
    fs.writeFileSync(path.join(folders.src, 'big'), Buffer.alloc(SIZE, 'driftline '));
  });
  afterEach(() => folders.remove());

  /** A transfer that is paused as its large file begins. */
  async function paused(more: { signal?: AbortSignal } = {}) {
    const gate = new Gate();
    let moved = 0;
    let reached = (): void => {};
    const begun = new Promise<void>((resolve) => (reached = resolve));
    const ended = transferPair(direction, ['-a', '-W'], `${folders.src}/`, folders.dst, {
      gate,
      ...more,
      journals: folders.journals,
      onEvent: (event) => {
        if (event.type === 'progress') moved = event.bytesDone;
        // Not by progress: that is told by the clock, and a busy machine may tell it only when all is done.
        if (event.type !== 'item' || event.name !== 'big') return;
        gate.close();
        reached();
      },
    });
    ended.catch(() => {});
    await Promise.race([begun, ended]);
    return { gate, ended, moved: () => moved };
  }

  it('nothing moves, and it goes on where it was', async () => {
    const { gate, ended, moved } = await paused();
    expect(gate.closed).toBe(true);
    await turns();
    expect(moved()).toBeLessThan(SIZE / 2);
    expect(fs.existsSync(path.join(folders.dst, 'big'))).toBe(false);
    gate.open();
    const { result } = await ended;
    expect(result.exitCode).toBe(0);
    expect(fs.readFileSync(path.join(folders.dst, 'big')).equals(Buffer.alloc(SIZE, 'driftline '))).toBe(true);
  });

  it('a cancel ends it', async () => {
    const abort = new AbortController();
    const { ended } = await paused({ signal: abort.signal });
    abort.abort();
    await expect(ended).rejects.toMatchObject({ data: { kind: 'cancelled' } });
    expect(allNames(folders.dst).filter((name) => name.includes('big'))).toEqual([]);
  });
});
