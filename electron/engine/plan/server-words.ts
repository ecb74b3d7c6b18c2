import { bytesToText, displayPath } from '../../../shared/model/path.ts';
import type { TransferHooks } from '../index.ts';

/**
 * Tells what the server says has failed as issues of the run: why it did not take or give an item is in its words alone.
 * The program `driftline rsync` prints them as they come, as rsync does, and does without this.
 */
export function withServerWords(hooks: TransferHooks): TransferHooks {
  return {
    ...hooks,
    onEvent: (event) => {
      if (event.type !== 'message' || event.failure !== true) return hooks.onEvent(event);
      const words = displayPath(bytesToText(event.text.trimEnd()));
      // A local copy has its server in this process.
      const own = words.startsWith('driftline: ');
      const message = own ? words.slice('driftline: '.length) : `The server says: ${words}`;
      hooks.onEvent({ type: 'issue', issue: { code: 'server-failure', name: '', message, ioError: 0 } });
    },
  };
}
