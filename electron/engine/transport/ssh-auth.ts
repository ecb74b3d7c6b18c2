import type { AnyAuthMethod } from 'ssh2';
import { DriftlineError, fail } from '../../../shared/errors.ts';
import { displayPath, type PathText } from '../../../shared/model/path.ts';
import { AgentClient, SingleKeyAgent } from './ssh-agent.ts';
import { loadPrivateKey, publicKeyBeside } from './ssh-key.ts';
import { loginFailure } from './ssh-login-failure.ts';
import { loginRounds } from './ssh-questions.ts';
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
  /** `SshPrompts.answers` with the connection's timer held, if there is one. */
  answers?(question: LoginQuestion): Promise<string[] | null>;
  /** Ends the connection, in the middle of an attempt. */
  stop(error: unknown): void;
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
  /** What was right, but not enough. */
  readonly #partials: string[] = [];
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
      else yield* this.#password(true);
      // A second factor may be a method that was not offered before: look at all that are left again.
      if (this.#partial) i = 0;
    }
    // The server knows us already and wants something more: the person is asked, whatever the host's own method is.
    if (this.#partials.length > 0 && this.#takesPasswords()) yield* this.#password(false);
    return this.#failure();
  }

  /** What the server accepted, in words; for after the login. */
  get accepted(): string[] {
    const last = this.tried.at(-1);
    return last === undefined ? [] : [...this.#partials, last];
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

  /** @param own whether it is the host's method: then its password may answer the server's questions */
  async *#password(own: boolean): AsyncGenerator<AnyAuthMethod, void, AuthReply> {
    const { host, user } = this.#target;
    for (let attempt = 1; attempt <= MAX_PASSWORD_ATTEMPTS && this.#takesPasswords(); attempt++) {
      const ask = (): Promise<string | null> => this.#context.secret({ kind: 'password', host, user, attempt });
      if (this.#offered.includes('password')) {
        const password = await ask();
        if (password === null) {
          if (attempt === 1) this.#note(this.#noAnswer(''));
          return;
        }
        this.tried.push('password');
        this.#take(yield { type: 'password', username: user, password });
      } else {
        this.tried.push('keyboard-interactive');
        const prompt = loginRounds({
          ...(own && { password: ask }),
          answers: (question) => this.#context.answers?.({ host, user, ...question }) ?? Promise.resolve(null),
          gaveUp: (asked) => {
            if (attempt === 1) {
              this.tried.pop();
              this.#note(this.#noAnswer(asked));
            }
            this.#context.stop(this.#failure());
          },
          failed: (error) => this.#context.stop(error),
        });
        this.#take(yield { type: 'keyboard-interactive', username: user, prompt });
      }
      if (this.#partial) return;
    }
  }

  #noAnswer(asked: string): DriftlineError {
    if (asked === '') return fail('auth', 'no-password', `${this.#server()} wants a password; none was given.`);
    return fail('auth', 'no-answer', `${this.#server()} asks a question that was not answered: ${asked}`, {
      hint: 'Try again and answer it. Runs without anybody present need a login without questions, such as a key.',
    });
  }

  #takesPasswords(): boolean {
    return this.#offered.includes('password') || this.#offered.includes('keyboard-interactive');
  }

  #usable(auth: SshAuth): boolean {
    return auth.kind === 'password' ? this.#takesPasswords() : this.#offered.includes('publickey');
  }

  #take(reply: AuthReply): void {
    this.#offered = reply.offered ?? this.#offered;
    this.#partial = reply.partial;
    if (reply.partial) this.#partials.push(this.tried.at(-1) ?? 'nothing');
  }

  /** Keeps what made a method impossible; a cancelled connection ends the sequence instead. */
  #note(error: unknown): void {
    if (!(error instanceof DriftlineError) || error.data.kind === 'cancelled') throw error;
    this.#problems.push(error);
  }

  #failure(): DriftlineError {
    return loginFailure({
      server: this.#server(),
      user: this.#target.user,
      refused: this.tried.filter((item) => !this.#partials.includes(item)),
      accepted: this.#partials,
      offered: this.#offered,
      problems: this.#problems,
      usable: this.#target.auth.some((auth) => this.#usable(auth)),
    });
  }

  #server(): string {
    return displayPath(describeTarget(this.#target));
  }
}
