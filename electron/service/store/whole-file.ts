import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';

/**
 * Replaces a file: temp file beside it, every byte written, fsync, rename. A kill or a full disk leaves the old file.
 *
 * @param text written as UTF-8, mode 0600
 * @throws the system's error; nothing is left behind then
 */
export function writeWhole(path: string, text: string): void {
  const temp = `${path}.tmp-${randomUUID()}`;
  const bytes = Buffer.from(text, 'utf8');
  const fd = openSync(temp, 'wx', 0o600);
  try {
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temp, path);
  } catch (error) {
    rmSync(temp, { force: true });
    throw error;
  }
}
