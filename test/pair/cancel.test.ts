import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runTransfer } from '../../electron/engine/index.ts';
import { DEFAULT_OPTIONS } from '../../electron/engine/options/transfer-options.ts';
import { allNames, transferPair, twoFolders } from '../support/pair.ts';
import type { Fate } from '../support/fault-transport.ts';

const cancelled = { data: { kind: 'cancelled', exitCode: 20 } };

/**
 * Each state is entered for real: a direction of the connection is held at the byte that puts the client there, and
 * the abort comes from there. What must follow: the promise settles, the destination is old or new, nothing is littered.
 */
describe('cancel in every state', () => {
  let folders: ReturnType<typeof twoFolders>;
  let abort: AbortController;
  beforeEach(() => {
    folders = twoFolders();
    abort = new AbortController();
    for (let i = 0; i < 50; i++) fs.writeFileSync(path.join(folders.src, `f${i}`), 'x'.repeat(i * 100));
    fs.writeFileSync(path.join(folders.src, 'zbig'), Buffer.alloc(8 << 20, 'driftline '));
  });
  afterEach(() => folders.remove());

  /** Holds the direction from the first chunk that contains `at` bytes or more, and cancels. */
  const holdAt =
    (at: number) =>
    (chunk: Buffer, offset: number): Fate => {
      if (offset + chunk.length <= at) return chunk;
      setImmediate(() => abort.abort());
      return 'hold';
    };

  const expectClean = () => {
    expect(allNames(folders.dst).filter((name) => name.includes('.'))).toEqual([]);
    expect(allNames(folders.journals)).toEqual([]);
  };

  it('connecting: the peer never starts', async () => {
    const run = runTransfer(
      {
        options: DEFAULT_OPTIONS,
        direction: 'push',
        sources: [folders.src],
        destination: '/nowhere',
        startPeer: () => new Promise(() => {}),
        local: false,
        journalDir: null,
      },
      { signal: abort.signal, onEvent: () => {} },
    );
    abort.abort();
    await expect(run).rejects.toMatchObject(cancelled);
  });

  const states: [string, 'push' | 'pull', string[], { send?: number; receive?: number }][] = [
    ['handshake', 'push', ['-a'], { receive: 0 }],
    ['list', 'pull', ['-a'], { receive: 80 }],
    ['data while sending', 'push', ['-a', '-W'], { send: 3 << 20 }],
    ['data while receiving', 'pull', ['-a', '-W'], { receive: 3 << 20 }],
    ['goodbye', 'push', ['-a', '--size-only'], { receive: 1 }],
  ];
  it.each(states)('%s (%s)', async (_state, direction, words, held) => {
    const faults = {
      ...(held.send === undefined ? {} : { send: holdAt(held.send) }),
      ...(held.receive === undefined ? {} : { receive: holdAt(held.receive) }),
    };
    const run = transferPair(direction, words, `${folders.src}/`, folders.dst, {
      faults,
      signal: abort.signal,
      journals: folders.journals,
    });
    await expect(run).rejects.toMatchObject(cancelled);
    expectClean();
  });

  it('sums: waiting for the block sums of a basis', async () => {
    fs.cpSync(folders.src, folders.dst, { recursive: true });
    fs.appendFileSync(path.join(folders.src, 'zbig'), 'changed');
    // Enough for the handshake and the request; the sums behind it never come.
    const run = transferPair('push', ['-r', '-I', '--exclude=f*'], `${folders.src}/`, folders.dst, {
      faults: { receive: holdAt(90) },
      signal: abort.signal,
    });
    await expect(run).rejects.toMatchObject(cancelled);
    expect(fs.readFileSync(path.join(folders.dst, 'zbig')).length).toBe(8 << 20);
  });

  it('blocked write: the peer takes nothing any more', async () => {
    const run = transferPair('push', ['-a', '-W'], `${folders.src}/`, folders.dst, {
      faults: { send: holdAt(100) },
      signal: abort.signal,
    });
    await expect(run).rejects.toMatchObject(cancelled);
  });

  it('redo: the second attempt never arrives', async () => {
    const mark = Buffer.from('only-once-marker');
    fs.writeFileSync(path.join(folders.src, 'zbig'), mark);
    let seen = 0;
    const run = transferPair('pull', ['-a'], `${folders.src}/`, folders.dst, {
      faults: {
        receive: (chunk) => {
          const at = chunk.indexOf(mark);
          if (at < 0) return chunk;
          if (++seen === 2) {
            setImmediate(() => abort.abort());
            return 'hold';
          }
          const copy = Buffer.from(chunk);
          copy[at]! ^= 1;
          return copy;
        },
      },
      signal: abort.signal,
      journals: folders.journals,
    });
    await expect(run).rejects.toMatchObject(cancelled);
    expect(seen).toBe(2);
    expect(fs.existsSync(path.join(folders.dst, 'zbig'))).toBe(false);
    expectClean();
  });

  it('hashing: the flag is polled while a file is summed', async () => {
    let polls = 0;
    const { options } = { options: { ...DEFAULT_OPTIONS, recursive: true, checksum: true } };
    const run = runTransfer(
      {
        options,
        direction: 'push',
        sources: [`${folders.src}/`],
        destination: folders.dst,
        startPeer: async (words) => {
          const { serve } = await import('../../electron/engine/serve.ts');
          const { createServedPair } = await import('../../electron/engine/transport/local.ts');
          const { client, server } = createServedPair();
          void serve(server, words, { journalDir: null });
          return client;
        },
        local: false,
        journalDir: null,
      },
      {
        signal: abort.signal,
        onEvent: () => {},
        poll: () => {
          if (++polls === 3) abort.abort();
          if (abort.signal.aborted) throw Object.assign(new Error('stop'), { data: cancelled.data });
        },
      },
    );
    await expect(run).rejects.toMatchObject(cancelled);
    expect(polls).toBeLessThan(10);
  });
});
