import { fail } from '../../shared/errors.ts';
import type { DriftlineContract } from '../../shared/ipc/contract.ts';
import type { EventNames, Handlers, ToService } from '../../shared/ipc/define.ts';
import { toErrorData } from '../../shared/errors.ts';
import type { Backend, Payload } from './backend.ts';
import { createClient } from './client.ts';

export interface FakeBackend extends Backend {
  emit<K extends EventNames<DriftlineContract>>(name: K, payload: Payload<K>): void;
  /** Every call and task opened so far, oldest first. */
  readonly requests: { name: string; input: unknown }[];
}

type AnyHandler = (input: never, update: (u: never) => void, signal: AbortSignal) => unknown;

/**
 * A backend without a service, for component tests and the development page: handlers are given by name, a missing one
 * answers with an error. Messages pass through the real bookkeeping and are cloned, as they are on a wire.
 */
export function createFakeBackend(handlers: Partial<Handlers<DriftlineContract>>): FakeBackend {
  const requests: { name: string; input: unknown }[] = [];
  const running = new Map<string, AbortController>();
  const { client, receive } = createClient((message) => void serve(structuredClone(message)));

  async function serve(message: ToService) {
    if (message.type === 'cancel') return running.get(message.id)?.abort();
    const { id, name, input } = message;
    requests.push({ name, input });
    const handler = (handlers as Record<string, AnyHandler | undefined>)[name];
    const controller = new AbortController();
    running.set(id, controller);
    try {
      if (handler === undefined) throw fail('internal', 'no-handler', `The fake has no handler for ${name}.`);
      const update = (value: unknown) => receive({ type: 'update', id, update: structuredClone(value) });
      const value = await handler(input as never, update, controller.signal);
      receive({ type: 'reply', id, result: { ok: true, value: structuredClone(value) } });
    } catch (error) {
      receive({ type: 'reply', id, result: { ok: false, error: toErrorData(error) } });
    } finally {
      running.delete(id);
    }
  }

  return {
    ...client,
    requests,
    emit: (name, payload) => receive({ type: 'event', name, payload: structuredClone(payload) }),
    onConnection(listener) {
      listener('open');
      return () => undefined;
    },
    pathForFile: null,
  };
}
