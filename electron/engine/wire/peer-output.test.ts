import { Duplex, PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Msg } from './constants.ts';
import { PeerOutput } from './peer-output.ts';

/** A peer that takes a write only when told to. */
function slowPeer(): { stream: Duplex; take: () => void; taken: Buffer[] } {
  const taken: Buffer[] = [];
  let pending: (() => void) | null = null;
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      taken.push(chunk);
      pending = done;
    },
  });
  const take = (): void => {
    const done = pending;
    pending = null;
    done?.();
  };
  return { stream, take, taken };
}

function collected(stream: PassThrough): string {
  const chunks: Buffer[] = [];
  for (let chunk = stream.read() as Buffer | null; chunk; chunk = stream.read() as Buffer | null) chunks.push(chunk);
  return Buffer.concat(chunks).toString('hex');
}

describe('PeerOutput', () => {
  it('frames data from the start of multiplexing on, and not before', () => {
    const stream = new PassThrough();
    const output = new PeerOutput(stream);
    output.data.i32(32);
    output.startMux();
    expect(output.muxed).toBe(true);
    output.data.u8(1);
    output.data.u16(0x6000);
    output.flush();
    expect(collected(stream)).toBe('20000000' + '03000007' + '010060');
    expect(output.sent).toBe(11);
  });

  it('puts messages where they belong between data', () => {
    const stream = new PassThrough();
    const output = new PeerOutput(stream);
    output.startMux();
    output.data.u8(0xaa);
    output.messageInt(Msg.IO_ERROR, 1);
    output.data.u8(0xbb);
    output.messageText(Msg.INFO, 'hi\xff');
    output.keepAlive();
    output.flush();
    expect(collected(stream)).toBe(
      ['01000007aa', '0400001d01000000', '01000007bb', '030000096869ff', '00000007'].join(''),
    );
  });

  it.each([true, false])(
    'writes again to what was taken where the stream has no more use for it: %s',
    async (reuses) => {
      const { stream, take, taken } = slowPeer();
      const output = new PeerOutput(stream, undefined, reuses);
      const send = (value: number): void => {
        output.data.u8(value);
        output.flush();
      };
      send(1);
      send(2);
      send(3);
      take();
      await new Promise(setImmediate);
      expect(taken.map((bytes) => bytes[0])).toEqual([1, 2]);
      // What is being filled was there before the first one came back.
      send(4);
      send(5);
      take();
      take();
      await new Promise(setImmediate);
      take();
      await new Promise(setImmediate);
      take();
      await new Promise(setImmediate);
      expect(taken.map((bytes) => bytes[0])).toEqual(reuses ? [5, 2, 3, 4, 5] : [1, 2, 3, 4, 5]);
      expect(taken[4]!.buffer === taken[0]!.buffer).toBe(reuses);
    },
  );

  it('cuts a text to what a peer accepts', () => {
    const stream = new PassThrough();
    const output = new PeerOutput(stream);
    output.startMux();
    output.messageText(Msg.ERROR, 'x'.repeat(9000));
    expect((stream.read() as Buffer).readUInt32LE(0)).toBe(((7 + Msg.ERROR) << 24) | 5119);
  });

  it('sends what is larger than a buffer in several frames', () => {
    const stream = new PassThrough({ highWaterMark: 1 << 20 });
    const output = new PeerOutput(stream);
    output.startMux();
    const body = Buffer.alloc(200_000, 'x');
    output.data.bytes(body, 0, body.length);
    output.flush();
    const all = stream.read() as Buffer;
    let data = 0;
    for (let at = 0; at < all.length;) {
      expect(all[at + 3]).toBe(7);
      const length = all.readUIntLE(at, 3);
      data += length;
      at += 4 + length;
    }
    expect(data).toBe(body.length);
  });

  it('holds a producer back until the peer has taken enough', async () => {
    const { stream, take } = slowPeer();
    const output = new PeerOutput(stream);
    const block = Buffer.alloc(65536);
    while (!output.congested) output.data.bytes(block, 0, block.length);
    let drained = false;
    const waiting = output.drained().then(() => (drained = true));
    take();
    await new Promise(setImmediate);
    expect(drained).toBe(false);
    while (stream.writableLength > 0) {
      take();
      await new Promise(setImmediate);
    }
    await waiting;
    expect(output.congested).toBe(false);
  });

  it('fails waits, pending and later ones, when the connection breaks', async () => {
    const { stream } = slowPeer();
    const output = new PeerOutput(stream);
    const block = Buffer.alloc(65536);
    while (!output.congested) output.data.bytes(block, 0, block.length);
    const waiting = output.drained();
    stream.destroy(new Error('reset'));
    await expect(waiting).rejects.toThrow('reset');
    await expect(output.drained()).rejects.toThrow('reset');
    output.data.u8(1);
    output.flush();
  });

  it('flushes before it closes', async () => {
    const stream = new PassThrough();
    const output = new PeerOutput(stream);
    output.data.u8(7);
    output.end();
    expect(collected(stream)).toBe('07');
    output.data.u8(8);
    output.flush();
    stream.resume();
    await new Promise((resolve) => stream.once('end', resolve));
  });
});
