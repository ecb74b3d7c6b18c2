import fs from 'node:fs';
import { fail } from '../../../shared/errors.ts';
import { bytesToText, displayPath, type ByteString } from '../../../shared/model/path.ts';
import { native } from '../fs/native-path.ts';

/** Longest rule file read, in bytes. */
const MAX_RULE_FILE = 16 * 1024 * 1024;

const { O_RDONLY, O_NONBLOCK } = fs.constants;

/**
 * A rule file of a directory, or null if there is none that can be read, which rsync takes for no rules. Symlinks are
 * followed: people share one file by links.
 * @throws fs `rule-file` exit 11 for one that is too large
 */
export function readRuleFile(path: ByteString): ByteString | null {
  let fd: number;
  try {
    fd = fs.openSync(native(path), O_RDONLY | O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) return null;
    if (stat.size > MAX_RULE_FILE) {
      const shown = bytesToText(path);
      throw fail('fs', 'rule-file', `${displayPath(shown)} is too large for a rule file (${stat.size} bytes)`, {
        exitCode: 11,
        path: shown,
      });
    }
    return fs.readFileSync(fd, 'latin1');
  } finally {
    fs.closeSync(fd);
  }
}
