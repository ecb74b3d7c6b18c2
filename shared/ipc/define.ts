import type * as v from 'valibot';
import type { ErrorData, Result } from '../errors.ts';

/**
 * Builders for the contract: the whole API is one value of calls, tasks and events, from which the service's handler
 * interface, the preload, the web client and the test fake are derived (design: Mullvad's ipc-schema, in our words).
 */
type Schema = v.GenericSchema;

/** Request → reply. */
export interface CallDef<I extends Schema, O extends Schema> {
  kind: 'call';
  input: I;
  output: O;
}
/** Request → stream of `update`s → one terminal result; cancellable. */
export interface TaskDef<I extends Schema, U extends Schema, O extends Schema> {
  kind: 'task';
  input: I;
  update: U;
  output: O;
}
/** Push from the service. */
export interface EventDef<P extends Schema> {
  kind: 'event';
  payload: P;
}

export const call = <I extends Schema, O extends Schema>(input: I, output: O): CallDef<I, O> => ({
  kind: 'call',
  input,
  output,
});
export const task = <I extends Schema, U extends Schema, O extends Schema>(
  input: I,
  update: U,
  output: O,
): TaskDef<I, U, O> => ({
  kind: 'task',
  input,
  update,
  output,
});
export const event = <P extends Schema>(payload: P): EventDef<P> => ({ kind: 'event', payload });

type AnyDef = CallDef<Schema, Schema> | TaskDef<Schema, Schema, Schema> | EventDef<Schema>;
export type Contract = Record<string, AnyDef>;

export type CallNames<C> = { [K in keyof C]: C[K] extends { kind: 'call' } ? K : never }[keyof C] & string;
export type TaskNames<C> = { [K in keyof C]: C[K] extends { kind: 'task' } ? K : never }[keyof C] & string;
export type EventNames<C> = { [K in keyof C]: C[K] extends { kind: 'event' } ? K : never }[keyof C] & string;

export type InputOf<C, K extends keyof C> = C[K] extends { input: infer I extends Schema } ? v.InferOutput<I> : never;
export type OutputOf<C, K extends keyof C> = C[K] extends { output: infer O extends Schema } ? v.InferOutput<O> : never;
export type UpdateOf<C, K extends keyof C> = C[K] extends { update: infer U extends Schema } ? v.InferOutput<U> : never;
export type PayloadOf<C, K extends keyof C> = C[K] extends { payload: infer P extends Schema }
  ? v.InferOutput<P>
  : never;

/** What the service implements. Handlers throw DriftlineError or return; the dispatcher turns both into Result. */
export type Handlers<C> = {
  [K in CallNames<C>]: (input: InputOf<C, K>) => Promise<OutputOf<C, K>> | OutputOf<C, K>;
} & {
  [K in TaskNames<C>]: (
    input: InputOf<C, K>,
    update: (u: UpdateOf<C, K>) => void,
    signal: AbortSignal,
  ) => Promise<OutputOf<C, K>>;
};

/** What the renderer sees: errors cross as data. */
export interface Client<C> {
  call<K extends CallNames<C>>(name: K, input: InputOf<C, K>): Promise<Result<OutputOf<C, K>>>;
  /** The caller makes the task's id inside, subscribes, then opens, so no first update is lost. */
  task<K extends TaskNames<C>>(
    name: K,
    input: InputOf<C, K>,
    onUpdate: (u: UpdateOf<C, K>) => void,
  ): { result: Promise<Result<OutputOf<C, K>>>; cancel(): void };
  on<K extends EventNames<C>>(name: K, listener: (payload: PayloadOf<C, K>) => void): () => void;
}

/** Wire messages between a renderer and a shell (Electron IPC and WebSocket carry the same). */
export type ToService =
  | { type: 'call'; id: string; name: string; input: unknown }
  | { type: 'open'; id: string; name: string; input: unknown }
  | { type: 'cancel'; id: string };
export type FromService =
  | { type: 'reply'; id: string; result: { ok: true; value: unknown } | { ok: false; error: ErrorData } }
  | { type: 'update'; id: string; update: unknown }
  | { type: 'event'; name: string; payload: unknown };
