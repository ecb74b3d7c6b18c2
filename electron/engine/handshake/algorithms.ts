import { fail } from '../../../shared/errors.ts';
import { loadChecksums, SUPPORTED_CHECKSUMS, type ChecksumName } from '../checksum/strong.ts';
import { type Compression, compressionAt, type CompressionName, SUPPORTED_COMPRESSIONS } from '../compress/method.ts';
import { loadZstd } from '../compress/zstd.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import { Compat, Limit } from '../wire/constants.ts';
import type { Dialect } from '../wire/dialect.ts';
import type { PeerInput } from '../wire/peer-input.ts';
import type { PeerOutput } from '../wire/peer-output.ts';
import { firstCommon, knownName, listText, type NameKind, offeredNames, readNames } from './name-lists.ts';

/** The algorithms of one connection. */
export interface Algorithms {
  /** Block and whole-file sums. */
  transferSum: ChecksumName;
  /** `--checksum` sums in the file list. */
  listSum: ChecksumName;
  /** Whether the transfer's seed goes before a file's content: md4 where nothing else is known (§7.6). */
  seedsFiles: boolean;
  /** How file data is compressed, or null. */
  compression: Compression | null;
}

/** What decides how algorithms are agreed on. */
export interface AlgorithmTerms {
  dialect: Pick<Dialect, 'md5'>;
  /** Compat flags of the connection, 0 where there are none. */
  compat: number;
  isServer: boolean;
}

const CHECKSUMS: NameKind<ChecksumName> = {
  kind: 'checksum',
  supported: SUPPORTED_CHECKSUMS,
  aliases: { xxhash: 'xxh64' },
  variable: 'RSYNC_CHECKSUM_LIST',
};
const COMPRESSIONS: NameKind<CompressionName> = {
  kind: 'compress',
  supported: SUPPORTED_COMPRESSIONS,
  aliases: {},
  variable: 'RSYNC_COMPRESS_LIST',
};

/** What peers use that cannot negotiate, and what `auto` means beside an explicit name. */
const oldChecksum = ({ md5 }: Pick<Dialect, 'md5'>): ChecksumName => (md5 ? 'md5' : 'md4');
const OLD_COMPRESSION = 'zlib';

/**
 * Checksums and compression: explicit choices, which both sides know from the options, else one exchange of lists for
 * each (reference §2.3). {@link loadAlgorithms} must follow.
 */
