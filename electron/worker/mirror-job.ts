import { textToBytes } from '../../shared/model/path.ts';
import { parseOldRule, applyRule } from '../engine/filter/parse.ts';
import type { FilterRule } from '../engine/filter/rule.ts';
import { localPeer } from '../engine/index.ts';
import type { MirrorJob } from '../engine/mirror.ts';
import { ARCHIVE, DEFAULT_OPTIONS, type TransferOptions } from '../engine/options/transfer-options.ts';
import type { HostLink } from './host-link.ts';
import type { WorkerJob } from './messages.ts';

/** The engine's view of a worker's job. */
export function mirrorJob(job: WorkerJob, link: HostLink | null, signal: AbortSignal): MirrorJob {
  const localPath = textToBytes(job.localPath);
  const otherPath = textToBytes(job.otherPath);
  const pull = job.direction === 'pull';
  const journalDir = textToBytes(job.journalDir);
  return {
    direction: link ? job.direction : 'local',
    source: pull ? otherPath : localPath,
    destination: pull ? localPath : otherPath,
    contentsOnly: job.contentsOnly,
    options: transferOptions(job),
    startPeer: link ? (words) => link.startRsync(words) : localPeer(journalDir, signal),
    remoteUser: job.host?.user ?? '',
    journalDir,
  };
}

function transferOptions({ options, host }: WorkerJob): TransferOptions {
  const filters: FilterRule[] = [];
  for (const pattern of options.excludes) applyRule(filters, parseOldRule(textToBytes(pattern), false));
  return Object.freeze({
    ...DEFAULT_OPTIONS,
    ...ARCHIVE,
    checksum: options.checksum,
    // Both listings of a preview must be summed alike, and every server knows md5.
    checksumChoice: options.checksum ? 'md5' : null,
    update: options.update,
    numericIds: options.numericIds,
    deleteMode: options.delete ? 'default' : 'none',
    timeout: options.timeout,
    filters: Object.freeze(filters),
    rsyncPath: host?.rsyncPath || 'rsync',
  });
}
