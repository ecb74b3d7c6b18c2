import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DriftlineError } from '../../shared/errors.ts';
import { runTransfer } from '../../electron/engine/index.ts';
import { parseClientWords } from '../../electron/engine/options/parse.ts';
import { serve } from '../../electron/engine/serve.ts';
import { createServedPair } from '../../electron/engine/transport/local.ts';
import type { ServerSide } from '../../electron/engine/transport/server-side.ts';
import { Battlefield } from '../support/attacked.ts';

/** Servers that say they do not know an option, and when such a server is started again. */

let field: Battlefield;
beforeEach(() => {
  field = new Battlefield();
  writeFileSync(join(field.folders.src, 'file'), 'content');
});
afterEach(() => {
  field.check();
  field.folders.remove();
});

type Server = (side: ServerSide, words: readonly string[], nth: number) => void;

interface Outcome {
  /** How often the server was started, and with which words. */
  started: string[][];
  code: string;
  message: string;
  said: string;
}

/** One pull with `-rt` and more options, of servers that behave as told. */
async function pulled(options: readonly string[], server: Server): Promise<Outcome> {
  const started: string[][] = [];
  let said = '';
  const run = runTransfer(
    {
      options: parseClientWords(['-rt', ...options], () => '').options,
      direction: 'pull',
      sources: [`${field.folders.src}/`],
      destination: field.folders.dst,
      startPeer: (words) => {
        const { client, server: side } = createServedPair();
        started.push([...words]);
        server(side, words, started.length);
        return Promise.resolve(client);
      },
      local: false,
      journalDir: field.folders.journals,
    },
    {
      signal: new AbortController().signal,
      onEvent: (event) => {
        if (event.type === 'message') said += event.text;
      },
    },
  );
  const { code, message } = await run.then(
    () => ({ code: 'done', message: '' }),
    (error: unknown) => {
      if (!(error instanceof DriftlineError)) throw error;
      return error.data;
    },
  );
  return { started, code, message, said };
}

const SCREEN = `usage: rsync [-0468] [-e program]\n${'\t[--option]\n'.repeat(90)}`;

/** Ends as a program whose getopt met this word. */
function refuse(side: ServerSide, word: string): void {
  side.stream.on('data', () => {});
  const kind = word.startsWith('--') ? `unrecognized option '${word}'` : `invalid option -- '${word.slice(1)}'`;
  side.stderr!.write(`rsync: ${kind}\n${SCREEN}`);
  // As of a program of its own, whose words are there before its end is.
  setImmediate(() => side.exit(1));
}

const plays = (side: ServerSide, words: readonly string[]): void => void serve(side, words, { journalDir: null });
const copied = (): string => readFileSync(join(field.folders.dst, 'file'), 'utf8');

describe('a server that does not know', () => {
  it('what it can do without is started once more, and nothing is said of it', async () => {
    const outcome = await pulled(['--info=name2'], (side, words, nth) =>
      nth === 1 ? refuse(side, '--info=NAME2') : plays(side, words),
    );
    expect(outcome).toMatchObject({ code: 'done', said: '' });
    expect(outcome.started.map((words) => words.slice(0, -2))).toEqual([
      ['--server', '--sender', '-tre.iLsfxCIvu', '--info=NAME2'],
      ['--server', '--sender', '-tr'],
    ]);
    expect(copied()).toBe('content');
  });

  it('its capabilities is started once more without them', async () => {
    const outcome = await pulled([], (side, words, nth) => (nth === 1 ? refuse(side, '-e') : plays(side, words)));
    expect(outcome).toMatchObject({ code: 'done', said: '' });
    expect(outcome.started).toHaveLength(2);
  });

  it('something that it does not name is started once more', async () => {
    const outcome = await pulled([], (side, words, nth) => {
      if (nth > 1) return plays(side, words);
      side.stderr!.write(SCREEN);
      setImmediate(() => side.exit(1));
    });
    expect(outcome).toMatchObject({ code: 'done', said: '' });
    expect(outcome.started).toHaveLength(2);
  });

  it('what was asked for is not started again, and the option is named', async () => {
    const outcome = await pulled(['-U'], (side) => refuse(side, '-U'));
    expect(outcome).toMatchObject({ code: 'unknown-option', message: 'rsync on local does not know --atimes (-U).' });
    expect(outcome.started).toHaveLength(1);
    expect(outcome.said).toBe("rsync: invalid option -- 'U'\n");
  });

  it('anything is started twice at most', async () => {
    const outcome = await pulled(['--info=name2', '-I'], (side, _, nth) =>
      refuse(side, nth === 1 ? '--info=NAME2' : '-I'),
    );
    expect(outcome).toMatchObject({ code: 'unknown-option', message: expect.stringContaining('--ignore-times (-I)') });
    expect(outcome.started).toHaveLength(2);
  });

  it('an option of 60 KB of terminal codes is named without them, and within bounds', async () => {
    const outcome = await pulled([], (side) => refuse(side, `--\x1b[2J${'x'.repeat(60_000)}`));
    expect(outcome.code).toBe('unknown-option');
    expect(outcome.message).not.toContain('\x1b');
    expect(outcome.message.length).toBeLessThan(500);
    expect(outcome.started).toHaveLength(2);
  });
});

describe('no server is started again that', () => {
  it('has greeted', async () => {
    const outcome = await pulled([], (side) => {
      side.stream.write(Buffer.of(31, 0, 0, 0));
      refuse(side, '-e');
    });
    expect(outcome.code).toBe('command-failed');
    expect(outcome.started).toHaveLength(1);
  });

  it('ends for another reason', async () => {
    const outcome = await pulled([], (side) => {
      side.stderr!.write('rsync: the disk is on fire\n');
      setImmediate(() => side.exit(1));
    });
    expect(outcome).toMatchObject({ code: 'command-failed', said: 'rsync: the disk is on fire\n' });
    expect(outcome.started).toHaveLength(1);
  });

  it('goes on after such words, which are told then', async () => {
    const outcome = await pulled([], (side, words) => {
      side.stderr!.write("motd: invalid option -- 'x'\n");
      plays(side, words);
    });
    expect(outcome).toMatchObject({ code: 'done', said: "motd: invalid option -- 'x'\n" });
    expect(outcome.started).toHaveLength(1);
  });
});

it('whoever was started with the fewest words is so from the start from then on', async () => {
  const started: number[] = [];
  const startPeer = (words: readonly string[]) => {
    const { client, server } = createServedPair();
    started.push(words.length);
    if (words.some((word) => word.startsWith('--info'))) refuse(server, '--info=NAME2');
    else plays(server, words);
    return Promise.resolve(client);
  };
  for (let i = 0; i < 2; i++) {
    await runTransfer(
      {
        options: parseClientWords(['-rt', '--info=name2'], () => '').options,
        direction: 'pull',
        sources: [`${field.folders.src}/`],
        destination: field.folders.dst,
        startPeer,
        local: false,
        journalDir: null,
      },
      { signal: new AbortController().signal, onEvent: () => {} },
    );
  }
  expect(started).toEqual([6, 5, 5]);
});
