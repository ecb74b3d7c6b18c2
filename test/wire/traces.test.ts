import { describe, expect, it } from 'vitest';
import { entryName, type FlistLayout } from '../../electron/engine/flist/entry.ts';
import { Msg } from '../../electron/engine/wire/constants.ts';
import { type Event, isFramed, readGenerator, readHandshake, readSender } from './conversation.ts';
import { dataBytes, encode } from './encode-events.ts';
import type { Fixture } from './fixture.ts';

/** The annotated connections of the protocol reference, §11.1–11.4. */

const PLAIN = {
  ...{ links: false, devices: false, specials: false, owner: false, group: false, numericIds: false, sumLength: 0 },
};

function trace(name: string, facts: Partial<Fixture>, toServer: string, toClient: string): Fixture {
  const hex = (text: string): Buffer => Buffer.from(text.replace(/\s+/g, ''), 'hex');
  const base = { rsync: '3.5.0', about: '', server: '', protocol: 32, rules: false, dryRun: false, entries: [] };
  return {
    ...{ ...base, name, client: '', push: true, layout: PLAIN, sumName: 'md5', ...facts },
    ...{ toServer: hex(toServer), toClient: hex(toClient) },
  };
}

const TINY_PUSH = trace(
  '11.1 tiny push, incremental recursion, protocol 32',
  { sumName: 'xxh128' },
  `200000001e7878683132382078786833207878683634206d6435206d643420736861312600000719
   012e00001065257d93ed410000a09805612e747874000600f0f2357728a48100000000ff01340000
   070100600200a0000000000000000000000000000000000600000068656c6c6f0a000000009ce4c8
   f135b4105a6df569e0c786ba6b01000007000200000700000100000700`,
  `2000000081ff237878683132382078786833207878683634206d6435206d64342073686131206e6f
   6e6501000000160000070100600200a0000000000000000000000000000000000100000700030000
   070000000100000700`,
);

const TINY_PULL = trace(
  '11.2 tiny pull, one whole list, protocol 30',
  { push: false, protocol: 30, sumName: 'xxh128', rules: true },
  `1e0000001e7878683132382078786833207878683634206d6435206d643420736861310400000700
   00000003000007010800140000070100a00000000000000000000000000000000000020000070000
   0100000700`,
  `2000000081fe237878683132382078786833207878683634206d6435206d64342073686131206e6f
   6e65010000001f00000719012e00001065257d93ed410000809805612e747874000600a481000000
   00350000070108000100a0000000000000000000000000000000000600000068656c6c6f0a000000
   009ce4c8f135b4105a6df569e0c786ba6b000200000700000f000007002d00006200000600000100
   000000`,
);

const DELTA = trace(
  '11.3 delta of one file, push, md5',
  { client: '--checksum-choice=md5' },
  `200000001b00000719012e0000106500f153ed41000080980166008305a481000000004300000702
   0c8003000000bc0200000200000010000000ffffffff06000000494e53455254feffffff05000000
   7461696c2100000000f785fa0b6c92338acb9bffe3529c0591000200000700000100000700`,
  `2000000081fe0100000026000007020c8003000000bc0200000200000010000000dafe0c76f08cfa
   fe303d9975be05fe30873400030000070000000100000700`,
);

const DELETION = trace(
  '11.4 push with --delete, an exclude and a protect rule',
  { client: '--checksum-choice=xxh64', sumName: 'xxh64', rules: true },
  `2000000038000007050000002d202a2e6f090000002d72206b6565706d650000000019012e000010
   6500f153ed4100008098046b656570000100a4810000000001000007000200000700000100000700`,
  `2000000081fe010000000500006c6f6c642f7a0400006c6f6c64000400006c676f6e650100000700
   0a0000070000ff020201000000000100000700`,
);

interface Read {
  layout: FlistLayout;
  sender: Event[];
  generator: Event[];
  messages: { code: number; text: string }[];
}

