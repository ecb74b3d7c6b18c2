import { describe, expect, it } from 'vitest';
import { EntryFlag, entryName, type FileEntry } from '../../electron/engine/flist/entry.ts';
import { FileLists } from '../../electron/engine/flist/file-lists.ts';
import { isDevice, isDir, isLink, isReg } from '../../electron/engine/wire/constants.ts';
import { dialectOf } from '../../electron/engine/wire/dialect.ts';
import { DriftlineError } from '../../shared/errors.ts';
import {
  type Agreed,
  isFramed,
  readGenerator,
  readHandshake,
  type Reading,
  readSender,
  Unlike,
} from './conversation.ts';
import { dataBytes, encode } from './encode-events.ts';
import { allFixtures, type Fixture } from './fixture.ts';

interface Sides {
  agreed: Agreed;
  senderBytes: Buffer;
  generatorBytes: Buffer;
  sender: Reading;
  lists: number;
}

async function sidesOf(fixture: Fixture): Promise<Sides> {
  const agreed = readHandshake(fixture);
  const toServer = fixture.toServer.subarray(agreed.clientBytes);
  const toClient = fixture.toClient.subarray(agreed.serverBytes);
  const senderBytes = fixture.push ? toServer : toClient;
  const sender = await readSender([senderBytes], fixture, agreed.layout);
  const found = sender.events.filter((event) => event.type === 'list');
  const lists = found[0]!.entries.length === 0 && !fixture.push ? 0 : found.length;
  return { agreed, senderBytes, generatorBytes: fixture.push ? toClient : toServer, sender, lists };
}

/** What the options leave of an entry on its way through the list. */
function expected(fixture: Fixture, entry: Fixture['entries'][number]): object {
  const { layout } = fixture;
  const dialect = dialectOf(fixture.protocol);
  return {
    ...{ name: entry.name, mode: entry.mode, size: entry.size },
    // Without compact numbers, times are 32 bits without a sign.
    mtime: dialect.compactNumbers ? entry.mtime : entry.mtime >>> 0,
    nsec: dialect.nanoseconds ? entry.nsec : 0,
    uid: layout.owner ? entry.uid : 0,
    gid: layout.group ? entry.gid : 0,
    link: layout.links ? (entry.link ?? null) : null,
    rdev: layout.devices ? (entry.rdev ?? null) : null,
  };
}

function received(entry: FileEntry): object {
  const { mode, size, mtime, nsec, uid, gid, extra } = entry;
  return {
    ...{ name: entryName(entry), mode, size, mtime, nsec, uid, gid },
    link: isLink(mode) ? (extra?.link ?? null) : null,
    rdev: isDevice(mode) && extra ? [extra.rdevMajor, extra.rdevMinor] : null,
  };
}

