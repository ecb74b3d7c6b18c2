import { fail } from '../../../shared/errors.ts';
import { checksumLength } from '../checksum/strong.ts';
import { MAX_BLOCK_LENGTH, OLD_MAX_BLOCK_LENGTH } from '../delta/sum-head.ts';
import { movesContent, type TransferOptions, writesBatch } from '../options/transfer-options.ts';
import type { FlistLayout } from '../flist/entry.ts';
import { Compat, ItemFlag, PROTOCOL_MAX, PROTOCOL_MIN } from '../wire/constants.ts';
import { type Dialect, dialectOf } from '../wire/dialect.ts';
import type { PeerInput } from '../wire/peer-input.ts';
import type { PeerOutput } from '../wire/peer-output.ts';
import { allowsIncRecurse } from './server-args.ts';
import { agreeOnAlgorithms, type Algorithms, loadAlgorithms, loadLikelyAlgorithms } from './algorithms.ts';

/** What two peers agreed on before the first list (reference §2). */
export interface Agreement extends Algorithms {
  protocol: number;
  /** What that version has. */
  dialect: Dialect;
  /** Compat flags as the server sent them, 0 where there are none (§2.2). */
  compat: number;
  incRecurse: boolean;
  varintFlags: boolean;
  safeFlist: boolean;
  id0Names: boolean;
  seedFirst: boolean;
  /** A file of the partial folder that serves as the basis is updated in place (§7.8). */
  inplacePartial: boolean;
  /** Items of hard links and the like ask for no attribute values (§6.10). */
  xattrOptim: boolean;
  /** With `--iconv`: what links lead to is converted as well. */
  convertsLinks: boolean;
  /** Signed 32-bit checksum seed; a client has it from {@link receiveSeed} on. */
  seed: number;
}

/**
 * Client's half of the handshake, but for the server's last word, the seed: {@link receiveSeed} must follow. Over a
 * remote shell it writes first, so that servers which wait for us are served.
 * @param greeted the version a daemon's greeting agreed on, which then is not asked for again
 */
export async function negotiateAsClient(
  input: PeerInput,
  output: PeerOutput,
  options: TransferOptions,
  mayIncRecurse: boolean,
  greeted?: number,
): Promise<Agreement> {
  if (greeted === undefined) {
    output.data.i32(options.protocol);
    output.flush();
  }
  // Nothing waits for it; a failure shows where it is needed.
  loadLikelyAlgorithms(options).catch(() => {});
  const theirs = checkVersion(greeted ?? (await input.parse((r) => r.i32())));
  const dialect = settled(Math.min(options.protocol, theirs), input, output, options);
  const compat = dialect.compatFlags ? await input.parse((r) => r.varint()) : 0;
  if (compat & Compat.INC_RECURSE && !mayIncRecurse) {
    throw fail('protocol', 'inc-recurse-forced', 'The server wants incremental recursion, which was not offered', {
      exitCode: 2,
    });
  }
  const terms = { dialect, compat, isServer: false };
  const algorithms = await agreeOnAlgorithms(input, output, options, terms, namesFor(options, dialect));
  // Sums in the list are all that is needed so soon.
  if (options.checksum) await loadAlgorithms(algorithms, null);
  const convertsLinks = options.iconv !== null && (compat & Compat.SYMLINK_ICONV) !== 0;
  return { ...agreement(dialect, compat, algorithms, 0), convertsLinks };
}

/**
 * The end of the client's half. A server of 3.2 and later sends the seed in answer to our choice of algorithms, which is
 * a round trip; only sums of blocks (and of files, where md4 is all that is known) need it, so that rules and lists can
 * go out before.
 */
export async function receiveSeed(input: PeerInput, agreed: Agreement): Promise<void> {
  agreed.seed = await input.parse((r) => r.i32());
  await loadAlgorithms(agreed, agreed.seed);
}

/**
 * What the header of a batch file says behind its protocol version. Algorithms are those that every version has, or the
 * command line's (reference §8.1).
 * @throws protocol for a version that is not known, usage for a file that the options do not allow
 */
