import { fail } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath, folderOf, joinPath } from '../../../shared/model/path.ts';

/** A source argument: where it lies and what it is called in the list (§6.16). */
export interface SourceArgument {
  /** Local directory the name starts at; '' = the working directory. */
  readonly base: ByteString;
  /** Name in the list, '.' for the transfer root itself. */
  readonly name: ByteString;
  /**
   * `root` stands for the transfer root (`dir/`, `.`), `folder` for a folder that is sent with its contents even where
   * folders are not descended into (`-R dir/`); both may be links to folders.
   */
  readonly kind: 'root' | 'folder' | 'plain';
  /** `-R`: the name is sent with a slash in front. */
  readonly absolute: boolean;
  /** `-R ./dir`: the transfer root is sent too, without its contents. */
  readonly impliesRoot: boolean;
}

export function splitArgument(arg: ByteString): SourceArgument {
  const more = { absolute: false, impliesRoot: false };
  if (/(^|\/)\.{0,2}$/.test(arg)) return { kind: 'root', base: arg, name: '.', ...more };
  const slash = arg.lastIndexOf('/');
  const base = slash === 0 ? '/' : arg.slice(0, Math.max(slash, 0));
  return { kind: 'plain', base, name: arg.slice(slash + 1), ...more };
}

/**
 * The same with `-R`: the name is all of the argument, or what follows its first `/./`.
 * @throws usage exit 1 if `..` would be part of the name
 */
export function splitRelativeArgument(arg: ByteString): SourceArgument {
  const mark = arg.indexOf('/./');
  const base = mark < 0 ? '' : mark === 0 ? '/' : arg.slice(0, mark);
  const kept = mark < 0 ? arg : arg.slice(mark + 3);
  const parts = kept.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) {
    throw fail('usage', 'dot-dot', `found ".." dir in relative path: ${displayPath(bytesToText(kept))}`, {
      exitCode: 1,
      hint: 'With --relative, write the part that is not to be sent in front of "/./".',
    });
  }
  const absolute = mark < 0 && arg.startsWith('/');
  const name = parts.length === 0 ? '.' : parts.join('/');
  return {
    base: absolute ? '/' : base,
    name,
    kind: parts.length === 0 ? 'root' : /\/\.?$/.test(kept) ? 'folder' : 'plain',
    absolute,
    impliesRoot: kept.startsWith('./') && parts.length > 0,
  };
}

/** The folders that arguments name on the way to what is listed; '' is the working directory. */
export function namedFolders(args: readonly ByteString[], relative: boolean): Set<ByteString> {
  const folders = new Set<ByteString>();
  for (const arg of args) {
    const { kind, base, name } = relative ? splitRelativeArgument(arg) : splitArgument(arg);
    // Paths of entries are made like this one.
    folders.add(folderOf(joinPath(base, 'x')));
    if (kind === 'root') continue;
    for (let slash = name.indexOf('/'); slash >= 0; slash = name.indexOf('/', slash + 1))
      folders.add(joinPath(base, name.slice(0, slash)));
    if (kind === 'folder') folders.add(joinPath(base, name));
  }
  return folders;
}
