import * as v from 'valibot';
import { fail, toErrorData } from '../../shared/errors.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { contract } from '../../shared/ipc/contract.ts';
import type { DriftlineContract } from '../../shared/ipc/contract.ts';
import type { FromService, Handlers, ToService } from '../../shared/ipc/define.ts';
import type { LinkScreen } from './envelope.ts';
import type { EventHub } from './events.ts';

/** Tasks one screen may have open at a time; an honest one has a preview and a connection test. */
const MAX_TASKS = 16;

type Handler = (input: unknown, update: (value: unknown) => void, signal: AbortSignal) => unknown;

/**
 * Links screens to the handlers: names and inputs are checked against the contract (exact keys), everything thrown
 * becomes an error as data, and events go to every screen. A closed link cancels its tasks; runs are not tasks.
 */
export function createDispatcher(handlers: Handlers<DriftlineContract>, events: EventHub): LinkScreen {
  // The type of `handlers` says that each name has its handler; the table below only forgets their argument types.
  const table = new Map<string, Handler>(Object.entries(handlers) as [string, Handler][]);

  return (sink) => {
    const tasks = new Map<string, AbortController>();
    let open = true;
    const send = (message: FromService): void => {
      if (open) sink(message);
    };
    const stopEvents = events.onAny((name, payload) => send({ type: 'event', name, payload }));

    async function serve(message: Extract<ToService, { id: string; name: string }>): Promise<void> {
      const { id, name, type } = message;
      const reply = (error: ErrorData): void => send({ type: 'reply', id, result: { ok: false, error } });
      const abort = new AbortController();
      try {
        const { handler, input } = parse(table, type, name, message.input);
        if (type === 'open') {
          if (tasks.has(id)) throw fail('usage', 'duplicate-task', 'A task of this id is open already.');
          if (tasks.size >= MAX_TASKS) throw fail('usage', 'too-many-tasks', 'Too many tasks are open.');
          tasks.set(id, abort);
        }
        try {
          const value = await handler(input, (update) => send({ type: 'update', id, update }), abort.signal);
          send({ type: 'reply', id, result: { ok: true, value: value ?? null } });
        } finally {
          if (type === 'open') tasks.delete(id);
        }
      } catch (error) {
        reply(toErrorData(error));
      }
    }

    return {
      receive(message) {
        if (!open) return;
        if (message.type === 'cancel') tasks.get(message.id)?.abort();
        else void serve(message);
      },
      close() {
        open = false;
        stopEvents();
        for (const task of tasks.values()) task.abort();
      },
    };
  };
}

function parse(
  table: ReadonlyMap<string, Handler>,
  type: 'call' | 'open',
  name: string,
  raw: unknown,
): { handler: Handler; input: unknown } {
  const handler = table.get(name);
  const entry = Object.hasOwn(contract, name) ? contract[name as keyof DriftlineContract] : undefined;
  const wanted = type === 'call' ? 'call' : 'task';
  if (entry === undefined || handler === undefined || entry.kind !== wanted) {
    throw fail('usage', 'unknown-request', `There is no ${wanted} of that name.`);
  }
  const parsed = v.safeParse(entry.input, raw);
  if (parsed.success) return { handler, input: parsed.output };
  const issue = parsed.issues[0];
  const where = v.getDotPath(issue);
  throw fail('usage', 'bad-input', `${where === null ? 'The request' : `“${where}”`} is not valid: ${plain(issue)}.`, {
    details: { field: where ?? '' },
  });
}

/** The schema's own words, without the value that was received: it may be a secret or hostile text. */
function plain(issue: v.BaseIssue<unknown>): string {
  return issue.message.startsWith('Invalid ') ? `expected ${issue.expected ?? 'something else'}` : issue.message;
}
