import type { Handlers, ReplyMessage, RequestMessage } from './messages.ts';

const reply = (message: ReplyMessage): void => void process.send?.(message);

/** Answers a test's requests over the child's IPC channel, which by itself does not keep the application alive. */
export function answerTests(handlers: Handlers): void {
  if (process.send === undefined) return;
  process.on('message', async (message: RequestMessage) => {
    const handler = handlers[message.name] as (...args: unknown[]) => unknown;
    try {
      reply({ id: message.id, value: await handler(...message.args) });
    } catch (error) {
      reply({ id: message.id, error: error instanceof Error ? error.message : String(error) });
    }
  });
  process.channel?.unref();
  // A test that died must not leave its application behind.
  process.on('disconnect', () => process.exit(1));
  reply({ ready: true });
}
