import { opendir, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fail } from '../../shared/errors.ts';
import type { DriftlineError } from '../../shared/errors.ts';
import { bytesToText, displayPath, textToBytes } from '../../shared/model/path.ts';
import type { PathText } from '../../shared/model/path.ts';

/** Folders of one listing, and entries looked at, beyond which a listing is refused rather than cut short. */
const MAX_FOLDERS = 5000;
const MAX_ENTRIES = 200_000;

export interface FolderListing {
  path: PathText;
  /** Null at the top. */
  parent: PathText | null;
  /** Absolute paths, sorted by name. */
  folders: PathText[];
}

/**
 * The service-side folder picker: the sub-folders of a local folder, with the rights of the person who started us.
 * Names are bytes and cross as path text. Symbolic links to folders are listed: a person who picks one means it.
 *
 * @param path absolute path of a folder
 * @throws DriftlineError `usage`/`not-absolute`, `fs`/`folder-missing`, `folder-not-folder`, `folder-denied`,
 *   `folder-unreadable`, `folder-too-large`
 */
export async function listFolders(path: PathText): Promise<FolderListing> {
  const given = textToBytes(path);
  if (!isAbsolute(given)) {
    throw fail('usage', 'not-absolute', `“${displayPath(path)}” is not an absolute path.`, {
      hint: 'Start it with /.',
      path,
    });
  }
  const bytes = resolve(given);
  try {
    const folders = await subFolders(bytes, path);
    const parent = dirname(bytes);
    return {
      path: bytesToText(bytes),
      parent: parent === bytes ? null : bytesToText(parent),
      folders: folders.sort().map((name) => bytesToText(join(bytes, name))),
    };
  } catch (error) {
    throw asFolderError(error, path);
  }
}

async function subFolders(bytes: string, path: PathText): Promise<string[]> {
  const folders: string[] = [];
  let entries = 0;
  for await (const entry of await opendir(nativePath(bytes), { encoding: 'latin1' as BufferEncoding })) {
    if (++entries > MAX_ENTRIES) throw tooLarge(path);
    if (entry.isDirectory() || (entry.isSymbolicLink() && (await leadsToFolder(join(bytes, entry.name))))) {
      if (folders.length >= MAX_FOLDERS) throw tooLarge(path);
      folders.push(entry.name);
    }
  }
  return folders;
}

async function leadsToFolder(bytes: string): Promise<boolean> {
  try {
    return (await stat(nativePath(bytes))).isDirectory();
  } catch {
    return false; // a dangling link, or one that leads where we may not look
  }
}

/** Path bytes as node:fs takes them without decoding. */
const nativePath = (bytes: string): Buffer => Buffer.from(bytes, 'latin1');

function tooLarge(path: PathText): DriftlineError {
  return fail('fs', 'folder-too-large', `“${displayPath(path)}” has too many entries to list here.`, {
    hint: `Type the path of the folder. At most ${MAX_FOLDERS} sub-folders can be shown.`,
    path,
  });
}

function asFolderError(error: unknown, path: PathText): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  const name = `“${displayPath(path)}”`;
  if (code === undefined) return error;
  const more = { path, cause: error };
  if (code === 'ENOENT') return fail('fs', 'folder-missing', `There is no folder ${name}.`, more);
  if (code === 'ENOTDIR') return fail('fs', 'folder-not-folder', `${name} is not a folder.`, more);
  if (code === 'EACCES' || code === 'EPERM') {
    return fail('fs', 'folder-denied', `You may not look into ${name}.`, { ...more, hint: 'Choose another folder.' });
  }
  return fail('fs', 'folder-unreadable', `${name} could not be listed (${code}).`, more);
}
