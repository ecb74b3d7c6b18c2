import { readFileSync } from 'node:fs';
import { errnoOf } from './fs-error.ts';

/**
 * A process told apart from a later one with the same number: `start` is the boot's id and the start time in clock
 * ticks since then (man 5 proc_pid_stat, field 22). Off Linux `start` is '' and the number alone must do.
 */
export interface ProcessIdentity {
  pid: number;
  start: string;
}

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, start: startOf(process.pid) ?? '' };
}

/** True unless it is certain that the process is gone; a zombie is gone. */
export function isAlive({ pid, start }: ProcessIdentity): boolean {
  if (process.platform === 'linux' && start !== '') return startOf(pid) === start;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}

function startOf(pid: number): string | null {
  if (process.platform !== 'linux') return null;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command name, field 2, stands in parentheses and may hold anything, parentheses too.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}:${fields[19] ?? ''}`;
  } catch {
    return null;
  }
}
