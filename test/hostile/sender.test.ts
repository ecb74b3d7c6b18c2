import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { entryName } from '../../electron/engine/flist/entry.ts';
import { ItemFlag, Msg, Ndx } from '../../electron/engine/wire/constants.ts';
import { type Attack, Battlefield, expectRefused, type Outcome, SIDES, type Side } from '../support/attacked.ts';
import { allNames } from '../support/pair.ts';
import type { Item, ScriptedPeer } from '../support/scripted-peer.ts';
import { playReceiver, type ReceiverChanges } from '../support/scripts.ts';

/** Hostile receivers against both senders of ours: the client that pushes, the server that is pulled from. */

let field: Battlefield;
beforeEach(() => (field = new Battlefield()));
afterEach(() => {
  field.check();
  field.folders.remove();
});

/** Sorted: 0 is ".", 1 the file `a`, 2 the folder `d`. */
const FILE = 1;
const FOLDER = 2;

describe.each(SIDES)('a receiver talks to our %s', (side: Side) => {
  let got: Map<number, Buffer> | null;
  beforeEach(() => (got = null));
  const play = (attack: Attack, changes: ReceiverChanges): Promise<Outcome> =>
    field.send(side, { ...attack, words: ['--no-inc-recursive', ...(attack.words ?? ['-r'])] }, async (peer) => {
      got = await playReceiver(peer, changes);
    });
  const refused = async (run: Promise<Outcome>, code: string): Promise<void> => expectRefused(side, await run, code);
  const sources = (): string[] => allNames(field.folders.src);

  it.each<[string, string[]]>([
    ['plainly', ['-r']],
    ['with md5', ['-r', '--checksum-choice=md5']],
    ['with deletions', ['-r', '--delete']],
  ])('and is served where it keeps to the rules: %s', async (_, words) => {
    expect(await play({ words }, {})).toEqual({ exitCode: 0, code: null, text: '' });
    expect(got).toEqual(new Map([[FILE, Buffer.from('content')]]));
  });

  it.each<[string, Partial<Item>, string]>([
    ['out of range', { ndx: 9 }, 'bad-ndx'],
    ['as large as can be', { ndx: 0x7fffffff }, 'bad-ndx'],
    ['of a list', { ndx: Ndx.FLIST_OFFSET }, 'bad-ndx'],
    ['of the end of lists', { ndx: Ndx.FLIST_EOF }, 'bad-ndx'],
    ['of deletions, when there are none yet', { ndx: Ndx.DEL_STATS }, 'bad-ndx'],
    ['of nothing', { ndx: -50 }, 'bad-ndx'],
    ['of a folder, whose content is asked for', { ndx: FOLDER }, 'bad-request'],
    ['of the root, whose content is asked for', { ndx: 0 }, 'bad-request'],
  ])('H8: an index %s', async (_, change, code) => {
    await refused(play({}, { item: (item) => ({ ...item, ...change }) }), code);
  });

  it('H8: content asked for when there is none any more', async () => {
    const done = (peer: ScriptedPeer, nth: number): void => {
      if (nth === 3) peer.reply(FILE, ItemFlag.TRANSFER, [0, 0, 0, 0]);
    };
    await refused(play({}, { done }), 'bad-request');
  });

  it('H8: content asked for over and over comes over and over, since a second attempt looks like that', async () => {
    const behind = (peer: ScriptedPeer): void => peer.reply(FILE, ItemFlag.TRANSFER, [0, 0, 0, 0]);
    expect(await play({}, { behind })).toMatchObject({ exitCode: 0 });
  });

  it.each<[string, number[]]>([
    ['an endless count', [0x7fffffff, 700, 16, 0]],
    ['a negative count', [-5, 700, 2, 0]],
    ['blocks of no length', [5, 0, 2, 0]],
    ['blocks of 2^30 bytes', [5, 2 ** 30, 2, 0]],
    ['sums of 255 bytes', [5, 700, 255, 0]],
    ['sums of -1 bytes', [5, 700, -1, 0]],
    ['a remainder longer than a block', [5, 700, 2, 9000]],
    ['a negative remainder', [5, 700, 2, -1]],
  ])('H9: a sum head with %s', async (_, head) => {
    await refused(play({}, { item: (item) => ({ ...item, head }) }), 'bad-sum-head');
  });

  it('H9: a sum head that only its size makes impossible is taken as its sums come', async () => {
    // Two gigabytes are announced and never come.
    const done = (peer: ScriptedPeer): void => {
      const before = process.memoryUsage.rss();
      peer.reply(FILE, ItemFlag.TRANSFER, [100_000_000, 700, 16, 0]);
      peer.conn.output.flush();
      expect(process.memoryUsage.rss() - before).toBeLessThan(64 * 2 ** 20);
      peer.conn.transport.stream.end();
    };
    const outcome = await play({}, { done });
    expect(outcome.exitCode).not.toBe(0);
  });

  it('an alternate name of 5000 bytes (R3)', async () => {
    const behind = ({ conn }: ScriptedPeer): void => {
      conn.output.data.ndx(FILE);
      conn.output.data.u16(ItemFlag.XNAME_FOLLOWS);
      conn.output.data.vstring('x'.repeat(5000));
    };
    await refused(play({}, { behind }), 'string-too-long');
  });

  it.each<[string, number[]]>([
    ['negative', [0, -1, 0, 0, 0]],
    ['beyond 2^28', [2 ** 28 + 1, 0, 0, 0, 0]],
  ])('counts of deletions that are %s (R29)', async (_, counts) => {
    const done = (peer: ScriptedPeer, nth: number): void => {
      if (nth !== 4) return;
      peer.conn.output.data.ndx(Ndx.DEL_STATS);
      for (const count of counts) peer.conn.output.data.varint(count);
    };
    await refused(play({ words: ['-r', '--delete'] }, { done }), 'bad-delete-stats');
  });

  it.each<[string, number, Buffer]>([
    ['an unknown code', 0x50, Buffer.alloc(4)],
    ['a text of 5120 bytes', Msg.INFO, Buffer.alloc(5120, 'x')],
    ['a success of 3 bytes', Msg.SUCCESS, Buffer.alloc(3)],
  ])('H14: a frame with %s', async (_, code, payload) => {
    await refused(play({}, { done: (peer) => peer.conn.output.message(code, payload) }), 'bad-frame');
  });

  describe('H18: --remove-source-files', () => {
    const words = ['-r', '--remove-source-files'];
    const says = (peer: ScriptedPeer, ndx: number): void => peer.conn.output.messageInt(Msg.SUCCESS, ndx);

    it('removes what the peer says it has got', async () => {
      const done = (peer: ScriptedPeer, nth: number): void => {
        if (nth === 2) says(peer, FILE);
      };
      expect(await play({ words }, { done })).toMatchObject({ exitCode: 0 });
      expect(sources()).toEqual(['d']);
    });

    it.each<[string, number]>([
      ['a folder', FOLDER],
      ['what is no file of the list', 77],
      ['nothing', -1],
    ])('keeps all when told of %s', async (_, ndx) => {
      await refused(play({ words }, { done: (peer) => says(peer, ndx) }), 'bad-ndx');
      expect(sources()).toEqual(['a', 'd']);
    });

    it('keeps a file that it could not send, whatever the peer says', async () => {
      const source = path.join(field.folders.src, 'a');
      fs.utimesSync(source, 1e9, 1e9);
      const behind = (): void => fs.renameSync(source, `${source}-`);
      const done = (peer: ScriptedPeer, nth: number): void => {
        if (nth !== 2) return;
        fs.renameSync(`${source}-`, source);
        says(peer, FILE);
      };
      await refused(play({ words }, { behind, done }), 'bad-success');
      expect(sources()).toEqual(['a', 'd']);
    });

    it('does nothing where it was not asked for', async () => {
      expect(await play({}, { done: (peer) => says(peer, FILE) })).toMatchObject({ exitCode: 0 });
      expect(sources()).toEqual(['a', 'd']);
    });
  });
});

