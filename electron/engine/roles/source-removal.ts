import { fail } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import type { Connection } from '../connection.ts';
import { EntryFlag, entryName, givenName, type FileEntry } from '../flist/entry.ts';
import type { FileLists } from '../flist/file-lists.ts';
import { errnoOf, systemError } from '../flist/source-notices.ts';
import { infoLevel } from '../options/info-words.ts';
import { isDir } from '../wire/constants.ts';
import type { ListSource } from './list-sender.ts';
import { unexpectedNdx } from './sender.ts';

/**
 * `--remove-source-files` on the sending side (reference §7.15, R38): removes what the peer says it has, unless it is not
 * any more what was listed, or is that very copy. A peer may have had it before; one that asked for the content and did
 * not get it has not.
 */
export function removeWhatArrived(conn: Connection, lists: FileLists, source: ListSource): void {
  const { removal } = source;
  if (!conn.options.removeSourceFiles || conn.options.dryRun || !removal) return;
  const say = (level: 'info' | 'error', text: ByteString): void =>
    conn.emit({ type: 'message', level, from: 'local', text: `${text}\n` });

  conn.onSuccess = (ndx, copy) => {
    const entry = lists.find(ndx)?.entry;
    if (!entry || entry.flags & EntryFlag.INACTIVE || isDir(entry.mode)) throw unexpectedNdx(ndx);
    const name = givenName(entry);
    if (entry.flags & EntryFlag.OWED) {
      const shown = displayPath(bytesToText(name));
      throw fail(
        'protocol',
        'bad-success',
        `The peer says it has ${shown}, whose content it asked for and did not get`,
        {
          hint: 'Nothing was removed because of it. The peer may be damaged or hostile.',
        },
      );
    }
    let failed = 're-lstat';
    try {
      const stat = removal.stat(entry);
      if (stat === null) return say('info', `sender file already removed: ${name}`);
      if (copy && BigInt(stat.dev) === copy.dev && BigInt(stat.ino) === copy.ino)
        return refuse(conn, entry, `ERROR: Skipping sender remove of destination file: ${name}`);
      if (stat.size !== entry.size || stat.mtime !== entry.mtime || stat.nsec !== entry.nsec)
        return refuse(conn, entry, `ERROR: Skipping sender remove of changed file: ${name}`);
      failed = 'remove';
      removal.unlink(entry);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === null) throw error;
      if (errno === 'ENOENT') return say('info', `sender file already removed: ${name}`);
      return refuse(conn, entry, `sender failed to ${failed} ${name}: ${systemError(errno)}`, errno);
    }
    if (infoLevel(conn.options, 'remove') > 0) say('info', `sender removed ${name}`);
  };
}

function refuse(conn: Connection, entry: FileEntry, message: ByteString, errno?: string): void {
  conn.issue({
    code: 'source-kept',
    name: entryName(entry),
    errno,
    message: displayPath(bytesToText(message)),
    ioError: 0,
  });
}
