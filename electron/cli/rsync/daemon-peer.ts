import { fail } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath, textToBytes } from '../../../shared/model/path.ts';
import { readNamed, type Trust } from '../../engine/fs/named-path.ts';
import type { PeerStarter } from '../../engine/index.ts';
import {
  type DaemonOptions,
  type DaemonRoute,
  listDaemonModules,
  openDaemonModule,
} from '../../engine/transport/daemon.ts';
import { readPasswordFile } from './password-file.ts';
import type { PeerContext } from './peer.ts';

export interface DaemonContext extends PeerContext {
  /** Of an rsync:// address; wins over `--port`. */
  port: number | null;
  module: ByteString;
  /** A line of the message of the day or of the list of modules. */
  onText: (line: ByteString) => void;
}

export interface DaemonPeer {
  start: PeerStarter;
  /** Has the daemon list its modules. */
  list(): Promise<void>;
}

/** An rsync daemon: over TCP, through a proxy or a program, or started by a remote shell where `-e` was given. */
export function daemonPeer(context: DaemonContext): DaemonPeer {
  const { options, module, notice, signal } = context;
  const user = context.user ?? textToBytes(process.env['USER'] || process.env['LOGNAME'] || 'nobody');
  const daemon: DaemonOptions = {
    host: bytesToText(context.host),
    route: route(context),
    request: {
      module,
      user,
      protocol: options.protocol,
      earlyInput: options.earlyInput === null ? null : readEarlyInput(options.earlyInput, options),
      allowMd4: process.env['DRIFTLINE_MD4_AUTH'] === '1',
    },
    wording: options,
    tcp: {
      family: options.ipVersion,
      localAddress: options.address === null ? null : bytesToText(options.address),
      sockopts: options.sockopts,
      contimeoutMs: options.contimeout * 1000,
    },
    timeoutMs: options.timeout * 1000,
    onText: options.motd ? context.onText : () => {},
    password: () => password(context),
    ...{ notice, signal },
  };
  return { start: (words) => openDaemonModule(daemon, words), list: () => listDaemonModules(daemon) };
}

function route({ options, user, host, port: urlPort }: DaemonContext): DaemonRoute {
  const port = urlPort ?? options.port;
  if (options.rsh !== null) {
    const login = user === null ? null : bytesToText(user);
    const { ipVersion } = options;
    const shell = { command: bytesToText(options.rsh), user: login, host: bytesToText(host), ipVersion };
    return { kind: 'shell', shell, rsyncPath: options.rsyncPath, port };
  }
  const { RSYNC_CONNECT_PROG: command, RSYNC_PROXY: proxy, RSYNC_SHELL: shell } = process.env;
  if (command) return { kind: 'program', command, shell: shell || null };
  return { kind: 'tcp', port, proxy: proxy || null };
}

/** More than this a daemon does not take, in bytes (reference §8.2). */
const MAX_EARLY_INPUT = 5120;

function readEarlyInput(path: ByteString, trust: Trust): Buffer | null {
  const shown = displayPath(bytesToText(path));
  const refuse = (message: string, cause?: unknown): Error =>
    fail('usage', 'early-input', message, { exitCode: 5, cause });
  let data: Buffer;
  try {
    data = readNamed(path, trust);
  } catch (cause) {
    throw refuse(`failed to open ${shown}`, cause);
  }
  if (data.length > MAX_EARLY_INPUT) throw refuse(`${shown} is > ${MAX_EARLY_INPUT} bytes.`);
  return data.length === 0 ? null : data;
}

/** From the file, else the environment, else the person (manual: --password-file). */
async function password({ options, terminal }: DaemonContext): Promise<ByteString> {
  if (options.passwordFile !== null) return readPasswordFile(options.passwordFile, options);
  const fromEnvironment = process.env['RSYNC_PASSWORD'];
  if (fromEnvironment !== undefined) return textToBytes(fromEnvironment);
  const typed = await terminal()?.askSecret('Password: ');
  if (typed !== undefined && typed !== null) return textToBytes(typed);
  throw fail('auth', 'no-password', 'The module wants a password; none was given', {
    exitCode: 5,
    hint: 'Use --password-file, or set RSYNC_PASSWORD.',
  });
}
