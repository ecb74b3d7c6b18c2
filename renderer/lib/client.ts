import type { DriftlineContract } from '../../shared/ipc/contract.ts';
import type { Client, FromService, ToService } from '../../shared/ipc/define.ts';
import type { ErrorData, Result } from '../../shared/errors.ts';

type AnyResult = Result<never>;
interface Pending {
  onUpdate: ((update: never) => void) | null;
  settle: (result: AnyResult) => void;
}

export interface WireClient {
  client: Client<DriftlineContract>;
  /** A message from the service. Unknown ids and names are ignored: they belong to a page that is gone. */
  receive(message: FromService): void;
  /** Ends every open call and task with this error: the connection that carried them is gone. */
  failAll(error: ErrorData): void;
}

/**
 * Bookkeeping of requests over any message channel: ids, replies, task updates, events.
 *
 * The service proved every value against the contract before it was sent, and the id ties a reply to the name that
 * asked, so the reply's type is that name's output. This is the one place that relies on it.
 */
export function createClient(send: (message: ToService) => void): WireClient {
  const pending = new Map<string, Pending>();
  const listeners = new Map<string, Set<(payload: never) => void>>();

  function request(type: 'call' | 'open', name: string, input: unknown, onUpdate: Pending['onUpdate']) {
    const id = crypto.randomUUID();
    const result = new Promise<AnyResult>((resolve) => {
      // Registered before it is sent, so that no first update is lost.
      pending.set(id, { onUpdate, settle: resolve });
    });
    send({ type, id, name, input });
    return { id, result };
  }

  const client: Client<DriftlineContract> = {
    call: (name, input) => request('call', name, input, null).result,
    task: (name, input, onUpdate) => {
      const { id, result } = request('open', name, input, onUpdate);
      return {
        result,
        cancel: () => {
          if (pending.has(id)) send({ type: 'cancel', id });
        },
      };
    },
    on: (name, listener) => {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set.add(listener));
      return () => void set.delete(listener);
    },
  };

  return {
    client,
    receive(message) {
      if (message.type === 'event') {
        for (const listener of [...(listeners.get(message.name) ?? [])]) listener(message.payload as never);
        return;
      }
      const entry = pending.get(message.id);
      if (entry === undefined) return;
      if (message.type === 'update') {
        entry.onUpdate?.(message.update as never);
      } else {
        pending.delete(message.id);
        entry.settle(message.result as AnyResult);
      }
    },
    failAll(error) {
      const entries = [...pending.values()];
      pending.clear();
      for (const entry of entries) entry.settle({ ok: false, error });
    },
  };
}
