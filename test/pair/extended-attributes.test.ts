import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EngineIssue } from '../../electron/engine/events.ts';
import { AttributeTables } from '../../electron/engine/flist/entry-attributes.ts';
import { EntryFlag, type FileEntry } from '../../electron/engine/flist/entry.ts';
import { sourceXattr } from '../../electron/engine/flist/xattr.ts';
import { kernelAcls } from '../../electron/engine/fs/acl.ts';
import { hasXattrs, openXattrs } from '../../electron/engine/fs/xattr.ts';
import { runTransfer } from '../../electron/engine/index.ts';
import { parseClientWords } from '../../electron/engine/options/parse.ts';
import { ItemFlag } from '../../electron/engine/wire/constants.ts';
import type { ByteWriter } from '../../electron/engine/wire/byte-writer.ts';
import { transferPair, twoFolders } from '../support/pair.ts';
import { scriptedClient, scriptedServer } from '../support/scripted-peer.ts';

vi.setConfig({ testTimeout: 10_000 });

const LONG = 'x'.repeat(40);
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
const XATTR_ITEM = ItemFlag.IS_NEW | ItemFlag.REPORT_XATTR | ItemFlag.TRANSFER;

/** Run as root, this file becomes somebody else at its end. */
describe.runIf(hasXattrs())('ACLs and extended attributes', () => {
  let folders: ReturnType<typeof twoFolders>;
  beforeEach(() => (folders = twoFolders()));
  afterEach(() => folders.remove());

  const at = (side: 'src' | 'dst', name: string) => openXattrs(path.join(folders[side], name), name);
  const value = (side: 'src' | 'dst', name: string, attribute: string) => at(side, name).get(attribute)?.toString();
  const put = (side: 'src' | 'dst', name: string, attributes: Record<string, string> = {}, mode = 0o644) => {
    fs.mkdirSync(folders[side], { recursive: true });
    fs.writeFileSync(path.join(folders[side], name), name);
    for (const [attribute, content] of Object.entries(attributes)) at(side, name).set(attribute, Buffer.from(content));
    fs.chmodSync(path.join(folders[side], name), mode);
    fs.utimesSync(path.join(folders[side], name), 1e9, 1e9);
  };
  const run = (direction: 'push' | 'pull', words: string[]) =>
    transferPair(direction, words, `${folders.src}/`, folders.dst);

  describe('from a hostile peer', () => {
    const dot: Partial<FileEntry> = { base: '.', mode: 0o040755, flags: EntryFlag.TOP_DIR | EntryFlag.CONTENT_DIR };
    const issues: EngineIssue[] = [];

    /** Pulls two files that share one long value, which the answers come with. */
    const pullAnswered = (answer: (w: ByteWriter, nth: number) => void) => {
      issues.length = 0;
      const startPeer = scriptedServer(async (peer) => {
        const tables = new AttributeTables();
        const xattr = tables.xattrs.add([sourceXattr('user.v', 'user.v', Buffer.from(LONG))]);
        peer.list([dot, { base: 'a', extra: { xattr } }, { base: 'b', extra: { xattr } }], { tables });
        for (let nth = 0; nth < 2;) {
          const { ndx, iflags, xattrs } = await peer.request();
          if (!(iflags & ItemFlag.TRANSFER)) continue;
          expect(xattrs).toEqual(nth === 0 ? [1] : []);
          peer.reply(ndx, iflags);
          answer(peer.conn.output.data, nth++);
        }
        await peer.wait();
      });
      return runTransfer(
        {
          ...{ options: parseClientWords(['-rtX'], () => '').options, direction: 'pull', sources: ['/srv/'] },
          ...{ destination: folders.dst, startPeer, local: false, journalDir: null },
        },
        {
          signal: new AbortController().signal,
          onEvent: (event) => event.type === 'issue' && issues.push(event.issue),
        },
      );
    };

    it.each([
      ['a value that was not asked for', '02 01 00'],
      ['a value larger than any', '01 f0 01 00 00 08'],
      ['the value of the other file’s item', '01 01 31 01 01 31 00'],
      ['an endless number', 'ff ff ff ff ff ff'],
    ])('%s is refused', async (_, hex) => {
      const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex');
      await expect(pullAnswered((w) => w.bytes(bytes, 0, bytes.length))).rejects.toMatchObject({
        data: { kind: 'protocol' },
      });
      expect(fs.readdirSync(folders.dst)).toEqual([]);
    });

    it.each([
      ['never listed', [7]],
      ['beyond all bounds', [70_000]],
    ])('a request for an attribute %s ends our server', async (_, numbers) => {
      put('src', 'f', { 'user.v': LONG });
      const { exitCode, text } = await scriptedClient(
        ['-rX', '--no-inc-recursive'],
        `${folders.src}/`,
        async ({ conn, wait }) => {
          const { data } = conn.output;
          data.ndx(1);
          data.u16(XATTR_ITEM);
          for (const number of numbers) data.varint(number);
          data.varint(0);
          for (let i = 0; i < 4; i++) data.i32(0);
          await wait().catch(() => undefined);
        },
      );
      expect(exitCode).not.toBe(0);
      expect(text).toContain('attribute');
    });
  });

  it.each(['push', 'pull'] as const)(
    'one long value is sent once, however many files have it (%s)',
    async (direction) => {
      const big = 'y'.repeat(4000);
      for (let i = 0; i < 30; i++) put('src', `f${i}`, { 'user.v': big, 'user.n': i % 2 ? 'odd' : 'even' });
      const first = await run(direction, ['-aX']);
      const { sent, received } = first.result.stats;
      expect(direction === 'push' ? sent : received).toBeLessThan(12_000);
      for (let i = 0; i < 30; i++) expect(value('dst', `f${i}`, 'user.v')).toBe(big);
      expect((await run(direction, ['-aiX'])).items).toEqual([]);

      // Missing here and there, with and without content.
      for (const i of [3, 4, 5, 20]) at('dst', `f${i}`).remove('user.v');
      fs.writeFileSync(path.join(folders.src, 'f4'), 'other');
      await run(direction, ['-aX']);
      for (let i = 0; i < 30; i++) expect(value('dst', `f${i}`, 'user.v')).toBe(big);
    },
  );

  it.runIf(isRoot)('ACLs kept in attributes stay when attributes are kept too', async () => {
    put('src', 'f', { 'user.v': LONG, 'trusted.t': '1' });
    const acl = { user: 6, group: 4, mask: 6, other: 4, names: [{ isUser: true, id: 2, access: 6 }] };
    kernelAcls.setAccess(at('src', 'f'), acl, 0o664);
    fs.mkdirSync(folders.dst);
    await run('pull', ['-aAX', '--fake-super']);
    expect(at('dst', 'f').list().sort()).toEqual(['user.rsync.%aacl', 'user.rsync.trusted.t', 'user.v']);
    expect((await run('pull', ['-aAXi', '--fake-super'])).items).toEqual([]);
    await transferPair('push', ['-aAX', '--fake-super'], `${folders.dst}/`, `${folders.root}/back`);
  });

  describe('without privileges', () => {
    beforeEach(() => {
      if (process.getuid?.() !== 0) return;
      folders.remove();
      process.setgroups!([]);
      process.setgid!(NOBODY);
      process.setuid!(NOBODY);
      folders = twoFolders();
    });

    it.each(['push', 'pull'] as const)(
      'what may not be written gets its attributes all the same (%s)',
      async (direction) => {
        put('src', 'same', { 'user.a': '1', 'user.l': LONG }, 0o444);
        put('dst', 'same', { 'user.b': '2' }, 0o444);
        put('src', 'new', { 'user.a': '1' }, 0o400);
        fs.mkdirSync(path.join(folders.src, 'd'));
        at('src', 'd').set('user.d', Buffer.from(LONG));
        fs.chmodSync(path.join(folders.src, 'd'), 0o555);
        fs.mkdirSync(path.join(folders.dst, 'd'), 0o555);
        const { result } = await run(direction, ['-aX']);
        expect(result.exitCode).toBe(0);
        expect(at('dst', 'same').list().sort()).toEqual(['user.a', 'user.l']);
        expect([value('dst', 'same', 'user.l'), value('dst', 'new', 'user.a'), value('dst', 'd', 'user.d')]).toEqual([
          ...[LONG, '1', LONG],
        ]);
        const mode = (name: string) => fs.statSync(path.join(folders.dst, name)).mode & 0o7777;
        expect([mode('same'), mode('new'), mode('d')]).toEqual([0o444, 0o400, 0o555]);
        for (const side of ['src', 'dst'] as const) fs.chmodSync(path.join(folders[side], 'd'), 0o755);
      },
    );

    it('owners, devices and links are kept in attributes', async () => {
      put('src', 'f', { 'user.a': '1' }, 0o4500);
      fs.symlinkSync('f', path.join(folders.src, 'l'));
      fs.mkdirSync(folders.dst, { recursive: true });
      const { result } = await run('pull', ['-aX', '--fake-super']);
      expect(result.exitCode).toBe(0);
      expect(value('dst', 'f', 'user.rsync.%stat')).toBe(`104500 0,0 ${process.getuid!()}:${process.getgid!()}`);
      expect(value('dst', 'l', 'user.rsync.%stat')).toMatch(/^120777 /);
      expect((await run('pull', ['-aXi', '--fake-super'])).items).toEqual([]);
    });
  });
});
