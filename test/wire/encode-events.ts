import { FlistEncoder } from '../../electron/engine/flist/encode.ts';
import type { FlistLayout } from '../../electron/engine/flist/entry.ts';
import type { IdNames } from '../../electron/engine/flist/id-map.ts';
import { ByteWriter } from '../../electron/engine/wire/byte-writer.ts';
import { Msg, Ndx } from '../../electron/engine/wire/constants.ts';
import { type Dialect, dialectOf } from '../../electron/engine/wire/dialect.ts';
import type { Event, Reading } from './conversation.ts';

/** The DATA bytes our writers make of a reading. */
export function encode(reading: Reading, layout: FlistLayout, fromSender: boolean): Buffer {
  const out: Buffer[] = [];
  const w = new ByteWriter(
    (bytes) => out.push(bytes),
    () => 0,
  );
  w.fixed = !dialectOf(layout.protocol).compactNumbers;
  const encoder = new FlistEncoder(layout, namesOf(reading));
  for (const event of reading.events) encodeEvent(w, encoder, event, dialectOf(layout.protocol), fromSender);
  w.flush();
  return Buffer.concat(out);
}

/** The sending system's names, as far as it told them. */
function namesOf(reading: Reading): IdNames {
  const ids = reading.events.find((event) => event.type === 'tail');
  const users = new Map([...reading.uidNames, ...(ids?.users ?? [])]);
  const groups = new Map([...reading.gidNames, ...(ids?.groups ?? [])]);
  return { user: (uid) => users.get(uid) ?? null, group: (gid) => groups.get(gid) ?? null };
}

function encodeEvent(
  w: ByteWriter,
  encoder: FlistEncoder,
  event: Event,
  { items }: Dialect,
  fromSender: boolean,
): void {
  switch (event.type) {
    case 'rules':
      for (const rule of event.rules) {
        w.i32(rule.length);
        w.string(rule);
      }
      return w.i32(0);
    case 'list':
      if (event.dirIndex >= 0) w.ndx(Ndx.FLIST_OFFSET - event.dirIndex);
      for (const entry of event.entries) encoder.writeEntry(w, entry);
      return encoder.writeEnd(w, event.ioError);
    case 'tail':
      return encoder.writeTail(w, event.ioError);
    case 'list-eof':
      return w.ndx(Ndx.FLIST_EOF);
    case 'done':
      return w.ndx(Ndx.DONE);
    case 'deletions':
      w.ndx(Ndx.DEL_STATS);
      return event.counts.forEach((count) => w.varint(count));
    case 'statistics':
      return event.values.forEach((value) => w.long(value, 3));
    case 'item': {
      w.ndx(event.ndx);
      if (items) w.u16(event.iflags);
      if (event.xname !== undefined) w.vstring(event.xname);
      if (!event.data) return;
      event.data.head.forEach((value) => w.i32(value));
      for (const part of event.data.parts) {
        if (typeof part === 'number') w.i32(part);
        else {
          if (fromSender) w.i32(part.length);
          w.string(part);
        }
      }
      if (fromSender) w.i32(0);
      return w.string(event.data.sum);
    }
  }
}

/** Takes the frames of §4.1 apart, if there are any, independently of the reader under test. */
export function dataBytes(stream: Buffer, framed: boolean): Buffer {
  if (!framed) return stream;
  const parts: Buffer[] = [];
  for (let at = 0; at < stream.length;) {
    const length = stream.readUIntLE(at, 3);
    const code = stream[at + 3]! - 7;
    if (code === Msg.DATA) parts.push(stream.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return Buffer.concat(parts);
}
