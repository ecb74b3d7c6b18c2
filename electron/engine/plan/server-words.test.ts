import { expect, it } from 'vitest';
import type { EngineEvent, MessageEvent } from '../events.ts';
import { withServerWords } from './server-words.ts';

it('what the server says has failed is an issue; the rest of its words is left as it is', () => {
  const events: EngineEvent[] = [];
  const { onEvent } = withServerWords({ signal: new AbortController().signal, onEvent: (event) => events.push(event) });
  const said = (text: string, failure?: true): MessageEvent => {
    const event: MessageEvent = { type: 'message', level: 'error', from: 'remote', text, ...(failure && { failure }) };
    onEvent(event);
    return event;
  };
  said('rsync: [receiver] mkstemp "/d/\x1b[2Jf" failed: Operation not permitted (1)\n', true);
  said('driftline: Cannot read \xe2\x80\x9cs/f\xe2\x80\x9d: it is gone.\n', true);
  const shell = said('setlocale: cannot change locale\n');
  const issue = (message: string) => ({
    type: 'issue',
    issue: { code: 'server-failure', name: '', message, ioError: 0 },
  });
  expect(events).toEqual([
    issue('The server says: rsync: [receiver] mkstemp "/d/\\x1b[2Jf" failed: Operation not permitted (1)'),
    issue('Cannot read “s/f”: it is gone.'),
    shell,
  ]);
});