describe('our server is sent rules', () => {
  const rule = async (write: (peer: ScriptedPeer) => void): Promise<Outcome> => {
    // The client's own list of rules has ended: these are in the place of its first request.
    const words = ['-r', '--no-inc-recursive', '--exclude=x'];
    return field.send('server', { words }, async (peer) => {
      write(peer);
      await peer.wait();
    });
  };
  it('and takes none behind the last', async () => {
    const outcome = await rule(({ conn }) => {
      conn.output.data.i32(5);
      conn.output.data.string('- *.o');
    });
    expect(outcome.exitCode).toBe(12);
  });
});

describe('names of --files-from that a server sends (a push)', () => {
  it.each(['../outside/canary', '/../../outside/canary', 'd/../../outside/canary'])(
    '%j leads nowhere but into the source',
    async (name) => {
      let listed: string[] = [];
      const words = ['-r', '--no-inc-recursive', '--files-from=:list'];
      await field.send('client', { words }, async (peer) => {
        const { data } = peer.conn.output;
        for (const each of ['a', name]) data.string(`${each}\0`);
        data.u8(0);
        peer.conn.output.flush();
        listed = (await peer.readList()).map(entryName);
      });
      expect(listed).toContain('a');
      expect(listed.filter((each) => each.includes('canary'))).toEqual([]);
    },
  );
});
