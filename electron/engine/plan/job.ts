import type { ByteString } from '../../../shared/model/path.ts';
import { joinPath } from '../../../shared/model/path.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import type { PeerStarter } from '../index.ts';

/** What previews and plan runs work on: one folder and its mirror. */
export interface MirrorJob {
  /** `local` = both ends on this machine. */
  direction: 'push' | 'pull' | 'local';
  /** Source folder, without a trailing slash. */
  source: ByteString;
  destination: ByteString;
  /** Only the folder's contents go to the destination; otherwise the folder itself does. */
  contentsOnly: boolean;
  /** What the user asked; `deleteMode` other than none means the plan may delete. */
  options: TransferOptions;
  startPeer: PeerStarter;
  /** Login name on the server; '' for local jobs. */
  remoteUser: string;
  journalDir: ByteString | null;
}

/** Name of the folder that entries are below, '' when only its contents travel. */
export function folderName(job: MirrorJob): ByteString {
  if (job.contentsOnly) return '';
  const trimmed = job.source.replace(/\/+$/, '');
  return trimmed.slice(trimmed.lastIndexOf('/') + 1);
}

/** Local folder such that `join(base, entryName)` is an entry of the source. */
export function sourceBase(job: MirrorJob): ByteString {
  const trimmed = job.source.replace(/(.)\/+$/, '$1');
  if (job.contentsOnly) return trimmed;
  const slash = trimmed.lastIndexOf('/');
  return slash < 0 ? '.' : slash === 0 ? '/' : trimmed.slice(0, slash);
}

/** Source argument in rsync's form. */
export function sourceArgument(job: MirrorJob): ByteString {
  const trimmed = job.source.replace(/(.)\/+$/, '$1');
  return job.contentsOnly ? (trimmed.endsWith('/') ? trimmed : `${trimmed}/`) : trimmed;
}

/** Destination in rsync's form: always a folder. */
export function destinationArgument(job: MirrorJob): ByteString {
  return job.destination.endsWith('/') ? job.destination : `${job.destination}/`;
}

/** The destination folder that corresponds to the source folder. */
export function mirroredFolder(job: MirrorJob): ByteString {
  const folder = folderName(job);
  return folder === '' ? job.destination.replace(/(.)\/+$/, '$1') : joinPath(job.destination, folder);
}