describe.each(allFixtures())('$name: $about', (fixture) => {
  it('lists what the file system held, in order and numbered as rsync numbers it', async () => {
    const { agreed, sender } = await sidesOf(fixture);
    expect(agreed.layout.protocol).toBe(fixture.protocol);
    const lists = new FileLists(agreed.layout.incRecurse, true, dialectOf(fixture.protocol).treeOrder);
    for (const event of sender.events) if (event.type === 'list') lists.add(event.entries, event.dirIndex);
    const active = (entry: FileEntry): boolean => !(entry.flags & EntryFlag.INACTIVE);
    const all = lists.live().flatMap((list) => list.entries.filter(active));
    const wanted = fixture.entries.map((entry) => expected(fixture, entry));
    if (!agreed.layout.incRecurse) expect(all.map(received)).toEqual(wanted);
    for (const list of lists.live()) {
      const dir = list.parent && list.parent.base !== '.' ? entryName(list.parent) : '';
      const inDir = ({ name }: { name: string }): boolean => name.slice(0, Math.max(name.lastIndexOf('/'), 0)) === dir;
      if (agreed.layout.incRecurse) {
        const here = fixture.entries.filter(inDir).map((entry) => expected(fixture, entry));
        expect(list.entries.filter(active).map(received)).toEqual(here);
      }
    }
    expect(all.length).toBe(fixture.entries.length);
    for (const event of sender.events) {
      if (event.type !== 'item') continue;
      const found = lists.find(event.ndx);
      expect(found).not.toBeNull();
      if (event.data) expect(isReg(found!.entry.mode)).toBe(true);
    }
    if (agreed.layout.incRecurse && lists.totalEntries > 0) {
      const listed = lists.allDirs.filter((dir, i) => dir.base !== '.' && active(dir) && lists.isListed(i));
      expect(listed).toEqual(lists.allDirs.filter((dir) => dir.base !== '.' && active(dir) && isDir(dir.mode)));
    }
  });

  it('is written byte for byte as rsync wrote it', async () => {
    const { agreed, sender, senderBytes, generatorBytes, lists } = await sidesOf(fixture);
    const data = (stream: Buffer, fromSender: boolean): string =>
      dataBytes(stream, isFramed(fixture, agreed.layout, fromSender)).toString('hex');
    const again = encode(sender, agreed.layout, true).toString('hex');
    // What is kept of devices and inodes is which are the same: those numbers are not the sender's, and as long.
    const ownNumbers = agreed.layout.hardLinks && !dialectOf(fixture.protocol).linkNumbers;
    if (ownNumbers) expect(again.length).toBe(data(senderBytes, true).length);
    else expect(again).toBe(data(senderBytes, true));
    const generator = await readGenerator([generatorBytes], fixture, agreed.layout, lists);
    expect(encode(generator, agreed.layout, false).toString('hex')).toBe(data(generatorBytes, false));
  });

  it('reads the same when cut in two at any byte', async () => {
    const { agreed, sender, senderBytes, generatorBytes, lists } = await sidesOf(fixture);
    const whole = JSON.stringify(sender);
    for (let cut = 1; cut < senderBytes.length; cut++) {
      const pieces = [senderBytes.subarray(0, cut), senderBytes.subarray(cut)];
      if (JSON.stringify(await readSender(pieces, fixture, agreed.layout)) !== whole) expect.fail(`cut at ${cut}`);
    }
    const generator = JSON.stringify(await readGenerator([generatorBytes], fixture, agreed.layout, lists));
    for (let cut = 1; cut < generatorBytes.length; cut++) {
      const pieces = [generatorBytes.subarray(0, cut), generatorBytes.subarray(cut)];
      const again = await readGenerator(pieces, fixture, agreed.layout, lists);
      if (JSON.stringify(again) !== generator) expect.fail(`cut at ${cut}`);
    }
  });

  it('reads the same byte by byte', async () => {
    const { agreed, sender, senderBytes } = await sidesOf(fixture);
    const bytes = Array.from(senderBytes, (_, i) => senderBytes.subarray(i, i + 1));
    expect(await readSender(bytes, fixture, agreed.layout)).toEqual(sender);
  });

  it('survives any damage: what is read is refused with a typed error or is a list in order', async () => {
    const { agreed, senderBytes } = await sidesOf(fixture);
    let state = senderBytes.length;
    const random = (limit: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
    for (let round = 0; round < 150; round++) {
      const damaged = Buffer.from(senderBytes);
      for (let i = random(4); i >= 0; i--) damaged[4 + random(damaged.length - 4)] = random(256);
      try {
        const { events } = await readSender([damaged], fixture, agreed.layout);
        const lists = new FileLists(agreed.layout.incRecurse);
        for (const event of events) if (event.type === 'list') lists.add(event.entries, event.dirIndex);
      } catch (error) {
        if (!(error instanceof DriftlineError) && !(error instanceof Unlike))
          expect.fail(`round ${round}: ${String(error)}`);
      }
    }
  });

  it('ends in a typed error when the stream stops early', async () => {
    const { agreed, senderBytes } = await sidesOf(fixture);
    // A stream may lack trailing messages and still be whole.
    const needed = isFramed(fixture, agreed.layout, true) ? lastDataByte(senderBytes) : senderBytes.length;
    for (let length = 0; length < needed; length++) {
      const error: unknown = await readSender([senderBytes.subarray(0, length)], fixture, agreed.layout).then(
        () => null,
        (reason: unknown) => reason,
      );
      if (!(error instanceof DriftlineError) || error.data.code !== 'closed-early') {
        expect.fail(`cut off at ${length}: ${String(error)}`);
      }
    }
  });
});

/** Length of the stream up to the end of its last DATA frame. */
function lastDataByte(stream: Buffer): number {
  let end = 0;
  for (let at = 0; at < stream.length;) {
    const length = stream.readUIntLE(at, 3);
    at += 4 + length;
    if (stream[at - length - 1] === 7 && length > 0) end = at;
  }
  return end;
}
