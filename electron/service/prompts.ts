import { randomUUID } from 'node:crypto';
import { fail } from '../../shared/errors.ts';
import type { Prompt, PromptAnswer, PromptQuestion } from '../../shared/model/prompt.ts';
import type { EventHub } from './events.ts';

/** Open questions of running work. Whoever answers first, answers. */
export interface Prompts {
  list(): Prompt[];
  /**
   * Asks every screen and waits. An aborted signal closes the question and counts as refused.
   * @param onTheWayTo name of the host that is reached through the one asked about
   */
  ask(
    question: PromptQuestion,
    hostId: string | null,
    signal: AbortSignal,
    onTheWayTo?: string | null,
  ): Promise<PromptAnswer>;
  /** @throws DriftlineError `usage`/`unknown-prompt`, `usage`/`wrong-answer` */
  answer(promptId: string, answer: PromptAnswer): void;
}

const ANSWERS = {
  'host-key': 'accept-host-key',
  password: 'secret',
  passphrase: 'secret',
  login: 'answers',
} as const satisfies Record<PromptQuestion['kind'], PromptAnswer['kind']>;

export function createPrompts(events: EventHub): Prompts {
  const open = new Map<string, { prompt: Prompt; settle: (answer: PromptAnswer) => void }>();

  return {
    list: () => [...open.values()].map((each) => each.prompt),

    ask(question, hostId, signal, onTheWayTo = null) {
      if (signal.aborted) return Promise.resolve({ kind: 'refuse' });
      const prompt: Prompt = { promptId: randomUUID(), hostId, onTheWayTo, question };
      return new Promise((resolve) => {
        const close = (): void => settle({ kind: 'refuse' });
        const settle = (answer: PromptAnswer): void => {
          open.delete(prompt.promptId);
          signal.removeEventListener('abort', close);
          events.emit('event.promptClosed', { promptId: prompt.promptId });
          resolve(answer);
        };
        open.set(prompt.promptId, { prompt, settle });
        signal.addEventListener('abort', close);
        events.emit('event.prompt', prompt);
      });
    },

    answer(promptId, answer) {
      const found = open.get(promptId);
      if (found === undefined) {
        throw fail('usage', 'unknown-prompt', 'This question was answered already, or is no longer asked.');
      }
      const { question } = found.prompt;
      const wanted = ANSWERS[question.kind];
      const fits =
        question.kind !== 'login' || answer.kind !== 'answers' || answer.answers.length === question.fields.length;
      if (answer.kind !== 'refuse' && (answer.kind !== wanted || !fits)) {
        throw fail('usage', 'wrong-answer', `The question needs the answer "${wanted}" or "refuse".`);
      }
      found.settle(answer);
    },
  };
}
