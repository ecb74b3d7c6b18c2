import type { RawData, WebSocket } from 'ws';
import { MAX_EXPORT_LENGTH } from '../../shared/model/import.ts';
import type { LinkScreen } from '../service/envelope.ts';
import { parseToService } from '../service/envelope.ts';
import { Outbox } from './outbox.ts';

/** Largest message a page may send; the largest honest one brings an export to import. */
export const MAX_MESSAGE_BYTES = 4 * MAX_EXPORT_LENGTH;

/** RFC 6455 §7.4.1. */
const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;

/** Carries one page's messages to and from the service until the socket closes. */
export function serveSocket(socket: WebSocket, link: LinkScreen): void {
  const outbox = new Outbox({
    send: (text, done) => socket.send(text, () => done()),
    overflow: () => socket.close(TRY_AGAIN_LATER, 'too slow'),
  });
  const screen = link((message) => outbox.post(message));
  socket.on('message', (data, isBinary) => {
    if (socket.readyState !== socket.OPEN) return;
    const message = isBinary ? null : parseToService(parseJson(data));
    if (message === null) socket.close(POLICY_VIOLATION, 'not a message');
    else screen.receive(message);
  });
  socket.on('close', () => {
    outbox.close();
    screen.close();
  });
  // Too large a message or broken framing: ws closes the socket itself, and 'close' follows.
  socket.on('error', () => undefined);
}

function parseJson(data: RawData): unknown {
  try {
    return JSON.parse(data.toString());
  } catch {
    return undefined;
  }
}
