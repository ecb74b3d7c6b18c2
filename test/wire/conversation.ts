import { Duplex } from 'node:stream';
import { FlistDecoder, isFlistEnd } from '../../electron/engine/flist/decode.ts';
import type { FileEntry, FlistLayout } from '../../electron/engine/flist/entry.ts';
import { IdLists } from '../../electron/engine/flist/id-lists.ts';
import { ByteReader } from '../../electron/engine/wire/byte-reader.ts';
import { Compat, ItemFlag, Ndx } from '../../electron/engine/wire/constants.ts';
import { dialectOf } from '../../electron/engine/wire/dialect.ts';
import { PeerInput } from '../../electron/engine/wire/peer-input.ts';
import type { ByteString } from '../../shared/model/path.ts';
import type { Fixture } from './fixture.ts';

/** What a connection consists of, in plain JSON values so that two readings compare as text. */
export type Event =
  | { type: 'rules'; rules: ByteString[] }
  | { type: 'list'; dirIndex: number; entries: FileEntry[]; ioError: number }
  | { type: 'tail'; users: [number, ByteString][]; groups: [number, ByteString][]; ioError: number }
  | { type: 'list-eof' }
  | { type: 'done' }
  | { type: 'item'; ndx: number; iflags: number; data: ItemData | null; xname?: ByteString }
  | { type: 'deletions'; counts: number[] }
  | { type: 'statistics'; values: number[] };

/** `head` is a sum head; `parts` are block sums (from a generator) or tokens (from a sender), `sum` the file's. */
export interface ItemData {
  head: number[];
  parts: (ByteString | number)[];
  sum: ByteString;
}

export interface Reading {
  events: Event[];
  messages: { code: number; text: ByteString }[];
  uidNames: [number, ByteString][];
  gidNames: [number, ByteString][];
}

/** What the handshake settled, and how many bytes of each direction it took. */
export interface Agreed {
  layout: FlistLayout;
  clientBytes: number;
  serverBytes: number;
}

/** A stream that differs from every captured one in a way this reading does not follow. */
export class Unlike extends Error {}

const SUM_LENGTH: Record<string, number> = { md4: 16, md5: 16, xxh64: 8, xxh128: 16 };

/** Reads both openings (§2.1). */
export function readHandshake(fixture: Fixture): Agreed {
  const client = new ByteReader();
  client.push(fixture.toServer);
  const server = new ByteReader();
  server.push(fixture.toClient);
  const protocol = Math.min(client.i32(), server.i32());
  const compat = dialectOf(protocol).compatFlags ? server.varint() : 0;
  const negotiates = (compat & Compat.VARINT_FLIST_FLAGS) !== 0 && !fixture.client.includes('--checksum-choice');
  if (negotiates) {
    client.vstring(255);
    server.vstring(255);
  }
  server.i32();
  return {
    layout: {
      ...{ atimes: false, crtimes: false, hardLinks: false, acls: false, xattrs: false },
      ...fixture.layout,
      protocol,
      recursive: /(^| )-\w*[ra]/.test(fixture.client),
      incRecurse: (compat & Compat.INC_RECURSE) !== 0,
      varintFlags: (compat & Compat.VARINT_FLIST_FLAGS) !== 0,
      safeFlist: (compat & Compat.SAFE_FLIST) !== 0 || protocol >= 31,
      id0Names: (compat & Compat.ID0_NAMES) !== 0,
    },
    clientBytes: fixture.toServer.length - client.available,
    serverBytes: fixture.toClient.length - server.available,
  };
}

/** A stream that delivers the given pieces, one `data` event each, and ends. */
export function streamOf(pieces: readonly Buffer[]): Duplex {
  let next = 0;
  return new Duplex({
    highWaterMark: 1,
    read() {
      this.push(next < pieces.length ? pieces[next++]! : null);
    },
    write: (_chunk, _encoding, done) => done(),
  });
}

/** Whether a direction is framed: of old the client's bytes are not (§2.6). */
export const isFramed = ({ push }: Fixture, { protocol }: FlistLayout, fromSender: boolean): boolean =>
  dialectOf(protocol).clientFrames || fromSender !== push;

/** Reads one direction behind the handshake to its last byte. @throws whatever the readers throw */
export async function readSender(pieces: readonly Buffer[], fixture: Fixture, layout: FlistLayout): Promise<Reading> {
  const { input, reading, decoder } = open(pieces, layout, isFramed(fixture, layout, true));
  const { events } = reading;
  if (fixture.rules && fixture.push) events.push(await readRules(input));
  const readList = async (dirIndex: number): Promise<number> => {
    const entries: FileEntry[] = [];
    for (;;) {
      const entry = await input.parse((reader) => decoder.readEntry(reader));
      if (isFlistEnd(entry)) {
        events.push({ type: 'list', dirIndex, entries, ioError: entry.ioError });
        return entries.length;
      }
      entries.push(entry);
    }
  };
  const length = await readList(-1);
  if (!layout.incRecurse) {
    const tail = new IdLists(layout);
    while (await input.parse(tail.step));
    events.push({ type: 'tail', users: [...tail.users], groups: [...tail.groups], ioError: tail.ioError });
  }
  let lists = 1;
  let dones = 0;
  // A server-sender with nothing to send stops there; a client-sender goes through the ending all the same.
  const stops = length === 0 && !fixture.push;
  const dialect = dialectOf(layout.protocol);
  const goodbye = (): boolean => stops || dones === lists + (dialect.delayPhase ? 2 : 1);
  for (let eof = !layout.incRecurse; !goodbye() || !eof;) {
    const ndx = await input.parse((reader) => reader.ndx());
    if (ndx === Ndx.DONE) {
      dones++;
      events.push({ type: 'done' });
    } else if (ndx === Ndx.FLIST_EOF) {
      eof = true;
      events.push({ type: 'list-eof' });
    } else if (ndx <= Ndx.FLIST_OFFSET) {
      lists++;
      await readList(Ndx.FLIST_OFFSET - ndx);
    } else events.push(await readItem(input, ndx, fixture, true));
  }
  if (!stops) {
    if (!fixture.push) {
      const length = dialect.listTimes ? 5 : 3;
      const values = await input.parse((reader) => Array.from({ length }, () => reader.long(3)));
      events.push({ type: 'statistics', values });
    }
    if (dialect.deletionCounts) await readDone(input, events);
  }
  return close(input, reading, decoder);
}

