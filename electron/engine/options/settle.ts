import { fail } from '../../../shared/errors.ts';
import { applyRule, parseFilterRule, parseOldRule } from '../filter/parse.ts';
import { canHold } from '../fs/dir-handles.ts';
import { hasXattrs } from '../fs/xattr.ts';
import { settleCompression } from './compress-options.ts';
import { formatHas } from './format-escapes.ts';
import type { OptionState } from './option-row.ts';
import { maxAlloc } from './table-wire.ts';
import type { TransferOptions } from './transfer-options.ts';
import { charsetOf } from '../wire/charset.ts';

/** Where `--delay-updates` keeps what is to be put in place, unless told otherwise. */
export const DELAY_FOLDER = '.~tmp~';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Settles what depends on several options together.
 * @throws usage, in rsync's words
 */
export function settle(state: OptionState, env: Environment): TransferOptions {
  const { options } = state;
  if (state.deleteTimings.size > 1) {
    throw fail('usage', 'delete-timing', 'You may not combine multiple --delete-WHEN options.');
  }
  settleScope(state);
  if (options.deleteMode !== 'none' && !options.recursive && !options.dirs) {
    throw fail('usage', 'delete-scope', '--delete does not work without --recursive (-r) or --dirs (-d).');
  }
  settleBackup(state);
  settleAttributes(state);
  settlePaths(state);
  settleWriting(state, env);
  settleOutput(state);
  settleBatch(state);
  settleCompression(state);
  settleArguments(state, env);
  settleCharset(state);
  if (options.maxAlloc === null && env.RSYNC_MAX_ALLOC) options.maxAlloc = maxAlloc(env.RSYNC_MAX_ALLOC);
  const [alternate] = state.altDest;
  if (alternate !== undefined) {
    options.altDest = Object.freeze({
      kind: alternate.kind,
      paths: Object.freeze(state.altDest.map((each) => each.path)),
    });
  }
  options.filters = Object.freeze([...state.filters]);
  return Object.freeze(options);
}

/** `-r`, `-d` and `-R`, and what `--files-from` and listings make of them. */
function settleScope(state: OptionState): void {
  const { options, recursion, dirs } = state;
  const list = options.filesFrom !== null;
  options.relative = state.relative ?? list;
  options.recursive = recursion === 'on' || (recursion === 'archive' && !list);
  if (dirs === 'old') {
    options.recursive = true;
    if (!state.server) applyRule(state.filters, parseOldRule('/*/*', false));
  }
  options.dirs = dirs === 'on' || (dirs === 'unset' && !options.recursive && (options.listOnly || list));
}

/** Where paths are followed as ever, nothing can tell where they lead. */
function settlePaths({ options }: OptionState): void {
  if (options.confineRoot === null) return;
  if (options.insecureLinks) throw fail('usage', 'conflict', '--insecure-links cannot be combined with --confine-root');
  if (!canHold()) throw fail('usage', 'not-supported', '--confine-root works on Linux with /proc only');
}

/** ACLs and attributes need system calls that are not everywhere. */
function settleAttributes({ options, server }: OptionState): void {
  const { fakeSuper, xattrs, acls } = options;
  if (fakeSuper && xattrs > 1) throw fail('usage', 'conflict', '--fake-super conflicts with -XX');
  if (!(fakeSuper || xattrs > 0 || acls) || hasXattrs()) return;
  const what = acls ? 'ACLs are' : xattrs > 0 ? 'extended attributes are' : '--fake-super is';
  throw fail('usage', 'not-supported', `${what} not supported on this ${server ? 'server' : 'client'}`, {
    hint: 'They need Linux and the optional package koffi.',
  });
}

function settleBackup({ options, filters, server }: OptionState): void {
  if (options.backupDir !== null) {
    options.backup = true;
    const same = options.backupDir === '' || options.backupDir === '.';
    if (same && (options.suffix ?? '') === '') {
      throw fail('usage', 'conflict', '--suffix cannot be empty when --backup-dir is the same as the dest dir');
    }
    if (options.suffix === '') options.suffix = null;
    if (!same) return;
    options.backupDir = null;
  }
  if (options.suffix === '') throw fail('usage', 'conflict', '--suffix cannot be empty without a --backup-dir');
  if (options.suffix === '~') options.suffix = null;
  if (!options.backup) return;
  // Backups beside the files would change the times of their folders over and over.
  options.omitDirTimes = true;
  if (!server && options.deleteMode !== 'none' && !options.deleteExcluded) {
    applyRule(filters, parseFilterRule(`P *${options.suffix ?? '~'}`));
  }
}

