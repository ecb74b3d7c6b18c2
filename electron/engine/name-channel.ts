import { fail } from '../../shared/errors.ts';
import { bytesToText, displayPath, type ByteString } from '../../shared/model/path.ts';
import type { Connection } from './connection.ts';
import { readNamed } from './fs/named-path.ts';
import { listedArgument, MAX_NAME_BYTES, namesOf, readNameList } from './flist/files-from.ts';
import type { SourceFs } from './fs/fs.ts';
import { framesClient } from './handshake/negotiate.ts';
import type { TransferOptions } from './options/transfer-options.ts';
import type { Charset } from './wire/charset.ts';
import { isDir, Limit } from './wire/constants.ts';

/** Whether the names of a list travel without frames on this connection (reference §5.5). */
export const namesAreRaw = (conn: Connection): boolean => !conn.agreed.dialect.framedNames;

/**
 * Sends the names of a list to the side that looks for the files, which answers while they are still coming: whoever
 * calls this reads at the same time. Nothing else may be written until it is done.
 */
export async function sendNames(conn: Connection, names: readonly ByteString[]): Promise<void> {
  const { output } = conn;
  const frames = conn.isServer || framesClient(conn.agreed, conn.options, true);
  if (namesAreRaw(conn)) output.stopMux();
  const charset = namesCharset(conn);
  for (const name of names) {
    output.data.string(charset === null ? name : charset.textToWire(name));
    output.data.u8(0);
    if (output.congested) await conn.drained();
  }
  output.data.u8(0);
  if (frames) output.startMux();
  output.flush();
}

/** As in rsync, listed names are converted where arguments are. */
const namesCharset = ({ options, charset }: Connection): Charset | null => (options.secludedArgs ? charset : null);

/** The names of a list that lies on the other side. */
export async function receiveNames(conn: Connection): Promise<ByteString[]> {
  const names: ByteString[] = [];
  const charset = namesCharset(conn);
  let bytes = 0;
  for (;;) {
    const name = await conn.input.parse((r) => r.untilNul(Limit.PATH));
    if (name === '') return names;
    bytes += name.length + 1;
    if (bytes > MAX_NAME_BYTES) throw fail('protocol', 'files-from', 'The peer sent too many names of files');
    names.push(charset === null ? name : charset.textFromWire(name));
  }
}

/**
 * The names of a list that lies on this side, or null. Read before anything is sent: a list that cannot be read is a
 * mistake in the command.
 * @param finds whether the files are looked for here too: then comments are no names
 */
export function ownNames(options: TransferOptions, finds: boolean): ByteString[] | null {
  const { filesFrom, from0 } = options;
  if (filesFrom?.at !== 'local') return null;
  return namesOf(
    readNameList(filesFrom.path, (path) => readNamed(path, options)),
    from0,
    finds ? 'here' : 'passed on',
  );
}

/**
 * The source arguments that listed names stand for.
 * @throws usage for more than one argument, fs exit 3 where the one is no folder
 */
export function listedArguments(
  fs: SourceFs,
  sources: readonly ByteString[],
  names: readonly ByteString[],
  { relative }: TransferOptions,
): ByteString[] {
  const [base] = sources;
  if (base === undefined || sources.length > 1) {
    throw fail('usage', 'files-from', '--files-from takes exactly one source, the folder its names are in');
  }
  if (!isDir(fs.stat(base === '' ? '.' : base)?.mode ?? 0)) {
    const path = bytesToText(base);
    throw fail('fs', 'source-folder', `${displayPath(path)} is not a folder, so no listed names can be in it`, {
      exitCode: 3,
      path,
    });
  }
  return names.map((name) => listedArgument(base, name, relative));
}
