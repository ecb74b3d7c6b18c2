import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import { fail } from '../../../shared/errors.ts';
import {
  parseClientWords,
  type ParsedWords,
  parseServerWords,
  type ServerRequest,
} from '../../engine/options/parse.ts';
import { readNamed, type Trust } from '../../engine/fs/named-path.ts';
import type { TransferOptions } from '../../engine/options/transfer-options.ts';
import { checkDaemonOptions, type Endpoints, resolveEndpoints } from './endpoints.ts';

export type RsyncCommand =
  | {
      mode: 'client';
      options: TransferOptions;
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
 * @param env RSYNC_RSH names the remote shell where `-e` does not; RSYNC_PARTIAL_DIR and RSYNC_MAX_ALLOC as in rsync
 * @throws usage (exit 1, or 4 for a server request with an option we do not have), fs `rule-file` (exit 11)
 */
export function parseRsyncArgs(
  argv: readonly ByteString[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): RsyncCommand {
  if (argv[0] === '--server') return parseServerWords(argv);
  // `-h` means human-readable numbers, except on its own.
  if (argv.length === 1 && argv[0] === '-h') return { mode: 'help' };
  const { options, args, request } = parseClientWords(argv, readRuleFile, env);
  if (request !== null) return { mode: request };
  if (args.length === 0) {
    throw fail('usage', 'missing-source', 'No source was named', {
      hint: 'Usage: driftline rsync [OPTION]... SRC [SRC]... DEST; --help lists the options.',
    });
  }
  const dest = args.length > 1 ? args.pop()! : null;
  const endpoints = resolveEndpoints(args, dest);
  const listing = dest === null ? { listOnly: true, dirs: options.dirs || !options.recursive } : {};
  // For a daemon the variable means nothing: only an explicit -e starts one by a remote shell.
  const daemon = endpoints.direction !== 'local' && endpoints.daemon !== undefined;
  const rsh = options.rsh ?? (daemon ? null : env.RSYNC_RSH || null);
  if (!daemon) checkDaemonOptions(options);
  checkListHost(options, endpoints);
  return { mode: 'client', options: Object.freeze({ ...options, ...listing, rsh }), sources: args, dest, endpoints };
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
