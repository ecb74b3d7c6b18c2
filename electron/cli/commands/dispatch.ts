import { type ErrorData, fail, toErrorData } from '../../../shared/errors.ts';
import type { CliDocumentName, CliFailure, CliValue } from '../../../shared/model/cli.ts';
import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import type { RunResult } from '../../../shared/model/run.ts';
import { StandardOutput } from '../standard-output.ts';
import { VERSION } from '../version.ts';
import { nearest } from './arguments.ts';
import type { Answers, CommandContext } from './context.ts';
import { COMMAND_HELP, GENERAL_HELP } from './help.ts';

type Ended = { exitCode: number; document: unknown };
type Work = (words: readonly string[], context: CommandContext, emit: (document: unknown) => void) => Promise<Ended>;

const done = <K extends CliDocumentName>(value: CliValue<K>, exitCode = 0): Ended => ({
  exitCode,
  document: { ok: true, value },
});

const COMMANDS: Readonly<Record<CliDocumentName, Work>> = {
  'host add': async (words, context) => done<'host add'>(await (await import('./host.ts')).addHost(words, context)),
  'host list': async (words, context) => done<'host list'>((await import('./host.ts')).listHosts(words, context)),
  'host test': async (words, context) => done<'host test'>(await (await import('./host.ts')).testHost(words, context)),
  'host forget-key': async (words, context) =>
    done<'host forget-key'>(await (await import('./host.ts')).forgetKey(words, context)),
  'host remove': async (words, context) =>
    done<'host remove'>(await (await import('./host.ts')).removeHost(words, context)),
  'profile add': async (words, context) =>
    done<'profile add'>(await (await import('./profile.ts')).addProfile(words, context)),
  'profile list': async (words, context) =>
    done<'profile list'>((await import('./profile.ts')).listProfiles(words, context)),
  'profile remove': async (words, context) =>
    done<'profile remove'>(await (await import('./profile.ts')).removeProfile(words, context)),
  preview: async (words, context) => {
    const value = await (await import('./preview.ts')).preview(words, context);
    return done<'preview'>(value, value.summary.issueCount > 0 ? EXIT_PARTIAL : 0);
  },
  run: async (words, context) => endOfRun(await (await import('./run.ts')).runProfile(words, context), context),
  serve: async (words, context, emit) => {
    await (await import('./serve.ts')).serveBrowser(words, context, (value) => emit({ ok: true, value }));
    return { exitCode: 0, document: null };
  },
};

const EXIT_USAGE = 1;
const EXIT_MESSAGE_IO = 13;
const EXIT_PARTIAL = 23;

/**
 * Runs one command other than `rsync`.
 * @param argv all words, as bytes
 * @returns the exit code
 */
export async function runCommand(argv: readonly ByteString[]): Promise<number> {
  const stop = new AbortController();
  const output = new StandardOutput(() => stop.abort());
  const code = await dispatch(argv.map(bytesToText), output);
  await output.flushed();
  return output.broken && code === 0 ? EXIT_MESSAGE_IO : code;
}

async function dispatch(words: readonly string[], output: StandardOutput): Promise<number> {
  const print = (text: string): void => output.out(Buffer.from(text, 'utf8'));
  const emit = (document: unknown): void => print(`${JSON.stringify(document, undefined, 2)}\n`);
  const json = words.includes('--json');
  const plain = words.filter((word) => word !== '--json');
  const wantsHelp = plain.includes('--help') || plain.includes('-h');
  if (plain[0] === '--version' || plain[0] === '-V') {
    print(`driftline ${VERSION}\n`);
    return 0;
  }
  if (plain.length === 0 || plain[0] === '--help' || plain[0] === '-h' || plain[0] === 'help') {
    print(GENERAL_HELP);
    return plain.length === 0 ? EXIT_USAGE : 0;
  }
  try {
    const found = findCommand(plain, wantsHelp);
    if (typeof found === 'string') {
      print(found);
      return 0;
    }
    const { name, rest } = found;
    const { withService } = await import('./context.ts');
    const answers: Answers = name === 'serve' ? 'pages' : rest.includes('--trust-first') ? 'trust-first' : 'terminal';
    const ended = await withService({ json, answers, output }, (context) =>
      COMMANDS[name](rest, context, (document) => {
        if (json) emit(document);
      }),
    );
    if (json && ended.document !== null) emit(ended.document);
    return ended.exitCode;
  } catch (error) {
    const data = toErrorData(error);
    if (json) emit({ ok: false, error: data } satisfies CliFailure);
    else complain(data, (text) => output.err(Buffer.from(`${text}\n`, 'utf8')));
    return data.exitCode;
  }
}

/** The command that the first words name, or the help that was asked for. */
function findCommand(words: readonly string[], wantsHelp: boolean): { name: CliDocumentName; rest: string[] } | string {
  const names = Object.keys(COMMANDS) as CliDocumentName[];
  for (const length of [2, 1]) {
    const name = names.find((each) => each === words.slice(0, length).join(' '));
    if (name !== undefined) return wantsHelp ? COMMAND_HELP[name]! : { name, rest: words.slice(length) };
  }
  const group = names.filter((name) => name.startsWith(`${words[0]!} `));
  if (group.length > 0 && wantsHelp) return group.map((name) => COMMAND_HELP[name]!).join('\n');
  const tried = words.slice(0, group.length > 0 ? 2 : 1).join(' ');
  const known = group.length > 0 ? group : ['rsync', 'host', 'profile', 'preview', 'run', 'serve'];
  const near = nearest(tried, known);
  throw fail('usage', 'unknown-command', `There is no command “${displayPath(tried)}”.`, {
    hint:
      near === null
        ? `There are: ${known.join(', ')}. “driftline --help” says more.`
        : `Did you mean “driftline ${near}”?`,
  });
}

function endOfRun(result: RunResult, { json, notice }: CommandContext): Ended {
  const { error, exitCode } = result;
  if (error === null) return done<'run'>(result, exitCode);
  const { confirmable, codes } = error.details ?? {};
  const byOption = confirmable === true && Array.isArray(codes) && codes.includes('many-deletions');
  const hint = byOption ? 'If the preview is right, run it with --yes-delete.' : error.hint;
  if (!json && hint !== undefined) notice(hint);
  return { exitCode, document: { ok: false, error, result } satisfies CliFailure };
}

function complain(data: ErrorData, err: (text: string) => void): void {
  err(`driftline: ${data.message}`);
  if (data.hint !== undefined) err(`  ${data.hint}`);
}