/** How files are written: in place, with partial folders, delayed. */
function settleWriting({ options, filters, server }: OptionState, env: Environment): void {
  const appending = options.append !== 'off';
  // Without sums there is nothing to make a delta with.
  const whole = options.wholeFile === true || options.checksumChoice?.split(',')[0] === 'none';
  if (appending && whole) {
    throw fail('usage', 'conflict', '--append cannot be used with --whole-file');
  }
  if (appending || options.writeDevices) options.inplace = true;
  if (options.inplace) {
    const which = appending ? 'append' : 'inplace';
    const other = options.delayUpdates ? 'delay-updates' : options.partialDir !== null ? 'partial-dir' : null;
    if (other !== null) throw fail('usage', 'conflict', `--${which} cannot be used with --${other}`);
    options.partial = false;
    return;
  }
  if (options.delayUpdates) options.partialDir ??= DELAY_FOLDER;
  else if (options.partial && !server && env.RSYNC_PARTIAL_DIR) {
    const folder = env.RSYNC_PARTIAL_DIR.replace(/(?<=.)\/+$/, '');
    if (options.partialDir === null && folder !== '.') options.partialDir = Buffer.from(folder).toString('latin1');
  }
  if (options.partialDir !== null) {
    options.partial = true;
    // Neither sent nor deleted, but no reason to keep a folder.
    if (!server && !options.partialDir.startsWith('/')) {
      applyRule(filters, parseFilterRule(`-p ${options.partialDir}/`));
    }
  }
}

/** A run that changes nothing writes no batch; a server is only told that its files are not to change. */
function settleBatch({ options, server }: OptionState): void {
  const { batch, filesFrom, removeSourceFiles, dryRun } = options;
  if (batch === null) return;
  if (batch.kind === 'read' && !server) {
    const other = filesFrom !== null ? 'files-from' : removeSourceFiles ? 'remove-source-files' : null;
    if (other !== null) throw fail('usage', 'conflict', `--read-batch cannot be used with --${other}`);
  } else if (dryRun || (server && batch.kind !== 'only-write')) options.batch = null;
  else if (batch.kind === 'only-write') options.dryRun = true;
}

/** How words reach the other side. The environment counts where the command line says nothing. */
function settleArguments(state: OptionState, env: Environment): void {
  const { options, server } = state;
  let { oldArgs, secludedArgs } = state;
  if (oldArgs === null && !server && secludedArgs !== true && env.RSYNC_OLD_ARGS) {
    oldArgs = leadingNumber(env.RSYNC_OLD_ARGS);
    secludedArgs = false;
  } else if (oldArgs !== null && oldArgs > 0) {
    if (secludedArgs === true) throw fail('usage', 'conflict', '--secluded-args conflicts with --old-args.');
    secludedArgs = false;
  }
  options.oldArgs = Math.min(oldArgs ?? 0, 2);
  options.secludedArgs = secludedArgs ?? (!server && leadingNumber(env.RSYNC_PROTECT_ARGS ?? '') !== 0);
  options.remoteOptions = Object.freeze([...state.remoteOptions]);
}

/** A charset that is not known stops everything before it starts. */
function settleCharset({ options, server }: OptionState): void {
  if (!server && options.iconv === '-') options.iconv = null;
  if (options.iconv !== null) charsetOf(options.iconv, server);
}

/** As C's atoi reads it: what is no number is 0. */
const leadingNumber = (text: string): number => Number(/^\s*[+-]?\d+/.exec(text)?.[0] ?? 0);

/** Formats without `%i` leave items out whatever `-i` says; `--out-format` with it includes them. */
function settleOutput({ options, server }: OptionState): void {
  if (server || options.outFormat === null) return;
  options.itemize = formatHas(options.outFormat, 'i') ? Math.max(1, options.itemize) : 0;
}
