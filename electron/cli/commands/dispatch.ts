import { type ErrorData, fail, toErrorData } from '../../../shared/errors.ts';
import type { CliDocumentName, CliFailure, CliValue } from '../../../shared/model/cli.ts';
import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import { StandardOutput } from '../standard-output.ts';
import { folded } from '../text.ts';
import { nearest } from './arguments.ts';
import type { Answers, CommandContext } from './context.ts';
import { commandHelp, generalHelp, groupHelp, OVERVIEW } from './help.ts';
import type { Ran } from './run.ts';
import { type CommandName, findCommand, FIRST_WORDS } from './table.ts';

type Ended = { exitCode: number; document: unknown };
type Emit = (document: unknown) => void;

const done = <K extends CliDocumentName>(value: CliValue<K>, exitCode = 0): Ended => ({
  exitCode,
  document: { ok: true, value },
});

/** Commands that work with what is saved. */
const WITH_SERVICE: Readonly<
  Record<
    Exclude<CommandName, keyof typeof ALONE | 'rsync'>,
    (words: readonly string[], context: CommandContext, emit: Emit) => Promise<Ended>
  >
> = {
  preview: async (words, context) => {
    const value = await (await import('./preview.ts')).preview(words, context);
    return done<'preview'>(value, value.summary.issueCount > 0 ? EXIT_PARTIAL : 0);
  },
  run: async (words, context) => endOfRun(await (await import('./run.ts')).runProfile(words, context), context),
  list: async (words, context) => done<'list'>((await import('./status.ts')).listWithFreshness(words, context)),
  status: async (words, context) => {
    const { value, exitCode } = (await import('./status.ts')).showStatus(words, context);
    return done<'status'>(value, exitCode);
  },
  history: async (words, context) => done<'history'>((await import('./history.ts')).showHistory(words, context)),
  'profile add': async (words, context) =>
    done<'profile add'>(await (await import('./profile.ts')).addProfile(words, context)),
  'profile edit': async (words, context) =>
    done<'profile edit'>(await (await import('./profile.ts')).editProfile(words, context)),
  'profile show': async (words, context) =>
    done<'profile show'>((await import('./profile.ts')).showProfile(words, context)),
  'profile list': async (words, context) =>
    done<'profile list'>((await import('./profile.ts')).listProfiles(words, context)),
  'profile command': async (words, context) =>
    done<'profile command'>(await (await import('./profile-command.ts')).showCommand(words, context)),
  'profile import-command': async (words, context) =>
    done<'profile import-command'>(await (await import('./profile-command.ts')).importCommand(words, context)),
  'profile duplicate': async (words, context) =>
    done<'profile duplicate'>(await (await import('./profile.ts')).duplicateProfile(words, context)),
  'profile remove': async (words, context) =>
    done<'profile remove'>(await (await import('./profile.ts')).removeProfile(words, context)),
  'host add': async (words, context) => done<'host add'>(await (await import('./host.ts')).addHost(words, context)),
  'host edit': async (words, context) => done<'host edit'>(await (await import('./host.ts')).editHost(words, context)),
  'host list': async (words, context) => done<'host list'>((await import('./host.ts')).listHosts(words, context)),
  'host test': async (words, context) => done<'host test'>(await (await import('./host.ts')).testHost(words, context)),
  'host import': async (words, context) =>
    done<'host import'>(await (await import('./host-found.ts')).importHosts(words, context)),
  'host keys': async (words, context) =>
    done<'host keys'>(await (await import('./host-found.ts')).listKeys(words, context)),
  'host forget-key': async (words, context) =>
    done<'host forget-key'>(await (await import('./host.ts')).forgetKey(words, context)),
  'host remove': async (words, context) =>
    done<'host remove'>(await (await import('./host.ts')).removeHost(words, context)),
  'settings get': async (words, context) =>
    done<'settings get'>((await import('./settings.ts')).getSettings(words, context)),
  'settings set': async (words, context) =>
    done<'settings set'>(await (await import('./settings.ts')).setSetting(words, context)),
  'settings export': async (words, context) =>
    done<'settings export'>(await (await import('./settings.ts')).exportSettings(words, context)),
  'settings import': async (words, context) => {
    const value = await (await import('./settings.ts')).importSettings(words, context);
    return done<'settings import'>(value, (value.result?.failed.length ?? 0) > 0 ? EXIT_PARTIAL : 0);
  },
  serve: async (words, context, emit) => {
    await (await import('./serve.ts')).serveBrowser(words, context, (value) => emit({ ok: true, value }));
    return { exitCode: 0, document: null };
  },
};