export async function readAgreement(
  input: PeerInput,
  output: PeerOutput,
  options: TransferOptions,
  protocol: number,
): Promise<Agreement> {
  if (protocol > options.protocol || protocol < PROTOCOL_MIN) {
    const [how, limit] = protocol < PROTOCOL_MIN ? ['old', `< ${PROTOCOL_MIN}`] : ['new', `> ${options.protocol}`];
    const message = `The protocol version in the batch file is too ${how} (${protocol} ${limit}).`;
    throw fail('protocol', 'bad-batch', message, { exitCode: 2 });
  }
  const dialect = settled(protocol, input, output, options);
  const compat = dialect.compatFlags ? await input.parse((r) => r.varint()) : 0;
  if (compat & Compat.INC_RECURSE && !allowsIncRecurse(options, true)) {
    throw fail('usage', 'conflict', 'Incompatible options specified for inc-recursive batch file.');
  }
  const algorithms = await agreeOnAlgorithms(input, output, options, { dialect, compat: 0, isServer: false });
  const seed = await input.parse((r) => r.i32());
  await loadAlgorithms(algorithms, seed);
  const convertsLinks = options.iconv !== null && (compat & Compat.SYMLINK_ICONV) !== 0;
  return { ...agreement(dialect, compat, algorithms, seed), convertsLinks };
}

/**
 * Server's half. `capabilities` are the letters of the client's `-e.` string (reference §1.3).
 * @param mayIncRecurse whether this side allows incremental recursion for this transfer
 */
export async function negotiateAsServer(
  input: PeerInput,
  output: PeerOutput,
  options: TransferOptions,
  capabilities: string,
  mayIncRecurse: boolean,
): Promise<Agreement> {
  output.data.i32(options.protocol);
  output.flush();
  const theirs = checkVersion(await input.parse((r) => r.i32()));
  const dialect = settled(Math.min(options.protocol, theirs), input, output, options);
  const has = (letter: string) => capabilities.includes(letter);
  const offered =
    (has('i') && mayIncRecurse ? Compat.INC_RECURSE : 0) |
    Compat.SYMLINK_TIMES |
    Compat.SYMLINK_ICONV |
    (has('f') ? Compat.SAFE_FLIST : 0) |
    (has('x') ? Compat.AVOID_XATTR_OPTIM : 0) |
    (has('C') ? Compat.CHECKSUM_SEED_FIX : 0) |
    (has('I') ? Compat.INPLACE_PARTIAL_DIR : 0) |
    (has('v') ? Compat.VARINT_FLIST_FLAGS : 0) |
    (has('u') ? Compat.ID0_NAMES : 0);
  const compat = dialect.compatFlags ? offered : 0;
  if (dialect.compatFlags) output.data.varint(compat);
  const algorithms = await agreeOnAlgorithms(input, output, options, { dialect, compat, isServer: true });
  const seed = options.checksumSeed !== 0 ? options.checksumSeed | 0 : (Date.now() / 1000) ^ (process.pid << 6);
  output.data.i32(seed);
  output.flush();
  await loadAlgorithms(algorithms, seed);
  const convertsLinks = options.iconv !== null && has('s');
  return { ...agreement(dialect, compat, algorithms, seed), convertsLinks };
}

/** Whether a list of attribute values, maybe empty, is part of an item with these flags (§6.10). */
export function asksForXattrs(agreed: Agreement, options: TransferOptions, iflags: number): boolean {
  if (options.xattrs === 0 || !(iflags & ItemFlag.REPORT_XATTR) || !movesContent(options)) return false;
  const local = ItemFlag.XNAME_FOLLOWS | ItemFlag.LOCAL_CHANGE;
  return !agreed.xattrOptim || (iflags & local) !== local;
}

/** Whether the part that is appended to is verified as well (§7.9). */
export const verifiesPrefix = ({ append }: TransferOptions, { dialect }: Agreement): boolean =>
  append === 'verify' || !dialect.blindAppend;

/** Batch files name no algorithms, so that a writer agrees only on those that readers take for granted (§8.1). */
const namesFor = (options: TransferOptions, dialect: Dialect): NodeJS.ProcessEnv =>
  writesBatch(options)
    ? { RSYNC_CHECKSUM_LIST: dialect.md5 ? 'md5' : 'md4', RSYNC_COMPRESS_LIST: 'zlib' }
    : process.env;

/** What a sum head may hold on this connection (§7.5). */
export const sumBounds = ({ transferSum, dialect }: Agreement): { checksumLength: number; maxBlock: number } => ({
  checksumLength: checksumLength(transferSum),
  maxBlock: dialect.shortBlocks ? MAX_BLOCK_LENGTH : OLD_MAX_BLOCK_LENGTH,
});

/**
 * Whether the client's bytes are framed: of old only what tells a sender that files have arrived (§2.6).
 * @param serverSends whether the server is the sender (a pull)
 */
