import type { Host } from '../../shared/model/host.ts';
import type { PromptAnswer, PromptQuestion } from '../../shared/model/prompt.ts';
import type { HostService } from './host-service.ts';
import type { Prompts } from './prompts.ts';
import type { Secrets } from './secrets.ts';

export interface AnswererParts {
  hosts: HostService;
  secrets: Secrets;
  prompts: Prompts;
  /** Told when an accepted key could not be saved; the connection goes on. */
  notice: (message: string) => void;
}

/** Answers one worker's questions: from the keychain, from a person, or not at all. */
export interface Answerer {
  answer(question: PromptQuestion): Promise<PromptAnswer>;
  /** The login worked: what the person wanted remembered goes to the keychain. */
  loggedIn(): Promise<void>;
  /** The question nobody was there to answer, if that is what happened. */
  readonly unanswered: PromptQuestion | null;
}

/**
 * @param seen the host record the worker was given
 * @param attended false: there is nobody to ask, so what is not saved is refused at once
 * @param signal closes open questions
 */
export function createAnswerer(parts: AnswererParts, seen: Host, attended: boolean, signal: AbortSignal): Answerer {
  const { hosts, secrets, prompts } = parts;
  let host = seen;
  let triedSaved = false;
  let toRemember: string | null = null;
  let unanswered: PromptQuestion | null = null;

  async function ask(question: PromptQuestion): Promise<PromptAnswer> {
    if (attended) return prompts.ask(question, host.id, signal);
    if (!triedSaved) unanswered = question;
    return { kind: 'refuse' };
  }

  async function hostKey(question: Extract<PromptQuestion, { kind: 'host-key' }>): Promise<PromptAnswer> {
    const answer = await ask(question);
    if (answer.kind === 'accept-host-key') {
      const { algorithm, fingerprint } = question;
      try {
        host = await hosts.acceptKey(host, { algorithm, fingerprint });
      } catch (error) {
        parts.notice(
          `The accepted key of “${host.name}” could not be saved: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
    return answer;
  }

  return {
    get unanswered() {
      return unanswered;
    },
    async answer(question) {
      if (question.kind === 'host-key') return hostKey(question);
      if (!triedSaved) {
        const saved = await secrets.find(host, question.kind);
        if (saved !== null) {
          triedSaved = true;
          return { kind: 'secret', secret: saved, remember: false };
        }
      }
      const answer = await ask(question);
      if (answer.kind === 'secret') toRemember = answer.remember ? answer.secret : null;
      return answer;
    },
    async loggedIn() {
      if (toRemember === null) return;
      const secret = toRemember;
      toRemember = null;
      await secrets.save(host, secret);
    },
  };
}
