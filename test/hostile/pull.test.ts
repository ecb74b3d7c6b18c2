import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EngineEvent } from '../../electron/engine/events.ts';
import { EntryFlag, type FileEntry } from '../../electron/engine/flist/entry.ts';
import { runTransfer, type PeerStarter, type TransferResult } from '../../electron/engine/index.ts';
import { parseClientWords } from '../../electron/engine/options/parse.ts';
import { Msg, Ndx } from '../../electron/engine/wire/constants.ts';
import { allNames, twoFolders } from '../support/pair.ts';
import { scriptedServer, type ScriptedPeer } from '../support/scripted-peer.ts';

vi.setConfig({ testTimeout: 10_000 });

const TOP = EntryFlag.TOP_DIR | EntryFlag.CONTENT_DIR;
const dot: Partial<FileEntry> = { base: '.', mode: 0o040755, flags: TOP };
const fileNamed = (base: string, more: Partial<FileEntry> = {}): Partial<FileEntry> => ({ base, size: 10, ...more });

/** What a client that pulls makes of a server's answers, messages and ends (faults.md H13–H15). */
describe('hostile servers', () => {
  let folders: ReturnType<typeof twoFolders>;
  let events: EngineEvent[];
  beforeEach(() => {
    folders = twoFolders();
    events = [];
    fs.writeFileSync(path.join(folders.root, 'canary'), 'sings');
    fs.mkdirSync(folders.dst);
    fs.writeFileSync(path.join(folders.dst, 'old'), 'old content');
  });
  afterEach(() => {
    expect(fs.readFileSync(path.join(folders.root, 'canary'), 'latin1')).toBe('sings');
    expect(allNames(folders.root).filter((name) => /(^|\/)\./.test(name))).toEqual([]);
    expect(allNames(folders.journals)).toEqual([]);
    folders.remove();
  });

  const pull = (startPeer: PeerStarter, words: string[] = ['-r'], source = '/srv/'): Promise<TransferResult> =>
    runTransfer(
      {
        options: parseClientWords([...words], () => '').options,
        direction: 'pull',
        sources: [source],
        destination: folders.dst,
        startPeer,
        local: false,
        journalDir: folders.journals,
      },
      { signal: new AbortController().signal, onEvent: (event) => events.push(event) },
    );
  const refused = async (run: Promise<unknown>, code: string | RegExp) => {
    await expect(run).rejects.toMatchObject({ data: { kind: 'protocol', code: expect.stringMatching(code) } });
    expect(fs.readFileSync(path.join(folders.dst, 'old'), 'latin1')).toBe('old content');
    expect(allNames(folders.dst)).toEqual(['old']);
  };
  /** Lists `old` as changed, reads the request for it, then lets `then` answer. */
  const asked = (then: (peer: ScriptedPeer, request: { ndx: number; iflags: number; head: number[] }) => unknown) =>
    scriptedServer(async (peer) => {
      peer.list([dot, fileNamed('old', { size: 12 })]);
      let request = await peer.request();
      while (!(request.iflags & 0x8000)) request = await peer.request();
      await then(peer, request);
      await peer.wait();
    });
  const issues = () => events.flatMap((event) => (event.type === 'issue' ? [event.issue] : []));

  describe('replies (H8, H12)', () => {
    it.each([['--append'], ['--append-verify']])(
      '%s: a block, although only what follows is asked for',
      async (word) => {
        const server = asked((peer, { ndx, iflags, head }) => {
          expect(head).toEqual([1, 700, expect.any(Number), 11]);
          peer.reply(ndx, iflags, head);
          peer.conn.output.data.i32(-1);
        });
        await refused(pull(server, ['-r', word]), 'bad-block');
      },
    );

    it('a request answered without its content', async () =>
      refused(pull(asked((peer, { ndx }) => peer.reply(ndx, 0x0008))), 'no-data'));

    it('ends of phases that nobody asked for', async () => {
      const server = scriptedServer(async (peer) => {
        peer.list([dot, fileNamed('old', { size: 12 })]);
        for (let i = 0; i < 5; i++) peer.conn.output.data.ndx(Ndx.DONE);
        await peer.wait();
      });
      await expect(pull(server)).rejects.toMatchObject({ data: { kind: 'protocol' } });
    });

    /** Plays a sender's part to the end; `content` answers each request for content, or does not. */
    const toTheEnd = (
      content: (peer: ScriptedPeer, request: { ndx: number; iflags: number; head: number[] }) => void,
    ) =>
      scriptedServer(async (peer) => {
        const { data } = peer.conn.output;
        peer.list([dot, fileNamed('old', { size: 12 })]);
        for (let dones = 0; dones < 5;) {
          const request = await peer.request();
          if (request.ndx !== Ndx.DONE) {
            if (request.iflags & 0x8000) content(peer, request);
            else peer.reply(request.ndx, request.iflags);
          } else if (++dones < 5) {
            data.ndx(Ndx.DONE);
            // Statistics stand behind the third answer.
            if (dones === 3) for (let i = 0; i < 5; i++) data.varlong(1, 3);
          }
          peer.conn.output.flush();
        }
      });
    it('a request that is never answered', async () => {
      const result = await pull(toTheEnd(() => {}));
      expect(result.exitCode).toBe(23);
      expect(result.stats.transferred).toBe(0);
      expect(issues().map(({ code, name }) => [code, name])).toEqual([['write-failed', 'old']]);
    });

    it('NO_SEND twice for one request, and for others', async () => {
      const server = toTheEnd((peer, { ndx }) => {
        for (const refusal of [ndx, ndx, 0, 77, -5]) peer.conn.output.messageInt(Msg.NO_SEND, refusal);
      });
      expect((await pull(server)).exitCode).toBe(0);
      expect(fs.readFileSync(path.join(folders.dst, 'old'), 'latin1')).toBe('old content');
    });
  });

  describe('frames (H14)', () => {
    it.each([
      ['an unknown code', 0x50, Buffer.alloc(4)],
      ['an internal code', 9, Buffer.alloc(4)],
      ['a text of 5120 bytes', Msg.INFO, Buffer.alloc(5120, 'x')],
      ['an io_error of 3 bytes', Msg.IO_ERROR, Buffer.alloc(3)],
    ])('%s', async (_what, code, payload) => {
      await refused(pull(asked((peer) => peer.conn.output.message(code, payload))), 'bad-frame');
    });

    it('times out by its own rule only: junk timeouts and error bits do no harm', async () => {
      const server = asked((peer) => {
        for (const seconds of [0, -1, 0x7fffffff]) peer.conn.output.messageInt(Msg.IO_TIMEOUT, seconds);
        peer.conn.output.messageInt(Msg.IO_ERROR, -8);
        peer.conn.output.messageInt(Msg.ERROR_EXIT, 3);
      });
      await expect(pull(server)).rejects.toMatchObject({ data: { kind: 'remote', code: 'peer-exit', exitCode: 3 } });
    });
  });

  describe('early ends', () => {
    it('ERROR_EXIT: its code, and what was said on standard error', async () => {
      const server = scriptedServer(async (peer, side) => {
        peer.list([dot, fileNamed('old', { size: 12 })]);
        peer.conn.output.messageInt(Msg.ERROR_EXIT, 11);
        await peer.conn.input.readToEnd().catch(() => {});
        side.stderr!.write('the disk of the server burns\n');
      });
      await expect(pull(server)).rejects.toMatchObject({ data: { kind: 'remote', exitCode: 11 } });
      expect(events).toContainEqual({
        ...{ type: 'message', level: 'error', from: 'remote' },
        text: 'the disk of the server burns\n',
      });
    });

    const cuts: [string, PeerStarter][] = [
      ['after the handshake', scriptedServer(() => {})],
      ['after the list', scriptedServer((peer) => peer.list([dot, fileNamed('old', { size: 12 })]))],
      [
        'inside the data',
        scriptedServer(async (peer) => {
          peer.list([dot, fileNamed('old', { size: 12 })]);
          let request = await peer.request();
          while (!(request.iflags & 0x8000)) request = await peer.request();
          peer.reply(request.ndx, request.iflags, request.head);
          peer.conn.output.data.i32(5);
          peer.conn.output.data.string('abc');
          peer.conn.output.flush();
        }),
      ],
      [
        'before the statistics',
        scriptedServer(async (peer) => {
          peer.list([dot]);
          for (let dones = 0; dones < 3;) {
            if ((await peer.request()).ndx !== Ndx.DONE) continue;
            dones++;
            peer.conn.output.data.ndx(Ndx.DONE);
            peer.conn.output.flush();
          }
        }),
      ],
    ];
    it.each(cuts)('%s', async (_where, server) => {
      await expect(pull(server)).rejects.toMatchObject({
        data: { kind: 'remote', code: 'closed-early', exitCode: 12 },
      });
      expect(allNames(folders.dst)).toEqual(['old']);
    });
  });
});
