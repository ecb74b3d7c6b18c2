import type { ByteString } from '../../../shared/model/path.ts';
import { FilterChain } from '../filter/chain.ts';
import { compileGlob, type Glob, matchGlob } from '../filter/wildmatch.ts';
import { tidyName } from '../flist/files-from.ts';
import type { TransferOptions } from '../options/transfer-options.ts';
import type { Expectation } from './list-receiver.ts';

/**
 * What may arrive for these source arguments (reference R17, R18).
 * @param listed the names of `--files-from`; null where the server reads the list, or there is none
 */
export function expectationOf(
  sources: readonly ByteString[],
  listed: readonly ByteString[] | null,
  options: TransferOptions,
): Expectation {
  // What only the server can know (its rule files, its paths) may act before any rule behind it.
  const unknown = options.filters.findIndex((rule) => rule.kind !== 'pattern' || rule.absolute);
  const chain = new FilterChain(options.filters.slice(0, unknown < 0 ? undefined : unknown), 'sender');
  const wanted = listed === null ? sources : listed.map(tidyName);
  const names = new Set<ByteString>();
  // The name itself always fits its own argument: saved paths are names even where they look like patterns.
  const globs: Glob[] = [];
  let any = options.filesFrom !== null && listed === null;
  for (const each of wanted) {
    const { top, contents } = topOf(each, options.relative);
    any ||= contents;
    names.add(top);
    if (listed === null && /[*?[\\]/.test(top)) globs.push(compileGlob(top));
  }
  return {
    topName: (name) =>
      any ||
      names.has(name) ||
      // "." would make the whole destination part of the transfer, and of its deletions.
      (name !== '.' && globs.some((glob) => matchGlob(glob, name))),
    hidden: (name, isDir) => !chain.isEmpty && chain.check(name, isDir) === 'exclude',
  };
}

/** The first component of what an argument is called in the list, and whether it may bring a folder's contents there. */
function topOf(argument: ByteString, relative: boolean): { top: ByteString; contents: boolean } {
  if (!relative) {
    const top = argument.slice(argument.lastIndexOf('/') + 1);
    return { top, contents: top === '' || top === '.' || top === '..' };
  }
  const cut = argument.indexOf('/./');
  const parts = (cut < 0 ? argument : argument.slice(cut + 2)).split('/').filter((part) => part !== '' && part !== '.');
  const [top = '.'] = parts;
  return { top, contents: parts.length === 0 || parts.includes('..') || /^(.*\/)?\.\//.test(argument) };
}
