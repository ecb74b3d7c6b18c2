import { closeSync, constants, fstatSync, readSync } from 'node:fs';
import { fail } from '../../../shared/errors.ts';
import { type ByteString, bytesToText, displayPath } from '../../../shared/model/path.ts';
import { openNamed, type Trust } from '../../engine/fs/named-path.ts';

/** More than this before the first line's end is no password. */
const MAX_PASSWORD = 8192;

/**
 * The password in the file of `--password-file`: its first line that is not empty; `-` is standard input.
 * @throws `usage` (exit 1) with rsync's words for a file that is missing, open to others, not root's own or empty
 */
export function readPasswordFile(path: ByteString, trust: Trust): ByteString {
  const shown = displayPath(bytesToText(path));
  const refuse = (code: string, message: string, cause?: unknown): Error => fail('usage', code, message, { cause });
  let fd = 0;
  if (path !== '-') {
    try {
      fd = openNamed(path, constants.O_RDONLY, trust);
    } catch (cause) {
      throw refuse('password-file', `could not open password file ${shown}: ${reason(cause)}`, cause);
    }
  }
  try {
    if (path !== '-' && process.platform !== 'win32') {
      const { mode, uid } = fstatSync(fd);
      if ((mode & 0o6) !== 0) throw refuse('password-file-open', 'password file must not be other-accessible');
      if (process.getuid?.() === 0 && uid !== 0)
        throw refuse('password-file-owner', 'password file must be owned by root when running as root');
    }
    const line = /[^\r\n]+/.exec(readStart(fd))?.[0];
    if (line === undefined) throw refuse('password-file-empty', `failed to read a password from ${shown}`);
    return line;
  } finally {
    if (path !== '-') closeSync(fd);
  }
}

function readStart(fd: number): ByteString {
  const buffer = Buffer.alloc(MAX_PASSWORD);
  let have = 0;
  while (have < buffer.length && !/[^\r\n][\r\n]/.test(buffer.toString('latin1', 0, have))) {
    let count: number;
    try {
      count = readSync(fd, buffer, have, buffer.length - have, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EOF') break; // Windows, at the end of a pipe
      throw fail('usage', 'password-file', `failed to read a password: ${reason(error)}`, { cause: error });
    }
    if (count === 0) break;
    have += count;
  }
  return buffer.toString('latin1', 0, have);
}

function reason(error: unknown): string {
  return displayPath((error instanceof Error ? error.message : String(error)).replace(/,.*$/s, ''));
}