/** The other direction. `lists` is how many lists the sender sent, 0 if it stopped at an empty one. */
export async function readGenerator(
  pieces: readonly Buffer[],
  fixture: Fixture,
  layout: FlistLayout,
  lists: number,
): Promise<Reading> {
  const { input, reading, decoder } = open(pieces, layout, isFramed(fixture, layout, false));
  const { events } = reading;
  if (fixture.rules && !fixture.push) events.push(await readRules(input));
  const { deletionCounts, delayPhase } = dialectOf(layout.protocol);
  const expected = lists === 0 ? 0 : lists + (deletionCounts ? 4 : delayPhase ? 3 : 2);
  for (let dones = 0; dones < expected;) {
    const ndx = await input.parse((reader) => reader.ndx());
    if (ndx === Ndx.DONE) {
      dones++;
      events.push({ type: 'done' });
    } else if (ndx === Ndx.DEL_STATS) events.push(await readDeletions(input));
    else events.push(await readItem(input, ndx, fixture, false));
  }
  return close(input, reading, decoder);
}

function open(pieces: readonly Buffer[], layout: FlistLayout, framed: boolean) {
  const input = new PeerInput(streamOf(pieces));
  input.speak(dialectOf(layout.protocol));
  if (framed) input.startMux();
  const reading: Reading = { events: [], messages: [], uidNames: [], gidNames: [] };
  input.onMessage = (code, payload) => reading.messages.push({ code, text: payload.toString('latin1') });
  return { input, reading, decoder: new FlistDecoder(layout) };
}

/** Nothing may be left but messages. */
async function close(input: PeerInput, reading: Reading, decoder: FlistDecoder): Promise<Reading> {
  const rest = await input.fill().then(
    () => `${input.reader.available} bytes`,
    (error: unknown) => error,
  );
  if (!(rest instanceof Error) || input.reader.available > 0) throw new Unlike(`left over at the end: ${String(rest)}`);
  return { ...reading, uidNames: [...decoder.uidNames], gidNames: [...decoder.gidNames] };
}

async function readRules(input: PeerInput): Promise<Event> {
  const rules: ByteString[] = [];
  for (;;) {
    const rule = await input.parse((reader) => {
      const length = reader.i32();
      if (length < 0) throw new Unlike('a rule of negative length');
      return length === 0 ? null : reader.string(length);
    });
    if (rule === null) return { type: 'rules', rules };
    rules.push(rule);
  }
}

async function readItem(input: PeerInput, ndx: number, fixture: Fixture, fromSender: boolean): Promise<Event> {
  const { items } = dialectOf(fixture.protocol);
  const iflags = items ? await input.parse((reader) => reader.u16()) : ItemFlag.TRANSFER;
  if (iflags & ItemFlag.BASIS_TYPE_FOLLOWS) throw new Unlike('no fixture has such items');
  const xname = iflags & ItemFlag.XNAME_FOLLOWS ? await input.parse((reader) => reader.vstring(4096)) : undefined;
  const named = xname === undefined ? {} : { xname };
  if (!(iflags & ItemFlag.TRANSFER) || fixture.dryRun) return { type: 'item', ndx, iflags, data: null, ...named };
  const head = await input.parse((reader) => [reader.i32(), reader.i32(), reader.i32(), reader.i32()]);
  if (head[0]! < 0 || head[2]! < 0) throw new Unlike('a sum head with negative numbers');
  const data: ItemData = { head, parts: [], sum: '' };
  if (fromSender) {
    for (;;) {
      const token = await input.parse((reader) => {
        const length = reader.i32();
        return length > 0 ? reader.string(length) : length;
      });
      if (token === 0) break;
      data.parts.push(token);
    }
    data.sum = await input.parse((reader) => reader.string(SUM_LENGTH[fixture.sumName]!));
  } else {
    for (let i = 0; i < head[0]!; i++) data.parts.push(await input.parse((reader) => reader.string(4 + head[2]!)));
  }
  return { type: 'item', ndx, iflags, data, ...named };
}

async function readDone(input: PeerInput, events: Event[]): Promise<void> {
  let ndx = await input.parse((reader) => reader.ndx());
  if (ndx === Ndx.DEL_STATS) {
    events.push(await readDeletions(input));
    ndx = await input.parse((reader) => reader.ndx());
  }
  if (ndx !== Ndx.DONE) throw new Unlike(`${ndx} where the last NDX_DONE belongs`);
  events.push({ type: 'done' });
}

async function readDeletions(input: PeerInput): Promise<Event> {
  const counts = await input.parse((reader) => [1, 2, 3, 4, 5].map(() => reader.varint()));
  return { type: 'deletions', counts };
}
