import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { DriftlineError, fail } from '../../../shared/errors.ts';
import { Msg } from './constants.ts';
import { MORE, PeerInput } from './peer-input.ts';

function frame(code: number, payload: Buffer | string): Buffer {
  const body = Buffer.from(payload);
  const header = Buffer.alloc(4);
  header.writeUInt32LE((((code + 7) << 24) | body.length) >>> 0);
  return Buffer.concat([header, body]);
}

function open(muxed = true): { stream: PassThrough; input: PeerInput; messages: [number, string][] } {
  const stream = new PassThrough();
  const input = new PeerInput(stream);
  const messages: [number, string][] = [];
  input.onMessage = (code, payload) => messages.push([code, payload.toString('latin1')]);
  if (muxed) input.startMux();
  return { stream, input, messages };
}

const text = (input: PeerInput, length: number): Promise<string> => input.parse((reader) => reader.string(length));

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    return error instanceof DriftlineError ? `${error.data.kind}/${error.data.code}` : String(error);
  }
}

describe('PeerInput', () => {
  it('hands out data before and after multiplexing starts, also when both came at once', async () => {
    const { stream, input, messages } = open(false);
    stream.write(Buffer.concat([Buffer.from('hello'), frame(Msg.INFO, 'note\n'), frame(Msg.DATA, 'world')]));
    expect(await text(input, 5)).toBe('hello');
    input.startMux();
    expect(await text(input, 5)).toBe('world');
    expect(messages).toEqual([[Msg.INFO, 'note\n']]);
    expect(input.received).toBe(5 + 9 + 9);
  });

  it('keeps the order of leftover bytes and queued chunks when multiplexing starts', async () => {
    const { stream, input } = open(false);
    const framed = Buffer.concat([frame(Msg.DATA, 'abc'), frame(Msg.DATA, 'def')]);
    stream.write(Buffer.concat([Buffer.from('x'), framed.subarray(0, 2)]));
    await text(input, 1);
    stream.write(framed.subarray(2, 9));
    stream.write(framed.subarray(9));
    await new Promise(setImmediate);
    input.startMux();
    expect(await text(input, 6)).toBe('abcdef');
  });

  it('leaves bytes without frames alone between frames, however they are cut', async () => {
    const bytes = Buffer.concat([frame(Msg.DATA, 'rules'), Buffer.from('a\0b/c\0\0'), frame(Msg.DATA, 'more')]);
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { stream, input } = open();
      input.frameByFrame = true;
      stream.write(bytes.subarray(0, cut));
      stream.write(bytes.subarray(cut));
      expect(await text(input, 5)).toBe('rules');
      input.stopMux();
      const names: string[] = [];
      do names.push(await input.parse((reader) => reader.untilNul(10)));
      while (names.at(-1) !== '');
      expect(names).toEqual(['a', 'b/c', '']);
      input.startMux();
      expect(await text(input, 4)).toBe('more');
    }
  });

  it('refuses a frame that was not used up, and a name without an end', async () => {
    const { stream, input } = open();
    input.frameByFrame = true;
    stream.write(frame(Msg.DATA, 'rules'));
    await text(input, 3);
    expect(() => input.stopMux()).toThrow('where none is allowed');
    const { stream: endless, input: names } = open(false);
    endless.write('x'.repeat(20));
    expect(await codeOf(names.parse((reader) => reader.untilNul(10)))).toBe('protocol/string-too-long');
  });

  it('delivers messages at their place between data, and joins data across frames', async () => {
    const { stream, input, messages } = open();
    const bytes = Buffer.concat([
      ...[frame(Msg.DATA, 'ab'), frame(Msg.DATA, ''), frame(Msg.WARNING, 'w'), frame(Msg.DATA, 'cd')],
      ...[frame(Msg.NOOP, ''), frame(Msg.IO_ERROR, Buffer.of(1, 0, 0, 0))],
    ]);
    for (const byte of bytes) stream.write(Buffer.of(byte));
    stream.end();
    expect(await text(input, 4)).toBe('abcd');
    expect(messages).toEqual([[Msg.WARNING, 'w']]);
    expect(await codeOf(text(input, 1))).toBe('remote/closed-early');
    expect(messages.slice(1)).toEqual([
      [Msg.NOOP, ''],
      [Msg.IO_ERROR, '\x01\0\0\0'],
    ]);
  });

  it('leaves a long stretch where it arrived, and puts short ones together', async () => {
    const { stream, input } = open();
    const [long, next] = [Buffer.alloc(30_000, 'l'), Buffer.alloc(20_000, 'n')];
    const chunk = Buffer.concat([frame(Msg.DATA, long), frame(Msg.INFO, 'note\n'), frame(Msg.DATA, next)]);
    stream.write(chunk);
    for (const content of [long, next]) {
      const view = await input.parse((reader) => reader.view(content.length));
      expect(view.equals(content)).toBe(true);
      expect(view.buffer).toBe(chunk.buffer);
    }
    for (const word of ['many ', 'short ', 'frames']) stream.write(frame(Msg.DATA, word));
    expect(await text(input, 5 + 6 + 6)).toBe('many short frames');
  });

  it('goes on in what it left of a chunk, wherever the parser stops', async () => {
    const { stream, input } = open();
    const content = Buffer.from(Array.from({ length: 40_000 }, (_, i) => i % 251));
    const frames = [1, 5000, 3, 4096, 4095, 9000, 2, 17_803].map((length, i, all) => {
      const from = all.slice(0, i).reduce((sum, each) => sum + each, 0);
      return frame(Msg.DATA, content.subarray(from, from + length));
    });
    stream.write(Buffer.concat(frames));
    stream.end();
    const parts: Buffer[] = [];
    for (let at = 0, n = 0; at < content.length; n++) {
      const length = Math.min([4, 700, 4, 6000, 1, 4097][n % 6]!, content.length - at);
      parts.push(Buffer.from(await input.parse((reader) => reader.view(length))));
      at += length;
    }
    expect(Buffer.concat(parts).equals(content)).toBe(true);
    expect(await codeOf(text(input, 1))).toBe('remote/closed-early');
  });

  it('moves on what has arrived without waiting for more', () => {
    const { stream, input, messages } = open();
    expect(input.advance()).toBe(false);
    stream.write(Buffer.concat([frame(Msg.INFO, 'note\n'), frame(Msg.DATA, 'four')]));
    stream.read();
    expect(input.tryParse((reader) => reader.string(4))).toBe(MORE);
    expect(input.advance()).toBe(true);
    expect(messages).toHaveLength(1);
    expect(input.tryParse((reader) => reader.string(4))).toBe('four');
    expect(input.advance()).toBe(false);
  });

  it('rewinds a parser that wants more', async () => {
    const { stream, input } = open();
    stream.write(frame(Msg.DATA, 'abc'));
    await input.fill();
    expect(input.tryParse((reader) => reader.string(4))).toBe(MORE);
    expect(input.tryParse((reader) => reader.string(3))).toBe('abc');
  });

  it('lets errors of a parser through', async () => {
    const { stream, input } = open();
    stream.write(frame(Msg.DATA, 'abc'));
    const thrown = input.parse(() => {
      throw fail('protocol', 'mine', 'mine');
    });
    expect(await codeOf(thrown)).toBe('protocol/mine');
  });

  it.each([
    ['an unknown code', frame(55, 'x')],
    ['a code of another program’s insides', frame(9, '\0\0\0\0')],
    ['an INT message of the wrong size', frame(Msg.IO_ERROR, 'abc')],
    ['NOOP with a payload', frame(Msg.NOOP, 'a')],
    ['text of 5120 bytes', frame(Msg.INFO, 'x'.repeat(5120))],
    ['a tag below the base', Buffer.of(0, 0, 0, 6)],
    ['16 MiB announced for a text', Buffer.of(0xff, 0xff, 0xff, 7 + Msg.ERROR)],
  ])('refuses %s', async (_, bytes) => {
    const { stream, input } = open();
    stream.write(bytes);
    expect(await codeOf(input.fill())).toBe('protocol/bad-frame');
  });

  it('accepts a text of 5119 bytes', async () => {
    const { stream, input, messages } = open();
    stream.end(frame(Msg.INFO, 'x'.repeat(5119)));
    expect(await codeOf(input.fill())).toBe('remote/closed-early');
    expect(messages[0]?.[1]).toHaveLength(5119);
  });

  it('uses up what arrived before it reports an error', async () => {
    const { stream, input } = open();
    stream.write(frame(Msg.DATA, 'abc'));
    await new Promise(setImmediate);
    stream.destroy(new Error('reset'));
    await new Promise(setImmediate);
    expect(await text(input, 3)).toBe('abc');
    expect(await codeOf(text(input, 1))).toBe('Error: reset');
  });

  it('wakes a waiting reader on abort and keeps the first reason', async () => {
    const { input } = open();
    const waiting = codeOf(input.fill());
    input.abort(fail('cancelled', 'stopped', 'stopped'));
    input.abort(new Error('later'));
    expect(await waiting).toBe('cancelled/stopped');
    expect(await codeOf(input.fill())).toBe('cancelled/stopped');
  });

  it('ends when the stream is closed without an end', async () => {
    const { stream, input } = open();
    stream.destroy();
    expect(await codeOf(input.fill())).toBe('remote/closed-early');
  });

  it('drains messages without waiting for more', async () => {
    const { stream, input, messages } = open();
    stream.write(Buffer.concat([frame(Msg.ERROR, 'a'), frame(Msg.ERROR, 'b'), frame(Msg.ERROR, 'c').subarray(0, 3)]));
    await new Promise(setImmediate);
    input.drainMessages();
    expect(messages.map(([, payload]) => payload)).toEqual(['a', 'b']);
  });

  it('reads messages to the end and drops data there', async () => {
    const { stream, input, messages } = open();
    const end = input.readToEnd();
    stream.write(frame(Msg.DATA, 'stray'));
    stream.write(frame(Msg.ERROR, 'late'));
    stream.end();
    await end;
    expect(messages).toEqual([[Msg.ERROR, 'late']]);
    expect(input.reader.available).toBe(0);
    expect(input.ended).toBe(true);
  });

  it('stops the stream while too much is queued, and starts it again', async () => {
    const stream = new PassThrough({ highWaterMark: 16 << 20 });
    const input = new PeerInput(stream);
    const chunk = Buffer.alloc(1 << 20, 'x');
    for (let i = 0; i < 8; i++) stream.write(chunk);
    await new Promise(setImmediate);
    expect(stream.isPaused()).toBe(true);
    expect(input.received).toBeLessThan(8 << 20);
    for (let i = 0; i < 8; i++) expect((await input.parse((reader) => reader.view(1 << 20))).length).toBe(1 << 20);
    expect(stream.isPaused()).toBe(false);
  });
});
