import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { DriftlineError, type ErrorData } from '../../../shared/errors.ts';
import type { ByteString } from '../../../shared/model/path.ts';
import { daemonArguments, type DaemonAnswer, greetDaemon } from './daemon.ts';

/** A daemon that says `script`, byte by byte if asked, then ends unless told to stay. */
class Script extends Duplex {
  sent = '';
  readonly #left: Buffer[];
  readonly #stays: boolean;

  constructor(script: string, { stays = false, bytewise = false } = {}) {
    super();
    const bytes = Buffer.from(script, 'latin1');
    this.#left = bytewise ? [...bytes].map((byte) => Buffer.of(byte)) : [bytes];
    this.#stays = stays;
  }

  override _read(): void {
    const next = this.#left.shift();
    if (next !== undefined) setImmediate(() => this.push(next));
    else if (!this.#stays) this.push(null);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.sent += chunk.toString('latin1');
    callback();
  }
}

interface Settings {
  module?: ByteString;
  protocol?: number;
  earlyInput?: Buffer;
  allowMd4?: boolean;
  timeoutMs?: number;
  signal?: AbortSignal;
  stays?: boolean;
  bytewise?: boolean;
}

const HELLO = '@RSYNCD: 32.0 sha512 sha256 sha1 md5 md4\n';

async function talk(script: string, settings: Settings = {}) {
  const { module = 'mod', protocol = 32, earlyInput = null, allowMd4 = false, timeoutMs = 0, signal } = settings;
  const stream = new Script(script, settings);
  const text: string[] = [];
  let asked = 0;
  const answer: DaemonAnswer = await greetDaemon(
    stream,
    { module, user: 'alice', protocol, earlyInput, allowMd4 },
    {
      onText: (line) => text.push(line),
      password: () => Promise.resolve(['s3cret', ''][asked++]!),
      timeoutMs,
      ...(signal && { signal }),
    },
  );
  let rest = '';
  for await (const chunk of stream as AsyncIterable<Buffer>) rest += chunk.toString('latin1');
  return { answer, text, asked, rest, sent: stream.sent };
}

async function failure(script: string, settings?: Settings): Promise<ErrorData> {
  const error: unknown = await talk(script, settings).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof DriftlineError) return error.data;
  throw error ?? new Error('did not fail');
}

