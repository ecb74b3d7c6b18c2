import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runTransfer } from '../../electron/engine/index.ts';
import { parseClientWords } from '../../electron/engine/options/parse.ts';
import { serve } from '../../electron/engine/serve.ts';
import { scanTree } from '../../electron/engine/source-tree.ts';
import { createServedPair } from '../../electron/engine/transport/local.ts';
import { faultTransport } from '../support/fault-transport.ts';
import { transferPair, twoFolders } from '../support/pair.ts';

/** What a client does not wait for: on a slow link each wait is a round trip. */
describe('round trips', () => {
  let folders: ReturnType<typeof twoFolders>;
  let abort: AbortController;
  beforeEach(() => {
    folders = twoFolders();
    abort = new AbortController();
    for (let i = 0; i < 11; i++) {
      const sub = path.join(folders.src, `sub-${i}`);
      fs.mkdirSync(sub);
      for (let j = 0; j < 120; j++) fs.writeFileSync(path.join(sub, `file-${i}-${j}`), '');
    }
    fs.mkdirSync(path.join(folders.src, 'zz'));
    fs.writeFileSync(path.join(folders.src, 'zz/the-last'), '');
  });
  afterEach(() => {
    vi.useRealTimers();
    folders.remove();
  });

  /** The server's seed: the four bytes that follow its version and its lists of algorithms. */
  const isSeed = (chunk: Buffer, offset: number): boolean => offset > 4 && chunk.length === 4;

  it('rules and lists of a push go out before the seed has come', async () => {
    let sent = '';
    const run = transferPair('push', ['-a', '--delete', '--exclude=left-out'], `${folders.src}/`, folders.dst, {
      signal: abort.signal,
      faults: {
        receive: (chunk, offset) => (isSeed(chunk, offset) ? 'hold' : chunk),
        send(chunk) {
          sent += chunk.toString('latin1');
          if (sent.includes('left-out') && sent.includes('the-last')) abort.abort();
          return chunk;
        },
      },
    });
    await expect(run).rejects.toMatchObject({ data: { kind: 'cancelled' } });
  });

  it('rules of a pull go out before the seed has come', async () => {
    const run = transferPair('pull', ['-a', '--exclude=left-out'], `${folders.src}/`, folders.dst, {
      signal: abort.signal,
      faults: {
        receive: (chunk, offset) => (isSeed(chunk, offset) ? 'hold' : chunk),
        send(chunk) {
          if (chunk.includes('left-out')) abort.abort();
          return chunk;
        },
      },
    });
    await expect(run).rejects.toMatchObject({ data: { kind: 'cancelled' } });
  });

  it.each([
    ['while the seed is on its way', true],
    ['while the server has nothing to ask yet', false],
  ])('lists go out while further ones are made, %s', async (_when, held) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { options } = parseClientWords(['-a'], () => '');
    let served: Promise<number> | null = null;
    const sentBefore: number[] = [];
    const run = runTransfer(
      {
        ...{ options, direction: 'push', sources: [`${folders.src}/`], destination: folders.dst },
        ...{ local: false, journalDir: null },
        startPeer(words) {
          const { client, server } = createServedPair();
          served = serve(server, words, { journalDir: null });
          const receive = (chunk: Buffer, offset: number) => (held && isSeed(chunk, offset) ? 'hold' : chunk);
          return Promise.resolve(faultTransport(client, { receive }));
        },
        tree(conn, source) {
          const tree = scanTree(conn, source, [`${folders.src}/`], []);
          const children: typeof tree.children = (dirs) => {
            sentBefore.push(conn.output.sent);
            vi.setSystemTime(Date.now() + 10); // each list takes its time
            if (held && sentBefore.length === 12) setImmediate(() => abort.abort());
            return tree.children(dirs);
          };
          return Object.assign(Object.create(tree) as typeof tree, { children });
        },
      },
      { signal: abort.signal, onEvent: () => {} },
    );
    if (held) await expect(run).rejects.toMatchObject({ data: { kind: 'cancelled' } });
    else expect((await run).exitCode).toBe(0);
    await served;
    // The look-ahead that comes before requests is eight lists long; behind it, each list finds more gone.
    const [at, last] = [sentBefore.at(held ? 1 : 9)!, sentBefore.at(11)!];
    expect(sentBefore).toHaveLength(12);
    expect(at).toBeGreaterThan(sentBefore[0]!);
    expect(last).toBeGreaterThan(at);
  });
});
