import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection } from './connection.ts';
import type { EngineEvent } from './events.ts';
import type { Agreement } from './handshake/negotiate.ts';
import { Gate } from './gate.ts';
import { DEFAULT_OPTIONS } from './options/transfer-options.ts';
import { createPair } from './transport/local.ts';
import type { Transport } from './transport/transport.ts';

/** Life signs with a clock of their own; what streams do happens for real. */
describe('life signs', () => {
  let ours: Transport;
  let theirs: Transport;
  let open: Connection[];
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
    [ours, theirs] = createPair();
    open = [];
  });
  afterEach(() => {
    for (const conn of open) conn.dispose();
    theirs.close();
    vi.useRealTimers();
  });

  const connect = (
    more: {
      isServer?: boolean;
      onEvent?: (event: EngineEvent) => void;
      stderr?: PassThrough;
      stopAt?: number;
      gate?: Gate;
      timeout?: number;
      opened?: boolean;
    } = {},
  ) => {
    const conn = new Connection(
      { ...ours, stderr: more.stderr ?? null },
      { ...DEFAULT_OPTIONS, timeout: more.timeout ?? 10, stopAt: more.stopAt ?? null },
      more.isServer ?? false,
      { signal: new AbortController().signal, onEvent: more.onEvent ?? (() => {}), gate: more.gate ?? new Gate() },
    );
    if (more.opened !== false) conn.agreed = { protocol: 32 } as Agreement;
    open.push(conn);
    return conn;
  };
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const timedOut = { data: { code: 'io-timeout', exitCode: 30 } };

  it('a silent peer is given up after the timeout', () => {
    const conn = connect();
    vi.advanceTimersByTime(10_000);
    expect(conn.firstError).toBeNull();
    vi.advanceTimersByTime(1_000);
    expect(conn.firstError).toMatchObject(timedOut);
  });

  it.each([
    [false, 600_000],
    [true, 60_000],
  ])('a peer that never opens the conversation is given up, whether it begins (%s) or not', async (begins, limit) => {
    const conn = connect({ timeout: 0, opened: false });
    for (let left = limit; left > 0; left -= 20_000) {
      expect(conn.firstError).toBeNull();
      if (begins) theirs.stream.write(Buffer.alloc(1));
      await turn();
      vi.advanceTimersByTime(20_000);
    }
    expect(conn.firstError).toBeNull();
    vi.advanceTimersByTime(2_000);
    expect(conn.firstError).toMatchObject({ data: { code: 'opening-timeout', exitCode: 30 } });
  });

  it('a peer that never ends its handshake is given up as well', async () => {
    const conn = connect({ timeout: 0 });
    conn.awaitSeed(() => new Promise(() => {}));
    theirs.stream.write(Buffer.alloc(1));
    await turn();
    vi.advanceTimersByTime(62_000);
    expect(conn.firstError).toMatchObject({ data: { code: 'opening-timeout', exitCode: 30 } });
  });

  it('one that has opened it may then be silent for as long as it likes', () => {
    const conn = connect({ timeout: 0 });
    vi.advanceTimersByTime(3_600_000);
    expect(conn.firstError).toBeNull();
  });

  it('ends at the requested time, however lively the peer is', async () => {
    const conn = connect({ stopAt: Date.now() + 20_000 });
    for (let i = 0; i < 4; i++) {
      vi.advanceTimersByTime(4_900);
      theirs.stream.write(Buffer.alloc(1));
      await turn();
    }
    expect(conn.firstError).toBeNull();
    vi.advanceTimersByTime(1_000);
    expect(conn.firstError).toMatchObject({ data: { code: 'stop-time', exitCode: 30 } });
  });

  it('any arrival counts as life', async () => {
    const conn = connect();
    for (let i = 0; i < 5; i++) {
      vi.advanceTimersByTime(9_000);
      theirs.stream.write(Buffer.alloc(1));
      await turn();
    }
    expect(conn.firstError).toBeNull();
  });

  it('what arrived during long synchronous work, or sleep, is read before it is judged', async () => {
    const conn = connect();
    vi.setSystemTime(Date.now() + 60_000);
    vi.advanceTimersByTime(1_000);
    expect(conn.firstError).toBeNull();
    theirs.stream.write(Buffer.alloc(1));
    await turn();
    vi.advanceTimersByTime(5_000);
    expect(conn.firstError).toBeNull();
    vi.advanceTimersByTime(6_000);
    expect(conn.firstError).toMatchObject(timedOut);
  });

  it('a peer that stopped reading is given up although its bytes fill our queue', async () => {
    const conn = connect();
    theirs.stream.pause();
    theirs.stream.write(Buffer.alloc(5 << 20));
    await turn();
    expect(ours.stream.isPaused()).toBe(true);
    conn.output.startMux();
    for (let i = 0; i < 64; i++) conn.output.data.bytes(Buffer.alloc(65536), 0, 65536);
    const waiting = conn.drained();
    waiting.catch(() => {});
    vi.advanceTimersByTime(11_000);
    expect(conn.firstError).toMatchObject(timedOut);
    await expect(waiting).rejects.toMatchObject(timedOut);
  });

  it('a full queue alone, while we are busy, is not the peer’s fault', async () => {
    const conn = connect();
    theirs.stream.write(Buffer.alloc(5 << 20));
    await turn();
    expect(ours.stream.isPaused()).toBe(true);
    vi.advanceTimersByTime(60_000);
    expect(conn.firstError).toBeNull();
  });

  it('long synchronous work says that it lives', async () => {
    const conn = connect();
    const seen: Buffer[] = [];
    theirs.stream.on('data', (chunk: Buffer) => seen.push(chunk));
    conn.output.startMux();
    conn.poll();
    conn.mayKeepAlive = true;
    conn.poll();
    expect(seen).toEqual([]);
    vi.setSystemTime(Date.now() + 5_000);
    conn.poll();
    conn.poll();
    await turn();
    expect(Buffer.concat(seen).toString('hex')).toBe('00000007');
  });

  it('while the transfer is paused silence is no fault, and the peer hears that we live', async () => {
    const gate = new Gate();
    const conn = connect({ gate });
    const seen: Buffer[] = [];
    theirs.stream.on('data', (chunk: Buffer) => seen.push(chunk));
    conn.output.startMux();
    conn.mayKeepAlive = true;
    expect(conn.sliceOver).toBe(false);
    gate.close();
    expect(conn.sliceOver).toBe(true);
    let passed = false;
    const pausing = conn.pause().then(() => (passed = true));
    vi.advanceTimersByTime(31_000);
    await turn();
    expect(conn.firstError).toBeNull();
    expect(passed).toBe(false);
    expect(Buffer.concat(seen).toString('hex')).toMatch(/^(00000007){5,6}$/);
    gate.open();
    await pausing;
    vi.advanceTimersByTime(9_000);
    expect(conn.firstError).toBeNull();
    vi.advanceTimersByTime(2_000);
    expect(conn.firstError).toMatchObject(timedOut);
  });

  it('a listener that throws ends its run and nothing else', () => {
    const stderr = new PassThrough();
    const conn = connect({
      stderr,
      onEvent: () => {
        throw new Error('the screen is gone');
      },
    });
    vi.advanceTimersByTime(1_000);
    expect(conn.firstError).toMatchObject({
      data: { kind: 'internal', message: expect.stringContaining('the screen') },
    });
    stderr.emit('data', Buffer.from('text\n'));
  });

  it.each([
    [true, '0400005d0d000000'],
    [false, ''],
  ])('a role that failed: a server tells its client (%s)', async (isServer, told) => {
    const conn = connect({ isServer });
    const seen: Buffer[] = [];
    theirs.stream.on('data', (chunk: Buffer) => seen.push(chunk));
    conn.output.startMux();
    conn.stop(new Error('x'));
    conn.stop(new Error('only the first counts'));
    await turn();
    expect(ours.stream.destroyed).toBe(false);
    expect(Buffer.concat(seen).toString('hex')).toBe(told);
    await expect(conn.drained()).rejects.toMatchObject({ data: { kind: 'internal' } });
  });
});
