import type { Duplex } from 'node:stream';
import { type DriftlineError, fail } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import { HoldTimer } from '../hold-timer.ts';
import { secludeArgs, separatorOf } from './server-args.ts';
import { AUTH_DIGESTS, authResponse, chooseAuthDigest } from './daemon-auth.ts';
import { dialectOf } from '../wire/dialect.ts';
import { LineReader } from '../wire/line-reader.ts';

/** Longest line a daemon may send, in bytes (reference §8.2). */
const MAX_LINE = 5120;
/** Everything a daemon may say before it opens a module: message of the day, list of modules. */
const MAX_TEXT = 1 << 20;
/** For the greeting: nothing has to be done for it. */
const GREETING_MS = 60_000;
/** For everything behind it: the daemon's owner may have programs run before a module opens. */
const TEXT_MS = 600_000;

export interface DaemonRequest {
  /** Module name; '' asks for the list of modules. */
  module: ByteString;
  /** Who to log in as, where the module asks. */
  user: ByteString;
  /** Highest protocol version to offer. */
  protocol: number;
  /** Data for the daemon's `early exec`, at most 5120 bytes, or null. */
  earlyInput: Buffer | null;
  /** Whether a password may be proved by md4 where the daemon knows nothing better. */
  allowMd4: boolean;
}

export interface DaemonHooks {
  /** A line of the message of the day or of the list of modules, as it came. */
  onText(line: ByteString): void;
  /** Asked for when the module wants a password; the deadline stands still meanwhile. */
  password(): Promise<ByteString>;
  signal?: AbortSignal;
  /** I/O timeout in milliseconds; 0 = none of the user's. */
  timeoutMs: number;
}

/** What a daemon said to the request. */
export type DaemonAnswer =
  /** The module is open: the argument block comes next. */
  | { kind: 'open'; protocol: number }
  /** The daemon has said everything: the end of a list. */
  | { kind: 'done' };

interface Greeting {
  protocol: number;
  digests: string[] | null;
}

/**
 * Speaks the text part of a daemon connection (reference §8.2): greeting, module, login. Afterwards the stream stands
 * at the first byte behind the answer.
 * @throws `remote` (exit 5: daemon-greeting, daemon-refused, closed-early), `auth` (daemon-auth-failed exit 5,
 *   weak-digest exit 4), `connect`/`timeout` (exit 30), `protocol`/`bad-line`, `cancelled`, what `password` throws
 */
export async function greetDaemon(stream: Duplex, request: DaemonRequest, hooks: DaemonHooks): Promise<DaemonAnswer> {
  if (/[\r\n\0]/.test(request.module + request.user))
    throw fail('usage', 'bad-module', 'The module or user name has characters that are not allowed.');
  const deadline = new Deadline(hooks);
  const lines = new LineReader(stream, MAX_LINE, MAX_TEXT);
  try {
    return await deadline.race(converse(stream, lines, request, hooks, deadline));
  } finally {
    deadline.stop();
    lines.release();
  }
}

async function converse(
  stream: Duplex,
  lines: LineReader,
  request: DaemonRequest,
  hooks: DaemonHooks,
  deadline: Deadline,
): Promise<DaemonAnswer> {
  // Both sides greet without waiting.
  const offer = [...AUTH_DIGESTS, ...(request.allowMd4 ? ['md4'] : [])];
  send(stream, `@RSYNCD: ${request.protocol}.0 ${offer.join(' ')}\n`);
  deadline.start(GREETING_MS);
  const { protocol, digests } = parseGreeting(await lines.line(), request.protocol);
  if (request.earlyInput !== null) {
    send(stream, `#early_input=${request.earlyInput.length}\n`);
    stream.write(request.earlyInput);
  }
  send(stream, `${request.module}\n`);
  deadline.start(TEXT_MS);
  for (let asked = false; ;) {
    const line = await lines.line();
    if (line === null)
      throw fail('remote', 'closed-early', 'The daemon ended the connection instead of opening the module', {
        exitCode: 5,
        retryable: true,
      });
    if (line.startsWith('@RSYNCD: AUTHREQD ')) {
      if (asked) throw fail('protocol', 'bad-line', 'The daemon asked for a password twice', { exitCode: 5 });
      asked = true;
      // Chosen first: where only a weak one is left, nobody is asked for a password.
      const digest = chooseAuthDigest(digests, protocol, request.allowMd4);
      const password = await deadline.hold(() => hooks.password());
      send(stream, `${request.user} ${await authResponse(digest, password, line.slice(18))}\n`);
    } else if (line === '@RSYNCD: OK') return { kind: 'open', protocol };
    else if (line === '@RSYNCD: EXIT') return { kind: 'done' };
    else if (line.startsWith('@ERROR')) throw refused(line, asked);
    else hooks.onText(line);
  }
}

function send(stream: Duplex, text: ByteString): void {
  stream.write(Buffer.from(text, 'latin1'));
}

