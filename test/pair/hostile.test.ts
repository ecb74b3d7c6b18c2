import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EngineEvent } from '../../electron/engine/events.ts';
import { EntryFlag, type FileEntry } from '../../electron/engine/flist/entry.ts';
import { runTransfer, type PeerStarter, type TransferResult } from '../../electron/engine/index.ts';
import { parseClientWords } from '../../electron/engine/options/parse.ts';
import { Msg, Ndx } from '../../electron/engine/wire/constants.ts';
import { allNames, twoFolders } from '../support/pair.ts';
import { scriptedClient, scriptedServer, type ScriptedPeer } from '../support/scripted-peer.ts';

vi.setConfig({ testTimeout: 10_000 });

const TOP = EntryFlag.TOP_DIR | EntryFlag.CONTENT_DIR;
const dot: Partial<FileEntry> = { base: '.', mode: 0o040755, flags: TOP };
const fileNamed = (base: string, more: Partial<FileEntry> = {}): Partial<FileEntry> => ({ base, size: 10, ...more });
const NO_HEAD = [0, 0, 0, 0];

/** Peers that break the rules (faults.md H). The canary lies beside the destination; the old file in it must stay. */
describe('hostile peers', () => {
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

  describe('lists (H1–H4)', () => {
    const listed = (entries: Partial<FileEntry>[]) =>
      scriptedServer(async (peer) => {
        peer.list(entries);
        await peer.wait();
      });

    it.each([
      ['../x', 'flist-name'],
      ['a/../../x', 'flist-name'],
      ['..', 'flist-name'],
      ['/etc/x', 'flist-name'],
      ['//', 'flist-name'],
      ['', 'flist-name'],
      ['a\0b', 'flist-name'],
      ['x'.repeat(5000), 'flist-name'],
      ['no-such-folder/x', 'flist-structure'],
    ])('the name %j', async (name, code) => {
      await refused(pull(listed([dot, fileNamed(name)])), code);
    });

    it('a root that is a file', async () => refused(pull(listed([{ base: '.', mode: 0o100644 }])), 'flist-root'));
    it('an unknown type', async () => refused(pull(listed([dot, { base: 'x', mode: 0o110644 }])), 'flist-mode'));
    it('a link and something below it', async () => {
      const link: Partial<FileEntry> = { base: 'd', mode: 0o120777, extra: { link: '..' } };
      await refused(pull(listed([dot, link, fileNamed('d/canary')]), ['-rl']), 'flist-structure');
    });
    it('a top-level name that was not asked for', async () =>
      refused(pull(listed([fileNamed('other')]), ['-r'], '/srv/wanted'), 'unrequested'));
    it('a name our own rules exclude', async () =>
      refused(pull(listed([dot, fileNamed('secret')]), ['-r', '--exclude=secret']), 'excluded-sent'));
    it.each(['/srv/wanted', '/srv/*'])(
      'the whole destination, when %s was asked for, to delete in it',
      async (source) => refused(pull(listed([dot]), ['-r', '--delete'], source), 'unrequested'),
    );
  });

  describe('replies (H8–H13)', () => {
    it.each([0x7fffffff, 3, -4, -50, Ndx.DEL_STATS, -200, Ndx.FLIST_EOF])('the index %d', async (ndx) => {
      const run = pull(
        asked((peer) => {
          if (ndx < 0) peer.conn.output.data.ndx(ndx);
          else peer.reply(ndx, 0x8000, NO_HEAD);
        }),
      );
      await refused(run, /^(bad-ndx|flist-structure)$/);
    });

    it('a duplicate, which stands for nothing', async () => {
      const server = scriptedServer(async (peer) => {
        peer.list([dot, fileNamed('twice'), fileNamed('twice', { size: 11 })]);
        peer.reply(2, 0xa000, NO_HEAD);
        await peer.wait();
      });
      await refused(pull(server), 'bad-ndx');
    });

    it.each([
      ['count', [0x7fffffff, 700, 16, 0]],
      ['negative count', [-1, 700, 2, 0]],
      ['block length 0', [1, 0, 2, 0]],
      ['block length', [1, 2 ** 30, 2, 0]],
      ['sum length', [1, 700, 255, 0]],
      ['remainder', [1, 700, 2, 701]],
      ['other blocks than asked with', [2, 700, 2, 1]],
    ])('a sum head with an impossible %s', async (_what, head) => {
      await refused(pull(asked((peer, { ndx, iflags }) => peer.reply(ndx, iflags, head))), 'bad-sum-head');
    });

    it.each([
      ['a literal of 2^30 bytes', 2 ** 30, 'literal-too-long'],
      ['a block past the last', -2, 'bad-block'],
      ['block 2^31-1', -0x80000000, 'bad-block'],
    ])('%s', async (_what, token, code) => {
      const server = asked((peer, { ndx, iflags, head }) => {
        expect(head[0]).toBe(1);
        peer.reply(ndx, iflags, head);
        peer.conn.output.data.i32(token);
      });
      await refused(pull(server), code);
    });

    it('a block of a file that has no old copy here', async () => {
      const server = asked((peer, { ndx, iflags, head }) => {
        expect(head[0]).toBe(0);
        peer.reply(ndx, iflags, head);
        peer.conn.output.data.i32(-1);
      });
      await refused(pull(server, ['-r', '-W']), 'bad-block');
    });

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

    it('--inplace: a block past the last', async () => {
      const server = asked((peer, { ndx, iflags, head }) => {
        peer.reply(ndx, iflags, head);
        peer.conn.output.data.i32(-2);
      });
      await refused(pull(server, ['-r', '--inplace']), 'bad-block');
    });

    it('content that was not asked for', async () => {
      const server = scriptedServer(async (peer) => {
        peer.list([
          dot,
          fileNamed('old', { size: 11, mtime: Math.floor(fs.statSync(`${folders.dst}/old`).mtimeMs / 1000) }),
        ]);
        peer.reply(1, 0x8000, NO_HEAD);
        await peer.wait();
      });
      await refused(pull(server), 'unrequested-data');
    });

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
    it('a wrong whole-file sum, twice', async () => {
      let sent = 0;
      const server = toTheEnd((peer, { ndx, iflags, head }) => {
        sent++;
        const { data } = peer.conn.output;
        peer.reply(ndx, iflags, head);
        data.i32(9);
        data.string('malicious');
        data.i32(0);
        data.string('\x55'.repeat(peer.conn.agreed.transferSum === 'md5' ? 16 : 8));
      });
      const result = await pull(server, ['-r', '--checksum-choice=md5']);
      expect(sent).toBe(2);
      expect(result.exitCode).toBe(23);
      expect(issues().map(({ code }) => code)).toEqual(['verify-failed']);
      expect(fs.readFileSync(path.join(folders.dst, 'old'), 'latin1')).toBe('old content');
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

  describe('clients of our server (R22–R24)', () => {
    beforeEach(() => {
      fs.writeFileSync(path.join(folders.src, 'a'), 'content');
      fs.mkdirSync(path.join(folders.src, 'd'));
    });
    // Sorted: 0 is ".", 1 the file, 2 the folder.
    it.each<[string, number, number, number[]]>([
      ['an index out of range', 9, 0x8000, NO_HEAD],
      ['an impossible index', 0x7fffffff, 0x8000, NO_HEAD],
      ['the content of a folder', 2, 0x8000, NO_HEAD],
      ['a huge signature', 1, 0x8000, [0x7fffffff, 700, 16, 0]],
      ['blocks of no length', 1, 0x8000, [5, 0, 2, 0]],
      ['blocks of 2^30 bytes', 1, 0x8000, [5, 2 ** 30, 2, 0]],
      ['sums of 255 bytes', 1, 0x8000, [5, 700, 255, 0]],
      ['a remainder longer than a block', 1, 0x8000, [5, 700, 2, 9000]],
    ])('%s', async (_what, ndx, iflags, head) => {
      let told = -1;
      const { exitCode, text } = await scriptedClient(['-r', '--no-i-r'], `${folders.src}/`, async (peer) => {
        peer.reply(ndx, iflags, head);
        peer.conn.output.flush();
        await peer.conn.input.readToEnd().catch((error: { data?: { exitCode: number } }) => {
          told = error.data?.exitCode ?? -2;
        });
      });
      expect([exitCode, told]).toEqual([12, 12]);
      expect(text).toMatch(/^driftline: /);
    });
  });
});
