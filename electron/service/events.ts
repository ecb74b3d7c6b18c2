import type { DriftlineContract } from '../../shared/ipc/contract.ts';
import type { EventNames, PayloadOf } from '../../shared/ipc/define.ts';

export type EventName = EventNames<DriftlineContract>;
type Listener = (name: EventName, payload: unknown) => void;

/** One place from which every event of the contract goes out. A listener that throws harms nobody else. */
export interface EventHub {
  emit<K extends EventName>(name: K, payload: PayloadOf<DriftlineContract, K>): void;
  on<K extends EventName>(name: K, listener: (payload: PayloadOf<DriftlineContract, K>) => void): () => void;
  /** Every event, for a connection that forwards them. */
  onAny(listener: Listener): () => void;
}

export function createEventHub(): EventHub {
  const listeners = new Set<Listener>();
  const add = (listener: Listener): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return {
    emit(name, payload) {
      for (const listener of [...listeners]) {
        try {
          listener(name, payload);
        } catch (error) {
          queueMicrotask(() => process.emitWarning(error instanceof Error ? error : String(error)));
        }
      }
    },
    on(name, listener) {
      return add((each, payload) => {
        if (each === name) listener(payload as PayloadOf<DriftlineContract, typeof name>);
      });
    },
    onAny: add,
  };
}