export const framesClient = (agreed: Agreement, options: TransferOptions, serverSends: boolean): boolean =>
  agreed.dialect.clientFrames || (serverSends && options.removeSourceFiles);

/** What an entry looks like on this connection (reference §6.4). */
export function flistLayout(agreed: Agreement, options: TransferOptions): FlistLayout {
  return {
    protocol: agreed.protocol,
    incRecurse: agreed.incRecurse,
    varintFlags: agreed.varintFlags,
    safeFlist: agreed.safeFlist,
    id0Names: agreed.id0Names,
    links: options.links,
    devices: options.devices,
    specials: options.specials,
    owner: options.owner,
    group: options.group,
    numericIds: options.numericIds,
    sumLength: options.checksum ? checksumLength(agreed.listSum) : 0,
    atimes: options.atimes > 0,
    crtimes: options.crtimes,
    hardLinks: options.hardLinks,
    acls: options.acls,
    xattrs: options.xattrs > 0,
    missing: options.missingArgs === 'delete',
    relative: options.relative,
    recursive: options.recursive,
  };
}

/** The version is agreed on. @throws usage for options it has no way to carry */
function settled(protocol: number, input: PeerInput, output: PeerOutput, options: TransferOptions): Dialect {
  const dialect = dialectOf(protocol);
  const needs30 = [
    options.acls && '--acls',
    options.xattrs > 0 && '--xattrs',
    // Without their parents in the list, files would lie in folders that nobody made.
    options.relative && !options.impliedDirs && '--no-implied-dirs',
  ];
  const { altDest } = options;
  const needs29 = [
    options.fuzzy > 0 && '--fuzzy',
    options.pruneEmptyDirs && '--prune-empty-dirs',
    altDest !== null && altDest.paths.length > 1 && `Using more than one --${altDest.kind}-dest option`,
    altDest !== null && options.inplace && `--${altDest.kind}-dest with --inplace`,
  ];
  const needs28 = [options.atimes > 0 && '--atimes'];
  const tooModern = (has: boolean, since: number, needs: readonly (string | false)[]): void => {
    const option = has ? undefined : needs.find((text) => text !== false);
    if (option !== undefined) throw tooNew(option, since, protocol);
  };
  tooModern(dialect.attributes, 30, needs30);
  tooModern(dialect.moreBases, 29, needs29);
  tooModern(dialect.wideFlags, 28, needs28);
  input.speak(dialect);
  output.speak(dialect);
  return dialect;
}

function tooNew(option: string | false, since: number, protocol: number): Error {
  return fail('usage', 'needs-protocol', `${option} requires protocol ${since} or higher (negotiated ${protocol}).`, {
    exitCode: 2,
    hint: 'Leave the option out, or install rsync 3.0 or later on the other side.',
  });
}

function agreement(
  dialect: Dialect,
  compat: number,
  algorithms: Algorithms,
  seed: number,
): Omit<Agreement, 'convertsLinks'> {
  return {
    protocol: dialect.protocol,
    dialect,
    compat,
    incRecurse: (compat & Compat.INC_RECURSE) !== 0,
    varintFlags: (compat & Compat.VARINT_FLIST_FLAGS) !== 0,
    safeFlist: (compat & Compat.SAFE_FLIST) !== 0 || dialect.safeLists,
    id0Names: (compat & Compat.ID0_NAMES) !== 0,
    seedFirst: (compat & Compat.CHECKSUM_SEED_FIX) !== 0,
    inplacePartial: (compat & Compat.INPLACE_PARTIAL_DIR) !== 0,
    xattrOptim: dialect.xattrOptim && (compat & Compat.AVOID_XATTR_OPTIM) === 0,
    seed,
    ...algorithms,
  };
}

function checkVersion(version: number): number {
  if (version < 20 || version > 40) {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(version);
    throw fail('protocol', 'bad-greeting', 'The server did not answer as rsync does', {
      exitCode: 2,
      hint: `Its first bytes were "${bytes.toString('latin1').replace(/[^ -~]/g, '.')}". A login script that prints text is the usual cause: check that \`ssh HOST true\` prints nothing.`,
    });
  }
  if (version < PROTOCOL_MIN) {
    throw fail('protocol', 'too-old', `The server speaks protocol ${version}; ${PROTOCOL_MIN} or later is needed`, {
      exitCode: 2,
      hint: 'Install a newer rsync on the server.',
    });
  }
  return Math.min(version, PROTOCOL_MAX);
}