/** Commands that need no store and leave none behind. */
const ALONE = {
  help: (words: readonly string[], print: Print): Promise<Ended> => {
    const text = helpFor(words.filter((word) => !word.startsWith('-')));
    print(text);
    return Promise.resolve(done<'help'>({ text }));
  },
  version: async (words: readonly string[], print: Print) =>
    done<'version'>((await import('./other.ts')).showVersion(words, print)),
  completion: async (words: readonly string[], print: Print) =>
    done<'completion'>((await import('./other.ts')).completionScript(words, print)),
  demo: async (words: readonly string[], print: Print) => {
    const value = await (await import('./other.ts')).showDemo(words, print);
    return done<'demo'>(value, value.equal ? 0 : 1);
  },
};
type Print = (text: string) => void;

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
  const code = await dispatch(argv.map(bytesToText), output, stop.signal);
  await output.flushed();
  return output.broken && code === 0 ? EXIT_MESSAGE_IO : code;
}

async function dispatch(words: readonly string[], output: StandardOutput, closed: AbortSignal): Promise<number> {
  const write = (text: string): void => output.out(Buffer.from(text, 'utf8'));
  const emit: Emit = (document) => write(`${JSON.stringify(document, undefined, 2)}\n`);
  if (words[0] === '__complete') {
    const { complete, formatCompletion } = await import('./complete.ts');
    write(formatCompletion(await complete(words.slice(1))));
    return 0;
  }
  const { plain, json, wantsHelp } = readGeneral(words);
  const print: Print = (text) => {
    if (!json) write(text);
  };
  try {
    if (plain.length === 0 && json && !wantsHelp) throw fail('usage', 'no-command', 'No command is given.');
    if (plain.length === 0 && !wantsHelp) {
      print(OVERVIEW);
      return EXIT_USAGE;
    }
    const { name, rest } = wantsHelp ? { name: 'help' as const, rest: plain } : commandOf(plain);
    let ended: Ended;
    if (name === 'rsync') throw fail('usage', 'rsync-first', 'Put “rsync” first: what follows is its own.');
    if (Object.hasOwn(ALONE, name)) ended = await ALONE[name as keyof typeof ALONE](rest, print);
    else {
      const { withService } = await import('./context.ts');
      const answers: Answers =
        name === 'serve' ? 'pages' : name === 'host add' && rest.includes('--trust-first') ? 'trust-first' : 'terminal';
      const work = WITH_SERVICE[name as keyof typeof WITH_SERVICE];
      ended = await withService({ json, answers, output, closed }, (context) =>
        work(rest, context, (document) => {
          if (json) emit(document);
        }),
      );
    }
    if (json && ended.document !== null) emit(ended.document);
    return ended.exitCode;
  } catch (error) {
    const data = toErrorData(error);
    if (json) emit({ ok: false, error: data } satisfies CliFailure);
    else complain(data, (text) => output.err(Buffer.from(`${text}\n`, 'utf8')));
    return data.exitCode;
  }
}

/** What is understood everywhere, up to a `--`. */
function readGeneral(words: readonly string[]): { plain: string[]; json: boolean; wantsHelp: boolean } {
  const end = words.indexOf('--');
  const head = end < 0 ? words : words.slice(0, end);
  const general = ['--json', '--help', '-h'];
  const plain = [...head.filter((word) => !general.includes(word)), ...(end < 0 ? [] : words.slice(end))];
  if (plain[0] === '--version' || plain[0] === '-V') plain[0] = 'version';
  return { plain, json: head.includes('--json'), wantsHelp: head.includes('--help') || head.includes('-h') };
}

/** The command that the first words name. @throws usage `unknown-command`, with the nearest name */
function commandOf(words: readonly string[]): { name: CommandName; rest: string[] } {
  const found = findCommand(words);
  if (found !== null && 'name' in found) return found;
  const group = found?.group ?? [];
  const tried = words.slice(0, group.length > 0 ? 2 : 1).join(' ');
  const known: readonly string[] = group.length > 0 ? group : FIRST_WORDS;
  const near = nearest(tried, known);
  const message =
    group.length > 0 && words.length === 1
      ? `“${displayPath(tried)}” needs another word.`
      : `There is no command “${displayPath(tried)}”.`;
  throw fail('usage', 'unknown-command', message, {
    hint:
      near === null || (group.length > 0 && words.length === 1)
        ? `There are: ${known.join(', ')}. “driftline help” says more.`
        : `Did you mean “driftline ${near}”?`,
  });
}

function helpFor(words: readonly string[]): string {
  if (words.length === 0) return generalHelp();
  const found = findCommand(words);
  if (found !== null && 'group' in found && words.length === 1) return groupHelp(found.group);
  return commandHelp(commandOf(words).name);
}

/** A run that was stopped is a result, too; what stopped it is said like any other error, and kept with it. */
function endOfRun({ result, error }: Ran, { json, notice }: CommandContext): Ended {
  if (error === null) return done<'run'>(result, result.exitCode);
  if (!json && error.hint !== undefined) notice(error.hint);
  return { exitCode: result.exitCode, document: { ok: false, error, result } satisfies CliFailure };
}

function complain(data: ErrorData, err: (text: string) => void): void {
  err(folded(`driftline: ${data.message}`, process.stderr));
  if (data.hint !== undefined) err(folded(data.hint, process.stderr, '  '));
}