/** `@RSYNCD: MAJOR[.SUB][ digests]`. Versions from 30 must name a subprotocol, from 32 the digests (reference §8.2). */
function parseGreeting(line: ByteString | null, ours: number): Greeting {
  if (line === null || line === '') throw badGreeting('did not see server greeting');
  const match = /^@RSYNCD: (\d{1,3})(?:\.(\d{1,5}))?(?: (.*))?$/.exec(line);
  if (match === null) throw badGreeting(`server sent "${shown(line)}" rather than greeting`);
  const major = Number(match[1]);
  const { daemonArguments: staged, daemonDigests } = dialectOf(major);
  if (staged && match[2] === undefined) throw badGreeting(`the server omitted the subprotocol value: ${shown(line)}`);
  if (daemonDigests && match[3] === undefined)
    throw badGreeting(`the server omitted the digest name list: ${shown(line)}`);
  // A version in development differs from the finished one of its number.
  const finished = major <= ours && Number(match[2] ?? 0) !== 0 ? major - 1 : major;
  const digests = match[3] === undefined ? null : match[3].split(' ').filter((name) => name !== '');
  return { protocol: Math.min(ours, finished), digests };
}

function badGreeting(message: string): DriftlineError {
  return fail('remote', 'daemon-greeting', message, {
    exitCode: 5,
    hint: 'Check that this address and port are an rsync daemon.',
  });
}

function refused(line: ByteString, asked: boolean): DriftlineError {
  const failedLogin = asked && line.includes('auth failed');
  return fail(failedLogin ? 'auth' : 'remote', failedLogin ? 'daemon-auth-failed' : 'daemon-refused', shown(line), {
    exitCode: 5,
    ...(failedLogin && { hint: 'Check the user name and the password for this module.' }),
  });
}

function shown(line: ByteString): string {
  return displayPath(bytesToText(line)).slice(0, 500);
}

/** Ends a conversation that takes too long, or that was cancelled. */
class Deadline {
  readonly #userMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#reject(fail('cancelled', 'cancelled', 'Cancelled.'));
  readonly #expired: Promise<never>;
  #reject: (error: DriftlineError) => void = () => {};
  #timer: HoldTimer | null = null;

  constructor({ timeoutMs, signal }: DaemonHooks) {
    this.#userMs = timeoutMs;
    this.#signal = signal;
    this.#expired = new Promise((_, reject) => (this.#reject = reject));
    this.#expired.catch(() => {});
    if (signal?.aborted === true) this.#onAbort();
    signal?.addEventListener('abort', this.#onAbort);
  }

  /** From here on the daemon has so long, or as long as the user's timeout where that is shorter. */
  start(ms: number): void {
    this.#timer?.stop();
    const limit = this.#userMs > 0 ? Math.min(this.#userMs, ms) : ms;
    this.#timer = new HoldTimer(limit, () =>
      this.#reject(
        fail('connect', 'timeout', `The daemon did not answer within ${limit / 1000} seconds.`, { exitCode: 30 }),
      ),
    );
    this.#timer.start();
  }

  hold<T>(action: () => Promise<T>): Promise<T> {
    return this.#timer!.hold(action);
  }

  race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#expired]);
  }

  stop(): void {
    this.#timer?.stop();
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }
}

/** How arguments reach a daemon; see the fields of TransferOptions. */
export interface DaemonWording {
  secludedArgs: boolean;
  oldArgs: number;
  iconv: ByteString | null;
}

/**
 * The argument block (reference §8.4): what a daemon gets in place of a command line. Secluded arguments stand in a
 * second block behind it.
 * @param words made by `buildServerArgs`; those behind the `.` are paths that begin with the module's name
 */
export function daemonArguments(
  words: readonly ByteString[],
  module: ByteString,
  protocol: number,
  { secludedArgs, oldArgs, iconv }: DaemonWording,
): Buffer {
  if (secludedArgs) {
    const { inSight, block } = secludeArgs(words, iconv);
    return Buffer.concat([argumentBlock(inSight, protocol), block]);
  }
  const dialect = dialectOf(protocol);
  const separator = separatorOf(words);
  const block = words.map((word, i) => {
    if (i > separator) return daemonPath(word, oldArgs > 0 ? null : module);
    if (!dialect.compatFlags && /^-[^-]/.test(word)) return word.replace(/e\.[A-Za-z]*$/, '');
    // No shell reads these, but daemons from 3.4.4 on undo backslashes (reference §8.4).
    return dialect.daemonDigests ? word.replaceAll('\\', '\\\\') : word;
  });
  return argumentBlock(block, protocol);
}

function argumentBlock(block: readonly ByteString[], protocol: number): Buffer {
  const end = dialectOf(protocol).daemonArguments ? '\0' : '\n';
  if (block.some((word) => word.includes(end)))
    throw fail('usage', 'bad-path', 'The path has characters that cannot be sent to this daemon.', { exitCode: 4 });
  return Buffer.from([...block, ''].map((word) => word + end).join(''), 'latin1');
}

/**
 * A daemon takes a blank before its module's name for the start of another path; a pattern for one blank is none. What
 * begins with a dash, alone or below the module, must not become an option.
 * @param module null where paths may become several
 */
function daemonPath(path: ByteString, module: ByteString | null): ByteString {
  const inside = path.replace(/^([^/]+\/)-/, '$1./-');
  const guarded = inside.startsWith('-') ? `./${inside}` : inside;
  return module === null ? guarded : guarded.replaceAll(` ${module}/`, `[ ]${module}/`);
}
