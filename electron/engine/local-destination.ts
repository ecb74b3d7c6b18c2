import fs from 'node:fs';
import { joinPath, type ByteString } from '../../shared/model/path.ts';
import { namedFolders } from './flist/source-argument.ts';
import { canReserve } from './fs/file-writer.ts';
import { errnoOf, fsError, isMissing } from './fs/fs-error.ts';
import { fakeSuperSource } from './fs/fake-super.ts';
import { type HeldSource, holdSource } from './fs/held-source.ts';
import type { SourceFs } from './fs/fs.ts';
import type { Journal } from './fs/journal.ts';
import { atNamed } from './fs/named-path.ts';
import { native } from './fs/native-path.ts';
import { nodeSourceFs } from './fs/node-fs.ts';
import { openRoot } from './fs/root.ts';
import { DEFAULT_OPTIONS, readsQuietly, type TransferOptions } from './options/transfer-options.ts';
import type { DestinationOpener } from './roles/destination.ts';

/** Sources on this machine's disk. @param fakeSuper whether files stand for what their attributes say */
export const localSource = (fakeSuper: boolean, fs = nodeSourceFs): SourceFs => (fakeSuper ? fakeSuperSource(fs) : fs);

/** The same for what these arguments name, where no option has links followed. See `holdSource`. */
export function heldSource(options: TransferOptions, args: readonly ByteString[]): HeldSource {
  const { fakeSuper, relative, copyLinks, copyUnsafeLinks, copyDirlinks, insecureLinks } = options;
  const follows = copyLinks || copyUnsafeLinks || copyDirlinks || insecureLinks;
  const { fs, close } = holdSource(follows ? [] : namedFolders(args, relative));
  return { fs: localSource(fakeSuper, fs), close };
}

/**
 * Destinations on this machine's disk. Temporary files are recorded in `journal`.
 * @param options whether files stand for what their attributes say, and whether they are read without a trace
 */
export function localOpener(
  journal: Journal,
  options: Pick<
    TransferOptions,
    'fakeSuper' | 'openNoatime' | 'atimes' | 'insecureLinks' | 'confineRoot'
  > = DEFAULT_OPTIONS,
): DestinationOpener {
  const { fakeSuper } = options;
  const noatime = readsQuietly(options);
  return {
    acls: localSource(fakeSuper).acls,
    stat: (path, anyones = false) => {
      try {
        return atNamed(path, anyones ? { insecureLinks: true } : options, (at) => nodeSourceFs.stat(at));
      } catch (error) {
        if (isMissing(errnoOf(error))) return null;
        throw fsError(error, 'look at', path);
      }
    },
    mkdir: (path: ByteString, mode: number) => {
      try {
        const [, parent = '', name = path] = /^(.*\/)?([^/]+)\/*$/s.exec(path) ?? [];
        atNamed(parent || '.', options, (at) => fs.mkdirSync(native(joinPath(at, name)), { mode }));
      } catch (error) {
        throw fsError(error, 'make the folder', path);
      }
    },
    open: (path, follow = false) => openRoot(path, { journal, follow, fakeSuper, noatime, trust: options }),
    get canReserve() {
      return canReserve();
    },
  };
}
