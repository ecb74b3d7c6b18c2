import { fail } from '../../shared/errors.ts';
import type { Host } from '../../shared/model/host.ts';

/** Hosts one connection may go through. */
const MAX_JUMPS = 8;

/**
 * The hosts a connection goes through, first to last: a host names the one before it.
 * @throws DriftlineError `usage`: `jump-missing`, `jump-cycle`, `jump-too-long`
 */
export function jumpHosts(host: Pick<Host, 'name' | 'jumpHostId'> & { id?: string }, hosts: readonly Host[]): Host[] {
  const way: Host[] = [];
  for (let at = host.jumpHostId; at !== null;) {
    const hop = hosts.find(({ id }) => id === at);
    if (hop === undefined)
      throw fail('usage', 'jump-missing', `“${host.name}” is reached through a host that is not saved any more.`, {
        hint: 'Edit the host and choose the way to it.',
      });
    if (hop.id === host.id || way.includes(hop))
      throw fail('usage', 'jump-cycle', `“${hop.name}” is itself reached through “${host.name}”.`, {
        hint: 'Choose another host to go through, or none.',
        details: { field: 'jumpHostId' },
      });
    if (way.length >= MAX_JUMPS)
      throw fail('usage', 'jump-too-long', `“${host.name}” would be reached through more than ${MAX_JUMPS} hosts.`);
    way.unshift(hop);
    at = hop.jumpHostId;
  }
  return way;
}
