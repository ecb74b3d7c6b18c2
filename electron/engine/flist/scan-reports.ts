import type { ByteString } from '../../../shared/model/path.ts';
import type { EngineIssue } from '../events.ts';
import { IoError } from '../wire/constants.ts';
import { errnoOf, quoted, systemError } from './source-notices.ts';

/** What goes wrong while a source is listed: told in rsync's words, and kept as bits for the peer. */
export class ScanReports {
  /** Bits of §4.6 to send at the end of the next list. */
  ioError = 0;
  readonly #issue: (issue: EngineIssue) => void;

  constructor(issue: (issue: EngineIssue) => void) {
    this.#issue = issue;
  }

  /** There was something at `path` a moment ago. */
  vanished(kind: 'file' | 'directory', name: ByteString, path: ByteString): void {
    this.ioError |= IoError.VANISHED;
    this.#tell('vanished', name, `${kind} has vanished: ${quoted(path)}`, 'ENOENT', IoError.VANISHED);
  }

  /** A link that was to be followed leads nowhere. */
  noReferent(name: ByteString, path: ByteString): void {
    this.ioError |= IoError.GENERAL;
    this.#tell('list-failed', name, `symlink has no referent: ${quoted(path)}`, 'ENOENT', IoError.GENERAL);
  }

  /** rsync deletes on the other side all the same, since nothing that exists was left out: no bit for the peer. */
  missingArgument(name: ByteString, path: ByteString): void {
    const message = `link_stat ${quoted(path)} failed: ${systemError('ENOENT')}`;
    this.#tell('list-failed', name, message, 'ENOENT', IoError.GENERAL);
  }

  tooLong(name: ByteString, path: ByteString): void {
    this.ioError |= IoError.GENERAL;
    const message = `The name is too long to send (${name.length} bytes): ${quoted(path)}`;
    this.#tell('list-failed', name, message, 'ENAMETOOLONG', IoError.GENERAL);
  }

  /**
   * @param error what was thrown, or its errno
   * @throws the error itself if it is none of the file system
   */
  failed(call: string, name: ByteString, path: ByteString, error: unknown): void {
    const errno = typeof error === 'string' ? error : errnoOf(error);
    if (errno === null) throw error;
    this.ioError |= IoError.GENERAL;
    this.#tell('list-failed', name, `${call} ${quoted(path)} failed: ${systemError(errno)}`, errno, IoError.GENERAL);
  }

  #tell(code: EngineIssue['code'], name: ByteString, message: string, errno: string, ioError: 1 | 2): void {
    this.#issue({ code, name, errno, message, ioError });
  }
}
