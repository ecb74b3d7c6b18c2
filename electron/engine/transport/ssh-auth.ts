import type { AnyAuthMethod, KeyboardInteractiveCallback, Prompt } from 'ssh2';
import { DriftlineError, fail } from '../../../shared/errors.ts';
import { displayPath, type PathText } from '../../../shared/model/path.ts';
import { AgentClient, SingleKeyAgent } from './ssh-agent.ts';
import { loadPrivateKey, publicKeyBeside } from './ssh-key.ts';
import { describeTarget, type LoginQuestion, type SecretQuestion, type SshAuth, type SshTarget } from './ssh-target.ts';

const MAX_PASSWORD_ATTEMPTS = 3;

/** What the server said to the last attempt (RFC 4252 §5.1). */
export interface AuthReply {
  /** Methods that can continue, or null before the first attempt. */
  offered: readonly string[] | null;
  /** The attempt was right, but the server wants another method as well. */
  partial: boolean;
}

export interface AuthContext {
  signal: AbortSignal;
  /** `SshPrompts.secret` with the connection's timer held. */
  secret(question: SecretQuestion): Promise<string | null>;
  /** `SshPrompts.answer` with the connection's timer held, if there is one. */
  answer?(question: LoginQuestion): Promise<string | null>;
  /** Runs something a person may have to act on (a touch, a confirmation) with the connection's timer held. */
  hold<T>(action: () => Promise<T>): Promise<T>;
}

/**
 * The attempts to make, one at a time, in the order of the target's methods. Each `next()` takes the server's reply to
 * the attempt before; when nothing is left the generator returns the error that says what was tried.
 *
 * A method that cannot even be tried (agent absent, key unreadable, passphrase wrong) is noted and the next one is
 * taken; the note becomes the error if nothing else was refused by the server.
 */
export class AuthSequence {
  /** What was sent to the server, in words, for messages. */
  readonly tried: string[] = [];
  readonly #target: SshTarget;
  readonly #context: AuthContext;
  readonly #problems: DriftlineError[] = [];
  #offered: readonly string[] = [];
  #partial = false;

  constructor(target: SshTarget, context: AuthContext) {
    this.#target = target;
    this.#context = context;
  }

