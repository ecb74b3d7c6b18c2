import fs from 'node:fs';
import type { ByteString } from '../../shared/model/path.ts';
import { canReserve } from './fs/file-writer.ts';
import { fsError } from './fs/fs-error.ts';
import { fakeSuperSource } from './fs/fake-super.ts';
import type { SourceFs } from './fs/fs.ts';
import type { Journal } from './fs/journal.ts';
import { native } from './fs/native-path.ts';
import { nodeSourceFs } from './fs/node-fs.ts';
import { openRoot } from './fs/root.ts';
import { DEFAULT_OPTIONS, readsQuietly, type TransferOptions } from './options/transfer-options.ts';
import type { DestinationOpener } from './roles/destination.ts';

/** Sources on this machine's disk. @param fakeSuper whether files stand for what their attributes say */
export const localSource = (fakeSuper: boolean): SourceFs => (fakeSuper ? fakeSuperSource(nodeSourceFs) : nodeSourceFs);

/**
 * Destinations on this machine's disk. Temporary files are recorded in `journal`.
 * @param options whether files stand for what their attributes say, and whether they are read without a trace
 */
export function localOpener(
  journal: Journal,
  options: Pick<TransferOptions, 'fakeSuper' | 'openNoatime' | 'atimes'> = DEFAULT_OPTIONS,
): DestinationOpener {
  const { fakeSuper } = options;
  const noatime = readsQuietly(options);
  return {
    acls: localSource(fakeSuper).acls,
    stat: (path) => nodeSourceFs.stat(path),
    mkdir: (path: ByteString, mode: number) => {
      try {
        fs.mkdirSync(native(path), { mode });
      } catch (error) {
        throw fsError(error, 'make the folder', path);
      }
    },
    open: (path, follow = false) => openRoot(path, { journal, follow, fakeSuper, noatime }),
    get canReserve() {
      return canReserve();
    },
  };
}
