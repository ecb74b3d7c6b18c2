import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createPair, createServedPair } from './local.ts';

async function read(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

describe('createPair', () => {
  it('hands over the very chunk, in the same turn', () => {
    const [a, b] = createPair();
    const seen: Buffer[] = [];
    b.stream.on('data', (chunk: Buffer) => seen.push(chunk));
    return new Promise<void>((resolve) => {
      // Reading starts on the next tick.
      setImmediate(() => {
        const chunk = Buffer.from('hello');
        a.stream.write(chunk);
        expect(seen[0]).toBe(chunk);
        resolve();
      });
    });
  });

  it('makes a writer wait, and bounds what is held', async () => {
    const [a, b] = createPair();
    let written = 0;
    while (a.stream.write(Buffer.alloc(65_536))) written += 65_536;
    expect(written).toBeLessThanOrEqual(2 << 20);
    expect(b.stream.readableLength).toBeLessThanOrEqual(1 << 20);
    const drained = once(a.stream, 'drain');
    b.stream.resume();
    await drained;
    b.stream.destroy();
  });

  it('carries both directions at once to their ends, and reports the exits', async () => {
    const [a, b] = createPair();
    const data = Buffer.alloc(5 << 20, 'x');
    const [atB, atA] = [read(b.stream), read(a.stream)];
    for (let at = 0; at < data.length; at += 100_000) {
      if (!a.stream.write(data.subarray(at, at + 100_000))) await once(a.stream, 'drain');
      b.stream.write(Buffer.from('ack'));
    }
    a.stream.end();
    b.stream.end();
    expect((await atB).equals(data)).toBe(true);
    expect((await atA).length).toBe(3 * Math.ceil(data.length / 100_000));
    expect(await a.exit).toEqual({ code: 0, signal: null });
    expect(await b.exit).toEqual({ code: 0, signal: null });
  });

  it('lets two ends answer each other without growing the stack', async () => {
    const [a, b] = createPair();
    let rounds = 0;
    b.stream.on('data', (chunk: Buffer) => b.stream.write(chunk));
    const done = new Promise<void>((resolve) => {
      a.stream.on('data', (chunk: Buffer) => {
        if (++rounds === 50_000) resolve();
        else a.stream.write(chunk);
      });
    });
    a.stream.write(Buffer.from('ball'));
    await done;
    a.close();
  });

  it('ends the other end when one is closed, and frees a waiting writer', async () => {
    const [a, b] = createPair();
    while (a.stream.write(Buffer.alloc(65_536)));
    const drained = once(a.stream, 'drain');
    b.close();
    await drained;
    expect((await read(a.stream)).length).toBe(0);
    expect(await a.exit).toEqual({ code: null, signal: null });
    a.close();
    a.close();
  });
});

describe('createServedPair', () => {
  it('gives the client the output, the messages and the code', async () => {
    const { client, server } = createServedPair();
    const out = read(client.stream);
    const err = read(client.stderr!);
    server.stderr!.write('trouble\n');
    server.stream.write(Buffer.from('data'));
    server.exit(23);
    server.exit(0);
    expect((await out).toString()).toBe('data');
    expect((await err).toString()).toBe('trouble\n');
    expect(await client.exit).toEqual({ code: 23, signal: null });
  });
});
