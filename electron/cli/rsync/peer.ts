import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DriftlineError, fail } from '../../../shared/errors.ts';
import type { Host } from '../../../shared/model/host.ts';
import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import { quoteRemoteCommand, quoteRemoteWords, secludeArgs } from '../../engine/handshake/server-args.ts';
import type { PeerStarter } from '../../engine/index.ts';
import type { TransferOptions } from '../../engine/options/transfer-options.ts';
import type { SshConnection } from '../../engine/transport/ssh.ts';
import { userKnownHosts } from '../../engine/transport/known-hosts.ts';
import type { SshHop } from '../../engine/transport/ssh-jump.ts';
import type { SshPrompts, SshTarget } from '../../engine/transport/ssh-target.ts';
import { homeFolder } from '../../service/home.ts';
import { jumpHosts } from '../../service/jump-hosts.ts';
import type { SecretKind } from '../../service/secrets.ts';
import { askHostKey, askLogin, askSecret, type Terminal } from '../terminal.ts';

export interface PeerContext {
  options: TransferOptions;
  user: ByteString | null;
  host: ByteString;
  signal: AbortSignal;
  /** Null = nobody to ask. Called at most once, when something has to be asked. */
  terminal: () => Terminal | null;
  /** Text for the person, without a line end. */
  notice: (text: string) => void;
}

/** Through `-e` or RSYNC_RSH: the program is whoever decides; saved hosts and our known_hosts mean nothing to it. */
export function remoteShellPeer(rsh: string, context: PeerContext): PeerStarter {
  return async (words) => {
    const { spawnRemoteShell } = await import('../../engine/transport/command.ts');
    const user = context.user === null ? null : bytesToText(context.user);
    const { ipVersion } = context.options;
    const shell = { command: bytesToText(rsh), user, host: bytesToText(context.host), ipVersion };
    const { inSight, block } = divided(context.options, words);
    const transport = spawnRemoteShell(shell, quoteRemoteWords(context.options, inSight), context.signal);
    if (block !== null) transport.stream.write(block);
    return transport;
  };
}

/** Words for the command line, and what goes over the connection before anything else. */
function divided(
  options: TransferOptions,
  words: readonly ByteString[],
): { inSight: readonly ByteString[]; block: Buffer | null } {
  return options.secludedArgs ? secludeArgs(words, options.iconv) : { inSight: words, block: null };
}

/** A peer behind our own ssh. */
export interface SshPeer {
  start: PeerStarter;
  /** Resolves as soon as the connection is being made, or could not be: `start` then says why. */
  begun: Promise<void>;
  close: () => void;
}

/**
 * Through our own ssh: a saved host, an alias of `~/.ssh/config`, or a host name. Connects at once; a server that is
 * started again is started over the same connection.
 */
export function sshPeer(context: PeerContext): SshPeer {
  let connection: SshConnection | null = null;
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const reached = reach(context, begin);
  reached.then((way) => (connection = way.connection), begin);
  return {
    begun,
    close: () => connection?.close(),
    start: async (words) => {
      const { options } = context;
      const { program, connection } = await reached;
      const { inSight, block } = divided(options, words);
      const transport = await connection.exec(quoteRemoteCommand({ ...options, rsyncPath: program }, inSight));
      if (block !== null) transport.stream.write(block);
      return transport;
    },
  };
}

interface Reached {
  connection: SshConnection;
  /** The rsync of that host. */
  program: ByteString;
}

