import type { ByteString, PathText } from '../../shared/model/path.ts';
import type { PromptAnswer, PromptQuestion } from '../../shared/model/prompt.ts';
import { quoteLiteralCommand } from '../engine/handshake/server-args.ts';
import { userKnownHosts } from '../engine/transport/known-hosts.ts';
import type { SshConnection } from '../engine/transport/ssh.ts';
import { connectThrough } from '../engine/transport/ssh-jump.ts';
import type { SshPrompts, SshTarget } from '../engine/transport/ssh-target.ts';
import type { Transport } from '../engine/transport/transport.ts';
import type { WorkerHost, WorkerServer } from './messages.ts';

/** @param hostId the saved host it is about: the job's, or one on the way */
export type AskPrompt = (question: PromptQuestion, hostId: string) => Promise<PromptAnswer>;

/** One lazily made SSH connection to the job's host, through its jump hosts; every session of the job uses it. */
export class HostLink {
  readonly #host: WorkerHost;
  readonly #ask: AskPrompt;
  readonly #signal: AbortSignal;
  #connection: Promise<SshConnection> | null = null;

  constructor(host: WorkerHost, ask: AskPrompt, signal: AbortSignal) {
    this.#host = host;
    this.#ask = ask;
    this.#signal = signal;
  }

  /** The remote program, as the host's settings name it. */
  get rsync(): string {
    return this.#host.rsyncPath || 'rsync';
  }

  connect(): Promise<SshConnection> {
    const { knownHostsFile: own, jumps } = this.#host;
    const readOnly = [userKnownHosts()];
    this.#connection ??= connectThrough(
      jumps.map((hop) => ({
        target: targetOf(hop),
        knownHosts: readOnly,
        pinned: pinned(hop),
        prompts: this.#prompts(hop.id),
      })),
      targetOf(this.#host),
      {
        signal: this.#signal,
        knownHosts: { own, readOnly, pinned: pinned(this.#host) },
        prompts: this.#prompts(this.#host.id),
      },
    );
    return this.#connection;
  }

  /** Starts the host's rsync with these server words. */
  async startRsync(words: readonly ByteString[]): Promise<Transport> {
    const connection = await this.connect();
    return connection.exec(quoteLiteralCommand(this.rsync, words));
  }

  close(): void {
    void this.#connection?.then(
      (connection) => connection.close(),
      () => {},
    );
  }

  #prompts(hostId: string): SshPrompts {
    const ask = (question: PromptQuestion): Promise<PromptAnswer> => this.#ask(question, hostId);
    return {
      hostKey: async (question) => {
        const answer = await ask({ kind: 'host-key', ...question });
        // The service records the accepted key; this thread never writes trust.
        return answer.kind === 'accept-host-key' ? 'accept-once' : 'refuse';
      },
      secret: async ({ kind, host, user, keyPath, attempt }) => {
        const answer = await ask(
          kind === 'password'
            ? { kind: 'password', host, user, attempt }
            : { kind: 'passphrase', keyPath: keyPath ?? ('' as PathText), attempt },
        );
        return answer.kind === 'secret' ? answer.secret : null;
      },
      answers: async (question) => {
        const answer = await ask({ kind: 'login', ...question });
        return answer.kind === 'answers' ? answer.answers : null;
      },
    };
  }
}

function pinned({ fingerprint }: WorkerServer): { fingerprint: string } | null {
  return fingerprint === null ? null : { fingerprint };
}

function targetOf({ address, port, user, auth }: WorkerServer): SshTarget {
  const way = auth.kind === 'key' ? { kind: 'key' as const, path: auth.keyPath } : auth;
  return { host: address, port, user, auth: [way] };
}
