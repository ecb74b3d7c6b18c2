import { onTestFinished } from 'vitest';
import type { PathText } from '../../shared/model/path.ts';
import { DriftlineError, type ErrorData } from '../../shared/errors.ts';
import type { KnownHostsSources } from '../../electron/engine/transport/known-hosts.ts';
import { connectSsh, type SshConnection, type SshOptions } from '../../electron/engine/transport/ssh.ts';
import { NO_PROMPTS, type SshAuth, type SshPrompts } from '../../electron/engine/transport/ssh-target.ts';
import type { Transport } from '../../electron/engine/transport/transport.ts';
import { startAgent, type TestAgent } from './agent.ts';
import { type Sshd, type SshdOptions, startSshd } from './sshd.ts';

export interface ClientOptions extends Partial<Omit<SshOptions, 'prompts' | 'knownHosts'>> {
  user?: string;
  auth?: SshAuth[];
  prompts?: Partial<SshPrompts>;
  knownHosts?: KnownHostsSources;
}

/** The keys a test's sshd listed, as somebody else's file. */
export function trusting(sshd: Sshd): KnownHostsSources {
  return { own: null, readOnly: [sshd.knownHostsFile] };
}

/** Connects to a test's sshd; by default with its key and its known_hosts, and nobody to ask. */
export function connectTo(sshd: Sshd, options: ClientOptions = {}): Promise<SshConnection> {
  const {
    user = sshd.user,
    auth = [{ kind: 'key', path: sshd.keyPath as PathText }],
    prompts,
    knownHosts,
    ...rest
  } = options;
  return connectSsh(
    { host: sshd.host, port: sshd.port, user, auth },
    { ...rest, prompts: { ...NO_PROMPTS, ...prompts }, knownHosts: knownHosts ?? trusting(sshd) },
  );
}

/** The data of the error a promise rejects with; fails if it does not, or with anything untyped. */
export async function errorOf(promise: Promise<unknown>): Promise<ErrorData> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof DriftlineError) return error.data;
  throw error === null ? new Error('expected an error') : error;
}

/** Reads a transport's output to its end. */
export async function readAll(transport: Transport): Promise<{ out: Buffer; err: Buffer }> {
  const collect = async (stream: AsyncIterable<Buffer> | null): Promise<Buffer> => {
    const parts: Buffer[] = [];
    if (stream !== null) for await (const part of stream) parts.push(part);
    return Buffer.concat(parts);
  };
  const [out, err] = await Promise.all([collect(transport.stream), collect(transport.stderr)]);
  return { out, err };
}

/** A server for the running test alone. */
export async function sshdFor(options: SshdOptions): Promise<Sshd> {
  const sshd = await startSshd(options);
  onTestFinished(() => sshd.stop());
  return sshd;
}

/** A key agent for the running test alone. */
export async function agentFor(keyPaths: string[] = []): Promise<TestAgent> {
  const agent = await startAgent(keyPaths);
  onTestFinished(() => agent.stop());
  return agent;
}
