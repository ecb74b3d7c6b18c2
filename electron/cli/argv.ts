import { readFileSync } from 'node:fs';
import { type ByteString, textToBytes } from '../../shared/model/path.ts';

/**
 * The words behind the script's name as bytes. Node decodes them as UTF-8 and so destroys names that are not; on Linux
 * the kernel still has them (proc_pid_cmdline(5)), one after the other, each ended by NUL.
 *
 * @param decoded the words as Node decoded them (`process.argv.slice(2)`)
 */
export function argvBytes(decoded: readonly string[]): ByteString[] {
  if (process.platform === 'linux' && decoded.some((word) => word.includes('\ufffd'))) {
    try {
      const words = readFileSync('/proc/self/cmdline', 'latin1').split('\0');
      words.pop();
      // Node's own options and the script come first; how many there are does not matter from the end.
      const last = words.slice(-decoded.length);
      if (last.every((word, i) => Buffer.from(word, 'latin1').toString('utf8') === decoded[i])) return last;
    } catch {
      // No /proc: what Node gave is all there is.
    }
  }
  return decoded.map(textToBytes);
}