/** Reads both directions and checks that they are written back byte for byte. */
async function readBoth(fixture: Fixture): Promise<Read> {
  const { layout, clientBytes, serverBytes } = readHandshake(fixture);
  const toServer = fixture.toServer.subarray(clientBytes);
  const toClient = fixture.toClient.subarray(serverBytes);
  const [senderBytes, generatorBytes] = fixture.push ? [toServer, toClient] : [toClient, toServer];
  const sender = await readSender([senderBytes], fixture, layout);
  const lists = sender.events.filter((event) => event.type === 'list').length;
  const generator = await readGenerator([generatorBytes], fixture, layout, lists);
  const data = (stream: Buffer, fromSender: boolean): Buffer =>
    dataBytes(stream, isFramed(fixture, layout, fromSender));
  expect(encode(sender, layout, true)).toEqual(data(senderBytes, true));
  expect(encode(generator, layout, false)).toEqual(data(generatorBytes, false));
  return { layout, sender: sender.events, generator: generator.events, messages: generator.messages };
}

const namesIn = (events: Event[]): string[] =>
  events.flatMap((event) => (event.type === 'list' ? event.entries.map(entryName) : []));
const items = (events: Event[]): Event[] => events.filter((event) => event.type === 'item');
const NO_SUMS = [0, 0, 0, 0];
const hex = (text: string): string => Buffer.from(text, 'hex').toString('latin1');
const HELLO = { head: NO_SUMS, parts: ['hello\n'], sum: hex('9ce4c8f135b4105a6df569e0c786ba6b') };

describe('annotated connections', () => {
  it(TINY_PUSH.name, async () => {
    const { layout, sender, generator } = await readBoth(TINY_PUSH);
    expect(layout).toMatchObject({ protocol: 32, incRecurse: true, varintFlags: true, safeFlist: true });
    expect(namesIn(sender)).toEqual(['.', 'a.txt']);
    expect(sender[0]).toMatchObject({
      entries: [
        { mode: 0o40755, size: 4096, mtime: 1704164645, nsec: 0 },
        { mode: 0o100644, size: 6, mtime: 1704164645, nsec: 678901234 },
      ],
    });
    expect(items(sender)).toEqual([
      { type: 'item', ndx: 0, iflags: 0x6000, data: null },
      { type: 'item', ndx: 2, iflags: 0xa000, data: HELLO },
    ]);
    expect(items(generator)).toEqual([
      { type: 'item', ndx: 0, iflags: 0x6000, data: null },
      { type: 'item', ndx: 2, iflags: 0xa000, data: { head: NO_SUMS, parts: [], sum: '' } },
    ]);
    expect(sender.filter((event) => event.type === 'done')).toHaveLength(4);
    expect(generator.filter((event) => event.type === 'done')).toHaveLength(5);
  });

  it(TINY_PULL.name, async () => {
    const { layout, sender, generator } = await readBoth(TINY_PULL);
    expect(layout).toMatchObject({ protocol: 30, incRecurse: false, varintFlags: true });
    expect(generator[0]).toEqual({ type: 'rules', rules: [] });
    expect(sender[0]).toMatchObject({ entries: [{ nsec: 0 }, { nsec: 0 }] });
    expect(items(sender)).toEqual([
      { type: 'item', ndx: 0, iflags: 0x0008, data: null },
      { type: 'item', ndx: 1, iflags: 0xa000, data: HELLO },
    ]);
    expect(sender.at(-1)).toEqual({ type: 'statistics', values: [45, 98, 6, 1, 0] });
  });

  it(DELTA.name, async () => {
    const { sender, generator } = await readBoth(DELTA);
    const head = [3, 700, 2, 16];
    const sum = hex('f785fa0b6c92338acb9bffe3529c0591');
    expect(items(sender)).toEqual([
      { type: 'item', ndx: 1, iflags: 0x800c, data: { head, parts: [-1, 'INSERT', -2, 'tail!'], sum } },
    ]);
    const sums = [hex('dafe0c76f08c'), hex('fafe303d9975'), hex('be05fe308734')];
    expect(items(generator)).toEqual([{ type: 'item', ndx: 1, iflags: 0x800c, data: { head, parts: sums, sum: '' } }]);
  });

  it(DELETION.name, async () => {
    const { sender, generator, messages } = await readBoth(DELETION);
    expect(sender[0]).toEqual({ type: 'rules', rules: ['- *.o', '-r keepme'] });
    expect(namesIn(sender)).toEqual(['.', 'keep']);
    expect(messages).toEqual(['old/z', 'old\0', 'gone'].map((text) => ({ code: Msg.DELETED, text })));
    const done = { type: 'done' };
    expect(generator).toEqual([done, done, done, { type: 'deletions', counts: [2, 1, 0, 0, 0] }, done, done]);
  });
});