describe('greetDaemon', () => {
  it.each([false, true])('opens a module and leaves what follows alone (byte by byte: %s)', async (bytewise) => {
    const script = `${HELLO}Welcome\n\n@RSYNCD: OK\n\x81\xff\n@RSYNCD: EXIT\n`;
    expect(await talk(script, { bytewise })).toEqual({
      answer: { kind: 'open', protocol: 32 },
      ...{ text: ['Welcome', ''], asked: 0, rest: '\x81\xff\n@RSYNCD: EXIT\n' },
      sent: '@RSYNCD: 32.0 sha512 sha256 sha1 md5\nmod\n',
    });
  });

  it('lists modules', async () => {
    expect(await talk(`${HELLO}a   \tb\n@RSYNCD: EXIT\n`, { module: '' })).toMatchObject({
      ...{ answer: { kind: 'done' }, text: ['a   \tb'] },
      sent: '@RSYNCD: 32.0 sha512 sha256 sha1 md5\n\n',
    });
  });

  it('sends early input before the module', async () => {
    const { sent } = await talk(`${HELLO}@RSYNCD: OK\n`, { earlyInput: Buffer.from('x\ny') });
    expect(sent.slice(sent.indexOf('\n') + 1)).toBe('#early_input=3\nx\nymod\n');
  });

  // Captured from stock rsync 3.5.0 and the vectors of the protocol reference.
  it.each([
    [
      '32.0 sha512 sha256 sha1 md5 md4',
      'cDfoeoEMrgX5Hgi0VppktJF/YRXGe7dBnyBk8342JLRyWGBB4wV39YXGU0owQauPWVcWfjEC5niZjVHals/M5g',
    ],
    ['32.0 md5 sha256 new', 'epCqvi6RuwEQW0WA/HexUrt8dwFLwvH9wV2R0DgDBHM'],
    ['31.0 sha1', 'V2mHJRk86DPJX8XV7+X13X4UuqE'],
    ['31.0 md4 md5', 'NcitUd/TFSqomkeb+oEEkA'],
    ['31.0', 'NcitUd/TFSqomkeb+oEEkA'],
    ['30.0', 'NcitUd/TFSqomkeb+oEEkA'],
  ])('answers a challenge after %s', async (greeting, response) => {
    const { sent, asked } = await talk(`@RSYNCD: ${greeting}\n@RSYNCD: AUTHREQD Zm9vYmFyCg\n@RSYNCD: OK\n`);
    expect(asked).toBe(1);
    expect(sent.split('\n')[2]).toBe(`alice ${response}`);
  });

  it.each(['31.0 md4', '32.0 sha3', '29', '29.0'])(
    'asks for no password where it would be weak: %s',
    async (greeting) => {
      const script = `@RSYNCD: ${greeting}\n@RSYNCD: AUTHREQD Zm9vYmFyCg\n@RSYNCD: OK\n`;
      expect(await failure(script)).toMatchObject({ kind: 'auth', code: 'weak-digest', exitCode: 4 });
    },
  );

  it.each([
    ['31.0 md4', 'QcoVtjrT5kdIPS4TTrOI0Q'],
    ['29', 'gACw3lFHB9byi/9evmRuQg'],
    ['31.0 md4 md5', 'NcitUd/TFSqomkeb+oEEkA'],
  ])('uses md4 after %s where that is allowed, and nothing better is there', async (greeting, response) => {
    const script = `@RSYNCD: ${greeting}\n@RSYNCD: AUTHREQD Zm9vYmFyCg\n@RSYNCD: OK\n`;
    const { sent } = await talk(script, { allowMd4: true });
    expect(sent.split('\n')[0]).toBe('@RSYNCD: 32.0 sha512 sha256 sha1 md5 md4');
    expect(sent.split('\n')[2]).toBe(`alice ${response}`);
  });

  it.each<[string, number, number]>([
    ['32.0 md5', 32, 32],
    ['32.0 md5', 30, 30],
    ['31.0', 32, 31],
    // A version in development counts as the one before.
    ['31.14', 32, 30],
    ['32.1 md5', 32, 31],
    ['40.3 md5', 32, 32],
    ['29', 32, 29],
  ])('takes the lower version of %s and %i', async (greeting, ours, protocol) => {
    const { answer } = await talk(`@RSYNCD: ${greeting}\n@RSYNCD: OK\n`, { protocol: ours });
    expect(answer).toEqual({ kind: 'open', protocol });
  });

  it.each([
    ['', 'did not see server greeting'],
    ['HTTP/1.1 400 Bad Request\n', 'server sent "HTTP/1.1 400 Bad Request" rather than greeting'],
    ['@ERROR: go away\n', 'server sent "@ERROR: go away" rather than greeting'],
    ['@RSYNCD: -1 md5\n', 'server sent "@RSYNCD: -1 md5" rather than greeting'],
    ['@RSYNCD: 32.0\n', 'the server omitted the digest name list: @RSYNCD: 32.0'],
    ['@RSYNCD: 31\n', 'the server omitted the subprotocol value: @RSYNCD: 31'],
    ['@RSYNCD: 31.0', 'did not see server greeting'],
    [`${HELLO}Welcome\n`, 'The daemon ended the connection instead of opening the module'],
    [`${HELLO}@ERROR: Unknown module 'x'\nmore\n`, "@ERROR: Unknown module 'x'"],
    [`${HELLO}@ERRORS\n`, '@ERRORS'],
    [`${HELLO}@ERROR: \x1b[31m\n`, '@ERROR: \\x1b[31m'],
  ])('ends for %j', async (script, message) => {
    expect(await failure(script)).toMatchObject({ message: expect.stringContaining(message) as string, exitCode: 5 });
  });

  it('tells a refused login from another refusal', async () => {
    const script = `${HELLO}@RSYNCD: AUTHREQD abc\n@ERROR: auth failed on module mod\n`;
    expect(await failure(script)).toMatchObject({ kind: 'auth', code: 'daemon-auth-failed', exitCode: 5 });
    const twice = `${HELLO}@RSYNCD: AUTHREQD abc\n@RSYNCD: AUTHREQD abc\n@RSYNCD: OK\n`;
    expect(await failure(twice)).toMatchObject({ kind: 'protocol', exitCode: 5 });
  });

  it.each([
    ['an endless greeting', '@RSYNCD: 32.0 '.padEnd(6000, 'x')],
    ['a long line', `${HELLO}${'x'.repeat(5121)}\n@RSYNCD: OK\n`],
    ['a flood of lines', `${HELLO}${`${'x'.repeat(5000)}\n`.repeat(220)}@RSYNCD: OK\n`],
    ['NUL', `${HELLO}a\0b\n@RSYNCD: OK\n`],
  ])('gives up on %s', async (_what, script) => {
    expect(await failure(script)).toMatchObject({ kind: 'protocol', code: 'bad-line' });
  });

  it('drops carriage returns', async () => {
    expect((await talk('@RSYNCD: 31.0\r\nhi\r\n@RSYNCD: OK\r\n')).text).toEqual(['hi']);
  });

  it('sends no names that are more than one line', async () => {
    expect(await failure(HELLO, { module: 'a\nb' })).toMatchObject({ kind: 'usage', code: 'bad-module' });
  });

  it('waits no longer than the timeout, and ends when cancelled', async () => {
    expect(await failure('', { stays: true, timeoutMs: 20 })).toMatchObject({ code: 'timeout', exitCode: 30 });
    expect(await failure(`${HELLO}hi\n`, { stays: true, timeoutMs: 20 })).toMatchObject({ code: 'timeout' });
    const controller = new AbortController();
    setImmediate(() => controller.abort());
    expect(await failure(HELLO, { stays: true, signal: controller.signal })).toMatchObject({ kind: 'cancelled' });
  });
});

