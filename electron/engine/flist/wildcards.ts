import type { ByteString } from '../../../shared/model/path.ts';
import { compileGlob, matchGlob } from '../filter/wildmatch.ts';
import type { SourceFs } from '../fs/fs.ts';
import { isDir } from '../wire/constants.ts';

/**
 * The names a path with wildcards stands for, as rsync expands them itself where no shell has done it (reference §1.7):
 * component by component, names that begin with a dot among them.
 * @returns the path itself where nothing fits; names in the order of their folders
 */
export function expandWildcards(fs: Pick<SourceFs, 'stat' | 'readdir'>, path: ByteString): ByteString[] {
  if (!/[*?[]/.test(path)) return [path];
  const found: ByteString[] = [];
  walk('', path);
  return found.length === 0 ? [path] : found;

  function walk(done: ByteString, left: ByteString): void {
    const [, dots, part, rest] = /^((?:\.\/)*)([^/]*)(?:\/(.*))?$/s.exec(left)!;
    const at = done + dots!;
    if (!/[*?[]/.test(part!)) return step(at + part!, rest, rest !== undefined && part !== '');
    const glob = compileGlob(part!);
    for (const name of namesIn(at === '' ? '.' : at)) if (matchGlob(glob, name)) step(at + name, rest, true);
  }

  function step(at: ByteString, rest: ByteString | undefined, mustExist: boolean): void {
    const stat = mustExist ? statOf(at) : null;
    if (mustExist && (stat === null || (rest !== undefined && !isDir(stat.mode)))) return;
    if (rest === undefined) found.push(at);
    else walk(`${at}/`, rest);
  }

  function statOf(at: ByteString): { mode: number } | null {
    try {
      return fs.stat(at);
    } catch {
      return null;
    }
  }

  function namesIn(folder: ByteString): ByteString[] {
    try {
      return fs.readdir(folder);
    } catch {
      return []; // nothing that could fit is seen in it
    }
  }
}
