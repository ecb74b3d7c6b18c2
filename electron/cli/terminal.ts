import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { fail } from '../../shared/errors.ts';
import { displayPath } from '../../shared/model/path.ts';

/** The person's terminal, whatever standard input and output are connected to. */
export interface Terminal {
  /** Asks for one line. Null = end of input. */
  ask(question: string): Promise<string | null>;
  /** Asks for one line without showing it. Null = end of input. */
  askSecret(question: string): Promise<string | null>;
  /** Says something; a line end is added. */
  say(text: string): void;
  /** Gives the terminal back as it was. */
  close(): void;
}

const INTERRUPT = 0x03;
const END = 0x04;
const KILL_LINE = 0x15;

/**
 * Opens the controlling terminal.
 * @param onInterrupt Ctrl-C was pressed while input is not shown (otherwise the system sends SIGINT)
 * @returns null where there is none: started by a timer, a service manager or `ssh` without `-t`
 */
export function openTerminal(onInterrupt: () => void): Terminal | null {
  try {
    const [input, output] = process.platform === 'win32' ? ['CONIN$', 'CONOUT$'] : ['/dev/tty', '/dev/tty'];
    const inputFd = openSync(input, 'r');
    try {
      return new SystemTerminal(inputFd, openSync(output, 'r+'), onInterrupt);
    } catch {
      closeSync(inputFd);
    }
  } catch {
    // No terminal: there is nobody to ask.
  }
  return null;
}

class SystemTerminal implements Terminal {
  readonly #input: ReadStream;
  readonly #outputFd: number;
  readonly #onInterrupt: () => void;
  #closed = false;

  constructor(inputFd: number, outputFd: number, onInterrupt: () => void) {
    this.#outputFd = outputFd;
    this.#onInterrupt = onInterrupt;
    this.#input = new ReadStream(inputFd);
    this.#input.pause();
  }

  ask(question: string): Promise<string | null> {
    return this.#line(question, false);
  }

  askSecret(question: string): Promise<string | null> {
    return this.#line(question, true);
  }

  say(text: string): void {
    writeSync(this.#outputFd, `${text}\n`);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#input.destroy();
    closeSync(this.#outputFd);
  }

  #line(question: string, hidden: boolean): Promise<string | null> {
    if (this.#closed) return Promise.resolve(null);
    // Hidden first, so that nothing typed early shows.
    if (hidden) this.#input.setRawMode(true);
    writeSync(this.#outputFd, question);
    return new Promise((resolve) => {
      const typed: number[] = [];
      const finish = (line: string | null): void => {
        this.#input.off('data', onData).off('end', onEnd).off('close', onEnd).pause();
        if (hidden && !this.#closed) {
          this.#input.setRawMode(false);
          writeSync(this.#outputFd, '\n');
        }
        typed.fill(0);
        resolve(line);
      };
      const onEnd = (): void => finish(null);
      const onData = (chunk: Buffer): void => {
        for (const byte of chunk) {
          if (byte === 0x0a || byte === 0x0d) return finish(Buffer.from(typed).toString('utf8'));
          if (!hidden) typed.push(byte);
          else if (byte === INTERRUPT) {
            finish(null);
            this.#onInterrupt();
            return;
          } else if (byte === END && typed.length === 0) return finish(null);
          else if (byte === 0x7f || byte === 0x08) {
            // A character is one lead byte and its continuations.
            while (typed.length > 0 && (typed.pop()! & 0xc0) === 0x80);
          } else if (byte === KILL_LINE) typed.length = 0;
          else typed.push(byte);
        }
      };
      this.#input.on('data', onData).on('end', onEnd).on('close', onEnd).resume();
    });
  }
}

export interface HostKeyFacts {
  host: string;
  port: number;
  algorithm: string;
  fingerprint: string;
}

/**
 * Asks about an unknown server as ssh does. Only `yes` or the fingerprint itself accepts.
 * @returns whether the person accepts the key
 */
export async function askHostKey(terminal: Terminal, key: HostKeyFacts): Promise<boolean> {
  const where = displayPath(key.port === 22 ? key.host : `[${key.host}]:${key.port}`);
  const type = displayPath(key.algorithm.replace(/^ssh-/, '').toUpperCase());
  terminal.say(`The authenticity of host '${where}' can't be established.`);
  terminal.say(`${type} key fingerprint is ${key.fingerprint}.`);
  let question = 'Are you sure you want to continue connecting (yes/no/[fingerprint])? ';
  for (;;) {
    const answer = (await terminal.ask(question))?.trim();
    if (answer === undefined || answer.toLowerCase() === 'no') return false;
    if (answer.toLowerCase() === 'yes' || answer === key.fingerprint) return true;
    question = "Please type 'yes', 'no' or the fingerprint: ";
  }
}

/** Asks for a password or passphrase; null = none was given. */
export async function askSecret(
  terminal: Terminal,
  what: { user: string; host: string } | { keyPath: string },
  attempt: number,
): Promise<string | null> {
  if (attempt > 1) terminal.say('That was not right, please try again.');
  const question =
    'keyPath' in what
      ? `Enter passphrase for key '${displayPath(what.keyPath)}': `
      : `${displayPath(what.user)}@${displayPath(what.host)}'s password: `;
  return terminal.askSecret(question);
}

/**
 * Asks what a server asks in its own words, field by field. The answers are kept nowhere.
 * @returns null as soon as one is not given
 */
export async function askLogin(
  terminal: Terminal,
  question: {
    user: string;
    host: string;
    title: string;
    instructions: string;
    fields: { label: string; echo: boolean }[];
  },
): Promise<string[] | null> {
  for (const text of [question.title, question.instructions]) if (text !== '') terminal.say(displayPath(text));
  const answers: string[] = [];
  for (const { label, echo } of question.fields) {
    const text = displayPath(`(${question.user}@${question.host}) ${label} `);
    const answer = await (echo ? terminal.ask(text) : terminal.askSecret(text));
    if (answer === null) return null;
    answers.push(answer);
  }
  return answers;
}

/** A secret for a command that was told to read it from standard input: its first line. */
export async function readSecretFromInput(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += chunk as string;
    if (text.includes('\n') || text.length > 10_000) break;
  }
  const line = text.split(/\r?\n/, 1)[0]!;
  if (line === '') throw fail('usage', 'no-password', 'Standard input holds no password.');
  return line;
}
