import type { Transport } from './transport.ts';
import { spawnTransport } from './command.ts';

/**
 * Starts the command of RSYNC_CONNECT_PROG, whose standard input and output are the connection: `%H` stands for the
 * host, `%%` for a percent sign.
 * @param shell RSYNC_SHELL, or null for the system's
 */
export function spawnConnectProgram(
  command: string,
  host: string,
  shell: string | null,
  signal?: AbortSignal,
): Transport {
  const quoted = `'${host.replaceAll("'", "'\\''")}'`;
  const line = command.replace(/%([%H])/g, (_, char: string) => (char === 'H' ? quoted : '%'));
  return spawnTransport([shell ?? '/bin/sh', '-c', line], [], host, signal);
}
