import { describe, expect, it } from 'vitest';
import { fail } from '../../shared/errors.ts';
import type { ToService } from '../../shared/ipc/define.ts';
import { createClient } from './client.ts';

function setup() {
  const sent: ToService[] = [];
  return { sent, ...createClient((message) => sent.push(message)) };
}

describe('createClient', () => {
  it('ties replies to their requests, in any order', async () => {
    const { sent, client, receive } = setup();
    const first = client.call('hosts.list', null);
    const second = client.call('runs.list', null);
    receive({ type: 'reply', id: sent[1]!.id, result: { ok: true, value: ['runs'] } });
    receive({ type: 'reply', id: sent[0]!.id, result: { ok: true, value: ['hosts'] } });
    expect(await first).toEqual({ ok: true, value: ['hosts'] });
    expect(await second).toEqual({ ok: true, value: ['runs'] });
  });

  it('delivers updates until the terminal message, and cancels by id', async () => {
    const { sent, client, receive } = setup();
    const steps: string[] = [];
    const task = client.task('hosts.test', { id: 'aaaaaaaa' }, (update) => steps.push(update.step));
    const id = sent[0]!.id;
    receive({ type: 'update', id, update: { step: 'one' } });
    task.cancel();
    expect(sent[1]).toEqual({ type: 'cancel', id });
    receive({ type: 'reply', id, result: { ok: false, error: fail('cancelled', 'cancelled', 'x').data } });
    receive({ type: 'update', id, update: { step: 'late' } });
    task.cancel();
    expect(sent).toHaveLength(2);
    expect((await task.result).ok).toBe(false);
    expect(steps).toEqual(['one']);
  });

  it('sends events to their listeners until they leave', () => {
    const { client, receive } = setup();
    const seen: string[] = [];
    const off = client.on('event.promptClosed', ({ promptId }) => seen.push(promptId));
    receive({ type: 'event', name: 'event.promptClosed', payload: { promptId: 'a' } });
    off();
    receive({ type: 'event', name: 'event.promptClosed', payload: { promptId: 'b' } });
    expect(seen).toEqual(['a']);
  });

  it('ends everything open when the connection is lost', async () => {
    const { client, failAll } = setup();
    const open = client.call('hosts.list', null);
    failAll(fail('connect', 'service-lost', 'gone').data);
    expect(await open).toMatchObject({ ok: false, error: { code: 'service-lost' } });
  });
});
