import { realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { fail } from '../../shared/errors.ts';
import { bytesToText, displayPath, type ByteString, joinPath } from '../../shared/model/path.ts';
import { native } from './fs/native-path.ts';
import type { ServerRequest } from './options/parse.ts';

/**
 * A client's request as it counts below `root`: `/` and the working directory both mean that folder, and `..` does not
 * lead out of it. Refused is what names other folders or follows links to them; only `--copy-dirlinks`, which listings of
 * folders ask for, is passed over, so that a link to a folder comes as the link it is.
 *
 * @param root absolute path of an existing folder
 * @throws usage `outside-root`, exit 4
 */
export function confineRequest(request: ServerRequest, root: ByteString): ServerRequest {
  const { options } = request;
  const follows = options.copyLinks || options.copyUnsafeLinks || options.keepDirlinks;
  if (follows) throw refused('Following links');
  if (options.filesFrom !== null) throw refused('A list of files');
  if (options.copyAs !== null) throw refused('Another user');
  const beside = [options.backupDir, options.tempDir, options.partialDir, ...(options.altDest?.paths ?? [])];
  for (const path of beside) {
    if (path !== null && (path.startsWith('/') || path.split('/').includes('..'))) throw refused(shown(path));
  }
  const real = realpathSync.native(native(root), 'latin1');
  const args = request.args.map((arg) => {
    // `dir/`, `dir/.` and `.` mean what is inside.
    const contents = /(^|\/)\.{0,2}$/.test(arg) ? '/' : '';
    const inside = posix.normalize(`/${arg}`).replace(/\/$/, '').slice(1);
    if (!lies(realParent(joinPath(root, inside)), real)) throw refused(shown(arg));
    // With --relative only what stands behind the mark is part of the name.
    return options.relative ? `${root}/./${inside}${contents}` : joinPath(root, inside) + contents;
  });
  return { ...request, args, options: { ...options, copyDirlinks: false } };
}

/** Where a path leads, as far as it exists. */
function realParent(path: ByteString): ByteString {
  for (let at = path; ; at = posix.dirname(at)) {
    try {
      return realpathSync.native(native(at), 'latin1');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || at === '/') throw error;
    }
  }
}

const lies = (path: ByteString, root: ByteString): boolean => path === root || path.startsWith(`${root}/`);
const shown = (path: ByteString): string => `“${displayPath(bytesToText(path))}”`;
const refused = (what: string): Error =>
  fail('usage', 'outside-root', `${what} is not allowed on this server.`, { exitCode: 4 });
