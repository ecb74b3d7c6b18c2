import { fail } from '../../../shared/errors.ts';
import { displayPath } from '../../../shared/model/path.ts';
import { spawnTransport } from './command.ts';
import type { Transport } from './transport.ts';

/**
 * Hosts that a program may be given. Quotes keep a host one word for the shell that runs the program, but not for a
 * shell that the program starts itself, so nothing that means anything to a shell is let through. The first character
 * must not turn the word into an option, a home directory or a job.
 */
const PLAIN_HOST = /^(?![-+~%])[\w.:%+~-]+$/;

/**
 * Starts the command of RSYNC_CONNECT_PROG, whose standard input and output are the connection: `%H` stands for the
 * host, `%%` for a percent sign.
 * @param shell RSYNC_SHELL, or null for the system's
 * @throws `usage`/`bad-host` (exit 10, as rsync 3.5) for a host with characters that a shell may take for its own
 */
export function spawnConnectProgram(
  command: string,
  host: string,
  shell: string | null,
  signal?: AbortSignal,
): Transport {
  if (command.includes('%') && !PLAIN_HOST.test(host))
    throw fail('usage', 'bad-host', `unsafe host characters for RSYNC_CONNECT_PROG: ${displayPath(host)}`, {
      exitCode: 10,
      hint: 'A host consists of letters, digits and . _ - : % + ~ here.',
    });
  const quoted = `'${host.replaceAll("'", "'\\''")}'`;
  const line = command.replace(/%([%H])/g, (_, char: string) => (char === 'H' ? quoted : '%'));
  return spawnTransport([shell ?? '/bin/sh', '-c', line], [], host, signal);
}
