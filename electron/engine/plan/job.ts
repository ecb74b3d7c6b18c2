import type { ByteString } from '../../../shared/model/path.ts';
import { joinPath } from '../../../shared/model/path.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import type { FileEntry } from '../flist/entry.ts';
import type { PeerStarter, TransferHooks } from '../index.ts';

/** What previews and plan runs work on: one or more folders and their mirror. */
export interface MirrorJob {
  /** `local` = both ends on this machine. */
  direction: 'push' | 'pull' | 'local';
  /** Source folders, all on one side; at least one. A name that several have is taken from the first, as rsync does. */
  sources: readonly ByteString[];
  destination: ByteString;
  /** Only the folders' contents go to the destination; otherwise the folders themselves do. */
  contentsOnly: boolean;
  /** What the user asked; `deleteMode` other than none means the plan may delete. */
  options: TransferOptions;
  startPeer: PeerStarter;
  /** Login name on the server; '' for local jobs. */
  remoteUser: string;
  journalDir: ByteString | null;
  /** Local jobs: lists a folder in another thread. Absent: this one does everything. */
  listApart?: FolderLister;
}

/**
 * Lists a folder of this machine.
 * @param argument with a slash at its end
 * @returns all that is in it, in list order; nothing where there is no such folder. Rejects with a DriftlineError.
 */
export type FolderLister = (argument: ByteString, hooks: TransferHooks) => Promise<FileEntry[]>;

type Ends = Pick<MirrorJob, 'sources' | 'destination' | 'contentsOnly'>;

const trimmed = (path: ByteString): ByteString => path.replace(/(.)\/+$/, '$1');

/** What the folder is called at the destination; '' when only its contents travel. */
function folderName(source: ByteString, contentsOnly: boolean): ByteString {
  if (contentsOnly) return '';
  const path = source.replace(/\/+$/, '');
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name === '.' || name === '..' ? '' : name;
}

/** What the sources' folders are called at the destination, each name once; '' stands for the destination itself. */
export function folderNames({ sources, contentsOnly }: Ends): ByteString[] {
  return [...new Set(sources.map((source) => folderName(source, contentsOnly)))];
}

/** Source arguments in rsync's form. */
export function sourceArguments({ sources, contentsOnly }: Ends): ByteString[] {
  return sources.map((source) => {
    const path = trimmed(source);
    return contentsOnly && !path.endsWith('/') ? `${path}/` : path;
  });
}

/** Destination in rsync's form: always a folder. */
export function destinationArgument(job: Ends): ByteString {
  return job.destination.endsWith('/') ? job.destination : `${job.destination}/`;
}

/** The destination folder that corresponds to the sources' folders of this name. */
export function mirroredFolder(job: Ends, folder: ByteString): ByteString {
  return folder === '' ? trimmed(job.destination) : joinPath(job.destination, folder);
}

/** Local path that the entry `name` has below a source folder, or null if its name says that it cannot be there. */
export function pathIn(source: ByteString, contentsOnly: boolean, name: ByteString): ByteString | null {
  const path = trimmed(source);
  const folder = folderName(source, contentsOnly);
  if (folder === '') return name === '.' ? path : joinPath(path, name);
  if (name === folder) return path;
  return name.startsWith(`${folder}/`) ? `${path}${name.slice(folder.length)}` : null;
}
