import fs from 'node:fs';
import { type DriftlineError, fail } from '../../../shared/errors.ts';
import { bytesToText, displayPath, type ByteString } from '../../../shared/model/path.ts';
import type { MergeFiles } from '../filter/merge-file.ts';
import { isRefusedPath, openNamed, type Trust } from './named-path.ts';
import { native } from './native-path.ts';

/** Longest rule file read, in bytes. */
const MAX_RULE_FILE = 16 * 1024 * 1024;

const { O_RDONLY, O_NONBLOCK } = fs.constants;

/**
 * A rule file of a directory, or null if there is none that can be read, which rsync takes for no rules. Links are
 * followed, since people share one file by links, but not those of other users.
 * @param refused told of a link that was not followed
 * @throws fs `rule-file` exit 11 for one that is too large
 */
export function readRuleFile(
  path: ByteString,
  trust: Trust,
  refused: (error: DriftlineError) => void,
): ByteString | null {
  let fd: number;
  try {
    // Most directories have none, which is told at once.
    if (fs.statSync(native(path), { throwIfNoEntry: false }) === undefined) return null;
    fd = openNamed(path, O_RDONLY | O_NONBLOCK, trust);
  } catch (error) {
    if (isRefusedPath(error)) refused(error);
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

/** Per-directory files anywhere on this machine. */
export const localMergeFiles = (
  { from0, ...trust }: Trust & { readonly from0: boolean },
  refused: (error: DriftlineError) => void,
): MergeFiles => ({ read: (path) => readRuleFile(path, trust, refused), floor: '/', from0 });
