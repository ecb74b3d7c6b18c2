import * as v from 'valibot';
import type { FromService, ToService } from '../../shared/ipc/define.ts';

const RequestId = v.pipe(v.string(), v.regex(/^[0-9A-Za-z-]{1,64}$/));
const RequestName = v.pipe(v.string(), v.maxLength(64));

const Envelope = v.variant('type', [
  v.strictObject({ type: v.literal('call'), id: RequestId, name: RequestName, input: v.unknown() }),
  v.strictObject({ type: v.literal('open'), id: RequestId, name: RequestName, input: v.unknown() }),
  v.strictObject({ type: v.literal('cancel'), id: RequestId }),
]);

/**
 * Checks the frame of a message from a screen; its input is checked against the contract by the dispatcher.
 *
 * @returns the message, or null when it is not one: the sender is then no screen of ours
 */
export function parseToService(value: unknown): ToService | null {
  const parsed = v.safeParse(Envelope, value);
  return parsed.success ? parsed.output : null;
}

/** One screen's link to the service. */
export interface ScreenLink {
  receive(message: ToService): void;
  /** The screen is gone: its tasks (previews, connection tests) are cancelled, runs go on. */
  close(): void;
}

/** Links a screen; `sink` gets replies, updates and events until the link is closed. */
export type LinkScreen = (sink: (message: FromService) => void) => ScreenLink;
