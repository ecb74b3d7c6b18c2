import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { connect } from 'node:net';
import { peers } from './peers.ts';

export interface TestAgent {
  /** Value for SSH_AUTH_SOCK. */
  socket: string;
  /** Adds a private key without a passphrase. */
  add(keyPath: string): void;
  /** Locks the agent: it then lists no keys. */
  lock(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a real ssh-agent holding the given keys. Always `await stop()`. */
export async function startAgent(keyPaths: string[] = []): Promise<TestAgent> {
  const folder = mkdtempSync(join(tmpdir(), 'driftline-agent-'));
  const socket = join(folder, 'agent.sock');
  const tools = dirname(peers().ssh);
  const env = { ...process.env, SSH_AUTH_SOCK: socket };
  const child = spawn(join(tools, 'ssh-agent'), ['-D', '-a', socket], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve) => {
    const attempt = (): void => {
      const probe = connect(socket);
      probe.on('connect', () => {
        probe.destroy();
        resolve();
      });
      probe.on('error', () => setTimeout(attempt, 10));
    };
    attempt();
  });
  const add = (keyPath: string): void => {
    execFileSync(join(tools, 'ssh-add'), ['-q', keyPath], { env, stdio: 'ignore' });
  };
  keyPaths.forEach(add);
  return {
    socket,
    add,
    lock: () =>
      new Promise((resolve, reject) => {
        // SSH_AGENTC_LOCK with the passphrase "x" (draft-miller-ssh-agent §5.6)
        const client = connect(socket, () => client.write(Buffer.from([0, 0, 0, 6, 22, 0, 0, 0, 1, 0x78])));
        client.on('error', reject);
        client.once('data', () => {
          client.destroy();
          resolve();
        });
      }),
    async stop() {
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
