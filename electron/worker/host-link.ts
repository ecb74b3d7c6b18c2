import { fail } from '../../shared/errors.ts';
import type { HostTest } from '../../shared/model/host.ts';
import type { ByteString, PathText } from '../../shared/model/path.ts';
import type { PromptAnswer, PromptQuestion } from '../../shared/model/prompt.ts';
import { quoteLiteralCommand } from '../engine/handshake/server-args.ts';
import { userKnownHosts } from '../engine/transport/known-hosts.ts';
import { exitError } from '../engine/transport/peer-exit.ts';
import { connectSsh, type SshConnection } from '../engine/transport/ssh.ts';
import type { SshAuth } from '../engine/transport/ssh-target.ts';
import type { Transport } from '../engine/transport/transport.ts';
import type { WorkerHost } from './messages.ts';

const MAX_VERSION_TEXT = 65536;

/** One lazily made SSH connection to the job's host; every session of the job uses it. */
export class HostLink {
  readonly #host: WorkerHost;
  readonly #prompt: (question: PromptQuestion) => Promise<PromptAnswer>;
  readonly #signal: AbortSignal;
  #connection: Promise<SshConnection> | null = null;

  constructor(host: WorkerHost, prompt: (question: PromptQuestion) => Promise<PromptAnswer>, signal: AbortSignal) {
    this.#host = host;
    this.#prompt = prompt;
    this.#signal = signal;
  }

  /** Starts the host's rsync with these server words. */
  async startRsync(words: readonly ByteString[]): Promise<Transport> {
    const connection = await this.#connect();
    return connection.exec(quoteLiteralCommand(this.#host.rsyncPath || 'rsync', words));
  }

  /** What a connection test reports. */
  async test(step: (text: string) => void): Promise<HostTest> {
    step('connecting');
    const connection = await this.#connect();
    step('logged-in');
    const roundTripMs = await connection.roundTripMs();
    const transport = await connection.exec(quoteLiteralCommand(this.#host.rsyncPath || 'rsync', ['--version']));
    const text = await readAll(transport);
    const exit = await transport.exit;
    const found = /rsync\s+version\s+v?(\S+)\s+protocol version\s+(\d+)/.exec(text);
    if (!found && exit.code !== 0)
      throw (
        exitError(exit, 'rsync', connection.description) ??
        fail('remote', 'no-version', 'rsync did not tell its version')
      );
    step('rsync-found');
    return {
      rsyncVersion: found?.[1] ?? null,
      protocol: found ? Number(found[2]) : null,
      roundTripMs,
      fingerprint: connection.hostKey.fingerprint,
    };
  }

  close(): void {
    void this.#connection?.then(
      (connection) => connection.close(),
      () => {},
    );
  }

  #connect(): Promise<SshConnection> {
    const { address, port, user, auth, fingerprint, knownHostsFile } = this.#host;
    this.#connection ??= connectSsh(
      { host: address, port, user, auth: [toSshAuth(auth)] },
      {
        signal: this.#signal,
        knownHosts: {
          own: knownHostsFile,
          readOnly: [userKnownHosts()],
          pinned: fingerprint === null ? null : { fingerprint },
        },
        prompts: {
          hostKey: async (question) => {
            const answer = await this.#prompt({ kind: 'host-key', ...question });
            // The service records the accepted key; this thread never writes trust.
            return answer.kind === 'accept-host-key' ? 'accept-once' : 'refuse';
          },
          secret: async ({ kind, host, user: login, keyPath, attempt }) => {
            const answer = await this.#prompt(
              kind === 'password'
                ? { kind: 'password', host, user: login, attempt }
                : { kind: 'passphrase', keyPath: keyPath ?? ('' as PathText), attempt },
            );
            return answer.kind === 'secret' ? answer.secret : null;
          },
        },
      },
    );
    return this.#connection;
  }
}

function toSshAuth(auth: WorkerHost['auth']): SshAuth {
  return auth.kind === 'key' ? { kind: 'key', path: auth.keyPath } : auth;
}

async function readAll(transport: Transport): Promise<string> {
  let text = '';
  transport.stderr?.resume();
  for await (const chunk of transport.stream) {
    if (text.length < MAX_VERSION_TEXT) text += (chunk as Buffer).toString('latin1');
  }
  return text;
}
