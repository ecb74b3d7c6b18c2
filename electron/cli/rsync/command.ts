import { DriftlineError, type ErrorData, fail, toErrorData } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath, textToBytes } from '../../../shared/model/path.ts';
import type { TransferStats } from '../../engine/events.ts';
import type { PeerStarter, TransferHooks, TransferResult } from '../../engine/index.ts';
import { type ServerRequest, serverWords } from '../../engine/options/parse.ts';
import { readsBatch, type TransferOptions, writesBatch } from '../../engine/options/transfer-options.ts';
import { onStopSignals } from '../signals.ts';
import { StandardOutput } from '../standard-output.ts';
import { openTerminal, type Terminal } from '../terminal.ts';
import { exitLine } from '../exit-code.ts';
import { escapeForTerminal } from './escape.ts';
import { LogFile } from './log-file.ts';
import { RsyncPrinter } from './output.ts';
import { parseRsyncArgs, type RsyncCommand } from './parse-args.ts';
import { RsyncServerLog } from './server-log.ts';

/** Could not say what happened: whoever read our output has gone. */
const EXIT_MESSAGE_IO = 13;

type ClientCommand = Extract<RsyncCommand, { mode: 'client' }>;

/**
 * `driftline rsync …`: rsync's arguments, output and exit codes, in this process.
 * @param argv the words behind `rsync`, as bytes
 * @returns the exit code
 */
export async function runRsync(argv: readonly ByteString[]): Promise<number> {
  const server = serverWords(argv);
  if (server !== null) return runServer(server);
  const stop = new AbortController();
  const output = new StandardOutput(() => stop.abort());
  const err = (text: string): void => output.err(Buffer.from(`${text}\n`, 'utf8'));
  let code: number;
  try {
    const command = parseRsyncArgs(argv);
    if (command.mode === 'client') code = await runClient(command, argv, output, stop);
    else {
      output.out(Buffer.from(await information(command.mode), 'utf8'));
      code = 0;
    }
  } catch (error) {
    const data = toErrorData(error);
    complain(data, err);
    err(exitLine(data.exitCode) ?? '');
    code = data.exitCode;
  }
  await output.flushed();
  return output.broken ? EXIT_MESSAGE_IO : code;
}

async function runClient(
  command: ClientCommand,
  argv: readonly ByteString[],
  output: StandardOutput,
  stop: AbortController,
): Promise<number> {
  const { options, peerOptions, endpoints } = command;
  const err = (text: string): void => output.err(Buffer.from(`${text}\n`, 'utf8'));
  output.eager = options.outbuf === 'none' || options.outbuf === 'line';
  const log = openLog(options, err);
  const printer = new RsyncPrinter(
    {
      ...{ options, direction: endpoints.direction, utf8: terminalReadsUtf8(), log },
      module: endpoints.direction === 'local' ? '' : (endpoints.daemon?.module ?? ''),
      sourceFolder: endpoints.direction === 'pull' || options.relative ? '' : sourceFolder(endpoints.paths),
    },
    (bytes) => output.out(bytes),
    (bytes) => output.err(bytes),
  );
  const { signal } = stop;
  const release = onStopSignals(() => stop.abort());
  let terminal: Terminal | null | undefined;
  let closePeer = (): void => {};
  let startPeer: PeerStarter | null = null;
  let listModules: (() => Promise<void>) | null = null;
  if (endpoints.direction !== 'local') {
    const { remoteShellPeer, sshPeer } = await import('./peer.ts');
    const context = {
      ...{ options, user: endpoints.user, host: endpoints.host, signal, notice: err },
      terminal: () => (terminal ??= openTerminal(() => stop.abort())),
    };
    if (endpoints.daemon !== undefined) {
      const { daemonPeer } = await import('./daemon-peer.ts');
      const { module } = endpoints.daemon;
      const onText = (line: ByteString): void => {
        if (options.quiet) return;
        output.out(Buffer.from(`${escapeForTerminal(line, terminalReadsUtf8())}\n`, 'latin1'));
      };
      const peer = daemonPeer({ ...context, ...endpoints.daemon, onText });
      startPeer = peer.start;
      // rsync hands a name like "#list" to the daemon too, which takes it for a command.
      if (module === '' || module.startsWith('#')) listModules = () => peer.list();
    } else if (options.rsh !== null) startPeer = remoteShellPeer(options.rsh, context);
    else {
      const peer = sshPeer(context);
      startPeer = peer.start;
      closePeer = peer.close;
      // The engine is read while the server answers, not before it is asked.
      await peer.begun;
    }
  }
  const [{ localPeer, replayBatch, runTransfer }, { sweepJournals }] = await Promise.all([
    import('../../engine/index.ts'),
    import('./journals.ts'),
  ]);
  // Another user could not write to ours.
  const journalDir = options.copyAs === null ? sweepJournals() : null;
  startPeer ??= localPeer(journalDir, signal);
  const { copyAs } = options;
  if (copyAs !== null) {
    const { becomeUser } = await import('./copy-as.ts');
    const start = startPeer;
    // The connection is made as who we are, the copying is not.
    startPeer = async (words) => {
      const peer = await start(words);
      becomeUser(copyAs);
      return peer;
    };
  }
  let stats: TransferStats | null = null;
  let code: number;
  let { protocol } = options;
  try {
    if (listModules !== null) {
      await listModules();
      return 0;
    }
    if (writesBatch(options)) {
      const { writeBatchScript } = await import('./batch-script.ts');
      writeBatchScript(argv, options, endpoints.dest);
    }
    const hooks: TransferHooks = { signal, onEvent: (event) => printer.event(event) };
    const transfer = (): Promise<TransferResult> =>
      runTransfer(
        {
          options,
          ...(peerOptions !== undefined && { peerOptions }),
          // Between local folders the server half reads and we write, as the journal and the itemized output expect.
          direction: endpoints.direction === 'push' ? 'push' : 'pull',
          sources: endpoints.paths,
          destination: endpoints.dest,
          startPeer,
          local: endpoints.direction === 'local',
          journalDir,
        },
        hooks,
      );
    const result = await (readsBatch(options)
      ? replayBatch({ options, destination: endpoints.dest, journalDir }, hooks)
      : transfer());
    stats = result.stats;
    code = result.exitCode;
    protocol = result.protocol;
  } catch (error) {
    const data = signal.aborted ? stopped(error) : toErrorData(error);
    // The last line says as much.
    if (data.kind !== 'cancelled') {
      complain(data, err);
      log?.line(textToBytes(`driftline: ${data.message}`));
    }
    code = data.exitCode;
  } finally {
    release();
    closePeer();
    terminal?.close();
  }
  printer.finish(stats, code, protocol);
  log?.close();
  return code;
}

