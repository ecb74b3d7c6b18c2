import { textToBytes } from '../../shared/model/path.ts';
import { localPeer } from '../engine/index.ts';
import type { MirrorJob } from '../engine/mirror.ts';
import { checkProfileOptions, readProfileOptions } from '../engine/options/profile-options.ts';
import type { TransferOptions } from '../engine/options/transfer-options.ts';
import type { HostLink } from './host-link.ts';
import { listInThread } from './list-thread.ts';
import type { WorkerJob } from './messages.ts';

/** The engine's view of a worker's job. */
export function mirrorJob(job: WorkerJob, link: HostLink | null, signal: AbortSignal): MirrorJob {
  const journalDir = textToBytes(job.journalDir);
  return {
    direction: link ? job.direction : 'local',
    sources: job.sources.map(textToBytes),
    destination: textToBytes(job.destination),
    contentsOnly: job.contentsOnly,
    options: transferOptions(job),
    startPeer: link ? (words) => link.startRsync(words) : localPeer(journalDir, signal),
    remoteUser: job.host?.user ?? '',
    journalDir,
    listApart: listInThread,
  };
}

function transferOptions({ options, host, bwlimit }: WorkerJob): TransferOptions {
  // What a plan cannot keep (hard links, ACLs …) would be lost in silence, so a store edited by hand is judged as well.
  checkProfileOptions(options);
  const asked = readProfileOptions(options);
  return Object.freeze({
    ...asked,
    // Both listings of a preview must be summed alike, and every server knows md5.
    checksumChoice: asked.checksumChoice ?? (asked.checksum ? 'md5' : null),
    bwlimit: lowerLimit(asked.bwlimit, bwlimit),
    rsyncPath: host?.rsyncPath || 'rsync',
  });
}

/** Of two limits, where 0 is none. */
const lowerLimit = (a: number, b: number): number => (a === 0 || b === 0 ? Math.max(a, b) : Math.min(a, b));
