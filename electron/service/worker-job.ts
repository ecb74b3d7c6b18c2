import { fail } from '../../shared/errors.ts';
import type { Host } from '../../shared/model/host.ts';
import type { PathText } from '../../shared/model/path.ts';
import type { Profile } from '../../shared/model/profile.ts';
import type { WorkerHost, WorkerJob, WorkerServer } from '../worker/messages.ts';
import type { Home } from './home.ts';
import { jumpHosts } from './jump-hosts.ts';

/** A host as a worker needs it, with the hosts on the way: no secrets. @param hosts all saved hosts */
export function workerHost(host: Host, hosts: readonly Host[], home: Home): WorkerHost {
  return {
    ...workerServer(host),
    rsyncPath: host.rsyncPath,
    jumps: jumpHosts(host, hosts).map(workerServer),
    knownHostsFile: home.knownHosts as PathText,
  };
}

function workerServer({ id, address, port, user, auth, hostKey }: Host): WorkerServer {
  return { id, address, port, user, auth, fingerprint: hostKey?.fingerprint ?? null };
}

/**
 * What a worker is told about a profile.
 *
 * @param host the record of its remote end
 * @param hosts all saved hosts
 * @param bwlimit KiB a second that the settings allow; 0 = no limit
 */
export function workerJob(
  profile: Profile,
  host: Host | null,
  hosts: readonly Host[],
  home: Home,
  bwlimit = 0,
): WorkerJob {
  const { source, destination, contentsOnly, options } = profile;
  if (source.kind === 'host' && destination.kind === 'host') {
    throw fail('usage', 'two-remote-ends', 'The source and the destination cannot both be on a server.');
  }
  return {
    sources: source.paths,
    destination: destination.path,
    host: host && workerHost(host, hosts, home),
    direction: source.kind === 'host' ? 'pull' : 'push',
    contentsOnly,
    options,
    bwlimit,
    journalDir: home.journals as PathText,
  };
}