  async *attempts(): AsyncGenerator<AnyAuthMethod, DriftlineError, AuthReply> {
    // "none" costs nothing (RFC 4252 §5.2) and tells which methods the server takes.
    this.#take(yield { type: 'none', username: this.#target.user });
    const left = [...this.#target.auth];
    for (let i = 0; i < left.length;) {
      const auth = left[i]!;
      if (!this.#usable(auth)) {
        i++;
        continue;
      }
      left.splice(i, 1);
      if (auth.kind === 'agent') yield* this.#agent(auth.socket, auth.only);
      else if (auth.kind === 'key') yield* this.#key(auth.path);
      else yield* this.#password();
      // A second factor may be a method that was not offered before: look at all that are left again.
      if (this.#partial) i = 0;
    }
    return this.#failure();
  }

  /** The server hung up because of too many failed attempts. */
  tooMany(): DriftlineError {
    return fail('auth', 'too-many-auth-failures', `${this.#server()} ended the connection after too many attempts.`, {
      hint: 'Choose one key file for this host, or keep fewer keys in the key agent.',
      details: { tried: this.tried, offered: [...this.#offered] },
    });
  }

  async *#agent(
    socket: string | undefined,
    only: readonly PathText[] | undefined,
  ): AsyncGenerator<AnyAuthMethod, void, AuthReply> {
    try {
      const agent = new AgentClient(socket, this.#context.signal);
      const all = await agent.identities();
      const wanted = only?.map((path) => publicKeyBeside(path));
      const identities = all.filter(({ key }) => wanted?.some((blob) => blob?.equals(key)) ?? true);
      if (identities.length === 0 && wanted !== undefined) return;
      if (identities.length === 0)
        throw fail('auth', 'agent-unavailable', 'The key agent holds no keys.', {
          hint: 'Add your key with ssh-add, or choose a key file for this host.',
        });
      for (const { key, comment } of identities) {
        const single = new SingleKeyAgent(
          key,
          (data, hash) => this.#context.hold(() => agent.sign(key, data, hash)),
          (error) => this.#note(error),
        );
        this.tried.push(`agent key ${displayPath(comment)}`.trimEnd());
        this.#take(yield { type: 'agent', username: this.#target.user, agent: single });
        if (this.#partial) return;
      }
    } catch (error) {
      this.#note(error);
    }
  }

  async *#key(path: Extract<SshAuth, { kind: 'key' }>['path']): AsyncGenerator<AnyAuthMethod, void, AuthReply> {
    const { host, user } = this.#target;
    try {
      const key = await loadPrivateKey(path, (attempt) =>
        this.#context.secret({ kind: 'passphrase', host, user, keyPath: path, attempt }),
      );
      this.tried.push(`key ${displayPath(path)}`);
      this.#take(yield { type: 'publickey', username: user, key });
    } catch (error) {
      this.#note(error);
    }
  }

  async *#password(): AsyncGenerator<AnyAuthMethod, void, AuthReply> {
    const { host, user } = this.#target;
    for (let attempt = 1; attempt <= MAX_PASSWORD_ATTEMPTS; attempt++) {
      const plain = this.#offered.includes('password');
      if (!plain && !this.#offered.includes('keyboard-interactive')) return;
      const password = await this.#context.secret({ kind: 'password', host, user, attempt });
      if (password === null) {
        if (attempt === 1)
          this.#note(fail('auth', 'no-password', `${this.#server()} wants a password; none was given.`));
        return;
      }
      this.tried.push(plain ? 'password' : 'keyboard-interactive');
      this.#take(
        yield plain
          ? { type: 'password', username: user, password }
          : { type: 'keyboard-interactive', username: user, prompt: this.#answerer(password) },
      );
      if (this.#partial) return;
    }
  }

  /** Answers the one hidden question with the password; anything else the server asks goes to the person. */
  #answerer(password: string) {
    let used = false;
    return (
      _name: string,
      _text: string,
      _lang: string,
      prompts: Prompt[],
      finish: KeyboardInteractiveCallback,
    ): void => {
      if (prompts.length === 0) return finish([]);
      const first = prompts[0]!;
      if (prompts.length === 1 && first.echo !== true && !used) {
        used = true;
        finish([password]);
        return;
      }
      this.#answers(prompts, password, used).then(finish, () => finish([]));
      used = true;
    };
  }

  async #answers(prompts: readonly Prompt[], password: string, used: boolean): Promise<string[]> {
    const { host, user } = this.#target;
    const answers: string[] = [];
    for (const { prompt, echo } of prompts) {
      const shown = displayPath(prompt.trim()).slice(0, 200);
      // A login that asks for several things at once asks for the password by that name.
      if (!used && echo !== true && /^(.*'s )?password:?$/i.test(shown)) {
        answers.push(password);
        continue;
      }
      const answer = await this.#context.answer?.({ host, user, prompt: shown, echo: echo === true });
      if (answer === undefined || answer === null) {
        const message = `${this.#server()} asks a question this program cannot answer: ${shown}`;
        this.#note(fail('auth', 'question-not-supported', message, { hint: 'Use a key for this server.' }));
        return [];
      }
      answers.push(answer);
    }
    return answers;
  }

  #usable(auth: SshAuth): boolean {
    return auth.kind === 'password'
      ? this.#offered.includes('password') || this.#offered.includes('keyboard-interactive')
      : this.#offered.includes('publickey');
  }

  #take(reply: AuthReply): void {
    this.#offered = reply.offered ?? this.#offered;
    this.#partial = reply.partial;
  }

  /** Keeps what made a method impossible; a cancelled connection ends the sequence instead. */
  #note(error: unknown): void {
    if (!(error instanceof DriftlineError) || error.data.kind === 'cancelled') throw error;
    this.#problems.push(error);
  }

  #failure(): DriftlineError {
    const problem = this.#problems[0];
    if (problem !== undefined && this.tried.length === 0) return problem;
    const why = this.#problems.map((item) => item.data.message).join(' ');
    const tried = this.tried.length > 0 ? `Tried: ${this.tried.join(', ')}.` : 'Nothing could be tried.';
    const offered = this.#offered.length > 0 ? `The server offers: ${displayPath(this.#offered.join(', '))}.` : '';
    const message = `${this.#server()} did not accept the login. ${tried} ${offered} ${why}`;
    return fail('auth', problem?.data.code === 'weak-signature' ? 'weak-signature' : 'auth-failed', squeeze(message), {
      hint: 'Check the user name, the key or the password for this host.',
      details: { tried: this.tried, offered: this.#offered.map((name) => displayPath(name)) },
    });
  }

  #server(): string {
    return displayPath(describeTarget(this.#target));
  }
}

function squeeze(text: string): string {
  return text.replace(/ +/g, ' ').trim();
}
