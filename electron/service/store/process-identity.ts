import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * Which process, exactly. A process id alone is reused; with the start time it is not. On Linux `start` is the boot
 * id and field 22 of /proc/PID/stat (proc(5)); elsewhere Node cannot read another process's start time, it stays
 * empty, and only the id is compared.
 */
export interface ProcessIdentity {
  pid: number;
  start: string;
  host: string;
}

export const ownIdentity: ProcessIdentity = { pid: process.pid, start: startOf(process.pid) ?? '', host: hostname() };

/**
 * Whether the process still runs. One on another machine (a home on a shared disk) cannot be asked and counts as
 * alive: taking its lock would be worse than asking a person.
 */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.host !== ownIdentity.host) return true;
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const start = startOf(identity.pid);
  return start === null || identity.start === '' || start === identity.start;
}

/** Null where the platform or the process does not tell. */
function startOf(pid: number): string | null {
  if (process.platform !== 'linux') return null;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command name, in brackets, may hold anything; fields are counted from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; it only waits to be collected.
    if (fields[0] === 'Z') return 'ended';
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}:${fields[19] ?? ''}`;
  } catch {
    return null;
  }
}
