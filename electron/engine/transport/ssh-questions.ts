import type { KeyboardInteractiveCallback, Prompt } from 'ssh2';
import { displayPath } from '../../../shared/model/path.ts';
import type { LoginField, LoginQuestion } from './ssh-target.ts';

/** More fields or text than this is no question for a person. */
const MAX_FIELDS = 20;
const MAX_LABEL = 200;
const MAX_TEXT = 1000;

/** What a hidden question calls the things that are not the password. */
const CODE =
  /\b(?:code|otp|totp|token|pin|one[- ]?time|verification|authenticator|passcode|factor|challenge|response)\b/i;
const PASSWORD = /password/i;

export interface RoundsContext {
  /** The account's password; null = none. Absent where it must not be used: the person then answers everything. */
  password?(): Promise<string | null>;
  /** What the person answers, field by field; null = nothing. */
  answers(question: Pick<LoginQuestion, 'title' | 'instructions' | 'fields'>): Promise<string[] | null>;
  /** Nobody answered: `asked` is the question in the server's words, '' for the password. */
  gaveUp(asked: string): void;
  /** Anything thrown by the calls above. */
  failed(error: unknown): void;
}

/**
 * One keyboard-interactive attempt (RFC 4256): rounds of questions in the server's own words. The account's password
 * answers, once, the field that is called so, or a hidden field that stands alone in the first round and asks for no code;
 * everything else goes to the person.
 *
 * @returns ssh2's callback
 */
export function loginRounds(context: RoundsContext) {
  let passwordUsed = context.password === undefined;
  let first = true;

  async function round(name: string, text: string, prompts: readonly Prompt[]): Promise<string[] | null> {
    if (prompts.length > MAX_FIELDS) return null;
    const fields = prompts.map(({ prompt, echo }): LoginField => ({
      label: shown(prompt, MAX_LABEL),
      echo: echo === true,
    }));
    const answers: (string | null)[] = fields.map(() => null);
    const at = passwordUsed ? -1 : passwordField(fields, first);
    first = false;
    if (at >= 0) {
      passwordUsed = true;
      answers[at] = await context.password!();
      if (answers[at] === null) {
        context.gaveUp('');
        return null;
      }
    }
    const open = fields.filter((_, index) => answers[index] === null);
    if (open.length > 0) {
      const given = await context.answers({
        title: shown(name, MAX_LABEL),
        instructions: shown(text, MAX_TEXT),
        fields: open,
      });
      if (given?.length !== open.length) {
        context.gaveUp(open.map(({ label }) => label).join(', '));
        return null;
      }
      for (const [index, answer] of answers.entries()) if (answer === null) answers[index] = given.shift()!;
    }
    return answers as string[];
  }

  return (name: string, text: string, _lang: string, prompts: Prompt[], finish: KeyboardInteractiveCallback): void => {
    if (prompts.length === 0) return finish([]);
    round(name, text, prompts).then(
      // A server hangs up on too few answers, so even none has the right number.
      (answers) => finish(answers ?? prompts.map(() => '')),
      (error: unknown) => context.failed(error),
    );
  };
}

function passwordField(fields: readonly LoginField[], first: boolean): number {
  const named = fields.findIndex(({ label, echo }) => !echo && PASSWORD.test(label) && !CODE.test(label));
  if (named >= 0) return named;
  const [only] = fields;
  return first && fields.length === 1 && !only!.echo && !CODE.test(only!.label) ? 0 : -1;
}

/** Text of a server as one line. */
function shown(text: string, limit: number): string {
  return displayPath(text.trim().replace(/\s+/g, ' ')).slice(0, limit);
}