describe('daemonArguments', () => {
  const block = (words: string[], protocol = 31, module = 'mod', secludedArgs = false): string =>
    daemonArguments(words, module, protocol, { secludedArgs, oldArgs: 0, iconv: null }).toString('latin1');

  it('ends every word with NUL, and itself with one more', () => {
    expect(block(['--server', '--sender', '-re.LsfxCIvu', '.', 'mod/', 'mod/a b'])).toBe(
      '--server\0--sender\0-re.LsfxCIvu\0.\0mod/\0mod/a b\0\0',
    );
  });

  it('ends words with line ends before version 30, whose servers know no capabilities', () => {
    expect(block(['--server', '-re.iLsfxCIvu', '.', 'mod/'], 29)).toBe('--server\n-r\n.\nmod/\n\n');
    expect(() => block(['--server', '.', 'mod/a\nb'], 29)).toThrow(DriftlineError);
  });

  it('lets no path become two, or an option', () => {
    expect(block(['--server', '.', 'mod/x mod/y', 'mod/-rf', '-mod/x'])).toBe(
      '--server\0.\0mod/x[ ]mod/y\0mod/./-rf\0./-mod/x\0\0',
    );
  });

  it('puts secluded words into a block of their own, as they are', () => {
    const words = ['--server', '-se.LsfxCIvu', '--suffix=a\\b', '.', 'mod/x mod/y', '-mod/z'];
    expect(block(words, 32, 'mod', true)).toBe(
      '--server\0-se.LsfxCIvu\0\0rsync\0--suffix=a\\b\0.\0mod/x mod/y\0./-mod/z\0\0',
    );
  });

  it('doubles backslashes of options for those that undo them, and takes a folder called . for what it is', () => {
    const words = ['--server', '--backup-dir', '.', '--suffix=a\\b', '.', 'mod/a\\b'];
    expect(block(words, 32)).toBe('--server\0--backup-dir\0.\0--suffix=a\\\\b\0.\0mod/a\\b\0\0');
    expect(block(words, 31)).toBe('--server\0--backup-dir\0.\0--suffix=a\\b\0.\0mod/a\\b\0\0');
  });
});
