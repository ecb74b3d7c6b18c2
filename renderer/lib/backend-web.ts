import { fail } from '../../shared/errors.ts';
import type { FromService, ToService } from '../../shared/ipc/define.ts';
import type { Backend, Connection } from './backend.ts';
import { createClient } from './client.ts';

const RETRY_MS = [500, 1000, 2000, 5000] as const;

/**
 * The browser shell: the same messages over a WebSocket of the page's own origin. The token is in a cookie that the
 * server set when the page was opened, so nothing secret is in reach of a script.
 *
 * A lost connection ends what was open and is tried again for ever; a service that never lets us in is `refused`.
 */
export function createWebBackend(): Backend {
  const url = new URL('ws', location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = '';
  url.hash = '';

  let socket: WebSocket;
  let state: Connection = 'connecting';
  let failures = 0;
  let waiting: ToService[] = [];
  const listeners = new Set<(state: Connection) => void>();

  const lost = () => fail('connect', 'service-lost', 'The connection to the Driftline service was lost.').data;
  const { client, receive, failAll } = createClient((message) => {
    if (state === 'open') socket.send(JSON.stringify(message));
    else if (state === 'connecting') waiting.push(message);
    else {
      // Settled in a later turn: the caller has not seen its promise yet.
      queueMicrotask(() => receive({ type: 'reply', id: message.id, result: { ok: false, error: lost() } }));
    }
  });

  function become(next: Connection) {
    state = next;
    for (const listener of listeners) listener(next);
  }

  function connect() {
    socket = new WebSocket(url);
    socket.onopen = () => {
      failures = 0;
      become('open');
      for (const message of waiting) socket.send(JSON.stringify(message));
      waiting = [];
    };
    socket.onmessage = (event: MessageEvent<string>) => receive(JSON.parse(event.data) as FromService);
    socket.onclose = () => {
      waiting = [];
      failAll(lost());
      become('lost');
      void retry();
    };
  }

  /** A WebSocket does not tell a refused upgrade from a dead server; an ordinary request does. */
  async function retry() {
    const status = await fetch(location.pathname, { method: 'HEAD', cache: 'no-store' }).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 401 || status === 403) return become('refused');
    setTimeout(connect, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]);
  }
  connect();

  return {
    ...client,
    onConnection(listener) {
      listeners.add(listener);
      listener(state);
      return () => void listeners.delete(listener);
    },
    pathForFile: null,
  };
}
