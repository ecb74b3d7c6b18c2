import { type DriftlineError, fail } from '../../shared/errors.ts';
import { bytesToText, type ByteString, displayPath, joinPath } from '../../shared/model/path.ts';
import { type PeerStarter, runTransfer, type TransferHooks } from './index.ts';
import { DEFAULT_OPTIONS, type TransferOptions } from './options/transfer-options.ts';
import { isDir } from './wire/constants.ts';

/** Sub-folders beyond which a listing is refused rather than cut short. */
const MAX_FOLDERS = 5000;

/** What a plain listing of one folder asks of the server; links that lead to folders come as folders. */
const LISTING: TransferOptions = Object.freeze({
  ...DEFAULT_OPTIONS,
  listOnly: true,
  dirs: true,
  links: true,
  copyDirlinks: true,
});

export interface FolderAnswer {
  /** Paths of the sub-folders, sorted by name. */
  folders: ByteString[];
  /** The protocol that was spoken. */
  protocol: number;
}

/**
 * The sub-folders of a folder on a server, through one list-only session of its rsync, not recursive.
 *
 * @param path '' = the folder of the login
 * @throws `fs`: `folder-missing`, `folder-not-folder`, `folder-denied`, `folder-too-large`; `remote`/`list-failed`; what
 *   ends a session
 */
export async function listRemoteFolders(
  startPeer: PeerStarter,
  path: ByteString,
  hooks: Pick<TransferHooks, 'signal' | 'poll'>,
): Promise<FolderAnswer> {
  const folders: ByteString[] = [];
  let text = '';
  const { exitCode, protocol } = await runTransfer(
    {
      options: LISTING,
      direction: 'pull',
      sources: [path === '' ? './' : path.endsWith('/') ? path : `${path}/`],
      destination: '.',
      startPeer,
      local: false,
      journalDir: null,
    },
    {
      ...hooks,
      onEvent: (event) => {
        if (event.type === 'message' && event.from === 'remote' && text.length < 4096) text += event.text;
        if (event.type !== 'listed' || !isDir(event.entry.mode) || event.entry.name === '.') return;
        if (folders.length >= MAX_FOLDERS) throw tooLarge(path);
        folders.push(path === '' ? event.entry.name : joinPath(path, event.entry.name));
      },
    },
  );
  if (folders.length === 0 && exitCode !== 0) throw listingError(path, text, exitCode);
  return { folders: folders.sort(), protocol };
}

const shown = (path: ByteString): string =>
  path === '' ? 'The folder of the login' : `“${displayPath(bytesToText(path))}”`;

function tooLarge(path: ByteString): DriftlineError {
  return fail('fs', 'folder-too-large', `${shown(path)} has too many sub-folders to list here.`, {
    hint: `Type the path of the folder. At most ${MAX_FOLDERS} can be shown.`,
  });
}

/** rsync says what is wrong in words alone, and those are not translated. */
function listingError(path: ByteString, text: ByteString, exitCode: number): DriftlineError {
  const name = shown(path);
  if (/\(2\)/.test(text)) return fail('fs', 'folder-missing', `${name} does not exist on the server.`);
  if (/\(20\)/.test(text)) return fail('fs', 'folder-not-folder', `${name} is not a folder.`);
  if (/\(13\)/.test(text))
    return fail('fs', 'folder-denied', `${name} may not be read with this login.`, { hint: 'Choose another folder.' });
  const words = displayPath(bytesToText(text.trim().split('\n', 1)[0]!)).slice(0, 300);
  return fail('remote', 'list-failed', `${name} could not be listed: ${words || `code ${exitCode}`}`, { exitCode });
}
