import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BasisType, ItemFlag, Ndx } from '../../electron/engine/wire/constants.ts';
import { type Attack, Battlefield, expectRefused, type Outcome, SIDES, type Side } from '../support/attacked.ts';
import { allNames } from '../support/pair.ts';
import type { ScriptedPeer } from '../support/scripted-peer.ts';
import { dot, file, folder, playSender, type SenderChanges, type Sent, TOP } from '../support/scripts.ts';

/** Hostile senders against both receivers of ours: the client that pulls, the server that is pushed to (faults.md H). */

/** Of 'old content'. */
const MD5_OF_OLD = '0f5f13cf0b14c88bd431ef163b63d68d';
const TREE = (): Sent[] => [dot, file('old', 'new content!'), folder('d'), file('d/in', 'inner')];
const link = (name: string, to: string): Sent => file(name, '', { mode: 0o120777, extra: { link: to } });

let field: Battlefield;
beforeEach(() => (field = new Battlefield()));
afterEach(() => {
  field.check();
  field.folders.remove();
});

describe.each(SIDES)('a sender talks to our %s', (side: Side) => {
  const play = (attack: Attack, changes: SenderChanges, tree = TREE()): Promise<Outcome> =>
    field.receive(side, attack, (peer) => playSender(peer, tree, changes));
  const refused = async (run: Promise<Outcome>, code: string, exitCode?: number): Promise<void> => {
    expectRefused(side, await run, code, exitCode);
    expect(field.read('old')).toBe('old content');
  };
  const nothingMade = (): void => expect(allNames(field.folders.dst)).toEqual(['old']);
  /** The folder `d` may or may not have been made by the time a file is refused. */
  const onlyFolderMade = (): void =>
    expect(allNames(field.folders.dst).filter((name) => name !== 'd')).toEqual(['old']);

  /** What every attack below is but for one change: without it, all arrives. */
  it.each<[string, Attack]>([
    ['one whole list', {}],
    ['a list for each folder', { incRecurse: true }],
    ['whole files', { words: ['-rW'] }],
    ['links', { words: ['-rl'] }],
    ['in place', { words: ['-r', '--inplace'] }],
    ['md5', { words: ['-r', '--checksum-choice=md5'] }],
    ['deletions', { words: ['-r', '--delete'] }],
  ])('and is served where it keeps to the rules: %s', async (_, attack) => {
    expect(await play(attack, {})).toEqual({ exitCode: 0, code: null, text: '' });
    expect([field.read('old'), field.read('d/in')]).toEqual(['new content!', 'inner']);
  });

  describe.each<[string, boolean]>([
    ['in one list', false],
    ['in lists for each folder', true],
  ])('H1: a name %s', (_, incRecurse) => {
    it.each([
      ['that leads out', '../x'],
      ['that leads out later', 'a/../../x'],
      ['of the folder above', '..'],
      ['of the folder above, in a folder', 'd/..'],
      ['from the root on', '/etc/x'],
      ['of the root', '//'],
      ['of nothing', ''],
      ['with a NUL', 'a\0b'],
      ['of 4096 bytes', 'x'.repeat(4096)],
      ['of 70 KB', 'x'.repeat(70 * 1024)],
    ])('%s', async (_what, name) => {
      const tree = [dot, file('old', 'new content!'), folder('d'), { ...file('x', 'inner'), base: name }];
      await refused(play({ incRecurse }, {}, tree), 'flist-name');
      nothingMade();
    });

    it('below a folder that was never listed', async () => {
      const tree = [...TREE(), { ...file('x', ''), base: 'no-such-folder/x' }];
      await refused(play({ incRecurse }, {}, tree), 'flist-structure');
      nothingMade();
    });
  });

  it('H1: a name in a list that belongs to another folder', async () => {
    const list = (peer: ScriptedPeer): void => {
      peer.list([dot, folder('d'), folder('e')]);
      peer.subList(1, [file('e/in', '')]);
    };
    await refused(play({ incRecurse: true }, { list }), 'flist-structure');
  });

  it.each<[string, number]>([
    ['that does not exist', 7],
    ['that is the root', 0],
    ['again', 1],
    ['that is a file', 3],
    ['of an impossible number', 2 ** 30],
  ])('H10: a list of a folder %s', async (_, dirIndex) => {
    const list = (peer: ScriptedPeer): void => {
      peer.list([dot, folder('d'), file('old', '')]);
      peer.subList(1, []);
      peer.subList(dirIndex, []);
    };
    await refused(play({ incRecurse: true }, { list }), 'flist-structure');
  });

  it('H10: a list behind the last one', async () => {
    const list = (peer: ScriptedPeer): void => {
      peer.list([dot, folder('d')]);
      peer.lastList();
      peer.subList(1, []);
    };
    await refused(play({ incRecurse: true }, { list }), 'bad-ndx');
  });

  it('H10: lists by folder that were not agreed on', async () => {
    const list = (peer: ScriptedPeer): void => {
      peer.list(TREE());
      peer.subList(1, []);
    };
    await refused(play({}, { list }), 'bad-ndx');
  });

  describe('H3, H4: what stands for something else', () => {
    it('the root as a file', async () => refused(play({}, {}, [file('.', 'x')]), 'flist-root'));
    it('the root as a link', async () => refused(play({ words: ['-rl'] }, {}, [link('.', '/')]), 'flist-root'));
    it('a file of no known type', async () =>
      refused(play({}, {}, [dot, file('x', '', { mode: 0o110644 })]), 'flist-mode'));

    it.each<[string, Sent[]]>([
      ['a link', [link('d', '../outside')]],
      ['a file', [file('d', '')]],
    ])('%s with something below it', async (_, stands) => {
      await refused(play({ words: ['-rl'] }, {}, [dot, ...stands, file('d/canary', 'croaks')]), 'flist-structure');
      nothingMade();
    });

    it.each<[string, (sent: Sent[]) => Sent[]]>([
      ['a link before a folder', (sent) => sent],
      ['a folder before a link', (sent) => sent.reverse()],
    ])('one name twice: %s', async (_, order) => {
      const twice = order([link('d', '../outside'), folder('d')]);
      await play({ words: ['-rl'] }, {}, [dot, ...twice, file('d/canary', 'croaks')]);
      expect(fs.lstatSync(path.join(field.folders.dst, 'd')).isDirectory()).toBe(true);
    });

    it.each<[string, string[]]>([
      ['', ['-r']],
      [' with -K, which follows no link that leads out', ['-rK']],
    ])('a folder where an earlier run left a link%s', async (_, words) => {
      fs.symlinkSync('../outside', path.join(field.folders.dst, 'd'));
      const outcome = await play({ words }, {}, [dot, folder('d'), file('d/canary', 'croaks')]);
      expect(outcome.code).toBeNull();
    });

    it('a folder that becomes a link while its contents are under way', async () => {
      const before = (peer: ScriptedPeer, request: { ndx: number }): void => {
        if (request.ndx === 1) return;
        fs.rmSync(path.join(field.folders.dst, 'd'), { recursive: true });
        fs.symlinkSync('../outside', path.join(field.folders.dst, 'd'));
      };
      const tree = [dot, file('old', 'new content!'), folder('d'), file('d/canary', 'croaks')];
      const outcome = await play({}, { before }, tree);
      expect([outcome.code, outcome.exitCode]).toEqual([null, 23]);
    });

    it('deletion in a link that stands for a folder', async () => {
      fs.symlinkSync('../outside', path.join(field.folders.dst, 'd'));
      await play({ words: ['-rK', '--delete'] }, {}, [dot, folder('d')]);
    });
  });

  it('H16: names of hard links that were not agreed on', async () => {
    const extra = { hardLink: { dev: 1, ino: 2, first: -1 } };
    const list = (peer: ScriptedPeer): void =>
      peer.list([dot, file('a', '', { extra }), file('b', '', { extra })], { layout: { hardLinks: true } });
    await refused(play({}, { list }), 'flist-flags');
  });

  describe('H8: an index', () => {
    it.each([0x7fffffff, 4, -4, -50, Ndx.DEL_STATS, -200, Ndx.FLIST_EOF])('%d', async (ndx) => {
      const item = (): { ndx: number; iflags: number; head: number[] } => ({ ndx, iflags: 0x8000, head: [0, 0, 0, 0] });
      const before = (peer: ScriptedPeer): void => {
        if (ndx < 0) peer.conn.output.data.ndx(ndx);
      };
      const outcome = await play({}, ndx < 0 ? { before } : { item });
      expect(side === 'client' ? outcome.code : outcome.text).toMatch(
        /^protocol\/(bad-ndx|flist-structure|bad-delete-stats)$|^driftline: The peer/,
      );
      expect(outcome.exitCode).toBe(12);
      expect(field.read('old')).toBe('old content');
    });

    it('of a folder, with content', async () => {
      const item = (request: { head: number[] }) => ({ ndx: 2, iflags: 0x8000, head: request.head });
      await refused(play({}, { item }), 'unrequested-data');
    });

    it('of a duplicate, which stands for nothing', async () => {
      const item = () => ({ ndx: 2, iflags: 0xa000, head: [0, 0, 0, 0] });
      const tree = [dot, file('old', 'new content!'), file('old', 'other content')];
      await refused(play({}, { item }, tree), 'bad-ndx');
    });

    it('of content that came already', async () => {
      const outcome = await play({}, { item: (request) => ({ ...request, ndx: 1 }) });
      expectRefused(side, outcome, 'unrequested-data');
      onlyFolderMade();
    });

    it('of content that was not asked for', async () => {
      const { mtimeMs } = fs.statSync(path.join(field.folders.dst, 'old'));
      const tree = [dot, file('old', 'old content', { mtime: Math.floor(mtimeMs / 1000) }), file('new', '')];
      await refused(play({ words: ['-rt'] }, { item: (r) => ({ ...r, ndx: 2 }) }, tree), 'unrequested-data');
    });

    it('of content, in the phase where there is none any more', async () => {
      const done = (peer: ScriptedPeer, nth: number): void => {
        if (nth === 3) peer.reply(1, 0x8000, [0, 0, 0, 0]);
      };
      const outcome = await play({}, { done });
      expectRefused(side, outcome, 'unrequested-data');
      expect(field.read('old')).toBe('new content!');
    });
  });

  it.each<[string, number[]]>([
    ['an endless count', [0x7fffffff, 700, 16, 0]],
    ['a negative count', [-1, 700, 2, 0]],
    ['blocks of no length', [1, 0, 2, 0]],
    ['blocks of 2^30 bytes', [1, 2 ** 30, 2, 0]],
    ['sums of 255 bytes', [1, 700, 255, 0]],
    ['sums of -1 bytes', [1, 700, -1, 0]],
    ['a remainder longer than a block', [1, 700, 2, 701]],
    ['a negative remainder', [1, 700, 2, -1]],
    ['more blocks than were asked with', [2, 700, 2, 1]],
  ])('H9: a sum head with %s', async (_, head) => {
    await refused(play({}, { item: (request) => ({ ...request, head }) }), 'bad-sum-head');
    onlyFolderMade();
  });

  describe.each<[string, string[]]>([
    ['beside the old file', ['-r']],
    ['in place', ['-r', '--inplace']],
  ])('H12: tokens of a file made %s', (way, words) => {
    it.each<[string, number, string]>([
      ['a literal of 2^30 bytes', 2 ** 30, 'literal-too-long'],
      ['a block past the last', -2, 'bad-block'],
      ['block 2^31-1', -0x80000000, 'bad-block'],
    ])('%s', async (_what, token, code) => {
      const tokens = (peer: ScriptedPeer): void => peer.conn.output.data.i32(token);
      expectRefused(side, await play({ words }, { tokens }), code);
      if (way !== 'in place') expect(field.read('old')).toBe('old content');
    });
  });

  it('H12: a block of a file that has no old copy here', async () => {
    const tokens = (peer: ScriptedPeer): void => peer.conn.output.data.i32(-1);
    await refused(play({ words: ['-rW'] }, { tokens }), 'bad-block');
  });

  it('H12: a literal longer than the file was listed, which is what a growing file looks like', async () => {
    const tree = [dot, file('old', 'x'.repeat(50_000), { size: 12 })];
    expect(await play({}, {}, tree)).toMatchObject({ exitCode: 0 });
    expect(field.read('old')).toBe('x'.repeat(50_000));
  });

  describe('H6: an answer that names another file to build from', () => {
    it.each<[string, number, string]>([
      ['of a similar name', BasisType.FUZZY, '../outside/canary'],
      ['of an alternate folder', 0, 'canary'],
      ['in the partial folder', BasisType.PARTIAL, ''],
      ['of a backup', BasisType.BACKUP, ''],
      ['of no known kind', 0x99, '/etc/passwd'],
    ])('%s', async (_, type, xname) => {
      const before = (peer: ScriptedPeer, { ndx, head }: { ndx: number; head: number[] }): void => {
        const { data } = peer.conn.output;
        data.ndx(ndx);
        data.u16(ItemFlag.TRANSFER | ItemFlag.BASIS_TYPE_FOLLOWS | ItemFlag.XNAME_FOLLOWS);
        data.u8(type);
        data.vstring(xname);
        for (const value of head) data.i32(value);
        // The one block of what the request was made of, and its sum: what else could be opened would not fit it.
        data.i32(-1);
        data.i32(0);
      };
      // Everything else stays away.
      const run = field.receive(side, { words: ['-r', '--checksum-choice=md5'] }, async (peer) => {
        peer.list([dot, file('old', 'old content', { mtime: 5 })]);
        let request = await peer.request();
        while (!(request.iflags & 0x8000)) request = await peer.request();
        before(peer, request);
        peer.conn.output.data.string(Buffer.from(MD5_OF_OLD, 'hex').toString('latin1'));
        for (let dones = 0; dones < 5;) {
          if ((await peer.request()).ndx !== Ndx.DONE) continue;
          if (++dones < 5) peer.conn.output.data.ndx(Ndx.DONE);
          if (dones === 3 && side === 'client') for (let i = 0; i < 5; i++) peer.conn.output.data.varlong(1, 3);
          peer.conn.output.flush();
        }
      });
      expect(await run).toEqual({ exitCode: 0, code: null, text: '' });
      expect(field.read('old')).toBe('old content');
    });
  });

  describe('H7: links where an interrupted file would lie', () => {
    const partial = ['-r', '--partial-dir=.part'];
    it.each<[string, () => void]>([
      ['the folder', () => fs.symlinkSync('../outside', path.join(field.folders.dst, '.part'))],
      [
        'the file in it',
        () => {
          fs.mkdirSync(path.join(field.folders.dst, '.part'));
          fs.symlinkSync('../../outside/canary', path.join(field.folders.dst, '.part/old'));
        },
      ],
    ])('%s', async (_, plant) => {
      plant();
      const heads: number[][] = [];
      const item = <R extends { head: number[] }>(request: R): R => {
        heads.push(request.head);
        return request;
      };
      fs.renameSync(path.join(field.folders.dst, 'old'), path.join(field.folders.dst, 'kept'));
      expect(await play({ words: partial }, { item }, TREE())).toMatchObject({ exitCode: 0 });
      // No sums of what the link leads to have left.
      expect(heads).toEqual([
        [0, 0, 0, 0],
        [0, 0, 0, 0],
      ]);
      expect(field.read('old')).toBe('new content!');
    });

    it.each([
      ['the folder', '.part', '../outside'],
      ['the file', '.part/old', '../../outside/canary'],
    ])('%s, when one is interrupted', async (_, name, to) => {
      if (name !== '.part') fs.mkdirSync(path.join(field.folders.dst, '.part'));
      fs.symlinkSync(to, path.join(field.folders.dst, name));
      const tokens = (peer: ScriptedPeer): void => {
        peer.conn.output.data.i32(9);
        peer.conn.output.data.string('malicious');
        peer.conn.output.data.i32(2 ** 30);
      };
      await refused(play({ words: partial }, { tokens }), 'literal-too-long');
      expect(field.read('.part/old')).toBe('malicious');
    });
  });

  it('H13: a wrong whole-file sum, twice', async () => {
    const changes: SenderChanges = { sum: (sum) => sum.fill(0x55) };
    const outcome = await play({}, changes, [dot, file('old', 'malicious')]);
    expect([outcome.code, outcome.exitCode]).toEqual([null, 23]);
    if (side === 'client') expect(outcome.text).toMatch(/^verify-failed: .*update discarded/);
    expect(field.read('old')).toBe('old content');
  });

  it('H13: a wrong whole-file sum, once', async () => {
    let nth = 0;
    const changes: SenderChanges = { sum: (sum) => (nth++ === 0 ? sum.fill(0x55) : sum) };
    expect(await play({}, changes, [dot, file('old', 'new content!')])).toMatchObject({ exitCode: 0 });
    expect(nth).toBe(2);
    expect(field.read('old')).toBe('new content!');
  });

  it('H13: a file that is not what its sum says, where it is made in place', async () => {
    const changes: SenderChanges = { sum: (sum) => sum.fill(0x55) };
    const outcome = await play({ words: ['-r', '--inplace'] }, changes, [dot, file('old', 'malicious')]);
    expect([outcome.code, outcome.exitCode]).toEqual([null, 23]);
  });
});

