import type { FromService } from '../../shared/ipc/define.ts';

/** What a connection can do for an outbox. */
export interface OutboxSocket {
  /** `done` is called when the text has left our memory, or the connection failed. */
  send(text: string, done: () => void): void;
  /** The client is too slow to be helped: it has to connect again. */
  overflow(): void;
}

export interface OutboxLimits {
  /** Characters handed to the socket and not yet gone, above which messages wait here. */
  inFlight: number;
  /** Characters waiting here, above which the connection is given up. */
  waiting: number;
}

const LIMITS: OutboxLimits = { inFlight: 1024 * 1024, waiting: 32 * 1024 * 1024 };

/**
 * Messages to one slow or fast client. While the client is behind, a newer state replaces the older one of the same
 * thing (progress of a run or a task, a list); replies, questions and ends are kept, in order.
 */
export class Outbox {
  readonly #socket: OutboxSocket;
  readonly #limits: OutboxLimits;
  /** In the order in which they go out. */
  readonly #waiting = new Map<string, string>();
  #waitingSize = 0;
  #inFlight = 0;
  #serial = 0;
  #closed = false;

  constructor(socket: OutboxSocket, limits: OutboxLimits = LIMITS) {
    this.#socket = socket;
    this.#limits = limits;
  }

  post(message: FromService): void {
    if (this.#closed) return;
    const text = JSON.stringify(message);
    if (this.#waiting.size === 0 && this.#inFlight < this.#limits.inFlight) return this.#send(text);
    // The end of a task or a run makes its waiting progress pointless.
    const key = stateKey(message);
    if (key !== null) this.#drop(key);
    this.#waiting.set(key !== null && !isEnd(message) ? key : `#${this.#serial++}`, text);
    this.#waitingSize += text.length;
    if (this.#waitingSize <= this.#limits.waiting) return;
    this.close();
    this.#socket.overflow();
  }

  close(): void {
    this.#closed = true;
    this.#waiting.clear();
    this.#waitingSize = 0;
  }

  #send(text: string): void {
    this.#inFlight += text.length;
    this.#socket.send(text, () => {
      this.#inFlight -= text.length;
      this.#pump();
    });
  }

  #pump(): void {
    for (const [key, text] of this.#waiting) {
      if (this.#inFlight >= this.#limits.inFlight) return;
      this.#drop(key);
      this.#send(text);
    }
  }

  #drop(key: string): void {
    this.#waitingSize -= this.#waiting.get(key)?.length ?? 0;
    this.#waiting.delete(key);
  }
}

/** Events that carry a whole state each time. */
const WHOLE_STATES: ReadonlySet<string> = new Set(['event.hosts', 'event.profiles', 'event.settings']);

/** What a message tells the state of; null when it is not the state of anything. */
function stateKey(message: FromService): string | null {
  if (message.type !== 'event') return `task ${message.id}`;
  if (WHOLE_STATES.has(message.name)) return message.name;
  if (message.name === 'event.run') return `run ${runOf(message.payload)?.runId ?? ''}`;
  return null;
}

function isEnd(message: FromService): boolean {
  if (message.type === 'reply') return true;
  return message.type === 'event' && message.name === 'event.run' && runOf(message.payload)?.result !== null;
}

/** The service proved the payload before it was posted; only these two fields matter here. */
function runOf(payload: unknown): { runId: string; result: unknown } | null {
  return payload as { runId: string; result: unknown } | null;
}