export async function agreeOnAlgorithms(
  input: PeerInput,
  output: PeerOutput,
  options: TransferOptions,
  { dialect, compat, isServer }: AlgorithmTerms,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Algorithms> {
  const ofOld = oldChecksum(dialect);
  const negotiates = (compat & Compat.VARINT_FLIST_FLAGS) !== 0;
  const kinds: NameKind<string>[] = [];
  if (negotiates && options.checksumChoice === null) kinds.push(CHECKSUMS);
  if (negotiates && wantedCompression(options) === 'auto') kinds.push(COMPRESSIONS);
  const chosen = await (isServer ? answerLists : pickFromLists)(input, output, kinds, environment);

  const [transferSum, listSum] =
    options.checksumChoice !== null
      ? explicitSums(options.checksumChoice, ofOld, isServer, environment)
      : twice((chosen.get('checksum') ?? ofOld) as ChecksumName);
  const isGiven = options.checksumChoice !== null && options.checksumChoice.split(',')[0] !== 'auto';
  if (options.checksum && listSum === 'none') {
    throw fail('usage', 'checksum-choice', `Invalid checksum-choice for --checksum: ${listSum}`, { exitCode: 4 });
  }
  const seedsFiles = !dialect.md5 && !isGiven;
  return {
    transferSum,
    listSum,
    seedsFiles,
    compression: compressionOf(options, chosen.get('compress'), isServer, environment),
  };
}

/**
 * Loads what they need, so that everything that follows can be synchronous.
 * @param seed the transfer's; while it is null, only files can be summed, not blocks
 */
export async function loadAlgorithms(
  { transferSum, listSum, compression }: Algorithms,
  seed: number | null,
): Promise<void> {
  await loadChecksums([transferSum, listSum], seed);
  if (compression?.name === 'zstd') await loadZstd();
}

/** Loads what will probably be agreed on: for the time in which the other side starts. */
export async function loadLikelyAlgorithms({ checksumChoice }: TransferOptions): Promise<void> {
  if (checksumChoice === null) await loadChecksums(SUPPORTED_CHECKSUMS.slice(0, 1), null);
}

/**
 * A server sends its lists before it reads the client's, and takes the first of the client's that it has: what rsync up
 * to 3.4 does on both sides, and what a client of 3.5 arrives at.
 */
async function answerLists(
  input: PeerInput,
  output: PeerOutput,
  kinds: readonly NameKind<string>[],
  environment: NodeJS.ProcessEnv,
): Promise<Map<string, string>> {
  const ours = kinds.map((kind) => offeredNames(kind, true, environment));
  for (const names of ours) output.data.vstring(listText(names));
  output.flush();
  const chosen = new Map<string, string>();
  for (const [at, kind] of kinds.entries()) {
    const text = await input.parse((r) => r.vstring(Limit.NEGOTIATION));
    const server = ours[at]!;
    chosen.set(
      kind.kind,
      firstCommon(kind, { text, names: readNames(kind, text) }, { text: listText(server), names: server }),
    );
  }
  return chosen;
}

/**
 * A client reads the server's lists first, which are under way already, and answers each with the one name it wants:
 * rsync 3.5 picks by its own order, earlier ones by the client's, and neither can then be of another opinion.
 */
async function pickFromLists(
  input: PeerInput,
  output: PeerOutput,
  kinds: readonly NameKind<string>[],
  environment: NodeJS.ProcessEnv,
): Promise<Map<string, string>> {
  const chosen = new Map<string, string>();
  for (const kind of kinds) {
    const text = await input.parse((r) => r.vstring(Limit.NEGOTIATION));
    const names = offeredNames(kind, false, environment);
    chosen.set(kind.kind, firstCommon(kind, { text: listText(names), names }, { text, names: readNames(kind, text) }));
  }
  for (const name of chosen.values()) output.data.vstring(name);
  output.flush();
  return chosen;
}

/** `--checksum-choice=A[,B]`: for the transfer and for `--checksum`. */
function explicitSums(
  choice: string,
  ofOld: ChecksumName,
  isServer: boolean,
  environment: NodeJS.ProcessEnv,
): readonly [ChecksumName, ChecksumName] {
  const [first, second] = choice.split(',').map((text) => {
    const name = text === 'auto' ? ofOld : knownName(CHECKSUMS, text);
    if (name === null) throw fail('usage', 'checksum-choice', `unknown checksum name: ${text}`, { exitCode: 4 });
    if (isServer && text !== 'auto') refuseUnlisted(CHECKSUMS, name, '--checksum-choice', environment);
    return name;
  });
  return [first!, second ?? first!];
}

function wantedCompression({ compress, compressLevel }: TransferOptions): TransferOptions['compress'] {
  return compress ?? (compressLevel !== null ? 'auto' : null);
}

function compressionOf(
  options: TransferOptions,
  negotiated: string | undefined,
  isServer: boolean,
  environment: NodeJS.ProcessEnv,
): Compression | null {
  const compress = wantedCompression(options);
  if (compress === null || negotiated === 'none') return null;
  const name = compress === 'auto' ? ((negotiated ?? OLD_COMPRESSION) as CompressionName) : compress;
  const compression = compressionAt(name, options.compressLevel);
  if (compression !== null && compress !== 'auto' && isServer) {
    refuseUnlisted(COMPRESSIONS, name, '--compress-choice', environment);
  }
  return compression;
}

/** A server whose administrator restricts the names refuses others also where they are chosen explicitly. */
function refuseUnlisted<Name extends string>(
  kind: NameKind<Name>,
  name: Name | 'none',
  option: string,
  environment: NodeJS.ProcessEnv,
): void {
  if (offeredNames(kind, true, environment)?.includes(name) === true) return;
  throw fail('usage', 'choice-refused', `Your ${option} value (${name}) was refused by the server.`, { exitCode: 4 });
}

const twice = <T>(value: T): readonly [T, T] => [value, value];
