import type { Host } from '../../shared/model/host.ts';
import type { PromptAnswer, PromptQuestion } from '../../shared/model/prompt.ts';
import type { HostService } from './host-service.ts';
import type { Prompts } from './prompts.ts';
import { secretKind, type Secrets } from './secrets.ts';

export interface AnswererParts {
  hosts: HostService;
  secrets: Secrets;
  prompts: Prompts;
  /** Told when an accepted key could not be saved; the connection goes on. */
  notice: (message: string) => void;
}

/** Answers one worker's questions: from the keychain, from a person, or not at all. */
export interface Answerer {
  /** @param hostId the saved host it is about: the one the worker was given, or one on the way to it */
  answer(question: PromptQuestion, hostId: string): Promise<PromptAnswer>;
  /** The login worked: what the person wanted remembered goes to the keychain. */
  loggedIn(): Promise<void>;
  /** The question nobody was there to answer, if that is what happened. */
  readonly unanswered: PromptQuestion | null;
}

/** What was said about one of the hosts. */
interface About {
  host: Host;
  triedSaved: boolean;
  toRemember: string | null;
}

/**
 * @param seen the host record the worker was given
 * @param attended false: there is nobody to ask, so what is not saved is refused at once
 * @param signal closes open questions
 */
export function createAnswerer(parts: AnswererParts, seen: Host, attended: boolean, signal: AbortSignal): Answerer {
  const { hosts, secrets, prompts } = parts;
  const known = new Map<string, About>();
  let unanswered: PromptQuestion | null = null;

  function about(hostId: string): About {
    let found = known.get(hostId);
    if (found === undefined) {
      found = { host: hostId === seen.id ? seen : hosts.get(hostId), triedSaved: false, toRemember: null };
      known.set(hostId, found);
    }
    return found;
  }

  async function ask(question: PromptQuestion, { host, triedSaved }: About): Promise<PromptAnswer> {
    if (attended) return prompts.ask(question, host.id, signal, host.id === seen.id ? null : seen.name);
    if (!triedSaved) unanswered = question;
    return { kind: 'refuse' };
  }

  async function hostKey(question: Extract<PromptQuestion, { kind: 'host-key' }>, which: About): Promise<PromptAnswer> {
    const answer = await ask(question, which);
    if (answer.kind === 'accept-host-key') {
      const { algorithm, fingerprint } = question;
      try {
        which.host = await hosts.acceptKey(which.host, { algorithm, fingerprint });
      } catch (error) {
        parts.notice(
          `The accepted key of “${which.host.name}” could not be saved: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    }
    return answer;
  }

  return {
    get unanswered() {
      return unanswered;
    },
    async answer(question, hostId) {
      const which = about(hostId);
      if (question.kind === 'host-key') return hostKey(question, which);
      if (question.kind === 'login') return ask(question, which);
      if (!which.triedSaved) {
        const saved = await secrets.find(which.host, question.kind);
        if (saved !== null) {
          which.triedSaved = true;
          return { kind: 'secret', secret: saved, remember: false };
        }
      }
      const answer = await ask(question, which);
      // A second factor is none of the host's own secret: it would take its place.
      if (answer.kind === 'secret' && question.kind === secretKind(which.host))
        which.toRemember = answer.remember ? answer.secret : null;
      return answer;
    },
    async loggedIn() {
      for (const which of known.values()) {
        if (which.toRemember === null) continue;
        const secret = which.toRemember;
        which.toRemember = null;
        await secrets.save(which.host, secret);
      }
    },
  };
}
