import { expect, it } from 'vitest';
import { RunSlots } from './run-slots.ts';

const never = new AbortController().signal;

it('lets in as many as may, the others in their order', async () => {
  let limit = 1;
  const slots = new RunSlots(() => limit);
  const order: string[] = [];
  const release = await slots.take(never);
  const enter = (name: string) => slots.take(never).then((give) => (order.push(name), give));
  const [b, c, d] = [enter('b'), enter('c'), enter('d')];
  expect(slots.full).toBe(true);
  release();
  release();
  (await b)();
  await c;
  expect(order).toEqual(['b', 'c']);
  limit = 2;
  slots.admit();
  await d;
  expect(order).toEqual(['b', 'c', 'd']);
});

it('who is cancelled leaves the queue', async () => {
  const slots = new RunSlots(() => 1);
  const release = await slots.take(never);
  const abort = new AbortController();
  const gone = slots.take(abort.signal);
  const next = slots.take(never);
  abort.abort();
  await expect(gone).rejects.toMatchObject({ data: { kind: 'cancelled' } });
  release();
  await next;
  await expect(slots.take(abort.signal)).rejects.toMatchObject({ data: { kind: 'cancelled' } });
});
