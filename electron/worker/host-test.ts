import { type DriftlineError, fail } from '../../shared/errors.ts';
import type { FreeSpace, HostTest } from '../../shared/model/host.ts';
import { type ByteString, bytesToText, displayPath, type PathText, textToBytes } from '../../shared/model/path.ts';
import { quoteLiteralCommand } from '../engine/handshake/server-args.ts';
import { listRemoteFolders } from '../engine/mirror.ts';
import { exitError } from '../engine/transport/peer-exit.ts';
import type { SshConnection } from '../engine/transport/ssh.ts';
import type { PeerExit, Transport } from '../engine/transport/transport.ts';
import { PLAN_PROTOCOL_MIN } from '../engine/wire/constants.ts';
import type { HostLink } from './host-link.ts';
import { readRsyncVersion } from './rsync-version.ts';

const MAX_TEXT = 65536;

/**
 * What a connection test reports: the login, rsync and its version, a round trip, and free space where the server tells.
 *
 * @param paths folders on the server whose free space is asked for besides the login's own
 * @param step told `connecting`, `logged-in`, `rsync-found` as each is reached
 */
export async function testHost(
  link: HostLink,
  paths: readonly PathText[],
  step: (text: string) => void,
  signal: AbortSignal,
): Promise<HostTest> {
  step('connecting');
  const connection = await link.connect();
  step('logged-in');
  const roundTripMs = await connection.roundTripMs();
  const found = await findRsync(link, connection, signal);
  step('rsync-found');
  const path = await output(connection, `command -v ${quoteLiteralCommand(link.rsync, [])}`);
  return {
    ...found,
    rsyncPath: path !== null && /^\/[^\n]*\n$/.test(path) ? displayPath(bytesToText(path.trim())) : null,
    roundTripMs,
    space: await freeSpace(connection, paths),
    ...connection.hostKey,
    login: [...connection.login],
  };
}

async function findRsync(
  link: HostLink,
  connection: SshConnection,
  signal: AbortSignal,
): Promise<{ rsyncVersion: string | null; protocol: number }> {
  const { text, exit } = await run(connection, quoteLiteralCommand(link.rsync, ['--version']));
  const found = readRsyncVersion(text);
  if (found === null) {
    const missing = exit.code === 126 || exit.code === 127 || exit.code === null;
    if (missing) throw exitError(exit, link.rsync, connection.description)!;
    if (exit.code !== 0 && text.trim() !== '') throw refusedCommand(text, connection);
    // A server that runs one fixed command, as rrsync does, tells no version but can still speak.
    const { protocol } = await listRemoteFolders((words) => link.startRsync(words), '', { signal });
    return { rsyncVersion: null, protocol };
  }
  const { program, version, protocol, before } = found;
  if (before !== '') {
    const first = displayPath(bytesToText(before.split('\n', 1)[0]!)).slice(0, 100);
    throw fail(
      'protocol',
      'bad-greeting',
      `The shell on ${displayPath(connection.description)} prints text: “${first}”.`,
      {
        exitCode: 2,
        hint: 'Something in its login scripts (.bashrc, .profile) writes to the output, which breaks rsync. Make them silent for logins without a terminal.',
      },
    );
  }
  if (protocol < PLAN_PROTOCOL_MIN)
    throw fail(
      'protocol',
      'too-old',
      `The server’s ${program} speaks protocol ${protocol}; ${PLAN_PROTOCOL_MIN} or later is needed.`,
      {
        exitCode: 2,
        hint: 'Install a newer rsync on the server, and enter its path in the host’s settings if there are two.',
      },
    );
  return { rsyncVersion: program === 'driftline' ? `driftline ${version ?? ''}`.trim() : version, protocol };
}

/** By df(1) in its POSIX form, one call a folder: a folder that does not exist must not hide the others. */
async function freeSpace(connection: SshConnection, paths: readonly PathText[]): Promise<FreeSpace[]> {
  const found: FreeSpace[] = [];
  for (const path of ['' as PathText, ...paths]) {
    const text = await output(connection, quoteLiteralCommand('df', ['-Pk', '--', bytesFrom(path)]));
    // Filesystem, 1024-blocks, used, available, capacity, mounted on
    const match = /\s(\d+)\s+\d+\s+(\d+)\s+\d+%\s/.exec(text?.split('\n')[1] ?? '');
    if (match) found.push({ path, free: Number(match[2]) * 1024, total: Number(match[1]) * 1024 });
    else if (path === '') break; // not told for the login's own folder, so not for others
  }
  return found.filter(({ free, total }) => Number.isSafeInteger(free) && Number.isSafeInteger(total));
}

/** A saved path as the server's shell starts from: the home folder is where commands begin. */
const bytesFrom = (path: PathText): ByteString => textToBytes(path).replace(/^~\/+/, '') || '.';

/** An account for other things, such as file transfers by SFTP alone, says so in words of its own. */
function refusedCommand(text: ByteString, connection: SshConnection): DriftlineError {
  const words = displayPath(bytesToText(text.trim().split('\n', 1)[0]!)).slice(0, 200);
  const where = displayPath(connection.description);
  return fail('remote', 'command-refused', `${where} does not run rsync; it says: “${words}”.`, {
    hint: 'This login may be limited to other things. Use one that may run commands, or ask the administrator.',
  });
}

/** What a command prints, or null where it fails or may not be run. */
async function output(connection: SshConnection, command: ByteString): Promise<string | null> {
  try {
    const { text, exit } = await run(connection, command);
    return exit.code === 0 ? text : null;
  } catch {
    return null;
  }
}

async function run(connection: SshConnection, command: ByteString): Promise<{ text: ByteString; exit: PeerExit }> {
  const transport = await connection.exec(command);
  const text = await readAll(transport);
  return { text, exit: await transport.exit };
}

async function readAll(transport: Transport): Promise<ByteString> {
  let text = '';
  transport.stderr?.resume();
  transport.stream.end();
  for await (const chunk of transport.stream) {
    if (text.length < MAX_TEXT) text += (chunk as Buffer).toString('latin1');
  }
  return text;
}
