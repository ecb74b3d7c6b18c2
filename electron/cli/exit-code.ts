import type { ErrorData } from '../../shared/errors.ts';

/** Meanings of rsync's exit codes (protocol reference §8.8), in our words. */
const MEANING: Readonly<Record<number, string>> = {
  1: 'the command line is wrong',
  2: 'the two sides speak no common protocol',
  3: 'a source or destination cannot be used',
  4: 'the request is not supported or was refused',
  5: 'the other side could not be started',
  10: 'the network connection failed',
  11: 'a file could not be read or written',
  12: 'the connection carried something unexpected, or ended early',
  13: 'Driftline itself failed',
  14: 'the parts of the transfer lost each other',
  20: 'stopped by a signal',
  22: 'out of memory',
  23: 'some files or attributes were not transferred; see the messages above',
  24: 'some source files vanished before they could be transferred',
  25: 'the limit on deletions stopped some of them',
  30: 'a time limit ran out',
  35: 'no connection within the time allowed',
  124: 'the remote command failed',
  125: 'the remote command was killed',
  126: 'the remote command could not be run',
  127: 'the remote command was not found',
  255: 'the secure shell connection failed',
};

/** Everything that decides how a run ends. */
export interface ExitFacts {
  /** What ended the run early, if anything did. */
  error?: ErrorData | null;
  /** io_error bits of all issues together (protocol reference §4.6). */
  ioError: number;
  /** Whether the peer reported an error with an item, beyond those bits. */
  transferError?: boolean;
  /** Exit status of the remote program; null or absent where there is none. */
  remote?: number | null;
}

/**
 * rsync's exit code of a run: an explicit code, else 23 for any error with an item, else 24, else 25 (protocol
 * reference §4.6); of our own and the remote's code the larger counts.
 */
export function rsyncExitCode(facts: ExitFacts): number {
  const { error, ioError } = facts;
  const own =
    error != null
      ? error.exitCode
      : (ioError & 1) !== 0 || facts.transferError === true
        ? 23
        : (ioError & 2) !== 0
          ? 24
          : (ioError & 4) !== 0
            ? 25
            : 0;
  return Math.max(own, facts.remote ?? 0);
}

/** The last line on standard error for a failed run; null for success. */
export function exitLine(code: number): string | null {
  return code === 0 ? null : `driftline error: ${MEANING[code] ?? 'unexplained error'} (code ${code})`;
}
