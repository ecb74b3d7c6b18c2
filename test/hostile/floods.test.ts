import { getHeapStatistics } from 'node:v8';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseClientWords } from '../../electron/engine/options/parse.ts';
import { previewTransfer } from '../../electron/engine/mirror.ts';
import { Msg, Ndx } from '../../electron/engine/wire/constants.ts';
import { type Attack, Battlefield, expectRefused, type Outcome, SIDES, type Side } from '../support/attacked.ts';
import { type ScriptedPeer, scriptedServer } from '../support/scripted-peer.ts';
import { dot, file, folder, playReceiver, playSender, type Sent } from '../support/scripts.ts';

/**
 * Peers that send without end, or far more than they say, to receivers and senders of ours in a heap of 256 MiB
 * (vitest.config.mjs). A peer here lives in the same process, and waits while we are slow to read.
 */

let field: Battlefield;
let rssBefore: number;
beforeEach(() => {
  field = new Battlefield();
  rssBefore = process.resourceUsage().maxRSS;
});
afterEach(() => {
  field.check();
  field.folders.remove();
  // The heap's own bound and what Buffers and the garbage of both sides take.
  expect(process.resourceUsage().maxRSS - rssBefore).toBeLessThan(400 * 1024);
});

const FLOOD = { timeout: 60_000 };

it('the heap is the small one these tests are about', () => {
  expect(getHeapStatistics().heap_size_limit).toBeLessThan(400 * 2 ** 20);
});

/** Sends pieces for as long as the other side takes them. */
async function flood(peer: ScriptedPeer, write: (n: number) => void, most = Infinity): Promise<void> {
  const { conn } = peer;
  // What is written to a side that has gone is dropped.
  for (let n = 0; n < most && !conn.transport.stream.readableEnded; n++) {
    write(n);
    if (conn.output.congested) await conn.drained();
    else if (conn.sliceOver) await conn.pause();
  }
}

describe.each(SIDES)('H10: our %s is sent', (side: Side) => {
  const receive = (attack: Attack, script: (peer: ScriptedPeer) => Promise<void>): Promise<Outcome> =>
    field.receive(side, attack, script);

  it('a list without end', FLOOD, async () => {
    const outcome = await receive({}, (peer) => flood(peer, (n) => peer.entry(file(`${n}`.padStart(4000, 'x'), ''))));
    expectRefused(side, outcome, 'flist-too-long');
  });

  it.each<[string, (peer: ScriptedPeer, n: number) => void]>([
    ['frames of nothing', ({ conn }) => conn.output.keepAlive()],
    ['messages of nothing', ({ conn }) => conn.output.message(Msg.NOOP)],
    ['text', ({ conn }) => conn.output.message(Msg.INFO, Buffer.alloc(5000, 'x'))],
    ['refusals of what nobody asked for', ({ conn }, n) => conn.output.messageInt(Msg.NO_SEND, n)],
    ['error bits', ({ conn }) => conn.output.messageInt(Msg.IO_ERROR, -8)],
  ])('a flood of %s, and is served behind it', FLOOD, async (_, write) => {
    const tree: Sent[] = [dot, file('old', 'new content!')];
    const outcome = await receive({}, async (peer) => {
      await flood(peer, (n) => write(peer, n), 5_000);
      await playSender(peer, tree);
    });
    expect(outcome).toMatchObject({ exitCode: 0, code: null });
    expect(field.read('old')).toBe('new content!');
  });

  it('an announcement of 2^24-1 bytes in one frame, of which none comes', async () => {
    const outcome = await receive({}, async (peer) => {
      peer.conn.output.flush();
      peer.conn.transport.stream.write(Buffer.of(0xff, 0xff, 0xff, 7));
      peer.conn.transport.stream.end();
      await peer.wait();
    });
    expect(outcome.exitCode).toBe(12);
  });
});

describe.each(SIDES)('H14: our sending %s gets', (side: Side) => {
  it.each<[string, (peer: ScriptedPeer, n: number) => void]>([
    ['messages of nothing', ({ conn }) => conn.output.message(Msg.NOOP)],
    ['names of what was deleted', ({ conn }) => conn.output.message(Msg.DELETED, Buffer.alloc(4000, 'x'))],
  ])('a flood of %s, and serves behind it', FLOOD, async (_, write) => {
    const words = ['-r', '--no-inc-recursive'];
    const outcome = await field.send(side, { words }, async (peer) => {
      await flood(peer, (n) => write(peer, n), 5_000);
      await playReceiver(peer);
    });
    expect(outcome).toMatchObject({ exitCode: 0, code: null });
  });
});

it('a client is told to wait for lists that never come, and can be cancelled', async () => {
  const outcome = await field.receive('client', { incRecurse: true, patience: 300 }, async (peer) => {
    peer.list([dot, folder('d')]);
    peer.conn.output.data.ndx(Ndx.FLIST_OFFSET - 1);
    await peer.wait();
  });
  expect(outcome.code).toBe('cancelled/cancelled');
});

it('a preview holds what lists without end contain, finished or not', FLOOD, async () => {
  const folders = Array.from({ length: 2000 }, (_, n) => `d${`${n}`.padStart(4, '0')}`);
  const startPeer = scriptedServer(async (peer) => {
    peer.list([dot, ...folders.map((name) => folder(name))]);
    for (const [n, name] of folders.entries()) {
      peer.subList(
        n + 1,
        Array.from({ length: 40 }, (_, i) => file(`${name}/${`${i}`.padStart(3900, 'x')}`, '')),
      );
      await peer.request(); // the list before is finished
      peer.conn.output.data.ndx(Ndx.DONE);
    }
    await peer.wait();
  }, true);
  const preview = previewTransfer(
    {
      ...{ direction: 'pull', sources: ['/srv'], destination: field.folders.dst, contentsOnly: true },
      ...{ options: parseClientWords(['-r'], () => '').options, startPeer, remoteUser: '', journalDir: null },
    },
    { signal: new AbortController().signal, onEvent: () => {} },
  );
  await expect(preview).rejects.toMatchObject({ data: { code: 'flist-too-long' } });
});
