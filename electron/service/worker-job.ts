import { fail } from '../../shared/errors.ts';
import type { Host } from '../../shared/model/host.ts';
import type { PathText } from '../../shared/model/path.ts';
import type { Profile } from '../../shared/model/profile.ts';
import type { WorkerHost, WorkerJob } from '../worker/messages.ts';
import type { Home } from './home.ts';

/** A host as a worker needs it: no secrets. */
export function workerHost(host: Host, home: Home): WorkerHost {
  return {
    address: host.address,
    port: host.port,
    user: host.user,
    auth: host.auth,
    rsyncPath: host.rsyncPath,
    fingerprint: host.hostKey?.fingerprint ?? null,
    knownHostsFile: home.knownHosts as PathText,
  };
}

/** What a worker is told about a profile. `host` is the record of its remote end. */
export function workerJob(profile: Profile, host: Host | null, home: Home): WorkerJob {
  const { source, destination, contentsOnly, options } = profile;
  if (source.kind === 'host' && destination.kind === 'host') {
    throw fail('usage', 'two-remote-ends', 'The source and the destination cannot both be on a server.');
  }
  const pull = source.kind === 'host';
  return {
    localPath: pull ? destination.path : source.path,
    otherPath: pull ? source.path : destination.path,
    host: host && workerHost(host, home),
    direction: pull ? 'pull' : 'push',
    contentsOnly,
    options,
    journalDir: home.journals as PathText,
  };
}
