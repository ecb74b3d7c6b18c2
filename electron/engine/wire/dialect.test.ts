import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { Msg } from './constants.ts';
import { dialectOf } from './dialect.ts';
import { PeerOutput } from './peer-output.ts';

/** What messages become on their way to a peer of this version. */
function sent(protocol: number, framed: boolean, ...codes: number[]): Buffer {
  const stream = new PassThrough();
  const output = new PeerOutput(stream);
  output.speak(dialectOf(protocol));
  if (framed) output.startMux();
  for (const code of codes) output.messageText(code, 'x');
  output.data.num(1);
  output.flush();
  return (stream.read() as Buffer | null) ?? Buffer.alloc(0);
}
const frame = (code: number): Buffer => Buffer.from([1, 0, 0, 7 + code, 0x78]);

it('every version has what the one before has', () => {
  for (let protocol = 28; protocol <= 32; protocol++) {
    const older = Object.entries(dialectOf(protocol - 1)).filter(([, has]) => has === true);
    for (const [thing] of older) expect(dialectOf(protocol)).toHaveProperty(thing, true);
  }
});

it('messages are said in words the peer knows, or left unsaid', () => {
  const codes = [Msg.ERROR, Msg.WARNING, Msg.IO_ERROR, Msg.NO_SEND, Msg.ERROR_EXIT, Msg.DELETED];
  const number = (bytes: number[]): Buffer => Buffer.from([bytes.length, 0, 0, 7, ...bytes]);
  expect(sent(31, true, ...codes)).toEqual(Buffer.concat([...codes.map(frame), number([1])]));
  const at30 = codes.filter((code) => code !== Msg.ERROR_EXIT);
  expect(sent(30, true, ...codes)).toEqual(Buffer.concat([...at30.map(frame), number([1])]));
  const at29 = [Msg.ERROR_XFER, Msg.INFO, Msg.DELETED];
  expect(sent(29, true, ...codes)).toEqual(Buffer.concat([...at29.map(frame), number([1, 0, 0, 0])]));
  const at28 = [Msg.ERROR_XFER, Msg.INFO];
  expect(sent(28, true, ...codes)).toEqual(Buffer.concat([...at28.map(frame), number([1, 0, 0, 0])]));
});

it('where nothing is framed no message gets between the bytes', () => {
  expect(sent(29, false, Msg.ERROR, Msg.SUCCESS)).toEqual(Buffer.from([1, 0, 0, 0]));
});
