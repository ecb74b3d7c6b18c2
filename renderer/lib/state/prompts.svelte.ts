import type { Result } from '../../../shared/errors.ts';
import type { Prompt, PromptAnswer } from '../../../shared/model/prompt.ts';
import type { Backend } from '../backend.ts';

/** Questions of running work, oldest first; the window asks one at a time. */
export class Prompts {
  #queue = $state.raw<readonly Prompt[]>([]);
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
    backend.on('event.prompt', (prompt) => this.#add(prompt));
    backend.on('event.promptClosed', ({ promptId }) => this.#drop(promptId));
  }

  get current(): Prompt | null {
    return this.#queue[0] ?? null;
  }

  async load(): Promise<void> {
    const reply = await this.#backend.call('prompts.list', null);
    if (reply.ok) this.#queue = reply.value;
  }

  async answer(promptId: string, answer: PromptAnswer): Promise<Result<null>> {
    this.#drop(promptId);
    return this.#backend.call('prompts.answer', { promptId, answer });
  }

  #add(prompt: Prompt): void {
    if (!this.#queue.some((p) => p.promptId === prompt.promptId)) this.#queue = [...this.#queue, prompt];
  }

  #drop(promptId: string): void {
    this.#queue = this.#queue.filter((prompt) => prompt.promptId !== promptId);
  }
}
