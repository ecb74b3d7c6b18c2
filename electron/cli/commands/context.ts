import { fail } from '../../../shared/errors.ts';
import { displayPath } from '../../../shared/model/path.ts';
import type { Prompt, PromptAnswer } from '../../../shared/model/prompt.ts';
import { createService, type Service } from '../../service/create-service.ts';
import { homeFolder, openHome } from '../../service/home.ts';
import { openConfFile } from '../../service/store/conf-store.ts';
import { onStopSignals } from '../signals.ts';
import type { StandardOutput } from '../standard-output.ts';
import { askHostKey, askLogin, askSecret, openTerminal, type Terminal } from '../terminal.ts';
import { folded } from '../text.ts';
import { VERSION } from '../version.ts';
import { nearest } from './arguments.ts';

/** What a command works with. One command per process; everything is closed at its end. */
export interface CommandContext {
  readonly json: boolean;
  readonly service: Service;
  /** Null where there is nobody to ask. */
  readonly terminal: Terminal | null;
  /** While set, an unknown server is accepted without asking (`--trust-first`). */
  acceptsHostKeys: boolean;
  /** Aborted by Ctrl-C, SIGTERM and SIGHUP. */
  readonly signal: AbortSignal;
  /** Result text, on standard output; nothing with `--json`. A line end is added. */
  print(text: string): void;
  /** A line for the person, on standard error. */
  notice(text: string): void;
}

/** Who answers the questions of connections. */
export type Answers =
  /** The person at the terminal; without one, questions are refused at once. */
  | 'terminal'
  /** As `terminal`, but somebody decides about unknown servers even without one. */
  | 'trust-first'
  /** The pages of the browser shell. */
  | 'pages';

/** Opens the service, runs `work` and closes everything again. */
export async function withService<T>(
  settings: { json: boolean; answers: Answers; output: StandardOutput; closed: AbortSignal },
  work: (context: CommandContext) => Promise<T>,
): Promise<T> {
  const { json, answers, output, closed } = settings;
  const stop = new AbortController();
  const abort = (): void => stop.abort();
  const release = onStopSignals(abort);
  // Nobody reads on (`| head`): what is going on may stop.
  closed.addEventListener('abort', abort);
  const terminal = answers === 'pages' ? null : openTerminal(abort);
  const notice = (text: string): void =>
    output.err(Buffer.from(`${folded(`driftline: ${text}`, process.stderr)}\n`, 'utf8'));
  let service: Service | null = null;
  try {
    const home = openHome(homeFolder());
    service = await createService({
      shell: 'browser',
      version: VERSION,
      home,
      storeFile: openConfFile(home.storeFile),
      notifier: { runEnded: () => undefined, notice: (message) => notice(displayPath(message)) },
      dialogs: { pickFolder: () => Promise.resolve(null) },
      attended: answers !== 'terminal' || terminal !== null,
      ...(answers === 'pages' ? { listFolders: (await import('../../browser/list-folders.ts')).listFolders } : {}),
    });
    const context: CommandContext = {
      ...{ json, service, terminal, signal: stop.signal, notice, acceptsHostKeys: false },
      print: (text) => {
        if (!json) output.out(Buffer.from(`${text}\n`, 'utf8'));
      },
    };
    if (answers !== 'pages') answerQuestions(context);
    return await work(context);
  } finally {
    await service?.close();
    terminal?.close();
    release();
  }
}

/** Questions of connections are asked one at a time. */
function answerQuestions(context: CommandContext): void {
  const { service, notice } = context;
  let last: Promise<void> = Promise.resolve();
  service.events.on('event.prompt', (prompt) => {
    last = last
      .then(async () => {
        const answer = await answerTo(prompt, context);
        // It may have been closed meanwhile, by Ctrl-C or a lost connection.
        if (service.prompts.list().some(({ promptId }) => promptId === prompt.promptId)) {
          service.prompts.answer(prompt.promptId, answer);
        }
      })
      .catch((error: unknown) => notice(String(error)));
  });
}

async function answerTo(
  { question, onTheWayTo }: Prompt,
  { acceptsHostKeys, terminal }: CommandContext,
): Promise<PromptAnswer> {
  if (onTheWayTo !== null) terminal?.say(`On the way to “${displayPath(onTheWayTo)}”:`);
  if (question.kind === 'host-key') {
    const accepted = acceptsHostKeys || (terminal !== null && (await askHostKey(terminal, question)));
    return { kind: accepted ? 'accept-host-key' : 'refuse' };
  }
  if (question.kind === 'login') {
    const answers = terminal === null ? null : await askLogin(terminal, question);
    return answers === null ? { kind: 'refuse' } : { kind: 'answers', answers };
  }
  const secret = terminal === null ? null : await askSecret(terminal, question, question.attempt);
  return secret === null ? { kind: 'refuse' } : { kind: 'secret', secret, remember: false };
}

/**
 * The saved thing of exactly that name.
 * @throws usage `unknown-name`, with the nearest name
 */
export function byName<T extends { name: string }>(kind: 'host' | 'profile', all: readonly T[], name: string): T {
  const found = all.find((each) => each.name === name);
  if (found !== undefined) return found;
  const near = nearest(
    name,
    all.map((each) => each.name),
  );
  throw fail('usage', 'unknown-name', `There is no ${kind} named “${displayPath(name)}”.`, {
    hint: near === null ? `“driftline ${kind} list” shows what is saved.` : `Did you mean “${near}”?`,
  });
}
