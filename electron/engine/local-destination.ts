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
import type { DestinationOpener } from './roles/destination.ts';

/** Sources on this machine's disk. @param fakeSuper whether files stand for what their attributes say */
export const localSource = (fakeSuper: boolean): SourceFs => (fakeSuper ? fakeSuperSource(nodeSourceFs) : nodeSourceFs);

/**
 * Destinations on this machine's disk. Temporary files are recorded in `journal`.
 * @param fakeSuper whether files stand for what their attributes say
 */
export function localOpener(journal: Journal, fakeSuper = false): DestinationOpener {
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
    open: (path, follow = false) => openRoot(path, { journal, follow, fakeSuper }),
    get canReserve() {
      return canReserve();
    },
  };
}