/** @param begun called when the connection is being made */
async function reach(context: PeerContext, begun: () => void): Promise<Reached> {
  const [{ connectThrough }, { resolveRemoteName }] = await Promise.all([
    import('../../engine/transport/ssh-jump.ts'),
    import('../../engine/transport/remote-name.ts'),
  ]);
  const { options } = context;
  const name = bytesToText(context.host);
  const saved = await savedHost(name);
  const host = saved?.host ?? null;
  const user = context.user === null ? null : bytesToText(context.user);
  const { target, jumps, knownHosts, from } = resolveRemoteName(
    { name, user, port: null },
    { saved: () => (host === null ? null : targetOf(host)) },
  );
  if (options.verbose > (from === 'host name' ? 1 : 0)) {
    context.notice(displayPath(`${name} is ${target.user}@${target.host}:${target.port} (${from})`));
  }
  const program = options.rsyncPath === 'rsync' && host?.rsyncPath ? host.rsyncPath : options.rsyncPath;
  try {
    const forced = options.ipVersion === 0 ? {} : { family: options.ipVersion };
    const hops = saved === null ? jumps : saved.way.map((hop) => hopOf(hop, context));
    const way = hops.map((hop) => ({ ...hop, target: { ...hop.target, ...forced } }));
    const connecting = connectThrough(
      way,
      { ...target, ...forced },
      {
        prompts: prompts(context, host),
        knownHosts: {
          own: join(homeFolder(), 'known_hosts'),
          readOnly: knownHosts,
          pinned: host?.hostKey ?? null,
        },
        signal: context.signal,
        onBanner: (text) => context.notice(text.replace(/\n$/, '')),
      },
    );
    // A server near by is connected to, and greeted, in the next turn of the event loop.
    setImmediate(() => setImmediate(begun));
    return { connection: await connecting, program };
  } catch (error) {
    throw explainUnknownHost(error);
  }
}

function targetOf(host: Host): SshTarget {
  const { auth } = host;
  return {
    host: host.address,
    port: host.port,
    user: host.user,
    auth: [auth.kind === 'key' ? { kind: 'key', path: auth.keyPath } : auth],
  };
}

/** A saved host on the way, with its own accepted key, secret and questions. */
function hopOf(hop: Host, context: PeerContext): SshHop {
  return {
    target: targetOf(hop),
    knownHosts: [userKnownHosts()],
    pinned: hop.hostKey,
    prompts: prompts(context, hop),
  };
}

/** The saved host of exactly this name, and those on the way to it. The store is read only where there is one; a damaged one is an error here. */
async function savedHost(name: string): Promise<{ host: Host; way: Host[] } | null> {
  let text: string;
  try {
    text = readFileSync(join(homeFolder(), 'driftline.json'), 'utf8');
  } catch {
    return null;
  }
  const { decodeDocument } = await import('../../service/store/document.ts');
  const decoded = decodeDocument(text);
  if (decoded.kind === 'good') {
    const { hosts } = decoded.document;
    const host = hosts.find((each) => each.name === name);
    return host === undefined ? null : { host, way: jumpHosts(host, hosts) };
  }
  const why = decoded.kind === 'newer' ? 'it was written by a later version' : `it is damaged: ${decoded.why}`;
  throw fail('usage', 'store-unreadable', `The saved hosts cannot be read: ${displayPath(why)}.`, {
    hint: 'Use -e ssh to reach a machine without them.',
  });
}

function prompts(context: PeerContext, host: Host | null): SshPrompts {
  return {
    hostKey: async (key) => {
      const terminal = context.terminal();
      return terminal !== null && (await askHostKey(terminal, key)) ? 'accept-save' : 'refuse';
    },
    secret: async (question) => {
      if (host !== null && question.user === host.user && question.attempt === 1) {
        const kept = await keptSecret(host, question.kind);
        if (kept !== null) return kept;
      }
      const terminal = context.terminal();
      if (terminal === null) return null;
      const { keyPath, user } = question;
      return askSecret(terminal, keyPath !== undefined ? { keyPath } : { user, host: question.host }, question.attempt);
    },
    answers: async (question) => {
      const terminal = context.terminal();
      return terminal === null ? null : askLogin(terminal, question);
    },
  };
}

/** What the keychain has for exactly this host; see the service's secrets. */
async function keptSecret(host: Host, kind: SecretKind): Promise<string | null> {
  const [{ createSecrets }, { systemKeychain }, { systemClock }] = await Promise.all([
    import('../../service/secrets.ts'),
    import('../../service/keychain.ts'),
    import('../../service/ports.ts'),
  ]);
  return createSecrets(systemKeychain(), systemClock).find(host, kind);
}

/** With nobody to ask, says how to say yes. */
function explainUnknownHost(error: unknown): unknown {
  if (!(error instanceof DriftlineError) || error.data.code !== 'unknown-host') return error;
  const print = String(error.data.details?.['fingerprint'] ?? 'SHA256:…');
  return new DriftlineError(
    {
      ...error.data,
      hint: `Compare the fingerprint with the one the administrator gives. Then connect once from a terminal and answer yes, or save the host: driftline host add NAME --address ADDRESS --user USER --fingerprint ${print}`,
    },
    { cause: error },
  );
}
