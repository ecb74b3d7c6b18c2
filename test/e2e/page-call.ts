import type { Page } from 'playwright-core';
import type { FromService, ToService } from '../../shared/ipc/define.ts';

interface Bridge {
  send(message: ToService): void;
  onMessage(listener: (message: FromService) => void): () => void;
}

/** One call of the contract, made by the page of the Electron shell. */
export function call(page: Page, name: string, input: unknown): Promise<{ id: string }> {
  return page.evaluate(
    ([callName, callInput]) =>
      new Promise<{ id: string }>((resolve, reject) => {
        const bridge = (window as unknown as { driftline: Bridge }).driftline;
        const id = crypto.randomUUID();
        const stop = bridge.onMessage((message) => {
          if (message.type !== 'reply' || message.id !== id) return;
          stop();
          if (message.result.ok) resolve(message.result.value as { id: string });
          else reject(new Error(message.result.error.message));
        });
        bridge.send({ type: 'call', id, name: callName, input: callInput });
      }),
    [name, input] as const,
  );
}
