import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import { fail } from '../../../shared/errors.ts';
import { parseLocation } from '../../../shared/rsync-location.ts';
import {
  parseClientWords,
  type ParsedWords,
  parseServerWords,
  serverWords,
  type ServerRequest,
} from '../../engine/options/parse.ts';
import type { ReadListFile } from '../../engine/options/option-row.ts';
import { readNamed, type Trust } from '../../engine/fs/named-path.ts';
import { readsBatch, type TransferOptions } from '../../engine/options/transfer-options.ts';
import { checkDaemonOptions, type Endpoints, resolveEndpoints } from './endpoints.ts';

export type RsyncCommand =
  | {
      mode: 'client';
      options: TransferOptions;
      /** What the peer is told where that differs: of a local copy `options` are the receiving half's. */
      peerOptions?: TransferOptions;
      sources: ByteString[];
      /** Null: the sources are listed, and `options.listOnly` is set. */
      dest: ByteString | null;
      endpoints: Endpoints;
    }
  | ServerRequest
  | { mode: Exclude<ParsedWords['request'], null> };

/** Longest rule file read, in bytes. */
const MAX_RULE_FILE = 16 * 1024 * 1024;

/** Reads a rule file as bytes; `-` is standard input. */
function readRuleFile(path: ByteString, trust: Trust): ByteString {
  try {
    const content = readNamed(path, trust);
    if (content.length > MAX_RULE_FILE) throw new Error('the file is too large for a rule file');
    return content.toString('latin1');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw fail(
      'fs',
      'rule-file',
      `Cannot read the rule file ${displayPath(bytesToText(path))}: ${displayPath(reason)}`,
      {
        path: bytesToText(path),
        cause: error,
      },
    );
  }
}

/**
 * Parses the words of `driftline rsync …`, which are rsync's.
 * @param argv bytes of each word, without the program's name and `rsync`
 * @param env RSYNC_RSH names the remote shell where `-e` does not; the others of rsync as in rsync
 * @throws usage (exit 1, or 4 for a server request with an option we do not have), fs `rule-file` (exit 11)
 */
export function parseRsyncArgs(
  argv: readonly ByteString[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): RsyncCommand {
  const server = serverWords(argv);
  if (server !== null) return parseServerWords(server);
  // `-h` means human-readable numbers, except on its own.
  if (argv.length === 1 && argv[0] === '-h') return { mode: 'help' };
  const readOnce = onceEach(readRuleFile);
  const { options, args, request } = parseClientWords(argv, readOnce, env);
  if (request !== null) return { mode: request };
  if (args.length === 0) {
    throw fail('usage', 'missing-source', 'No source was named', {
      hint: 'Usage: driftline rsync [OPTION]... SRC [SRC]... DEST; --help lists the options.',
    });
  }
  if (readsBatch(options)) return replayCommand(args, options);
  const dest = args.length > 1 ? args.pop()! : null;
  checkEmpty(args, dest, options);
  const endpoints = resolveEndpoints(args, dest);
  const listing = dest === null ? { listOnly: true, dirs: options.dirs || !options.recursive } : {};
  // For a daemon the variable means nothing: only an explicit -e starts one by a remote shell.
  const daemon = endpoints.direction !== 'local' && endpoints.daemon !== undefined;
  const rsh = options.rsh ?? (daemon ? null : env.RSYNC_RSH || null);
  if (!daemon) checkDaemonOptions(options);
  checkListHost(options, endpoints);
  const local = endpoints.direction === 'local';
  const forClient = (parsed: TransferOptions): TransferOptions => {
    const iconv = local ? swappedCharsets(parsed.iconv) : parsed.iconv;
    return Object.freeze({ ...parsed, ...listing, rsh, iconv });
  };
  const command = { mode: 'client' as const, sources: args, dest, endpoints };
  if (!local) return { ...command, options: forClient(options) };
  // No command line leads to the other half, and the receiving one counts as remote.
  const peerOptions = forClient({ ...options, secludedArgs: false, remoteOptions: [] });
  if (options.remoteOptions.length === 0) return { ...command, options: peerOptions };
  const receiving = parseClientWords(argv, readOnce, env, options.remoteOptions).options;
  return { ...command, options: forClient({ ...receiving, secludedArgs: false, remoteOptions: [] }), peerOptions };
}

/** A batch file stands for every source. */
function replayCommand(args: readonly ByteString[], options: TransferOptions): RsyncCommand {
  const [path] = args;
  if (path === undefined || args.length > 1)
    throw fail('usage', 'too-many-paths', '--read-batch takes one path, the destination');
  if (parseLocation(path).kind !== 'local')
    throw fail('usage', 'both-remote', 'remote destination is not allowed with --read-batch');
  const dest = path || '.';
  return { mode: 'client', options, sources: [], dest, endpoints: { direction: 'local', paths: [], dest } };
}

/** Of a local pair the receiving half is ours, for which `--iconv` names the charset behind the comma. */
function swappedCharsets(iconv: ByteString | null): ByteString | null {
  const comma = iconv?.indexOf(',') ?? -1;
  return iconv === null || comma < 0 ? iconv : `${iconv.slice(comma + 1)},${iconv.slice(0, comma)}`;
}

/** Reads each rule file once: standard input has nothing to say a second time. */
function onceEach(read: ReadListFile): ReadListFile {
  const known = new Map<ByteString, ByteString>();
  return (path, how) => {
    const text = known.get(path) ?? read(path, how);
    known.set(path, text);
    return text;
  };
}

/** @throws usage for an empty local path; older versions took a destination's for `.` */
function checkEmpty(sources: readonly ByteString[], dest: ByteString | null, { oldArgs }: TransferOptions): void {
  if (sources.includes(''))
    throw fail('usage', 'empty-path', 'Empty source arg specified.', { hint: 'Use “.” for the current folder.' });
  if (dest === '' && oldArgs === 0)
    throw fail('usage', 'empty-path', 'Empty destination arg specified.', { hint: 'Use “.”, or see --old-args.' });
}

/** A list of names on the remote side is on the machine of the transfer. */
function checkListHost({ filesFrom }: TransferOptions, endpoints: Endpoints): void {
  if (filesFrom?.at !== 'remote') return;
  if (endpoints.direction === 'local') {
    throw fail('usage', 'files-from', '--files-from cannot be remote when the transfer is local');
  }
  if (filesFrom.host !== null && filesFrom.host !== endpoints.host) {
    throw fail('usage', 'files-from', '--files-from hostname is not the same as the transfer hostname');
  }
}
