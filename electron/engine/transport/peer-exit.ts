import { type DriftlineError, fail } from '../../../shared/errors.ts';
import { displayPath } from '../../../shared/model/path.ts';
import type { PeerExit } from './transport.ts';

/**
 * What a peer's end means: null for exit 0, otherwise a `remote` error with rsync's exit code: `command-not-found`
 * (127), `command-not-runnable` (126), `killed` (a signal), `closed-early` (no status at all) or `command-failed`.
 *
 * @param program the remote program, for the message
 * @param description `Transport.description`
 */
export function exitError(exit: PeerExit, program: string, description: string): DriftlineError | null {
  if (exit.code === 0) return null;
  const name = displayPath(program);
  const where = displayPath(description);
  if (exit.code === null && exit.signal === null)
    return fail('remote', 'closed-early', `The connection to ${where} ended before ${name} did.`, { retryable: true });
  if (exit.code === null)
    return fail('remote', 'killed', `${name} on ${where} was ended by ${displayPath(exit.signal ?? 'a signal')}.`, {
      retryable: true,
    });
  if (exit.code === 127)
    return fail('remote', 'command-not-found', `${name} was not found on ${where}.`, {
      hint: 'Install rsync there, or set the path of the remote rsync.',
      exitCode: 127,
    });
  if (exit.code === 126)
    return fail('remote', 'command-not-runnable', `${name} on ${where} cannot be run.`, { exitCode: 126 });
  return fail('remote', 'command-failed', `${name} on ${where} ended with code ${exit.code}.`, { exitCode: exit.code });
}
