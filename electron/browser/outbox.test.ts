import { describe, expect, it } from 'vitest';
import type { FromService } from '../../shared/ipc/define.ts';
import { Outbox } from './outbox.ts';

/** A socket whose writes end when the test says so. */
function slowSocket() {
  const sent: FromService[] = [];
  const pending: (() => void)[] = [];
  let overflows = 0;
  return {
    sent,
    get overflows() {
      return overflows;
    },
    finishOne: () => pending.shift()?.(),
    finishAll: () => {
      while (pending.length > 0) pending.shift()?.();
    },
    send: (text: string, done: () => void) => {
      sent.push(JSON.parse(text) as FromService);
      pending.push(done);
    },
    overflow: () => void overflows++,
  };
}

const update = (id: string, n: number): FromService => ({ type: 'update', id, update: { n } });
const run = (runId: string, n: number, result: unknown = null): FromService => ({
  type: 'event',
  name: 'event.run',
  payload: { runId, n, result },
});
const prompt = (n: number): FromService => ({ type: 'event', name: 'event.prompt', payload: { promptId: n } });
const reply = (id: string): FromService => ({ type: 'reply', id, result: { ok: true, value: null } });
const filler: FromService = { type: 'event', name: 'event.show', payload: { view: 'home' } };

describe('the outbox of a slow client', () => {
  it('sends at once while the client keeps up', () => {
    const socket = slowSocket();
    const outbox = new Outbox(socket);
    const messages = [run('a', 1), run('a', 2), update('t', 1), reply('t')];
    messages.forEach((message) => outbox.post(message));
    expect(socket.sent).toEqual(messages);
  });

  it('keeps the newest progress of each run and task, and every other message, in order', () => {
    const socket = slowSocket();
    const outbox = new Outbox(socket, { inFlight: 1, waiting: 1e6 });
    outbox.post(filler);
    for (const message of [
      run('a', 1),
      prompt(1),
      run('b', 1),
      update('t', 1),
      run('a', 2),
      prompt(2),
      update('t', 2),
    ]) {
      outbox.post(message);
    }
    expect(socket.sent).toEqual([filler]);
    socket.finishAll();
    expect(socket.sent.slice(1)).toEqual([prompt(1), run('b', 1), run('a', 2), prompt(2), update('t', 2)]);
  });

  it('never replaces an end by progress, and drops the progress that an end makes pointless', () => {
    const socket = slowSocket();
    const outbox = new Outbox(socket, { inFlight: 1, waiting: 1e6 });
    const end = run('a', 9, { outcome: 'success' });
    outbox.post(filler);
    for (const message of [run('a', 1), update('t', 1), end, reply('t'), reply('u')]) outbox.post(message);
    // A state posted after the end (the run list was asked again) leaves the end where it is.
    outbox.post(run('a', 10));
    socket.finishAll();
    expect(socket.sent.slice(1)).toEqual([end, reply('t'), reply('u'), run('a', 10)]);
  });

  it('lets only as much go as was finished', () => {
    const socket = slowSocket();
    const outbox = new Outbox(socket, { inFlight: 1, waiting: 1e6 });
    for (let n = 0; n < 4; n++) outbox.post(prompt(n));
    socket.finishOne();
    expect(socket.sent).toEqual([prompt(0), prompt(1)]);
  });

  it('gives up a client for which too much waits, once', () => {
    const socket = slowSocket();
    const outbox = new Outbox(socket, { inFlight: 1, waiting: 500 });
    for (let n = 0; n < 100; n++) outbox.post(prompt(n));
    expect(socket.overflows).toBe(1);
    socket.finishAll();
    expect(socket.sent).toEqual([prompt(0)]);
  });

  it('does not count replaced progress: a client that reads nothing costs one message a run', () => {
    const socket = slowSocket();
    const outbox = new Outbox(socket, { inFlight: 1, waiting: 500 });
    for (let n = 0; n < 10_000; n++) outbox.post(run('a', n));
    expect(socket.overflows).toBe(0);
    socket.finishAll();
    expect(socket.sent).toEqual([run('a', 0), run('a', 9_999)]);
  });
});