/** The file of `--log-file`. Without it the transfer goes on all the same. */
function openLog(options: TransferOptions, err: (text: string) => void): LogFile | null {
  const { logFile } = options;
  if (logFile === null) return null;
  try {
    return new LogFile(logFile, options);
  } catch (error) {
    // The path in Node's words is that of the way there.
    const reason = (error instanceof Error ? error.message : String(error)).replace(/, open '.*$/s, '');
    err(`driftline: failed to open log-file ${displayPath(bytesToText(logFile))}: ${displayPath(reason)}`);
    err('Ignoring "log file" setting.');
    return null;
  }
}

function openServerLog(request: ServerRequest): RsyncServerLog | null {
  const file = openLog(request.options, (text) => void process.stderr.write(`${text}\n`));
  const { sender, args, options } = request;
  return file && new RsyncServerLog(file, request, sender && !options.relative ? sourceFolder(args) : '');
}

/** The folder that names of a single source are relative to, as long names show it: without a leading slash. */
function sourceFolder(sources: readonly ByteString[]): ByteString {
  if (sources.length !== 1) return '';
  return sources[0]!.replace(/[^/]*$/, '').replace(/^\/+/, '');
}

/** After a signal, whatever then failed is its consequence. */
function stopped(error: unknown): ErrorData {
  if (error instanceof DriftlineError && error.data.kind === 'cancelled') return error.data;
  return fail('cancelled', 'cancelled', 'Stopped.').data;
}

async function runServer(words: readonly ByteString[]): Promise<number> {
  const [{ serve }, { standardSide }, { becomeUser }, { sweepJournals }] = await Promise.all([
    import('../../engine/serve.ts'),
    import('./standard-io.ts'),
    import('./copy-as.ts'),
    import('./journals.ts'),
  ]);
  const { side, ended } = standardSide();
  const stop = new AbortController();
  onStopSignals(() => stop.abort());
  const sender = (words as readonly string[]).includes('--sender');
  const journalDir = sender ? null : sweepJournals();
  const code = await serve(side, words, { signal: stop.signal, journalDir, becomeUser, openLog: openServerLog });
  await ended;
  return code;
}

function complain(data: ErrorData, err: (text: string) => void): void {
  err(`driftline: ${data.message}`);
  if (data.hint !== undefined) err(`  ${data.hint}`);
}

/** What `--help`, `--version` and the help of `--info` and `--debug` print. */
async function information(about: RsyncCommand['mode']): Promise<string> {
  if (about === 'help') return (await import('../../engine/options/help.ts')).optionsHelp();
  if (about === 'info-help' || about === 'debug-help') {
    const { levelsHelp } = await import('../../engine/options/info-words.ts');
    return levelsHelp(about === 'info-help' ? 'info' : 'debug');
  }
  const { versionJson, versionText } = await import('./version-text.ts');
  return about === 'version-json' ? versionJson() : versionText();
}

/** Whether names may be shown as UTF-8, by the locale's variables (setlocale(3)). */
function terminalReadsUtf8(): boolean {
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || 'UTF-8');
}
