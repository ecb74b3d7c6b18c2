import type { ByteString } from '../../../shared/model/path.ts';
import { FilterChain } from '../filter/chain.ts';
import { compileGlob, matchGlob } from '../filter/wildmatch.ts';
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
  const wanted = (listed === null ? sources : listed.map(tidyName)).map((each) => nameOf(each, options.relative));
  // The name itself always fits its own argument: saved paths are names even where they look like patterns.
  const names = new Set(wanted);
  const tops = new Set(wanted.map(topOf));
  const globs = (listed === null ? wanted : []).filter((name) => /[*?[\\]/.test(name)).map(patternOf);
  // "." would make the whole destination part of the transfer, and of its deletions.
  // What a shell makes of paths cannot be told.
  const any = (options.filesFrom !== null && listed === null) || options.oldArgs > 0 || names.has('.');
  const impliesRoot = options.relative && (listed ?? sources).some((each) => /^(.*?\/\.\/)?\.\//s.test(each));

  return {
    topName: (name) =>
      any ||
      (name === '.' ? impliesRoot : tops.has(name) || globs.some(([first]) => first !== undefined && first(name))),
    // Without -R, nothing is sent but what was asked for and its contents.
    mayHaveContents: (name) => any || !options.relative || prefixes(name).some((each) => names.has(each) || fits(each)),
    hidden: (name, isDir) => !chain.isEmpty && chain.check(name, isDir) === 'exclude',
  };

  function fits(name: ByteString): boolean {
    const parts = name.split('/');
    return globs.some((glob) => glob.length === parts.length && glob.every((part, i) => part(parts[i]!)));
  }
}

/** What an argument is called in the list; '.' where it stands for a folder's contents, or for anything. */
function nameOf(argument: ByteString, relative: boolean): ByteString {
  if (!relative) {
    const name = argument.slice(argument.lastIndexOf('/') + 1);
    return name === '' || name === '..' ? '.' : name;
  }
  const cut = argument.indexOf('/./');
  // The remote shell knows what a tilde stands for.
  if (cut < 0 && argument.startsWith('~')) return '.';
  const parts = (cut < 0 ? argument : argument.slice(cut + 3)).split('/').filter((part) => part !== '' && part !== '.');
  return parts.length === 0 || parts.includes('..') ? '.' : parts.join('/');
}

const topOf = (name: ByteString): ByteString => name.split('/', 1)[0]!;

function patternOf(name: ByteString): ((part: ByteString) => boolean)[] {
  return name.split('/').map((part) => {
    const glob = compileGlob(part);
    return (text) => matchGlob(glob, text);
  });
}

/** The name and the folders above it. */
function prefixes(name: ByteString): ByteString[] {
  const found = [name];
  for (let slash = name.lastIndexOf('/'); slash > 0; slash = name.lastIndexOf('/', slash - 1)) {
    found.push(name.slice(0, slash));
  }
  return found;
}