/** What only a client can know: what it asked for. */
describe('H2: a client gets', () => {
  const play = (attack: Attack, tree: Sent[], changes: SenderChanges = {}): Promise<Outcome> =>
    field.receive('client', attack, (peer) => playSender(peer, tree, changes));

  it.each<[string, Attack, Sent[], string]>([
    ['a name it did not ask for', { source: '/srv/wanted' }, [file('other', '')], 'unrequested'],
    ['the destination itself', { source: '/srv/wanted' }, [dot], 'unrequested'],
    ['the destination itself, to delete in it', { source: '/srv/*', words: ['-r', '--delete'] }, [dot], 'unrequested'],
    ['what its rules leave out', { words: ['-r', '--exclude=secret'] }, [dot, file('secret', '')], 'excluded-sent'],
    [
      'what its rules leave out, in a folder',
      { words: ['-r', '--exclude=/d/in'], incRecurse: true },
      TREE(),
      'excluded-sent',
    ],
    [
      'a folder above with its contents (H3)',
      { words: ['-rR', '--delete', '--no-inc-recursive'], source: '/srv/./a/b' },
      [folder('a', { flags: TOP }), folder('a/b', { flags: TOP }), file('a/b/f', '')],
      'unrequested',
    ],
  ])('%s', async (_, attack, tree, code) => {
    expectRefused('client', await play(attack, tree), code, 4);
    expect(allNames(field.folders.dst)).toEqual(['old']);
  });

  it.each<[string, Attack, Sent[], string]>([
    ['a name it asked for', { source: '/srv/wanted' }, [file('wanted', 'x')], 'wanted'],
    ['what its rules let through', { words: ['-r', '--exclude=secret'] }, [dot, file('public', 'x')], 'public'],
    [
      'a folder above without its contents',
      { words: ['-rR', '--delete', '--no-inc-recursive'], source: '/srv/./a/b' },
      [folder('a', { flags: 1 }), folder('a/b', { flags: TOP }), file('a/b/f', 'x')],
      'a/b/f',
    ],
  ])('%s', async (_, attack, tree, name) => {
    expect(await play(attack, tree)).toMatchObject({ exitCode: 0, code: null });
    expect(field.read(name)).toBe('x');
    expect(field.read('old')).toBe('old content');
  });
});
